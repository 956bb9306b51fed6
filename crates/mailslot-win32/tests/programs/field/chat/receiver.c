// receiver.c - shows what the senders type, until one of them types "exit"

#include <windows.h>
#include <tchar.h>
#include <stdio.h>

#define SLOT_NAME   _T("\\\\.\\mailslot\\field-chat")
#define TEXT_LEN    50

int _tmain(int argc, TCHAR *argv[])
{
    HANDLE hSlot;
    TCHAR  szText[TEXT_LEN];
    DWORD  dwRead;

    hSlot = CreateMailslot(SLOT_NAME, TEXT_LEN * sizeof(TCHAR), MAILSLOT_WAIT_FOREVER, NULL);
    if (hSlot == INVALID_HANDLE_VALUE)
    {
        _tprintf(_T("CreateMailslot failed, error %lu\n"), GetLastError());
        return 1;
    }

    _tprintf(_T("Receiver is running\n: "));
    while (ReadFile(hSlot, szText, sizeof(szText), &dwRead, NULL))
    {
        if (_tcsncmp(szText, _T("exit"), 4) == 0)
            break;
        _tprintf(szText);
        _fputts(_T(": "), stdout);
    }

    CloseHandle(hSlot);
    _putts(_T("bye"));
    return 0;
}
