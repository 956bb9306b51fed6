/* Slots with descriptors, and the users that they admit. As the superuser, tests other users as well. */
#ifndef USERS_H
#define USERS_H

#include "check.h"
#ifdef __linux__
#include <sys/wait.h>
#include <unistd.h>

#define SOMEBODY 54321
#define NOBODY 54322

static HANDLE CreateWith(PSECURITY_DESCRIPTOR descriptor)
{
    SECURITY_ATTRIBUTES attributes;
    attributes.nLength = sizeof(attributes);
    attributes.lpSecurityDescriptor = descriptor;
    attributes.bInheritHandle = FALSE;
    return CreateMailslotA(SLOT, 0, 0, &attributes);
}

/* The result of opening the slot as a user: an error code, or 0 if the user could write. */
static int OpenAsUser(uid_t user)
{
    int status;
    pid_t child = fork();
    CHECK(child >= 0);
    if (child == 0) {
        HANDLE file;
        DWORD written;
        if (setgid(user) != 0 || setuid(user) != 0)
            _exit(200);
        file = CreateFileA(SLOT, GENERIC_WRITE, 3, NULL, OPEN_EXISTING, 0, NULL);
        if (file == INVALID_HANDLE_VALUE)
            _exit((int)GetLastError());
        /* Another user's slot can be written to, but not queried. */
        if (GetMailslotInfo(file, NULL, NULL, NULL, NULL) || GetLastError() != ERROR_ACCESS_DENIED)
            _exit(202);
        _exit(WriteFile(file, "hello", 5, &written, NULL) ? 0 : 201);
    }
    CHECK(waitpid(child, &status, 0) == child && WIFEXITED(status));
    return WEXITSTATUS(status);
}

static void Admits(PSECURITY_DESCRIPTOR descriptor, int somebody, int nobody)
{
    HANDLE slot = CreateWith(descriptor);
    CHECK(slot != INVALID_HANDLE_VALUE);
    if (getuid() == 0) {
        CHECK_EQUAL(OpenAsUser(SOMEBODY), somebody);
        CHECK_EQUAL(OpenAsUser(NOBODY), nobody);
    }
    CHECK(CloseHandle(slot));
}
#endif

#endif
