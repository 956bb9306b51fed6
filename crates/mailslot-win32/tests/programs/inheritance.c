/* (f) A server whose child process inherits the handle and reads. */
#include <windows.h>
#include <stdio.h>
#include <stdlib.h>

#define SLOT "\\\\.\\mailslot\\inherited"

static int Child(const char *value)
{
    HANDLE slot = (HANDLE)(ULONG_PTR)strtoul(value, NULL, 10);
    char message[64];
    DWORD size, max, flags;
    if (!GetMailslotInfo(slot, &max, NULL, NULL, NULL) || !GetHandleInformation(slot, &flags)) {
        printf("child: GetMailslotInfo failed: %d\n", (int)GetLastError());
        return 1;
    }
    printf("child: the slot takes %d bytes, the handle is %sinheritable\n", (int)max,
           flags & HANDLE_FLAG_INHERIT ? "" : "not ");
    while (ReadFile(slot, message, sizeof(message), &size, NULL)) {
        printf("child: %s\n", message);
        if (message[0] == 'e')
            return 42;
    }
    printf("child: ReadFile failed: %d\n", (int)GetLastError());
    return 1;
}

int main(int argc, char **argv)
{
    SECURITY_ATTRIBUTES attributes;
    STARTUPINFOA startup;
    PROCESS_INFORMATION process;
    char path[MAX_PATH], command[MAX_PATH + 64];
    DWORD written, code;
    HANDLE slot, file;

    if (argc > 1)
        return Child(argv[1]);

    attributes.nLength = sizeof(attributes);
    attributes.lpSecurityDescriptor = NULL;
    attributes.bInheritHandle = TRUE;
    slot = CreateMailslotA(SLOT, 64, MAILSLOT_WAIT_FOREVER, &attributes);
    file = CreateFileA(SLOT, GENERIC_WRITE, FILE_SHARE_READ, NULL, OPEN_EXISTING, FILE_ATTRIBUTE_NORMAL, NULL);
    if (slot == INVALID_HANDLE_VALUE || file == INVALID_HANDLE_VALUE) {
        printf("parent: error %d\n", (int)GetLastError());
        return 1;
    }
    WriteFile(file, "before", 7, &written, NULL);

    GetModuleFileNameA(NULL, path, MAX_PATH);
    sprintf(command, "\"%s\" %lu", path, (unsigned long)(ULONG_PTR)slot);
    ZeroMemory(&startup, sizeof(startup));
    startup.cb = sizeof(startup);
    if (!CreateProcessA(NULL, command, NULL, NULL, TRUE, 0, NULL, NULL, &startup, &process)) {
        printf("parent: CreateProcess failed: %d\n", (int)GetLastError());
        return 1;
    }
    /* From here on only the child owns the slot. */
    CloseHandle(slot);
    if (!WriteFile(file, "while", 6, &written, NULL) || !WriteFile(file, "end", 4, &written, NULL)) {
        printf("parent: WriteFile failed: %d\n", (int)GetLastError());
        return 1;
    }
    if (WaitForSingleObject(process.hProcess, INFINITE) != WAIT_OBJECT_0 ||
        !GetExitCodeProcess(process.hProcess, &code)) {
        printf("parent: waiting failed: %d\n", (int)GetLastError());
        return 1;
    }
    printf("parent: the child returned %d\n", (int)code);
    if (!WriteFile(file, "late", 5, &written, NULL))
        printf("parent: the slot is gone\n");
    CloseHandle(process.hThread);
    CloseHandle(process.hProcess);
    CloseHandle(file);
    return 0;
}
