/* The console, which is the terminal. Other handles give ERROR_INVALID_HANDLE, as a file or pipe does on Windows.
 *
 * The program's colours, title and input mode end with it, whatever ends it except SIGKILL.
 *
 * Code pages: terminals use UTF-8, and both code pages are UTF-8 until this process sets them, for itself alone.
 * WriteFile and WriteConsoleA write text in the output code page to a terminal, each call converted separately;
 * ReadFile and ReadConsoleA read text in the input code page. printf and similar functions pass bytes to the terminal
 * unchanged: a source compiled with -finput-charset prints UTF-8, which is readable. Such a source should not set code
 * pages, unless -fexec-charset gives its texts the same one. */
#ifndef MAILSLOT_WINCON_H
#define MAILSLOT_WINCON_H

#include "windef.h"

#ifdef __cplusplus
extern "C" {
#endif

#define ENABLE_PROCESSED_INPUT 0x0001
#define ENABLE_LINE_INPUT 0x0002
#define ENABLE_ECHO_INPUT 0x0004
#define ENABLE_WINDOW_INPUT 0x0008
#define ENABLE_MOUSE_INPUT 0x0010
#define ENABLE_INSERT_MODE 0x0020
#define ENABLE_QUICK_EDIT_MODE 0x0040
#define ENABLE_EXTENDED_FLAGS 0x0080
#define ENABLE_VIRTUAL_TERMINAL_INPUT 0x0200
#define ENABLE_PROCESSED_OUTPUT 0x0001
#define ENABLE_WRAP_AT_EOL_OUTPUT 0x0002
#define ENABLE_VIRTUAL_TERMINAL_PROCESSING 0x0004

#define FOREGROUND_BLUE 0x0001
#define FOREGROUND_GREEN 0x0002
#define FOREGROUND_RED 0x0004
#define FOREGROUND_INTENSITY 0x0008
#define BACKGROUND_BLUE 0x0010
#define BACKGROUND_GREEN 0x0020
#define BACKGROUND_RED 0x0040
#define BACKGROUND_INTENSITY 0x0080
#define COMMON_LVB_REVERSE_VIDEO 0x4000
#define COMMON_LVB_UNDERSCORE 0x8000

#define RIGHT_ALT_PRESSED 0x0001u
#define LEFT_ALT_PRESSED 0x0002u
#define RIGHT_CTRL_PRESSED 0x0004u
#define LEFT_CTRL_PRESSED 0x0008u
#define SHIFT_PRESSED 0x0010u
#define NUMLOCK_ON 0x0020u
#define SCROLLLOCK_ON 0x0040u
#define CAPSLOCK_ON 0x0080u
#define ENHANCED_KEY 0x0100u

#define KEY_EVENT 0x0001
#define MOUSE_EVENT 0x0002
#define WINDOW_BUFFER_SIZE_EVENT 0x0004
#define MENU_EVENT 0x0008
#define FOCUS_EVENT 0x0010

#define CTRL_C_EVENT 0
#define CTRL_BREAK_EVENT 1
#define CTRL_CLOSE_EVENT 2
#define CTRL_LOGOFF_EVENT 5
#define CTRL_SHUTDOWN_EVENT 6

typedef struct _COORD {
    SHORT X;
    SHORT Y;
} COORD, *PCOORD;

typedef struct _KEY_EVENT_RECORD {
    BOOL bKeyDown;
    WORD wRepeatCount;
    WORD wVirtualKeyCode;
    WORD wVirtualScanCode;
    union {
        WCHAR UnicodeChar;
        CHAR AsciiChar;
    } uChar;
    DWORD dwControlKeyState;
} KEY_EVENT_RECORD, *PKEY_EVENT_RECORD;

typedef struct _MOUSE_EVENT_RECORD {
    COORD dwMousePosition;
    DWORD dwButtonState;
    DWORD dwControlKeyState;
    DWORD dwEventFlags;
} MOUSE_EVENT_RECORD, *PMOUSE_EVENT_RECORD;

typedef struct _WINDOW_BUFFER_SIZE_RECORD {
    COORD dwSize;
} WINDOW_BUFFER_SIZE_RECORD, *PWINDOW_BUFFER_SIZE_RECORD;

typedef struct _INPUT_RECORD {
    WORD EventType;
    union {
        KEY_EVENT_RECORD KeyEvent;
        MOUSE_EVENT_RECORD MouseEvent;
        WINDOW_BUFFER_SIZE_RECORD WindowBufferSizeEvent;
    } Event;
} INPUT_RECORD, *PINPUT_RECORD;

typedef struct _SMALL_RECT {
    SHORT Left;
    SHORT Top;
    SHORT Right;
    SHORT Bottom;
} SMALL_RECT, *PSMALL_RECT;

typedef struct _CONSOLE_SCREEN_BUFFER_INFO {
    COORD dwSize;
    COORD dwCursorPosition;
    WORD wAttributes;
    SMALL_RECT srWindow;
    COORD dwMaximumWindowSize;
} CONSOLE_SCREEN_BUFFER_INFO, *PCONSOLE_SCREEN_BUFFER_INFO;

typedef BOOL(WINAPI *PHANDLER_ROUTINE)(DWORD dwCtrlType);

/* Text from and to a terminal. Lines that are read end with "\r\n", as on Windows. */
BOOL WINAPI ReadConsoleA(HANDLE hConsoleInput, LPVOID lpBuffer, DWORD nNumberOfCharsToRead, LPDWORD lpNumberOfCharsRead,
                         LPVOID pInputControl);
BOOL WINAPI ReadConsoleW(HANDLE hConsoleInput, LPVOID lpBuffer, DWORD nNumberOfCharsToRead, LPDWORD lpNumberOfCharsRead,
                         LPVOID pInputControl);
BOOL WINAPI WriteConsoleA(HANDLE hConsoleOutput, const VOID *lpBuffer, DWORD nNumberOfCharsToWrite,
                          LPDWORD lpNumberOfCharsWritten, LPVOID lpReserved);
BOOL WINAPI WriteConsoleW(HANDLE hConsoleOutput, const VOID *lpBuffer, DWORD nNumberOfCharsToWrite,
                          LPDWORD lpNumberOfCharsWritten, LPVOID lpReserved);
BOOL WINAPI FlushConsoleInputBuffer(HANDLE hConsoleInput);

/* For input, the first three flags are supported, and the others have no effect. Without line mode, Enter is "\r", and
 * a key is read at once. For output, the three flags are always in effect, and clearing them does nothing. Flags that
 * are not defined here give ERROR_INVALID_PARAMETER, as does echo without line mode. */
BOOL WINAPI GetConsoleMode(HANDLE hConsoleHandle, LPDWORD lpMode);
BOOL WINAPI SetConsoleMode(HANDLE hConsoleHandle, DWORD dwMode);

/* A code page that the C library lacks gives ERROR_INVALID_PARAMETER. */
UINT WINAPI GetConsoleCP(void);
BOOL WINAPI SetConsoleCP(UINT wCodePageID);
UINT WINAPI GetConsoleOutputCP(void);
BOOL WINAPI SetConsoleOutputCP(UINT wCodePageID);

/* Key events only, with a press and a release for each key, because a terminal reports no more. Letters, digits, Enter,
 * Escape, Tab, the arrows and the keys above them, and F1 to F12 have virtual keys (winuser.h), which are 0 for keys
 * that depend on the keyboard; scan codes are 0. The A functions return a question mark for a character that is not one
 * byte in the console's code page. Ctrl-C ends the program, or calls its handler. */
BOOL WINAPI ReadConsoleInputA(HANDLE hConsoleInput, PINPUT_RECORD lpBuffer, DWORD nLength,
                              LPDWORD lpNumberOfEventsRead);
BOOL WINAPI ReadConsoleInputW(HANDLE hConsoleInput, PINPUT_RECORD lpBuffer, DWORD nLength,
                              LPDWORD lpNumberOfEventsRead);
BOOL WINAPI PeekConsoleInputA(HANDLE hConsoleInput, PINPUT_RECORD lpBuffer, DWORD nLength,
                              LPDWORD lpNumberOfEventsRead);
BOOL WINAPI PeekConsoleInputW(HANDLE hConsoleInput, PINPUT_RECORD lpBuffer, DWORD nLength,
                              LPDWORD lpNumberOfEventsRead);
BOOL WINAPI GetNumberOfConsoleInputEvents(HANDLE hConsoleInput, LPDWORD lpcNumberOfEvents);

/* 7 (grey on black) selects the terminal's default colours. */
BOOL WINAPI SetConsoleTextAttribute(HANDLE hConsoleOutput, WORD wAttributes);
/* The screen is the window, without lines that have scrolled away. The terminal is asked for its cursor; if it does not
 * answer, or standard input is not a terminal or has unread input, the call fails with ERROR_NOT_SUPPORTED. */
BOOL WINAPI GetConsoleScreenBufferInfo(HANDLE hConsoleOutput, PCONSOLE_SCREEN_BUFFER_INFO lpConsoleScreenBufferInfo);
BOOL WINAPI SetConsoleCursorPosition(HANDLE hConsoleOutput, COORD dwCursorPosition);
/* The cells get the colours of text. */
BOOL WINAPI FillConsoleOutputCharacterA(HANDLE hConsoleOutput, CHAR cCharacter, DWORD nLength, COORD dwWriteCoord,
                                        LPDWORD lpNumberOfCharsWritten);
BOOL WINAPI FillConsoleOutputCharacterW(HANDLE hConsoleOutput, WCHAR cCharacter, DWORD nLength, COORD dwWriteCoord,
                                        LPDWORD lpNumberOfCharsWritten);
/* Only for cells that FillConsoleOutputCharacter has just filled with blanks, as programs do to clear the screen;
 * others give ERROR_NOT_SUPPORTED, because a terminal does not report their contents. */
BOOL WINAPI FillConsoleOutputAttribute(HANDLE hConsoleOutput, WORD wAttribute, DWORD nLength, COORD dwWriteCoord,
                                       LPDWORD lpNumberOfAttrsWritten);
/* The title is shown if standard output or error is a terminal. GetConsoleTitle returns the title that this program has
 * set. */
BOOL WINAPI SetConsoleTitleA(LPCSTR lpConsoleTitle);
BOOL WINAPI SetConsoleTitleW(LPCWSTR lpConsoleTitle);
DWORD WINAPI GetConsoleTitleA(LPSTR lpConsoleTitle, DWORD nSize);
DWORD WINAPI GetConsoleTitleW(LPWSTR lpConsoleTitle, DWORD nSize);

/* SIGINT is CTRL_C_EVENT, SIGQUIT CTRL_BREAK_EVENT, SIGHUP and SIGTERM CTRL_CLOSE_EVENT, unless the program has another
 * handler for the signal, or ignores it. Handlers run in separate threads; a read that waits continues meanwhile. An
 * event that no handler handles ends the program as the signal would, and CTRL_CLOSE_EVENT ends it in any case. NULL
 * and TRUE ignores SIGINT, also in programs started afterwards. A forked child has no handlers. */
BOOL WINAPI SetConsoleCtrlHandler(PHANDLER_ROUTINE HandlerRoutine, BOOL Add);
/* Group 0 is the process group of this process; others give ERROR_NOT_SUPPORTED. */
BOOL WINAPI GenerateConsoleCtrlEvent(DWORD dwCtrlEvent, DWORD dwProcessGroupId);

/* A program has the terminal on which it was started, or none, and no window. AllocConsole fails with
 * ERROR_ACCESS_DENIED or ERROR_NOT_SUPPORTED, FreeConsole with the latter. */
BOOL WINAPI AllocConsole(void);
BOOL WINAPI FreeConsole(void);
HWND WINAPI GetConsoleWindow(void);

/* The terminal's bell, if there is a terminal; returns after the time that the tone would last. */
BOOL WINAPI Beep(DWORD dwFreq, DWORD dwDuration);

#ifdef UNICODE
#define ReadConsoleInput ReadConsoleInputW
#define PeekConsoleInput PeekConsoleInputW
#define ReadConsole ReadConsoleW
#define WriteConsole WriteConsoleW
#define FillConsoleOutputCharacter FillConsoleOutputCharacterW
#define SetConsoleTitle SetConsoleTitleW
#define GetConsoleTitle GetConsoleTitleW
#else
#define ReadConsoleInput ReadConsoleInputA
#define PeekConsoleInput PeekConsoleInputA
#define ReadConsole ReadConsoleA
#define WriteConsole WriteConsoleA
#define FillConsoleOutputCharacter FillConsoleOutputCharacterA
#define SetConsoleTitle SetConsoleTitleA
#define GetConsoleTitle GetConsoleTitleA
#endif

#ifdef __cplusplus
}
#endif

#endif
