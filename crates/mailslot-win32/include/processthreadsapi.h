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
/* Handles that always stand for the calling process and thread. DuplicateHandle makes others of them. */
HANDLE WINAPI GetCurrentProcess(void);
HANDLE WINAPI GetCurrentThread(void);

#define PROCESS_TERMINATE 0x0001u
#define PROCESS_DUP_HANDLE 0x0040u
#define PROCESS_SET_INFORMATION 0x0200u
#define PROCESS_QUERY_INFORMATION 0x0400u
#define PROCESS_QUERY_LIMITED_INFORMATION 0x1000u
#define PROCESS_ALL_ACCESS 0x001FFFFFu
/* Any process can be waited for; what may be done to it is what the system allows. Its exit code is known if it was started by
 * CreateProcess here, and is ERROR_NOT_SUPPORTED otherwise. */
HANDLE WINAPI OpenProcess(DWORD dwDesiredAccess, BOOL bInheritHandle, DWORD dwProcessId);
DWORD WINAPI GetProcessId(HANDLE Process);

/* Threads are those of POSIX. dwStackSize is the least that the stack has: it is never smaller than the system's default.
 * Other flags than these two give ERROR_INVALID_PARAMETER. */
HANDLE WINAPI CreateThread(LPSECURITY_ATTRIBUTES lpThreadAttributes, SIZE_T dwStackSize,
                           LPTHREAD_START_ROUTINE lpStartAddress, LPVOID lpParameter, DWORD dwCreationFlags,
                           LPDWORD lpThreadId);
/* Destructors of C++ objects on the thread's stack run. Called by the main thread, it waits for all threads that this library
 * has started, and then ends the process. */
void WINAPI ExitThread(DWORD dwExitCode) __attribute__((noreturn));
/* Another thread than the calling one: ERROR_CALL_NOT_IMPLEMENTED. */
BOOL WINAPI TerminateThread(HANDLE hThread, DWORD dwExitCode);
BOOL WINAPI GetExitCodeThread(HANDLE hThread, LPDWORD lpExitCode);
DWORD WINAPI GetThreadId(HANDLE hThread);
/* Starts a thread that was created with CREATE_SUSPENDED. Nothing suspends one that runs. */
DWORD WINAPI ResumeThread(HANDLE hThread);
BOOL WINAPI SwitchToThread(void);

/* Values of each thread: keys of POSIX. */
#define TLS_MINIMUM_AVAILABLE 64
#define TLS_OUT_OF_INDEXES ((DWORD)0xFFFFFFFF)
DWORD WINAPI TlsAlloc(void);
LPVOID WINAPI TlsGetValue(DWORD dwTlsIndex);
BOOL WINAPI TlsSetValue(DWORD dwTlsIndex, LPVOID lpTlsValue);
BOOL WINAPI TlsFree(DWORD dwTlsIndex);


/* A nice value for each priority. Who may not have it gets ERROR_ACCESS_DENIED: few may go above normal, or back to it. */
BOOL WINAPI SetThreadPriority(HANDLE hThread, int nPriority);
int WINAPI GetThreadPriority(HANDLE hThread);

#ifdef __cplusplus
}
#endif

#endif
