/* Checks. A failed check prints its place, and the program then fails. */
#ifndef CHECK_H
#define CHECK_H

#include <mailslot.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CHECK(condition) \
    do { \
        if (!(condition)) { \
            printf("%s:%d: %s (%s)\n", __FILE__, __LINE__, #condition, mailslot_error_message()); \
            exit(1); \
        } \
    } while (0)

#define CHECK_EQUAL(found, expected) \
    do { \
        long found_ = (long)(found), expected_ = (long)(expected); \
        if (found_ != expected_) { \
            printf("%s:%d: %s is %ld, not %ld (%s)\n", __FILE__, __LINE__, #found, found_, expected_, \
                   mailslot_error_message()); \
            exit(1); \
        } \
    } while (0)

#endif
