/* mailslotapi.h: receivers and receipts, of slots here and as a network node tells them. */
#include "check.h"
#include <mailslotapi.h>
#include <pthread.h>

#define ROUTES PREFIX "mailslot\\node\\routes"
#define WAY PREFIX "mailslot\\node\\domain\\PLANT"
#define REQUESTS 4

#define HEAD (1 + 16)

/* Answers as a node does that knows the domain PLANT, with two receivers: a version and the id of the request, then what the
   kind of question asks for. */
static void *Node(void *routes)
{
    static const char receipts[] = "\x04\x00\x04SRV1\x05\x04SRV2";
    unsigned char request[512];
    char reply[256], answer[128];
    DWORD size, number, at;
    HANDLE file;
    for (number = 0; number < REQUESTS; number++) {
        CHECK(ReadFile(*(HANDLE *)routes, request, sizeof(request), &size, NULL));
        CHECK(size > HEAD + 16 && request[0] == 2);
        strcpy(reply, PREFIX "mailslot\\reply\\");
        for (at = 0; at < 16; at++)
            sprintf(reply + strlen(reply), "%02x", request[HEAD + at]);
        memcpy(answer, request, HEAD);
        switch (request[HEAD + 16]) {
        case 1:
            size = HEAD + (DWORD)snprintf(answer + HEAD, sizeof(answer) - HEAD, "\x02....%s", WAY);
            memcpy(answer + HEAD + 1, "\xE8\x03\0\0", 4);
            break;
        case 2:
            size = HEAD + 5;
            memcpy(answer + HEAD, "\x03\x02\0\0\0", 5);
            break;
        default:
            CHECK(request[HEAD + 16] == 3 && memcmp(request + size - 4, "sure", 4) == 0);
            size = HEAD + sizeof(receipts) - 1;
            memcpy(answer + HEAD, receipts, sizeof(receipts) - 1);
        }
        file = Open(reply, GENERIC_WRITE);
        CHECK(WriteFile(file, answer, size, &size, NULL));
        CHECK(CloseHandle(file));
    }
    return NULL;
}

static void TestOwnMachine(void)
{
    HANDLE slot = Create(PREFIX "confirmed", 0), file = Open(PREFIX "confirmed", GENERIC_WRITE), blind;
    MAILSLOT_RECEIPT receipts[2];
    DWORD count = 77;

    CHECK(MailslotWaitForReceivers(file, 3, INFINITE, &count));
    CHECK_EQUAL(count, 1);
    CHECK(MailslotWriteConfirmed(file, "sure", 4, 0, receipts, 2, &count));
    CHECK_EQUAL(count, 1);
    CHECK_EQUAL(receipts[0].Outcome, MAILSLOT_OUTCOME_DELIVERED);
    Expect(slot, "sure");
    FAILS(MailslotWriteConfirmed(file, "more", 4, 0, NULL, 0, &count), FALSE, ERROR_MORE_DATA);
    CHECK_EQUAL(count, 1);
    Expect(slot, "more");

    FAILS(MailslotWaitForReceivers(slot, 1, 0, &count), FALSE, ERROR_ACCESS_DENIED);
    FAILS(MailslotWaitForReceivers(NULL, 1, 0, &count), FALSE, ERROR_INVALID_HANDLE);
    FAILS(MailslotWaitForReceivers(file, 1, 0, NULL), FALSE, ERROR_INVALID_PARAMETER);
    FAILS(MailslotWriteConfirmed(file, "x", 1, 0, receipts, 2, NULL), FALSE, ERROR_INVALID_PARAMETER);
    FAILS(MailslotWriteConfirmed(file, "x", 1, 0, NULL, 2, &count), FALSE, ERROR_NOACCESS);
    blind = Open(PREFIX "confirmed", GENERIC_READ);
    FAILS(MailslotWriteConfirmed(blind, "x", 1, 0, receipts, 2, &count), FALSE, ERROR_ACCESS_DENIED);
    CHECK_EQUAL(Count(slot), 0);
    CHECK(CloseHandle(blind));
    CHECK(CloseHandle(slot));
    FAILS(MailslotWaitForReceivers(file, 1, 0, &count), FALSE, ERROR_HANDLE_EOF);
    FAILS(MailslotWriteConfirmed(file, "x", 1, 0, receipts, 2, &count), FALSE, ERROR_HANDLE_EOF);
    CHECK(CloseHandle(file));
}

static void TestLegacyNetwork(void)
{
    HANDLE node = Create(PREFIX "mailslot\\node", 0), file = Open("\\\\SRV1\\mailslot\\x", GENERIC_WRITE);
    MAILSLOT_RECEIPT receipt;
    DWORD count = 77;
    FAILS(MailslotWaitForReceivers(file, 1, 0, &count), FALSE, ERROR_NOT_SUPPORTED);
    FAILS(MailslotWriteConfirmed(file, "x", 1, 0, &receipt, 1, &count), FALSE, ERROR_NOT_SUPPORTED);
    CHECK(CloseHandle(file));
    CHECK(CloseHandle(node));
}

int main(void)
{
    HANDLE routes, way, file;
    pthread_t node;
    MAILSLOT_RECEIPT receipts[3];
    DWORD count = 77;

    TestOwnMachine();
    TestLegacyNetwork();

    routes = Create(ROUTES, MAILSLOT_WAIT_FOREVER);
    way = Create(WAY, 0);
    CHECK(pthread_create(&node, NULL, Node, &routes) == 0);
    file = Open("\\\\PLANT\\mailslot\\x", GENERIC_WRITE);
    CHECK(MailslotWaitForReceivers(file, 2, INFINITE, &count));
    CHECK_EQUAL(count, 2);
    CHECK(MailslotWriteConfirmed(file, "sure", 4, 1000, receipts, 3, &count));
    CHECK_EQUAL(count, 2);
    CHECK(strcmp(receipts[0].Computer, "SRV1") == 0 && receipts[0].Outcome == MAILSLOT_OUTCOME_DELIVERED);
    CHECK(strcmp(receipts[1].Computer, "SRV2") == 0 && receipts[1].Outcome == MAILSLOT_OUTCOME_SILENT);
    FAILS(MailslotWriteConfirmed(file, "sure", 4, 1000, receipts, 1, &count), FALSE, ERROR_MORE_DATA);
    CHECK_EQUAL(count, 2);

    CHECK(pthread_join(node, NULL) == 0);
    CHECK(CloseHandle(file));
    CHECK(CloseHandle(way));
    CHECK(CloseHandle(routes));
    return 0;
}
