/* stdio.h for UTF-16. Files and terminals contain UTF-8, whatever the locale. */
#ifndef MAILSLOT_WIDE_STDIO_H
#define MAILSLOT_WIDE_STDIO_H

#include <stdio.h>

#include "wide.h"

#define MAILSLOT_WEOF 0xFFFF
#define MAILSLOT_REPLACEMENT_ 0xFFFD

/* The bytes of a character in UTF-8. */
MAILSLOT_INLINE int mailslot_encode(unsigned long character, char *bytes)
{
    int count = character < 0x80 ? 1 : character < 0x800 ? 2 : character < 0x10000 ? 3 : 4;
    int i;
    for (i = count - 1; i > 0; i--, character >>= 6)
        bytes[i] = (char)(0x80 | (character & 0x3F));
    bytes[0] = (char)(count == 1 ? character : (0xF00u >> count & 0xFF) | character);
    return count;
}

/* Puts a unit back in UTF-8, even half of a pair. The C library takes back the bytes just read. */
MAILSLOT_INLINE int mailslot_ungetwc(int unit, FILE *stream)
{
    char bytes[4];
    int count;
    if (unit == MAILSLOT_WEOF)
        return MAILSLOT_WEOF;
    for (count = mailslot_encode((unsigned long)unit, bytes); count > 0; count--)
        if (ungetc((unsigned char)bytes[count - 1], stream) == EOF)
            return MAILSLOT_WEOF;
    return unit;
}

/* The next unit. The second of a pair is put back into the stream for the next call. Bytes that are not UTF-8 are
 * replaced. */
MAILSLOT_INLINE int mailslot_fgetwc(FILE *stream)
{
    int first = fgetc(stream);
    int more = first < 0xC0 ? 0 : first < 0xE0 ? 1 : first < 0xF0 ? 2 : 3;
    unsigned long character;
    if (first == EOF)
        return MAILSLOT_WEOF;
    if (first < 0x80)
        return first;
    if (first < 0xC0 || first > 0xF4)
        return MAILSLOT_REPLACEMENT_;
    character = (unsigned long)first & (0x3Fu >> more);
    for (; more > 0; more--) {
        int next = fgetc(stream);
        if (next < 0x80 || next > 0xBF) {
            if (next != EOF)
                ungetc(next, stream);
            return MAILSLOT_REPLACEMENT_;
        }
        character = character << 6 | ((unsigned long)next & 0x3F);
    }
    if (character < 0x10000)
        return (int)character;
    if (character > 0x10FFFF)
        return MAILSLOT_REPLACEMENT_;
    mailslot_ungetwc((int)(0xDC00 | (character & 0x3FF)), stream);
    return (int)(0xD800 + ((character - 0x10000) >> 10));
}

/* The first unit of a pair is kept, per thread, until the second. */
MAILSLOT_INLINE int mailslot_fputwc(int unit, FILE *stream)
{
    static __thread struct {
        FILE *stream;
        unsigned long unit;
    } first;
    unsigned long character = (unsigned long)unit & 0xFFFF;
    char bytes[4];
    if (character >= 0xD800 && character < 0xDC00) {
        first.stream = stream;
        first.unit = character;
        return unit;
    }
    if (character >= 0xDC00 && character < 0xE000) {
        if (first.stream == stream && first.unit != 0)
            character = 0x10000 + ((first.unit & 0x3FF) << 10 | (character & 0x3FF));
        else
            character = MAILSLOT_REPLACEMENT_;
    }
    first.unit = 0;
    return fwrite(bytes, 1, (size_t)mailslot_encode(character, bytes), stream) == 0 ? MAILSLOT_WEOF : unit;
}

MAILSLOT_INLINE int mailslot_getwchar(void)
{
    return mailslot_fgetwc(stdin);
}

MAILSLOT_INLINE int mailslot_putwchar(int unit)
{
    return mailslot_fputwc(unit, stdout);
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

/* A line, or as much of it as fits. */
MAILSLOT_INLINE WCHAR *mailslot_fgetws(WCHAR *target, int room, FILE *stream)
{
    int length = 0, unit = 0;
    if (room < 1)
        return NULL;
    while (length < room - 1 && unit != '\n' && (unit = mailslot_fgetwc(stream)) != MAILSLOT_WEOF)
        target[length++] = (WCHAR)unit;
    target[length] = 0;
    return length == 0 && unit == MAILSLOT_WEOF ? NULL : target;
}

/* A line of standard input without its end. One that does not fit is read to its end and lost: the target is empty,
 * and the result NULL. */
MAILSLOT_INLINE WCHAR *mailslot_getws_s(WCHAR *target, size_t room)
{
    size_t length = 0;
    int unit;
    if (target == NULL || room == 0)
        return NULL;
    while ((unit = mailslot_fgetwc(stdin)) != MAILSLOT_WEOF && unit != '\n') {
        if (length < room)
            target[length] = (WCHAR)unit;
        length++;
    }
    if (length < room && (unit == '\n' || length > 0)) {
        target[length] = 0;
        return target;
    }
    target[0] = 0;
    return NULL;
}

#ifdef __cplusplus
extern "C++" {
template <size_t room> inline WCHAR *mailslot_getws_s(WCHAR (&target)[room])
{
    return mailslot_getws_s(target, room);
}
}
#endif

MAILSLOT_INLINE int mailslot_vwprintf(const WCHAR *format, va_list arguments)
{
    return mailslot_vfwprintf(stdout, format, arguments);
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

MAILSLOT_INLINE int mailslot_vswprintf_s(WCHAR *target, size_t room, const WCHAR *format, va_list arguments)
{
    int length;
    if (target == NULL || room == 0)
        return -1;
    length = mailslot_vsnwprintf(target, room, format, arguments);
    if (length >= 0 && (size_t)length < room)
        return length;
    target[0] = 0;
    return -1;
}

MAILSLOT_INLINE int mailslot_swprintf_s(WCHAR *target, size_t room, const WCHAR *format, ...)
{
    va_list arguments;
    int length;
    va_start(arguments, format);
    length = mailslot_vswprintf_s(target, room, format, arguments);
    va_end(arguments);
    return length;
}

/* The old swprintf, without the size of the target. */
MAILSLOT_INLINE int mailslot_vswprintf(WCHAR *target, const WCHAR *format, va_list arguments)
{
    return mailslot_vsnwprintf(target, (size_t)-1, format, arguments);
}

MAILSLOT_INLINE int mailslot_swprintf(WCHAR *target, const WCHAR *format, ...)
{
    va_list arguments;
    int length;
    va_start(arguments, format);
    length = mailslot_vswprintf(target, format, arguments);
    va_end(arguments);
    return length;
}

MAILSLOT_INLINE int mailslot_vscwprintf(const WCHAR *format, va_list arguments)
{
    return mailslot_vsnwprintf(NULL, 0, format, arguments);
}

MAILSLOT_INLINE int mailslot_scwprintf(const WCHAR *format, ...)
{
    va_list arguments;
    int length;
    va_start(arguments, format);
    length = mailslot_vscwprintf(format, arguments);
    va_end(arguments);
    return length;
}

/* At most count units; with _TRUNCATE as many as fit. The result is -1 if text was cut. */
MAILSLOT_INLINE int mailslot_vsnwprintf_s(WCHAR *target, size_t room, size_t count, const WCHAR *format,
                                          va_list arguments)
{
    size_t kept = count < room ? count + 1 : room;
    int length;
    if (target == NULL || room == 0)
        return -1;
    length = mailslot_vsnwprintf(target, kept, format, arguments);
    if (length >= 0 && (size_t)length < kept)
        return length;
    if (count >= room && count != _TRUNCATE)
        target[0] = 0;
    return -1;
}

MAILSLOT_INLINE int mailslot_snwprintf_s(WCHAR *target, size_t room, size_t count, const WCHAR *format, ...)
{
    va_list arguments;
    int length;
    va_start(arguments, format);
    length = mailslot_vsnwprintf_s(target, room, count, format, arguments);
    va_end(arguments);
    return length;
}

#ifdef __cplusplus
/* Arrays know their size, and C++ has both forms of swprintf under one name. */
extern "C++" {
template <size_t room> inline int mailslot_swprintf_s(WCHAR (&target)[room], const WCHAR *format, ...)
{
    va_list arguments;
    int length;
    va_start(arguments, format);
    length = mailslot_vswprintf_s(target, room, format, arguments);
    va_end(arguments);
    return length;
}

template <size_t room> inline int mailslot_snwprintf_s(WCHAR (&target)[room], size_t count, const WCHAR *format, ...)
{
    va_list arguments;
    int length;
    va_start(arguments, format);
    length = mailslot_vsnwprintf_s(target, room, count, format, arguments);
    va_end(arguments);
    return length;
}

MAILSLOT_INLINE int mailslot_snwprintf(WCHAR *target, const WCHAR *format, ...)
{
    va_list arguments;
    int length;
    va_start(arguments, format);
    length = mailslot_vswprintf(target, format, arguments);
    va_end(arguments);
    return length;
}
}
#endif

#endif
