/* Calls at the end of a thread and of the process work and fail as before: errors have their code and their
 * sentence. */
#include "check.h"
#include <pthread.h>
#include <unistd.h>

static mailslot *slot;
static mailslot_writer *writer;
static pthread_key_t last;
static int ended;

/* Exit handlers cannot call exit. */
#define END_CHECK(condition) \
    do { \
        if (!(condition)) { \
            printf("%s:%d: %s (%s)\n", __FILE__, __LINE__, #condition, mailslot_error_message()); \
            fflush(stdout); \
            _exit(1); \
        } \
    } while (0)

static void calls(void)
{
    mailslot *second;
    mailslot_writer *other;
    mailslot_listing *listing;
    char buffer[8];
    size_t size;

    END_CHECK(mailslot_read_within(slot, buffer, sizeof(buffer), &size, NULL, 0) == MAILSLOT_TIMED_OUT);
    END_CHECK(strcmp(mailslot_error_message(), "timed out") == 0);
    END_CHECK(mailslot_write(writer, "hello", 5) == MAILSLOT_OK);
    END_CHECK(mailslot_read(slot, buffer, 1, &size, NULL) == MAILSLOT_BUFFER_TOO_SMALL && size == 5);
    END_CHECK(strstr(mailslot_error_message(), "the buffer only 1") != NULL);
    END_CHECK(mailslot_read_within(slot, buffer, sizeof(buffer), &size, NULL, 1000) == MAILSLOT_OK && size == 5);
    END_CHECK(mailslot_read_within(slot, buffer, sizeof(buffer), &size, NULL, 1) == MAILSLOT_TIMED_OUT);
    END_CHECK(mailslot_open("nobody", &other) == MAILSLOT_NOT_FOUND);
    END_CHECK(strstr(mailslot_error_message(), "nobody") != NULL);
    END_CHECK(mailslot_create("ending", NULL, &second) == MAILSLOT_ALREADY_EXISTS);
    END_CHECK(mailslot_create("ending-too", NULL, &second) == MAILSLOT_OK);
    mailslot_close(second);
    END_CHECK(mailslot_list(&listing) == MAILSLOT_OK);
    while (mailslot_list_next(listing, NULL, NULL) == MAILSLOT_OK)
        ;
    mailslot_close_list(listing);
    ended++;
}

/* The destructor of a thread-specific value, which runs after those of the libraries. */
static void at_its_end(void *value)
{
    (void)value;
    calls();
}

static void *thread(void *calls_before)
{
    END_CHECK(pthread_setspecific(last, "a value") == 0);
    if (calls_before != NULL)
        calls();
    return NULL;
}

static void at_exit(void)
{
    calls();
    END_CHECK(ended == 5);
    mailslot_close_writer(writer);
    mailslot_close(slot);
}

int main(void)
{
    pthread_t id;
    int before;

    CHECK_EQUAL(mailslot_create("ending", NULL, &slot), MAILSLOT_OK);
    CHECK_EQUAL(mailslot_open("ending", &writer), MAILSLOT_OK);
    CHECK(pthread_key_create(&last, at_its_end) == 0);
    for (before = 0; before < 2; before++) {
        CHECK(pthread_create(&id, NULL, thread, before ? slot : NULL) == 0);
        CHECK(pthread_join(id, NULL) == 0);
    }
    calls();
    CHECK(atexit(at_exit) == 0);
    return 0;
}
