/*
 *  CLIENT.C
 */
#include <windows.h>
#include <stdio.h>
#include <string.h>

void main(int argc, char *argv[])
{
    HANDLE h;
    DWORD  cb;
    int    i;

    h = CreateFile("\\\\.\\mailslot\\field-stop", GENERIC_WRITE, FILE_SHARE_READ, NULL, OPEN_EXISTING, 0, NULL);
    if (h == INVALID_HANDLE_VALUE) {
        printf("no server\n");
        return;
    }
    for (i = 1; i < argc; i++)
        if (WriteFile(h, argv[i], strlen(argv[i]), &cb, NULL))
            printf("%s: %ld bytes\n", argv[i], cb);
    CloseHandle(h);
}
