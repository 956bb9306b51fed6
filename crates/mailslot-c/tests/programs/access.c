/* A slot's status has the access that it was created with; invalid access is refused. */
#include "check.h"
#include <unistd.h>

static void is(uint32_t access, uint32_t gid, uint32_t network)
{
    mailslot_options options = MAILSLOT_OPTIONS_INIT;
    mailslot_status status = MAILSLOT_STATUS_INIT;
    mailslot *slot;
    options.access = access;
    options.gid = gid;
    options.network = network;
    options.max_message_size = 424;
    CHECK_EQUAL(mailslot_create("access", &options, &slot), MAILSLOT_OK);
    CHECK_EQUAL(mailslot_look_up("access", &status), MAILSLOT_OK);
    CHECK(status.access == access && status.network == network && status.max_message_size == 424);
    CHECK_EQUAL(status.gid, access == MAILSLOT_GROUP ? gid : 0);
    CHECK_EQUAL(status.uid, geteuid());
    CHECK_EQUAL(status.pid, getpid());
    CHECK(status.has_counts == 1 && status.has_next == 0 && status.created > 1000000000000000000u);
    mailslot_close(slot);
    CHECK_EQUAL(mailslot_look_up("access", &status), MAILSLOT_NOT_FOUND);
}

static void refused(const mailslot_options *options)
{
    mailslot *slot = NULL;
    CHECK_EQUAL(mailslot_create("access", options, &slot), MAILSLOT_INVALID_ARGUMENT);
    CHECK(slot == NULL);
}

int main(void)
{
    mailslot_options options = MAILSLOT_OPTIONS_INIT;
    mailslot *slot;
    uint32_t network;
    for (network = 0; network < 2; network++) {
        is(MAILSLOT_OWNER, 0, network);
        is(MAILSLOT_EVERYONE, 0, network);
        is(MAILSLOT_GROUP, getegid(), network);
        is(MAILSLOT_USERS, 0, network);
    }
    options.access = MAILSLOT_USERS;
    options.user_count = MAILSLOT_MOST_USERS;
    for (network = 0; network < MAILSLOT_MOST_USERS; network++)
        options.users[network] = 70000 + network;
    CHECK_EQUAL(mailslot_create("access", &options, &slot), MAILSLOT_OK);
    mailslot_close(slot);
    options.user_count++;
    refused(&options);
    options.user_count = 0;
    options.access = 4;
    refused(&options);
    options.access = MAILSLOT_OWNER;
    options.network = 2;
    refused(&options);
    options.network = 0;
    options.stamp = 2;
    refused(&options);
    return 0;
}
