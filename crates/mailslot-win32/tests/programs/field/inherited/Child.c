/* Child.c - writes through the handle whose number is in a text file */
#include <windows.h>
#include <tchar.h>
#include <stdio.h>

int _tmain(int argc, LPTSTR argv[])
{
    HANDLE hFile;
    FILE *text;
    DWORD written;
    TCHAR message[80];
    int i;

    text = _tfopen(argv[1], TEXT("r"));
    if (text == NULL) {
        _tperror(argv[1]);
        return 2;
    }
    _ftscanf(text, TEXT("%d"), &hFile);
    fclose(text);

    for (i = 1; i <= 3; i++) {
        wsprintf(message, TEXT("Child: message %d"), i);
        if (!WriteFile(hFile, message, lstrlen(message) * sizeof(TCHAR), &written, NULL)) {
            _ftprintf(stderr, TEXT("Unable to write! (%lu)\n"), GetLastError());
            return 3;
        }
    }
    _tprintf(TEXT("The child has written %d messages\n"), i - 1);
    CloseHandle(hFile);
    return 7;
}
