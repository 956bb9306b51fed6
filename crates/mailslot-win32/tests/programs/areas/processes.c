/* The list of processes, and handles of processes that this one did not start. */
#include "check.h"
#include <tlhelp32.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

/* The process of this number in a list, from its beginning; all numbers in it ascend. */
static BOOL Find(HANDLE snapshot, DWORD id, PROCESSENTRY32 *entry)
{
    BOOL found = FALSE;
    DWORD last = 0;
    PROCESSENTRY32 now;
    BOOL more;
    now.dwSize = sizeof(now);
    for (more = Process32First(snapshot, &now); more; more = Process32Next(snapshot, &now)) {
        CHECK(now.th32ProcessID > last);
        CHECK(now.cntThreads >= 1 && now.szExeFile[MAX_PATH - 1] == '\0');
        last = now.th32ProcessID;
        if (last == id) {
            *entry = now;
            found = TRUE;
        }
    }
    CHECK_EQUAL(GetLastError(), ERROR_NO_MORE_FILES);
    return found;
}

static pid_t Waiting(void)
{
    pid_t child = fork();
    CHECK(child >= 0);
    if (child == 0) {
        pause();
        _exit(1);
    }
    return child;
}

static void Lists(const char *self)
{
    PROCESSENTRY32 entry;
    PROCESSENTRY32W wide;
    const char *name = strrchr(self, '/') ? strrchr(self, '/') + 1 : self;
    HANDLE before = CreateToolhelp32Snapshot(TH32CS_SNAPPROCESS, 0), after;
    pid_t child = Waiting();
    int i;

    CHECK(before != INVALID_HANDLE_VALUE);
    after = CreateToolhelp32Snapshot(TH32CS_SNAPALL, 0);
    CHECK(!Find(before, (DWORD)child, &entry));
    CHECK(Find(after, (DWORD)child, &entry));
    CHECK_EQUAL(entry.th32ParentProcessID, GetCurrentProcessId());
    CHECK_EQUAL(entry.cntThreads, 1);
    CHECK(Find(after, GetCurrentProcessId(), &entry));
    CHECK_EQUAL(entry.th32ParentProcessID, getppid());
    CHECK_EQUAL(entry.pcPriClassBase == 8, nice(0) == 0);
    CHECK(strcmp(entry.szExeFile, name) == 0);

    /* The list does not change, and both widths share the position. */
    CHECK_EQUAL(kill(child, SIGKILL), 0);
    CHECK_EQUAL(waitpid(child, NULL, 0), child);
    CHECK(Find(after, (DWORD)child, &entry));
    entry.dwSize = sizeof(entry);
    wide.dwSize = sizeof(wide);
    CHECK(Process32First(after, &entry) && Process32NextW(after, &wide));
    CHECK(wide.th32ProcessID > entry.th32ProcessID);
    CHECK(Process32FirstW(after, &wide));
    CHECK_EQUAL(wide.th32ProcessID, entry.th32ProcessID);
    for (i = 0; i < MAX_PATH && entry.szExeFile[i] != '\0'; i++)
        CHECK((unsigned char)entry.szExeFile[i] >= 128 || wide.szExeFile[i] == (WCHAR)entry.szExeFile[i]);

    entry.dwSize = sizeof(entry) - 1;
    FAILS(Process32First(after, &entry), FALSE, ERROR_BAD_LENGTH);
    wide.dwSize = sizeof(entry);
    FAILS(Process32FirstW(after, &wide), FALSE, ERROR_BAD_LENGTH);
    FAILS(Process32First(after, NULL), FALSE, ERROR_INVALID_PARAMETER);
    FAILS(Process32First(GetCurrentProcess(), &entry), FALSE, ERROR_INVALID_HANDLE);
    FAILS(WaitForSingleObject(after, 0), WAIT_FAILED, ERROR_INVALID_HANDLE);
    FAILS(CreateToolhelp32Snapshot(TH32CS_SNAPTHREAD, 0), INVALID_HANDLE_VALUE, ERROR_CALL_NOT_IMPLEMENTED);
    CHECK(CloseHandle(before) && CloseHandle(after));
}

/* A process that this one did not start, and that its library does not know. Not under valgrind, which lacks the system
 * call. */
static void OpensAnother(void)
{
    pid_t child = Waiting();
    HANDLE process = OpenProcess(SYNCHRONIZE | PROCESS_TERMINATE | PROCESS_QUERY_INFORMATION, FALSE, (DWORD)child);
    DWORD code = 77;
    int status;

    CHECK(process != NULL);
    CHECK_EQUAL(GetProcessId(process), child);
    CHECK_EQUAL(WaitForSingleObject(process, 5), WAIT_TIMEOUT);
    CHECK(GetExitCodeProcess(process, &code) && code == STILL_ACTIVE);
    CHECK(TerminateProcess(process, 3));
    CHECK_EQUAL(WaitForSingleObject(process, INFINITE), WAIT_OBJECT_0);
    CHECK(waitpid(child, &status, 0) == child && WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    FAILS(GetExitCodeProcess(process, &code), FALSE, ERROR_NOT_SUPPORTED);
    CHECK(CloseHandle(process));
    FAILS(OpenProcess(SYNCHRONIZE, FALSE, (DWORD)child), NULL, ERROR_INVALID_PARAMETER);
}

static void Opens(const char *self)
{
    STARTUPINFOA startup = {0};
    PROCESS_INFORMATION started;
    HANDLE process, other;
    DWORD code = 77;
    char command[1024];

    FAILS(OpenProcess(SYNCHRONIZE, FALSE, 0), NULL, ERROR_INVALID_PARAMETER);
    FAILS(OpenProcess(SYNCHRONIZE, FALSE, 0xFFFFFFFF), NULL, ERROR_INVALID_PARAMETER);

    /* A process that this one has started: each handle returns its exit code. */
    startup.cb = sizeof(startup);
    snprintf(command, sizeof(command), "\"%s\" child", self);
    CHECK(CreateProcessA(NULL, command, NULL, NULL, FALSE, 0, NULL, NULL, &startup, &started));
    other = OpenProcess(PROCESS_ALL_ACCESS, FALSE, started.dwProcessId);
    CHECK(other != NULL && other != started.hProcess);
    CHECK(TerminateProcess(other, 42));
    CHECK_EQUAL(WaitForSingleObject(other, INFINITE), WAIT_OBJECT_0);
    CHECK_EQUAL(WaitForSingleObject(started.hProcess, INFINITE), WAIT_OBJECT_0);
    CHECK(GetExitCodeProcess(other, &code) && code == 42);
    CHECK(GetExitCodeProcess(started.hProcess, &code) && code == 42);
    CHECK(CloseHandle(other) && CloseHandle(started.hProcess) && CloseHandle(started.hThread));

    process = OpenProcess(SYNCHRONIZE, FALSE, GetCurrentProcessId());
    CHECK_EQUAL(GetProcessId(process), GetCurrentProcessId());
    CHECK_EQUAL(GetProcessId(GetCurrentProcess()), GetCurrentProcessId());
    CHECK_EQUAL(WaitForSingleObject(process, 0), WAIT_TIMEOUT);
    CHECK(CloseHandle(process));
    FAILS(GetProcessId(process), 0, ERROR_INVALID_HANDLE);
}

int main(int argc, char *argv[])
{
    if (argc > 1) {
        Sleep(INFINITE);
        return 1;
    }
    Lists(argv[0]);
    if (getenv("LD_PRELOAD") == NULL || strstr(getenv("LD_PRELOAD"), "vgpreload") == NULL)
        OpensAnother();
    Opens(argv[0]);
    return 0;
}
