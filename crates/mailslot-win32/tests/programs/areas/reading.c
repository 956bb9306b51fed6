/* Sections 2.5 and 2.7: reads into every kind of buffer, file times and types. */
#include "check.h"

static ULONGLONG Ticks(FILETIME time)
{
    return (ULONGLONG)time.dwHighDateTime << 32 | time.dwLowDateTime;
}

int main(void)
{
    HANDLE slot = Create(PREFIX "reading", 0), file = Open(PREFIX "reading", GENERIC_WRITE);
    char buffer[16] = "untouched";
    DWORD size = 77, high;
    FILETIME creation, access, write, creation2, access2, write2;
    FILETIME stored = {0x89ABCDEF, 0x01234567};
    LARGE_INTEGER large;
    OVERLAPPED overlapped;

    FAILS(ReadFile(slot, buffer, 0, &size, NULL), FALSE, ERROR_SEM_TIMEOUT);
    CHECK_EQUAL(size, 0);
    Write(file, "message");
    size = 77;
    FAILS(ReadFile(slot, buffer, 6, &size, NULL), FALSE, ERROR_INSUFFICIENT_BUFFER);
    CHECK_EQUAL(size, 0);
    CHECK(strcmp(buffer, "untouched") == 0);
    size = 77;
    FAILS(ReadFile(slot, NULL, 16, &size, NULL), FALSE, ERROR_NOACCESS);
    CHECK_EQUAL(size, 0);
    FAILS(ReadFile(slot, NULL, 0, &size, NULL), FALSE, ERROR_INSUFFICIENT_BUFFER);
    CHECK_EQUAL(Count(slot), 1);
    /* As since Windows 8. */
    CHECK(ReadFile(slot, buffer, 16, NULL, NULL) && memcmp(buffer, "message", 7) == 0);
    CHECK_EQUAL(Count(slot), 0);
    CHECK(WriteFile(file, "", 0, &size, NULL));
    size = 77;
    CHECK(ReadFile(slot, NULL, 0, &size, NULL));
    CHECK_EQUAL(size, 0);

    SetLastError(0xBAD);
    CHECK_EQUAL(GetFileType(slot), FILE_TYPE_UNKNOWN);
    CHECK_EQUAL(GetLastError(), 0);
    SetLastError(0xBAD);
    CHECK_EQUAL(GetFileType(file), FILE_TYPE_UNKNOWN);
    CHECK_EQUAL(GetLastError(), 0);
    FAILS(GetFileSize(slot, &high), INVALID_FILE_SIZE, ERROR_INVALID_FUNCTION);
    FAILS(GetFileSizeEx(file, &large), FALSE, ERROR_INVALID_FUNCTION);
    FAILS(SetFilePointer(slot, 0, NULL, FILE_BEGIN), INVALID_SET_FILE_POINTER, ERROR_INVALID_FUNCTION);
    FAILS(FlushFileBuffers(slot), FALSE, ERROR_INVALID_HANDLE);
    FAILS(FlushFileBuffers(file), FALSE, ERROR_ACCESS_DENIED);

    /* The creation time stays; the others follow writes and reads. */
    CHECK(GetFileTime(slot, &creation, &access, &write));
    CHECK(GetFileTime(slot, NULL, NULL, NULL));
    CHECK(Ticks(creation) > (ULONGLONG)132000000000000000 && Ticks(creation) <= Ticks(access));
    Sleep(2);
    Write(file, "later");
    CHECK(GetFileTime(slot, &creation2, &access2, &write2));
    CHECK(Ticks(creation2) == Ticks(creation) && Ticks(access2) == Ticks(access) && Ticks(write2) > Ticks(write));
    Sleep(2);
    Expect(slot, "later");
    CHECK(GetFileTime(slot, NULL, &access, &write));
    CHECK(Ticks(write) == Ticks(write2) && Ticks(access) > Ticks(access2));
    CHECK(SetFileTime(slot, &stored, NULL, &stored));
    CHECK(GetFileTime(slot, &creation, &access2, &write));
    CHECK(Ticks(creation) == Ticks(stored) && Ticks(write) == Ticks(stored) && Ticks(access2) == Ticks(access));
    FAILS(GetFileTime(file, &creation, NULL, NULL), FALSE, ERROR_INVALID_PARAMETER);
    FAILS(SetFileTime(file, &stored, NULL, NULL), FALSE, ERROR_INVALID_PARAMETER);

    /* A local write ends at once, with and without an OVERLAPPED. */
    memset(&overlapped, 0, sizeof(overlapped));
    overlapped.hEvent = CreateEventA(NULL, TRUE, FALSE, NULL);
    overlapped.Offset = 99;
    CHECK(WriteFile(file, "overlapped", 10, NULL, &overlapped));
    CHECK_EQUAL(WaitForSingleObject(overlapped.hEvent, 0), WAIT_OBJECT_0);
    size = 77;
    CHECK(GetOverlappedResult(file, &overlapped, &size, FALSE) && size == 10);
    Expect(slot, "overlapped");
    CHECK(CloseHandle(overlapped.hEvent));
    CHECK(CloseHandle(file));
    CHECK(CloseHandle(slot));
    return 0;
}
