/* Several readers, taps and dropping: each option has its effect, and unknown values are refused. */
#define _POSIX_C_SOURCE 200809L
#include "check.h"

#define ROOM 4096

static mailslot *create(const char *name, uint32_t sharing, uint32_t when_full, uint32_t taps)
{
    mailslot_options options = MAILSLOT_OPTIONS_INIT;
    mailslot *slot = NULL;
    options.capacity = ROOM;
    options.sharing = sharing;
    options.when_full = when_full;
    options.taps = taps;
    CHECK_EQUAL(mailslot_create(name, &options, &slot), MAILSLOT_OK);
    return slot;
}

static uint64_t count(mailslot *slot)
{
    mailslot_info info = MAILSLOT_INFO_INIT;
    CHECK_EQUAL(mailslot_query(slot, &info), MAILSLOT_OK);
    return info.count;
}

/* The next message's number, and how many messages were lost before it. */
static int next(mailslot *slot, unsigned *number, uint64_t *lost)
{
    mailslot_origin origin = MAILSLOT_ORIGIN_INIT;
    char buffer[ROOM];
    size_t size;
    int result = mailslot_read_within(slot, buffer, sizeof(buffer), &size, &origin, 0);
    if (result != MAILSLOT_OK) {
        CHECK_EQUAL(result, MAILSLOT_TIMED_OUT);
        return 0;
    }
    CHECK(size >= sizeof(*number));
    memcpy(number, buffer, sizeof(*number));
    *lost = origin.lost_before;
    return 1;
}

static void members(void)
{
    mailslot_status status = MAILSLOT_STATUS_INIT;
    mailslot_writer *writer;
    mailslot *first = create("members", MAILSLOT_EACH, MAILSLOT_REFUSE, 0), *second, *other = NULL;
    char message[1000];
    unsigned number, i;
    uint64_t lost, kept;
    memset(message, 0, sizeof(message));
    CHECK_EQUAL(mailslot_create("members", NULL, &other), MAILSLOT_ALREADY_EXISTS);
    second = create("members", MAILSLOT_EACH, MAILSLOT_REFUSE, 0);
    CHECK_EQUAL(mailslot_look_up("members", &status), MAILSLOT_OK);
    CHECK(status.members == 2 && status.taps == 0);
    CHECK_EQUAL(mailslot_open("members", &writer), MAILSLOT_OK);
    for (i = 0; i < 3; i++) {
        memcpy(message, &i, sizeof(i));
        CHECK_EQUAL(mailslot_write(writer, message, sizeof(message)), MAILSLOT_OK);
    }
    /* Only one of them has room for another message. */
    while (next(first, &number, &lost))
        CHECK_EQUAL(lost, 0);
    CHECK_EQUAL(number, 2);
    kept = count(second);
    CHECK_EQUAL(kept, 3);
    for (; i < 5; i++) {
        int result = i == 3 ? mailslot_write(writer, message, sizeof(message))
                            : mailslot_write_within(writer, message, sizeof(message), 5);
        CHECK_EQUAL(result, MAILSLOT_PARTIAL);
        CHECK(strstr(mailslot_error_message(), "1 of 2") != NULL);
        CHECK_EQUAL(count(second), kept);
        CHECK_EQUAL(count(first), i - 2);
    }
    /* Neither has room. */
    CHECK_EQUAL(mailslot_write(writer, message, sizeof(message)), MAILSLOT_PARTIAL);
    CHECK_EQUAL(mailslot_write(writer, message, sizeof(message)), MAILSLOT_FULL);
    CHECK_EQUAL(mailslot_write_within(writer, message, sizeof(message), 5), MAILSLOT_TIMED_OUT);
    mailslot_close(first);
    CHECK(next(second, &number, &lost));
    CHECK_EQUAL(mailslot_write(writer, message, sizeof(message)), MAILSLOT_OK);
    mailslot_close(second);
    CHECK_EQUAL(mailslot_write(writer, message, sizeof(message)), MAILSLOT_CLOSED);
    mailslot_close_writer(writer);
}

/* The messages read and those reported as lost are together the messages written, in order. */
static void drops_oldest(mailslot *slot, mailslot *reader, const char *name)
{
    mailslot_info info = MAILSLOT_INFO_INIT;
    mailslot_writer *writer;
    uint64_t lost, told = 0, state = 88172645463325252u;
    unsigned number, written = 0, expected = 0, i;
    char message[700], drained[ROOM];
    size_t size;
    memset(message, 0, sizeof(message));
    CHECK_EQUAL(mailslot_open(name, &writer), MAILSLOT_OK);
    for (i = 0; i < 200; i++) {
        state ^= state << 13, state ^= state >> 7, state ^= state << 17;
        if (state % 4 != 0) {
            memcpy(message, &written, sizeof(written));
            CHECK_EQUAL(mailslot_write(writer, message, 4 + (size_t)(state >> 32) % 600), MAILSLOT_OK);
            written++;
            if (slot != reader)
                CHECK_EQUAL(mailslot_read_within(slot, drained, sizeof(drained), &size, NULL, 0), MAILSLOT_OK);
        } else if (next(reader, &number, &lost)) {
            expected += (unsigned)lost;
            told += lost;
            CHECK_EQUAL(number, expected);
            expected++;
        }
    }
    while (next(reader, &number, &lost)) {
        expected += (unsigned)lost;
        told += lost;
        CHECK_EQUAL(number, expected);
        expected++;
    }
    CHECK_EQUAL(expected, written);
    CHECK(told > 0);
    CHECK_EQUAL(mailslot_query(reader, &info), MAILSLOT_OK);
    CHECK_EQUAL(info.lost, told);
    mailslot_close_writer(writer);
}

static void taps(void)
{
    mailslot_status status = MAILSLOT_STATUS_INIT;
    mailslot_options options = MAILSLOT_OPTIONS_INIT;
    mailslot *slot = create("tapped", MAILSLOT_ONE, MAILSLOT_REFUSE, 0), *tap = NULL;
    char byte;
    size_t size;
    int i;
    CHECK_EQUAL(mailslot_tap("tapped", NULL, &tap), MAILSLOT_NOT_ALLOWED);
    mailslot_close(slot);
    CHECK_EQUAL(mailslot_tap("tapped", NULL, &tap), MAILSLOT_NOT_FOUND);
    slot = create("tapped", MAILSLOT_ONE, MAILSLOT_REFUSE, 1);
    options.capacity = 1;
    CHECK_EQUAL(mailslot_tap("tapped", &options, &tap), MAILSLOT_INVALID_ARGUMENT);
    options.capacity = ROOM;
    CHECK_EQUAL(mailslot_tap("tapped", &options, &tap), MAILSLOT_OK);
    CHECK_EQUAL(mailslot_look_up("tapped", &status), MAILSLOT_OK);
    CHECK(status.members == 1 && status.taps == 1);
    drops_oldest(slot, tap, "tapped");
    mailslot_close(slot);
    CHECK_EQUAL(mailslot_read(tap, &byte, 1, &size, NULL), MAILSLOT_CLOSED);
    mailslot_close(tap);
    /* The environment allows taps as well, with and without options. */
    CHECK_EQUAL(setenv("MAILSLOT_TAPS", "allow", 1), 0);
    for (i = 0; i < 2; i++) {
        options.capacity = 0;
        CHECK_EQUAL(mailslot_create("tapped", i == 0 ? NULL : &options, &slot), MAILSLOT_OK);
        CHECK_EQUAL(mailslot_tap("tapped", NULL, &tap), MAILSLOT_OK);
        mailslot_close(tap);
        mailslot_close(slot);
    }
    CHECK_EQUAL(unsetenv("MAILSLOT_TAPS"), 0);
}

static void refused(void)
{
    mailslot_options options = MAILSLOT_OPTIONS_INIT;
    uint32_t *const flags[] = { &options.sharing, &options.when_full, &options.taps, &options.inheritable };
    mailslot *slot = NULL;
    size_t i;
    for (i = 0; i < sizeof(flags) / sizeof(flags[0]); i++) {
        *flags[i] = 2;
        CHECK_EQUAL(mailslot_create("refused", &options, &slot), MAILSLOT_INVALID_ARGUMENT);
        CHECK(slot == NULL);
        *flags[i] = 0;
    }
}

int main(void)
{
    mailslot *slot;
    members();
    slot = create("dropping", MAILSLOT_ONE, MAILSLOT_DROP_OLDEST, 0);
    drops_oldest(slot, slot, "dropping");
    mailslot_close(slot);
    taps();
    refused();
    return 0;
}
