/* Processes and threads. Programs are started with CreateProcess. */
#ifndef MAILSLOT_PROCESS_H
#define MAILSLOT_PROCESS_H

#include <stdlib.h>
#include <unistd.h>

#include "mailslot/crt.h"
#include "windef.h"
#include "winnt.h"

#define _getpid getpid
#define _execl execl
#define _execle execle
#define _execlp execlp
#define _execv execv
#define _execve execve
#define _execvp execvp

#ifdef __cplusplus
extern "C" {
#endif

typedef void (*_beginthread_proc_type)(void *);
typedef unsigned (*_beginthreadex_proc_type)(void *);

/* Threads as by CreateThread: the C library needs no extra set-up for them. The handle that _beginthread returns is
 * closed when the thread ends. */
uintptr_t _beginthread(_beginthread_proc_type start, unsigned stack, void *parameter);
uintptr_t _beginthreadex(void *security, unsigned stack, _beginthreadex_proc_type start, void *parameter,
                         unsigned flags, unsigned *id);
void _endthread(void) __attribute__((noreturn));
void _endthreadex(unsigned exit_code) __attribute__((noreturn));

#ifdef __cplusplus
}
#endif

#endif
