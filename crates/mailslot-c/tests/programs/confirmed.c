/* Receivers and receipts, as a network node reports them. */
#include "check.h"
#include <pthread.h>

#define REQUESTS 4

/* Answers each kind of question like a node that knows the domain PLANT, with two receivers. */
static void *node(void *routes)
{
    static const char way[] = "\x02\xE8\x03\0\0\\\\.\\mailslot\\mailslot\\node\\domain\\PLANT";
    static const char receivers[] = "\x03\x02\0\0";
    static const char receipts[] = "\x04\x00\x04SRV1\x05\x04SRV2";
    unsigned char request[512];
    size_t size;
    int number;
    for (number = 0; number < REQUESTS; number++) {
        mailslot_origin from = MAILSLOT_ORIGIN_INIT;
        CHECK_EQUAL(mailslot_read((mailslot *)routes, request, sizeof(request), &size, &from), MAILSLOT_OK);
        CHECK(size > 4 && from.is_request);
        switch (request[0]) {
        case 1:
            CHECK_EQUAL(mailslot_reply(&from, way, sizeof(way) - 1), MAILSLOT_OK);
            break;
        case 2:
            /* Including the NUL, which is the number's last byte. */
            CHECK_EQUAL(mailslot_reply(&from, receivers, sizeof(receivers)), MAILSLOT_OK);
            break;
        default:
            CHECK(request[0] == 3 && memcmp(request + size - 4, "sure", 4) == 0);
            CHECK_EQUAL(mailslot_reply(&from, receipts, sizeof(receipts) - 1), MAILSLOT_OK);
        }
    }
    return NULL;
}

int main(void)
{
    mailslot *routes, *way;
    mailslot_writer *writer = NULL;
    mailslot_receipt receipts[3];
    pthread_t thread;
    size_t found = 77;

    CHECK_EQUAL(mailslot_create("//./mailslot/mailslot/node/routes", NULL, &routes), MAILSLOT_OK);
    CHECK_EQUAL(mailslot_create("//./mailslot/mailslot/node/domain/PLANT", NULL, &way), MAILSLOT_OK);
    CHECK(pthread_create(&thread, NULL, node, routes) == 0);

    CHECK_EQUAL(mailslot_open("//plant/mailslot/x", &writer), MAILSLOT_OK);
    CHECK_EQUAL(mailslot_wait_for_receivers(writer, 2, 5000, &found), MAILSLOT_OK);
    CHECK_EQUAL(found, 2);
    CHECK_EQUAL(mailslot_write_confirmed(writer, "sure", 4, 1000, receipts, 3, &found), MAILSLOT_OK);
    CHECK_EQUAL(found, 2);
    CHECK(strcmp(receipts[0].computer, "SRV1") == 0 && receipts[0].outcome == MAILSLOT_DELIVERED);
    CHECK(strcmp(receipts[1].computer, "SRV2") == 0 && receipts[1].outcome == MAILSLOT_SILENT);
    CHECK_EQUAL(mailslot_write_confirmed(writer, "sure", 4, 1000, NULL, 0, &found), MAILSLOT_MORE_RECEIPTS);
    CHECK_EQUAL(found, 2);
    CHECK_EQUAL(mailslot_write_confirmed(writer, "x", 1, 0, NULL, 1, &found), MAILSLOT_INVALID_ARGUMENT);
    CHECK_EQUAL(mailslot_write_confirmed(writer, "x", 1, 0, receipts, 3, NULL), MAILSLOT_INVALID_ARGUMENT);
    CHECK_EQUAL(mailslot_write_confirmed(NULL, "x", 1, 0, NULL, 0, &found), MAILSLOT_INVALID_ARGUMENT);
    CHECK_EQUAL(mailslot_wait_for_receivers(writer, 2, -5, &found), MAILSLOT_INVALID_ARGUMENT);

    CHECK(pthread_join(thread, NULL) == 0);
    mailslot_close_writer(writer);
    mailslot_close(way);
    mailslot_close(routes);
    return 0;
}
