/* Mailslots for new C programs: the same slots as everywhere, without Win32 names. Link with libmailslot.
 *
 *     mailslot *slot;
 *     char message[4096];
 *     size_t size;
 *
 *     if (mailslot_create("alerts", NULL, &slot) != 0)
 *         fprintf(stderr, "%s\n", mailslot_error_message());
 *     while (mailslot_read(slot, message, sizeof message, &size, NULL) == 0)
 *         handle(message, size);
 *
 * Names are UTF-8: `alerts`, `plant/line1`, `//./mailslot/alerts`, `\\.\mailslot\alerts`.
 *
 * Every function that returns int returns 0 for success, and otherwise the Win32 code of the error; the enumeration
 * below has the common ones. mailslot_error_message then has a sentence for people. Pointers must not be NULL unless
 * that is said to be allowed; a NULL that is not allowed gives MAILSLOT_INVALID_ARGUMENT. Slots and writers may be used
 * from several threads, but must not be used after they were closed.
 *
 * Structs that begin with their size may become longer in later versions. Begin with the macro that ends in _INIT, which
 * sets it; then programs and libraries of different versions understand each other. What the library does not know of an
 * option that is set is MAILSLOT_INVALID_ARGUMENT; what it does not know of a struct that it fills is 0.
 */
#ifndef MAILSLOT_H
#define MAILSLOT_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The reading end, and owner, of a slot. */
typedef struct mailslot mailslot;
/* A writing end. It keeps no slot alive. */
typedef struct mailslot_writer mailslot_writer;
/* The slots of this machine, one after the other. */
typedef struct mailslot_listing mailslot_listing;

enum mailslot_error {
    MAILSLOT_OK = 0,
    MAILSLOT_NOT_FOUND = 2,
    MAILSLOT_NOT_ALLOWED = 5,
    /* The process has no memory for the message. One that was to be read stays in the slot. */
    MAILSLOT_NO_MEMORY = 8,
    /* A write to a slot whose owner is gone. */
    MAILSLOT_CLOSED = 38,
    /* The network does not tell who receives; or a request to a slot elsewhere. */
    MAILSLOT_NOT_TOLD = 50,
    /* Also a message that is larger than the slot takes, and a reply to what is no request. */
    MAILSLOT_INVALID_ARGUMENT = 87,
    /* No message, or none in time. */
    MAILSLOT_TIMED_OUT = 121,
    /* The message stays in the slot; its size is stored. */
    MAILSLOT_BUFFER_TOO_SMALL = 122,
    MAILSLOT_INVALID_NAME = 123,
    MAILSLOT_ALREADY_EXISTS = 183,
    /* More computers have answered than there is room for. */
    MAILSLOT_MORE_RECEIPTS = 234,
    /* All slots have been listed. */
    MAILSLOT_NO_MORE = 259,
    /* Of the members of a slot, not all have the message, which were to: written again as it is, the others would have it twice. */
    MAILSLOT_PARTIAL = 299,
    MAILSLOT_FULL = 1450,
    /* The name is on the network, and no network node runs on this machine. */
    MAILSLOT_NO_NETWORK = 3025
};

/* A timeout that never ends. */
#define MAILSLOT_FOREVER (-1)

enum mailslot_access {
    /* The creator's user and the superuser. */
    MAILSLOT_OWNER = 0,
    /* Every user of this machine. */
    MAILSLOT_EVERYONE = 1,
    /* Besides the creator's user, the members of the group gid, of which the creator must be one, or privileged. */
    MAILSLOT_GROUP = 2,
    /* Besides the creator's user, the user_count users in users. */
    MAILSLOT_USERS = 3
};

/* Users in a list. */
#define MAILSLOT_MOST_USERS 256

enum mailslot_sharing {
    /* One reader: a name has one slot. */
    MAILSLOT_ONE = 0,
    /* Whoever of the same user creates the slot as well, with MAILSLOT_EACH: all of them, its members, get every message. Each has a
     * capacity and counters of its own. */
    MAILSLOT_EACH = 1
};

/* What becomes of a message for which a slot has no room. */
enum mailslot_when_full {
    /* It is refused: the write fails, or waits. */
    MAILSLOT_REFUSE = 0,
    /* The oldest messages that are unread make room for it. */
    MAILSLOT_DROP_OLDEST = 1
};

/* How a slot is created. Other processes of its user may tap it if it says so, or if MAILSLOT_TAPS=allow is in the environment.
 *
 *     mailslot_options options = MAILSLOT_OPTIONS_INIT;
 *     options.access = MAILSLOT_EVERYONE;
 */
typedef struct mailslot_options {
    /* sizeof(mailslot_options). */
    uint64_t size;
    /* Bytes that unread messages may take together; 0 is 16 MiB. */
    uint64_t capacity;
    /* Bytes of the largest message; 0 is any size. */
    uint32_t max_message_size;
    /* Who may write: an enum mailslot_access. */
    uint32_t access;
    /* 1: other machines may write, through the network node. */
    uint32_t network;
    /* 1: each message has the time at which it was written. */
    uint32_t stamp;
    /* For MAILSLOT_GROUP. */
    uint32_t gid;
    /* For MAILSLOT_USERS. */
    uint32_t user_count;
    uint32_t users[MAILSLOT_MOST_USERS];
    /* Who may read besides its first creator: an enum mailslot_sharing. */
    uint32_t sharing;
    /* An enum mailslot_when_full. */
    uint32_t when_full;
    /* 1: processes of its user may tap it, with mailslot_tap. */
    uint32_t taps;
    /* 1: forked children have it as well; each message goes to one of the processes. */
    uint32_t inheritable;
} mailslot_options;

#define MAILSLOT_OPTIONS_INIT { sizeof(mailslot_options), 0, 0, 0, 0, 0, 0, 0, { 0 }, 0, 0, 0, 0 }

/* What is in a slot. */
typedef struct mailslot_info {
    /* sizeof(mailslot_info). */
    uint64_t size;
    /* How many messages there are. */
    uint64_t count;
    /* Bytes of the next one, 0 if there is none. */
    uint64_t next_size;
    /* As the slot was created. */
    uint32_t max_message_size;
    /* Whether there is a message: it may be empty. */
    uint32_t has_next;
    /* Bytes that unread messages may take together. */
    uint64_t capacity;
    /* Since the slot was created: messages accepted and taken out, and their bytes. */
    uint64_t written;
    uint64_t read;
    uint64_t bytes_written;
    uint64_t bytes_read;
    /* Writes refused because the slot was full, or the message too large. */
    uint64_t refused_full;
    uint64_t refused_too_large;
    /* Most bytes that ever waited at once, followed from 4 KiB up. */
    uint64_t high_water;
    /* Messages accepted that made room for later ones, unread. */
    uint64_t lost;
} mailslot_info;

#define MAILSLOT_INFO_INIT { sizeof(mailslot_info), 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0 }

enum mailslot_origin_kind {
    /* The system does not tell. Later versions may have other kinds. */
    MAILSLOT_ORIGIN_UNKNOWN = 0,
    /* A process of this machine. */
    MAILSLOT_ORIGIN_LOCAL = 1,
    /* Another machine, as the network node says. */
    MAILSLOT_ORIGIN_NETWORK = 2
};

/* Who wrote a message, when, and where replies go. What is not known is 0 or "". */
typedef struct mailslot_origin {
    /* sizeof(mailslot_origin). */
    uint64_t size;
    /* An enum mailslot_origin_kind. */
    uint32_t kind;
    /* Local: whether the kernel vouches for the three ids, as it does for writers of other users. Writers of the slot's own
     * user record them themselves, and so could record anything. */
    uint32_t attested;
    /* Local: the process, as it is seen from here (0 if it is not), and its effective user and group. */
    uint32_t pid;
    uint32_t uid;
    uint32_t gid;
    /* Network: whether cryptography proves that a holder of the domain's key sent it. If not, everything below was chosen by
     * the sender. Never so in NetBIOS networks. */
    uint32_t authenticated;
    /* Network: the computer that sent it, by its own account; the domain that it was sent to, empty if it was sent to this
     * computer alone; the address that it came from, empty where the network does not tell. UTF-8, each with a NUL. */
    char computer[256];
    char domain[256];
    char address[48];
    /* When the message was written, by its writer's account, in nanoseconds since 1970; of slots with the option stamp. */
    uint64_t time;
    /* Whether the message is a request: mailslot_reply takes the struct, which may be kept until then. */
    uint32_t is_request;
    /* Where the reply goes. */
    uint32_t reply_to_uid;
    unsigned char reply_to[32];
    /* How many messages were lost after the one that was read before this one: of slots that drop the oldest, and of taps. */
    uint64_t lost_before;
} mailslot_origin;

#define MAILSLOT_ORIGIN_INIT { sizeof(mailslot_origin), 0, 0, 0, 0, 0, 0, "", "", "", 0, 0, 0, { 0 }, 0 }

/* Creates a slot. options may be NULL: messages of any size, and only the creator's user may write. */
int mailslot_create(const char *name, const mailslot_options *options, mailslot **slot);
/* Taps a slot of this user, or for the superuser of any: what is written to it from now on can be read here as well, as long as the slot
 * lives. A tap never makes a write fail or wait: what it has no room for displaces the oldest that it has not read.
 * MAILSLOT_NOT_ALLOWED unless the slot was created with taps. Of options, which may be NULL, the capacity alone counts, if it is larger than the slot's. */
int mailslot_tap(const char *name, const mailslot_options *options, mailslot **slot);
/* Reads the next message, waiting until there is one. size gets its bytes; origin, which may be NULL, who wrote it. If the
 * result is not 0, origin stays as it is. */
int mailslot_read(mailslot *slot, void *buffer, size_t room, size_t *size, mailslot_origin *origin);
/* The same, waiting at most this many milliseconds; 0 does not wait, MAILSLOT_FOREVER waits until there is one. */
int mailslot_read_within(mailslot *slot, void *buffer, size_t room, size_t *size, mailslot_origin *origin,
                         int64_t milliseconds);
/* What is in a slot. */
int mailslot_query(mailslot *slot, mailslot_info *info);
/* Replies to a request: request is the origin that came with it. Never waits. The asker believes it if this process is of the
 * slot's user, and the slot is still open. MAILSLOT_CLOSED if nobody waits for it any more, MAILSLOT_INVALID_ARGUMENT if the message
 * was no request. message may be NULL if size is 0. */
int mailslot_reply(const mailslot_origin *request, const void *message, size_t size);
/* A descriptor for poll and epoll: readable when there may be a message. Read with 0 milliseconds until
 * MAILSLOT_TIMED_OUT, then poll again. It belongs to the slot. */
int mailslot_descriptor(mailslot *slot);
/* Closes the slot. Unread messages are lost. NULL is allowed. */
void mailslot_close(mailslot *slot);

/* Opens a slot for writing. */
int mailslot_open(const char *name, mailslot_writer **writer);
/* Writes one message: it is in the slot when this returns 0, and with each of its members. Never waits. message may be NULL if size is
 * 0. If some members have it and others could not, MAILSLOT_PARTIAL, and mailslot_error_message says how many. */
int mailslot_write(mailslot_writer *writer, const void *message, size_t size);
/* The same, waiting for room at most this many milliseconds, with each member: MAILSLOT_TIMED_OUT instead of MAILSLOT_FULL. */
int mailslot_write_within(mailslot_writer *writer, const void *message, size_t size, int64_t milliseconds);
/* Opens a slot for writing, waiting until there is one at most this many milliseconds. */
int mailslot_wait_open(const char *name, int64_t milliseconds, mailslot_writer **writer);

/* A message of a batch. Batches are arrays, so this stays as it is. data may be NULL if size is 0. */
typedef struct mailslot_bytes {
    const void *data;
    size_t size;
} mailslot_bytes;

/* Writes several messages, one after the other with none of another writer of this user in between. written gets how many were:
 * fewer than count if one could not be. Fails if the first one could not. messages may be NULL if count is 0. */
int mailslot_write_batch(mailslot_writer *writer, const mailslot_bytes *messages, size_t count, size_t *written);
/* The same, waiting for room at most this many milliseconds. What does not fit at once is written in parts, between which there may be
 * messages of others. */
int mailslot_write_batch_within(mailslot_writer *writer, const mailslot_bytes *messages, size_t count, int64_t milliseconds,
                                size_t *written);
/* Writes a message that asks for a reply, and waits for it. The milliseconds are for both, room in the slot and the reply. size gets the
 * bytes of the reply; one that is larger than room is MAILSLOT_BUFFER_TOO_SMALL, and gone. origin, which may be NULL, gets who wrote it:
 * a process of the slot's user, or in a domain made with `mailslot domain` the computer that has replied. MAILSLOT_CLOSED if the slot is
 * gone, or its owner ends without a reply; MAILSLOT_NOT_TOLD in networks where nothing proves who replies. Any number of threads may
 * ask at once. */
int mailslot_request(mailslot_writer *writer, const void *message, size_t message_size, int64_t milliseconds,
                     void *buffer, size_t room, size_t *size, mailslot_origin *origin);

/* What became of a message at one computer. */
enum mailslot_outcome {
    MAILSLOT_DELIVERED = 0,
    /* There is no such slot, or it is not open to the network. */
    MAILSLOT_NO_SLOT = 1,
    MAILSLOT_SLOT_FULL = 2,
    /* The computer does not take it. */
    MAILSLOT_REFUSED = 3,
    /* It is larger than the slot takes. */
    MAILSLOT_TOO_LARGE = 4,
    /* Nothing was heard in time; it may be in the slot all the same. */
    MAILSLOT_SILENT = 5
};

/* Receipts come as arrays, so this stays as it is. */
typedef struct mailslot_receipt {
    /* The computer's name in UTF-8, with a NUL. */
    char computer[64];
    /* An enum mailslot_outcome; later versions may have others. */
    uint32_t outcome;
} mailslot_receipt;

/* Waits until at least so many slots receive what is written, at most so many milliseconds. receivers gets how many do then,
 * perhaps fewer: that is no error. In domains made with `mailslot domain`, and for slots of this machine, which are one, or as
 * many as they have members; elsewhere it gives MAILSLOT_NOT_TOLD. */
int mailslot_wait_for_receivers(mailslot_writer *writer, size_t at_least, int64_t milliseconds, size_t *receivers);
/* Writes one message, and waits at most so many milliseconds for what became of it at each computer that receives at the
 * writer's address. count gets the number of computers, 0 if nobody receives there. If it is larger than room, the message
 * was sent all the same, and the result is MAILSLOT_MORE_RECEIPTS. receipts may be NULL if room is 0. */
int mailslot_write_confirmed(mailslot_writer *writer, const void *message, size_t size, uint32_t milliseconds,
                             mailslot_receipt *receipts, size_t room, size_t *count);
/* NULL is allowed. */
void mailslot_close_writer(mailslot_writer *writer);

/* What is known of a slot of this machine: of the oldest one, if it has several members. */
typedef struct mailslot_status {
    /* sizeof(mailslot_status). */
    uint64_t size;
    /* The process that created it, and its user. */
    uint32_t pid;
    uint32_t uid;
    /* Who may write: an enum mailslot_access; and the group, if it is one. */
    uint32_t access;
    uint32_t gid;
    /* Whether other machines may. */
    uint32_t network;
    /* As in mailslot_info. */
    uint32_t max_message_size;
    uint64_t capacity;
    /* When it was created, in nanoseconds since 1970. */
    uint64_t created;
    /* Whether what follows is known, which it is to the owner's user and the superuser. */
    uint32_t has_counts;
    uint32_t has_next;
    uint64_t count;
    uint64_t next_size;
    /* How many times it was created and is read, and how often it is tapped. */
    uint32_t members;
    uint32_t taps;
} mailslot_status;

#define MAILSLOT_STATUS_INIT { sizeof(mailslot_status), 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0 }

/* What is known of the slot of this name, as a writer would get it. */
int mailslot_look_up(const char *name, mailslot_status *status);
/* The living slots of this machine, in the order of their names. */
int mailslot_list(mailslot_listing **listing);
/* The next of them, or MAILSLOT_NO_MORE. name and status may be NULL. The name belongs to the listing, until the next call. */
int mailslot_list_next(mailslot_listing *listing, const char **name, mailslot_status *status);
/* NULL is allowed. */
void mailslot_close_list(mailslot_listing *listing);

/* A sentence about the last error of this thread. Valid until this thread's next one. */
const char *mailslot_error_message(void);

#ifdef __cplusplus
}
#endif

#endif
