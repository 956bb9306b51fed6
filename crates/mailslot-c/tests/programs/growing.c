/* Programs and libraries of different versions: every struct as in an earlier and as in a later header, which is the
 * only difference to the library. */
#include "check.h"
#include <stddef.h>

/* Bytes that a later version may add. */
#define MORE 24

typedef struct longer_options {
    mailslot_options known;
    unsigned char more[MORE];
} longer_options;
typedef struct longer_info {
    mailslot_info known;
    unsigned char more[MORE];
} longer_info;
typedef struct longer_origin {
    mailslot_origin known;
    unsigned char more[MORE];
} longer_origin;

static int is(const void *memory, size_t from, size_t to, unsigned char value)
{
    const unsigned char *bytes = (const unsigned char *)memory;
    for (; from < to; from++)
        if (bytes[from] != value)
            return 0;
    return 1;
}

static void options(void)
{
    const size_t sizes[] = { 8, 16, 20, 24, 25, sizeof(mailslot_options), sizeof(longer_options) };
    size_t i, byte;
    mailslot *slot = NULL;
    for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        longer_options options;
        mailslot_info info = MAILSLOT_INFO_INIT;
        memset(&options, 0, sizeof(options));
        options.known.max_message_size = 16;
        options.known.size = sizes[i];
        CHECK_EQUAL(mailslot_create("growing", &options.known, &slot), MAILSLOT_OK);
        CHECK_EQUAL(mailslot_query(slot, &info), MAILSLOT_OK);
        /* A member that the program's header did not have keeps its default. */
        CHECK_EQUAL(info.max_message_size, sizes[i] >= 20 ? 16 : 0);
        mailslot_close(slot);
        slot = NULL;
    }
    /* An option that this library does not know is refused, wherever it is set. */
    for (byte = 0; byte < MORE; byte++) {
        longer_options options;
        memset(&options, 0, sizeof(options));
        options.known.size = sizeof(options);
        options.more[byte] = 1;
        CHECK_EQUAL(mailslot_create("growing", &options.known, &slot), MAILSLOT_INVALID_ARGUMENT);
        CHECK(strstr(mailslot_error_message(), "does not know") != NULL);
        options.known.size = offsetof(longer_options, more) + byte;
        CHECK_EQUAL(mailslot_create("growing", &options.known, &slot), MAILSLOT_OK);
        mailslot_close(slot);
        slot = NULL;
    }
}

static void info(mailslot *slot)
{
    size_t size;
    for (size = 8; size <= sizeof(longer_info); size++) {
        longer_info info;
        memset(&info, 0xAA, sizeof(info));
        info.known.size = size;
        CHECK_EQUAL(mailslot_query(slot, &info.known), MAILSLOT_OK);
        CHECK_EQUAL(info.known.size, size);
        CHECK(size < offsetof(mailslot_info, next_size) || info.known.count == 1);
        CHECK(size < offsetof(mailslot_info, capacity) || info.known.has_next == 1);
        CHECK(is(&info, size, sizeof(info), 0xAA));
        CHECK(is(&info, sizeof(mailslot_info), size, 0));
    }
}

static void origin(mailslot *slot, mailslot_writer *writer)
{
    size_t size, bytes;
    char buffer[8];
    for (size = 8; size <= sizeof(longer_origin); size++) {
        longer_origin origin;
        memset(&origin, 0xAA, sizeof(origin));
        origin.known.size = size;
        CHECK_EQUAL(mailslot_read(slot, buffer, sizeof(buffer), &bytes, &origin.known), MAILSLOT_OK);
        CHECK_EQUAL(mailslot_write(writer, "x", 1), MAILSLOT_OK);
        CHECK_EQUAL(origin.known.size, size);
        CHECK(size < offsetof(mailslot_origin, attested) || origin.known.kind == MAILSLOT_ORIGIN_LOCAL);
        CHECK(is(&origin, size, sizeof(origin), 0xAA));
        CHECK(is(&origin, offsetof(mailslot_origin, authenticated), size, 0));
    }
}

/* A size that was not set fails before anything happens: above all, no message is taken. */
static void sizes_that_cannot_be(mailslot *slot)
{
    const uint64_t sizes[] = { 0, 1, 7, 65536, 0xAAAAAAAA, UINT64_MAX };
    size_t i, bytes = 77;
    char buffer[8];
    mailslot *second = NULL;
    for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        mailslot_options options = MAILSLOT_OPTIONS_INIT;
        mailslot_info info = MAILSLOT_INFO_INIT;
        mailslot_origin origin = MAILSLOT_ORIGIN_INIT;
        options.size = info.size = origin.size = sizes[i];
        CHECK_EQUAL(mailslot_create("second", &options, &second), MAILSLOT_INVALID_ARGUMENT);
        CHECK(strstr(mailslot_error_message(), "MAILSLOT_OPTIONS_INIT") != NULL);
        CHECK_EQUAL(mailslot_query(slot, &info), MAILSLOT_INVALID_ARGUMENT);
        CHECK(strstr(mailslot_error_message(), "MAILSLOT_INFO_INIT") != NULL);
        CHECK_EQUAL(mailslot_read(slot, buffer, sizeof(buffer), &bytes, &origin), MAILSLOT_INVALID_ARGUMENT);
        CHECK(strstr(mailslot_error_message(), "MAILSLOT_ORIGIN_INIT") != NULL);
        info.size = sizeof(info);
        CHECK_EQUAL(mailslot_query(slot, &info), MAILSLOT_OK);
        CHECK_EQUAL(info.count, 1);
    }
}

int main(void)
{
    mailslot *slot = NULL;
    mailslot_writer *writer = NULL;
    options();
    CHECK_EQUAL(mailslot_create("growing", NULL, &slot), MAILSLOT_OK);
    CHECK_EQUAL(mailslot_open("growing", &writer), MAILSLOT_OK);
    CHECK_EQUAL(mailslot_write(writer, "x", 1), MAILSLOT_OK);
    info(slot);
    origin(slot, writer);
    sizes_that_cannot_be(slot);
    mailslot_close_writer(writer);
    mailslot_close(slot);
    return 0;
}
