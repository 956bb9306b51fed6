/* Section 7: overlapped reads, their results, their order and their cancellation. */
#include "check.h"

#define SLOT PREFIX "overlapped"

typedef struct {
    OVERLAPPED overlapped;
    char buffer[64];
} Read;

static HANDLE slot, file;

/* Issues a read with a separate event; returns the result of ReadFile. */
static BOOL Begin(Read *read, DWORD size)
{
    HANDLE event = read->overlapped.hEvent;
    memset(read, 0, sizeof(*read));
    read->overlapped.hEvent = event == NULL ? CreateEventA(NULL, TRUE, TRUE, NULL) : event;
    SetLastError(0xBAD);
    return ReadFile(slot, read->buffer, size, NULL, &read->overlapped);
}

static void Pends(Read *read, DWORD size)
{
    CHECK(!Begin(read, size));
    CHECK_EQUAL(GetLastError(), ERROR_IO_PENDING);
}

static void EndsWith(Read *read, const char *message)
{
    DWORD size = 77;
    CHECK_EQUAL(WaitForSingleObject(read->overlapped.hEvent, INFINITE), WAIT_OBJECT_0);
    CHECK(GetOverlappedResult(slot, &read->overlapped, &size, FALSE));
    CHECK_EQUAL(size, strlen(message));
    CHECK(memcmp(read->buffer, message, size) == 0);
}

static void FailsWith(Read *read, DWORD code)
{
    DWORD size = 77;
    CHECK_EQUAL(WaitForSingleObject(read->overlapped.hEvent, INFINITE), WAIT_OBJECT_0);
    FAILS(GetOverlappedResult(slot, &read->overlapped, &size, FALSE), FALSE, code);
    CHECK_EQUAL(size, 0);
}

int main(void)
{
    static Read one, two, three;
    OVERLAPPED bare;
    char buffer[64];
    DWORD size;
    int i;

    slot = Create(SLOT, MAILSLOT_WAIT_FOREVER);
    file = Open(SLOT, GENERIC_WRITE);

    /* Data present: ends at once. */
    Write(file, "there");
    CHECK(Begin(&one, 64));
    EndsWith(&one, "there");

    /* Pending, then a message. */
    Pends(&one, 64);
    CHECK_EQUAL(WaitForSingleObject(one.overlapped.hEvent, 0), WAIT_TIMEOUT);
    CHECK(!HasOverlappedIoCompleted(&one.overlapped));
    size = 77;
    FAILS(GetOverlappedResult(slot, &one.overlapped, &size, FALSE), FALSE, ERROR_IO_INCOMPLETE);
    Write(file, "came");
    EndsWith(&one, "came");
    CHECK(HasOverlappedIoCompleted(&one.overlapped));
    Pends(&one, 64);
    Write(file, "waited for");
    CHECK(GetOverlappedResult(slot, &one.overlapped, &size, TRUE) && size == 10);

    /* Without an event the slot's handle is signalled: at first, and when a read ends. */
    CHECK_EQUAL(WaitForSingleObject(slot, 0), WAIT_OBJECT_0);
    memset(&bare, 0, sizeof(bare));
    FAILS(ReadFile(slot, buffer, 64, &size, &bare), FALSE, ERROR_IO_PENDING);
    CHECK_EQUAL(size, 0);
    CHECK_EQUAL(WaitForSingleObject(slot, 0), WAIT_TIMEOUT);
    CHECK_EQUAL(bare.Internal, STATUS_PENDING);
    Write(file, "four");
    CHECK_EQUAL(WaitForSingleObject(slot, INFINITE), WAIT_OBJECT_0);
    CHECK(bare.Internal == 0 && bare.InternalHigh == 4);
    CHECK(GetOverlappedResult(slot, &bare, &size, TRUE) && size == 4);
    Write(file, "queued");
    CHECK_EQUAL(WaitForSingleObject(slot, 0), WAIT_OBJECT_0);

    /* Too small at once: no OVERLAPPED is touched, and the message stays. */
    memset(&bare, 0x55, sizeof(bare));
    bare.hEvent = NULL;
    size = 77;
    FAILS(ReadFile(slot, buffer, 3, &size, &bare), FALSE, ERROR_INSUFFICIENT_BUFFER);
    CHECK(size == 0 && bare.Internal == (ULONG_PTR)0x5555555555555555);
    Expect(slot, "queued");

    /* First in, first out; and a read without an OVERLAPPED takes its turn (nothing is left for it here). */
    Pends(&one, 64);
    Pends(&two, 64);
    Pends(&three, 64);
    Write(file, "first");
    Write(file, "second");
    Write(file, "third");
    EndsWith(&three, "third");
    EndsWith(&two, "second");
    EndsWith(&one, "first");

    /* A small buffer among the pending: 122, and the message goes to the next, or stays. */
    Pends(&one, 2);
    Pends(&two, 64);
    Write(file, "larger");
    FailsWith(&one, ERROR_INSUFFICIENT_BUFFER);
    EndsWith(&two, "larger");
    Pends(&one, 2);
    Write(file, "stays");
    FailsWith(&one, ERROR_INSUFFICIENT_BUFFER);
    Expect(slot, "stays");

    /* Cancelled: by the thread, one by one, or not at all. Nothing is lost. */
    Pends(&one, 64);
    Pends(&two, 64);
    CHECK(CancelIoEx(slot, &two.overlapped));
    FailsWith(&two, ERROR_OPERATION_ABORTED);
    CHECK_EQUAL(two.overlapped.Internal, 0xC0000120);
    FAILS(CancelIoEx(slot, &two.overlapped), FALSE, ERROR_NOT_FOUND);
    CHECK(CancelIo(slot));
    FailsWith(&one, ERROR_OPERATION_ABORTED);
    CHECK(CancelIo(slot));
    Pends(&one, 64);
    CHECK(CancelIoEx(slot, NULL));
    FailsWith(&one, ERROR_OPERATION_ABORTED);
    FAILS(CancelIoEx(slot, NULL), FALSE, ERROR_NOT_FOUND);
    FAILS(CancelIoEx(file, NULL), FALSE, ERROR_NOT_FOUND);
    Write(file, "kept");
    Expect(slot, "kept");

    /* Timeouts: that of the slot when the read was issued. */
    CHECK(SetMailslotInfo(slot, 50));
    Pends(&one, 64);
    CHECK(SetMailslotInfo(slot, MAILSLOT_WAIT_FOREVER));
    Pends(&two, 64);
    FailsWith(&one, ERROR_SEM_TIMEOUT);
    CHECK(!HasOverlappedIoCompleted(&two.overlapped));
    Write(file, "in time");
    EndsWith(&two, "in time");

    /* A timeout of 0 is reported at once. */
    CHECK(SetMailslotInfo(slot, 0));
    memset(&bare, 0x55, sizeof(bare));
    bare.hEvent = NULL;
    FAILS(ReadFile(slot, buffer, 64, &size, &bare), FALSE, ERROR_SEM_TIMEOUT);
    CHECK(bare.Internal == (ULONG_PTR)0x5555555555555555);
    CHECK(SetMailslotInfo(slot, MAILSLOT_WAIT_FOREVER));

    /* Bad arguments. */
    memset(&bare, 0, sizeof(bare));
    bare.hEvent = slot;
    FAILS(ReadFile(slot, buffer, 64, &size, &bare), FALSE, ERROR_INVALID_HANDLE);
    bare.hEvent = NULL;
    FAILS(ReadFile(slot, NULL, 64, &size, &bare), FALSE, ERROR_NOACCESS);
    FAILS(GetOverlappedResult(slot, NULL, &size, FALSE), FALSE, ERROR_INVALID_PARAMETER);

    /* Many in a row. */
    for (i = 0; i < 500; i++) {
        Pends(&one, 64);
        Write(file, "again");
        EndsWith(&one, "again");
    }
    CHECK(CloseHandle(one.overlapped.hEvent) && CloseHandle(two.overlapped.hEvent));
    CHECK(CloseHandle(three.overlapped.hEvent));
    CHECK(CloseHandle(file) && CloseHandle(slot));
    return 0;
}
