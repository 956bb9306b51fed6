/* Parent.c - opens the mailslot and lets a child process write to it.
   The handle goes to the child in a text file. */
#include <windows.h>
#include <tchar.h>
#include <stdio.h>

static void Say(HANDLE hFile, LPCTSTR what)
{
    DWORD written;
    if (!WriteFile(hFile, what, (lstrlen(what)) * sizeof(TCHAR), &written, NULL))
        _ftprintf(stderr, TEXT("Unable to write!\n"));
}

int _tmain(int argc, LPTSTR argv[])
{
    SECURITY_ATTRIBUTES sa;
    STARTUPINFO si;
    PROCESS_INFORMATION pi;
    TCHAR commandLine[] = TEXT("Child.exe handle.txt");
    HANDLE hFile;
    FILE *text;
    DWORD code;

    sa.nLength = sizeof(SECURITY_ATTRIBUTES);
    sa.lpSecurityDescriptor = NULL;
    sa.bInheritHandle = TRUE;
    hFile = CreateFile(TEXT("\\\\.\\mailslot\\field-inherited"), GENERIC_WRITE, FILE_SHARE_READ | FILE_SHARE_WRITE,
                       &sa, OPEN_EXISTING, FILE_ATTRIBUTE_NORMAL, NULL);
    if (INVALID_HANDLE_VALUE == hFile) {
        _ftprintf(stderr, TEXT("Unable to open the mailslot\n"));
        return 1;
    }

    text = _tfopen(TEXT("handle.txt"), TEXT("w"));
    if (text == NULL) {
        _tperror(TEXT("handle.txt"));
        return 2;
    }
    _ftprintf(text, TEXT("%d"), (int)(LONG_PTR)hFile);
    fclose(text);

    ZeroMemory(&si, sizeof(si));
    si.cb = sizeof(si);
    if (!CreateProcess(NULL, commandLine, NULL, NULL, TRUE, 0, NULL, NULL, &si, &pi)) {
        _ftprintf(stderr, TEXT("Unable to start the child: %lu\n"), GetLastError());
        return 3;
    }
    CloseHandle(pi.hThread);
    WaitForSingleObject(pi.hProcess, INFINITE);
    GetExitCodeProcess(pi.hProcess, &code);
    CloseHandle(pi.hProcess);
    _tprintf(TEXT("The child returned %lu\n"), code);
    Say(hFile, TEXT("The parent is done"));
    CloseHandle(hFile);
    return 0;
}
