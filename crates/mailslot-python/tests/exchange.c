/* The C library at one end of `test_exchange.py`, which documents its programs. */
#include <mailslot.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define HEAD 8
#define LARGEST (1 << 17)
#define STOP UINT32_MAX
#define BATCH 3
#define MOST_WRITERS 4096
/* The writer id for messages to another slot. */
#define NEXT_LIFE 1000
#define UNANSWERED 200

static const size_t sizes[] = { 0, 1, 8, 100, 416, 417, 1000, 4087, 20000, 3, 100000 };

static void fail(const char *what, uint32_t writer, uint32_t number)
{
    fprintf(stderr, "%s: message %u of writer %u (%s)\n", what, number, writer, mailslot_error_message());
    exit(1);
}

static void must(int code, const char *what, uint32_t writer, uint32_t number)
{
    if (code != MAILSLOT_OK)
        fail(what, writer, number);
}

/* Little-endian on every machine that runs this. */
static size_t message(char *bytes, uint32_t writer, uint32_t number)
{
    size_t size = sizes[number % (sizeof(sizes) / sizeof(sizes[0]))];
    memcpy(bytes, &writer, 4);
    memcpy(bytes + 4, &number, 4);
    memset(bytes + HEAD, (unsigned char)(writer ^ number), size);
    return HEAD + size;
}

/* The reply is the request in reverse. */
static void reverse(char *bytes, size_t size)
{
    size_t i;
    for (i = 0; i < size / 2; i++) {
        char byte = bytes[i];
        bytes[i] = bytes[size - 1 - i];
        bytes[size - 1 - i] = byte;
    }
}

static void say(const char *text)
{
    /* In one write: no part is left in this process when it is killed. */
    if (write(1, text, strlen(text)) < 0)
        exit(1);
}

/* Writes the next messages, and returns the number of the last one, or 0 with the error's code. */
static int write_next(mailslot_writer *slot, const char *kinds, uint32_t writer, uint32_t *number, uint32_t count)
{
    static char data[BATCH][HEAD + LARGEST], reply[HEAD + LARGEST];
    size_t size = message(data[0], writer, *number), got;
    int code;
    if (*number % 8 == 1 && strchr(kinds, 'b') && *number + BATCH <= count) {
        mailslot_bytes batch[BATCH];
        size_t i;
        for (i = 0; i < BATCH; i++) {
            batch[i].data = data[i];
            batch[i].size = message(data[i], writer, *number + (uint32_t)i);
        }
        code = mailslot_write_batch_within(slot, batch, BATCH, MAILSLOT_FOREVER, &got);
        if (code == MAILSLOT_OK)
            *number += (uint32_t)got - 1;
        return code;
    }
    if (*number % 8 == 4 && strchr(kinds, 'c')) {
        mailslot_receipt receipt;
        code = mailslot_write_confirmed(slot, data[0], size, 60000, &receipt, 1, &got);
        if (code != MAILSLOT_FULL) {
            if (code == MAILSLOT_OK && (got != 1 || receipt.outcome != MAILSLOT_DELIVERED))
                fail("not confirmed", writer, *number);
            return code;
        }
    }
    if (*number % 8 == 5 && strchr(kinds, 'e')) {
        code = mailslot_write_within(slot, NULL, 0, MAILSLOT_FOREVER);
        if (code != MAILSLOT_OK)
            return code;
    }
    if (*number % 8 == 6 && strchr(kinds, 'r')) {
        code = mailslot_request(slot, data[0], size, MAILSLOT_FOREVER, reply, sizeof(reply), &got, NULL);
        if (code == MAILSLOT_OK) {
            reverse(reply, got);
            if (got != size || memcmp(reply, data[0], size) != 0)
                fail("another reply", writer, *number);
        }
        return code;
    }
    return mailslot_write_within(slot, data[0], size, MAILSLOT_FOREVER);
}

static void write_all(const char *name, uint32_t writer, const char *kinds, uint32_t count)
{
    uint32_t number = 0;
    char line[32];
    mailslot_writer *slot;
    must(mailslot_wait_open(name, MAILSLOT_FOREVER, &slot), "open", writer, 0);
    while (number < count) {
        int code = write_next(slot, kinds, writer, &number, count);
        if (code == MAILSLOT_CLOSED) {
            mailslot_close_writer(slot);
            writer += NEXT_LIFE;
            number = 0;
            snprintf(line, sizeof(line), "writer %u\n", writer);
            say(line);
            must(mailslot_wait_open(name, MAILSLOT_FOREVER, &slot), "open", writer, 0);
            continue;
        }
        must(code, "write", writer, number);
        snprintf(line, sizeof(line), "%u\n", number++);
        say(line);
    }
    mailslot_close_writer(slot);
}

static struct {
    uint32_t id, next, pid;
} writers[MOST_WRITERS];

static size_t writer_of(uint32_t id)
{
    static size_t count;
    size_t i;
    for (i = 0; i < count; i++)
        if (writers[i].id == id)
            return i;
    if (count == MOST_WRITERS)
        fail("too many writers", id, 0);
    writers[count].id = id;
    return count++;
}

static void read_all(const char *name, const char *options, const char *kinds)
{
    static char data[HEAD + LARGEST], expected[HEAD + LARGEST];
    mailslot_options as = MAILSLOT_OPTIONS_INIT;
    uint64_t had = 0, lost = 0, gaps = 0, empty = 0;
    int stopped = 1;
    mailslot *slot;
    size_t i;
    as.capacity = 1 << 18;
    as.stamp = strchr(options, 's') != NULL;
    as.taps = strchr(options, 'T') != NULL;
    as.sharing = strchr(options, 'm') ? MAILSLOT_EACH : MAILSLOT_ONE;
    as.when_full = strchr(options, 'd') ? MAILSLOT_DROP_OLDEST : MAILSLOT_REFUSE;
    must(strchr(options, 't') ? mailslot_tap(name, &as, &slot) : mailslot_create(name, &as, &slot), "create", 0, 0);
    say("ready\n");
    for (;;) {
        mailslot_origin origin = MAILSLOT_ORIGIN_INIT;
        uint32_t id, number;
        size_t size;
        int code = mailslot_read(slot, data, sizeof(data), &size, &origin);
        /* A tap may have lost the message that ends it. */
        if (code == MAILSLOT_CLOSED && strchr(options, 't')) {
            stopped = 0;
            break;
        }
        must(code, "read", 0, 0);
        lost += origin.lost_before;
        if (origin.kind != MAILSLOT_ORIGIN_LOCAL || origin.uid != geteuid())
            fail("another origin", origin.uid, origin.pid);
        if (size == 0) {
            empty++;
            continue;
        }
        if (size < HEAD)
            fail("cut", 0, (uint32_t)size);
        memcpy(&id, data, 4);
        memcpy(&number, data + 4, 4);
        if (id == STOP)
            break;
        i = writer_of(id);
        if (writers[i].pid == 0) {
            writers[i].pid = origin.pid;
            writers[i].next = strchr(options, 'l') ? number : 0;
        }
        gaps += number - writers[i].next;
        if (number < writers[i].next || (gaps > 0 && !strpbrk(options, "dt")))
            fail("lost, repeated or out of order", id, number);
        if (size != message(expected, id, number) || memcmp(data, expected, size) != 0)
            fail("cut or damaged", id, number);
        if ((origin.time != 0) != (strchr(options, 's') != NULL))
            fail("another time", id, number);
        if (writers[i].pid != origin.pid)
            fail("another process", id, number);
        if (origin.is_request != (number % 8 == 6 && strchr(kinds, 'r')))
            fail("a request or none", id, number);
        had++;
        writers[i].next = number + 1;
        if (origin.is_request && !(strchr(options, 'x') && number >= UNANSWERED)) {
            reverse(data, size);
            code = mailslot_reply(&origin, data, size);
            /* The asker may have been killed, or have another member's reply. */
            if (code != MAILSLOT_CLOSED)
                must(code, "reply", id, number);
        }
    }
    if (gaps > lost)
        fail("lost without a word", 0, (uint32_t)gaps);
    for (i = 0; i < MOST_WRITERS && writers[i].next != 0; i++)
        printf("%u %u\n", writers[i].id, writers[i].next);
    printf("had %llu\nlost %llu\nempty %llu\nstopped %d\n", (unsigned long long)had, (unsigned long long)lost,
           (unsigned long long)empty, stopped);
    mailslot_close(slot);
}

int main(int argc, char **argv)
{
    if (argc == 6 && strcmp(argv[1], "write") == 0)
        write_all(argv[2], (uint32_t)strtoul(argv[3], NULL, 10), argv[4], (uint32_t)strtoul(argv[5], NULL, 10));
    else if (argc == 5 && strcmp(argv[1], "read") == 0)
        read_all(argv[2], argv[3], argv[4]);
    else
        return 2;
    return 0;
}
