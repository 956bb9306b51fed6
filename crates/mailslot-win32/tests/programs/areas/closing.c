/* Rows 18 and 19 of section 11: handles that are closed while reads wait. */
#include "check.h"
#include <pthread.h>

#define SLOT PREFIX "closing"

typedef struct {
    HANDLE slot;
    HANDLE begins;
    BOOL result;
    DWORD code;
    DWORD size;
    char buffer[64];
} Reader;

static void *Blocking(void *argument)
{
    Reader *reader = (Reader *)argument;
    SetEvent(reader->begins);
    reader->size = 77;
    reader->result = ReadFile(reader->slot, reader->buffer, sizeof(reader->buffer), &reader->size, NULL);
    reader->code = GetLastError();
    return NULL;
}

static HANDLE Duplicate(HANDLE handle)
{
    HANDLE duplicate;
    CHECK(DuplicateHandle(GetCurrentProcess(), handle, GetCurrentProcess(), &duplicate, 0, FALSE,
                          DUPLICATE_SAME_ACCESS));
    return duplicate;
}

int main(void)
{
    HANDLE event = CreateEventA(NULL, TRUE, FALSE, NULL), slot, other, file;
    OVERLAPPED overlapped;
    Reader reader;
    pthread_t thread, thread2;
    Reader reader2;
    char buffer[64];
    DWORD size;
    int i;

    /* Overlapped, one of two handles: ends 995, and the slot lives. */
    slot = Create(SLOT, MAILSLOT_WAIT_FOREVER);
    other = Duplicate(slot);
    file = Open(SLOT, GENERIC_WRITE);
    memset(&overlapped, 0, sizeof(overlapped));
    overlapped.hEvent = event;
    FAILS(ReadFile(slot, buffer, sizeof(buffer), &size, &overlapped), FALSE, ERROR_IO_PENDING);
    CHECK(CloseHandle(slot));
    CHECK_EQUAL(WaitForSingleObject(event, INFINITE), WAIT_OBJECT_0);
    FAILS(GetOverlappedResult(other, &overlapped, &size, FALSE), FALSE, ERROR_OPERATION_ABORTED);
    Write(file, "lives");
    Expect(other, "lives");

    /* Overlapped through the handle that stays open: not disturbed. */
    slot = Duplicate(other);
    FAILS(ReadFile(slot, buffer, sizeof(buffer), &size, &overlapped), FALSE, ERROR_IO_PENDING);
    CHECK(CloseHandle(other));
    CHECK_EQUAL(WaitForSingleObject(event, 0), WAIT_TIMEOUT);
    /* The last handle: ends 995, the name is free at once. */
    CHECK(CloseHandle(slot));
    CHECK_EQUAL(WaitForSingleObject(event, INFINITE), WAIT_OBJECT_0);
    CHECK_EQUAL(overlapped.Internal, 0xC0000120);
    FAILS(WriteFile(file, "x", 1, &size, NULL), FALSE, ERROR_HANDLE_EOF);
    CHECK(CloseHandle(file));
    for (i = 0; i < 100; i++) {
        slot = Create(SLOT, MAILSLOT_WAIT_FOREVER);
        FAILS(ReadFile(slot, buffer, sizeof(buffer), &size, &overlapped), FALSE, ERROR_IO_PENDING);
        CHECK(CloseHandle(slot));
    }

    /* Blocking, one of two handles: the read finishes normally. */
    slot = Create(SLOT, MAILSLOT_WAIT_FOREVER);
    other = Duplicate(slot);
    file = Open(SLOT, GENERIC_WRITE);
    reader.slot = slot;
    reader.begins = event;
    ResetEvent(event);
    CHECK(pthread_create(&thread, NULL, Blocking, &reader) == 0);
    CHECK_EQUAL(WaitForSingleObject(event, INFINITE), WAIT_OBJECT_0);
    Sleep(20);
    CHECK(CloseHandle(slot));
    Write(file, "finishes");
    CHECK(pthread_join(thread, NULL) == 0);
    CHECK(reader.result && reader.size == 8);

    /* Blocking, two of them, and the last handle: all end 995. */
    reader.slot = reader2.slot = other;
    reader2.begins = event;
    CHECK(pthread_create(&thread, NULL, Blocking, &reader) == 0);
    CHECK(pthread_create(&thread2, NULL, Blocking, &reader2) == 0);
    Sleep(20);
    CHECK(CloseHandle(other));
    CHECK(pthread_join(thread, NULL) == 0 && pthread_join(thread2, NULL) == 0);
    /* A thread that had not begun to read found the handle closed. */
    CHECK(!reader.result && reader.size == 0);
    CHECK(reader.code == ERROR_OPERATION_ABORTED || reader.code == ERROR_INVALID_HANDLE);
    CHECK(!reader2.result && reader2.size == 0);
    CHECK(reader2.code == ERROR_OPERATION_ABORTED || reader2.code == ERROR_INVALID_HANDLE);
    FAILS(WriteFile(file, "x", 1, &size, NULL), FALSE, ERROR_HANDLE_EOF);
    CHECK(CloseHandle(file));

    /* A blocking read behind an overlapped one takes its turn. */
    slot = Create(SLOT, MAILSLOT_WAIT_FOREVER);
    file = Open(SLOT, GENERIC_WRITE);
    FAILS(ReadFile(slot, buffer, sizeof(buffer), &size, &overlapped), FALSE, ERROR_IO_PENDING);
    reader.slot = slot;
    CHECK(pthread_create(&thread, NULL, Blocking, &reader) == 0);
    Write(file, "for the first");
    Write(file, "behind");
    CHECK(pthread_join(thread, NULL) == 0);
    CHECK(reader.result && reader.size == 6);
    CHECK(GetOverlappedResult(slot, &overlapped, &size, TRUE) && size == 13);
    CHECK(CloseHandle(file) && CloseHandle(slot) && CloseHandle(event));
    return 0;
}
