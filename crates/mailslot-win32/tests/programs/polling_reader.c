/* (c) A reader that polls GetMailslotInfo and reads with an OVERLAPPED and an event, as the old samples do. */
#include <windows.h>
#include <stdio.h>

static HANDLE slot;
static const char *slotName = "\\\\.\\mailslot\\sample_mailslot";

static BOOL WriteSlot(const char *message)
{
    BOOL result;
    DWORD written;
    HANDLE file = CreateFile(slotName, GENERIC_WRITE, FILE_SHARE_READ, (LPSECURITY_ATTRIBUTES)NULL, OPEN_EXISTING,
                             FILE_ATTRIBUTE_NORMAL, (HANDLE)NULL);
    if (file == INVALID_HANDLE_VALUE) {
        printf("CreateFile failed with %d.\n", (int)GetLastError());
        return FALSE;
    }
    result = WriteFile(file, message, (DWORD)lstrlen(message) + 1, &written, (LPOVERLAPPED)NULL);
    if (!result)
        printf("WriteFile failed with %d.\n", (int)GetLastError());
    else
        printf("Slot written to successfully.\n");
    CloseHandle(file);
    return result;
}

static BOOL ReadSlot(void)
{
    DWORD cbMessage = 0, cMessage = 0, cbRead = 0, cAllMessages;
    BOOL fResult;
    LPTSTR lpszBuffer;
    TCHAR achID[80];
    OVERLAPPED ov;
    HANDLE hEvent = CreateEvent(NULL, FALSE, FALSE, TEXT("ExampleSlot"));
    if (hEvent == NULL)
        return FALSE;
    ZeroMemory(&ov, sizeof(ov));
    ov.Offset = 0;
    ov.OffsetHigh = 0;
    ov.hEvent = hEvent;

    fResult = GetMailslotInfo(slot, (LPDWORD)NULL, &cbMessage, &cMessage, (LPDWORD)NULL);
    if (!fResult) {
        printf("GetMailslotInfo failed with %d.\n", (int)GetLastError());
        return FALSE;
    }
    if (cbMessage == MAILSLOT_NO_MESSAGE) {
        printf("Waiting for a message...\n");
        CloseHandle(hEvent);
        return TRUE;
    }
    cAllMessages = cMessage;
    while (cMessage != 0) {
        wsprintf(achID, "\nMessage #%d of %d\n", cAllMessages - cMessage + 1, cAllMessages);
        lpszBuffer = (LPTSTR)GlobalAlloc(GPTR, lstrlen(achID) * sizeof(TCHAR) + cbMessage);
        if (lpszBuffer == NULL)
            return FALSE;
        lpszBuffer[0] = '\0';
        fResult = ReadFile(slot, lpszBuffer, cbMessage, &cbRead, &ov);
        if (!fResult) {
            printf("ReadFile failed with %d.\n", (int)GetLastError());
            GlobalFree((HGLOBAL)lpszBuffer);
            return FALSE;
        }
        lstrcat(lpszBuffer, achID);
        printf("Contents of the mailslot: %s\n", lpszBuffer);
        GlobalFree((HGLOBAL)lpszBuffer);
        fResult = GetMailslotInfo(slot, (LPDWORD)NULL, &cbMessage, &cMessage, (LPDWORD)NULL);
        if (!fResult) {
            printf("GetMailslotInfo failed with %d.\n", (int)GetLastError());
            return FALSE;
        }
    }
    CloseHandle(hEvent);
    return TRUE;
}

int main(void)
{
    slot = CreateMailslot(slotName, 0, MAILSLOT_WAIT_FOREVER, (LPSECURITY_ATTRIBUTES)NULL);
    if (slot == INVALID_HANDLE_VALUE) {
        printf("CreateMailslot failed with %d\n", (int)GetLastError());
        return 1;
    }
    printf("Slot created successfully.\n");
    if (!ReadSlot())
        return 1;
    if (!WriteSlot("Message one for mailslot.") || !WriteSlot("Message two for mailslot.") || !ReadSlot())
        return 1;
    Sleep(5);
    if (!WriteSlot("Message three for mailslot.") || !ReadSlot() || !ReadSlot())
        return 1;
    CloseHandle(slot);
    return 0;
}
