/* The error codes of Windows' sockets, for sources that name them. There are no such sockets: use those of POSIX. */
#ifndef MAILSLOT_WINSOCK_H
#define MAILSLOT_WINSOCK_H

#include "windef.h"
#include "winerror.h"

#endif
