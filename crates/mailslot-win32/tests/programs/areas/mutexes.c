/* Mutexes, unnamed and named: the same in both ways. */
#include "check.h"

static HANDLE mutex, started, go;

static DWORD WINAPI TryToTake(LPVOID unused)
{
    DWORD result = WaitForSingleObject(mutex, 0);
    (void)unused;
    FAILS(ReleaseMutex(mutex), FALSE, ERROR_NOT_OWNER);
    return result;
}

static DWORD WINAPI TakeAndRelease(LPVOID unused)
{
    DWORD result = WaitForSingleObject(mutex, INFINITE);
    (void)unused;
    CHECK(ReleaseMutex(mutex));
    return result;
}

static DWORD WINAPI TakeAndEnd(LPVOID times)
{
    DWORD i;
    for (i = 0; i < *(DWORD *)times; i++)
        CHECK_EQUAL(WaitForSingleObject(mutex, INFINITE), WAIT_OBJECT_0);
    CHECK(SetEvent(started));
    CHECK_EQUAL(WaitForSingleObject(go, INFINITE), WAIT_OBJECT_0);
    return 0;
}

static volatile LONG counter;

static DWORD WINAPI CountUp(LPVOID unused)
{
    int i;
    (void)unused;
    for (i = 0; i < 300; i++) {
        LONG before;
        CHECK_EQUAL(WaitForSingleObject(mutex, INFINITE), WAIT_OBJECT_0);
        before = counter;
        SwitchToThread();
        counter = before + 1;
        CHECK(ReleaseMutex(mutex));
    }
    return 0;
}

static HANDLE Begin(LPTHREAD_START_ROUTINE routine, LPVOID parameter)
{
    HANDLE thread = CreateThread(NULL, 0, routine, parameter, 0, NULL);
    CHECK(thread != NULL);
    return thread;
}

static DWORD End(HANDLE thread)
{
    DWORD code = 0;
    CHECK_EQUAL(WaitForSingleObject(thread, INFINITE), WAIT_OBJECT_0);
    CHECK(GetExitCodeThread(thread, &code) && CloseHandle(thread));
    return code;
}

static void Recursion(void)
{
    HANDLE thread;
    CHECK_EQUAL(WaitForSingleObject(mutex, 0), WAIT_OBJECT_0);
    CHECK_EQUAL(WaitForSingleObject(mutex, INFINITE), WAIT_OBJECT_0);
    CHECK_EQUAL(End(Begin(TryToTake, NULL)), WAIT_TIMEOUT);
    thread = Begin(TakeAndRelease, NULL);
    CHECK(ReleaseMutex(mutex));
    CHECK_EQUAL(WaitForSingleObject(thread, 10), WAIT_TIMEOUT);
    CHECK(ReleaseMutex(mutex));
    CHECK_EQUAL(End(thread), WAIT_OBJECT_0);
    FAILS(ReleaseMutex(mutex), FALSE, ERROR_NOT_OWNER);
}

/* A thread that ends with it abandons it: the next wait reports that, once. */
static void Abandoned(DWORD times)
{
    HANDLE thread = Begin(TakeAndEnd, &times), both[2];
    CHECK_EQUAL(WaitForSingleObject(started, INFINITE), WAIT_OBJECT_0);
    CHECK_EQUAL(WaitForSingleObject(mutex, 0), WAIT_TIMEOUT);
    CHECK(SetEvent(go));
    CHECK_EQUAL(WaitForSingleObject(mutex, INFINITE), WAIT_ABANDONED);
    CHECK_EQUAL(WaitForSingleObject(mutex, 0), WAIT_OBJECT_0);
    CHECK(ReleaseMutex(mutex) && ReleaseMutex(mutex));
    CHECK_EQUAL(WaitForSingleObject(mutex, 0), WAIT_OBJECT_0);
    CHECK(ReleaseMutex(mutex));
    CHECK_EQUAL(End(thread), 0);

    thread = Begin(TakeAndEnd, &times);
    CHECK_EQUAL(WaitForSingleObject(started, INFINITE), WAIT_OBJECT_0);
    CHECK(SetEvent(go));
    both[0] = thread;
    both[1] = mutex;
    CHECK_EQUAL(WaitForMultipleObjects(2, both, TRUE, INFINITE), WAIT_ABANDONED_0);
    CHECK(ReleaseMutex(mutex));
    CHECK_EQUAL(End(thread), 0);
}

/* Waits for all, and for any. */
static void Several(void)
{
    HANDLE objects[3];
    DWORD once = 1;
    HANDLE thread = Begin(TakeAndEnd, &once);
    CHECK_EQUAL(WaitForSingleObject(started, INFINITE), WAIT_OBJECT_0);
    objects[0] = CreateEventA(NULL, FALSE, TRUE, NULL);
    objects[1] = mutex;
    objects[2] = CreateSemaphoreA(NULL, 2, 2, NULL);
    CHECK_EQUAL(WaitForMultipleObjects(3, objects, TRUE, 10), WAIT_TIMEOUT);
    CHECK_EQUAL(WaitForMultipleObjects(2, objects, FALSE, 0), WAIT_OBJECT_0);
    CHECK_EQUAL(WaitForMultipleObjects(2, objects, FALSE, 0), WAIT_TIMEOUT);
    CHECK_EQUAL(WaitForMultipleObjects(3, objects, FALSE, 0), WAIT_OBJECT_0 + 2);
    CHECK_EQUAL(WaitForMultipleObjects(2, objects + 1, FALSE, 0), WAIT_OBJECT_0 + 1);
    CHECK(SetEvent(go));
    CHECK_EQUAL(End(thread), 0);
    CHECK_EQUAL(WaitForMultipleObjects(2, objects, FALSE, 0), WAIT_ABANDONED_0 + 1);
    CHECK(ReleaseMutex(mutex) && SetEvent(objects[0]) && ReleaseSemaphore(objects[2], 1, NULL));
    CHECK_EQUAL(WaitForMultipleObjects(3, objects, TRUE, 0), WAIT_OBJECT_0);
    CHECK_EQUAL(WaitForMultipleObjects(1, objects, FALSE, 0), WAIT_TIMEOUT);
    CHECK(ReleaseMutex(mutex));
    CHECK(CloseHandle(objects[0]) && CloseHandle(objects[2]));
}

static void Exclusion(void)
{
    HANDLE threads[4];
    int i;
    counter = 0;
    for (i = 0; i < 4; i++)
        threads[i] = Begin(CountUp, NULL);
    CHECK_EQUAL(WaitForMultipleObjects(4, threads, TRUE, INFINITE), WAIT_OBJECT_0);
    CHECK_EQUAL(counter, 1200);
    for (i = 0; i < 4; i++)
        CHECK(CloseHandle(threads[i]));
}

static void All(LPCSTR name)
{
    CHECK((mutex = CreateMutexA(NULL, TRUE, name)) != NULL);
    CHECK(ReleaseMutex(mutex));
    FAILS(ReleaseMutex(mutex), FALSE, ERROR_NOT_OWNER);
    Recursion();
    Abandoned(1);
    Abandoned(3);
    Several();
    Exclusion();
    /* Closed while it is held. */
    CHECK_EQUAL(WaitForSingleObject(mutex, 0), WAIT_OBJECT_0);
    CHECK(CloseHandle(mutex));
}

int main(void)
{
    HANDLE event;
    CHECK((started = CreateEventA(NULL, FALSE, FALSE, NULL)) != NULL);
    CHECK((go = CreateEventA(NULL, FALSE, FALSE, NULL)) != NULL);
    All(NULL);
    All("areas mutexes");
    /* Nothing of it is left. */
    CHECK((event = CreateEventA(NULL, TRUE, FALSE, "areas mutexes")) != NULL);
    CHECK_EQUAL(GetLastError(), ERROR_SUCCESS);
    FAILS(ReleaseMutex(event), FALSE, ERROR_INVALID_HANDLE);
    FAILS(ReleaseMutex(NULL), FALSE, ERROR_INVALID_HANDLE);
    CHECK(CloseHandle(event) && CloseHandle(started) && CloseHandle(go));
    return 0;
}
