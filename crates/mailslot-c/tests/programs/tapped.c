/* Creates a slot, with options if there is an argument, and writes the lines of its input into it. */
#include "check.h"

int main(int argc, char **argv)
{
    mailslot_options options = MAILSLOT_OPTIONS_INIT;
    char line[100], read[100];
    size_t size;
    mailslot *slot;
    mailslot_writer *writer;
    CHECK_EQUAL(mailslot_create("tapped", argc > 1 ? &options : NULL, &slot), MAILSLOT_OK);
    CHECK_EQUAL(mailslot_open("tapped", &writer), MAILSLOT_OK);
    (void)argv;
    puts("ready");
    fflush(stdout);
    while (fgets(line, sizeof(line), stdin) != NULL) {
        CHECK_EQUAL(mailslot_write(writer, line, strcspn(line, "\n")), MAILSLOT_OK);
        CHECK_EQUAL(mailslot_read(slot, read, sizeof(read), &size, NULL), MAILSLOT_OK);
        CHECK_EQUAL(size, strcspn(line, "\n"));
        CHECK(memcmp(read, line, size) == 0);
    }
    mailslot_close_writer(writer);
    mailslot_close(slot);
    return 0;
}
