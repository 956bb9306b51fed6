/* mailslotapi.h: receivers and receipts, of local slots and from a network node. */
#include "check.h"
#include <mailslotapi.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#define ROUTES PREFIX "mailslot\\node\\routes"

/* Starts the example `routes`, and returns when it answers. */
static pid_t StartNode(const char *program)
{
    HANDLE file;
    pid_t node = fork();
    if (node == 0) {
        execl(program, program, "4", (char *)NULL);
        _exit(127);
    }
    CHECK(node > 0);
    while ((file = CreateFileA(ROUTES, GENERIC_WRITE, FILE_SHARE_READ, NULL, OPEN_EXISTING, 0, NULL)) ==
           INVALID_HANDLE_VALUE) {
        CHECK_EQUAL(GetLastError(), ERROR_FILE_NOT_FOUND);
        CHECK(waitpid(node, NULL, WNOHANG) == 0);
        Sleep(1);
    }
    CHECK(CloseHandle(file));
    return node;
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

int main(int argc, char **argv)
{
    HANDLE file;
    pid_t node;
    MAILSLOT_RECEIPT receipts[3];
    DWORD count = 77;

    TestOwnMachine();
    TestLegacyNetwork();

    CHECK(argc == 2);
    node = StartNode(argv[1]);
    file = Open("\\\\PLANT\\mailslot\\x", GENERIC_WRITE);
    CHECK(MailslotWaitForReceivers(file, 2, INFINITE, &count));
    CHECK_EQUAL(count, 2);
    CHECK(MailslotWriteConfirmed(file, "sure", 4, 1000, receipts, 3, &count));
    CHECK_EQUAL(count, 2);
    CHECK(strcmp(receipts[0].Computer, "SRV1") == 0 && receipts[0].Outcome == MAILSLOT_OUTCOME_DELIVERED);
    CHECK(strcmp(receipts[1].Computer, "SRV2") == 0 && receipts[1].Outcome == MAILSLOT_OUTCOME_SILENT);
    FAILS(MailslotWriteConfirmed(file, "sure", 4, 1000, receipts, 1, &count), FALSE, ERROR_MORE_DATA);
    CHECK_EQUAL(count, 2);

    CHECK(CloseHandle(file));
    CHECK(kill(node, SIGKILL) == 0 && waitpid(node, NULL, 0) == node);
    return 0;
}
