/* The error codes of Windows' sockets, for sources that name them. There are no such sockets: use those of POSIX, whose
 * errors are in errno.
 */
#ifndef MAILSLOT_WINSOCK_H
#define MAILSLOT_WINSOCK_H

#include <sys/types.h>

/* As on Windows, because sources rely on that. */
#include "windows.h"

/* The base of the socket codes in winerror.h. */
#define WSABASEERR 10000

/* The thread's last error, which sockets share on Windows as well. */
MAILSLOT_INLINE int WSAGetLastError(void)
{
    return (int)GetLastError();
}

MAILSLOT_INLINE void WSASetLastError(int error)
{
    SetLastError((DWORD)error);
}

#endif
