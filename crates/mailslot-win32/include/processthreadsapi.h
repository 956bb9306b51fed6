/* Threads, and the identity of the process. */
#ifndef MAILSLOT_PROCESSTHREADSAPI_H
#define MAILSLOT_PROCESSTHREADSAPI_H

#include "minwinbase.h"

#ifdef __cplusplus
extern "C" {
#endif

#define CREATE_SUSPENDED 0x00000004u
#define STACK_SIZE_PARAM_IS_A_RESERVATION 0x00010000u
#define THREAD_PRIORITY_IDLE -15
#define THREAD_PRIORITY_LOWEST -2
#define THREAD_PRIORITY_BELOW_NORMAL -1
#define THREAD_PRIORITY_NORMAL 0
#define THREAD_PRIORITY_ABOVE_NORMAL 1
#define THREAD_PRIORITY_HIGHEST 2
#define THREAD_PRIORITY_TIME_CRITICAL 15
#define THREAD_PRIORITY_ERROR_RETURN 0x7FFFFFFF

DWORD WINAPI GetCurrentProcessId(void);
DWORD WINAPI GetCurrentThreadId(void);
/* Pseudo handles of the calling process and thread. DuplicateHandle makes real handles of them. */
HANDLE WINAPI GetCurrentProcess(void);
HANDLE WINAPI GetCurrentThread(void);

#define PROCESS_TERMINATE 0x0001u
#define PROCESS_DUP_HANDLE 0x0040u
#define PROCESS_SET_INFORMATION 0x0200u
#define PROCESS_QUERY_INFORMATION 0x0400u
#define PROCESS_QUERY_LIMITED_INFORMATION 0x1000u
#define PROCESS_ALL_ACCESS 0x001FFFFFu
/* Any process can be waited for; other operations need the system's permission. Its exit code is known if this process
 * started it by CreateProcess, and otherwise gives ERROR_NOT_SUPPORTED. */
HANDLE WINAPI OpenProcess(DWORD dwDesiredAccess, BOOL bInheritHandle, DWORD dwProcessId);
DWORD WINAPI GetProcessId(HANDLE Process);

/* Threads are those of POSIX. dwStackSize is a lower bound: the stack is never smaller than the system's default. Flags
 * other than these two give ERROR_INVALID_PARAMETER. */
HANDLE WINAPI CreateThread(LPSECURITY_ATTRIBUTES lpThreadAttributes, SIZE_T dwStackSize,
                           LPTHREAD_START_ROUTINE lpStartAddress, LPVOID lpParameter, DWORD dwCreationFlags,
                           LPDWORD lpThreadId);
/* Destructors of C++ objects on the thread's stack run. In the main thread, it waits for all threads that this library
 * has started, and then ends the process. */
void WINAPI ExitThread(DWORD dwExitCode) __attribute__((noreturn));
/* For a thread other than the calling one, fails with ERROR_CALL_NOT_IMPLEMENTED. */
BOOL WINAPI TerminateThread(HANDLE hThread, DWORD dwExitCode);
BOOL WINAPI GetExitCodeThread(HANDLE hThread, LPDWORD lpExitCode);
DWORD WINAPI GetThreadId(HANDLE hThread);
/* Starts a thread that was created with CREATE_SUSPENDED. A running thread cannot be suspended. */
DWORD WINAPI ResumeThread(HANDLE hThread);
BOOL WINAPI SwitchToThread(void);

/* Values of each thread: keys of POSIX. */
#define TLS_MINIMUM_AVAILABLE 64
#define TLS_OUT_OF_INDEXES ((DWORD)0xFFFFFFFF)
DWORD WINAPI TlsAlloc(void);
LPVOID WINAPI TlsGetValue(DWORD dwTlsIndex);
BOOL WINAPI TlsSetValue(DWORD dwTlsIndex, LPVOID lpTlsValue);
BOOL WINAPI TlsFree(DWORD dwTlsIndex);


/* Each priority is a nice value. Without the privilege for it, fails with ERROR_ACCESS_DENIED: most users may neither
 * go above normal nor back to it. */
BOOL WINAPI SetThreadPriority(HANDLE hThread, int nPriority);
int WINAPI GetThreadPriority(HANDLE hThread);

#ifdef __cplusplus
}
#endif

#endif
