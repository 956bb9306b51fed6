/* Sections 2.4 to 2.6: client handles of every access mask, share mode and disposition. */
#include "check.h"

#define SLOT PREFIX "clients"

static HANDLE OpenAs(DWORD access, DWORD share, DWORD disposition, DWORD flags)
{
    SetLastError(0xBAD);
    return CreateFileA(SLOT, access, share, NULL, disposition, flags, NULL);
}

/* Writing through a handle of these rights ends with this code. */
static void Writes(DWORD access, DWORD code)
{
    DWORD written = 77;
    HANDLE file = OpenAs(access, 0, OPEN_EXISTING, 0);
    CHECK(file != INVALID_HANDLE_VALUE);
    if (code == ERROR_SUCCESS)
        CHECK(WriteFile(file, "abc", 3, &written, NULL) && written == 3);
    else {
        FAILS(WriteFile(file, "abc", 3, &written, NULL), FALSE, code);
        CHECK_EQUAL(written, 0);
    }
    CHECK(CloseHandle(file));
}

/* Reading never works; how it fails depends on the rights. */
static void Reads(DWORD access, DWORD code)
{
    char buffer[8];
    DWORD size = 77;
    OVERLAPPED overlapped;
    HANDLE file = OpenAs(access, 0, OPEN_EXISTING, 0);
    memset(&overlapped, 0, sizeof(overlapped));
    FAILS(ReadFile(file, buffer, 8, &size, NULL), FALSE, code);
    CHECK_EQUAL(size, 0);
    FAILS(ReadFile(file, buffer, 8, &size, &overlapped), FALSE, code);
    CHECK(CloseHandle(file));
}

int main(void)
{
    static const DWORD flags[] = {FILE_FLAG_OVERLAPPED, FILE_FLAG_WRITE_THROUGH, FILE_FLAG_NO_BUFFERING,
                                  FILE_FLAG_DELETE_ON_CLOSE, FILE_FLAG_BACKUP_SEMANTICS};
    DWORD disposition, share, written;
    HANDLE slot, file, files[8];
    size_t i;

    /* CreateFile never makes a slot. */
    for (disposition = 1; disposition <= 5; disposition++) {
        CHECK(OpenAs(GENERIC_WRITE, 3, disposition, 0) == INVALID_HANDLE_VALUE);
        CHECK_EQUAL(GetLastError(), ERROR_FILE_NOT_FOUND);
    }
    slot = Create(SLOT, 0);
    for (disposition = 1; disposition <= 5; disposition++) {
        file = OpenAs(GENERIC_WRITE, FILE_SHARE_READ, disposition, FILE_ATTRIBUTE_NORMAL);
        CHECK(file != INVALID_HANDLE_VALUE);
        CHECK_EQUAL(GetLastError(), disposition == OPEN_ALWAYS ? ERROR_ALREADY_EXISTS : ERROR_SUCCESS);
        CHECK(CloseHandle(file));
    }
    FAILS(CreateFileA(SLOT, GENERIC_WRITE, 3, NULL, 0, 0, NULL), INVALID_HANDLE_VALUE, ERROR_INVALID_PARAMETER);
    FAILS(CreateFileA(SLOT, GENERIC_WRITE, 3, NULL, 6, 0, NULL), INVALID_HANDLE_VALUE, ERROR_INVALID_PARAMETER);

    /* Every share mode, all at once. */
    for (share = 0; share < 8; share++) {
        files[share] = OpenAs(GENERIC_WRITE, share, OPEN_EXISTING, 0);
        CHECK(files[share] != INVALID_HANDLE_VALUE);
    }
    for (share = 0; share < 8; share++) {
        Write(files[share], "shared");
        Expect(slot, "shared");
        CHECK(CloseHandle(files[share]));
    }
    for (i = 0; i < sizeof(flags) / sizeof(flags[0]); i++) {
        file = OpenAs(GENERIC_WRITE, FILE_SHARE_READ, OPEN_EXISTING, flags[i]);
        Write(file, "flagged");
        CHECK(CloseHandle(file));
        Expect(slot, "flagged");
    }

    Writes(GENERIC_WRITE, ERROR_SUCCESS);
    Writes(GENERIC_READ | GENERIC_WRITE, ERROR_SUCCESS);
    Writes(GENERIC_ALL, ERROR_SUCCESS);
    Writes(FILE_WRITE_DATA, ERROR_SUCCESS);
    Writes(FILE_GENERIC_WRITE, ERROR_SUCCESS);
    CHECK_EQUAL(Count(slot), 5);
    Writes(0, ERROR_ACCESS_DENIED);
    Writes(GENERIC_READ, ERROR_ACCESS_DENIED);
    Writes(FILE_APPEND_DATA, ERROR_ACCESS_DENIED);
    Writes(SYNCHRONIZE | READ_CONTROL, ERROR_ACCESS_DENIED);
    Reads(GENERIC_READ, ERROR_INVALID_PARAMETER);
    Reads(GENERIC_READ | GENERIC_WRITE, ERROR_INVALID_PARAMETER);
    Reads(GENERIC_WRITE, ERROR_ACCESS_DENIED);
    Reads(0, ERROR_ACCESS_DENIED);
    CHECK_EQUAL(Count(slot), 5);

    /* Buffers, and the wrong end. */
    file = Open(SLOT, GENERIC_WRITE);
    written = 77;
    FAILS(WriteFile(file, NULL, 4, &written, NULL), FALSE, ERROR_INVALID_USER_BUFFER);
    CHECK_EQUAL(written, 0);
    CHECK(WriteFile(file, NULL, 0, &written, NULL) && written == 0);
    /* As since Windows 8. */
    CHECK(WriteFile(file, "a", 1, NULL, NULL));
    written = 77;
    FAILS(WriteFile(slot, "a", 1, &written, NULL), FALSE, ERROR_ACCESS_DENIED);
    CHECK_EQUAL(written, 0);
    CHECK_EQUAL(Count(slot), 7);
    CHECK(CloseHandle(file));
    CHECK(CloseHandle(slot));
    return 0;
}
