/* Sizes and counts beyond any memory, such as negative ones, are errors: nothing is read, written or sent. */
#include "check.h"

#define NUMBER(array) (sizeof(array) / sizeof(array)[0])

static const size_t SIZES[] = { (size_t)-1, (size_t)-2, (size_t)-4096, ((size_t)-1) / 2 + 1, ((size_t)-1) / 2 + 4096 };

int main(void)
{
    mailslot *slot;
    mailslot_writer *writer;
    mailslot_info info = MAILSLOT_INFO_INIT;
    mailslot_origin origin = MAILSLOT_ORIGIN_INIT;
    mailslot_receipt receipt;
    mailslot_bytes batch[2];
    char buffer[16];
    size_t size, count, each;

    CHECK_EQUAL(mailslot_create("sizes", NULL, &slot), MAILSLOT_OK);
    CHECK_EQUAL(mailslot_open("sizes", &writer), MAILSLOT_OK);
    for (each = 0; each < NUMBER(SIZES); each++) {
        /* A read that went on would find this. */
        CHECK_EQUAL(mailslot_write(writer, "here", 4), MAILSLOT_OK);
        memset(buffer, 'x', sizeof(buffer));
        CHECK_EQUAL(mailslot_read(slot, buffer, SIZES[each], &size, NULL), MAILSLOT_INVALID_ARGUMENT);
        CHECK_EQUAL(mailslot_read(slot, buffer, SIZES[each], &size, &origin), MAILSLOT_INVALID_ARGUMENT);
        CHECK_EQUAL(mailslot_read_within(slot, buffer, SIZES[each], &size, NULL, 0), MAILSLOT_INVALID_ARGUMENT);
        CHECK_EQUAL(mailslot_request(writer, "x", 1, 0, buffer, SIZES[each], &size, NULL), MAILSLOT_INVALID_ARGUMENT);
        CHECK(buffer[0] == 'x');

        CHECK_EQUAL(mailslot_write(writer, buffer, SIZES[each]), MAILSLOT_INVALID_ARGUMENT);
        CHECK(strstr(mailslot_error_message(), "larger than memory") != NULL);
        CHECK_EQUAL(mailslot_write_within(writer, buffer, SIZES[each], 0), MAILSLOT_INVALID_ARGUMENT);
        CHECK_EQUAL(mailslot_write_confirmed(writer, buffer, SIZES[each], 0, &receipt, 1, &count),
                    MAILSLOT_INVALID_ARGUMENT);
        CHECK_EQUAL(mailslot_write_confirmed(writer, "x", 1, 0, &receipt, SIZES[each], &count),
                    MAILSLOT_INVALID_ARGUMENT);
        CHECK_EQUAL(mailslot_request(writer, buffer, SIZES[each], 0, buffer, 1, &size, NULL),
                    MAILSLOT_INVALID_ARGUMENT);
        CHECK_EQUAL(mailslot_reply(&origin, buffer, SIZES[each]), MAILSLOT_INVALID_ARGUMENT);

        /* Also one among others, and a count whose bytes would wrap around to a small number. */
        batch[0].data = batch[1].data = buffer;
        batch[0].size = 1;
        batch[1].size = SIZES[each];
        CHECK_EQUAL(mailslot_write_batch(writer, batch, 2, &count), MAILSLOT_INVALID_ARGUMENT);
        CHECK_EQUAL(mailslot_write_batch_within(writer, batch, 2, 0, &count), MAILSLOT_INVALID_ARGUMENT);
        CHECK_EQUAL(mailslot_write_batch(writer, batch, SIZES[each], &count), MAILSLOT_INVALID_ARGUMENT);
        CHECK_EQUAL(mailslot_write_batch(writer, batch, ((size_t)-1) / sizeof(batch[0]) + 2, &count),
                    MAILSLOT_INVALID_ARGUMENT);

        /* Without a pointer, the missing pointer is the error. */
        CHECK_EQUAL(mailslot_write(writer, NULL, SIZES[each]), MAILSLOT_INVALID_ARGUMENT);
        CHECK(strstr(mailslot_error_message(), "NULL") != NULL);

        CHECK_EQUAL(mailslot_query(slot, &info), MAILSLOT_OK);
        CHECK_EQUAL(info.count, 1);
        CHECK_EQUAL(mailslot_read(slot, buffer, sizeof(buffer), &size, NULL), MAILSLOT_OK);
        CHECK(size == 4 && memcmp(buffer, "here", 4) == 0);
    }
    mailslot_close_writer(writer);
    mailslot_close(slot);
    return 0;
}
