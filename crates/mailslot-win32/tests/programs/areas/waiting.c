/* Events, and waiting for several objects. */
#include "check.h"
#include <pthread.h>

static HANDLE events[3];

static void *SetAll(void *unused)
{
    int i;
    for (i = 0; i < 3; i++) {
        Sleep(5);
        SetEvent(events[i]);
    }
    return unused;
}

int main(void)
{
    HANDLE manual = CreateEventA(NULL, TRUE, FALSE, NULL), automatic = CreateEventW(NULL, FALSE, TRUE, NULL);
    HANDLE both[2], many[MAXIMUM_WAIT_OBJECTS + 1];
    ULONGLONG begin;
    pthread_t thread;
    int i;

    both[0] = manual;
    both[1] = automatic;
    CHECK_EQUAL(WaitForSingleObject(manual, 0), WAIT_TIMEOUT);
    CHECK_EQUAL(WaitForMultipleObjects(2, both, TRUE, 0), WAIT_TIMEOUT);
    CHECK_EQUAL(WaitForMultipleObjects(2, both, FALSE, 0), WAIT_OBJECT_0 + 1);
    CHECK_EQUAL(WaitForSingleObject(automatic, 0), WAIT_TIMEOUT);
    CHECK(SetEvent(manual) && SetEvent(automatic));
    CHECK_EQUAL(WaitForMultipleObjects(2, both, TRUE, INFINITE), WAIT_OBJECT_0);
    CHECK_EQUAL(WaitForSingleObject(automatic, 0), WAIT_TIMEOUT);
    CHECK_EQUAL(WaitForSingleObject(manual, 0), WAIT_OBJECT_0);
    CHECK_EQUAL(WaitForMultipleObjects(2, both, FALSE, 0), WAIT_OBJECT_0);
    CHECK(ResetEvent(manual));
    begin = GetTickCount64();
    CHECK_EQUAL(WaitForSingleObject(manual, 30), WAIT_TIMEOUT);
    CHECK(GetTickCount64() - begin >= 29);

    for (i = 0; i < 3; i++)
        CHECK((events[i] = CreateEventA(NULL, FALSE, FALSE, NULL)) != NULL);
    CHECK(pthread_create(&thread, NULL, SetAll, NULL) == 0);
    CHECK_EQUAL(WaitForMultipleObjects(3, events, TRUE, INFINITE), WAIT_OBJECT_0);
    CHECK(pthread_join(thread, NULL) == 0);
    CHECK_EQUAL(WaitForMultipleObjects(3, events, FALSE, 0), WAIT_TIMEOUT);

    CHECK_EQUAL(SignalObjectAndWait(automatic, manual, 0, FALSE), WAIT_TIMEOUT);
    CHECK_EQUAL(WaitForSingleObject(automatic, 0), WAIT_OBJECT_0);
    CHECK_EQUAL(SignalObjectAndWait(automatic, automatic, 0, FALSE), WAIT_OBJECT_0);
    FAILS(SignalObjectAndWait(automatic, NULL, 0, FALSE), WAIT_FAILED, ERROR_INVALID_HANDLE);
    CHECK_EQUAL(WaitForSingleObject(automatic, 0), WAIT_TIMEOUT);
    FAILS(WaitForMultipleObjects(0, both, FALSE, 0), WAIT_FAILED, ERROR_INVALID_PARAMETER);
    for (i = 0; i <= MAXIMUM_WAIT_OBJECTS; i++)
        many[i] = manual;
    FAILS(WaitForMultipleObjects(MAXIMUM_WAIT_OBJECTS + 1, many, FALSE, 0), WAIT_FAILED, ERROR_INVALID_PARAMETER);
    FAILS(WaitForMultipleObjects(2, NULL, FALSE, 0), WAIT_FAILED, ERROR_INVALID_PARAMETER);
    both[0] = NULL;
    FAILS(WaitForMultipleObjects(2, both, FALSE, 0), WAIT_FAILED, ERROR_INVALID_HANDLE);
    for (i = 0; i < 3; i++)
        CHECK(CloseHandle(events[i]));
    CHECK(CloseHandle(manual) && CloseHandle(automatic));
    return 0;
}
