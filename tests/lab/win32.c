/* Reads a slot, or writes to one, in the words of Win32. What fails is told with its code. */
#include <windows.h>
#include <stdio.h>
#include <string.h>

static int failed(const char *call)
{
    printf("%s: error %lu\n", call, (unsigned long)GetLastError());
    return 1;
}

static int read_until_quit(const char *name)
{
    char message[512];
    DWORD size;
    HANDLE slot = CreateMailslotA(name, 0, MAILSLOT_WAIT_FOREVER, NULL);
    if (slot == INVALID_HANDLE_VALUE)
        return failed("CreateMailslot");
    puts("ready");
    do {
        fflush(stdout);
        if (!ReadFile(slot, message, sizeof message - 1, &size, NULL))
            return failed("ReadFile");
        message[size] = '\0';
        puts(message);
    } while (strcmp(message, "quit") != 0);
    return CloseHandle(slot) ? 0 : failed("CloseHandle");
}

static int write_one(const char *name, const char *message)
{
    DWORD written;
    HANDLE slot = CreateFileA(name, GENERIC_WRITE, FILE_SHARE_READ, NULL, OPEN_EXISTING, FILE_ATTRIBUTE_NORMAL, NULL);
    if (slot == INVALID_HANDLE_VALUE)
        return failed("CreateFile");
    if (!WriteFile(slot, message, (DWORD)strlen(message), &written, NULL))
        return failed("WriteFile");
    printf("%lu bytes written\n", (unsigned long)written);
    return CloseHandle(slot) ? 0 : failed("CloseHandle");
}

int main(int count, char **arguments)
{
    return count == 3 ? write_one(arguments[1], arguments[2]) : read_until_quit(arguments[1]);
}
