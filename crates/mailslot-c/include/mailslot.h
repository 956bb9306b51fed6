/* Mailslots for new C programs: the same slots as in other languages, without Win32 names. Link with libmailslot.
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
 * below has the common ones. mailslot_error_message then returns a sentence about it. Pointers must not be NULL unless
 * stated otherwise; a NULL that is not allowed gives MAILSLOT_INVALID_ARGUMENT. Slots and writers may be used from
 * several threads, but not after they were closed.
 *
 * Structs that begin with their size may become longer in later versions. Initialise them with the macro that ends in
 * _INIT, which sets the size: then programs and libraries of different versions work together. An option that is set
 * and that the library does not know gives MAILSLOT_INVALID_ARGUMENT; in a struct that the library fills, members that
 * it does not know are 0.
 */
#ifndef MAILSLOT_H
#define MAILSLOT_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The reading end of a slot, which owns it. */
typedef struct mailslot mailslot;
/* A writing end. It does not keep the slot alive. */
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
    /* The network does not report receivers, or does not carry requests. */
    MAILSLOT_NOT_TOLD = 50,
    /* Also a message that is larger than the slot accepts, and a reply to a message that is not a request. */
    MAILSLOT_INVALID_ARGUMENT = 87,
    /* No message, or none in time. */
    MAILSLOT_TIMED_OUT = 121,
    /* The message stays in the slot; its size is stored. */
    MAILSLOT_BUFFER_TOO_SMALL = 122,
    MAILSLOT_INVALID_NAME = 123,
    MAILSLOT_ALREADY_EXISTS = 183,
    /* More computers have answered than the array of receipts has room for. */
    MAILSLOT_MORE_RECEIPTS = 234,
    /* All slots have been listed. */
    MAILSLOT_NO_MORE = 259,
    /* Some members of the slot have the message and others do not. Written again, it would reach the former twice. */
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
    /* Other processes of the user may create the slot as well, with MAILSLOT_EACH. Each of these members gets every
     * message, and has its own capacity and counters. */
    MAILSLOT_EACH = 1
};

/* What a slot does with a message for which it has no room. */
enum mailslot_when_full {
    /* It is refused: the write fails, or waits. */
    MAILSLOT_REFUSE = 0,
    /* It displaces the oldest unread messages. */
    MAILSLOT_DROP_OLDEST = 1
};

/* How a slot is created. Other processes of its user may tap it if taps is 1, or if MAILSLOT_TAPS=allow is in the
 * creator's environment.
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
    /* 1: each message carries the time at which it was written. */
    uint32_t stamp;
    /* For MAILSLOT_GROUP. */
    uint32_t gid;
    /* For MAILSLOT_USERS. */
    uint32_t user_count;
    uint32_t users[MAILSLOT_MOST_USERS];
    /* Whether other processes may create the slot as well: an enum mailslot_sharing. */
    uint32_t sharing;
    /* An enum mailslot_when_full. */
    uint32_t when_full;
    /* 1: processes of its user may tap it, with mailslot_tap. */
    uint32_t taps;
    /* 1: forked children inherit the slot; each message goes to one of the processes. */
    uint32_t inheritable;
} mailslot_options;

#define MAILSLOT_OPTIONS_INIT { sizeof(mailslot_options), 0, 0, 0, 0, 0, 0, 0, { 0 }, 0, 0, 0, 0 }

/* What is in a slot. */
typedef struct mailslot_info {
    /* sizeof(mailslot_info). */
    uint64_t size;
    /* The number of messages. */
    uint64_t count;
    /* Bytes of the next one, 0 if there is none. */
    uint64_t next_size;
    /* Bytes of the largest message, as the slot was created; 0 is any size. */
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
    /* Most bytes of unread messages at once; recorded from 4 KiB up. */
    uint64_t high_water;
    /* Messages accepted and then displaced, unread, by later ones. */
    uint64_t lost;
} mailslot_info;

#define MAILSLOT_INFO_INIT { sizeof(mailslot_info), 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0 }

enum mailslot_origin_kind {
    /* Not known. Later versions may have other kinds. */
    MAILSLOT_ORIGIN_UNKNOWN = 0,
    /* A process of this machine. */
    MAILSLOT_ORIGIN_LOCAL = 1,
    /* Another machine, by the account of the network node. */
    MAILSLOT_ORIGIN_NETWORK = 2
};

/* Who wrote a message, when, and where replies go. Unknown members are 0 or "". */
typedef struct mailslot_origin {
    /* sizeof(mailslot_origin). */
    uint64_t size;
    /* An enum mailslot_origin_kind. */
    uint32_t kind;
    /* Local: whether the kernel vouches for the three ids, as it does for writers of other users. Writers of the slot's
     * user record them themselves, and could record anything. */
    uint32_t attested;
    /* Local: the process, in this process's pid namespace (0 if it is not visible there), and its effective user and
     * group. */
    uint32_t pid;
    uint32_t uid;
    uint32_t gid;
    /* Network: whether cryptography proves that a holder of the domain's key sent it. If not, the sender chose
     * everything below. Always 0 in NetBIOS networks. */
    uint32_t authenticated;
    /* Network: the sending computer, by its own account; the domain that it was sent to, empty if it was sent to this
     * computer alone; the source address, empty if the network does not report it. UTF-8, each with a NUL. */
    char computer[256];
    char domain[256];
    char address[48];
    /* When the message was written, by its writer's account, in nanoseconds since 1970, in slots with the option
     * stamp. */
    uint64_t time;
    /* Whether the message is a request. Keep the struct, and pass it to mailslot_reply. */
    uint32_t is_request;
    /* Where the reply goes. */
    uint32_t reply_to_uid;
    unsigned char reply_to[32];
    /* Messages lost between the previous read and this one, in slots that drop the oldest, and in taps. */
    uint64_t lost_before;
} mailslot_origin;

#define MAILSLOT_ORIGIN_INIT { sizeof(mailslot_origin), 0, 0, 0, 0, 0, 0, "", "", "", 0, 0, 0, { 0 }, 0 }

/* Creates a slot. options may be NULL: messages of any size, and only the creator's user may write. */
int mailslot_create(const char *name, const mailslot_options *options, mailslot **slot);
/* Taps a slot of this user, or for the superuser of any user: messages written to it from now on can be read here as
 * well, as long as the slot lives. A tap never makes a write fail or wait: a message for which it has no room displaces
 * the oldest that it has not read. MAILSLOT_NOT_ALLOWED unless the slot was created with taps. Of options, which may be
 * NULL, only the capacity is used, if it is larger than the slot's. */
int mailslot_tap(const char *name, const mailslot_options *options, mailslot **slot);
/* Reads the next message, waiting until there is one. Stores its bytes in size, and its writer in origin, which may be
 * NULL. If the result is not 0, origin stays as it is. */
int mailslot_read(mailslot *slot, void *buffer, size_t room, size_t *size, mailslot_origin *origin);
/* The same, waiting at most `milliseconds`: 0 does not wait, and MAILSLOT_FOREVER waits until there is one. */
int mailslot_read_within(mailslot *slot, void *buffer, size_t room, size_t *size, mailslot_origin *origin,
                         int64_t milliseconds);
/* What is in a slot. */
int mailslot_query(mailslot *slot, mailslot_info *info);
/* Replies to a request, whose origin is request. Never waits. The asker accepts the reply if this process is of the
 * slot's user, and the slot is still open. MAILSLOT_CLOSED if the asker no longer waits, MAILSLOT_INVALID_ARGUMENT if
 * the message was not a request. message may be NULL if size is 0. */
int mailslot_reply(const mailslot_origin *request, const void *message, size_t size);
/* A descriptor for poll and epoll: readable when there may be a message. Read with 0 milliseconds until
 * MAILSLOT_TIMED_OUT, then poll again. It belongs to the slot. */
int mailslot_descriptor(mailslot *slot);
/* Closes the slot. Unread messages are lost. NULL is allowed. */
void mailslot_close(mailslot *slot);

/* Opens a slot for writing. */
int mailslot_open(const char *name, mailslot_writer **writer);
/* Writes one message, to each of the slot's members if it has several. The message is in the slot when this returns 0.
 * Never waits. message may be NULL if size is 0. MAILSLOT_PARTIAL if some members have it and others do not;
 * mailslot_error_message then says how many. */
int mailslot_write(mailslot_writer *writer, const void *message, size_t size);
/* The same, waiting at most `milliseconds` for room in each member: MAILSLOT_TIMED_OUT instead of MAILSLOT_FULL. */
int mailslot_write_within(mailslot_writer *writer, const void *message, size_t size, int64_t milliseconds);
/* Opens a slot for writing, waiting at most `milliseconds` until it exists. */
int mailslot_wait_open(const char *name, int64_t milliseconds, mailslot_writer **writer);

/* A message of a batch. Batches are arrays, so this struct never grows. data may be NULL if size is 0. */
typedef struct mailslot_bytes {
    const void *data;
    size_t size;
} mailslot_bytes;

/* Writes several messages in order, without messages of other writers of this user between them. Stores in written how
 * many were written: fewer than count if one could not be. Fails if the first could not be written. messages may be
 * NULL if count is 0. */
int mailslot_write_batch(mailslot_writer *writer, const mailslot_bytes *messages, size_t count, size_t *written);
/* The same, waiting at most `milliseconds` for room. A batch that does not fit at once is written in parts, between
 * which there may be messages of other writers. */
int mailslot_write_batch_within(mailslot_writer *writer, const mailslot_bytes *messages, size_t count,
                                int64_t milliseconds, size_t *written);
/* Writes a message that asks for a reply, and waits for the reply, at most `milliseconds` for both. Stores the bytes of
 * the reply in size; one that is larger than room is lost, and gives MAILSLOT_BUFFER_TOO_SMALL. Stores the writer of
 * the reply in origin, which may be NULL: a process of the slot's user, or in a domain made with `mailslot domain` the
 * computer that replied. MAILSLOT_CLOSED if the slot is gone, or its owner ends without a reply; MAILSLOT_NOT_TOLD in
 * networks that do not authenticate the sender of a reply. Any number of threads may ask at once. */
int mailslot_request(mailslot_writer *writer, const void *message, size_t message_size, int64_t milliseconds,
                     void *buffer, size_t room, size_t *size, mailslot_origin *origin);

/* What became of a message at one computer. */
enum mailslot_outcome {
    MAILSLOT_DELIVERED = 0,
    /* There is no such slot, or it is not open to the network. */
    MAILSLOT_NO_SLOT = 1,
    MAILSLOT_SLOT_FULL = 2,
    /* The computer does not accept it. */
    MAILSLOT_REFUSED = 3,
    /* It is larger than the slot accepts. */
    MAILSLOT_TOO_LARGE = 4,
    /* No answer in time. The message may be in the slot nevertheless. */
    MAILSLOT_SILENT = 5
};

/* The elements of an array, so this struct never grows. */
typedef struct mailslot_receipt {
    /* The computer's name in UTF-8, with a NUL. */
    char computer[64];
    /* An enum mailslot_outcome; later versions may have others. */
    uint32_t outcome;
} mailslot_receipt;

/* Waits until at least at_least slots receive at the writer's address, at most `milliseconds`. Stores in receivers how
 * many do; fewer than at_least is not an error. Works in domains made with `mailslot domain`, and for slots of this
 * machine, where each member counts as one; in other networks it gives MAILSLOT_NOT_TOLD. */
int mailslot_wait_for_receivers(mailslot_writer *writer, size_t at_least, int64_t milliseconds, size_t *receivers);
/* Writes one message, and waits at most `milliseconds` for a receipt from each computer that receives at the writer's
 * address. Stores the number of computers in count, 0 if none receives there. If it is larger than room, the message
 * was sent nevertheless, and the result is MAILSLOT_MORE_RECEIPTS. receipts may be NULL if room is 0. */
int mailslot_write_confirmed(mailslot_writer *writer, const void *message, size_t size, uint32_t milliseconds,
                             mailslot_receipt *receipts, size_t room, size_t *count);
/* NULL is allowed. */
void mailslot_close_writer(mailslot_writer *writer);

/* The status of a slot of this machine; of its oldest member, if it has several. */
typedef struct mailslot_status {
    /* sizeof(mailslot_status). */
    uint64_t size;
    /* The process that created it, and its user. */
    uint32_t pid;
    uint32_t uid;
    /* Who may write: an enum mailslot_access; and the group, if it is one. */
    uint32_t access;
    uint32_t gid;
    /* Whether other machines may write. */
    uint32_t network;
    /* As in mailslot_info. */
    uint32_t max_message_size;
    uint64_t capacity;
    /* When it was created, in nanoseconds since 1970. */
    uint64_t created;
    /* Whether the following members are known, as they are to the owner's user and the superuser. */
    uint32_t has_counts;
    uint32_t has_next;
    uint64_t count;
    uint64_t next_size;
    /* How many members and taps it has. */
    uint32_t members;
    uint32_t taps;
} mailslot_status;

#define MAILSLOT_STATUS_INIT { sizeof(mailslot_status), 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0 }

/* The status of the slot that a writer would open by this name. */
int mailslot_look_up(const char *name, mailslot_status *status);
/* The living slots of this machine, in the order of their names. */
int mailslot_list(mailslot_listing **listing);
/* Stores the next of them, or returns MAILSLOT_NO_MORE. name and status may be NULL. The name belongs to the listing,
 * and stays valid until the next call. */
int mailslot_list_next(mailslot_listing *listing, const char **name, mailslot_status *status);
/* NULL is allowed. */
void mailslot_close_list(mailslot_listing *listing);

/* A sentence about the last error of this thread. Valid until this thread's next one. */
const char *mailslot_error_message(void);

#ifdef __cplusplus
}
#endif

#endif
