/* What mailslots never had on Windows: knowing that somebody receives, and what became of a message. For handles from
 * CreateFile, beside <windows.h>; mailslot.h has the same without Win32 names.
 *
 * In domains made with `mailslot domain`, and for slots of this machine, which are one receiver. In the legacy network both
 * functions fail with ERROR_NOT_SUPPORTED; with ERROR_SEM_TIMEOUT if the network node of this machine does not answer, and with ERROR_GEN_FAILURE if it refuses.
 */
#ifndef MAILSLOT_API_H
#define MAILSLOT_API_H

#include "windows.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What became of a message at one computer. */
#define MAILSLOT_OUTCOME_DELIVERED 0
/* There is no such slot, or it is not open to the network. */
#define MAILSLOT_OUTCOME_NO_SLOT 1
#define MAILSLOT_OUTCOME_FULL 2
/* The computer does not take it. */
#define MAILSLOT_OUTCOME_REFUSED 3
/* It is larger than the slot takes. */
#define MAILSLOT_OUTCOME_TOO_LARGE 4
/* Nothing was heard in time; it may be in the slot all the same. */
#define MAILSLOT_OUTCOME_SILENT 5

typedef struct _MAILSLOT_RECEIPT {
    /* The computer's name in UTF-8, with a NUL. */
    CHAR Computer[64];
    /* One of the above. Later versions may have others. */
    DWORD Outcome;
} MAILSLOT_RECEIPT, *PMAILSLOT_RECEIPT;

/* Waits until at least so many slots receive what is written through this handle, at most so many milliseconds; INFINITE is
 * for ever. *lpReceivers gets how many do then, perhaps fewer: that is no error. */
BOOL WINAPI MailslotWaitForReceivers(HANDLE hFile, DWORD nAtLeast, DWORD dwMilliseconds, LPDWORD lpReceivers);

/* Writes one message, and waits at most so many milliseconds for what became of it at each computer that receives at the
 * handle's address. *lpCount gets the number of computers, 0 if nobody receives there. If it is larger than nRoom, which
 * may be 0, the message was sent all the same, lpReceipts has the first of them, and the call fails with ERROR_MORE_DATA. */
BOOL WINAPI MailslotWriteConfirmed(HANDLE hFile, LPCVOID lpBuffer, DWORD nBytes, DWORD dwMilliseconds,
                                   PMAILSLOT_RECEIPT lpReceipts, DWORD nRoom, LPDWORD lpCount);

#ifdef __cplusplus
}
#endif

#endif
