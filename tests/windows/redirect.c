/* What programs do with mailslots of other machines: a call each, and what it returned, for redirect.sh. */
#include <windows.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static HANDLE Open(const char *path, DWORD flags)
{
    HANDLE slot = CreateFileA(path, GENERIC_WRITE, FILE_SHARE_READ, NULL, OPEN_EXISTING, flags, NULL);
    if (slot == INVALID_HANDLE_VALUE) {
        printf("CreateFile %lu\n", GetLastError());
        exit(1);
    }
    return slot;
}

static int Write(HANDLE slot, const void *bytes, DWORD size)
{
    DWORD written = 12345;
    SetLastError(0);
    if (WriteFile(slot, bytes, size, &written, NULL)) {
        printf("wrote %lu\n", written);
        return 0;
    }
    printf("WriteFile %lu, wrote %lu\n", GetLastError(), written);
    return 1;
}

static int WriteText(HANDLE slot, const char *text)
{
    return Write(slot, text, (DWORD)strlen(text));
}

/* Starts this program with other arguments, and returns its code. */
static int Start(const char *arguments, DWORD flags, BOOL inherit)
{
    char program[MAX_PATH], line[2 * MAX_PATH];
    STARTUPINFOA startup;
    PROCESS_INFORMATION process;
    DWORD code, suspended;
    GetModuleFileNameA(NULL, program, MAX_PATH);
    snprintf(line, sizeof(line), "\"%s\" %s", program, arguments);
    ZeroMemory(&startup, sizeof(startup));
    startup.cb = sizeof(startup);
    fflush(stdout);
    if (!CreateProcessA(NULL, line, NULL, NULL, inherit, flags, NULL, NULL, &startup, &process)) {
        printf("CreateProcess %lu\n", GetLastError());
        return 1;
    }
    suspended = ResumeThread(process.hThread);
    WaitForSingleObject(process.hProcess, INFINITE);
    GetExitCodeProcess(process.hProcess, &code);
    printf("suspended %lu times, returned %lu\n", suspended, code);
    return 0;
}

int main(int argc, char **argv)
{
    const char *call = argc > 1 ? argv[1] : "", *path = argc > 2 ? argv[2] : "", *text = argc > 3 ? argv[3] : "";
    HANDLE slot, other;
    int i, failed = 0;

    setvbuf(stdout, NULL, _IONBF, 0);
    if (strcmp(call, "send") == 0) { /* send PATH TEXT... */
        slot = Open(path, FILE_ATTRIBUTE_NORMAL);
        for (i = 3; i < argc; i++)
            failed |= WriteText(slot, argv[i]);
        return failed;
    }
    if (strcmp(call, "wide") == 0) { /* wide PATH TEXT */
        wchar_t name[MAX_PATH];
        MultiByteToWideChar(CP_ACP, 0, path, -1, name, MAX_PATH);
        slot = CreateFileW(name, GENERIC_WRITE, 0, NULL, CREATE_ALWAYS, FILE_ATTRIBUTE_NORMAL, NULL);
        other = CreateFileW(name, GENERIC_WRITE, 0, NULL, OPEN_ALWAYS, FILE_ATTRIBUTE_NORMAL, NULL);
        printf("%s, %s\n", slot != INVALID_HANDLE_VALUE ? "open" : "not open",
               other != INVALID_HANDLE_VALUE ? "open twice" : "not open twice");
        return WriteText(other, text);
    }
    if (strcmp(call, "lines") == 0) { /* lines PATH: a message for each line of input until `quit` */
        char line[400];
        slot = Open(path, FILE_ATTRIBUTE_NORMAL);
        while (fgets(line, sizeof(line), stdin)) {
            line[strcspn(line, "\r\n")] = 0;
            if (strcmp(line, "quit") == 0)
                return 0;
            failed |= WriteText(slot, line);
        }
        return failed;
    }
    if (strcmp(call, "stream") == 0) { /* stream PATH TEXT: the C library's files */
        FILE *file = fopen(path, "wb");
        if (file == NULL)
            return printf("fopen failed\n"), 1;
        setvbuf(file, NULL, _IOFBF, 4096);
        fputs(text, file);
        return printf("fclose %d\n", fclose(file)), 0;
    }
    if (strcmp(call, "copy") == 0) { /* copy PATH FILE */
        BOOL copied = CopyFileA(text, path, FALSE);
        return printf("CopyFile %d, %lu\n", copied, copied ? 0 : GetLastError()), !copied;
    }
    if (strcmp(call, "size") == 0) { /* size PATH BYTES... */
        static char bytes[1 << 20];
        memset(bytes, 'x', sizeof(bytes));
        slot = Open(path, FILE_ATTRIBUTE_NORMAL);
        for (i = 3; i < argc; i++)
            failed |= Write(slot, bytes, (DWORD)atoi(argv[i]));
        return failed;
    }
    if (strcmp(call, "many") == 0 || strcmp(call, "each") == 0) { /* many PATH COUNT [TEXT]: as they are counted */
        LARGE_INTEGER begin, end, frequency;
        char message[64];
        DWORD written;
        int count = atoi(text);
        QueryPerformanceCounter(&begin);
        slot = Open(path, FILE_ATTRIBUTE_NORMAL);
        for (i = 0; i < count; i++) {
            if (call[0] == 'e') {
                CloseHandle(slot);
                slot = Open(path, FILE_ATTRIBUTE_NORMAL);
            }
            snprintf(message, sizeof(message), "%s %d", argc > 4 ? argv[4] : "message", i);
            if (!WriteFile(slot, message, (DWORD)strlen(message), &written, NULL))
                return printf("WriteFile %lu at %d\n", GetLastError(), i), 1;
        }
        QueryPerformanceCounter(&end);
        QueryPerformanceFrequency(&frequency);
        fprintf(stderr, "%.1f us each\n", (double)(end.QuadPart - begin.QuadPart) * 1e6 / frequency.QuadPart / count);
        return printf("wrote %d messages\n", count), 0;
    }
    if (strcmp(call, "duplicate") == 0) { /* duplicate PATH */
        slot = Open(path, FILE_ATTRIBUTE_NORMAL);
        printf("type %lu\n", GetFileType(slot));
        DuplicateHandle(GetCurrentProcess(), slot, GetCurrentProcess(), &other, 0, FALSE, DUPLICATE_SAME_ACCESS);
        failed |= WriteText(slot, "original") | WriteText(other, "duplicate") | WriteText(slot, "original again");
        CloseHandle(slot);
        failed |= WriteText(other, "duplicate alone");
        slot = Open(path, FILE_ATTRIBUTE_NORMAL);
        DuplicateHandle(GetCurrentProcess(), slot, GetCurrentProcess(), &other, 0, FALSE,
                        DUPLICATE_SAME_ACCESS | DUPLICATE_CLOSE_SOURCE);
        return failed | WriteText(other, "moved");
    }
    if (strcmp(call, "overlapped") == 0) { /* overlapped PATH TEXT BYTES */
        OVERLAPPED overlapped;
        DWORD written = 0;
        BOOL done;
        ZeroMemory(&overlapped, sizeof(overlapped));
        overlapped.hEvent = CreateEvent(NULL, TRUE, FALSE, NULL);
        slot = Open(path, FILE_FLAG_OVERLAPPED);
        done = WriteFile(slot, text, (DWORD)strlen(text), NULL, &overlapped) || GetLastError() == ERROR_IO_PENDING;
        done = done && GetOverlappedResult(slot, &overlapped, &written, TRUE);
        printf("%s %lu, event %s\n", done ? "wrote" : "failed", done ? written : GetLastError(),
               WaitForSingleObject(overlapped.hEvent, 0) == WAIT_OBJECT_0 ? "set" : "not set");
        /* The same through a handle that is not asynchronous. */
        slot = Open(path, FILE_ATTRIBUTE_NORMAL);
        ResetEvent(overlapped.hEvent);
        done = WriteFile(slot, "with an event", 13, &written, &overlapped);
        printf("%s %lu, event %s\n", done ? "wrote" : "failed", done ? written : GetLastError(),
               WaitForSingleObject(overlapped.hEvent, 0) == WAIT_OBJECT_0 ? "set" : "not set");
        return !done;
    }
    if (strcmp(call, "reuse") == 0) { /* reuse PATH FILE: a closed handle's value becomes that of a file */
        slot = Open(path, FILE_ATTRIBUTE_NORMAL);
        WriteText(slot, "to the slot");
        CloseHandle(slot);
        other = CreateFileA(text, GENERIC_WRITE, 0, NULL, CREATE_ALWAYS, FILE_ATTRIBUTE_NORMAL, NULL);
        printf("%s value\n", slot == other ? "the same" : "another");
        return WriteText(other, "to the file");
    }
    if (strcmp(call, "wrong") == 0) { /* wrong PATH: arguments that the system refuses */
        slot = Open(path, FILE_ATTRIBUTE_NORMAL);
        Write(slot, NULL, 0);
        Write(slot, NULL, 5);
        Write(slot, (void *)(ULONG_PTR)16, 5);
        CloseHandle(slot);
        WriteText(slot, "closed");
        slot = CreateFileA(path, GENERIC_READ, FILE_SHARE_READ, NULL, OPEN_EXISTING, FILE_ATTRIBUTE_NORMAL, NULL);
        printf("%s\n", slot != INVALID_HANDLE_VALUE ? "open" : "not open");
        WriteText(slot, "without the right");
        return 0;
    }
    if (strcmp(call, "child") == 0) { /* child PATH TEXT */
        char line[MAX_PATH];
        snprintf(line, sizeof(line), "send %s %s", path, text);
        return Start(line, 0, FALSE) | Start(line, CREATE_SUSPENDED, FALSE);
    }
    if (strcmp(call, "inherit") == 0) { /* inherit PATH: a child writes through our handle */
        SECURITY_ATTRIBUTES attributes = { sizeof(attributes), NULL, TRUE };
        char line[MAX_PATH];
        slot = CreateFileA(path, GENERIC_WRITE, FILE_SHARE_READ, &attributes, OPEN_EXISTING, 0, NULL);
        failed = WriteText(slot, "parent");
        snprintf(line, sizeof(line), "through %lu child", (unsigned long)(ULONG_PTR)slot);
        return failed | Start(line, 0, TRUE) | WriteText(slot, "parent again");
    }
    if (strcmp(call, "into") == 0) { /* into PATH: a duplicate in another process, until a line of input */
        STARTUPINFOA startup = { sizeof(startup) };
        PROCESS_INFORMATION process;
        char program[MAX_PATH], line[2 * MAX_PATH];
        HANDLE copied;
        slot = Open(path, FILE_ATTRIBUTE_NORMAL);
        GetModuleFileNameA(NULL, program, MAX_PATH);
        snprintf(line, sizeof(line), "\"%s\" told value.txt another", program);
        if (!CreateProcessA(NULL, line, NULL, NULL, TRUE, CREATE_SUSPENDED, NULL, NULL, &startup, &process) ||
            !DuplicateHandle(GetCurrentProcess(), slot, process.hProcess, &copied, 0, FALSE, DUPLICATE_SAME_ACCESS))
            return printf("error %lu\n", GetLastError()), 1;
        FILE *file = fopen("value.txt", "w");
        fprintf(file, "%lu", (unsigned long)(ULONG_PTR)copied);
        fclose(file);
        ResumeThread(process.hThread);
        WaitForSingleObject(process.hProcess, INFINITE);
        return getchar() != '\n';
    }
    if (strcmp(call, "told") == 0) { /* told FILE TEXT: through a handle whose value is in the file */
        unsigned long value;
        FILE *file = fopen(path, "r");
        return fscanf(file, "%lu", &value) != 1 || WriteText((HANDLE)(ULONG_PTR)value, text);
    }
    if (strcmp(call, "through") == 0) /* through HANDLE TEXT */
        return WriteText((HANDLE)(ULONG_PTR)strtoul(path, NULL, 10), text);
    if (strcmp(call, "read") == 0) { /* read NAME COUNT */
        char name[MAX_PATH], message[500];
        DWORD size;
        snprintf(name, sizeof(name), "\\\\.\\mailslot\\%s", path);
        slot = CreateMailslotA(name, 0, MAILSLOT_WAIT_FOREVER, NULL);
        printf("%s\n", slot != INVALID_HANDLE_VALUE ? "ready" : "not ready");
        for (i = 0; i < atoi(text) && ReadFile(slot, message, sizeof(message), &size, NULL); i++)
            printf("%.*s\n", (int)size, message);
        return i < atoi(text);
    }
    if (strcmp(call, "exit") == 0) /* exit CODE */
        return (int)strtoul(path, NULL, 10);
    return printf("%s?\n", call), 2;
}
