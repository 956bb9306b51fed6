#include <windows.h>
#include <stdio.h>

int main(void)
{
    char buffer[64];
    DWORD size;
    HANDLE slot = CreateMailslotW(L"\\\\.\\mailslot\\example", 0, MAILSLOT_WAIT_FOREVER, NULL);
    HANDLE file = CreateFileW(L"\\\\.\\mailslot\\example", GENERIC_WRITE, FILE_SHARE_READ, NULL, OPEN_EXISTING,
                              FILE_ATTRIBUTE_NORMAL, NULL);
    if (slot == INVALID_HANDLE_VALUE || file == INVALID_HANDLE_VALUE) {
        fprintf(stderr, "error %u\n", (unsigned)GetLastError());
        return 1;
    }
    WriteFile(file, "hello", 6, &size, NULL);
    if (ReadFile(slot, buffer, sizeof(buffer), &size, NULL))
        printf("%u bytes: %s\n", (unsigned)size, buffer);
    CloseHandle(file);
    CloseHandle(slot);
    return 0;
}
