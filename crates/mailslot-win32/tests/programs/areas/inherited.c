/* Handles of objects and processes that child processes inherit. */
#include "check.h"

static SECURITY_ATTRIBUTES inheritable = {sizeof(inheritable), NULL, TRUE};
static char *program;

static HANDLE Start(const char *what, HANDLE one, HANDLE two, HANDLE three)
{
    char line[1000];
    STARTUPINFOA startup;
    PROCESS_INFORMATION child;
    memset(&startup, 0, sizeof(startup));
    startup.cb = sizeof(startup);
    sprintf(line, "\"%s\" %s %lu %lu %lu", program, what, (unsigned long)(ULONG_PTR)one, (unsigned long)(ULONG_PTR)two,
            (unsigned long)(ULONG_PTR)three);
    CHECK(CreateProcessA(NULL, line, NULL, NULL, TRUE, 0, NULL, NULL, &startup, &child));
    CHECK(CloseHandle(child.hThread));
    return child.hProcess;
}

static void Ends(HANDLE process, DWORD expected)
{
    DWORD code = 77;
    CHECK_EQUAL(WaitForSingleObject(process, INFINITE), WAIT_OBJECT_0);
    CHECK(GetExitCodeProcess(process, &code) && CloseHandle(process));
    CHECK_EQUAL(code, expected);
}

/* Takes the parent's objects, and leaves its handles open and the mutex taken. */
static int Objects(HANDLE event, HANDLE mutex, HANDLE semaphore)
{
    HANDLE both[2];
    both[0] = mutex;
    both[1] = semaphore;
    CHECK_EQUAL(WaitForMultipleObjects(2, both, TRUE, INFINITE), WAIT_OBJECT_0);
    CHECK_EQUAL(WaitForSingleObject(semaphore, 0), WAIT_TIMEOUT);
    CHECK(SetEvent(event));
    return 5;
}

static int NotThere(HANDLE event, HANDLE mutex, HANDLE semaphore)
{
    FAILS(SetEvent(event), FALSE, ERROR_INVALID_HANDLE);
    FAILS(ReleaseMutex(mutex), FALSE, ERROR_INVALID_HANDLE);
    FAILS(ReleaseSemaphore(semaphore, 1, NULL), FALSE, ERROR_INVALID_HANDLE);
    return 6;
}

/* Passes a handle of itself to a child, and ends. */
static int Middle(HANDLE event, HANDLE go)
{
    HANDLE own = NULL;
    CHECK(DuplicateHandle(GetCurrentProcess(), GetCurrentProcess(), GetCurrentProcess(), &own, 0, TRUE,
                          DUPLICATE_SAME_ACCESS));
    CHECK(CloseHandle(Start("last", own, event, go)));
    CHECK_EQUAL(WaitForSingleObject(go, INFINITE), WAIT_OBJECT_0);
    return 7;
}

static int Last(HANDLE parent, HANDLE event, HANDLE go)
{
    DWORD code = 0;
    CHECK_EQUAL(WaitForSingleObject(parent, 0), WAIT_TIMEOUT);
    CHECK(GetExitCodeProcess(parent, &code));
    CHECK_EQUAL(code, STILL_ACTIVE);
    CHECK(SetEvent(go));
    CHECK_EQUAL(WaitForSingleObject(parent, INFINITE), WAIT_OBJECT_0);
    CHECK(SetEvent(event));
    return 0;
}

static void PassObjects(LPCSTR event_name, LPCSTR mutex_name)
{
    HANDLE event = CreateEventA(&inheritable, FALSE, FALSE, event_name);
    HANDLE mutex = CreateMutexA(&inheritable, TRUE, mutex_name);
    HANDLE semaphore = CreateSemaphoreA(&inheritable, 0, 3, NULL), child, other;
    child = Start("objects", event, mutex, semaphore);
    CHECK_EQUAL(WaitForSingleObject(event, 20), WAIT_TIMEOUT);
    CHECK(ReleaseMutex(mutex) && ReleaseSemaphore(semaphore, 1, NULL));
    CHECK_EQUAL(WaitForSingleObject(event, INFINITE), WAIT_OBJECT_0);
    CHECK_EQUAL(WaitForSingleObject(mutex, INFINITE), WAIT_ABANDONED);
    CHECK(ReleaseMutex(mutex));
    Ends(child, 5);
    if (event_name) {
        CHECK((other = OpenEventA(EVENT_ALL_ACCESS, FALSE, event_name)) != NULL);
        CHECK(CloseHandle(other));
    }
    CHECK(SetHandleInformation(event, HANDLE_FLAG_INHERIT, 0) && SetHandleInformation(mutex, HANDLE_FLAG_INHERIT, 0) &&
          SetHandleInformation(semaphore, HANDLE_FLAG_INHERIT, 0));
    Ends(Start("not-there", event, mutex, semaphore), 6);
    CHECK(CloseHandle(event) && CloseHandle(mutex) && CloseHandle(semaphore));
}

/* An object lives on in a child that has not used it yet. */
static void CloseAtOnce(void)
{
    HANDLE event = CreateEventA(NULL, FALSE, FALSE, "areas inherited done");
    HANDLE both[3], child;
    both[0] = CreateEventA(&inheritable, FALSE, FALSE, "areas inherited event");
    both[1] = CreateMutexA(&inheritable, FALSE, "areas inherited mutex");
    both[2] = CreateSemaphoreA(&inheritable, 1, 3, "areas inherited semaphore");
    child = Start("objects", both[0], both[1], both[2]);
    CHECK(CloseHandle(both[0]) && CloseHandle(both[1]) && CloseHandle(both[2]));
    Ends(child, 5);
    FAILS(OpenEventA(EVENT_ALL_ACCESS, FALSE, "areas inherited event"), NULL, ERROR_FILE_NOT_FOUND);
    CHECK(CloseHandle(event));
}

int main(int argc, char **argv)
{
    HANDLE event, go, middle;
    program = argv[0];
    if (argc > 4) {
        HANDLE handles[3];
        int i;
        for (i = 0; i < 3; i++)
            handles[i] = (HANDLE)(ULONG_PTR)strtoul(argv[2 + i], NULL, 10);
        if (strcmp(argv[1], "objects") == 0)
            return Objects(handles[0], handles[1], handles[2]);
        if (strcmp(argv[1], "not-there") == 0)
            return NotThere(handles[0], handles[1], handles[2]);
        if (strcmp(argv[1], "middle") == 0)
            return Middle(handles[0], handles[1]);
        return Last(handles[0], handles[1], handles[2]);
    }
    PassObjects(NULL, NULL);
    PassObjects("areas inherited event", "areas inherited mutex");
    CloseAtOnce();
    event = CreateEventA(&inheritable, FALSE, FALSE, NULL);
    go = CreateEventA(&inheritable, FALSE, FALSE, NULL);
    middle = Start("middle", event, go, NULL);
    Ends(middle, 7);
    CHECK_EQUAL(WaitForSingleObject(event, INFINITE), WAIT_OBJECT_0);
    CHECK(CloseHandle(event) && CloseHandle(go));
    return 0;
}
