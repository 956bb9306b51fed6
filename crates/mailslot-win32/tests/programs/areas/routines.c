/* Section 7: ReadFileEx and WriteFileEx, and alertable waits. */
#include "check.h"

static int calls;
static DWORD lastCode, lastBytes;
static LPOVERLAPPED lastOverlapped;

static VOID CALLBACK Routine(DWORD code, DWORD bytes, LPOVERLAPPED overlapped)
{
    calls++;
    lastCode = code;
    lastBytes = bytes;
    lastOverlapped = overlapped;
}

int main(void)
{
    HANDLE slot = Create(PREFIX "routines", MAILSLOT_WAIT_FOREVER), file = Open(PREFIX "routines", GENERIC_WRITE);
    HANDLE event = CreateEventA(NULL, TRUE, FALSE, NULL);
    OVERLAPPED read, write;
    char buffer[64];

    /* A routine runs in an alertable wait and nowhere else. */
    memset(&read, 0, sizeof(read));
    memset(&write, 0, sizeof(write));
    CHECK(ReadFileEx(slot, buffer, sizeof(buffer), &read, Routine));
    CHECK_EQUAL(GetLastError(), 0);
    CHECK_EQUAL(SleepEx(0, TRUE), 0);
    Write(file, "hello");
    Sleep(1);
    CHECK_EQUAL(calls, 0);
    CHECK_EQUAL(SleepEx(INFINITE, TRUE), WAIT_IO_COMPLETION);
    CHECK(calls == 1 && lastCode == 0 && lastBytes == 5 && lastOverlapped == &read);
    CHECK(memcmp(buffer, "hello", 5) == 0);

    /* Message present already. */
    Write(file, "there");
    CHECK(ReadFileEx(slot, buffer, sizeof(buffer), &read, Routine));
    CHECK_EQUAL(WaitForSingleObject(event, 0), WAIT_TIMEOUT);
    CHECK_EQUAL(calls, 1);
    CHECK_EQUAL(WaitForSingleObjectEx(event, INFINITE, TRUE), WAIT_IO_COMPLETION);
    CHECK(calls == 2 && lastBytes == 5);

    /* The timeout passes. */
    CHECK(SetMailslotInfo(slot, 20));
    CHECK(ReadFileEx(slot, buffer, sizeof(buffer), &read, Routine));
    CHECK_EQUAL(WaitForMultipleObjectsEx(1, &event, FALSE, INFINITE, TRUE), WAIT_IO_COMPLETION);
    CHECK(calls == 3 && lastCode == ERROR_SEM_TIMEOUT && lastBytes == 0);

    /* Cancelled. */
    CHECK(SetMailslotInfo(slot, MAILSLOT_WAIT_FOREVER));
    CHECK(ReadFileEx(slot, buffer, sizeof(buffer), &read, Routine));
    CHECK(CancelIo(slot));
    CHECK_EQUAL(SleepEx(INFINITE, TRUE), WAIT_IO_COMPLETION);
    CHECK(calls == 4 && lastCode == ERROR_OPERATION_ABORTED);

    /* A read that cannot begin calls no routine. */
    CHECK(SetMailslotInfo(slot, 0));
    FAILS(ReadFileEx(slot, buffer, sizeof(buffer), &read, Routine), FALSE, ERROR_SEM_TIMEOUT);
    Write(file, "too large");
    FAILS(ReadFileEx(slot, buffer, 1, &read, Routine), FALSE, ERROR_INSUFFICIENT_BUFFER);
    FAILS(ReadFileEx(slot, buffer, sizeof(buffer), &read, NULL), FALSE, ERROR_INVALID_PARAMETER);
    FAILS(ReadFileEx(file, buffer, sizeof(buffer), &read, Routine), FALSE, ERROR_ACCESS_DENIED);
    FAILS(WriteFileEx(slot, buffer, 1, &write, Routine), FALSE, ERROR_ACCESS_DENIED);
    CHECK_EQUAL(SleepEx(0, TRUE), 0);
    CHECK_EQUAL(calls, 4);
    Expect(slot, "too large");

    /* Writes: in the slot at once, with the routine in an alertable wait. */
    CHECK(WriteFileEx(file, "written", 7, &write, Routine));
    Expect(slot, "written");
    CHECK_EQUAL(calls, 4);
    CHECK_EQUAL(SleepEx(0, TRUE), WAIT_IO_COMPLETION);
    CHECK(calls == 5 && lastCode == 0 && lastBytes == 7 && lastOverlapped == &write);
    CHECK(CloseHandle(event) && CloseHandle(file) && CloseHandle(slot));
    return 0;
}
