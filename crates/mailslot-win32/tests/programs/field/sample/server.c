#include <windows.h>
#include <tchar.h>
#include <stdio.h>
#include <strsafe.h>

HANDLE hSlot;
LPCTSTR SlotName = TEXT("\\\\.\\mailslot\\field-sample");
BOOL bStop = FALSE;

BOOL ReadSlot()
{
    DWORD cbMessage, cMessage, cbRead;
    BOOL fResult;
    LPTSTR lpszBuffer;
    TCHAR achID[80];
    DWORD cAllMessages;
    HANDLE hEvent;
    OVERLAPPED ov;

    cbMessage = cMessage = cbRead = 0;

    hEvent = CreateEvent(NULL, FALSE, FALSE, TEXT("FieldSampleSlot"));
    if (NULL == hEvent)
        return FALSE;
    ov.Offset = 0;
    ov.OffsetHigh = 0;
    ov.hEvent = hEvent;

    fResult = GetMailslotInfo(hSlot, (LPDWORD)NULL, &cbMessage, &cMessage, (LPDWORD)NULL);
    if (!fResult) {
        printf("GetMailslotInfo failed with %d.\n", (int)GetLastError());
        CloseHandle(hEvent);
        return FALSE;
    }

    cAllMessages = cMessage;

    while (cMessage != 0) {
        StringCchPrintf((LPTSTR)achID, 80, TEXT("\n(%d of %d)\n"), (int)(cAllMessages - cMessage + 1),
                        (int)cAllMessages);

        lpszBuffer = (LPTSTR)GlobalAlloc(GPTR, lstrlen((LPTSTR)achID) * sizeof(TCHAR) + cbMessage);
        if (NULL == lpszBuffer)
            return FALSE;
        lpszBuffer[0] = '\0';

        fResult = ReadFile(hSlot, lpszBuffer, cbMessage, &cbRead, &ov);
        if (!fResult) {
            printf("ReadFile failed with %d.\n", (int)GetLastError());
            GlobalFree((HGLOBAL)lpszBuffer);
            CloseHandle(hEvent);
            return FALSE;
        }

        if (lstrcmp(lpszBuffer, TEXT("stop")) == 0)
            bStop = TRUE;
        StringCbCat(lpszBuffer, lstrlen((LPTSTR)achID) * sizeof(TCHAR) + cbMessage, (LPTSTR)achID);
        _tprintf(TEXT("In the mailslot: %s\n"), lpszBuffer);
        GlobalFree((HGLOBAL)lpszBuffer);

        fResult = GetMailslotInfo(hSlot, (LPDWORD)NULL, &cbMessage, &cMessage, (LPDWORD)NULL);
        if (!fResult) {
            printf("GetMailslotInfo failed (%d)\n", (int)GetLastError());
            CloseHandle(hEvent);
            return FALSE;
        }
    }
    CloseHandle(hEvent);
    return TRUE;
}

BOOL WINAPI MakeSlot(LPCTSTR lpszSlotName)
{
    hSlot = CreateMailslot(lpszSlotName, 0, MAILSLOT_WAIT_FOREVER, (LPSECURITY_ATTRIBUTES)NULL);
    if (hSlot == INVALID_HANDLE_VALUE) {
        printf("CreateMailslot failed with %d\n", (int)GetLastError());
        return FALSE;
    }
    printf("The slot is there. Enter looks into it ");
    return TRUE;
}

int main()
{
    if (!MakeSlot(SlotName))
        return 1;
    getchar();
    while (!bStop) {
        if (!ReadSlot())
            return 2;
        Sleep(20);
    }
    CloseHandle(hSlot);
    return 0;
}
