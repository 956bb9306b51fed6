/* Forked children share objects, other users do not. Needs POSIX. */
#include "check.h"
#include <dirent.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define OTHER 5002

static void Ends(pid_t child)
{
    int status;
    CHECK(waitpid(child, &status, 0) == child);
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

static void Fork(void)
{
    HANDLE mutex = CreateMutexA(NULL, TRUE, "areas sharing"),
        event = CreateEventA(NULL, FALSE, FALSE, "areas sharing e");
    HANDLE other;
    pid_t child = fork();
    if (child == 0) {
        FAILS(ReleaseMutex(mutex), FALSE, ERROR_NOT_OWNER);
        CHECK_EQUAL(WaitForSingleObject(mutex, 0), WAIT_TIMEOUT);
        CHECK(SetEvent(event));
        CHECK_EQUAL(WaitForSingleObject(mutex, INFINITE), WAIT_OBJECT_0);
        CHECK(SetEvent(event));
        CHECK((other = OpenMutexA(SYNCHRONIZE, FALSE, "areas sharing")) != NULL);
        _exit(0);
    }
    CHECK_EQUAL(WaitForSingleObject(event, INFINITE), WAIT_OBJECT_0);
    CHECK(ReleaseMutex(mutex));
    CHECK_EQUAL(WaitForSingleObject(event, INFINITE), WAIT_OBJECT_0);
    CHECK_EQUAL(WaitForSingleObject(mutex, INFINITE), WAIT_ABANDONED);
    CHECK(ReleaseMutex(mutex) && CloseHandle(mutex) && CloseHandle(event));
    Ends(child);
}

/* Takes the name of the superuser's directory first. */
static void Squat(void)
{
    char path[300];
    pid_t child = fork();
    if (child == 0) {
        CHECK(setgid(OTHER) == 0 && setuid(OTHER) == 0);
        sprintf(path, "%s/mailslot.0", getenv("MAILSLOT_ROOT"));
        CHECK(mkdir(path, 0777) == 0 && chmod(path, 0777) == 0);
        strcat(path, "/objects");
        CHECK(mkdir(path, 0777) == 0 && chmod(path, 0777) == 0);
        _exit(0);
    }
    Ends(child);
}

static void NothingIsInTheTrap(void)
{
    char path[300];
    struct dirent *entry;
    DIR *trap;
    sprintf(path, "%s/mailslot.0/objects", getenv("MAILSLOT_ROOT"));
    CHECK((trap = opendir(path)) != NULL);
    while ((entry = readdir(trap)) != NULL)
        CHECK(entry->d_name[0] == '.');
    closedir(trap);
}

static void OtherUsers(void)
{
    HANDLE event = CreateEventA(NULL, TRUE, TRUE, "areas users");
    pid_t child = fork();
    if (child == 0) {
        CHECK(setgid(OTHER) == 0 && setuid(OTHER) == 0);
        FAILS(OpenEventA(SYNCHRONIZE, FALSE, "areas users"), NULL, ERROR_FILE_NOT_FOUND);
        CHECK((event = CreateEventA(NULL, TRUE, FALSE, "areas users")) != NULL);
        CHECK_EQUAL(GetLastError(), ERROR_SUCCESS);
        CHECK_EQUAL(WaitForSingleObject(event, 0), WAIT_TIMEOUT);
        CHECK(CloseHandle(event));
        _exit(0);
    }
    Ends(child);
    CHECK(CloseHandle(event));
}

int main(void)
{
    if (getuid() == 0) {
        Squat();
        OtherUsers();
        NothingIsInTheTrap();
    }
    Fork();
    return 0;
}
