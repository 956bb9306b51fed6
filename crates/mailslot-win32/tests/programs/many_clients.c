/* (e) Many clients, each of which opens, writes and closes for every message, and a reader that sleeps between polls.
 *
 * many_clients SLOT read COUNT, or many_clients SLOT write CLIENT COUNT */
#include <windows.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int Write(const char *path, int client, int count)
{
    int i;
    for (i = 0; i < count; i++) {
        char message[64];
        DWORD written;
        HANDLE file = CreateFileA(path, GENERIC_WRITE, FILE_SHARE_READ | FILE_SHARE_WRITE, NULL, OPEN_EXISTING,
                                  FILE_ATTRIBUTE_NORMAL, NULL);
        if (file == INVALID_HANDLE_VALUE) {
            printf("client %d: CreateFile failed: %d\n", client, (int)GetLastError());
            return 1;
        }
        sprintf(message, "%d %d", client, i);
        if (!WriteFile(file, message, (DWORD)strlen(message) + 1, &written, NULL)) {
            printf("client %d: WriteFile failed: %d\n", client, (int)GetLastError());
            return 1;
        }
        CloseHandle(file);
    }
    return 0;
}

static int Read(const char *path, int count)
{
    int got = 0, last[64];
    DWORD start = GetTickCount();
    HANDLE slot = CreateMailslotA(path, 64, 0, NULL);
    if (slot == INVALID_HANDLE_VALUE) {
        printf("CreateMailslot failed: %d\n", (int)GetLastError());
        return 1;
    }
    memset(last, -1, sizeof(last));
    printf("ready\n");
    fflush(stdout);
    while (got < count) {
        DWORD next, messages;
        if (!GetMailslotInfo(slot, NULL, &next, &messages, NULL)) {
            printf("GetMailslotInfo failed: %d\n", (int)GetLastError());
            return 1;
        }
        while (messages-- > 0) {
            char message[64];
            DWORD size;
            int client, number;
            if (!ReadFile(slot, message, sizeof(message), &size, NULL)) {
                printf("ReadFile failed: %d\n", (int)GetLastError());
                return 1;
            }
            if (sscanf(message, "%d %d", &client, &number) != 2 || client < 0 || client >= 64 ||
                number != last[client] + 1) {
                printf("out of order: %s\n", message);
                return 1;
            }
            last[client] = number;
            got++;
        }
        Sleep(20);
    }
    CloseHandle(slot);
    printf("%d messages in order, %s\n", got, GetTickCount() - start < 3600000 ? "in time" : "too late");
    return 0;
}

int main(int argc, char **argv)
{
    char path[MAX_PATH];
    if (argc < 4)
        return 2;
    sprintf(path, "\\\\.\\mailslot\\%.200s", argv[1]);
    if (strcmp(argv[2], "read") == 0)
        return Read(path, atoi(argv[3]));
    return argc < 5 ? 2 : Write(path, atoi(argv[3]), atoi(argv[4]));
}
