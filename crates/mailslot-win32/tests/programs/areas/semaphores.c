/* Semaphores, unnamed and named. */
#include "check.h"

static HANDLE semaphore, spaces;

static DWORD WINAPI Consume(LPVOID unused)
{
    int i;
    (void)unused;
    for (i = 0; i < 200; i++) {
        CHECK_EQUAL(WaitForSingleObject(semaphore, INFINITE), WAIT_OBJECT_0);
        CHECK(ReleaseSemaphore(spaces, 1, NULL));
    }
    return 0;
}

static DWORD WINAPI Produce(LPVOID unused)
{
    int i;
    (void)unused;
    for (i = 0; i < 200; i++) {
        CHECK_EQUAL(WaitForSingleObject(spaces, INFINITE), WAIT_OBJECT_0);
        CHECK(ReleaseSemaphore(semaphore, 1, NULL));
    }
    return 0;
}

static void Counts(LPCSTR name)
{
    LONG before = 77;
    CHECK((semaphore = CreateSemaphoreA(NULL, 1, 3, name)) != NULL);
    CHECK_EQUAL(WaitForSingleObject(semaphore, 0), WAIT_OBJECT_0);
    CHECK_EQUAL(WaitForSingleObject(semaphore, 0), WAIT_TIMEOUT);
    CHECK(ReleaseSemaphore(semaphore, 1, &before));
    CHECK_EQUAL(before, 0);
    CHECK(ReleaseSemaphore(semaphore, 2, &before));
    CHECK_EQUAL(before, 1);
    before = 77;
    FAILS(ReleaseSemaphore(semaphore, 1, &before), FALSE, ERROR_TOO_MANY_POSTS);
    FAILS(ReleaseSemaphore(semaphore, 0x7FFFFFFF, &before), FALSE, ERROR_TOO_MANY_POSTS);
    FAILS(ReleaseSemaphore(semaphore, -1, &before), FALSE, ERROR_TOO_MANY_POSTS);
    CHECK_EQUAL(before, 77);
    CHECK_EQUAL(WaitForSingleObject(semaphore, 0), WAIT_OBJECT_0);
    CHECK_EQUAL(WaitForSingleObject(semaphore, 0), WAIT_OBJECT_0);
    CHECK_EQUAL(WaitForSingleObject(semaphore, 0), WAIT_OBJECT_0);
    CHECK_EQUAL(WaitForSingleObject(semaphore, 10), WAIT_TIMEOUT);
    CHECK(CloseHandle(semaphore));
}

static void Threads(LPCSTR name, LPCSTR other_name)
{
    HANDLE threads[6];
    int i;
    CHECK((semaphore = CreateSemaphoreA(NULL, 0, 1000, name)) != NULL);
    CHECK((spaces = CreateSemaphoreA(NULL, 2, 2, other_name)) != NULL);
    for (i = 0; i < 6; i++)
        CHECK((threads[i] = CreateThread(NULL, 0, i % 2 ? Consume : Produce, NULL, 0, NULL)) != NULL);
    CHECK_EQUAL(WaitForMultipleObjects(6, threads, TRUE, INFINITE), WAIT_OBJECT_0);
    for (i = 0; i < 6; i++)
        CHECK(CloseHandle(threads[i]));
    CHECK_EQUAL(WaitForSingleObject(semaphore, 0), WAIT_TIMEOUT);
    CHECK_EQUAL(WaitForSingleObject(spaces, 0), WAIT_OBJECT_0);
    CHECK_EQUAL(WaitForSingleObject(spaces, 0), WAIT_OBJECT_0);
    CHECK_EQUAL(WaitForSingleObject(spaces, 0), WAIT_TIMEOUT);
    CHECK(CloseHandle(semaphore) && CloseHandle(spaces));
}

int main(void)
{
    Counts(NULL);
    Counts("areas semaphores");
    Threads(NULL, NULL);
    Threads("areas semaphores", "areas spaces");
    Threads("areas semaphores", NULL);
    FAILS(CreateSemaphoreA(NULL, 3, 2, NULL), NULL, ERROR_INVALID_PARAMETER);
    FAILS(CreateSemaphoreA(NULL, -1, 2, NULL), NULL, ERROR_INVALID_PARAMETER);
    FAILS(CreateSemaphoreA(NULL, 0, 0, NULL), NULL, ERROR_INVALID_PARAMETER);
    FAILS(CreateSemaphoreA(NULL, 0, -1, NULL), NULL, ERROR_INVALID_PARAMETER);
    FAILS(ReleaseSemaphore(NULL, 1, NULL), FALSE, ERROR_INVALID_HANDLE);
    return 0;
}
