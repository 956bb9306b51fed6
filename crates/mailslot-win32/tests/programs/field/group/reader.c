/* reader.c: makes the slot and reads records from it */
#include <windows.h>
#include <tchar.h>
#include <stdio.h>
#include "records.h"

int _tmain(int argc, TCHAR *argv[])
{
    HANDLE hSlot, hConsole, hReady, hFull, hDone, hPlaces, both[2];
    TCHAR record[RECORD_LENGTH];
    DWORD count, read;
    LONG places;
    int i, wanted = argc > 1 ? _ttoi(argv[1]) : 1;

    hConsole = GetStdHandle(STD_OUTPUT_HANDLE);
    hReady = OpenEvent(EVENT_MODIFY_STATE | SYNCHRONIZE, FALSE, READY_EVENT);
    hFull = OpenEvent(EVENT_ALL_ACCESS, FALSE, FULL_EVENT);
    hDone = OpenEvent(EVENT_ALL_ACCESS, FALSE, DONE_EVENT);
    hPlaces = OpenSemaphore(SEMAPHORE_ALL_ACCESS, FALSE, SEMAPHORE);
    if (!hReady || !hFull || !hDone || !hPlaces)
    {
        _tprintf(_T("Start main, not me\n"));
        return 1;
    }
    hSlot = CreateMailslot(SLOT_NAME, sizeof(record), MAILSLOT_WAIT_FOREVER, NULL);
    if (hSlot == INVALID_HANDLE_VALUE)
    {
        _tprintf(_T("No slot: %lu\n"), GetLastError());
        return 1;
    }
    SetEvent(hReady);

    both[0] = hReady;
    both[1] = hFull;
    for (i = 0; i < wanted;)
    {
        WaitForMultipleObjects(2, both, 1, INFINITE);
        for (GetMailslotInfo(hSlot, NULL, NULL, &count, NULL); count > 0; count--, i++)
        {
            ReadFile(hSlot, record, sizeof(record), &read, NULL);
            SetConsoleTextAttribute(hConsole, i % 2 ? BLUE : GREEN);
            _tprintf(_T("%-20s|%3d\n"), record, (int)(read / sizeof(TCHAR)));
            ReleaseSemaphore(hPlaces, 1, &places);
        }
    }
    SetConsoleTextAttribute(hConsole, GREY);
    CloseHandle(hSlot);
    SetEvent(hDone);
    return 42;
}
