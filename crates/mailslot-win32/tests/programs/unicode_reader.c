/* (d) A program for both kinds of text: compiled with UNICODE, its text is wide. */
#ifdef UNICODE
#define _UNICODE
#endif
#include <windows.h>
#include <tchar.h>
#include <stdio.h>
#include <strsafe.h>

static LPCTSTR slotName = TEXT("\\\\.\\mailslot\\Unicode\\Sample");

static void Report(LPCTSTR what)
{
    LPTSTR text = NULL;
    DWORD code = GetLastError();
    FormatMessage(FORMAT_MESSAGE_ALLOCATE_BUFFER | FORMAT_MESSAGE_FROM_SYSTEM | FORMAT_MESSAGE_IGNORE_INSERTS, NULL,
                  code, MAKELANGID(LANG_NEUTRAL, SUBLANG_DEFAULT), (LPTSTR)&text, 0, NULL);
    _tprintf(TEXT("%s: error %d%s\n"), what, (int)code, text == NULL ? TEXT(" without a text") : TEXT(""));
    LocalFree(text);
}

int _tmain(int argc, TCHAR *argv[])
{
    TCHAR buffer[128], line[160];
    DWORD size, next, count;
    size_t length;
    int i;
    HANDLE client, server = CreateMailslot(slotName, 424, 0, NULL);
    if (server == INVALID_HANDLE_VALUE) {
        Report(TEXT("CreateMailslot"));
        return 1;
    }
    if (CreateMailslot(TEXT("\\\\.\\MAILSLOT\\unicode\\SAMPLE"), 0, 0, NULL) == INVALID_HANDLE_VALUE)
        Report(_T("a second CreateMailslot"));
    client = CreateFile(slotName, GENERIC_WRITE, FILE_SHARE_READ, NULL, OPEN_EXISTING, FILE_ATTRIBUTE_NORMAL, NULL);
    if (client == INVALID_HANDLE_VALUE) {
        Report(TEXT("CreateFile"));
        return 1;
    }
    for (i = 1; i < argc; i++) {
        if (FAILED(StringCchPrintf(buffer, 128, TEXT("argument %d is \"%s\""), i, argv[i])))
            return 1;
        StringCchLength(buffer, 128, &length);
        if (!WriteFile(client, buffer, (DWORD)((length + 1) * sizeof(TCHAR)), &size, NULL)) {
            Report(TEXT("WriteFile"));
            return 1;
        }
    }
    CloseHandle(client);
    while (GetMailslotInfo(server, NULL, &next, &count, NULL) && next != MAILSLOT_NO_MESSAGE) {
        if (!ReadFile(server, buffer, sizeof(buffer), &size, NULL)) {
            Report(TEXT("ReadFile"));
            return 1;
        }
        _tcscpy_s(line, 160, TEXT("["));
        _tcscat_s(line, 160, buffer);
        StringCchCat(line, 160, TEXT("]"));
        _tprintf(TEXT("%-40s%3d waiting, %d characters\n"), line, (int)count, (int)_tcslen(buffer));
    }
    if (!ReadFile(server, buffer, sizeof(buffer), &size, NULL))
        Report(TEXT("a read of the empty slot"));
    CloseHandle(server);
    return lstrcmp(buffer, TEXT("")) == 0;
}
