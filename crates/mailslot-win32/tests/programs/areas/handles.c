/* Sections 2.1 to 2.3, 2.7: handles of every kind with matching and other functions. */
#include "check.h"

/* No function crashes on this handle, and all report that it is invalid. */
static void IsNoHandle(HANDLE handle)
{
    char buffer[8];
    DWORD size = 77, one = 77, two = 77, three = 77, four = 77;
    OVERLAPPED overlapped;
    FILETIME time = {1, 2};
    LARGE_INTEGER large;
    memset(&overlapped, 0, sizeof(overlapped));
    FAILS(ReadFile(handle, buffer, sizeof(buffer), &size, NULL), FALSE, ERROR_INVALID_HANDLE);
    CHECK_EQUAL(size, 0);
    size = 77;
    FAILS(WriteFile(handle, buffer, sizeof(buffer), &size, NULL), FALSE, ERROR_INVALID_HANDLE);
    CHECK_EQUAL(size, 0);
    FAILS(ReadFile(handle, buffer, sizeof(buffer), &size, &overlapped), FALSE, ERROR_INVALID_HANDLE);
    FAILS(WriteFile(handle, buffer, sizeof(buffer), &size, &overlapped), FALSE, ERROR_INVALID_HANDLE);
    FAILS(ReadFileEx(handle, buffer, sizeof(buffer), &overlapped, NULL), FALSE, ERROR_INVALID_HANDLE);
    FAILS(GetMailslotInfo(handle, &one, &two, &three, &four), FALSE, ERROR_INVALID_HANDLE);
    CHECK(one == 77 && two == 77 && three == 77 && four == 77);
    FAILS(SetMailslotInfo(handle, 1), FALSE, ERROR_INVALID_HANDLE);
    FAILS(GetFileType(handle), FILE_TYPE_UNKNOWN, ERROR_INVALID_HANDLE);
    FAILS(GetFileTime(handle, &time, NULL, NULL), FALSE, ERROR_INVALID_HANDLE);
    FAILS(SetFileTime(handle, &time, NULL, NULL), FALSE, ERROR_INVALID_HANDLE);
    FAILS(GetFileSizeEx(handle, &large), FALSE, ERROR_INVALID_HANDLE);
    FAILS(SetFilePointer(handle, 0, NULL, FILE_BEGIN), INVALID_SET_FILE_POINTER, ERROR_INVALID_HANDLE);
    FAILS(FlushFileBuffers(handle), FALSE, ERROR_INVALID_HANDLE);
    FAILS(CancelIo(handle), FALSE, ERROR_INVALID_HANDLE);
    FAILS(CancelIoEx(handle, NULL), FALSE, ERROR_INVALID_HANDLE);
    FAILS(SetEvent(handle), FALSE, ERROR_INVALID_HANDLE);
    FAILS(ResetEvent(handle), FALSE, ERROR_INVALID_HANDLE);
}

/* The same for the functions that accept every kind of handle. */
static void IsNotOpen(HANDLE handle)
{
    DWORD flags = 77;
    HANDLE duplicate = NULL;
    IsNoHandle(handle);
    FAILS(WaitForSingleObject(handle, 0), WAIT_FAILED, ERROR_INVALID_HANDLE);
    FAILS(GetHandleInformation(handle, &flags), FALSE, ERROR_INVALID_HANDLE);
    FAILS(SetHandleInformation(handle, HANDLE_FLAG_INHERIT, 0), FALSE, ERROR_INVALID_HANDLE);
    FAILS(GetExitCodeProcess(handle, &flags), FALSE, ERROR_INVALID_HANDLE);
    FAILS(DuplicateHandle(GetCurrentProcess(), handle, GetCurrentProcess(), &duplicate, 0, FALSE, 2), FALSE,
          ERROR_INVALID_HANDLE);
    FAILS(CloseHandle(handle), FALSE, ERROR_INVALID_HANDLE);
}

/* A handle that a program kept in 32 bits, and read back into a variable that held something else. */
static void OnlyLow32BitsCount(void)
{
    ULONG_PTR high[] = {(ULONG_PTR)1 << 32, (ULONG_PTR)0x7FFF << 32, (ULONG_PTR)0xFFFFFFFF << 32};
    size_t i;
    for (i = 0; i < sizeof(high) / sizeof(high[0]); i++) {
        HANDLE slot = Create(PREFIX "areas\\low", 0);
        HANDLE file = Open(PREFIX "areas\\low", GENERIC_WRITE);
        HANDLE event = CreateEventA(NULL, TRUE, TRUE, NULL);
        DWORD flags = 77;
#define WITH_HIGH(handle) ((HANDLE)((ULONG_PTR)(handle) | high[i]))
        Write(WITH_HIGH(file), "message");
        Expect(WITH_HIGH(slot), "message");
        CHECK(ResetEvent(WITH_HIGH(event)) && SetEvent(WITH_HIGH(event)));
        CHECK_EQUAL(WaitForSingleObject(WITH_HIGH(event), 0), WAIT_OBJECT_0);
        CHECK(SetHandleInformation(WITH_HIGH(file), HANDLE_FLAG_INHERIT, HANDLE_FLAG_INHERIT));
        CHECK(GetHandleInformation(WITH_HIGH(file), &flags) && flags == HANDLE_FLAG_INHERIT);
        CHECK(CloseHandle(WITH_HIGH(event)) && CloseHandle(WITH_HIGH(file)) && CloseHandle(WITH_HIGH(slot)));
        IsNotOpen(slot);
    }
}

int main(void)
{
    static const ULONG_PTR garbage[] = {0, 1, 3, 4, 8, 0x12345678, 0x7FFFFFFC, 0xDEADBEEF, (ULONG_PTR)1 << 40};
    DWORD max, next, count, timeout, flags;
    HANDLE slot, file, event, duplicate, again;
    char buffer[8];
    size_t i;

    for (i = 0; i < sizeof(garbage) / sizeof(garbage[0]); i++)
        IsNotOpen((HANDLE)garbage[i]);
    OnlyLow32BitsCount();
    IsNoHandle(INVALID_HANDLE_VALUE);
    CHECK(CloseHandle(GetCurrentProcess()));

    slot = CreateMailslotA(PREFIX "handles", 424, 1000, NULL);
    CHECK(slot != INVALID_HANDLE_VALUE);
    file = Open(PREFIX "handles", GENERIC_WRITE);
    event = CreateEventA(NULL, TRUE, FALSE, NULL);
    CHECK(event != NULL);

    /* Wrong kinds. */
    FAILS(ReadFile(event, buffer, 8, &count, NULL), FALSE, ERROR_INVALID_HANDLE);
    FAILS(WriteFile(event, buffer, 8, &count, NULL), FALSE, ERROR_INVALID_HANDLE);
    FAILS(GetMailslotInfo(event, NULL, NULL, NULL, NULL), FALSE, ERROR_INVALID_HANDLE);
    FAILS(SetMailslotInfo(event, 1), FALSE, ERROR_INVALID_HANDLE);
    FAILS(SetEvent(slot), FALSE, ERROR_INVALID_HANDLE);
    FAILS(SetEvent(file), FALSE, ERROR_INVALID_HANDLE);
    FAILS(CancelIo(event), FALSE, ERROR_INVALID_HANDLE);
    FAILS(GetExitCodeProcess(slot, &count), FALSE, ERROR_INVALID_HANDLE);

    /* GetMailslotInfo: on the server, with nowhere to store, and on a client. */
    CHECK(GetMailslotInfo(slot, NULL, NULL, NULL, NULL));
    CHECK(GetMailslotInfo(slot, &max, &next, &count, &timeout));
    CHECK(max == 424 && next == MAILSLOT_NO_MESSAGE && count == 0 && timeout == 1000);
    Write(file, "four");
    CHECK(GetMailslotInfo(file, &max, &next, &count, &timeout));
    CHECK(max == 424 && next == 4 && count == 1 && timeout == 1000);

    /* SetMailslotInfo: seen through every handle, refused on a client. */
    CHECK(DuplicateHandle(GetCurrentProcess(), slot, GetCurrentProcess(), &duplicate, 0, FALSE,
                          DUPLICATE_SAME_ACCESS));
    CHECK(duplicate != slot);
    CHECK(SetMailslotInfo(duplicate, MAILSLOT_WAIT_FOREVER));
    CHECK(GetMailslotInfo(slot, NULL, NULL, NULL, &timeout) && timeout == MAILSLOT_WAIT_FOREVER);
    FAILS(SetMailslotInfo(file, 5), FALSE, ERROR_INVALID_PARAMETER);
    CHECK(GetMailslotInfo(slot, NULL, NULL, NULL, &timeout) && timeout == MAILSLOT_WAIT_FOREVER);

    /* Closing one of two; moving the other. */
    CHECK(CloseHandle(slot));
    IsNotOpen(slot);
    CHECK(DuplicateHandle(GetCurrentProcess(), duplicate, GetCurrentProcess(), &again, 0, FALSE,
                          DUPLICATE_SAME_ACCESS | DUPLICATE_CLOSE_SOURCE));
    IsNotOpen(duplicate);
    Expect(again, "four");
    CHECK(DuplicateHandle(GetCurrentProcess(), again, GetCurrentProcess(), NULL, 0, FALSE, DUPLICATE_SAME_ACCESS));

    /* A client handle's duplicate never has more rights. */
    CHECK(DuplicateHandle(GetCurrentProcess(), file, GetCurrentProcess(), &duplicate, GENERIC_READ, FALSE, 0));
    FAILS(WriteFile(duplicate, buffer, 1, &count, NULL), FALSE, ERROR_ACCESS_DENIED);
    CHECK(CloseHandle(duplicate));

    /* Flags belong to the handle. */
    CHECK(GetHandleInformation(again, &flags) && flags == 0);
    CHECK(SetHandleInformation(again, HANDLE_FLAG_PROTECT_FROM_CLOSE, HANDLE_FLAG_PROTECT_FROM_CLOSE));
    CHECK(GetHandleInformation(again, &flags) && flags == HANDLE_FLAG_PROTECT_FROM_CLOSE);
    FAILS(CloseHandle(again), FALSE, ERROR_INVALID_HANDLE);
    CHECK(SetHandleInformation(again, HANDLE_FLAG_PROTECT_FROM_CLOSE, 0));
    CHECK(SetHandleInformation(again, HANDLE_FLAG_INHERIT, HANDLE_FLAG_INHERIT));
    CHECK(GetHandleInformation(again, &flags) && flags == HANDLE_FLAG_INHERIT);
    FAILS(SetHandleInformation(again, 4, 4), FALSE, ERROR_INVALID_PARAMETER);

    /* The last server handle: clients are dead, and can still be closed. */
    CHECK(CloseHandle(again));
    count = 77;
    FAILS(WriteFile(file, "x", 1, &count, NULL), FALSE, ERROR_HANDLE_EOF);
    CHECK_EQUAL(count, 0);
    FAILS(GetMailslotInfo(file, NULL, NULL, NULL, NULL), FALSE, ERROR_HANDLE_EOF);
    slot = Create(PREFIX "handles", 0);
    FAILS(WriteFile(file, "x", 1, &count, NULL), FALSE, ERROR_HANDLE_EOF);
    CHECK(CloseHandle(file));
    IsNotOpen(file);
    CHECK(CloseHandle(slot));
    CHECK(CloseHandle(event));

    /* Values are not reused soon, and there can be many handles. */
    for (i = 0; i < 3000; i++) {
        event = CreateEventA(NULL, TRUE, FALSE, NULL);
        CHECK(event != NULL && event != slot);
        CHECK(CloseHandle(event));
        FAILS(SetEvent(event), FALSE, ERROR_INVALID_HANDLE);
    }
    return 0;
}
