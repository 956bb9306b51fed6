/* A read needs the caller's buffer, and no other memory of the message's size. */
#include "check.h"

#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#define SIZE (8u << 20)

/* No more memory for this process than a part of a message. */
static void be_scarce(void)
{
    FILE *file = fopen("/proc/self/statm", "r");
    struct rlimit limit;
    unsigned long pages;

    CHECK(file != NULL && fscanf(file, "%lu", &pages) == 1 && fclose(file) == 0);
    CHECK(getrlimit(RLIMIT_AS, &limit) == 0);
    limit.rlim_cur = pages * (unsigned long)sysconf(_SC_PAGESIZE) + SIZE / 4;
    CHECK(setrlimit(RLIMIT_AS, &limit) == 0);
}

int main(void)
{
    mailslot *slot;
    mailslot_writer *writer;
    mailslot_options options = MAILSLOT_OPTIONS_INIT;
    mailslot_origin origin = MAILSLOT_ORIGIN_INIT;
    char *message = malloc(SIZE), *buffer = malloc(SIZE);
    size_t size;

    CHECK(message != NULL && buffer != NULL);
    memset(message, 'm', SIZE);
    options.capacity = 4 * SIZE;
    CHECK_EQUAL(mailslot_create("memory", &options, &slot), MAILSLOT_OK);
    CHECK_EQUAL(mailslot_open("memory", &writer), MAILSLOT_OK);
    CHECK_EQUAL(mailslot_write(writer, message, SIZE), MAILSLOT_OK);
    CHECK_EQUAL(mailslot_write(writer, message, SIZE), MAILSLOT_OK);
    be_scarce();
    CHECK(malloc(SIZE) == NULL);
    CHECK_EQUAL(mailslot_read(slot, buffer, SIZE - 1, &size, NULL), MAILSLOT_BUFFER_TOO_SMALL);
    CHECK_EQUAL(mailslot_read(slot, buffer, SIZE, &size, NULL), MAILSLOT_OK);
    CHECK(size == SIZE && memcmp(message, buffer, SIZE) == 0);
    CHECK_EQUAL(mailslot_read_within(slot, buffer, SIZE, &size, &origin, 0), MAILSLOT_OK);
    CHECK(size == SIZE && origin.kind == MAILSLOT_ORIGIN_LOCAL);
    mailslot_close_writer(writer);
    mailslot_close(slot);
    free(message);
    free(buffer);
    return 0;
}
