/* Timers that call a routine. */
#include "check.h"

typedef struct {
    HANDLE called, go_on, gone;
    volatile LONG calls, running;
} Calls;

static void CALLBACK Tick(PVOID parameter, BOOLEAN timed)
{
    Calls *calls = (Calls *)parameter;
    CHECK(timed == TRUE);
    InterlockedIncrement(&calls->calls);
    CHECK(SetEvent(calls->called));
}

/* Stays until it is released. */
static void CALLBACK Stay(PVOID parameter, BOOLEAN timed)
{
    Calls *calls = (Calls *)parameter;
    (void)timed;
    CHECK(InterlockedIncrement(&calls->running) == 1);
    CHECK(SetEvent(calls->called));
    CHECK_EQUAL(WaitForSingleObject(calls->go_on, INFINITE), WAIT_OBJECT_0);
    InterlockedDecrement(&calls->running);
    InterlockedIncrement(&calls->calls);
    CHECK(SetEvent(calls->gone));
}

static Calls New(void)
{
    Calls calls;
    memset(&calls, 0, sizeof(calls));
    calls.called = CreateEventA(NULL, FALSE, FALSE, NULL);
    calls.go_on = CreateEventA(NULL, FALSE, FALSE, NULL);
    calls.gone = CreateEventA(NULL, FALSE, FALSE, NULL);
    return calls;
}

static void End(Calls *calls)
{
    CHECK(CloseHandle(calls->called) && CloseHandle(calls->go_on) && CloseHandle(calls->gone));
}

static void Wait(HANDLE event)
{
    CHECK_EQUAL(WaitForSingleObject(event, INFINITE), WAIT_OBJECT_0);
}

static void Times(HANDLE queue)
{
    Calls calls = New();
    HANDLE timer = NULL;
    ULONGLONG begin = GetTickCount64();
    int i;

    CHECK(CreateTimerQueueTimer(&timer, queue, Tick, &calls, 20, 0, WT_EXECUTEONLYONCE));
    Wait(calls.called);
    CHECK(GetTickCount64() - begin >= 19);
    CHECK(DeleteTimerQueueTimer(queue, timer, INVALID_HANDLE_VALUE));
    CHECK_EQUAL(calls.calls, 1);
    FAILS(DeleteTimerQueueTimer(queue, timer, NULL), FALSE, ERROR_INVALID_HANDLE);

    begin = GetTickCount64();
    CHECK(CreateTimerQueueTimer(&timer, queue, Tick, &calls, 0, 5, WT_EXECUTEINTIMERTHREAD));
    for (i = 0; i < 5; i++)
        Wait(calls.called);
    CHECK(GetTickCount64() - begin >= 19);
    CHECK(DeleteTimerQueueTimer(queue, timer, INVALID_HANDLE_VALUE));
    i = calls.calls;
    CHECK(i >= 6);

    /* A timer that is changed to a due time in the past expires at once. */
    CHECK(CreateTimerQueueTimer(&timer, queue, Tick, &calls, INFINITE, 0, 0));
    ResetEvent(calls.called);
    CHECK_EQUAL(WaitForSingleObject(calls.called, 10), WAIT_TIMEOUT);
    CHECK_EQUAL(calls.calls, i);
    CHECK(ChangeTimerQueueTimer(queue, timer, 0, 0));
    Wait(calls.called);
    CHECK(ChangeTimerQueueTimer(queue, timer, 0, 1));
    CHECK_EQUAL(WaitForSingleObject(calls.called, 10), WAIT_TIMEOUT);
    CHECK_EQUAL(calls.calls, i + 1);
    CHECK(DeleteTimerQueueTimer(queue, timer, NULL));
    End(&calls);
}

static void Deleting(HANDLE queue)
{
    Calls calls = New();
    HANDLE timer, done = CreateEventA(NULL, TRUE, FALSE, NULL);

    /* During the call: it continues, and there is no further call. */
    CHECK(CreateTimerQueueTimer(&timer, queue, Stay, &calls, 0, 1, 0));
    Wait(calls.called);
    Sleep(5);
    FAILS(DeleteTimerQueueTimer(queue, timer, NULL), FALSE, ERROR_IO_PENDING);
    CHECK(SetEvent(calls.go_on));
    Wait(calls.gone);
    CHECK_EQUAL(calls.calls, 1);

    CHECK(CreateTimerQueueTimer(&timer, queue, Stay, &calls, 0, 1, 0));
    Wait(calls.called);
    FAILS(DeleteTimerQueueTimer(queue, timer, done), FALSE, ERROR_IO_PENDING);
    CHECK_EQUAL(WaitForSingleObject(done, 5), WAIT_TIMEOUT);
    CHECK(SetEvent(calls.go_on));
    Wait(done);
    CHECK_EQUAL(calls.calls, 2);

    CHECK(CreateTimerQueueTimer(&timer, queue, Stay, &calls, 0, 1, 0));
    Wait(calls.called);
    CHECK(ChangeTimerQueueTimer(queue, timer, INFINITE, 0));
    CHECK(SetEvent(calls.go_on));
    CHECK(DeleteTimerQueueTimer(queue, timer, INVALID_HANDLE_VALUE));
    CHECK_EQUAL(calls.running, 0);
    CHECK(calls.calls >= 3);

    /* Not in a call. */
    CHECK(ResetEvent(done));
    CHECK(CreateTimerQueueTimer(&timer, queue, Stay, &calls, 100000, 0, 0));
    CHECK(DeleteTimerQueueTimer(queue, timer, done));
    Wait(done);
    CHECK(CloseHandle(done));
    End(&calls);
}

typedef struct {
    HANDLE queue, timer, done;
} Own;

static void CALLBACK DeleteOwn(PVOID parameter, BOOLEAN timed)
{
    Own *own = (Own *)parameter;
    (void)timed;
    CHECK(DeleteTimerQueueTimer(own->queue, own->timer, INVALID_HANDLE_VALUE));
    CHECK(SetEvent(own->done));
}

static void Queues(void)
{
    Calls calls[3];
    HANDLE queue = CreateTimerQueue(), other = CreateTimerQueue(), timers[3], timer,
        done = CreateEventA(NULL, FALSE, FALSE, NULL);
    Own own = {queue, NULL, done};
    int i;

    CHECK(queue != NULL && other != NULL && queue != other);
    CHECK(CreateTimerQueueTimer(&own.timer, queue, DeleteOwn, &own, 0, 1, 0));
    Wait(done);
    CHECK(CreateTimerQueueTimer(&timer, queue, DeleteOwn, NULL, 100000, 0, 0));
    FAILS(DeleteTimerQueueTimer(other, timer, NULL), FALSE, ERROR_INVALID_HANDLE);
    FAILS(DeleteTimerQueueTimer(NULL, timer, NULL), FALSE, ERROR_INVALID_HANDLE);
    FAILS(ChangeTimerQueueTimer(other, timer, 0, 0), FALSE, ERROR_INVALID_HANDLE);
    FAILS(DeleteTimerQueueTimer(queue, timer, queue), FALSE, ERROR_INVALID_HANDLE);
    CHECK(DeleteTimerQueueEx(queue, INVALID_HANDLE_VALUE));
    FAILS(DeleteTimerQueue(queue), FALSE, ERROR_INVALID_HANDLE);
    FAILS(DeleteTimerQueue(NULL), FALSE, ERROR_INVALID_HANDLE);
    FAILS(CreateTimerQueueTimer(&timer, queue, Tick, NULL, 0, 0, 0), FALSE, ERROR_INVALID_HANDLE);

    for (i = 0; i < 3; i++) {
        calls[i] = New();
        CHECK(CreateTimerQueueTimer(&timers[i], other, Stay, &calls[i], 0, 1, 0));
        Wait(calls[i].called);
    }
    FAILS(DeleteTimerQueueEx(other, done), FALSE, ERROR_IO_PENDING);
    for (i = 0; i < 3; i++) {
        CHECK_EQUAL(WaitForSingleObject(done, 5), WAIT_TIMEOUT);
        CHECK(SetEvent(calls[i].go_on));
    }
    Wait(done);
    for (i = 0; i < 3; i++) {
        CHECK_EQUAL(calls[i].calls, 1);
        End(&calls[i]);
    }
    CHECK(CloseHandle(done));
}

int main(void)
{
    HANDLE timer = NULL, queue = CreateTimerQueue();

    FAILS(CreateTimerQueueTimer(NULL, NULL, Tick, NULL, 0, 0, 0), FALSE, ERROR_INVALID_PARAMETER);
    FAILS(CreateTimerQueueTimer(&timer, NULL, NULL, NULL, 0, 0, 0), FALSE, ERROR_INVALID_PARAMETER);
    FAILS(CreateTimerQueueTimer(&timer, NULL, Tick, NULL, 0, 0, 0x100), FALSE, ERROR_INVALID_PARAMETER);
    FAILS(CreateTimerQueueTimer(&timer, NULL, Tick, NULL, 0, 1, WT_EXECUTEONLYONCE), FALSE, ERROR_INVALID_PARAMETER);
    FAILS(CloseHandle(queue), FALSE, ERROR_INVALID_HANDLE);
    Times(NULL);
    Times(queue);
    Deleting(NULL);
    Deleting(queue);
    Queues();
    CHECK(DeleteTimerQueueEx(queue, NULL));
    return 0;
}
