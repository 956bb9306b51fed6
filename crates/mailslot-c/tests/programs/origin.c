/* read: prints the origin of one message. write: writes it, and prints its process id. */
#include "check.h"
#include <unistd.h>

int main(int argc, char **argv)
{
    char buffer[8];
    size_t size;
    CHECK(argc == 2);
    if (strcmp(argv[1], "write") == 0) {
        mailslot_writer *writer;
        CHECK_EQUAL(mailslot_open("origin", &writer), MAILSLOT_OK);
        CHECK_EQUAL(mailslot_write(writer, "x", 1), MAILSLOT_OK);
        mailslot_close_writer(writer);
        printf("%d\n", (int)getpid());
    } else {
        mailslot_options options = MAILSLOT_OPTIONS_INIT;
        mailslot_origin origin = MAILSLOT_ORIGIN_INIT;
        mailslot *slot;
        options.access = MAILSLOT_EVERYONE;
        CHECK_EQUAL(mailslot_create("origin", &options, &slot), MAILSLOT_OK);
        puts("ready");
        fflush(stdout);
        CHECK_EQUAL(mailslot_read(slot, buffer, sizeof(buffer), &size, &origin), MAILSLOT_OK);
        printf("kind %u uid %u pid %u attested %u\n", origin.kind, origin.uid, origin.pid, origin.attested);
        mailslot_close(slot);
    }
    return 0;
}
