/* scanf for UTF-16, and scanf_s for both kinds of text, where a size follows the place of each %s, %c and %[.
 *
 * Unlike in printf, l has the size of the compiler's long, as in the C library's scanf, so that stored values fit the
 * declarations of sources. Read a DWORD with %u.
 */
#ifndef MAILSLOT_SCAN_H
#define MAILSLOT_SCAN_H

#include <stdint.h>

#include "wide_stdio.h"

/* The source of input: one of the three, and whether it is wide. */
struct mailslot_input {
    FILE *stream;
    const char *bytes;
    const WCHAR *units;
    int wide;
    long taken;
};

#define MAILSLOT_NO_UNIT_ (-1)

MAILSLOT_INLINE int mailslot_take(struct mailslot_input *input)
{
    int unit;
    if (input->stream != NULL) {
        unit = input->wide ? mailslot_fgetwc(input->stream) : fgetc(input->stream);
        if (unit == (input->wide ? MAILSLOT_WEOF : EOF))
            return MAILSLOT_NO_UNIT_;
    } else if (input->wide) {
        if (*input->units == 0)
            return MAILSLOT_NO_UNIT_;
        unit = *input->units++;
    } else {
        if (*input->bytes == 0)
            return MAILSLOT_NO_UNIT_;
        unit = (unsigned char)*input->bytes++;
    }
    input->taken++;
    return unit;
}

MAILSLOT_INLINE void mailslot_put_back(struct mailslot_input *input, int unit)
{
    if (unit == MAILSLOT_NO_UNIT_)
        return;
    input->taken--;
    if (input->stream == NULL && input->wide)
        input->units--;
    else if (input->stream == NULL)
        input->bytes--;
    else if (input->wide)
        mailslot_ungetwc(unit, input->stream);
    else
        ungetc(unit, input->stream);
}

MAILSLOT_INLINE int mailslot_is_space(int unit)
{
    return unit == ' ' || (unit >= '\t' && unit <= '\r');
}

MAILSLOT_INLINE void mailslot_skip_space(struct mailslot_input *input)
{
    int unit;
    do
        unit = mailslot_take(input);
    while (mailslot_is_space(unit));
    mailslot_put_back(input, unit);
}

/* One conversion of a format. */
struct mailslot_scan {
    int suppressed;
    /* Width of the input in units; 0 is no limit. */
    size_t width;
    /* Size of the place in bytes. */
    size_t bytes;
    int wide;
    char letter;
    const WCHAR *set;
    const WCHAR *set_end;
};

/* Whether a scan set has the unit. */
MAILSLOT_INLINE int mailslot_in_set(const struct mailslot_scan *scan, int unit)
{
    const WCHAR *member = scan->set;
    int inverted = *member == '^';
    if (inverted)
        member++;
    for (; member < scan->set_end; member++) {
        if (member + 2 < scan->set_end && member[1] == '-') {
            if (unit >= member[0] && unit <= member[2])
                return !inverted;
            member += 2;
        } else if (*member == unit)
            return !inverted;
    }
    return inverted;
}

/* The rest of a conversion after its %. */
MAILSLOT_INLINE const WCHAR *mailslot_parse_scan(struct mailslot_scan *scan, const WCHAR *format, int wide)
{
    memset(scan, 0, sizeof *scan);
    scan->wide = wide;
    scan->bytes = sizeof(int);
    if (*format == '*') {
        scan->suppressed = 1;
        format++;
    }
    for (; *format >= '0' && *format <= '9'; format++)
        scan->width = scan->width * 10 + (size_t)(*format - '0');
    if (format[0] == 'I' && (format[1] == '6' || format[1] == '3') && format[2] != 0) {
        scan->bytes = format[1] == '6' ? 8 : 4;
        format += 3;
    }
    for (;; format++) {
        if (*format == 'h') {
            scan->bytes = scan->bytes == 2 ? 1 : 2;
            scan->wide = 0;
        } else if (*format == 'l' || *format == 'w') {
            scan->bytes = sizeof(long);
            scan->wide = 1;
        } else if (*format == 'I' || *format == 'j' || *format == 'z' || *format == 't')
            scan->bytes = 8;
        else if (*format == 'L')
            scan->bytes = sizeof(long double);
        else
            break;
    }
    scan->letter = (char)*format;
    if (*format == 0)
        return format;
    format++;
    if (scan->letter == 'S' || scan->letter == 'C') {
        if (scan->bytes == sizeof(int))
            scan->wide = !wide;
        scan->letter = scan->letter == 'S' ? 's' : 'c';
    }
    if (scan->letter == '[') {
        scan->set = format;
        if (*format == '^')
            format++;
        if (*format == ']')
            format++;
        while (*format != 0 && *format != ']')
            format++;
        scan->set_end = format;
        if (*format != 0)
            format++;
    }
    return format;
}

/* The units of the input that a conversion takes, to be freed; NULL if there are none. */
MAILSLOT_INLINE WCHAR *mailslot_scan_units(struct mailslot_input *input, const struct mailslot_scan *scan,
                                           size_t *count)
{
    size_t room = 64, most = scan->width;
    WCHAR *units = (WCHAR *)malloc(room * sizeof(WCHAR));
    *count = 0;
    if (most == 0)
        most = scan->letter == 'c' ? 1 : (size_t)-1;
    while (units != NULL && *count < most) {
        int unit = mailslot_take(input);
        if (unit == MAILSLOT_NO_UNIT_)
            break;
        if ((scan->letter == 's' && mailslot_is_space(unit)) || (scan->letter == '[' && !mailslot_in_set(scan, unit))) {
            mailslot_put_back(input, unit);
            break;
        }
        if (*count + 1 == room) {
            WCHAR *more = (WCHAR *)realloc(units, (room *= 2) * sizeof(WCHAR));
            if (more == NULL)
                break;
            units = more;
        }
        units[(*count)++] = (WCHAR)unit;
    }
    if (units != NULL && (*count == 0 || (scan->letter == 'c' && *count < most))) {
        free(units);
        return NULL;
    }
    if (units != NULL)
        units[*count] = 0;
    return units;
}

/* Stores text with a NUL, or characters without one. If the room is too small, stores empty text. */
MAILSLOT_INLINE int mailslot_scan_store(const struct mailslot_input *input, const struct mailslot_scan *scan,
                                        const WCHAR *units, size_t count, void *target, size_t room)
{
    size_t end = scan->letter == 'c' ? 0 : 1;
    char *narrow = NULL;
    size_t i;
    int fits;
    if (input->wide && !scan->wide) {
        narrow = mailslot_narrow(units, count);
        count = narrow == NULL ? 0 : strlen(narrow);
    } else if (!input->wide) {
        narrow = (char *)malloc(count + 1);
        for (i = 0; narrow != NULL && i <= count; i++)
            narrow[i] = (char)units[i];
        if (scan->wide && narrow != NULL)
            count = (size_t)MultiByteToWideChar(CP_UTF8, 0, narrow, (int)count, NULL, 0);
    }
    fits = count + end <= room;
    if (scan->wide) {
        WCHAR *place = (WCHAR *)target;
        if (!fits || (!input->wide && narrow == NULL))
            count = 0;
        else if (input->wide)
            memcpy(place, units, count * sizeof(WCHAR));
        else
            MultiByteToWideChar(CP_UTF8, 0, narrow, -1, place, (int)(count + end));
        if (room > 0 && (end || !fits))
            place[count] = 0;
    } else {
        char *place = (char *)target;
        if (!fits || narrow == NULL)
            count = 0;
        else
            memcpy(place, narrow, count);
        if (room > 0 && (end || !fits))
            place[count] = 0;
    }
    free(narrow);
    return fits;
}

/* Takes the longest start of the input that is a number in this base, or with a fraction if the base is 1. */
MAILSLOT_INLINE size_t mailslot_scan_number(struct mailslot_input *input, const struct mailslot_scan *scan, int base,
                                            char *text, size_t room)
{
    size_t length = 0, most = scan->width == 0 || scan->width > room - 1 ? room - 1 : scan->width;
    int digits = 0, point = 0, exponent = 0, unit;
    mailslot_skip_space(input);
    while (length < most) {
        int before = length == 0 ? 0 : text[length - 1];
        int fits;
        unit = mailslot_take(input);
        if (unit == MAILSLOT_NO_UNIT_)
            break;
        if (unit == '+' || unit == '-')
            fits = length == 0 || (base == 1 && (before == 'e' || before == 'E'));
        else if (unit >= '0' && unit <= '9')
            fits = base != 8 || unit < '8';
        else if (base == 1)
            fits = (unit == '.' && !point && !exponent) || ((unit == 'e' || unit == 'E') && digits && !exponent);
        else if (unit == 'x' || unit == 'X')
            fits = (base == 0 || base == 16) && before == '0' && digits == 1;
        else
            fits = ((unit >= 'a' && unit <= 'f') || (unit >= 'A' && unit <= 'F')) &&
                   (base == 16 ||
                    (base == 0 && length > 1 && (strchr(text, 'x') != NULL || strchr(text, 'X') != NULL)));
        if (!fits) {
            mailslot_put_back(input, unit);
            break;
        }
        digits += unit >= '0' && unit <= '9';
        point |= unit == '.';
        exponent |= base == 1 && (unit == 'e' || unit == 'E');
        text[length++] = (char)unit;
        text[length] = '\0';
    }
    text[length] = '\0';
    return digits > 0 || base == 16 ? length : 0;
}

MAILSLOT_INLINE void mailslot_store_integer(void *target, size_t bytes, ULONGLONG value)
{
    if (bytes == 1)
        *(uint8_t *)target = (uint8_t)value;
    else if (bytes == 2)
        *(uint16_t *)target = (uint16_t)value;
    else if (bytes == 4)
        *(uint32_t *)target = (uint32_t)value;
    else
        *(uint64_t *)target = value;
}

/* Reads input by the format; secure is whether sizes follow the places of text. The result is that of scanf. */
MAILSLOT_INLINE int mailslot_vscan_units(struct mailslot_input *input, int secure, const WCHAR *format,
                                         va_list arguments)
{
    int stored = 0, converted = 0;
    while (*format != 0) {
        struct mailslot_scan scan;
        char number[128];
        int unit, base = 10;
        if (mailslot_is_space(*format)) {
            mailslot_skip_space(input);
            format++;
            continue;
        }
        if (*format != '%' || format[1] == '%') {
            if (*format == '%') {
                mailslot_skip_space(input);
                format++;
            }
            unit = mailslot_take(input);
            if (unit != *format) {
                mailslot_put_back(input, unit);
                return unit == MAILSLOT_NO_UNIT_ && converted == 0 ? EOF : stored;
            }
            format++;
            continue;
        }
        format = mailslot_parse_scan(&scan, format + 1, input->wide);
        if (scan.letter == 'n') {
            if (!scan.suppressed)
                mailslot_store_integer(va_arg(arguments, void *), scan.bytes, (ULONGLONG)input->taken);
            continue;
        }
        if (scan.letter == '\0' || strchr("cs[diuxXopaAeEfFgG", scan.letter) == NULL)
            return stored;
        if (scan.letter != 'c' && scan.letter != '[')
            mailslot_skip_space(input);
        unit = mailslot_take(input);
        if (unit == MAILSLOT_NO_UNIT_)
            return converted == 0 ? EOF : stored;
        mailslot_put_back(input, unit);
        if (strchr("cs[", scan.letter) != NULL) {
            void *target = scan.suppressed ? NULL : va_arg(arguments, void *);
            size_t room = scan.suppressed || !secure ? (size_t)-1 : va_arg(arguments, unsigned int);
            size_t count;
            WCHAR *units = mailslot_scan_units(input, &scan, &count);
            int fits = units != NULL &&
                       (scan.suppressed || mailslot_scan_store(input, &scan, units, count, target, room));
            free(units);
            if (!fits)
                return stored;
        } else if (strchr("aAeEfFgG", scan.letter) != NULL) {
            if (mailslot_scan_number(input, &scan, 1, number, sizeof number) == 0)
                return stored;
            if (!scan.suppressed && scan.bytes == sizeof(long))
                *va_arg(arguments, double *) = strtod(number, NULL);
            else if (!scan.suppressed && scan.bytes == sizeof(long double))
                *va_arg(arguments, long double *) = strtold(number, NULL);
            else if (!scan.suppressed)
                *va_arg(arguments, float *) = strtof(number, NULL);
        } else {
            if (scan.letter == 'p')
                scan.bytes = sizeof(void *);
            base = scan.letter == 'o'                                                   ? 8
                   : scan.letter == 'i'                                                 ? 0
                   : scan.letter == 'x' || scan.letter == 'X' || scan.letter == 'p' ? 16
                                                                                        : 10;
            if (mailslot_scan_number(input, &scan, base, number, sizeof number) == 0)
                return stored;
            if (!scan.suppressed)
                mailslot_store_integer(va_arg(arguments, void *), scan.bytes,
                                       scan.letter == 'd' || scan.letter == 'i'
                                           ? (ULONGLONG)strtoll(number, NULL, base)
                                           : strtoull(number, NULL, base));
        }
        converted++;
        stored += !scan.suppressed;
    }
    return stored;
}

/* The same with a narrow format, whose bytes are taken as units. */
MAILSLOT_INLINE int mailslot_vscan_bytes(struct mailslot_input *input, int secure, const char *format,
                                         va_list arguments)
{
    size_t i, length = strlen(format);
    WCHAR *units = (WCHAR *)malloc((length + 1) * sizeof(WCHAR));
    int result = EOF;
    if (units != NULL) {
        for (i = 0; i <= length; i++)
            units[i] = (unsigned char)format[i];
        result = mailslot_vscan_units(input, secure, units, arguments);
    }
    free(units);
    return result;
}

/* Defines the three of a family. */
#define MAILSLOT_SCANF_(prefix, infix, suffix, unit, member, is_wide, secure, vscan) \
    MAILSLOT_INLINE int mailslot_v##prefix##scanf##suffix(struct mailslot_input *input, const unit *format, \
                                                          va_list arguments) \
    { \
        input->wide = is_wide; \
        return vscan(input, secure, format, arguments); \
    } \
    MAILSLOT_INLINE int mailslot_##prefix##scanf##suffix(const unit *format, ...) \
    { \
        struct mailslot_input input; \
        va_list arguments; \
        int result; \
        memset(&input, 0, sizeof input); \
        input.stream = stdin; \
        va_start(arguments, format); \
        result = mailslot_v##prefix##scanf##suffix(&input, format, arguments); \
        va_end(arguments); \
        return result; \
    } \
    MAILSLOT_INLINE int mailslot_f##prefix##scanf##suffix(FILE *stream, const unit *format, ...) \
    { \
        struct mailslot_input input; \
        va_list arguments; \
        int result; \
        memset(&input, 0, sizeof input); \
        input.stream = stream; \
        va_start(arguments, format); \
        result = mailslot_v##prefix##scanf##suffix(&input, format, arguments); \
        va_end(arguments); \
        return result; \
    } \
    MAILSLOT_INLINE int mailslot_s##infix##scanf##suffix(const unit *text, const unit *format, ...) \
    { \
        struct mailslot_input input; \
        va_list arguments; \
        int result; \
        memset(&input, 0, sizeof input); \
        input.member = text; \
        va_start(arguments, format); \
        result = mailslot_v##prefix##scanf##suffix(&input, format, arguments); \
        va_end(arguments); \
        return result; \
    }

MAILSLOT_SCANF_(, , _s, char, bytes, 0, 1, mailslot_vscan_bytes)
MAILSLOT_SCANF_(w, w, , WCHAR, units, 1, 0, mailslot_vscan_units)
MAILSLOT_SCANF_(w, w, _s, WCHAR, units, 1, 1, mailslot_vscan_units)

#define scanf_s mailslot_scanf_s
#define fscanf_s mailslot_fscanf_s
#define sscanf_s mailslot_sscanf_s

#endif
