/* A listing has each slot once, in the order of names, and does not change after it was made. */
#include "check.h"

#define SLOTS 20

int main(void)
{
    mailslot *slots[SLOTS];
    mailslot_listing *listing;
    mailslot_status status = MAILSLOT_STATUS_INIT;
    const char *name;
    char expected[32];
    int i;
    CHECK_EQUAL(mailslot_list(NULL), MAILSLOT_INVALID_ARGUMENT);
    CHECK_EQUAL(mailslot_list(&listing), MAILSLOT_OK);
    CHECK_EQUAL(mailslot_list_next(listing, &name, &status), MAILSLOT_NO_MORE);
    CHECK_EQUAL(mailslot_list_next(listing, NULL, NULL), MAILSLOT_NO_MORE);
    mailslot_close_list(listing);
    for (i = SLOTS; i-- > 0;) {
        mailslot_options options = MAILSLOT_OPTIONS_INIT;
        sprintf(expected, "list\\\xC3\xA9 %02d", i);
        options.max_message_size = (uint32_t)i + 1;
        CHECK_EQUAL(mailslot_create(expected, &options, &slots[i]), MAILSLOT_OK);
    }
    CHECK_EQUAL(mailslot_list(&listing), MAILSLOT_OK);
    for (i = 0; i < SLOTS; i++) {
        mailslot_close(slots[i]);
        CHECK_EQUAL(mailslot_list_next(listing, &name, &status), MAILSLOT_OK);
        sprintf(expected, "list\\\xC3\xA9 %02d", i);
        CHECK(strcmp(name, expected) == 0);
        CHECK_EQUAL(status.max_message_size, i + 1);
    }
    CHECK_EQUAL(mailslot_list_next(listing, &name, &status), MAILSLOT_NO_MORE);
    CHECK_EQUAL(mailslot_list_next(NULL, &name, &status), MAILSLOT_INVALID_ARGUMENT);
    mailslot_close_list(listing);
    mailslot_close_list(NULL);
    return 0;
}
