/* Writes and reads in one process and thread: pair [PAIRS [BYTES]]. */
#include "check.h"

int main(int argc, char **argv)
{
    static char message[65536], buffer[65536];
    unsigned long pairs = argc > 1 ? strtoul(argv[1], NULL, 10) : 1000000, i;
    size_t bytes = argc > 2 ? (size_t)strtoul(argv[2], NULL, 10) : 64, size;
    mailslot *slot;
    mailslot_writer *writer;
    CHECK(bytes <= sizeof(message));
    CHECK_EQUAL(mailslot_create("pair", NULL, &slot), MAILSLOT_OK);
    CHECK_EQUAL(mailslot_open("pair", &writer), MAILSLOT_OK);
    for (i = 0; i < pairs; i++) {
        CHECK_EQUAL(mailslot_write(writer, message, bytes), MAILSLOT_OK);
        CHECK_EQUAL(mailslot_read_within(slot, buffer, sizeof(buffer), &size, NULL, 0), MAILSLOT_OK);
    }
    mailslot_close_writer(writer);
    mailslot_close(slot);
    return 0;
}
