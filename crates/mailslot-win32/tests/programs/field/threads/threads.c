// threads.c : the two ends of a mailslot in one process.

#include <windows.h>
#include <tchar.h>
#include <stdio.h>

#define MESSAGES 3

HANDLE g_hSlot = INVALID_HANDLE_VALUE;
HANDLE g_hTaken = NULL;

DWORD WINAPI ReaderThread(LPVOID lpParam)
{
    DWORD cbNext, cMessages, cbRead;
    TCHAR szText[64];

    for (;;)
    {
        if (!GetMailslotInfo(g_hSlot, NULL, &cbNext, &cMessages, NULL))
        {
            DWORD dwError = GetLastError();
            _tprintf(_T("reader: GetMailslotInfo failed with %d\n"), (int)dwError);
            return dwError;
        }
        if (cbNext == MAILSLOT_NO_MESSAGE)
        {
            Sleep(10);
            continue;
        }
        if (ReadFile(g_hSlot, szText, cbNext, &cbRead, NULL))
        {
            _tprintf(_T("reader: %s, %d left\n"), szText, (int)cMessages - 1);
            SetEvent(g_hTaken);
        }
    }
}

DWORD WINAPI WriterThread(LPVOID lpParam)
{
    LPCTSTR pszName = (LPCTSTR)lpParam;
    TCHAR szText[64];
    DWORD cbWritten;
    int i;
    HANDLE hFile = CreateFile(pszName, GENERIC_WRITE, FILE_SHARE_READ, NULL, OPEN_EXISTING, FILE_ATTRIBUTE_NORMAL,
                              NULL);

    if (hFile == INVALID_HANDLE_VALUE)
        return GetLastError();
    for (i = 0; i < MESSAGES; i++)
    {
        _stprintf(szText, _T("text no. %d"), i);
        WriteFile(hFile, szText, (DWORD)(_tcslen(szText) + 1) * sizeof(TCHAR), &cbWritten, NULL);
        WaitForSingleObject(g_hTaken, INFINITE);
        _tprintf(_T("writer: it was taken\n"));
    }
    CloseHandle(hFile);
    CloseHandle(g_hSlot);
    return 0;
}

int _tmain()
{
    static TCHAR szName[] = _T("\\\\.\\mailslot\\field-threads");
    HANDLE hThreads[2];
    DWORD dwIds[2], dwCodes[2];
    int i;

    g_hSlot = CreateMailslot(szName, 0, 0, NULL);
    if (g_hSlot == INVALID_HANDLE_VALUE)
    {
        _tprintf(_T("no slot\n"));
        return 1;
    }
    g_hTaken = CreateEvent(NULL, FALSE, FALSE, NULL);
    hThreads[0] = CreateThread(NULL, 0, ReaderThread, NULL, 0, &dwIds[0]);
    hThreads[1] = CreateThread(NULL, 0, WriterThread, szName, 0, &dwIds[1]);
    if (hThreads[0] == NULL || hThreads[1] == NULL)
    {
        _tprintf(_T("no thread\n"));
        return 1;
    }
    WaitForMultipleObjects(2, hThreads, TRUE, INFINITE);
    for (i = 0; i < 2; i++)
    {
        GetExitCodeThread(hThreads[i], &dwCodes[i]);
        CloseHandle(hThreads[i]);
    }
    CloseHandle(g_hTaken);
    _tprintf(_T("reader ended with %d, writer with %d\n"), (int)dwCodes[0], (int)dwCodes[1]);
}
