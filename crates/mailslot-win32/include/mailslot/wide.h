/* string.h and stdlib.h for UTF-16, which the C library of Linux lacks: its wide text has 32 bits. */
#ifndef MAILSLOT_WIDE_H
#define MAILSLOT_WIDE_H

#include "text.h"

MAILSLOT_INLINE WCHAR *mailslot_wcscpy(WCHAR *target, const WCHAR *source)
{
    size_t i = 0;
    do
        target[i] = source[i];
    while (source[i++] != 0);
    return target;
}

MAILSLOT_INLINE WCHAR *mailslot_wcscat(WCHAR *target, const WCHAR *source)
{
    mailslot_wcscpy(target + mailslot_wcslen(target), source);
    return target;
}

MAILSLOT_INLINE WCHAR *mailslot_wcsncpy(WCHAR *target, const WCHAR *source, size_t count)
{
    size_t i = 0;
    for (; i < count && source[i] != 0; i++)
        target[i] = source[i];
    for (; i < count; i++)
        target[i] = 0;
    return target;
}

MAILSLOT_INLINE int mailslot_wcsncmp(const WCHAR *one, const WCHAR *other, size_t count)
{
    size_t i;
    for (i = 0; i < count; i++)
        if (one[i] != other[i] || one[i] == 0)
            return (int)one[i] - (int)other[i];
    return 0;
}

MAILSLOT_INLINE int mailslot_wcscmp(const WCHAR *one, const WCHAR *other)
{
    return mailslot_wcsncmp(one, other, (size_t)-1);
}

MAILSLOT_INLINE WCHAR *mailslot_wcschr(const WCHAR *text, WCHAR unit)
{
    for (;; text++)
        if (*text == unit)
            return (WCHAR *)text;
        else if (*text == 0)
            return NULL;
}

MAILSLOT_INLINE WCHAR *mailslot_wcsrchr(const WCHAR *text, WCHAR unit)
{
    const WCHAR *found = NULL;
    for (;; text++) {
        if (*text == unit)
            found = text;
        if (*text == 0)
            return (WCHAR *)found;
    }
}

MAILSLOT_INLINE WCHAR *mailslot_wcsstr(const WCHAR *text, const WCHAR *part)
{
    size_t length = mailslot_wcslen(part);
    for (;; text++)
        if (mailslot_wcsncmp(text, part, length) == 0)
            return (WCHAR *)text;
        else if (*text == 0)
            return NULL;
}

MAILSLOT_INLINE WCHAR *mailslot_wcsdup(const WCHAR *text)
{
    size_t size = (mailslot_wcslen(text) + 1) * sizeof(WCHAR);
    WCHAR *copy = (WCHAR *)malloc(size);
    return copy == NULL ? NULL : (WCHAR *)memcpy(copy, text, size);
}

MAILSLOT_INLINE WCHAR *mailslot_wcsncat(WCHAR *target, const WCHAR *source, size_t count)
{
    size_t i, length = mailslot_wcslen(target);
    for (i = 0; i < count && source[i] != 0; i++)
        target[length + i] = source[i];
    target[length + i] = 0;
    return target;
}

/* Comparison without the case of ASCII letters. */
MAILSLOT_INLINE int mailslot_wcsnicmp(const WCHAR *one, const WCHAR *other, size_t count)
{
    size_t i;
    for (i = 0; i < count; i++) {
        int a = one[i] >= 'A' && one[i] <= 'Z' ? one[i] - 'A' + 'a' : one[i];
        int b = other[i] >= 'A' && other[i] <= 'Z' ? other[i] - 'A' + 'a' : other[i];
        if (a != b || a == 0)
            return a - b;
    }
    return 0;
}

MAILSLOT_INLINE int mailslot_wcsicmp(const WCHAR *one, const WCHAR *other)
{
    return mailslot_wcsnicmp(one, other, (size_t)-1);
}

/* How many units at the start are in the set, or not in it. */
MAILSLOT_INLINE size_t mailslot_wcsspn(const WCHAR *text, const WCHAR *set)
{
    size_t length = 0;
    while (text[length] != 0 && mailslot_wcsholds(set, text[length]))
        length++;
    return length;
}

MAILSLOT_INLINE size_t mailslot_wcscspn(const WCHAR *text, const WCHAR *set)
{
    size_t length = 0;
    while (text[length] != 0 && !mailslot_wcsholds(set, text[length]))
        length++;
    return length;
}

MAILSLOT_INLINE WCHAR *mailslot_wcspbrk(const WCHAR *text, const WCHAR *set)
{
    text += mailslot_wcscspn(text, set);
    return *text == 0 ? NULL : (WCHAR *)text;
}

/* With two parameters, as when most sources were written; wcstok_s has three. */
MAILSLOT_INLINE WCHAR *mailslot_wcstok(WCHAR *text, const WCHAR *ends)
{
    static __thread WCHAR *next;
    return mailslot_wcstok_s(text, ends, &next);
}

/* The start of a text that may be a number, in ASCII, so that positions in both are equal; to be freed. */
MAILSLOT_INLINE char *mailslot_wcsnumber(const WCHAR *text)
{
    size_t i, length = 0;
    char *narrow;
    while (text[length] != 0 && text[length] < 128)
        length++;
    narrow = (char *)malloc(length + 1);
    if (narrow == NULL)
        return NULL;
    for (i = 0; i < length; i++)
        narrow[i] = (char)text[i];
    narrow[length] = '\0';
    return narrow;
}

/* Defines the conversion of a text to a number, by one of the C library. */
#define MAILSLOT_WIDE_NUMBER_(type, name, parameters, narrow_call) \
    MAILSLOT_INLINE type mailslot_##name parameters \
    { \
        char *narrow = mailslot_wcsnumber(text); \
        char *narrow_end = narrow; \
        type value = 0; \
        if (narrow != NULL) \
            value = narrow_call; \
        if (end != NULL) \
            *end = (WCHAR *)text + (narrow_end - narrow); \
        free(narrow); \
        return value; \
    }
MAILSLOT_WIDE_NUMBER_(double, wcstod, (const WCHAR *text, WCHAR **end), strtod(narrow, &narrow_end))
MAILSLOT_WIDE_NUMBER_(long, wcstol, (const WCHAR *text, WCHAR **end, int base), strtol(narrow, &narrow_end, base))
MAILSLOT_WIDE_NUMBER_(unsigned long, wcstoul, (const WCHAR *text, WCHAR **end, int base),
                      strtoul(narrow, &narrow_end, base))
MAILSLOT_WIDE_NUMBER_(LONGLONG, wcstoi64, (const WCHAR *text, WCHAR **end, int base),
                      strtoll(narrow, &narrow_end, base))
MAILSLOT_WIDE_NUMBER_(ULONGLONG, wcstoui64, (const WCHAR *text, WCHAR **end, int base),
                      strtoull(narrow, &narrow_end, base))

MAILSLOT_INLINE int mailslot_wtoi(const WCHAR *text)
{
    return (int)mailslot_wcstol(text, NULL, 10);
}

MAILSLOT_INLINE long mailslot_wtol(const WCHAR *text)
{
    return mailslot_wcstol(text, NULL, 10);
}

MAILSLOT_INLINE LONGLONG mailslot_wtoi64(const WCHAR *text)
{
    return mailslot_wcstoi64(text, NULL, 10);
}

MAILSLOT_INLINE double mailslot_wtof(const WCHAR *text)
{
    return mailslot_wcstod(text, NULL);
}

#endif
