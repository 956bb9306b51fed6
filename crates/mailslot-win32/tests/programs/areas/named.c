/* Names of objects: one space for all kinds, shared by the processes of a user. */
#include "check.h"

static HANDLE Event(LPCSTR name)
{
    return CreateEventA(NULL, FALSE, FALSE, name);
}

static void Kinds(void)
{
    HANDLE event = Event("areas named"), again, other;
    CHECK(event != NULL);
    CHECK_EQUAL(GetLastError(), ERROR_SUCCESS);
    /* The parameters of a second creation are ignored. */
    CHECK((again = CreateEventA(NULL, TRUE, TRUE, "areas named")) != NULL);
    CHECK_EQUAL(GetLastError(), ERROR_ALREADY_EXISTS);
    CHECK_EQUAL(WaitForSingleObject(again, 0), WAIT_TIMEOUT);
    CHECK(SetEvent(again));
    CHECK_EQUAL(WaitForSingleObject(event, 0), WAIT_OBJECT_0);
    CHECK_EQUAL(WaitForSingleObject(event, 0), WAIT_TIMEOUT);

    FAILS(CreateMutexA(NULL, FALSE, "areas named"), NULL, ERROR_INVALID_HANDLE);
    FAILS(CreateSemaphoreA(NULL, 1, 1, "areas named"), NULL, ERROR_INVALID_HANDLE);
    FAILS(CreateWaitableTimerA(NULL, FALSE, "areas named"), NULL, ERROR_INVALID_HANDLE);
    FAILS(OpenMutexA(MUTEX_ALL_ACCESS, FALSE, "areas named"), NULL, ERROR_INVALID_HANDLE);
    FAILS(OpenSemaphoreA(SEMAPHORE_ALL_ACCESS, FALSE, "areas named"), NULL, ERROR_INVALID_HANDLE);
    FAILS(OpenWaitableTimerA(TIMER_ALL_ACCESS, FALSE, "areas named"), NULL, ERROR_INVALID_HANDLE);

    CHECK((other = Event("Areas named")) != NULL);
    CHECK_EQUAL(GetLastError(), ERROR_SUCCESS);
    CHECK(CloseHandle(other));
    CHECK((other = OpenEventW(EVENT_ALL_ACCESS, FALSE, u"areas named")) != NULL);
    CHECK(CloseHandle(other));
    CHECK((other = OpenEventA(EVENT_ALL_ACCESS, FALSE, "Local\\areas named")) != NULL);
    CHECK(CloseHandle(other));
    FAILS(OpenEventA(EVENT_ALL_ACCESS, FALSE, "Global\\areas named"), NULL, ERROR_FILE_NOT_FOUND);
    CHECK((other = Event("Global\\areas named")) != NULL);
    CHECK_EQUAL(GetLastError(), ERROR_SUCCESS);
    CHECK(CloseHandle(other));

    /* It ends with its last handle. */
    CHECK(CloseHandle(event));
    CHECK((other = OpenEventA(EVENT_ALL_ACCESS, FALSE, "areas named")) != NULL);
    CHECK(CloseHandle(again) && CloseHandle(other));
    FAILS(OpenEventA(EVENT_ALL_ACCESS, FALSE, "areas named"), NULL, ERROR_FILE_NOT_FOUND);
    CHECK((other = CreateMutexA(NULL, FALSE, "areas named")) != NULL);
    CHECK_EQUAL(GetLastError(), ERROR_SUCCESS);
    CHECK(CloseHandle(other));
}

static void Names(void)
{
    char name[300];
    WCHAR wide[400];
    HANDLE event;
    int i;
    CHECK((event = Event("")) != NULL);
    CHECK_EQUAL(GetLastError(), ERROR_SUCCESS);
    CHECK(CloseHandle(event));
    FAILS(Event("a\\b"), NULL, ERROR_PATH_NOT_FOUND);
    FAILS(Event("a\\"), NULL, ERROR_PATH_NOT_FOUND);
    FAILS(Event("\\a"), NULL, ERROR_BAD_PATHNAME);
    FAILS(Event("Local\\a\\b"), NULL, ERROR_PATH_NOT_FOUND);
    FAILS(Event("Global\\a\\b"), NULL, ERROR_PATH_NOT_FOUND);
    FAILS(Event("local\\a"), NULL, ERROR_PATH_NOT_FOUND);
    FAILS(Event("Local\\"), NULL, ERROR_INVALID_NAME);
    FAILS(Event("Global\\"), NULL, ERROR_INVALID_NAME);
    FAILS(Event("Local"), NULL, ERROR_INVALID_HANDLE);
    FAILS(OpenEventA(EVENT_ALL_ACCESS, FALSE, "a\\b"), NULL, ERROR_PATH_NOT_FOUND);
    FAILS(OpenEventA(EVENT_ALL_ACCESS, FALSE, NULL), NULL, ERROR_INVALID_PARAMETER);
    FAILS(OpenEventW(EVENT_ALL_ACCESS, FALSE, NULL), NULL, ERROR_INVALID_PARAMETER);
    FAILS(OpenEventA(EVENT_ALL_ACCESS, FALSE, ""), NULL, ERROR_INVALID_HANDLE);
    FAILS(OpenMutexA(MUTEX_ALL_ACCESS, FALSE, "areas nobody's"), NULL, ERROR_FILE_NOT_FOUND);
    FAILS(OpenSemaphoreW(SEMAPHORE_ALL_ACCESS, FALSE, u"areas nobody's"), NULL, ERROR_FILE_NOT_FOUND);

    /* Names that files could not have. */
    CHECK((event = Event("../%2F !bell\n*")) != NULL);
    CHECK_EQUAL(GetLastError(), ERROR_SUCCESS);
    CHECK(CloseHandle(event));

    memset(name, 'n', sizeof(name));
    name[260] = 0;
    FAILS(Event(name), NULL, ERROR_FILENAME_EXCED_RANGE);
    FAILS(OpenEventA(EVENT_ALL_ACCESS, FALSE, name), NULL, ERROR_FILENAME_EXCED_RANGE);
    name[259] = 0;
    CHECK((event = Event(name)) != NULL);
    CHECK_EQUAL(GetLastError(), ERROR_SUCCESS);
    name[258] = 'm';
    FAILS(OpenEventA(EVENT_ALL_ACCESS, FALSE, name), NULL, ERROR_FILE_NOT_FOUND);
    CHECK(CloseHandle(event));
    for (i = 0; i < 399; i++)
        wide[i] = 'w';
    wide[399] = 0;
    CHECK((event = CreateEventW(NULL, FALSE, FALSE, wide)) != NULL);
    CHECK(CloseHandle(event));
}

static void Rights(void)
{
    HANDLE event = Event("areas rights"), handle;
    HANDLE semaphore = CreateSemaphoreA(NULL, 1, 5, "areas rights s");
    HANDLE mutex = CreateMutexA(NULL, FALSE, "areas rights m");
    LONG before;
    CHECK((handle = OpenEventA(SYNCHRONIZE, FALSE, "areas rights")) != NULL);
    FAILS(SetEvent(handle), FALSE, ERROR_ACCESS_DENIED);
    FAILS(ResetEvent(handle), FALSE, ERROR_ACCESS_DENIED);
    CHECK_EQUAL(WaitForSingleObject(handle, 0), WAIT_TIMEOUT);
    CHECK(CloseHandle(handle));
    CHECK((handle = OpenEventA(EVENT_MODIFY_STATE, FALSE, "areas rights")) != NULL);
    CHECK(SetEvent(handle));
    FAILS(WaitForSingleObject(handle, 0), WAIT_FAILED, ERROR_ACCESS_DENIED);
    CHECK(CloseHandle(handle));
    CHECK((handle = OpenSemaphoreA(SYNCHRONIZE, FALSE, "areas rights s")) != NULL);
    FAILS(ReleaseSemaphore(handle, 1, &before), FALSE, ERROR_ACCESS_DENIED);
    CHECK_EQUAL(WaitForSingleObject(handle, 0), WAIT_OBJECT_0);
    CHECK(CloseHandle(handle));
    CHECK((handle = OpenMutexA(SYNCHRONIZE, FALSE, "areas rights m")) != NULL);
    CHECK_EQUAL(WaitForSingleObject(handle, 0), WAIT_OBJECT_0);
    CHECK(ReleaseMutex(handle));
    CHECK(CloseHandle(handle));
    CHECK((handle = CreateEventExA(NULL, "areas rights", CREATE_EVENT_MANUAL_RESET, SYNCHRONIZE)) != NULL);
    CHECK_EQUAL(GetLastError(), ERROR_ALREADY_EXISTS);
    FAILS(SetEvent(handle), FALSE, ERROR_ACCESS_DENIED);
    CHECK(CloseHandle(handle));
    CHECK((handle = CreateMutexExA(NULL, NULL, CREATE_MUTEX_INITIAL_OWNER, MUTEX_ALL_ACCESS)) != NULL);
    CHECK(ReleaseMutex(handle) && CloseHandle(handle));
    CHECK(CloseHandle(event) && CloseHandle(semaphore) && CloseHandle(mutex));
}

/* The part of another process, by its argument. */
static int Child(LPCSTR what)
{
    HANDLE event = OpenEventA(EVENT_MODIFY_STATE, FALSE, "areas child event");
    HANDLE mutex = OpenMutexA(MUTEX_ALL_ACCESS, FALSE, "areas child mutex");
    HANDLE semaphore = OpenSemaphoreA(SEMAPHORE_ALL_ACCESS, FALSE, "areas child semaphore"), both[2];
    CHECK(event != NULL && mutex != NULL && semaphore != NULL);
    if (strcmp(what, "wait") == 0) {
        CHECK(SetEvent(event));
        return (int)WaitForSingleObject(mutex, INFINITE);
    }
    if (strcmp(what, "hold") == 0) {
        CHECK_EQUAL(WaitForSingleObject(mutex, INFINITE), WAIT_OBJECT_0);
        CHECK(SetEvent(event));
        Sleep(INFINITE);
    }
    both[0] = mutex;
    both[1] = semaphore;
    CHECK_EQUAL(WaitForMultipleObjects(2, both, TRUE, INFINITE), WAIT_OBJECT_0);
    if (strcmp(what, "release") == 0)
        CHECK(ReleaseMutex(mutex));
    CHECK(SetEvent(event));
    return 0;
}

static HANDLE Start(char *program, LPCSTR what)
{
    char line[1000];
    STARTUPINFOA startup;
    PROCESS_INFORMATION child;
    memset(&startup, 0, sizeof(startup));
    startup.cb = sizeof(startup);
    sprintf(line, "\"%s\" %s", program, what);
    CHECK(CreateProcessA(NULL, line, NULL, NULL, FALSE, 0, NULL, NULL, &startup, &child));
    CHECK(CloseHandle(child.hThread));
    return child.hProcess;
}

static void Processes(char *program)
{
    HANDLE event = Event("areas child event"), process, objects[3];
    HANDLE mutex = CreateMutexA(NULL, TRUE, "areas child mutex");
    HANDLE semaphore = CreateSemaphoreA(NULL, 0, 9, "areas child semaphore");
    DWORD code = 77;
    process = Start(program, "release");
    CHECK_EQUAL(WaitForSingleObject(event, 20), WAIT_TIMEOUT);
    CHECK(ReleaseMutex(mutex));
    CHECK_EQUAL(WaitForSingleObject(mutex, INFINITE), WAIT_OBJECT_0);
    CHECK(ReleaseSemaphore(semaphore, 2, NULL));
    CHECK_EQUAL(WaitForSingleObject(event, 20), WAIT_TIMEOUT);
    CHECK(ReleaseMutex(mutex));
    CHECK_EQUAL(WaitForSingleObject(event, INFINITE), WAIT_OBJECT_0);
    CHECK_EQUAL(WaitForSingleObject(process, INFINITE), WAIT_OBJECT_0);
    CHECK(GetExitCodeProcess(process, &code) && CloseHandle(process));
    CHECK_EQUAL(code, 0);
    CHECK_EQUAL(WaitForSingleObject(mutex, 0), WAIT_OBJECT_0);
    CHECK(ReleaseMutex(mutex));

    process = Start(program, "keep");
    objects[0] = event;
    objects[1] = mutex;
    objects[2] = process;
    CHECK_EQUAL(WaitForSingleObject(event, INFINITE), WAIT_OBJECT_0);
    CHECK(SetEvent(event));
    CHECK_EQUAL(WaitForMultipleObjects(3, objects, TRUE, INFINITE), WAIT_ABANDONED_0);
    CHECK_EQUAL(WaitForSingleObject(semaphore, 0), WAIT_TIMEOUT);
    CHECK(ReleaseMutex(mutex));
    CHECK(CloseHandle(process) && CloseHandle(event) && CloseHandle(mutex) && CloseHandle(semaphore));
}

/* Only the end of the holder's process can wake the waiting one. */
static void Killed(char *program)
{
    HANDLE event = Event("areas child event"), holder, waiter;
    HANDLE mutex = CreateMutexA(NULL, FALSE, "areas child mutex");
    HANDLE semaphore = CreateSemaphoreA(NULL, 0, 9, "areas child semaphore");
    DWORD code = 77;
    holder = Start(program, "hold");
    CHECK_EQUAL(WaitForSingleObject(event, INFINITE), WAIT_OBJECT_0);
    waiter = Start(program, "wait");
    CHECK_EQUAL(WaitForSingleObject(event, INFINITE), WAIT_OBJECT_0);
    CHECK_EQUAL(WaitForSingleObject(waiter, 30), WAIT_TIMEOUT);
    CHECK(TerminateProcess(holder, 3));
    CHECK_EQUAL(WaitForSingleObject(waiter, INFINITE), WAIT_OBJECT_0);
    CHECK(GetExitCodeProcess(waiter, &code));
    CHECK_EQUAL(code, WAIT_ABANDONED);
    /* It has ended with it as well. */
    CHECK_EQUAL(WaitForSingleObject(mutex, 0), WAIT_ABANDONED);
    CHECK(ReleaseMutex(mutex));
    CHECK_EQUAL(WaitForSingleObject(holder, INFINITE), WAIT_OBJECT_0);
    CHECK(CloseHandle(holder) && CloseHandle(waiter));
    CHECK(CloseHandle(event) && CloseHandle(mutex) && CloseHandle(semaphore));
}

/* Named events work for the end of reads. */
static void Overlapped(void)
{
    HANDLE slot = Create(PREFIX "areas\\named", MAILSLOT_WAIT_FOREVER),
        file = Open(PREFIX "areas\\named", GENERIC_WRITE);
    OVERLAPPED overlapped;
    char buffer[16];
    DWORD size = 77;
    memset(&overlapped, 0, sizeof(overlapped));
    CHECK((overlapped.hEvent = CreateEventA(NULL, TRUE, TRUE, "areas overlapped")) != NULL);
    FAILS(ReadFile(slot, buffer, sizeof(buffer), NULL, &overlapped), FALSE, ERROR_IO_PENDING);
    CHECK_EQUAL(WaitForSingleObject(overlapped.hEvent, 0), WAIT_TIMEOUT);
    Write(file, "told");
    CHECK_EQUAL(WaitForSingleObject(overlapped.hEvent, INFINITE), WAIT_OBJECT_0);
    CHECK(GetOverlappedResult(slot, &overlapped, &size, TRUE));
    CHECK_EQUAL(size, 4);
    FAILS(ReadFile(slot, buffer, sizeof(buffer), NULL, &overlapped), FALSE, ERROR_IO_PENDING);
    Write(file, "again");
    CHECK(GetOverlappedResult(slot, &overlapped, &size, TRUE));
    CHECK_EQUAL(size, 5);
    CHECK(CloseHandle(file) && CloseHandle(slot) && CloseHandle(overlapped.hEvent));
}

int main(int argc, char **argv)
{
    if (argc > 1)
        return Child(argv[1]);
    Kinds();
    Names();
    Rights();
    Processes(argv[0]);
    Killed(argv[0]);
    Overlapped();
    return 0;
}
