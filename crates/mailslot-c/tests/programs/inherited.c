/* A forked child has an inheritable slot, and no other. */
#define _POSIX_C_SOURCE 200809L
#include "check.h"
#include <sys/wait.h>
#include <unistd.h>

/* The result of a read in a forked child, of a slot that has one message. */
static int read_in_child(mailslot *slot)
{
    int status;
    pid_t child = fork();
    CHECK(child >= 0);
    if (child == 0) {
        char byte;
        size_t size;
        _exit(mailslot_read_within(slot, &byte, 1, &size, NULL, 0) == MAILSLOT_OK ? 0 : 1);
    }
    CHECK_EQUAL(waitpid(child, &status, 0), child);
    CHECK(WIFEXITED(status));
    return WEXITSTATUS(status);
}

int main(void)
{
    mailslot_options options = MAILSLOT_OPTIONS_INIT;
    mailslot_info info = MAILSLOT_INFO_INIT;
    mailslot_writer *writer;
    mailslot *slot;
    uint32_t inheritable;
    for (inheritable = 0; inheritable < 2; inheritable++) {
        options.inheritable = inheritable;
        CHECK_EQUAL(mailslot_create("inherited", &options, &slot), MAILSLOT_OK);
        CHECK_EQUAL(mailslot_open("inherited", &writer), MAILSLOT_OK);
        CHECK_EQUAL(mailslot_write(writer, "x", 1), MAILSLOT_OK);
        CHECK_EQUAL(read_in_child(slot), inheritable ? 0 : 1);
        CHECK_EQUAL(mailslot_query(slot, &info), MAILSLOT_OK);
        CHECK_EQUAL(info.count, inheritable ? 0 : 1);
        mailslot_close_writer(writer);
        mailslot_close(slot);
    }
    return 0;
}
