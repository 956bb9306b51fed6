/* What the header promises about slots and writers. */
#include "check.h"
#include <poll.h>
#include <unistd.h>

int main(void)
{
    mailslot *slot = NULL, *second = NULL;
    mailslot_writer *writer = NULL;
    mailslot_options options = MAILSLOT_OPTIONS_INIT;
    mailslot_info info = MAILSLOT_INFO_INIT;
    mailslot_origin origin = MAILSLOT_ORIGIN_INIT;
    mailslot_receipt receipt;
    char buffer[64];
    size_t size = 77;
    struct pollfd descriptor;

    options.max_message_size = 16;
    CHECK_EQUAL(mailslot_open("native/slot", &writer), MAILSLOT_NOT_FOUND);
    CHECK(strstr(mailslot_error_message(), "native") != NULL);
    CHECK_EQUAL(mailslot_create("native/slot", &options, &slot), MAILSLOT_OK);
    CHECK_EQUAL(mailslot_create("NATIVE\\Slot", NULL, &second), MAILSLOT_ALREADY_EXISTS);
    CHECK_EQUAL(mailslot_create("../x", NULL, &second), MAILSLOT_INVALID_NAME);
    CHECK_EQUAL(mailslot_create("\xFF", NULL, &second), MAILSLOT_INVALID_NAME);
    CHECK_EQUAL(mailslot_create(NULL, NULL, &second), MAILSLOT_INVALID_ARGUMENT);
    CHECK_EQUAL(mailslot_create("x", NULL, NULL), MAILSLOT_INVALID_ARGUMENT);
    options.access = 4;
    CHECK_EQUAL(mailslot_create("x", &options, &second), MAILSLOT_INVALID_ARGUMENT);
    CHECK(strstr(mailslot_error_message(), "enum mailslot_access") != NULL);
    options.access = MAILSLOT_OWNER;
    options.capacity = 1;
    CHECK_EQUAL(mailslot_create("x", &options, &second), MAILSLOT_INVALID_ARGUMENT);
    CHECK(second == NULL);
    CHECK_EQUAL(mailslot_open("//*/mailslot/x", &writer), MAILSLOT_NO_NETWORK);
    CHECK_EQUAL(mailslot_open("native/slot", &writer), MAILSLOT_OK);

    CHECK_EQUAL(mailslot_read_within(slot, buffer, sizeof(buffer), &size, NULL, 0), MAILSLOT_TIMED_OUT);
    CHECK_EQUAL(size, 0);
    descriptor.fd = mailslot_descriptor(slot);
    descriptor.events = POLLIN;
    CHECK(poll(&descriptor, 1, 0) == 0);
    CHECK_EQUAL(mailslot_write(writer, "hello", 5), MAILSLOT_OK);
    CHECK_EQUAL(mailslot_write(writer, NULL, 0), MAILSLOT_OK);
    CHECK_EQUAL(mailslot_write(writer, NULL, 1), MAILSLOT_INVALID_ARGUMENT);
    CHECK_EQUAL(mailslot_write(writer, "seventeen letters", 17), MAILSLOT_INVALID_ARGUMENT);
    CHECK(strstr(mailslot_error_message(), "too large") != NULL);
    CHECK(poll(&descriptor, 1, -1) == 1);
    CHECK_EQUAL(mailslot_query(slot, &info), MAILSLOT_OK);
    CHECK(info.max_message_size == 16 && info.has_next && info.next_size == 5 && info.count == 2);

    /* A failed read keeps the message and does not change the origin, with and without an origin. */
    CHECK_EQUAL(mailslot_read(slot, buffer, 3, &size, NULL), MAILSLOT_BUFFER_TOO_SMALL);
    CHECK_EQUAL(size, 5);
    size = 77;
    origin.kind = 99;
    CHECK_EQUAL(mailslot_read(slot, buffer, 3, &size, &origin), MAILSLOT_BUFFER_TOO_SMALL);
    CHECK_EQUAL(size, 5);
    CHECK_EQUAL(origin.kind, 99);
    CHECK_EQUAL(mailslot_read(slot, buffer, sizeof(buffer), &size, &origin), MAILSLOT_OK);
    CHECK(size == 5 && memcmp(buffer, "hello", 5) == 0);
    CHECK(origin.kind == MAILSLOT_ORIGIN_LOCAL && !origin.attested && !origin.authenticated);
    CHECK(origin.pid == (uint32_t)getpid() && origin.uid == (uint32_t)geteuid() && origin.gid == (uint32_t)getegid());
    CHECK(origin.computer[0] == 0 && origin.domain[0] == 0 && origin.address[0] == 0);
    CHECK_EQUAL(mailslot_read(slot, NULL, 0, &size, NULL), MAILSLOT_OK);
    CHECK_EQUAL(size, 0);
    CHECK_EQUAL(mailslot_read_within(slot, buffer, sizeof(buffer), &size, &origin, 10), MAILSLOT_TIMED_OUT);
    CHECK_EQUAL(mailslot_read_within(slot, buffer, sizeof(buffer), &size, NULL, -2), MAILSLOT_INVALID_ARGUMENT);
    CHECK_EQUAL(mailslot_read(NULL, buffer, sizeof(buffer), &size, NULL), MAILSLOT_INVALID_ARGUMENT);
    CHECK_EQUAL(mailslot_read(slot, buffer, sizeof(buffer), NULL, NULL), MAILSLOT_INVALID_ARGUMENT);
    CHECK_EQUAL(mailslot_query(slot, NULL), MAILSLOT_INVALID_ARGUMENT);

    CHECK_EQUAL(mailslot_wait_for_receivers(writer, 1, 0, &size), MAILSLOT_OK);
    CHECK_EQUAL(size, 1);
    CHECK_EQUAL(mailslot_write_confirmed(writer, "sure", 4, 1000, &receipt, 1, &size), MAILSLOT_OK);
    CHECK(size == 1 && receipt.outcome == MAILSLOT_DELIVERED);
    CHECK_EQUAL(mailslot_write_confirmed(writer, "sure", 4, 1000, NULL, 0, &size), MAILSLOT_MORE_RECEIPTS);
    CHECK_EQUAL(size, 1);

    mailslot_close(slot);
    CHECK_EQUAL(mailslot_write(writer, "x", 1), MAILSLOT_CLOSED);
    mailslot_close_writer(writer);
    mailslot_close(NULL);
    mailslot_close_writer(NULL);
    return 0;
}
