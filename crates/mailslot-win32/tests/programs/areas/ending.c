/* Calls at the end of a thread and of the process work as before: a thread keeps its mutexes, routines and handles
 * until then, and operations begun later work as well. */
#include "check.h"
#include <pthread.h>
#include <unistd.h>

static HANDLE slot, file, kept;
static pthread_key_t last;
static int ended, routines;

/* Exit handlers cannot call exit. */
#define END_CHECK(condition) \
    do { \
        if (!(condition)) { \
            printf("%s:%d: %s (last error %u)\n", __FILE__, __LINE__, #condition, (unsigned)GetLastError()); \
            fflush(stdout); \
            _exit(1); \
        } \
    } while (0)

static VOID CALLBACK was_read(DWORD code, DWORD size, OVERLAPPED *overlapped)
{
    END_CHECK(code == 0 && size == 1);
    (void)overlapped;
    routines++;
}

static VOID CALLBACK was_due(LPVOID argument, DWORD low, DWORD high)
{
    (void)low, (void)high;
    ++*(int *)argument;
}

static DWORD WINAPI seven(void *argument)
{
    (void)argument;
    return 7;
}

static void calls(void)
{
    OVERLAPPED overlapped = { 0 };
    LARGE_INTEGER soon;
    HANDLE event, mutex, timer, thread, same;
    DWORD size, code;
    char byte;
    int before = routines;

    END_CHECK(!ReadFile(slot, &byte, 1, &size, NULL) && GetLastError() == ERROR_SEM_TIMEOUT);
    END_CHECK(WriteFile(file, "x", 1, &size, NULL));
    END_CHECK(ReadFileEx(slot, &byte, 1, &overlapped, was_read));
    END_CHECK(SleepEx(60000, TRUE) == WAIT_IO_COMPLETION && routines == before + 1);

    event = CreateEventA(NULL, TRUE, TRUE, NULL);
    END_CHECK(event != NULL && WaitForSingleObjectEx(event, INFINITE, TRUE) == WAIT_OBJECT_0);
    mutex = CreateMutexA(NULL, TRUE, NULL);
    END_CHECK(mutex != NULL && WaitForSingleObject(mutex, 0) == WAIT_OBJECT_0 && ReleaseMutex(mutex) &&
              ReleaseMutex(mutex));
    END_CHECK(!ReleaseMutex(mutex) && GetLastError() == ERROR_NOT_OWNER);

    soon.QuadPart = -10000;
    timer = CreateWaitableTimerA(NULL, TRUE, NULL);
    END_CHECK(timer != NULL && SetWaitableTimer(timer, &soon, 0, was_due, &routines, FALSE));
    END_CHECK(SleepEx(60000, TRUE) == WAIT_IO_COMPLETION && routines == before + 2);

    thread = CreateThread(NULL, 0, seven, NULL, 0, NULL);
    END_CHECK(thread != NULL && WaitForSingleObject(thread, INFINITE) == WAIT_OBJECT_0);
    END_CHECK(GetExitCodeThread(thread, &code) && code == 7);
    END_CHECK(DuplicateHandle(GetCurrentProcess(), GetCurrentThread(), GetCurrentProcess(), &same, 0, FALSE,
                              DUPLICATE_SAME_ACCESS));
    END_CHECK(GetExitCodeThread(same, &code) && code == STILL_ACTIVE);
    END_CHECK(CloseHandle(event) && CloseHandle(mutex) && CloseHandle(timer) && CloseHandle(thread) &&
              CloseHandle(same));
    ended++;
}

/* The destructor of a thread-specific value, which runs after those of the libraries. */
static void at_its_end(void *value)
{
    (void)value;
    calls();
}

static void *thread(void *calls_before)
{
    END_CHECK(pthread_setspecific(last, "a value") == 0);
    if (calls_before != NULL)
        calls();
    return NULL;
}

static void at_exit(void)
{
    calls();
    END_CHECK(ended == 5);
    /* Taken before the end began. */
    END_CHECK(ReleaseMutex(kept) && CloseHandle(kept));
    END_CHECK(CloseHandle(file) && CloseHandle(slot));
}

int main(void)
{
    pthread_t id;
    int before;

    slot = Create(PREFIX "ending", 0);
    file = Open(PREFIX "ending", GENERIC_WRITE);
    CHECK(pthread_key_create(&last, at_its_end) == 0);
    for (before = 0; before < 2; before++) {
        CHECK(pthread_create(&id, NULL, thread, before ? slot : NULL) == 0);
        CHECK(pthread_join(id, NULL) == 0);
    }
    calls();
    kept = CreateMutexA(NULL, TRUE, NULL);
    CHECK(kept != NULL && atexit(at_exit) == 0);
    return 0;
}
