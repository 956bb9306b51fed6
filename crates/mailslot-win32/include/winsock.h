/* The error codes of Windows' sockets, for sources that name them. There are no such sockets: use those of POSIX, whose
 * errors are in errno.
 */
#ifndef MAILSLOT_WINSOCK_H
#define MAILSLOT_WINSOCK_H

#include <sys/types.h>

/* Windows' own includes it, and sources rely on that. */
#include "windows.h"

/* What the codes in winerror.h are counted from. */
#define WSABASEERR 10000

/* The thread's last error: that of sockets is no other, on Windows either. */
MAILSLOT_INLINE int WSAGetLastError(void)
{
    return (int)GetLastError();
}

MAILSLOT_INLINE void WSASetLastError(int error)
{
    SetLastError((DWORD)error);
}

#endif
