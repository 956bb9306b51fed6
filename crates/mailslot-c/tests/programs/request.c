/* Requests and replies, batches, and waiting: for room and for a slot. */
#define _POSIX_C_SOURCE 200809L
#include "check.h"
#include <pthread.h>
#include <time.h>

#define LARGE 100000

/* Replies with the request's bytes, until a request is empty. */
static void *echo(void *pointer)
{
    mailslot *slot = (mailslot *)pointer;
    char *buffer = (char *)malloc(LARGE);
    size_t size = 1;
    while (size > 0) {
        mailslot_origin origin = MAILSLOT_ORIGIN_INIT;
        CHECK_EQUAL(mailslot_read(slot, buffer, LARGE, &size, &origin), MAILSLOT_OK);
        CHECK(origin.is_request == 1 && origin.kind == MAILSLOT_ORIGIN_LOCAL && origin.reply_to_uid == origin.uid);
        CHECK_EQUAL(mailslot_reply(&origin, buffer, size), MAILSLOT_OK);
    }
    free(buffer);
    return NULL;
}

static void requests(void)
{
    const size_t sizes[] = { 1, 64, 5000, LARGE, 0 };
    mailslot *slot;
    mailslot_writer *writer;
    pthread_t thread;
    char *message = (char *)malloc(LARGE), *reply = (char *)malloc(LARGE);
    size_t i, size;
    memset(message, 'm', LARGE);
    CHECK_EQUAL(mailslot_create("asked", NULL, &slot), MAILSLOT_OK);
    CHECK_EQUAL(mailslot_open("asked", &writer), MAILSLOT_OK);
    CHECK(pthread_create(&thread, NULL, echo, slot) == 0);
    for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        mailslot_origin origin = MAILSLOT_ORIGIN_INIT;
        CHECK_EQUAL(mailslot_request(writer, message, sizes[i], 60000, reply, LARGE, &size, &origin), MAILSLOT_OK);
        CHECK(size == sizes[i] && memcmp(reply, message, size) == 0);
        CHECK(origin.kind == MAILSLOT_ORIGIN_LOCAL && origin.is_request == 0);
    }
    CHECK(pthread_join(thread, NULL) == 0);
    CHECK_EQUAL(mailslot_request(writer, "?", 1, 10, reply, LARGE, &size, NULL), MAILSLOT_TIMED_OUT);
    CHECK_EQUAL(size, 0);
    mailslot_close(slot);
    CHECK_EQUAL(mailslot_request(writer, "?", 1, MAILSLOT_FOREVER, reply, LARGE, &size, NULL), MAILSLOT_CLOSED);
    mailslot_close_writer(writer);
    free(message);
    free(reply);
}

/* One of two members is full: the timeout holds for a request as well. */
static void full_member(void)
{
    mailslot_options options = MAILSLOT_OPTIONS_INIT;
    mailslot_origin origin = MAILSLOT_ORIGIN_INIT;
    mailslot *roomy, *tight;
    mailslot_writer *writer;
    struct timespec begun, ended;
    char buffer[4096];
    size_t size;
    memset(buffer, 0, sizeof(buffer));
    options.sharing = MAILSLOT_EACH;
    CHECK_EQUAL(mailslot_create("full-member", &options, &roomy), MAILSLOT_OK);
    options.capacity = 4096;
    CHECK_EQUAL(mailslot_create("full-member", &options, &tight), MAILSLOT_OK);
    CHECK_EQUAL(mailslot_open("full-member", &writer), MAILSLOT_OK);
    CHECK_EQUAL(mailslot_write(writer, buffer, 4000), MAILSLOT_OK);
    CHECK(clock_gettime(CLOCK_MONOTONIC, &begun) == 0);
    CHECK_EQUAL(mailslot_request(writer, buffer, 100, 20, buffer, sizeof(buffer), &size, NULL), MAILSLOT_PARTIAL);
    CHECK(clock_gettime(CLOCK_MONOTONIC, &ended) == 0);
    CHECK((ended.tv_sec - begun.tv_sec) * 1000 + (ended.tv_nsec - begun.tv_nsec) / 1000000 >= 19);
    CHECK_EQUAL(mailslot_read_within(tight, buffer, sizeof(buffer), &size, &origin, 0), MAILSLOT_OK);
    CHECK_EQUAL(mailslot_read_within(tight, buffer, sizeof(buffer), &size, &origin, 0), MAILSLOT_TIMED_OUT);
    mailslot_close_writer(writer);
    mailslot_close(roomy);
    mailslot_close(tight);
}

static void wrong_arguments(void)
{
    mailslot *slot;
    mailslot_writer *writer;
    mailslot_origin origin = MAILSLOT_ORIGIN_INIT;
    mailslot_bytes bytes = { NULL, 1 };
    char buffer[4];
    size_t size;
    CHECK_EQUAL(mailslot_create("wrong", NULL, &slot), MAILSLOT_OK);
    CHECK_EQUAL(mailslot_open("wrong", &writer), MAILSLOT_OK);
    CHECK_EQUAL(mailslot_request(NULL, "?", 1, 0, buffer, 4, &size, NULL), MAILSLOT_INVALID_ARGUMENT);
    CHECK_EQUAL(mailslot_request(writer, NULL, 1, 0, buffer, 4, &size, NULL), MAILSLOT_INVALID_ARGUMENT);
    CHECK_EQUAL(mailslot_request(writer, "?", 1, -2, buffer, 4, &size, NULL), MAILSLOT_INVALID_ARGUMENT);
    CHECK_EQUAL(mailslot_request(writer, "?", 1, 0, NULL, 4, &size, NULL), MAILSLOT_INVALID_ARGUMENT);
    CHECK_EQUAL(mailslot_request(writer, "?", 1, 0, buffer, 4, NULL, NULL), MAILSLOT_INVALID_ARGUMENT);
    CHECK_EQUAL(mailslot_write_batch(writer, &bytes, 1, &size), MAILSLOT_INVALID_ARGUMENT);
    CHECK_EQUAL(mailslot_write_batch(writer, NULL, 1, &size), MAILSLOT_INVALID_ARGUMENT);
    CHECK_EQUAL(mailslot_write_batch(writer, NULL, 0, &size), MAILSLOT_OK);
    CHECK_EQUAL(mailslot_write_batch_within(writer, NULL, 0, -2, &size), MAILSLOT_INVALID_ARGUMENT);
    CHECK_EQUAL(mailslot_write_within(writer, "x", 1, -2), MAILSLOT_INVALID_ARGUMENT);
    /* None of these was written. */
    CHECK_EQUAL(mailslot_read_within(slot, buffer, 4, &size, &origin, 0), MAILSLOT_TIMED_OUT);
    /* A plain message is not a request. */
    CHECK_EQUAL(mailslot_write(writer, "x", 1), MAILSLOT_OK);
    CHECK_EQUAL(mailslot_read(slot, buffer, 4, &size, &origin), MAILSLOT_OK);
    CHECK(origin.is_request == 0 && origin.time == 0);
    CHECK_EQUAL(mailslot_reply(&origin, "y", 1), MAILSLOT_INVALID_ARGUMENT);
    CHECK(strstr(mailslot_error_message(), "not a request") != NULL);
    CHECK_EQUAL(mailslot_reply(NULL, "y", 1), MAILSLOT_INVALID_ARGUMENT);
    mailslot_close_writer(writer);
    mailslot_close(slot);
}

static void batches_and_waits(void)
{
    mailslot_options options = MAILSLOT_OPTIONS_INIT;
    mailslot_bytes three[] = { { "one", 3 }, { NULL, 0 }, { "three", 5 } };
    mailslot_origin origin = MAILSLOT_ORIGIN_INIT;
    mailslot_info info = MAILSLOT_INFO_INIT;
    mailslot *slot;
    mailslot_writer *writer = NULL;
    char buffer[4096];
    size_t size;
    CHECK_EQUAL(mailslot_wait_open("later", 10, &writer), MAILSLOT_TIMED_OUT);
    options.capacity = 4096;
    options.stamp = 1;
    CHECK_EQUAL(mailslot_create("later", &options, &slot), MAILSLOT_OK);
    CHECK_EQUAL(mailslot_wait_open("later", MAILSLOT_FOREVER, &writer), MAILSLOT_OK);
    CHECK_EQUAL(mailslot_write_batch(writer, three, 3, &size), MAILSLOT_OK);
    CHECK_EQUAL(size, 3);
    CHECK_EQUAL(mailslot_query(slot, &info), MAILSLOT_OK);
    CHECK(info.count == 3 && info.written == 3 && info.read == 0 && info.capacity == 4096 && info.next_size == 3);
    CHECK_EQUAL(mailslot_read(slot, buffer, sizeof(buffer), &size, &origin), MAILSLOT_OK);
    CHECK(size == 3 && memcmp(buffer, "one", 3) == 0 && origin.time > 1000000000000000000u);
    CHECK_EQUAL(mailslot_write_within(writer, buffer, 3900, 0), MAILSLOT_OK);
    CHECK_EQUAL(mailslot_write_within(writer, buffer, 3900, 10), MAILSLOT_TIMED_OUT);
    CHECK_EQUAL(mailslot_write(writer, buffer, 3900), MAILSLOT_FULL);
    while (mailslot_read_within(slot, buffer, sizeof(buffer), &size, NULL, 0) == MAILSLOT_OK)
        ;
    CHECK_EQUAL(mailslot_write_batch_within(writer, three, 3, 10, &size), MAILSLOT_OK);
    CHECK_EQUAL(size, 3);
    /* The second message has no room, and later the first has none either. */
    three[1].data = three[0].data = buffer;
    three[1].size = 3900;
    CHECK_EQUAL(mailslot_write_batch_within(writer, three, 3, 10, &size), MAILSLOT_OK);
    CHECK_EQUAL(size, 1);
    three[0].size = 3900;
    CHECK_EQUAL(mailslot_write_batch_within(writer, three, 3, 10, &size), MAILSLOT_TIMED_OUT);
    CHECK_EQUAL(mailslot_write_batch(writer, three, 3, &size), MAILSLOT_FULL);
    mailslot_close_writer(writer);
    mailslot_close(slot);
}

int main(void)
{
    requests();
    full_member();
    wrong_arguments();
    batches_and_waits();
    return 0;
}
