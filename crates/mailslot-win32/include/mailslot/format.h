/* printf for both kinds of text, with the conversions of Windows: I64 and I32 are sizes, l has 32 bits, and in a wide
 * format %s is wide text and %S is not.
 *
 * Each number is passed to the C library separately; %n is left out. Widths of text count characters. C libraries of
 * Linux have no UTF-16, hence these functions; they are in a header because variadic functions must be in C.
 */
#ifndef MAILSLOT_FORMAT_H
#define MAILSLOT_FORMAT_H

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../windef.h"
#include "../winnls.h"

/* Unused: a program need not use every function. */
#define MAILSLOT_INLINE static inline __attribute__((unused))

/* Text that may be longer than its room; length counts the whole text. */
struct mailslot_text {
    char *bytes;
    size_t room;
    size_t length;
};

MAILSLOT_INLINE void mailslot_append(struct mailslot_text *text, const char *bytes, size_t count)
{
    size_t i;
    for (i = 0; i < count; i++, text->length++)
        if (text->length < text->room)
            text->bytes[text->length] = bytes[i];
}

MAILSLOT_INLINE size_t mailslot_wcslen(const WCHAR *text)
{
    size_t length = 0;
    while (text[length] != 0)
        length++;
    return length;
}

/* The text in UTF-8, to be freed; NULL for lack of memory. */
MAILSLOT_INLINE char *mailslot_narrow(const WCHAR *text, size_t length)
{
    int units = (int)length;
    int bytes = units == 0 ? 0 : WideCharToMultiByte(CP_UTF8, 0, text, units, NULL, 0, NULL, NULL);
    char *narrow = (char *)malloc((size_t)bytes + 1);
    if (narrow == NULL)
        return NULL;
    if (units > 0)
        WideCharToMultiByte(CP_UTF8, 0, text, units, narrow, bytes, NULL, NULL);
    narrow[bytes] = '\0';
    return narrow;
}

/* One conversion: its flags, width and precision, and the size of its argument. */
struct mailslot_conversion {
    char spec[64];
    size_t length;
    long width;
    long precision;
    int bytes;
    int wide;
};

MAILSLOT_INLINE void mailslot_spec(struct mailslot_conversion *conversion, char c)
{
    if (conversion->length + 8 < sizeof conversion->spec)
        conversion->spec[conversion->length++] = c;
}

MAILSLOT_INLINE void mailslot_spec_number(struct mailslot_conversion *conversion, long number)
{
    char digits[24];
    const char *digit;
    snprintf(digits, sizeof digits, "%ld", number);
    for (digit = digits; *digit != '\0'; digit++)
        mailslot_spec(conversion, *digit);
}

/* A number of a width or precision. */
MAILSLOT_INLINE const char *mailslot_number(struct mailslot_conversion *conversion, const char *format, long *number)
{
    *number = 0;
    for (; *format >= '0' && *format <= '9'; format++) {
        mailslot_spec(conversion, *format);
        if (*number < 100000)
            *number = *number * 10 + (*format - '0');
    }
    return format;
}

/* The size of the argument; 0 if the letters do not give one. */
MAILSLOT_INLINE const char *mailslot_size(struct mailslot_conversion *conversion, const char *format)
{
    conversion->bytes = 0;
    if (strncmp(format, "I64", 3) == 0 || strncmp(format, "I32", 3) == 0) {
        conversion->bytes = format[1] == '6' ? 8 : 4;
        return format + 3;
    }
    if (format[0] == 'l' && format[1] == 'l') {
        conversion->bytes = 8;
        return format + 2;
    }
    if (format[0] == 'h' && format[1] == 'h') {
        conversion->bytes = 1;
        return format + 2;
    }
    switch (*format) {
    case 'h':
        conversion->bytes = 2;
        conversion->wide = 0;
        return format + 1;
    case 'w':
    case 'l':
        conversion->bytes = 4;
        conversion->wide = 1;
        return format + 1;
    case 'I':
    case 'z':
    case 't':
    case 'j':
        conversion->bytes = 8;
        return format + 1;
    default:
        return format;
    }
}

/* Appends text, cut to the precision and filled up to the width, both in characters. */
MAILSLOT_INLINE void mailslot_append_string(struct mailslot_text *text, struct mailslot_conversion *conversion,
                                            const void *string)
{
    size_t most = conversion->precision < 0 ? (size_t)-1 : (size_t)conversion->precision;
    size_t count = 0;
    long pad;
    int left = strchr(conversion->spec, '-') != NULL;
    if (string == NULL) {
        string = "(null)";
        conversion->wide = 0;
    }
    if (conversion->wide)
        while (count < most && ((const WCHAR *)string)[count] != 0)
            count++;
    else
        while (count < most && ((const char *)string)[count] != 0)
            count++;
    pad = conversion->width - (long)count;
    for (; !left && pad > 0; pad--)
        mailslot_append(text, " ", 1);
    if (conversion->wide) {
        char *narrow = mailslot_narrow((const WCHAR *)string, count);
        if (narrow != NULL)
            mailslot_append(text, narrow, strlen(narrow));
        free(narrow);
    } else
        mailslot_append(text, (const char *)string, count);
    for (; pad > 0; pad--)
        mailslot_append(text, " ", 1);
}

/* Formats into text->bytes. wide is whether %s is wide text. */
MAILSLOT_INLINE void mailslot_vformat(struct mailslot_text *text, int wide, const char *format, va_list arguments)
{
    while (*format != '\0') {
        struct mailslot_conversion conversion;
        char number[512];
        int length = 0;
        size_t plain = strcspn(format, "%");
        mailslot_append(text, format, plain);
        format += plain;
        if (*format == '\0')
            break;
        memset(&conversion, 0, sizeof conversion);
        conversion.precision = -1;
        conversion.wide = wide;
        mailslot_spec(&conversion, *format++);
        while (*format != '\0' && strchr("-+ #0", *format) != NULL)
            mailslot_spec(&conversion, *format++);
        if (*format == '*') {
            conversion.width = va_arg(arguments, int);
            mailslot_spec_number(&conversion, conversion.width);
            if (conversion.width < 0)
                conversion.width = -conversion.width;
            format++;
        } else
            format = mailslot_number(&conversion, format, &conversion.width);
        if (*format == '.') {
            format++;
            mailslot_spec(&conversion, '.');
            if (*format == '*') {
                conversion.precision = va_arg(arguments, int);
                mailslot_spec_number(&conversion, conversion.precision);
                format++;
            } else
                format = mailslot_number(&conversion, format, &conversion.precision);
        }
        format = mailslot_size(&conversion, format);
        switch (*format) {
        case 'd':
        case 'i':
            mailslot_spec(&conversion, 'l');
            mailslot_spec(&conversion, 'l');
            mailslot_spec(&conversion, 'd');
            if (conversion.bytes == 8)
                length = snprintf(number, sizeof number, conversion.spec, va_arg(arguments, long long));
            else
                length = snprintf(number, sizeof number, conversion.spec, (long long)va_arg(arguments, int));
            break;
        case 'u':
        case 'x':
        case 'X':
        case 'o':
            mailslot_spec(&conversion, 'l');
            mailslot_spec(&conversion, 'l');
            mailslot_spec(&conversion, *format);
            if (conversion.bytes == 8)
                length = snprintf(number, sizeof number, conversion.spec, va_arg(arguments, unsigned long long));
            else
                length = snprintf(number, sizeof number, conversion.spec,
                                  (unsigned long long)va_arg(arguments, unsigned int));
            break;
        case 'p':
            mailslot_spec(&conversion, 'p');
            length = snprintf(number, sizeof number, conversion.spec, va_arg(arguments, void *));
            break;
        case 'f':
        case 'F':
        case 'e':
        case 'E':
        case 'g':
        case 'G':
        case 'a':
        case 'A':
            mailslot_spec(&conversion, *format);
            length = snprintf(number, sizeof number, conversion.spec, va_arg(arguments, double));
            break;
        case 'c':
        case 'C': {
            WCHAR unit = (WCHAR)va_arg(arguments, int);
            WCHAR units[2];
            char bytes[2];
            int is_wide = *format == 'C' && conversion.bytes == 0 ? !wide : conversion.wide;
            units[0] = unit;
            units[1] = 0;
            bytes[0] = (char)unit;
            bytes[1] = '\0';
            conversion.wide = is_wide;
            mailslot_append_string(text, &conversion, is_wide ? (const void *)units : (const void *)bytes);
            break;
        }
        case 's':
        case 'S':
            if (*format == 'S' && conversion.bytes == 0)
                conversion.wide = !wide;
            mailslot_append_string(text, &conversion, va_arg(arguments, void *));
            break;
        case '%':
            mailslot_append(text, "%", 1);
            break;
        case '\0':
            return;
        default:
            mailslot_append(text, format, 1);
            break;
        }
        if (length > 0)
            mailslot_append(text, number, (size_t)length < sizeof number ? (size_t)length : sizeof number - 1);
        format++;
    }
}

/* Like vsnprintf: stores what fits, with a NUL, and returns the length of the whole. */
MAILSLOT_INLINE int mailslot_vsnprintf(char *target, size_t room, const char *format, va_list arguments)
{
    struct mailslot_text text;
    text.bytes = target;
    text.room = room == 0 ? 0 : room - 1;
    text.length = 0;
    mailslot_vformat(&text, 0, format, arguments);
    if (room > 0)
        target[text.length < text.room ? text.length : text.room] = '\0';
    return (int)text.length;
}

/* The formatted text in UTF-8, to be freed; NULL for lack of memory. */
MAILSLOT_INLINE char *mailslot_vwasprintf(const WCHAR *format, va_list arguments, size_t *length)
{
    struct mailslot_text text;
    va_list again;
    char *narrow = mailslot_narrow(format, mailslot_wcslen(format));
    text.bytes = NULL;
    text.room = 0;
    text.length = 0;
    if (narrow == NULL)
        return NULL;
    __builtin_va_copy(again, arguments);
    mailslot_vformat(&text, 1, narrow, again);
    va_end(again);
    text.room = text.length;
    text.bytes = (char *)malloc(text.length + 1);
    if (text.bytes != NULL) {
        text.length = 0;
        mailslot_vformat(&text, 1, narrow, arguments);
        text.bytes[text.length] = '\0';
        *length = text.length;
    }
    free(narrow);
    return text.bytes;
}

/* The same in UTF-16. */
MAILSLOT_INLINE int mailslot_vsnwprintf(WCHAR *target, size_t room, const WCHAR *format, va_list arguments)
{
    size_t length;
    int units = 0;
    char *bytes = mailslot_vwasprintf(format, arguments, &length);
    if (bytes == NULL)
        return -1;
    if (length > 0)
        units = MultiByteToWideChar(CP_UTF8, 0, bytes, (int)length, NULL, 0);
    if (room > 0) {
        WCHAR *all = (WCHAR *)malloc(((size_t)units + 1) * sizeof(WCHAR));
        size_t kept = (size_t)units < room ? (size_t)units : room - 1;
        if (all != NULL && units > 0)
            MultiByteToWideChar(CP_UTF8, 0, bytes, (int)length, all, units);
        if (all != NULL)
            memcpy(target, all, kept * sizeof(WCHAR));
        target[all == NULL ? 0 : kept] = 0;
        free(all);
    }
    free(bytes);
    return units;
}

/* Writes UTF-8, whatever the locale. */
MAILSLOT_INLINE int mailslot_vfwprintf(FILE *stream, const WCHAR *format, va_list arguments)
{
    size_t length;
    char *bytes = mailslot_vwasprintf(format, arguments, &length);
    size_t written;
    if (bytes == NULL)
        return -1;
    written = fwrite(bytes, 1, length, stream);
    free(bytes);
    return written == length ? (int)length : -1;
}

#endif
