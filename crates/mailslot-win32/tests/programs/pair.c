/* Writes and reads in one process and thread, and prints nanoseconds per pair: pair [PAIRS [BYTES]]. */
#include <windows.h>
#include <stdio.h>
#include <stdlib.h>

int main(int argc, char **argv)
{
    static char message[65536], buffer[65536];
    unsigned long pairs = argc > 1 ? strtoul(argv[1], NULL, 10) : 1000000;
    DWORD bytes = argc > 2 ? (DWORD)strtoul(argv[2], NULL, 10) : 64;
    unsigned long i;
    DWORD size = 0;
    LARGE_INTEGER begin, end, frequency;
    char path[64];
    HANDLE slot, file;
    if (bytes > sizeof(message))
        return 2;
    sprintf(path, "\\\\.\\mailslot\\pair-%lu", (unsigned long)GetCurrentProcessId());
    slot = CreateMailslotA(path, 0, 0, NULL);
    file = CreateFileA(path, GENERIC_WRITE, FILE_SHARE_READ, NULL, OPEN_EXISTING, FILE_ATTRIBUTE_NORMAL, NULL);
    if (slot == INVALID_HANDLE_VALUE || file == INVALID_HANDLE_VALUE) {
        printf("error %d\n", (int)GetLastError());
        return 1;
    }
    QueryPerformanceCounter(&begin);
    for (i = 0; i < pairs; i++) {
        if (!WriteFile(file, message, bytes, &size, NULL) || !ReadFile(slot, buffer, sizeof(buffer), &size, NULL)) {
            printf("error %d\n", (int)GetLastError());
            return 1;
        }
    }
    QueryPerformanceCounter(&end);
    QueryPerformanceFrequency(&frequency);
    printf("%.1f ns per pair\n",
           (double)(end.QuadPart - begin.QuadPart) * 1e9 / (double)frequency.QuadPart / (double)pairs);
    return !(size == bytes && CloseHandle(file) && CloseHandle(slot));
}
