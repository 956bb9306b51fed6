/* Processes. Programs are started with CreateProcess, and threads are those of POSIX or C. */
#ifndef MAILSLOT_PROCESS_H
#define MAILSLOT_PROCESS_H

#include <stdlib.h>
#include <unistd.h>

#include "mailslot/crt.h"
#include "windef.h"

#define _getpid getpid
#define _execl execl
#define _execle execle
#define _execlp execlp
#define _execv execv
#define _execve execve
#define _execvp execvp

#endif
