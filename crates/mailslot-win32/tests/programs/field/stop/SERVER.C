/*
 *  SERVER.C
 *
 *  A mailslot server whose reader sits in ReadFile for ever.
 *  To get it out of there main() sends the word STOP to the server's own slot.
 */
#include <windows.h>
#include <stdio.h>
#include <conio.h>
#include <string.h>

#define NAME "\\\\.\\mailslot\\field-stop"

HANDLE hSlot;

DWORD WINAPI Reader(LPVOID unused)
{
    char  buffer[200];
    DWORD cb;
    int   n = 0;

    while (ReadFile(hSlot, buffer, sizeof buffer - 1, &cb, NULL)) {
        buffer[cb] = 0;
        if (!strcmp(buffer, "STOP"))
            break;
        printf("%d. %s\r\n", ++n, buffer);
    }
    printf("reader is out\r\n");
    return n;
}

void main(void)
{
    HANDLE hThread, hOwn;
    DWORD  id, cb, count;

    hSlot = CreateMailslot(NAME, 0, MAILSLOT_WAIT_FOREVER, NULL);
    if (hSlot == INVALID_HANDLE_VALUE) {
        printf("CreateMailslot: error %ld\n", GetLastError());
        return;
    }
    hThread = CreateThread(NULL, 0, Reader, NULL, 0, &id);
    printf("Any key stops the server\n");
    while (!_kbhit())
        Sleep(20);
    printf("key %c\n", _getch());

    hOwn = CreateFile(NAME, GENERIC_WRITE, FILE_SHARE_READ, NULL, OPEN_EXISTING, 0, NULL);
    WriteFile(hOwn, "STOP", 4, &cb, NULL);
    CloseHandle(hOwn);
    if (WaitForSingleObject(hThread, 10000) == WAIT_OBJECT_0) {
        GetExitCodeThread(hThread, &count);
        printf("%ld messages\n", count);
    }
    CloseHandle(hThread);
    CloseHandle(hSlot);
}
