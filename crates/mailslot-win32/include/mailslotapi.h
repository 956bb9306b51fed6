/* Functions that mailslots on Windows lack: waiting for receivers, and confirmed writes. For handles from CreateFile,
 * in addition to <windows.h>; mailslot.h has the same without Win32 names.
 *
 * They work in domains made with `mailslot domain`, and for slots of this machine, each of which is one receiver. Both
 * fail with ERROR_NOT_SUPPORTED in the legacy network, with ERROR_SEM_TIMEOUT if the network node of this machine does
 * not answer, and with ERROR_GEN_FAILURE if it refuses.
 */
#ifndef MAILSLOT_API_H
#define MAILSLOT_API_H

#include "windows.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The outcome of a message at one computer. */
#define MAILSLOT_OUTCOME_DELIVERED 0
/* There is no such slot, or it is not open to the network. */
#define MAILSLOT_OUTCOME_NO_SLOT 1
#define MAILSLOT_OUTCOME_FULL 2
/* The computer does not accept it. */
#define MAILSLOT_OUTCOME_REFUSED 3
/* It is larger than the slot accepts. */
#define MAILSLOT_OUTCOME_TOO_LARGE 4
/* No answer in time. The message may be in the slot nevertheless. */
#define MAILSLOT_OUTCOME_SILENT 5

typedef struct _MAILSLOT_RECEIPT {
    /* The computer's name in UTF-8, with a NUL. */
    CHAR Computer[64];
    /* One of the above. Later versions may have others. */
    DWORD Outcome;
} MAILSLOT_RECEIPT, *PMAILSLOT_RECEIPT;

/* Waits until at least nAtLeast slots receive at this handle's address, at most dwMilliseconds; INFINITE is without
 * limit. Stores in *lpReceivers how many do; fewer than nAtLeast is not an error. */
BOOL WINAPI MailslotWaitForReceivers(HANDLE hFile, DWORD nAtLeast, DWORD dwMilliseconds, LPDWORD lpReceivers);

/* Writes one message, and waits at most dwMilliseconds for a receipt from each computer that receives at the handle's
 * address. Stores the number of computers in *lpCount, 0 if none receives there. If it is larger than nRoom, which may
 * be 0, the message was sent nevertheless, lpReceipts has the first receipts, and the call fails with
 * ERROR_MORE_DATA. */
BOOL WINAPI MailslotWriteConfirmed(HANDLE hFile, LPCVOID lpBuffer, DWORD nBytes, DWORD dwMilliseconds,
                                   PMAILSLOT_RECEIPT lpReceipts, DWORD nRoom, LPDWORD lpCount);

#ifdef __cplusplus
}
#endif

#endif
