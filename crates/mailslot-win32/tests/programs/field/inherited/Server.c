/* Server.c - reads what parent and child have to say */
#include <windows.h>
#include <tchar.h>
#include <stdio.h>

int _tmain(int argc, LPTSTR argv[])
{
    HANDLE hSlot;
    TCHAR buffer[256];
    DWORD n;

    hSlot = CreateMailslot(TEXT("\\\\.\\mailslot\\field-inherited"), 0, MAILSLOT_WAIT_FOREVER, NULL);
    if (INVALID_HANDLE_VALUE == hSlot) {
        _ftprintf(stderr, TEXT("Unable to create the mailslot\n"));
        return 1;
    }
    _tprintf(TEXT("Mailslot created\n"));
    do {
        if (!ReadFile(hSlot, buffer, sizeof(buffer), &n, NULL)) {
            _ftprintf(stderr, TEXT("Unable to read!\n"));
            return 2;
        }
        buffer[n / sizeof(TCHAR)] = 0;
        _tprintf(TEXT("%s\n"), buffer);
    } while (lstrcmp(buffer, TEXT("The parent is done")) != 0);
    CloseHandle(hSlot);
    return 0;
}
