/* Waitable timers, unnamed and named. */
#include "check.h"
#include <time.h>

static HANDLE timer;

static LARGE_INTEGER After(int milliseconds)
{
    LARGE_INTEGER due;
    due.QuadPart = -10000ll * milliseconds;
    return due;
}

static void Set(int milliseconds, LONG period)
{
    LARGE_INTEGER due = After(milliseconds);
    CHECK(SetWaitableTimer(timer, &due, period, NULL, NULL, FALSE));
}

static DWORD WINAPI WaitForTimer(LPVOID unused)
{
    (void)unused;
    return WaitForSingleObject(timer, INFINITE);
}

static void Once(void)
{
    ULONGLONG begin = GetTickCount64();
    CHECK_EQUAL(WaitForSingleObject(timer, 0), WAIT_TIMEOUT);
    Set(100000, 0);
    CHECK_EQUAL(WaitForSingleObject(timer, 5), WAIT_TIMEOUT);
    Set(20, 0);
    CHECK_EQUAL(WaitForSingleObject(timer, INFINITE), WAIT_OBJECT_0);
    CHECK(GetTickCount64() - begin >= 19);
    CHECK_EQUAL(WaitForSingleObject(timer, 20), WAIT_TIMEOUT);
#ifndef __MINGW32__
    /* Setting it resets the signal. (Wine does that for the other kind only.) */
    Set(0, 0);
    Sleep(1);
    Set(100000, 0);
    CHECK_EQUAL(WaitForSingleObject(timer, 0), WAIT_TIMEOUT);
#endif
    /* Stopping it does not. */
    Set(0, 0);
    Sleep(1);
    CHECK(CancelWaitableTimer(timer));
    CHECK_EQUAL(WaitForSingleObject(timer, 0), WAIT_OBJECT_0);
    Set(100000, 0);
    CHECK(CancelWaitableTimer(timer));
    CHECK_EQUAL(WaitForSingleObject(timer, 5), WAIT_TIMEOUT);
}

static void Again(void)
{
    int i;
    Set(5, 5);
    for (i = 0; i < 5; i++)
        CHECK_EQUAL(WaitForSingleObject(timer, INFINITE), WAIT_OBJECT_0);
    CHECK(CancelWaitableTimer(timer));
    WaitForSingleObject(timer, 0);
    CHECK_EQUAL(WaitForSingleObject(timer, 20), WAIT_TIMEOUT);
}

/* A thread that waits already notices that it was set. */
static void SetMeanwhile(void)
{
    DWORD code = 77;
    HANDLE thread = CreateThread(NULL, 0, WaitForTimer, NULL, 0, NULL);
    CHECK(thread != NULL);
    CHECK_EQUAL(WaitForSingleObject(thread, 20), WAIT_TIMEOUT);
    Set(100000, 0);
    CHECK_EQUAL(WaitForSingleObject(thread, 20), WAIT_TIMEOUT);
    Set(10, 0);
    CHECK_EQUAL(WaitForSingleObject(thread, INFINITE), WAIT_OBJECT_0);
    CHECK(GetExitCodeThread(thread, &code) && CloseHandle(thread));
    CHECK_EQUAL(code, WAIT_OBJECT_0);
}

static void Several(void)
{
    HANDLE objects[2];
    objects[0] = CreateEventA(NULL, FALSE, FALSE, NULL);
    objects[1] = timer;
    Set(10, 0);
    CHECK_EQUAL(WaitForMultipleObjects(2, objects, FALSE, INFINITE), WAIT_OBJECT_0 + 1);
    Set(0, 0);
    CHECK_EQUAL(WaitForMultipleObjects(2, objects, TRUE, 10), WAIT_TIMEOUT);
    CHECK(SetEvent(objects[0]));
    CHECK_EQUAL(WaitForMultipleObjects(2, objects, TRUE, INFINITE), WAIT_OBJECT_0);
    CHECK_EQUAL(WaitForSingleObject(timer, 0), WAIT_TIMEOUT);
    CHECK(CloseHandle(objects[0]));
}

static int calls;

static void CALLBACK Called(LPVOID argument, DWORD low, DWORD high)
{
    CHECK(argument == &calls);
    /* After 2020. */
    CHECK(high > 0x1D5B000 && low + high > 0);
    calls++;
}

static DWORD WINAPI WaitAlertably(LPVOID unused)
{
    (void)unused;
    return WaitForSingleObjectEx(timer, INFINITE, TRUE);
}

static void Routines(void)
{
    HANDLE thread;
    DWORD code = 77;
    LARGE_INTEGER due = After(5);
    calls = 0;
    CHECK(SetWaitableTimer(timer, &due, 0, Called, &calls, FALSE));
    CHECK_EQUAL(WaitForSingleObject(timer, INFINITE), WAIT_OBJECT_0);
    CHECK_EQUAL(calls, 0);
    CHECK_EQUAL(SleepEx(0, TRUE), WAIT_IO_COMPLETION);
    CHECK_EQUAL(calls, 1);
    CHECK_EQUAL(SleepEx(10, TRUE), 0);
    CHECK_EQUAL(calls, 1);
    CHECK(SetWaitableTimer(timer, &due, 5, Called, &calls, FALSE));
    while (calls < 4)
        CHECK_EQUAL(SleepEx(INFINITE, TRUE), WAIT_IO_COMPLETION);
    CHECK(CancelWaitableTimer(timer));
    SleepEx(0, TRUE);
    calls = 0;
    CHECK_EQUAL(SleepEx(15, TRUE), 0);
    /* It belongs to the thread that has set the timer. */
    CHECK(SetWaitableTimer(timer, &due, 0, Called, &calls, FALSE));
    CHECK((thread = CreateThread(NULL, 0, WaitAlertably, NULL, 0, NULL)) != NULL);
    CHECK_EQUAL(WaitForSingleObject(thread, INFINITE), WAIT_OBJECT_0);
    CHECK(GetExitCodeThread(thread, &code) && CloseHandle(thread));
    CHECK_EQUAL(code, WAIT_OBJECT_0);
    CHECK_EQUAL(calls, 0);
    CHECK_EQUAL(SleepEx(INFINITE, TRUE), WAIT_IO_COMPLETION);
    CHECK_EQUAL(calls, 1);
}

static void ManualReset(LPCSTR name)
{
    LARGE_INTEGER due;
    CHECK((timer = CreateWaitableTimerA(NULL, TRUE, name)) != NULL);
    Set(0, 0);
    CHECK_EQUAL(WaitForSingleObject(timer, INFINITE), WAIT_OBJECT_0);
    CHECK_EQUAL(WaitForSingleObject(timer, 0), WAIT_OBJECT_0);
    /* An absolute time, which may have passed. */
    due.QuadPart = ((LONGLONG)time(NULL) + 11644473600ll + 60) * 10000000;
    CHECK(SetWaitableTimer(timer, &due, 0, NULL, NULL, FALSE));
    CHECK_EQUAL(WaitForSingleObject(timer, 10), WAIT_TIMEOUT);
    due.QuadPart -= 700000000ll;
    CHECK(SetWaitableTimer(timer, &due, 0, NULL, NULL, FALSE));
    CHECK_EQUAL(WaitForSingleObject(timer, 0), WAIT_OBJECT_0);
    CHECK(CloseHandle(timer));
}

static void All(LPCSTR name)
{
    CHECK((timer = CreateWaitableTimerA(NULL, FALSE, name)) != NULL);
    Once();
    Again();
    SetMeanwhile();
    Several();
    Routines();
    CHECK(CloseHandle(timer));
    ManualReset(name);
}

int main(void)
{
    HANDLE event = CreateEventA(NULL, FALSE, FALSE, NULL);
    LARGE_INTEGER due = After(1);
    All(NULL);
    All("areas timers");
    FAILS(SetWaitableTimer(event, &due, 0, NULL, NULL, FALSE), FALSE, ERROR_INVALID_HANDLE);
    FAILS(CancelWaitableTimer(event), FALSE, ERROR_INVALID_HANDLE);
    CHECK(CloseHandle(event));
    return 0;
}
