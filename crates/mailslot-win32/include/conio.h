/* Single keys, and text for the console, which is standard output.
 *
 * The terminal is changed only while waiting for a key, and is restored if the program ends meanwhile, also by a signal
 * (except SIGKILL). So text that is typed between two waits is shown. Enter is '\r' and Backspace '\b'; other keys
 * without a character, such as arrows, return the bytes that the terminal sends. Ctrl-C ends the program. If standard
 * input is not a terminal, the keys are its bytes, with a newline as Enter; at its end _getch returns EOF, and _kbhit
 * 0.
 */
#ifndef MAILSLOT_CONIO_H
#define MAILSLOT_CONIO_H

#include "mailslot/crt.h"
#include "mailslot/wide_stdio.h"

#ifdef __cplusplus
extern "C" {
#endif

int _getch(void);
/* One key only, as on Windows: EOF if one was put back already. */
int _ungetch(int key);
/* Whether a key is available without waiting, in standard input itself. */
int mailslot_key_waits(void);

MAILSLOT_INLINE int _kbhit(void)
{
#ifdef __GLIBC__
    /* If standard input is not a terminal, stdio may have read ahead. */
    if (stdin->_IO_read_ptr < stdin->_IO_read_end)
        return 1;
#endif
    return mailslot_key_waits();
}

MAILSLOT_INLINE int _putch(int character)
{
    int result = putchar(character);
    fflush(stdout);
    return result;
}

MAILSLOT_INLINE int _getche(void)
{
    int key = _getch();
    return key == EOF ? EOF : _putch(key);
}

MAILSLOT_INLINE int _cputs(const char *text)
{
    int result = fputs(text, stdout);
    fflush(stdout);
    return result < 0 ? EOF : 0;
}

MAILSLOT_INLINE int _cprintf(const char *format, ...)
{
    va_list arguments;
    int length;
    va_start(arguments, format);
    length = vprintf(format, arguments);
    va_end(arguments);
    fflush(stdout);
    return length;
}

/* A character of UTF-8 may come in several keys; those outside the first 65536 are replaced. */
MAILSLOT_INLINE int _getwch(void)
{
    int first = _getch();
    int more = first < 0xC0 ? 0 : first < 0xE0 ? 1 : first < 0xF0 ? 2 : 3;
    int character = more == 0 ? first : first & (0x3F >> more);
    if (first == EOF)
        return MAILSLOT_WEOF;
    for (; more > 0; more--)
        character = character << 6 | (_getch() & 0x3F);
    return character > 0xFFFF ? MAILSLOT_REPLACEMENT_ : character;
}

/* ASCII only, because one key is one byte. */
MAILSLOT_INLINE int _ungetwch(int unit)
{
    return unit < 128 && _ungetch(unit) == unit ? unit : MAILSLOT_WEOF;
}

MAILSLOT_INLINE int _putwch(int unit)
{
    int result = mailslot_fputwc(unit, stdout);
    fflush(stdout);
    return result;
}

MAILSLOT_INLINE int _getwche(void)
{
    int unit = _getwch();
    return unit == MAILSLOT_WEOF ? MAILSLOT_WEOF : _putwch(unit);
}

MAILSLOT_INLINE int _cputws(const WCHAR *text)
{
    int result = mailslot_fputws(text, stdout);
    fflush(stdout);
    return result < 0 ? EOF : 0;
}

MAILSLOT_INLINE int _cwprintf(const WCHAR *format, ...)
{
    va_list arguments;
    int length;
    va_start(arguments, format);
    length = mailslot_vwprintf(format, arguments);
    va_end(arguments);
    fflush(stdout);
    return length;
}

/* The old names. */
#define getch _getch
#define getche _getche
#define kbhit _kbhit
#define putch _putch
#define ungetch _ungetch
#define cputs _cputs
#define cprintf _cprintf

#ifdef __cplusplus
}
#endif

#endif
