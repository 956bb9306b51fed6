/* Handles that another user leaves to a program: usable unless the program has raised privileges. */
#include <windows.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static const char *known(const char *value)
{
    HANDLE handle = (HANDLE)(ULONG_PTR)strtoul(value, NULL, 10);
    DWORD flags;
    return GetHandleInformation(handle, &flags) ? "known" : "unknown";
}

int main(int argc, char **argv)
{
    SECURITY_ATTRIBUTES attributes;
    HANDLE slot, file;
    char values[2][32];

    if (argc < 3)
        return 2;
    if (argc == 4) {
        printf("slot %s, file %s\n", known(argv[2]), known(argv[3]));
        return 0;
    }
    attributes.nLength = sizeof(attributes);
    attributes.lpSecurityDescriptor = NULL;
    attributes.bInheritHandle = TRUE;
    slot = CreateMailslotA(argv[2], 64, MAILSLOT_WAIT_FOREVER, &attributes);
    file = CreateFileA(argv[2], GENERIC_WRITE, FILE_SHARE_READ, &attributes, OPEN_EXISTING, FILE_ATTRIBUTE_NORMAL,
                       NULL);
    if (slot == INVALID_HANDLE_VALUE || file == INVALID_HANDLE_VALUE) {
        printf("caller: error %d\n", (int)GetLastError());
        return 1;
    }
    sprintf(values[0], "%lu", (unsigned long)(ULONG_PTR)slot);
    sprintf(values[1], "%lu", (unsigned long)(ULONG_PTR)file);
    execl(argv[1], argv[1], "child", values[0], values[1], NULL);
    perror(argv[1]);
    return 1;
}
