/* The wide forms of functions of stdio.h, stdlib.h, time.h, locale.h, io.h and direct.h that take or return text. */
#ifndef MAILSLOT_WIDE_SYSTEM_H
#define MAILSLOT_WIDE_SYSTEM_H

#include <locale.h>
#include <stdio.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "secure.h"
#include "wide.h"

/* Defines a function that calls another one with its text in UTF-8. */
#define MAILSLOT_WITH_NARROW_(type, name, parameters, failed, call) \
    MAILSLOT_INLINE type mailslot_##name parameters \
    { \
        char *narrow = mailslot_narrow(text, mailslot_wcslen(text)); \
        type result = failed; \
        if (narrow != NULL) \
            result = call; \
        free(narrow); \
        return result; \
    }
#define MAILSLOT_WITH_TWO_NARROW_(type, name, parameters, failed, call) \
    MAILSLOT_INLINE type mailslot_##name parameters \
    { \
        char *narrow = mailslot_narrow(text, mailslot_wcslen(text)); \
        char *second = mailslot_narrow(other, mailslot_wcslen(other)); \
        type result = failed; \
        if (narrow != NULL && second != NULL) \
            result = call; \
        free(narrow); \
        free(second); \
        return result; \
    }

MAILSLOT_WITH_TWO_NARROW_(FILE *, wfopen, (const WCHAR *text, const WCHAR *other), NULL, fopen(narrow, second))
MAILSLOT_WITH_TWO_NARROW_(FILE *, wfreopen, (const WCHAR *text, const WCHAR *other, FILE *old), NULL,
                          freopen(narrow, second, old))
MAILSLOT_WITH_TWO_NARROW_(int, wrename, (const WCHAR *text, const WCHAR *other), -1, rename(narrow, second))
MAILSLOT_WITH_NARROW_(int, wremove, (const WCHAR *text), -1, remove(narrow))
MAILSLOT_WITH_NARROW_(int, wunlink, (const WCHAR *text), -1, unlink(narrow))
MAILSLOT_WITH_NARROW_(int, waccess, (const WCHAR *text, int mode), -1, access(narrow, mode))
MAILSLOT_WITH_NARROW_(int, wchdir, (const WCHAR *text), -1, chdir(narrow))
MAILSLOT_WITH_NARROW_(int, wmkdir, (const WCHAR *text), -1, mkdir(narrow, 0777))
MAILSLOT_WITH_NARROW_(int, wrmdir, (const WCHAR *text), -1, rmdir(narrow))
MAILSLOT_WITH_NARROW_(int, wsystem, (const WCHAR *text), -1, system(narrow))
MAILSLOT_WITH_NARROW_(int, wperror, (const WCHAR *text), -1, (perror(narrow), 0))

MAILSLOT_INLINE errno_t mailslot_wfopen_s(FILE **stream, const WCHAR *path, const WCHAR *mode)
{
    if (stream == NULL || path == NULL || mode == NULL)
        return EINVAL;
    *stream = mailslot_wfopen(path, mode);
    return *stream == NULL ? errno : 0;
}

MAILSLOT_INLINE errno_t mailslot_wfreopen_s(FILE **stream, const WCHAR *path, const WCHAR *mode, FILE *old)
{
    if (stream == NULL || path == NULL || mode == NULL || old == NULL)
        return EINVAL;
    *stream = mailslot_wfreopen(path, mode, old);
    return *stream == NULL ? errno : 0;
}

/* UTF-8 as wide text, to be freed. */
MAILSLOT_INLINE WCHAR *mailslot_widen(const char *text)
{
    int units = MultiByteToWideChar(CP_UTF8, 0, text, -1, NULL, 0);
    WCHAR *wide = (WCHAR *)malloc((size_t)units * sizeof(WCHAR));
    if (wide != NULL)
        MultiByteToWideChar(CP_UTF8, 0, text, -1, wide, units);
    return wide;
}

MAILSLOT_INLINE errno_t mailslot_store_wide(WCHAR *target, size_t room, const char *text)
{
    WCHAR *wide = text == NULL ? NULL : mailslot_widen(text);
    errno_t error = mailslot_wcscpy_s(target, room, wide);
    free(wide);
    return error;
}

MAILSLOT_WITH_NARROW_(const char *, wfind_variable, (const WCHAR *text), NULL, getenv(narrow))

/* Returned texts stay valid until the program ends, like the environment. */
MAILSLOT_INLINE WCHAR *mailslot_wgetenv(const WCHAR *name)
{
    struct kept {
        struct kept *before;
        WCHAR *text;
    };
    static __thread struct kept *all;
    const char *value = mailslot_wfind_variable(name);
    struct kept *kept = value == NULL ? NULL : (struct kept *)malloc(sizeof(struct kept));
    if (kept == NULL)
        return NULL;
    kept->before = all;
    kept->text = mailslot_widen(value);
    all = kept;
    return kept->text;
}

MAILSLOT_INLINE errno_t mailslot_wgetenv_s(size_t *needed, WCHAR *target, size_t room, const WCHAR *name)
{
    const char *value = name == NULL ? NULL : mailslot_wfind_variable(name);
    WCHAR *wide = value == NULL ? NULL : mailslot_widen(value);
    errno_t error = 0;
    if (needed == NULL || name == NULL)
        return EINVAL;
    *needed = wide == NULL ? 0 : mailslot_wcslen(wide) + 1;
    if (target != NULL && room > 0)
        target[0] = 0;
    if (wide != NULL && room > 0)
        error = mailslot_wcscpy_s(target, room, wide);
    free(wide);
    return error;
}

MAILSLOT_INLINE WCHAR *mailslot_wgetcwd(WCHAR *target, int room)
{
    char *narrow = getcwd(NULL, 0);
    WCHAR *wide = narrow == NULL ? NULL : mailslot_widen(narrow);
    free(narrow);
    if (target == NULL || wide == NULL)
        return wide;
    if (mailslot_wcscpy_s(target, room < 0 ? 0 : (size_t)room, wide) != 0) {
        errno = ERANGE;
        target = NULL;
    }
    free(wide);
    return target;
}

MAILSLOT_WITH_NARROW_(const char *, wchoose_locale, (int category, const WCHAR *text), NULL,
                      setlocale(category, narrow))

/* Accepts the system's names of locales: those of Windows, such as "korean", give NULL and change nothing. */
MAILSLOT_INLINE WCHAR *mailslot_wsetlocale(int category, const WCHAR *name)
{
    static __thread WCHAR chosen[512];
    const char *narrow = name == NULL ? setlocale(category, NULL) : mailslot_wchoose_locale(category, name);
    return mailslot_store_wide(chosen, 512, narrow) == 0 ? chosen : NULL;
}

MAILSLOT_INLINE size_t mailslot_wcsftime(WCHAR *target, size_t room, const WCHAR *format, const struct tm *fields)
{
    char *narrow = mailslot_narrow(format, mailslot_wcslen(format));
    size_t bytes = room * 4, length = 0;
    char *text = (char *)malloc(bytes + 1);
    if (narrow != NULL && text != NULL && strftime(text, bytes + 1, narrow, fields) > 0 &&
        mailslot_store_wide(target, room, text) == 0)
        length = mailslot_wcslen(target);
    free(text);
    free(narrow);
    return length;
}

MAILSLOT_INLINE WCHAR *mailslot_wasctime(const struct tm *fields)
{
    static __thread WCHAR text[32];
    return mailslot_store_wide(text, 32, asctime(fields)) == 0 ? text : NULL;
}

MAILSLOT_INLINE WCHAR *mailslot_wctime(const time_t *now)
{
    static __thread WCHAR text[32];
    return mailslot_store_wide(text, 32, ctime(now)) == 0 ? text : NULL;
}

MAILSLOT_INLINE errno_t mailslot_wasctime_s(WCHAR *target, size_t room, const struct tm *fields)
{
    return mailslot_store_wide(target, room, fields == NULL ? NULL : asctime(fields));
}

MAILSLOT_INLINE errno_t mailslot_wctime_s(WCHAR *target, size_t room, const time_t *now)
{
    return mailslot_store_wide(target, room, now == NULL ? NULL : ctime(now));
}

MAILSLOT_INLINE WCHAR *mailslot_wstrdate(WCHAR *target)
{
    char text[9];
    mailslot_wcsascii(target, 9, _strdate(text));
    return target;
}

MAILSLOT_INLINE WCHAR *mailslot_wstrtime(WCHAR *target)
{
    char text[9];
    mailslot_wcsascii(target, 9, _strtime(text));
    return target;
}

/* The text of an errno. */
MAILSLOT_INLINE WCHAR *mailslot_wcserror(int error)
{
    static __thread WCHAR text[128];
    mailslot_store_wide(text, 128, strerror(error));
    return text;
}

MAILSLOT_INLINE errno_t mailslot_wcserror_s(WCHAR *target, size_t room, int error)
{
    return mailslot_store_wide(target, room, strerror(error));
}

#endif
