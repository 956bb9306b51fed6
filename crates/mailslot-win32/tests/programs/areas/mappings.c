/* Memory that processes share by its name, or by its handle. */
#include "check.h"
#include <errno.h>
#include <sys/wait.h>
#include <unistd.h>

#define NAME "Shared memory"

static HANDLE Make(DWORD protection, DWORD size, LPCSTR name)
{
    return CreateFileMappingA(INVALID_HANDLE_VALUE, NULL, protection, 0, size, name);
}

static int *Map(HANDLE mapping, DWORD access, DWORD offset, SIZE_T size)
{
    return (int *)MapViewOfFile(mapping, access, 0, offset, size);
}

static DWORD Page(void)
{
    SYSTEM_INFO info;
    GetSystemInfo(&info);
    return info.dwAllocationGranularity;
}

static void Refusals(void)
{
    HANDLE slot = Create(PREFIX "mappings", 0), mapping, event;
    DWORD page = Page();

    FAILS(Make(PAGE_READWRITE, 0, NULL), NULL, ERROR_INVALID_PARAMETER);
    FAILS(Make(PAGE_NOACCESS, 1, NULL), NULL, ERROR_INVALID_PARAMETER);
    FAILS(Make(PAGE_READWRITE | PAGE_READONLY, 1, NULL), NULL, ERROR_INVALID_PARAMETER);
    FAILS(Make(PAGE_EXECUTE_READWRITE, 1, NULL), NULL, ERROR_NOT_SUPPORTED);
    FAILS(CreateFileMappingA(slot, NULL, PAGE_READWRITE, 0, 1, NULL), NULL, ERROR_INVALID_HANDLE);
    FAILS(CreateFileMappingA(NULL, NULL, PAGE_READWRITE, 0, 1, NULL), NULL, ERROR_INVALID_HANDLE);
    FAILS(CreateFileMappingA(INVALID_HANDLE_VALUE, NULL, PAGE_READWRITE, 0x7FFFFFFF, 0, NULL), NULL,
          ERROR_COMMITMENT_LIMIT);
    FAILS(CreateFileMappingA(INVALID_HANDLE_VALUE, NULL, PAGE_READWRITE, 0x7FFFFFFF, 0, "too large"), NULL,
          ERROR_COMMITMENT_LIMIT);
    FAILS(CreateFileMappingA(INVALID_HANDLE_VALUE, NULL, PAGE_READWRITE, 0xFFFFFFFF, 0xFFFFFFFF, NULL), NULL,
          ERROR_COMMITMENT_LIMIT);
    FAILS(OpenFileMappingA(FILE_MAP_READ, FALSE, "too large"), NULL, ERROR_FILE_NOT_FOUND);
    FAILS(OpenFileMappingA(FILE_MAP_READ, FALSE, NULL), NULL, ERROR_INVALID_PARAMETER);
    FAILS(Map(slot, FILE_MAP_READ, 0, 0), NULL, ERROR_INVALID_HANDLE);

    mapping = Make(PAGE_READWRITE | SEC_COMMIT, page + 1, NULL);
    CHECK(mapping != NULL);
    FAILS(Map(mapping, FILE_MAP_READ, 1, 0), NULL, ERROR_MAPPED_ALIGNMENT);
    FAILS(Map(mapping, FILE_MAP_READ, 2 * page, 0), NULL, ERROR_ACCESS_DENIED);
    FAILS(Map(mapping, FILE_MAP_READ, page, page + 1), NULL, ERROR_ACCESS_DENIED);
    FAILS(Map(mapping, FILE_MAP_READ, 0, 2 * page + 1), NULL, ERROR_ACCESS_DENIED);
    FAILS(Map(mapping, FILE_MAP_EXECUTE | FILE_MAP_READ, 0, 0), NULL, ERROR_NOT_SUPPORTED);
    FAILS(Map(mapping, 0x100, 0, 0), NULL, ERROR_INVALID_PARAMETER);
    FAILS(Map(mapping, 0, 0, 0), NULL, ERROR_INVALID_PARAMETER);
    FAILS(UnmapViewOfFile(&page), FALSE, ERROR_INVALID_ADDRESS);
    FAILS(UnmapViewOfFile(NULL), FALSE, ERROR_INVALID_ADDRESS);
    FAILS(FlushViewOfFile(&page, 1), FALSE, ERROR_INVALID_ADDRESS);
    /* It cannot be waited for, and is not another kind of object. */
    FAILS(WaitForSingleObject(mapping, 0), WAIT_FAILED, ERROR_INVALID_HANDLE);
    FAILS(SetEvent(mapping), FALSE, ERROR_INVALID_HANDLE);
    FAILS(ReleaseMutex(mapping), FALSE, ERROR_INVALID_HANDLE);
    CHECK(CloseHandle(mapping));

    event = CreateEventA(NULL, TRUE, FALSE, "an event");
    FAILS(Make(PAGE_READWRITE, 1, "an event"), NULL, ERROR_INVALID_HANDLE);
    FAILS(OpenFileMappingA(FILE_MAP_READ, FALSE, "an event"), NULL, ERROR_INVALID_HANDLE);
    CHECK(CloseHandle(event));
    mapping = Make(PAGE_READWRITE, 1, "no event");
    FAILS(CreateEventA(NULL, TRUE, FALSE, "no event"), NULL, ERROR_INVALID_HANDLE);
    CHECK(CloseHandle(mapping));
    CHECK(CloseHandle(slot));
}

static void Rights(void)
{
    HANDLE mapping = Make(PAGE_READONLY, 8, NAME), other;
    int *view;

    FAILS(Map(mapping, FILE_MAP_WRITE, 0, 0), NULL, ERROR_ACCESS_DENIED);
    FAILS(Map(mapping, FILE_MAP_ALL_ACCESS, 0, 0), NULL, ERROR_ACCESS_DENIED);
    view = Map(mapping, FILE_MAP_COPY, 0, 0);
    view[0] = 7;
    CHECK(UnmapViewOfFile(view));
    view = Map(mapping, FILE_MAP_READ, 0, 0);
    CHECK_EQUAL(view[0], 0);
    CHECK(UnmapViewOfFile(view));
    CHECK(CloseHandle(mapping));

    mapping = Make(PAGE_READWRITE, 8, NAME);
    other = OpenFileMappingA(FILE_MAP_READ, FALSE, NAME);
    FAILS(Map(other, FILE_MAP_WRITE, 0, 0), NULL, ERROR_ACCESS_DENIED);
    view = Map(other, FILE_MAP_READ, 0, 0);
    CHECK(view != NULL);
    CHECK(UnmapViewOfFile(view));
    CHECK(CloseHandle(other));
    other = OpenFileMappingA(FILE_MAP_WRITE, FALSE, NAME);
    FAILS(Map(other, FILE_MAP_READ, 0, 0), NULL, ERROR_ACCESS_DENIED);
    CHECK(CloseHandle(other));
    CHECK(CloseHandle(mapping));
}

/* Sizes around whole pages, and where views of them begin: all views are of the same memory. */
static void Sizes(void)
{
    DWORD page = Page(), sizes[] = {1, 4, page - 1, page, page + 1, 3 * page, 5 * page + 7}, i;

    for (i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
        HANDLE mapping = Make(PAGE_READWRITE, sizes[i], i % 2 ? NAME : NULL);
        char *whole = (char *)Map(mapping, FILE_MAP_ALL_ACCESS, 0, 0);
        DWORD offset;
        SetLastError(0);
        CHECK(whole != NULL);
        for (offset = 0; offset < sizes[i]; offset++) {
            CHECK_EQUAL(whole[offset], 0);
            whole[offset] = (char)(offset * 31 + 7);
        }
        for (offset = 0; offset < sizes[i]; offset += page) {
            DWORD rest = sizes[i] - offset;
            char *part = (char *)Map(mapping, FILE_MAP_READ, offset, rest),
                *copy = (char *)Map(mapping, FILE_MAP_COPY, offset, 0);
            CHECK(part != NULL && copy != NULL);
            CHECK(memcmp(whole + offset, part, rest) == 0 && memcmp(part, copy, rest) == 0);
            copy[0]++;
            CHECK(whole[offset] == part[0] && part[0] != copy[0]);
            whole[offset]--;
            CHECK(whole[offset] == part[0]);
            CHECK(FlushViewOfFile(part, 0) && FlushViewOfFile(part, rest));
            CHECK(UnmapViewOfFile(part) && UnmapViewOfFile(copy));
            FAILS(UnmapViewOfFile(part), FALSE, ERROR_INVALID_ADDRESS);
        }
        /* The handle may be closed first. */
        CHECK(CloseHandle(mapping));
        CHECK(whole[0] == 6);
        if (i % 2) {
            HANDLE again = Make(PAGE_READONLY, 1, NAME);
            CHECK_EQUAL(GetLastError(), ERROR_ALREADY_EXISTS);
            CHECK(again != NULL && CloseHandle(again));
        }
        CHECK(UnmapViewOfFile(whole));
        FAILS(OpenFileMappingA(FILE_MAP_READ, FALSE, NAME), NULL, ERROR_FILE_NOT_FOUND);
    }
}

/* Another process has the same memory, by its name and by its handle; the mutex protects it. */
static void Processes(const char *self)
{
    SECURITY_ATTRIBUTES inherit = {sizeof(inherit), NULL, TRUE};
    HANDLE mapping = Make(PAGE_READWRITE, 4096, NAME), mutex = CreateMutexA(NULL, FALSE, "a mutex");
    HANDLE unnamed = CreateFileMappingA(INVALID_HANDLE_VALUE, &inherit, PAGE_READWRITE, 0, 4096, NULL);
    volatile int *count = Map(mapping, FILE_MAP_WRITE, 0, 0), *marks = Map(unnamed, FILE_MAP_WRITE, 0, 0);
    PROCESS_INFORMATION children[3];
    int i;

    for (i = 0; i < 3; i++) {
        STARTUPINFOA startup = {0};
        char command[1024];
        startup.cb = sizeof(startup);
        snprintf(command, sizeof(command), "\"%s\" %u %d", self, (unsigned)(ULONG_PTR)unnamed, i);
        CHECK(CreateProcessA(NULL, command, NULL, NULL, TRUE, 0, NULL, NULL, &startup, &children[i]));
    }
    for (i = 0; i < 3; i++) {
        DWORD code = 77;
        CHECK_EQUAL(WaitForSingleObject(children[i].hProcess, INFINITE), WAIT_OBJECT_0);
        CHECK(GetExitCodeProcess(children[i].hProcess, &code) && code == 0);
        CHECK(CloseHandle(children[i].hProcess) && CloseHandle(children[i].hThread));
        CHECK_EQUAL(marks[i], i + 1);
    }
    CHECK_EQUAL(*count, 3000);
    CHECK(UnmapViewOfFile((void *)count) && UnmapViewOfFile((void *)marks));
    CHECK(CloseHandle(mapping) && CloseHandle(unnamed) && CloseHandle(mutex));
}

static int Child(char *argv[])
{
    HANDLE mapping = OpenFileMappingA(FILE_MAP_ALL_ACCESS, FALSE, NAME), mutex;
    HANDLE unnamed = (HANDLE)(ULONG_PTR)strtoul(argv[1], NULL, 10);
    volatile int *count, *marks;
    int i, which = atoi(argv[2]);

    CHECK(mapping != NULL);
    mutex = OpenMutexA(SYNCHRONIZE, FALSE, "a mutex");
    CHECK(mutex != NULL);
    count = Map(mapping, FILE_MAP_WRITE, 0, 0);
    CHECK(count != NULL);
    marks = Map(unnamed, FILE_MAP_WRITE, 0, 0);
    CHECK(marks != NULL);
    for (i = 0; i < 1000; i++) {
        CHECK_EQUAL(WaitForSingleObject(mutex, INFINITE), WAIT_OBJECT_0);
        ++*count;
        CHECK(ReleaseMutex(mutex));
    }
    marks[which] = which + 1;
    return 0;
}

static void Fork(void)
{
    HANDLE mapping = Make(PAGE_READWRITE, 4, NULL);
    volatile int *view = Map(mapping, FILE_MAP_WRITE, 0, 0);
    int status = -1;
    pid_t child = fork();

    if (child == 0) {
        *view = 5;
        _exit(UnmapViewOfFile((void *)view) || GetLastError() != ERROR_INVALID_ADDRESS);
    }
    while (waitpid(child, &status, 0) < 0 && errno == EINTR)
        continue;
    CHECK_EQUAL(status, 0);
    CHECK_EQUAL(*view, 5);
    CHECK(UnmapViewOfFile((void *)view) && CloseHandle(mapping));
}

int main(int argc, char *argv[])
{
    if (argc > 2)
        return Child(argv);
    Refusals();
    Rights();
    Sizes();
    Processes(argv[0]);
    Fork();
    return 0;
}
