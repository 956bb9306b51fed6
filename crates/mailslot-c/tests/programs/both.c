/* Both libraries in one process: each reads what the other writes, in both processes of a fork. */
#include <windows.h>
#include <sys/wait.h>
#include <unistd.h>
#include "check.h"

static void from_win32_to_own(void)
{
    mailslot *slot;
    mailslot_origin origin = MAILSLOT_ORIGIN_INIT;
    char name[64], path[80], buffer[16];
    size_t size;
    DWORD written;
    HANDLE file;
    sprintf(name, "both-%d", (int)getpid());
    sprintf(path, "\\\\.\\mailslot\\%s", name);
    CHECK_EQUAL(mailslot_create(name, NULL, &slot), MAILSLOT_OK);
    file = CreateFileA(path, GENERIC_WRITE, FILE_SHARE_READ, NULL, OPEN_EXISTING, FILE_ATTRIBUTE_NORMAL, NULL);
    CHECK(file != INVALID_HANDLE_VALUE);
    CHECK(WriteFile(file, "hello", 5, &written, NULL) && written == 5);
    CHECK_EQUAL(mailslot_read(slot, buffer, sizeof(buffer), &size, &origin), MAILSLOT_OK);
    CHECK(size == 5 && memcmp(buffer, "hello", 5) == 0 && origin.pid == (uint32_t)getpid());
    CHECK(CreateMailslotA(path, 0, 0, NULL) == INVALID_HANDLE_VALUE && GetLastError() == ERROR_ALREADY_EXISTS);
    mailslot_close(slot);
    CHECK(!WriteFile(file, "x", 1, &written, NULL));
    CHECK(CloseHandle(file));
}

static void from_own_to_win32(void)
{
    mailslot_writer *writer;
    char name[64], path[80], buffer[16];
    DWORD size;
    HANDLE slot;
    sprintf(name, "both-%d", (int)getpid());
    sprintf(path, "\\\\.\\mailslot\\%s", name);
    slot = CreateMailslotA(path, 0, MAILSLOT_WAIT_FOREVER, NULL);
    CHECK(slot != INVALID_HANDLE_VALUE);
    CHECK_EQUAL(mailslot_open(name, &writer), MAILSLOT_OK);
    CHECK_EQUAL(mailslot_write(writer, "hello", 5), MAILSLOT_OK);
    CHECK(ReadFile(slot, buffer, sizeof(buffer), &size, NULL) && size == 5 && memcmp(buffer, "hello", 5) == 0);
    CHECK(CloseHandle(slot));
    CHECK_EQUAL(mailslot_write(writer, "x", 1), MAILSLOT_CLOSED);
    mailslot_close_writer(writer);
}

int main(void)
{
    int status, round;
    pid_t child;
    for (round = 0; round < 3; round++) {
        from_win32_to_own();
        from_own_to_win32();
    }
    child = fork();
    CHECK(child >= 0);
    from_own_to_win32();
    from_win32_to_own();
    if (child != 0)
        CHECK(waitpid(child, &status, 0) == child && status == 0);
    return 0;
}
