/* Threads: beginning, ending, and waiting for them. */
#include "check.h"
#include <process.h>

static HANDLE go;

static DWORD WINAPI Double(LPVOID parameter)
{
    return 2 * *(DWORD *)parameter;
}

static void ExitBelow(int *frame)
{
    *frame = 77;
    ExitThread((DWORD)*frame);
}

static DWORD WINAPI ExitEarly(LPVOID unused)
{
    int frame;
    (void)unused;
    ExitBelow(&frame);
    return 0;
}

static DWORD WINAPI TerminateItself(LPVOID unused)
{
    (void)unused;
    TerminateThread(GetCurrentThread(), 55);
    return 0;
}

static DWORD WINAPI WaitToGo(LPVOID result)
{
    CHECK_EQUAL(WaitForSingleObject(go, INFINITE), WAIT_OBJECT_0);
    return (DWORD)(ULONG_PTR)result;
}

static DWORD WINAPI TellId(LPVOID id)
{
    *(DWORD *)id = GetCurrentThreadId();
    return 0;
}

static DWORD WINAPI UseMuchStack(LPVOID unused)
{
    volatile char much[24 << 20];
    size_t i;
    (void)unused;
    for (i = 0; i < sizeof(much); i += 4096)
        much[i] = 1;
    return much[4096];
}

static DWORD WINAPI WaitForOther(LPVOID other)
{
    CHECK_EQUAL(WaitForSingleObject(other, INFINITE), WAIT_OBJECT_0);
    return 5;
}

static DWORD ExitCode(HANDLE thread)
{
    DWORD code = 77777;
    CHECK_EQUAL(WaitForSingleObject(thread, INFINITE), WAIT_OBJECT_0);
    CHECK_EQUAL(WaitForSingleObject(thread, 0), WAIT_OBJECT_0);
    CHECK(GetExitCodeThread(thread, &code));
    CHECK(CloseHandle(thread));
    return code;
}

static HANDLE Begin(LPTHREAD_START_ROUTINE routine, LPVOID parameter, DWORD flags)
{
    HANDLE thread = CreateThread(NULL, 0, routine, parameter, flags, NULL);
    CHECK(thread != NULL);
    return thread;
}

static void BeginAndEnd(void)
{
    DWORD number = 21, id = 0, told = 0, code = 0;
    HANDLE thread = CreateThread(NULL, 0, Double, &number, 0, &id);
    CHECK(thread != NULL && id != 0 && id != GetCurrentThreadId());
    CHECK_EQUAL(ExitCode(thread), 42);
    CHECK_EQUAL(ExitCode(Begin(ExitEarly, NULL, 0)), 77);
    CHECK_EQUAL(ExitCode(Begin(TerminateItself, NULL, 0)), 55);

    thread = CreateThread(NULL, 0, TellId, &told, 0, &id);
    CHECK_EQUAL(GetThreadId(thread), id);
    CHECK_EQUAL(ExitCode(thread), 0);
    CHECK_EQUAL(told, id);

    thread = CreateThread(NULL, 32 << 20, UseMuchStack, NULL, STACK_SIZE_PARAM_IS_A_RESERVATION, NULL);
    CHECK(thread != NULL);
    CHECK_EQUAL(ExitCode(thread), 1);

    thread = Begin(WaitToGo, (LPVOID)9, 0);
    CHECK_EQUAL(WaitForSingleObject(thread, 0), WAIT_TIMEOUT);
    CHECK(GetExitCodeThread(thread, &code));
    CHECK_EQUAL(code, STILL_ACTIVE);
    CHECK(SetEvent(go));
    CHECK_EQUAL(ExitCode(thread), 9);
}

static void Suspended(void)
{
    DWORD told = 0, id = 0;
    HANDLE thread = CreateThread(NULL, 0, TellId, &told, CREATE_SUSPENDED, &id);
    CHECK(thread != NULL && id != 0);
    CHECK_EQUAL(WaitForSingleObject(thread, 20), WAIT_TIMEOUT);
    CHECK_EQUAL(told, 0);
    CHECK_EQUAL(ResumeThread(thread), 1);
    CHECK_EQUAL(ExitCode(thread), 0);
    CHECK_EQUAL(told, id);
}

/* Threads, an event and a slot's read together. */
static void WaitTogether(void)
{
    HANDLE slot = Create(PREFIX "areas\\threads", MAILSLOT_WAIT_FOREVER), file, objects[4];
    OVERLAPPED overlapped;
    char buffer[16];
    DWORD size = 0;
    memset(&overlapped, 0, sizeof(overlapped));
    CHECK((overlapped.hEvent = CreateEventA(NULL, TRUE, FALSE, NULL)) != NULL);
    objects[0] = Begin(WaitToGo, (LPVOID)1, 0);
    objects[1] = Begin(WaitForOther, objects[0], 0);
    objects[2] = overlapped.hEvent;
    objects[3] = CreateEventA(NULL, FALSE, FALSE, NULL);
    FAILS(ReadFile(slot, buffer, sizeof(buffer), NULL, &overlapped), FALSE, ERROR_IO_PENDING);
    CHECK_EQUAL(WaitForMultipleObjects(4, objects, FALSE, 0), WAIT_TIMEOUT);
    file = Open(PREFIX "areas\\threads", GENERIC_WRITE);
    Write(file, "both");
    CHECK_EQUAL(WaitForMultipleObjects(4, objects, FALSE, INFINITE), WAIT_OBJECT_0 + 2);
    CHECK(GetOverlappedResult(slot, &overlapped, &size, FALSE));
    CHECK_EQUAL(size, 4);
    CHECK(SetEvent(objects[3]) && SetEvent(go));
    CHECK_EQUAL(WaitForMultipleObjects(4, objects, TRUE, INFINITE), WAIT_OBJECT_0);
    CHECK_EQUAL(WaitForMultipleObjects(4, objects, TRUE, 0), WAIT_TIMEOUT);
    CHECK_EQUAL(ExitCode(objects[0]), 1);
    CHECK_EQUAL(ExitCode(objects[1]), 5);
    CHECK(CloseHandle(objects[2]) && CloseHandle(objects[3]) && CloseHandle(file) && CloseHandle(slot));
}

static DWORD WINAPI Duplicate(LPVOID target)
{
    CHECK(DuplicateHandle(GetCurrentProcess(), GetCurrentThread(), GetCurrentProcess(), target, 0, FALSE,
                          DUPLICATE_SAME_ACCESS));
    return 3;
}

static void Handles(void)
{
    HANDLE own = NULL, main_thread = NULL, event = CreateEventA(NULL, TRUE, FALSE, NULL);
    DWORD code = 0, id = GetCurrentThreadId();
    CHECK_EQUAL(WaitForSingleObject(Begin(Duplicate, &own, 0), INFINITE), WAIT_OBJECT_0);
    CHECK_EQUAL(ExitCode(own), 3);
    CHECK(DuplicateHandle(GetCurrentProcess(), GetCurrentThread(), GetCurrentProcess(), &main_thread, 0, FALSE,
                          DUPLICATE_SAME_ACCESS));
    CHECK_EQUAL(GetThreadId(main_thread), id);
    CHECK_EQUAL(GetThreadId(GetCurrentThread()), id);
    CHECK_EQUAL(WaitForSingleObject(main_thread, 0), WAIT_TIMEOUT);
    CHECK_EQUAL(WaitForSingleObject(GetCurrentThread(), 0), WAIT_TIMEOUT);
    CHECK_EQUAL(WaitForSingleObject(GetCurrentProcess(), 0), WAIT_TIMEOUT);
    CHECK(GetExitCodeThread(GetCurrentThread(), &code));
    CHECK_EQUAL(code, STILL_ACTIVE);
    FAILS(GetExitCodeThread(event, &code), FALSE, ERROR_INVALID_HANDLE);
    FAILS(GetExitCodeThread(NULL, &code), FALSE, ERROR_INVALID_HANDLE);
    FAILS(TerminateThread(event, 1), FALSE, ERROR_INVALID_HANDLE);
    FAILS(SetEvent(main_thread), FALSE, ERROR_INVALID_HANDLE);
    CHECK_EQUAL(GetThreadPriority(GetCurrentThread()), THREAD_PRIORITY_NORMAL);
    CHECK(SetThreadPriority(GetCurrentThread(), THREAD_PRIORITY_NORMAL));
    CHECK(SetThreadPriority(GetCurrentThread(), THREAD_PRIORITY_BELOW_NORMAL));
    CHECK_EQUAL(GetThreadPriority(GetCurrentThread()), THREAD_PRIORITY_BELOW_NORMAL);
    FAILS(SetThreadPriority(GetCurrentThread(), 999), FALSE, ERROR_INVALID_PARAMETER);
    CHECK(CloseHandle(main_thread) && CloseHandle(event));
}

static void SetAndEnd(void *event)
{
    SetEvent(event);
    _endthread();
}

static unsigned WINAPI EndWith(void *code)
{
    if (*(unsigned *)code == 1)
        _endthreadex(11);
    return 22;
}

/* By the functions of the C library. */
static void Crt(void)
{
    unsigned one = 1, two = 2, id = 0;
    HANDLE event = CreateEventA(NULL, FALSE, FALSE, NULL), thread;
    CHECK(_beginthread(SetAndEnd, 0, event) != (uintptr_t)-1);
    CHECK_EQUAL(WaitForSingleObject(event, INFINITE), WAIT_OBJECT_0);
    thread = (HANDLE)_beginthreadex(NULL, 0, EndWith, &one, 0, &id);
    CHECK(thread != NULL && id == GetThreadId(thread));
    CHECK_EQUAL(ExitCode(thread), 11);
    thread = (HANDLE)_beginthreadex(NULL, 1 << 16, EndWith, &two, CREATE_SUSPENDED, NULL);
    CHECK(thread != NULL);
    CHECK_EQUAL(ResumeThread(thread), 1);
    CHECK_EQUAL(ExitCode(thread), 22);
    CHECK(CloseHandle(event));
}

int main(void)
{
    CHECK((go = CreateEventA(NULL, FALSE, FALSE, NULL)) != NULL);
    BeginAndEnd();
    Suspended();
    WaitTogether();
    Handles();
    Crt();
    SwitchToThread();
    /* A thread that runs when main returns ends with the process. */
    CHECK(CloseHandle(Begin(WaitToGo, NULL, 0)));
    return 0;
}
