/* Creates a slot, and writes the lines of its input into it. */
#include <windows.h>
#include <stdio.h>
#include <string.h>

#define SLOT "\\\\.\\mailslot\\tapped"

int main(void)
{
    char line[100], read[100];
    DWORD length, written, size;
    HANDLE slot = CreateMailslotA(SLOT, 0, MAILSLOT_WAIT_FOREVER, NULL), file;
    file = CreateFileA(SLOT, GENERIC_WRITE, FILE_SHARE_READ, NULL, OPEN_EXISTING, 0, NULL);
    if (slot == INVALID_HANDLE_VALUE || file == INVALID_HANDLE_VALUE)
        return 1;
    puts("ready");
    fflush(stdout);
    while (fgets(line, sizeof(line), stdin) != NULL) {
        length = (DWORD)strcspn(line, "\n");
        if (!WriteFile(file, line, length, &written, NULL) || written != length)
            return 2;
        if (!ReadFile(slot, read, sizeof(read), &size, NULL) || size != length || memcmp(read, line, size) != 0)
            return 3;
    }
    CloseHandle(file);
    CloseHandle(slot);
    return 0;
}
