/* Section 4: handles that children inherit by fork and exec, and those that they do not. */
#include "check.h"
#include <sys/wait.h>
#include <unistd.h>

#define SLOT PREFIX "forking"

static char self[MAX_PATH];

/* Starts this program again by plain fork and exec, and returns its exit code. */
static int Exec(HANDLE handle, const char *task)
{
    int status;
    pid_t child = fork();
    CHECK(child >= 0);
    if (child == 0) {
        char value[32];
        sprintf(value, "%lu", (unsigned long)(ULONG_PTR)handle);
        execl(self, self, value, task, (char *)NULL);
        _exit(99);
    }
    CHECK(waitpid(child, &status, 0) == child && WIFEXITED(status));
    return WEXITSTATUS(status);
}

/* The same with CreateProcess. */
static int Start(HANDLE handle, const char *task, BOOL inherit)
{
    STARTUPINFOA startup;
    PROCESS_INFORMATION process;
    char command[MAX_PATH + 64];
    DWORD code;
    memset(&startup, 0, sizeof(startup));
    startup.cb = sizeof(startup);
    sprintf(command, "\"%s\" %lu \"%s\"", self, (unsigned long)(ULONG_PTR)handle, task);
    CHECK(CreateProcessA(NULL, command, NULL, NULL, inherit, 0, NULL, NULL, &startup, &process));
    CHECK(process.dwProcessId != 0);
    CHECK_EQUAL(WaitForSingleObject(process.hProcess, INFINITE), WAIT_OBJECT_0);
    CHECK(GetExitCodeProcess(process.hProcess, &code));
    CHECK(CloseHandle(process.hProcess) && CloseHandle(process.hThread));
    return (int)code;
}

static int Child(HANDLE handle, const char *task)
{
    char buffer[64];
    DWORD size, flags;
    if (strcmp(task, "read") == 0)
        return ReadFile(handle, buffer, sizeof(buffer), &size, NULL) && size == 5 ? 7 : (int)GetLastError();
    if (strcmp(task, "write") == 0)
        return WriteFile(handle, "child", 5, &size, NULL) ? 7 : (int)GetLastError();
    if (strcmp(task, "flags") == 0)
        return GetHandleInformation(handle, &flags) ? (int)flags + 10 : (int)GetLastError();
    if (strcmp(task, "new") == 0) {
        /* A handle made before the inherited one is used must not take its value. */
        HANDLE event = CreateEventA(NULL, TRUE, FALSE, NULL);
        return event != handle && GetMailslotInfo(handle, NULL, NULL, NULL, NULL) ? 7 : 8;
    }
    if (strcmp(task, "hang") == 0)
        Sleep(INFINITE);
    if (strcmp(task, "close") == 0)
        /* Closing the child's copy must leave nothing that keeps the slot alive; the parent checks that. */
        return CloseHandle(handle) ? 7 : 8;
    if (strcmp(task, "grandchild") == 0)
        return Exec(handle, "read");
    return 98;
}

static DWORD WINAPI Hold(LPVOID parameter)
{
    HANDLE *objects = (HANDLE *)parameter;
    CHECK_EQUAL(WaitForSingleObject(objects[0], INFINITE), WAIT_OBJECT_0);
    CHECK(SetEvent(objects[1]));
    CHECK_EQUAL(WaitForSingleObject(objects[2], INFINITE), WAIT_OBJECT_0);
    return !ReleaseMutex(objects[0]);
}

/* In a child, a mutex without a name is a separate one. Its holder in the parent does not exist there, and has
 * abandoned it. */
static void Mutexes(void)
{
    enum { FREE, ONCE, TWICE, OTHER, STATES };
    int state, status;
    DWORD code = 77;

    for (state = FREE; state < STATES; state++) {
        HANDLE objects[3], mutex, thread = NULL;
        pid_t child;
        objects[0] = mutex = CreateMutexA(NULL, state == ONCE || state == TWICE, NULL);
        objects[1] = CreateEventA(NULL, FALSE, FALSE, NULL);
        objects[2] = CreateEventA(NULL, FALSE, FALSE, NULL);
        if (state == TWICE)
            CHECK_EQUAL(WaitForSingleObject(mutex, 0), WAIT_OBJECT_0);
        if (state == OTHER) {
            thread = CreateThread(NULL, 0, Hold, objects, 0, NULL);
            CHECK_EQUAL(WaitForSingleObject(objects[1], INFINITE), WAIT_OBJECT_0);
        }
        child = fork();
        CHECK(child >= 0);
        if (child == 0) {
            DWORD first = state == FREE ? WAIT_OBJECT_0 : WAIT_ABANDONED;
            if (ReleaseMutex(mutex) || GetLastError() != ERROR_NOT_OWNER)
                _exit(1);
            if (WaitForSingleObject(mutex, 0) != first || WaitForSingleObject(mutex, 0) != WAIT_OBJECT_0)
                _exit(2);
            if (!ReleaseMutex(mutex) || !ReleaseMutex(mutex) || ReleaseMutex(mutex))
                _exit(3);
            /* A child of the child has its own in turn. */
            if (WaitForSingleObject(mutex, 0) != WAIT_OBJECT_0)
                _exit(4);
            child = fork();
            if (child == 0)
                _exit(WaitForSingleObject(mutex, 0) == WAIT_ABANDONED ? 7 : 5);
            if (waitpid(child, &status, 0) != child)
                _exit(6);
            _exit(ReleaseMutex(mutex) ? WEXITSTATUS(status) : 6);
        }
        CHECK(waitpid(child, &status, 0) == child && WIFEXITED(status));
        CHECK_EQUAL(WEXITSTATUS(status), 7);
        /* The parent is not affected. */
        if (state == ONCE || state == TWICE)
            CHECK(ReleaseMutex(mutex));
        if (state == TWICE)
            CHECK(ReleaseMutex(mutex));
        if (state == OTHER) {
            CHECK_EQUAL(WaitForSingleObject(mutex, 0), WAIT_TIMEOUT);
            CHECK(SetEvent(objects[2]));
            CHECK_EQUAL(WaitForSingleObject(thread, INFINITE), WAIT_OBJECT_0);
            CHECK(GetExitCodeThread(thread, &code) && code == 0);
            CHECK(CloseHandle(thread));
        }
        CHECK_EQUAL(WaitForSingleObject(mutex, 0), WAIT_OBJECT_0);
        CHECK(ReleaseMutex(mutex));
        CHECK(CloseHandle(objects[0]) && CloseHandle(objects[1]) && CloseHandle(objects[2]));
    }
}

int main(int argc, char **argv)
{
    SECURITY_ATTRIBUTES inherited = {sizeof(SECURITY_ATTRIBUTES), NULL, TRUE};
    STARTUPINFOA startup;
    PROCESS_INFORMATION process;
    HANDLE slot, file, private;
    char command[MAX_PATH + 64];
    DWORD code, size;
    int status;
    pid_t child;

    CHECK(GetModuleFileNameA(NULL, self, sizeof(self)) > 0);
    if (argc > 2)
        return Child((HANDLE)(ULONG_PTR)strtoul(argv[1], NULL, 10), argv[2]);

    slot = CreateMailslotA(SLOT, 0, 0, &inherited);
    CHECK(slot != INVALID_HANDLE_VALUE);
    file = CreateFileA(SLOT, GENERIC_WRITE, 3, &inherited, OPEN_EXISTING, 0, NULL);
    CHECK(file != INVALID_HANDLE_VALUE);
    private = Create(PREFIX "private", 0);

    Write(file, "first");
    Write(file, "secnd");
    Write(file, "third");
    CHECK_EQUAL(Exec(slot, "read"), 7);
    CHECK_EQUAL(Start(slot, "read", TRUE), 7);
    CHECK_EQUAL(Exec(slot, "grandchild"), 7);
    CHECK_EQUAL(Count(slot), 0);
    CHECK_EQUAL(Exec(slot, "flags"), HANDLE_FLAG_INHERIT + 10);
    CHECK_EQUAL(Exec(slot, "new"), 7);
    CHECK_EQUAL(Exec(slot, "close"), 7);
    CHECK_EQUAL(Exec(file, "write"), 7);
    Expect(slot, "child");

    /* A handle that is not inheritable is invalid there, and so is every handle if nothing is inherited. */
    CHECK_EQUAL(Exec(private, "flags"), ERROR_INVALID_HANDLE);
    CHECK_EQUAL(Start(private, "flags", TRUE), ERROR_INVALID_HANDLE);
    CHECK_EQUAL(Start(slot, "flags", FALSE), ERROR_INVALID_HANDLE);
    CHECK(SetHandleInformation(slot, HANDLE_FLAG_INHERIT, 0));
    CHECK_EQUAL(Exec(slot, "flags"), ERROR_INVALID_HANDLE);
    CHECK(SetHandleInformation(private, HANDLE_FLAG_INHERIT, HANDLE_FLAG_INHERIT));
    CHECK_EQUAL(Exec(private, "flags"), HANDLE_FLAG_INHERIT + 10);
    CHECK(SetHandleInformation(slot, HANDLE_FLAG_INHERIT, HANDLE_FLAG_INHERIT));

    /* Without exec, all handles are valid, and a pending read of the parent is not the child's. */
    Write(file, "forks");
    child = fork();
    CHECK(child >= 0);
    if (child == 0)
        _exit(Child(slot, "read"));
    CHECK(waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 7);
    {
        OVERLAPPED overlapped, own;
        char buffer[64], more[64];
        memset(&overlapped, 0, sizeof(overlapped));
        CHECK(SetMailslotInfo(slot, MAILSLOT_WAIT_FOREVER));
        FAILS(ReadFile(slot, buffer, sizeof(buffer), &size, &overlapped), FALSE, ERROR_IO_PENDING);
        child = fork();
        CHECK(child >= 0);
        if (child == 0) {
            /* The parent's thread does not exist here; this process starts its own. */
            HANDLE mine = Create(PREFIX "own", 20);
            memset(&own, 0, sizeof(own));
            if (ReadFile(mine, more, sizeof(more), &size, &own) || GetLastError() != ERROR_IO_PENDING)
                _exit(2);
            if (GetOverlappedResult(mine, &own, &size, TRUE) || GetLastError() != ERROR_SEM_TIMEOUT)
                _exit(3);
            _exit(CancelIoEx(slot, NULL) ? 4 : 7);
        }
        CHECK(waitpid(child, &status, 0) == child && WIFEXITED(status));
        CHECK_EQUAL(WEXITSTATUS(status), 7);
        Write(file, "mine");
        CHECK(GetOverlappedResult(slot, &overlapped, &size, TRUE) && size == 4);
    }

    Mutexes();

    /* A running child is terminated. */
    memset(&startup, 0, sizeof(startup));
    startup.cb = sizeof(startup);
    sprintf(command, "\"%s\" 0 hang", self);
    CHECK(CreateProcessA(self, command, NULL, NULL, FALSE, 0, NULL, NULL, &startup, &process));
    CHECK(GetExitCodeProcess(process.hProcess, &code) && code == STILL_ACTIVE);
    CHECK_EQUAL(WaitForSingleObject(process.hProcess, 10), WAIT_TIMEOUT);
    CHECK(TerminateProcess(process.hProcess, 33));
    CHECK_EQUAL(WaitForSingleObject(process.hProcess, INFINITE), WAIT_OBJECT_0);
    CHECK(GetExitCodeProcess(process.hProcess, &code) && code == 33);
    FAILS(TerminateProcess(process.hProcess, 1), FALSE, ERROR_ACCESS_DENIED);
    CHECK(CloseHandle(process.hProcess) && CloseHandle(process.hThread));
    strcpy(command, "no-such-program-anywhere");
    FAILS(CreateProcessA(NULL, command, NULL, NULL, FALSE, 0, NULL, NULL, &startup, &process), FALSE,
          ERROR_FILE_NOT_FOUND);
    FAILS(CreateProcessA(self, NULL, NULL, NULL, FALSE, CREATE_SUSPENDED, NULL, NULL, &startup, &process), FALSE,
          ERROR_NOT_SUPPORTED);

    /* No child has left anything open: the last handle here is the last of the slot. */
    CHECK(CloseHandle(slot) && CloseHandle(private));
    FAILS(WriteFile(file, "x", 1, &size, NULL), FALSE, ERROR_HANDLE_EOF);
    CHECK(CloseHandle(file));
    return 0;
}
