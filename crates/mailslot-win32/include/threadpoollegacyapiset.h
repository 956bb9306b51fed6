/* Timers that call a routine. Each has its own thread, so that one call of it runs at a time, and flags about threads
 * have no effect; periods that pass during a longer call are skipped. A forked child has none of them. */
#ifndef MAILSLOT_THREADPOOLLEGACYAPISET_H
#define MAILSLOT_THREADPOOLLEGACYAPISET_H

#include "windef.h"

#ifdef __cplusplus
extern "C" {
#endif

#define WT_EXECUTEDEFAULT 0x00u
#define WT_EXECUTEINIOTHREAD 0x01u
#define WT_EXECUTEONLYONCE 0x08u
#define WT_EXECUTELONGFUNCTION 0x10u
#define WT_EXECUTEINTIMERTHREAD 0x20u
#define WT_EXECUTEINPERSISTENTTHREAD 0x80u

typedef void(CALLBACK *WAITORTIMERCALLBACK)(PVOID lpParameter, BOOLEAN TimerOrWaitFired);

HANDLE WINAPI CreateTimerQueue(void);
BOOL WINAPI DeleteTimerQueue(HANDLE TimerQueue);
BOOL WINAPI DeleteTimerQueueEx(HANDLE TimerQueue, HANDLE CompletionEvent);
BOOL WINAPI CreateTimerQueueTimer(PHANDLE phNewTimer, HANDLE TimerQueue, WAITORTIMERCALLBACK Callback, PVOID Parameter,
                                  DWORD DueTime, DWORD Period, ULONG Flags);
BOOL WINAPI ChangeTimerQueueTimer(HANDLE TimerQueue, HANDLE Timer, ULONG DueTime, ULONG Period);
/* Called by the timer's routine, it does not wait for the end of that routine. */
BOOL WINAPI DeleteTimerQueueTimer(HANDLE TimerQueue, HANDLE Timer, HANDLE CompletionEvent);

#ifdef __cplusplus
}
#endif

#endif
