/* Functions on both kinds of text: mailslot_str... and mailslot_wcs..., and their names on Windows. */
#ifndef MAILSLOT_TEXT_H
#define MAILSLOT_TEXT_H

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "format.h"

typedef int errno_t;
typedef size_t rsize_t;

#ifndef _TRUNCATE
#define _TRUNCATE ((size_t)-1)
#endif
/* The text was cut, as _TRUNCATE allows. */
#define STRUNCATE 80

/* Stores a sign, the digits of value and a NUL, ending at end. Returns the beginning. */
MAILSLOT_INLINE const char *mailslot_digits(char *end, ULONGLONG value, int base, int negative)
{
    *--end = '\0';
    do
        *--end = "0123456789abcdefghijklmnopqrstuvwxyz"[value % (unsigned)base];
    while ((value /= (unsigned)base) != 0);
    if (negative)
        *--end = '-';
    return end;
}

#define MAILSLOT_UNIT char
#define MAILSLOT_NAME(name) mailslot_str##name
#include "text.inc"
#undef MAILSLOT_UNIT
#undef MAILSLOT_NAME
#define MAILSLOT_UNIT WCHAR
#define MAILSLOT_NAME(name) mailslot_wcs##name
#include "text.inc"
#undef MAILSLOT_UNIT
#undef MAILSLOT_NAME

MAILSLOT_INLINE char *_strdup(const char *text)
{
    size_t size = strlen(text) + 1;
    char *copy = (char *)malloc(size);
    return copy == NULL ? NULL : (char *)memcpy(copy, text, size);
}

#define strcpy_s mailslot_strcpy_s
#define strcat_s mailslot_strcat_s
#define strncpy_s mailslot_strncpy_s
#define strncat_s mailslot_strncat_s
#define strtok_s mailslot_strtok_s
#define strnlen_s mailslot_strnlen
#define _strlwr mailslot_strlwr
#define _strupr mailslot_strupr
#define _strlwr_s mailslot_strlwr_s
#define _strupr_s mailslot_strupr_s
#define _strrev mailslot_strrev
#define _strset mailslot_strset
#define _strnset mailslot_strnset
#define _stricmp strcasecmp
#define _strcmpi strcasecmp
#define _strnicmp strncasecmp
#define _itoa mailslot_strito
#define _ltoa mailslot_strito
#define _ultoa mailslot_strulto
#define _i64toa mailslot_stri64to
#define _ui64toa mailslot_strui64to
#define _itoa_s mailslot_strito_s
#define _ltoa_s mailslot_strito_s
#define _ultoa_s mailslot_strulto_s
#define _i64toa_s mailslot_stri64to_s
#define _ui64toa_s mailslot_strui64to_s
#define _atoi64 atoll

/* The old names. */
#define stricmp strcasecmp
#define strcmpi strcasecmp
#define strnicmp strncasecmp
#define strlwr mailslot_strlwr
#define strupr mailslot_strupr
#define strrev mailslot_strrev
#define itoa mailslot_strito
#define ltoa mailslot_strito
#define ultoa mailslot_strulto

MAILSLOT_INLINE errno_t mailslot_memcpy_s(void *target, size_t room, const void *source, size_t count)
{
    if (count == 0)
        return 0;
    if (target == NULL || source == NULL || room < count) {
        if (target != NULL)
            memset(target, 0, room);
        return target != NULL && source != NULL ? ERANGE : EINVAL;
    }
    memmove(target, source, count);
    return 0;
}
#define memcpy_s mailslot_memcpy_s
#define memmove_s mailslot_memcpy_s

#endif
