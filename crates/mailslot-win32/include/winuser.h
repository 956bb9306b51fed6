/* wsprintf: text of at most 1024 characters, as on Windows; and what else console programs use. */
#ifndef MAILSLOT_WINUSER_H
#define MAILSLOT_WINUSER_H

#include "mailslot/format.h"

#define MAILSLOT_WSPRINTF_ROOM_ 1025

MAILSLOT_INLINE int wvsprintfA(LPSTR target, LPCSTR format, va_list arguments)
{
    int length = mailslot_vsnprintf(target, MAILSLOT_WSPRINTF_ROOM_, format, arguments);
    return length < MAILSLOT_WSPRINTF_ROOM_ ? length : MAILSLOT_WSPRINTF_ROOM_ - 1;
}

MAILSLOT_INLINE int wvsprintfW(LPWSTR target, LPCWSTR format, va_list arguments)
{
    int length = mailslot_vsnwprintf(target, MAILSLOT_WSPRINTF_ROOM_, format, arguments);
    return length < MAILSLOT_WSPRINTF_ROOM_ ? length : MAILSLOT_WSPRINTF_ROOM_ - 1;
}

MAILSLOT_INLINE int wsprintfA(LPSTR target, LPCSTR format, ...)
{
    va_list arguments;
    int length;
    va_start(arguments, format);
    length = wvsprintfA(target, format, arguments);
    va_end(arguments);
    return length;
}

MAILSLOT_INLINE int wsprintfW(LPWSTR target, LPCWSTR format, ...)
{
    va_list arguments;
    int length;
    va_start(arguments, format);
    length = wvsprintfW(target, format, arguments);
    va_end(arguments);
    return length;
}

#ifdef __cplusplus
extern "C" {
#endif

/* Both code pages are UTF-8: the A functions copy. */
BOOL WINAPI CharToOemA(LPCSTR pSrc, LPSTR pDst);
BOOL WINAPI CharToOemW(LPCWSTR pSrc, LPSTR pDst);
BOOL WINAPI OemToCharA(LPCSTR pSrc, LPSTR pDst);
BOOL WINAPI OemToCharW(LPCSTR pSrc, LPWSTR pDst);

#ifdef __cplusplus
}
#endif

#ifdef UNICODE
#define CharToOem CharToOemW
#define OemToChar OemToCharW
#define AnsiToOem CharToOemA
#define OemToAnsi OemToCharA
#define wsprintf wsprintfW
#define wvsprintf wvsprintfW
#else
#define CharToOem CharToOemA
#define OemToChar OemToCharA
#define AnsiToOem CharToOemA
#define OemToAnsi OemToCharA
#define wsprintf wsprintfA
#define wvsprintf wvsprintfA
#endif

#endif
