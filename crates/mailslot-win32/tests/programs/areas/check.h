/* The checks of the area programs. A failed check prints its place, and the program then fails. */
#ifndef CHECK_H
#define CHECK_H

#include <windows.h>
#include <stdio.h>
#include <stdlib.h>

#define PREFIX "\\\\.\\mailslot\\"

#define CHECK(condition) \
    do { \
        if (!(condition)) { \
            printf("%s:%d: %s (last error %u)\n", __FILE__, __LINE__, #condition, (unsigned)GetLastError()); \
            exit(1); \
        } \
    } while (0)

#define CHECK_EQUAL(found, expected) \
    do { \
        long long found_ = (long long)(found), expected_ = (long long)(expected); \
        if (found_ != expected_) { \
            printf("%s:%d: %s is %lld, not %lld (last error %u)\n", __FILE__, __LINE__, #found, found_, expected_, \
                   (unsigned)GetLastError()); \
            exit(1); \
        } \
    } while (0)

/* The call returns its failure value, with this last error. */
#define FAILS(call, failure, code) \
    do { \
        SetLastError(0xBAD); \
        CHECK((call) == (failure)); \
        CHECK_EQUAL(GetLastError(), code); \
    } while (0)

static inline __attribute__((unused)) HANDLE Create(const char *path, DWORD timeout)
{
    HANDLE slot = CreateMailslotA(path, 0, timeout, NULL);
    CHECK(slot != INVALID_HANDLE_VALUE);
    return slot;
}

static inline __attribute__((unused)) HANDLE Open(const char *path, DWORD access)
{
    HANDLE file = CreateFileA(path, access, FILE_SHARE_READ, NULL, OPEN_EXISTING, FILE_ATTRIBUTE_NORMAL, NULL);
    CHECK(file != INVALID_HANDLE_VALUE);
    return file;
}

static inline __attribute__((unused)) void Write(HANDLE file, const char *message)
{
    DWORD written = 77, size = (DWORD)strlen(message);
    CHECK(WriteFile(file, message, size, &written, NULL));
    CHECK_EQUAL(written, size);
}

/* The next message is this one. */
static inline __attribute__((unused)) void Expect(HANDLE slot, const char *message)
{
    char buffer[256];
    DWORD size = 77;
    CHECK(ReadFile(slot, buffer, sizeof(buffer), &size, NULL));
    CHECK_EQUAL(size, strlen(message));
    CHECK(memcmp(buffer, message, size) == 0);
}

static inline __attribute__((unused)) DWORD Count(HANDLE slot)
{
    DWORD count = 77;
    CHECK(GetMailslotInfo(slot, NULL, NULL, &count, NULL));
    return count;
}

#endif
