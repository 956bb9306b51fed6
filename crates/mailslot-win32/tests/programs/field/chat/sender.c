// sender.c - sends what is typed, line by line

#include <windows.h>
#include <tchar.h>
#include <stdio.h>

#define SLOT_NAME   _T("\\\\.\\mailslot\\field-chat")
#define TEXT_LEN    50

int _tmain(int argc, TCHAR *argv[])
{
    HANDLE hFile;
    TCHAR  szLine[TEXT_LEN];
    DWORD  dwWritten;

    hFile = CreateFile(SLOT_NAME, GENERIC_WRITE, FILE_SHARE_READ | FILE_SHARE_WRITE, (LPSECURITY_ATTRIBUTES)NULL,
                       OPEN_EXISTING, FILE_ATTRIBUTE_NORMAL, (HANDLE)NULL);
    if (hFile == INVALID_HANDLE_VALUE)
    {
        _tprintf(_T("No receiver (error %lu)\n"), GetLastError());
        return 1;
    }

    for (;;)
    {
        _tprintf(_T("Say: "));
        if (_fgetts(szLine, TEXT_LEN, stdin) == NULL)
            break;
        if (!WriteFile(hFile, szLine, (DWORD)(_tcslen(szLine) + 1) * sizeof(TCHAR), &dwWritten, NULL))
        {
            _tprintf(_T("The receiver has gone.\n"));
            break;
        }
        _tprintf(_T("%lu characters\n"), dwWritten / (DWORD)sizeof(TCHAR));
    }

    CloseHandle(hFile);
    return 0;
}
