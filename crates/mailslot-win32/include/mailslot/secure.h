/* More functions of Microsoft's C library beyond the standard: secure functions, and functions of stdio.h, stdlib.h and
 * time.h for narrow text. Failing secure functions do not end the program, but return the error. */
#ifndef MAILSLOT_SECURE_H
#define MAILSLOT_SECURE_H

#include <stdio.h>
#include <sys/random.h>
#include <time.h>

#include "text.h"

#define printf_s printf
#define fprintf_s fprintf
#define vprintf_s vprintf
#define vfprintf_s vfprintf

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

MAILSLOT_INLINE int _vscprintf(const char *format, va_list arguments)
{
    return mailslot_vsnprintf(NULL, 0, format, arguments);
}

MAILSLOT_INLINE int _scprintf(const char *format, ...)
{
    va_list arguments;
    int length;
    va_start(arguments, format);
    length = mailslot_vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    return length;
}

MAILSLOT_INLINE int vsprintf_s(char *target, size_t room, const char *format, va_list arguments)
{
    int length;
    if (target == NULL || room == 0)
        return -1;
    length = mailslot_vsnprintf(target, room, format, arguments);
    if ((size_t)length < room)
        return length;
    target[0] = '\0';
    return -1;
}

MAILSLOT_INLINE int sprintf_s(char *target, size_t room, const char *format, ...)
{
    va_list arguments;
    int length;
    va_start(arguments, format);
    length = vsprintf_s(target, room, format, arguments);
    va_end(arguments);
    return length;
}

/* At most count characters; with _TRUNCATE as many as fit. The result is -1 if text was cut. */
MAILSLOT_INLINE int _vsnprintf_s(char *target, size_t room, size_t count, const char *format, va_list arguments)
{
    size_t kept = count < room ? count + 1 : room;
    int length;
    if (target == NULL || room == 0)
        return -1;
    length = mailslot_vsnprintf(target, kept, format, arguments);
    if ((size_t)length < kept)
        return length;
    if (count >= room && count != _TRUNCATE)
        target[0] = '\0';
    return -1;
}

MAILSLOT_INLINE int _snprintf_s(char *target, size_t room, size_t count, const char *format, ...)
{
    va_list arguments;
    int length;
    va_start(arguments, format);
    length = _vsnprintf_s(target, room, count, format, arguments);
    va_end(arguments);
    return length;
}

/* A line of standard input without its end. gets accepts any length, as always, but ends the program rather than write
 * beyond a target whose size the compiler knows. gets_s loses a line that does not fit. */
MAILSLOT_INLINE char *mailslot_gets(char *target, size_t room)
{
    size_t length = 0;
    int c;
    while ((c = getchar()) != EOF && c != '\n') {
        if (length + 1 >= room) {
            fputs("gets: the line is longer than its target\n", stderr);
            abort();
        }
        target[length++] = (char)c;
    }
    if (c == EOF && length == 0)
        return NULL;
    target[length] = '\0';
    return target;
}
#undef gets
#define gets(target) mailslot_gets((target), __builtin_object_size((target), 1))

MAILSLOT_INLINE char *gets_s(char *target, size_t room)
{
    size_t length = 0;
    int c;
    if (target == NULL || room == 0)
        return NULL;
    while ((c = getchar()) != EOF && c != '\n') {
        if (length < room)
            target[length] = (char)c;
        length++;
    }
    if (length < room && (c == '\n' || length > 0)) {
        target[length] = '\0';
        return target;
    }
    target[0] = '\0';
    return NULL;
}

MAILSLOT_INLINE errno_t fopen_s(FILE **stream, const char *path, const char *mode)
{
    if (stream == NULL || path == NULL || mode == NULL)
        return EINVAL;
    *stream = fopen(path, mode);
    return *stream == NULL ? errno : 0;
}

MAILSLOT_INLINE errno_t freopen_s(FILE **stream, const char *path, const char *mode, FILE *old)
{
    if (stream == NULL || mode == NULL || old == NULL)
        return EINVAL;
    *stream = freopen(path, mode, old);
    return *stream == NULL ? errno : 0;
}

/* Storage for text of the C library. */
MAILSLOT_INLINE errno_t strerror_s(char *target, size_t room, int error)
{
    return mailslot_strncpy_s(target, room, strerror(error), _TRUNCATE) == EINVAL ? EINVAL : 0;
}

MAILSLOT_INLINE errno_t getenv_s(size_t *needed, char *target, size_t room, const char *name)
{
    const char *value = name == NULL ? NULL : getenv(name);
    if (needed == NULL || name == NULL)
        return EINVAL;
    *needed = value == NULL ? 0 : strlen(value) + 1;
    if (target != NULL && room > 0)
        target[0] = '\0';
    return value == NULL || room == 0 ? 0 : mailslot_strcpy_s(target, room, value);
}

MAILSLOT_INLINE errno_t _dupenv_s(char **value, size_t *size, const char *name)
{
    const char *found = name == NULL ? NULL : getenv(name);
    if (value == NULL || name == NULL)
        return EINVAL;
    *value = found == NULL ? NULL : _strdup(found);
    if (size != NULL)
        *size = *value == NULL ? 0 : strlen(found) + 1;
    return found != NULL && *value == NULL ? ENOMEM : 0;
}

/* All 32 bits; rand keeps the range of Linux. */
MAILSLOT_INLINE errno_t rand_s(unsigned *number)
{
    if (number == NULL)
        return EINVAL;
    return getrandom(number, sizeof *number, 0) == (ssize_t)sizeof *number ? 0 : errno;
}

/* Times. The parameters of localtime_s and gmtime_s are in the order of Windows. */
#undef localtime_s
#undef gmtime_s
#define localtime_s mailslot_localtime_s
#define gmtime_s mailslot_gmtime_s
#define asctime_s mailslot_asctime_s
#define ctime_s mailslot_ctime_s

/* A strict C standard hides the functions that these call; C++ does not. */
MAILSLOT_INLINE errno_t mailslot_localtime_s(struct tm *target, const time_t *now)
{
#ifndef __cplusplus
    struct tm *localtime_r(const time_t *, struct tm *);
#endif
    return target != NULL && now != NULL && localtime_r(now, target) != NULL ? 0 : EINVAL;
}

MAILSLOT_INLINE errno_t mailslot_gmtime_s(struct tm *target, const time_t *now)
{
#ifndef __cplusplus
    struct tm *gmtime_r(const time_t *, struct tm *);
#endif
    return target != NULL && now != NULL && gmtime_r(now, target) != NULL ? 0 : EINVAL;
}

MAILSLOT_INLINE errno_t mailslot_asctime_s(char *target, size_t room, const struct tm *fields)
{
    const char *text = fields == NULL ? NULL : asctime(fields);
    return mailslot_strcpy_s(target, room, text);
}

MAILSLOT_INLINE errno_t mailslot_ctime_s(char *target, size_t room, const time_t *now)
{
    const char *text = now == NULL ? NULL : ctime(now);
    return mailslot_strcpy_s(target, room, text);
}

/* The date as MM/DD/YY, and the time as HH:MM:SS. */
MAILSLOT_INLINE char *_strdate(char *target)
{
    time_t now = time(NULL);
    strftime(target, 9, "%m/%d/%y", localtime(&now));
    return target;
}

MAILSLOT_INLINE char *_strtime(char *target)
{
    time_t now = time(NULL);
    strftime(target, 9, "%H:%M:%S", localtime(&now));
    return target;
}

/* The units of clock in a second. It counts processor time, as in the standard, not elapsed time. */
#undef CLK_TCK
#define CLK_TCK CLOCKS_PER_SEC

#ifdef __cplusplus
/* Arrays know their size. */
extern "C++" {
template <size_t room> inline int vsprintf_s(char (&target)[room], const char *format, va_list arguments)
{
    return vsprintf_s(target, room, format, arguments);
}

template <size_t room> inline int sprintf_s(char (&target)[room], const char *format, ...)
{
    va_list arguments;
    int length;
    va_start(arguments, format);
    length = vsprintf_s(target, room, format, arguments);
    va_end(arguments);
    return length;
}

template <size_t room> inline int _snprintf_s(char (&target)[room], size_t count, const char *format, ...)
{
    va_list arguments;
    int length;
    va_start(arguments, format);
    length = _vsnprintf_s(target, room, count, format, arguments);
    va_end(arguments);
    return length;
}

template <size_t room> inline char *gets_s(char (&target)[room])
{
    return gets_s(target, room);
}

template <size_t room> inline errno_t mailslot_asctime_s(char (&target)[room], const struct tm *fields)
{
    return mailslot_asctime_s(target, room, fields);
}

template <size_t room> inline errno_t mailslot_ctime_s(char (&target)[room], const time_t *now)
{
    return mailslot_ctime_s(target, room, now);
}
}
#endif

#endif
