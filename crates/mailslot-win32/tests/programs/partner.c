/* One end of a conversation with the command, for both kinds of text: partner read SLOT COUNT, partner write SLOT
 * TEXT... Messages end with NUL, as with most programs for Windows. */
#include <windows.h>
#include <tchar.h>
#include <stdio.h>
#include <stdlib.h>

int _tmain(int argc, TCHAR **argv)
{
    TCHAR path[100], text[100];
    DWORD size;
    HANDLE end;
    int i;
    if (argc < 4)
        return 2;
    _stprintf(path, _T("\\\\.\\mailslot\\%s"), argv[2]);
    if (_tcscmp(argv[1], _T("write")) == 0) {
        end = CreateFile(path, GENERIC_WRITE, FILE_SHARE_READ, NULL, OPEN_EXISTING, FILE_ATTRIBUTE_NORMAL, NULL);
        if (end == INVALID_HANDLE_VALUE)
            return 3;
        for (i = 3; i < argc; i++)
            if (!WriteFile(end, argv[i], (DWORD)((_tcslen(argv[i]) + 1) * sizeof(TCHAR)), &size, NULL))
                return 4;
    } else {
        end = CreateMailslot(path, 0, MAILSLOT_WAIT_FOREVER, NULL);
        if (end == INVALID_HANDLE_VALUE)
            return 3;
        _tprintf(_T("ready\n"));
        fflush(stdout);
        for (i = _ttoi(argv[3]); i > 0; i--) {
            if (!ReadFile(end, text, sizeof(text), &size, NULL))
                return 4;
            /* Without the NUL this would print what is left of the message before. */
            _tprintf(_T("%d units: %s\n"), (int)(size / sizeof(TCHAR)), text);
        }
    }
    CloseHandle(end);
    return 0;
}
