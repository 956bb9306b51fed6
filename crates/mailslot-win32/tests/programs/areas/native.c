/* mailslot.h: the slots of new programs. */
#include "check.h"
#include <mailslot.h>
#include <poll.h>

int main(void)
{
    mailslot *slot = NULL, *second = NULL;
    mailslot_writer *writer = NULL;
    mailslot_options options;
    mailslot_info info;
    char buffer[64];
    size_t size = 77;
    struct pollfd descriptor;

    memset(&options, 0, sizeof(options));
    options.max_message_size = 16;
    CHECK_EQUAL(mailslot_open("native/slot", &writer), MAILSLOT_NOT_FOUND);
    CHECK(strstr(mailslot_error_message(), "native") != NULL);
    CHECK_EQUAL(mailslot_create("native/slot", &options, &slot), MAILSLOT_OK);
    CHECK_EQUAL(mailslot_create("NATIVE\\Slot", NULL, &second), MAILSLOT_ALREADY_EXISTS);
    CHECK_EQUAL(mailslot_create("../x", NULL, &second), MAILSLOT_INVALID_NAME);
    CHECK_EQUAL(mailslot_create("\xFF", NULL, &second), MAILSLOT_INVALID_NAME);
    CHECK_EQUAL(mailslot_create(NULL, NULL, &second), MAILSLOT_INVALID_ARGUMENT);
    CHECK_EQUAL(mailslot_create("x", NULL, NULL), MAILSLOT_INVALID_ARGUMENT);
    CHECK_EQUAL(mailslot_open("//*/mailslot/x", &writer), MAILSLOT_NO_NETWORK);
    CHECK_EQUAL(mailslot_open("native/slot", &writer), MAILSLOT_OK);

    CHECK_EQUAL(mailslot_read_within(slot, buffer, sizeof(buffer), &size, 0), MAILSLOT_TIMED_OUT);
    CHECK_EQUAL(size, 0);
    descriptor.fd = mailslot_descriptor(slot);
    descriptor.events = POLLIN;
    CHECK(poll(&descriptor, 1, 0) == 0);
    CHECK_EQUAL(mailslot_write(writer, "hello", 5), MAILSLOT_OK);
    CHECK_EQUAL(mailslot_write(writer, NULL, 0), MAILSLOT_OK);
    CHECK_EQUAL(mailslot_write(writer, "seventeen letters", 17), MAILSLOT_INVALID_ARGUMENT);
    CHECK(strstr(mailslot_error_message(), "too large") != NULL);
    CHECK(poll(&descriptor, 1, -1) == 1);
    CHECK_EQUAL(mailslot_query(slot, &info), MAILSLOT_OK);
    CHECK(info.max_message_size == 16 && info.has_next && info.next_size == 5 && info.count == 2);
    CHECK_EQUAL(mailslot_read(slot, buffer, 3, &size), MAILSLOT_BUFFER_TOO_SMALL);
    CHECK_EQUAL(size, 5);
    CHECK_EQUAL(mailslot_read(slot, buffer, sizeof(buffer), &size), MAILSLOT_OK);
    CHECK(size == 5 && memcmp(buffer, "hello", 5) == 0);
    CHECK_EQUAL(mailslot_read(slot, NULL, 0, &size), MAILSLOT_OK);
    CHECK_EQUAL(size, 0);
    CHECK_EQUAL(mailslot_read_within(slot, buffer, sizeof(buffer), &size, 10), MAILSLOT_TIMED_OUT);
    CHECK_EQUAL(mailslot_read_within(slot, buffer, sizeof(buffer), &size, -2), MAILSLOT_INVALID_ARGUMENT);
    CHECK_EQUAL(mailslot_read(NULL, buffer, sizeof(buffer), &size), MAILSLOT_INVALID_ARGUMENT);

    /* The two headers mean the same slots. */
    CloseHandle(Open(PREFIX "native\\slot", GENERIC_WRITE));
    mailslot_close(slot);
    CHECK_EQUAL(mailslot_write(writer, "x", 1), MAILSLOT_CLOSED);
    mailslot_close_writer(writer);
    mailslot_close(NULL);
    mailslot_close_writer(NULL);
    return 0;
}
