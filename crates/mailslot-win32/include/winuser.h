/* wsprintf, for text of at most 1024 characters as on Windows, and other functions that console programs use. */
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

/* Keys in ReadConsoleInput. Those of letters and digits are their characters. */
#define VK_BACK 0x08
#define VK_TAB 0x09
#define VK_RETURN 0x0D
#define VK_SHIFT 0x10
#define VK_CONTROL 0x11
#define VK_MENU 0x12
#define VK_PAUSE 0x13
#define VK_CAPITAL 0x14
#define VK_ESCAPE 0x1B
#define VK_SPACE 0x20
#define VK_PRIOR 0x21
#define VK_NEXT 0x22
#define VK_END 0x23
#define VK_HOME 0x24
#define VK_LEFT 0x25
#define VK_UP 0x26
#define VK_RIGHT 0x27
#define VK_DOWN 0x28
#define VK_INSERT 0x2D
#define VK_DELETE 0x2E
#define VK_NUMPAD0 0x60
#define VK_NUMPAD1 0x61
#define VK_NUMPAD2 0x62
#define VK_NUMPAD3 0x63
#define VK_NUMPAD4 0x64
#define VK_NUMPAD5 0x65
#define VK_NUMPAD6 0x66
#define VK_NUMPAD7 0x67
#define VK_NUMPAD8 0x68
#define VK_NUMPAD9 0x69
#define VK_F1 0x70
#define VK_F2 0x71
#define VK_F3 0x72
#define VK_F4 0x73
#define VK_F5 0x74
#define VK_F6 0x75
#define VK_F7 0x76
#define VK_F8 0x77
#define VK_F9 0x78
#define VK_F10 0x79
#define VK_F11 0x7A
#define VK_F12 0x7B

#ifdef __cplusplus
extern "C" {
#endif

/* Both code pages are UTF-8: the A functions copy. */
BOOL WINAPI CharToOemA(LPCSTR pSrc, LPSTR pDst);
BOOL WINAPI CharToOemW(LPCWSTR pSrc, LPSTR pDst);
BOOL WINAPI OemToCharA(LPCSTR pSrc, LPSTR pDst);
BOOL WINAPI OemToCharW(LPCSTR pSrc, LPWSTR pDst);

/* "caption: text" goes to standard error; the result is the button that Enter would press. */
#define MB_OK 0x0u
#define MB_OKCANCEL 0x1u
#define MB_ABORTRETRYIGNORE 0x2u
#define MB_YESNOCANCEL 0x3u
#define MB_YESNO 0x4u
#define MB_RETRYCANCEL 0x5u
#define MB_CANCELTRYCONTINUE 0x6u
#define MB_ICONHAND 0x10u
#define MB_ICONQUESTION 0x20u
#define MB_ICONEXCLAMATION 0x30u
#define MB_ICONASTERISK 0x40u
#define MB_ICONERROR MB_ICONHAND
#define MB_ICONSTOP MB_ICONHAND
#define MB_ICONWARNING MB_ICONEXCLAMATION
#define MB_ICONINFORMATION MB_ICONASTERISK
#define MB_DEFBUTTON1 0x0u
#define MB_DEFBUTTON2 0x100u
#define MB_DEFBUTTON3 0x200u
#define MB_APPLMODAL 0x0u
#define MB_SYSTEMMODAL 0x1000u
#define MB_TASKMODAL 0x2000u
#define MB_SETFOREGROUND 0x10000u
#define MB_TOPMOST 0x40000u
#define IDOK 1
#define IDCANCEL 2
#define IDABORT 3
#define IDRETRY 4
#define IDIGNORE 5
#define IDYES 6
#define IDNO 7
#define IDTRYAGAIN 10
#define IDCONTINUE 11
int WINAPI MessageBoxA(HWND hWnd, LPCSTR lpText, LPCSTR lpCaption, UINT uType);
int WINAPI MessageBoxW(HWND hWnd, LPCWSTR lpText, LPCWSTR lpCaption, UINT uType);
int WINAPI MessageBoxExA(HWND hWnd, LPCSTR lpText, LPCSTR lpCaption, UINT uType, WORD wLanguageId);
int WINAPI MessageBoxExW(HWND hWnd, LPCWSTR lpText, LPCWSTR lpCaption, UINT uType, WORD wLanguageId);
/* The terminal's bell, if there is a terminal. */
BOOL WINAPI MessageBeep(UINT uType);

#ifdef __cplusplus
}
#endif

#ifdef UNICODE
#define MessageBox MessageBoxW
#define MessageBoxEx MessageBoxExW
#define CharToOem CharToOemW
#define OemToChar OemToCharW
#define AnsiToOem CharToOemA
#define OemToAnsi OemToCharA
#define wsprintf wsprintfW
#define wvsprintf wvsprintfW
#else
#define MessageBox MessageBoxA
#define MessageBoxEx MessageBoxExA
#define CharToOem CharToOemA
#define OemToChar OemToCharA
#define AnsiToOem CharToOemA
#define OemToAnsi OemToCharA
#define wsprintf wsprintfA
#define wvsprintf wvsprintfA
#endif

#endif
