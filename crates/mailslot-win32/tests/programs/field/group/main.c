/* main.c: starts the reader process, and writes to its slot from two threads */
#include <windows.h>
#include <process.h>
#include <tchar.h>
#include <stdio.h>
#include "records.h"

HANDLE hReady, hFull, hDone, hPlaces, hTurn[2];

unsigned __stdcall Writer(void *pArgument)
{
    int number = (int)(INT_PTR)pArgument, i;
    TCHAR record[RECORD_LENGTH];
    DWORD written;
    HANDLE hSlot = CreateFile(SLOT_NAME, GENERIC_WRITE, FILE_SHARE_READ | FILE_SHARE_WRITE, NULL, OPEN_EXISTING, 0,
                              NULL);

    if (hSlot == INVALID_HANDLE_VALUE)
        _endthreadex(GetLastError());
    for (i = 0; i < 3; i++)
    {
        /* in turn, and only as many as there is room for */
        WaitForSingleObject(hTurn[number], INFINITE);
        WaitForSingleObject(hPlaces, INFINITE);
        ZeroMemory(record, sizeof(record));
        _stprintf(record, _T("writer %d, no. %d"), number, i);
        WriteFile(hSlot, record, sizeof(record), &written, NULL);
        SetEvent(hFull);
        SetEvent(hTurn[1 - number]);
    }
    CloseHandle(hSlot);
    return number + 10;
}

int _tmain(int argc, TCHAR *argv[])
{
    STARTUPINFO si;
    PROCESS_INFORMATION pi;
    TCHAR commandLine[MAX_PATH] = _T("reader.exe 6");
    HANDLE hThreads[2], hConsole;
    DWORD code;
    unsigned id;
    int i;

    SetConsoleTitle(_T("Writers"));
    hConsole = GetStdHandle(STD_OUTPUT_HANDLE);
    hReady = CreateEvent(NULL, TRUE, FALSE, READY_EVENT);
    hFull = CreateEvent(NULL, FALSE, FALSE, FULL_EVENT);
    hDone = CreateEvent(NULL, FALSE, FALSE, DONE_EVENT);
    hPlaces = CreateSemaphore(NULL, 2, 2, SEMAPHORE);
    hTurn[0] = CreateEvent(NULL, FALSE, TRUE, NULL);
    hTurn[1] = CreateEvent(NULL, FALSE, FALSE, NULL);
    if (!hReady || !hFull || !hDone || !hPlaces || GetLastError() == ERROR_ALREADY_EXISTS)
    {
        _tprintf(_T("The objects cannot be made: %lu\n"), GetLastError());
        return 1;
    }

    ZeroMemory(&si, sizeof(STARTUPINFO));
    si.cb = sizeof(STARTUPINFO);
    if (!CreateProcess(NULL, commandLine, NULL, NULL, FALSE, 0, NULL, NULL, &si, &pi))
    {
        _tprintf(_T("The reader does not start: %lu\n"), GetLastError());
        return 1;
    }
    WaitForSingleObject(hReady, INFINITE);
    SetConsoleTextAttribute(hConsole, GREEN);
    _tprintf(_T("The slot is there\n"));

    for (i = 0; i < 2; i++)
        hThreads[i] = (HANDLE)_beginthreadex(NULL, 0, Writer, (void *)(INT_PTR)i, 0, &id);
    WaitForMultipleObjects(2, hThreads, 1, INFINITE);
    WaitForSingleObject(hDone, INFINITE);
    WaitForSingleObject(pi.hProcess, INFINITE);
    for (i = 0; i < 2; i++)
    {
        GetExitCodeThread(hThreads[i], &code);
        _tprintf(_T("Writer %d ended with %d\n"), i, (int)code);
        CloseHandle(hThreads[i]);
        CloseHandle(hTurn[i]);
    }
    GetExitCodeProcess(pi.hProcess, &code);
    _tprintf(_T("The reader ended with %d\n"), (int)code);
    SetConsoleTextAttribute(hConsole, GREY);

    CloseHandle(pi.hThread);
    CloseHandle(pi.hProcess);
    CloseHandle(hReady);
    CloseHandle(hFull);
    CloseHandle(hDone);
    CloseHandle(hPlaces);
    return 0;
}
