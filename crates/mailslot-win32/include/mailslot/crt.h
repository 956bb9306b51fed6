/* What Microsoft's C library has beside the standard: the functions that mailslot sources use. */
#ifndef MAILSLOT_CRT_H
#define MAILSLOT_CRT_H

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#ifdef __cplusplus
#include <cstdio>
#include <cwchar>
#else
#include <wchar.h>
#endif

#include "format.h"

#ifndef _TRUNCATE
#define _TRUNCATE ((size_t)-1)
#endif
#ifndef _countof
#define _countof(array) (sizeof(array) / sizeof((array)[0]))
#endif
#define ARRAYSIZE(array) (sizeof(array) / sizeof((array)[0]))

typedef int errno_t;

#define _stricmp strcasecmp
#define _strnicmp strncasecmp

/* Defines a copy and an append for one kind of text. Unlike on Windows, text that does not fit does not end the
 * program: the target becomes empty, and the result is ERANGE. */
#define MAILSLOT_CRT_TEXT_(unit, copy, append, copy_some) \
    MAILSLOT_INLINE errno_t copy_some(unit *target, size_t room, const unit *source, size_t count) \
    { \
        size_t length = 0; \
        if (target == NULL || room == 0) \
            return EINVAL; \
        target[0] = 0; \
        if (source == NULL) \
            return EINVAL; \
        while (length < count && source[length] != 0) \
            length++; \
        if (length >= room) { \
            if (count != _TRUNCATE) \
                return ERANGE; \
            length = room - 1; \
        } \
        memcpy(target, source, length * sizeof(unit)); \
        target[length] = 0; \
        return 0; \
    } \
    MAILSLOT_INLINE errno_t copy(unit *target, size_t room, const unit *source) \
    { \
        return copy_some(target, room, source, (size_t)-2); \
    } \
    MAILSLOT_INLINE errno_t append(unit *target, size_t room, const unit *source) \
    { \
        errno_t error; \
        size_t length = 0; \
        if (target == NULL) \
            return EINVAL; \
        while (length < room && target[length] != 0) \
            length++; \
        if (length == room) \
            return EINVAL; \
        error = copy(target + length, room - length, source); \
        if (error != 0) \
            target[0] = 0; \
        return error; \
    }

MAILSLOT_CRT_TEXT_(char, strcpy_s, strcat_s, strncpy_s)
MAILSLOT_CRT_TEXT_(WCHAR, mailslot_wcscpy_s, mailslot_wcscat_s, mailslot_wcsncpy_s)

MAILSLOT_INLINE char *_strdup(const char *text)
{
    size_t size = strlen(text) + 1;
    char *copy = (char *)malloc(size);
    return copy == NULL ? NULL : (char *)memcpy(copy, text, size);
}

MAILSLOT_INLINE int _vsnprintf(char *target, size_t room, const char *format, va_list arguments)
{
    return mailslot_vsnprintf(target, room, format, arguments);
}

MAILSLOT_INLINE int _snprintf(char *target, size_t room, const char *format, ...)
{
    va_list arguments;
    int length;
    va_start(arguments, format);
    length = mailslot_vsnprintf(target, room, format, arguments);
    va_end(arguments);
    return length;
}

MAILSLOT_INLINE int sprintf_s(char *target, size_t room, const char *format, ...)
{
    va_list arguments;
    int length;
    va_start(arguments, format);
    length = mailslot_vsnprintf(target, room, format, arguments);
    va_end(arguments);
    if ((size_t)length < room)
        return length;
    if (room > 0)
        target[0] = '\0';
    return -1;
}

/* Wide text, which the C library of Linux has only in 32 bits. */
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

MAILSLOT_INLINE int mailslot_wtoi(const WCHAR *text)
{
    char *narrow = mailslot_narrow(text, mailslot_wcslen(text));
    int number = narrow == NULL ? 0 : atoi(narrow);
    free(narrow);
    return number;
}

MAILSLOT_INLINE int mailslot_fputws(const WCHAR *text, FILE *stream)
{
    char *narrow = mailslot_narrow(text, mailslot_wcslen(text));
    int result = narrow == NULL ? -1 : fputs(narrow, stream);
    free(narrow);
    return result;
}

MAILSLOT_INLINE int mailslot_putws(const WCHAR *text)
{
    return mailslot_fputws(text, stdout) < 0 ? -1 : putchar('\n');
}

/* A line of UTF-8, of at most room - 1 units, which are at most as many as its bytes. */
MAILSLOT_INLINE WCHAR *mailslot_fgetws(WCHAR *target, int room, FILE *stream)
{
    char *line = room < 1 ? NULL : (char *)malloc((size_t)room);
    WCHAR *result = NULL;
    if (line != NULL && fgets(line, room, stream) != NULL) {
        MultiByteToWideChar(CP_UTF8, 0, line, -1, target, room);
        result = target;
    }
    free(line);
    return result;
}

MAILSLOT_INLINE int mailslot_wprintf(const WCHAR *format, ...)
{
    va_list arguments;
    int length;
    va_start(arguments, format);
    length = mailslot_vfwprintf(stdout, format, arguments);
    va_end(arguments);
    return length;
}

MAILSLOT_INLINE int mailslot_fwprintf(FILE *stream, const WCHAR *format, ...)
{
    va_list arguments;
    int length;
    va_start(arguments, format);
    length = mailslot_vfwprintf(stream, format, arguments);
    va_end(arguments);
    return length;
}

MAILSLOT_INLINE int mailslot_snwprintf(WCHAR *target, size_t room, const WCHAR *format, ...)
{
    va_list arguments;
    int length;
    va_start(arguments, format);
    length = mailslot_vsnwprintf(target, room, format, arguments);
    va_end(arguments);
    return length;
}

MAILSLOT_INLINE int mailslot_swprintf_s(WCHAR *target, size_t room, const WCHAR *format, ...)
{
    va_list arguments;
    int length;
    va_start(arguments, format);
    length = mailslot_vsnwprintf(target, room, format, arguments);
    va_end(arguments);
    if (length >= 0 && (size_t)length < room)
        return length;
    if (room > 0)
        target[0] = 0;
    return -1;
}

/* With -fshort-wchar these names mean 16-bit text, which the C library's own do not know. */
#if __SIZEOF_WCHAR_T__ == 2
#undef wcslen
#undef wcscpy
#undef wcscat
#undef wcsncpy
#undef wcscmp
#undef wcsncmp
#undef wcschr
#undef wcsrchr
#undef wcsstr
#undef wprintf
#undef fwprintf
#undef fputws
#undef fgetws
#undef swprintf
#define wcslen mailslot_wcslen
#define wcscpy mailslot_wcscpy
#define wcscat mailslot_wcscat
#define wcsncpy mailslot_wcsncpy
#define wcscmp mailslot_wcscmp
#define wcsncmp mailslot_wcsncmp
#define wcschr mailslot_wcschr
#define wcsrchr mailslot_wcsrchr
#define wcsstr mailslot_wcsstr
#define wprintf mailslot_wprintf
#define fwprintf mailslot_fwprintf
#define fputws mailslot_fputws
#define fgetws mailslot_fgetws
#define swprintf mailslot_snwprintf
#define _snwprintf mailslot_snwprintf
#define swprintf_s mailslot_swprintf_s
#define wcscpy_s mailslot_wcscpy_s
#define wcscat_s mailslot_wcscat_s
#define wcsncpy_s mailslot_wcsncpy_s
#define _wcsdup mailslot_wcsdup
#define _wtoi mailslot_wtoi
#define _putws mailslot_putws
#endif

#define _wcsicmp lstrcmpiW

#ifdef __cplusplus
/* Arrays know their size. */
template <size_t room> inline errno_t strcpy_s(char (&target)[room], const char *source)
{
    return strcpy_s(target, room, source);
}

template <size_t room> inline errno_t strcat_s(char (&target)[room], const char *source)
{
    return strcat_s(target, room, source);
}

template <size_t room> inline errno_t mailslot_wcscpy_s(WCHAR (&target)[room], const WCHAR *source)
{
    return mailslot_wcscpy_s(target, room, source);
}

template <size_t room> inline errno_t mailslot_wcscat_s(WCHAR (&target)[room], const WCHAR *source)
{
    return mailslot_wcscat_s(target, room, source);
}
#endif

#endif
