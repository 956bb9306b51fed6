/* Without -fshort-wchar, L"..." is 32-bit text, of which a W function would see only the first character. Passing it is
 * an error that says what to do: in C by a macro of the function's name, in C++ by an overload. Included by windows.h
 * at its end. */
#ifndef MAILSLOT_REFUSE_WCHAR_H
#define MAILSLOT_REFUSE_WCHAR_H

#define MAILSLOT_WIDE_WCHAR_ \
    "L\"...\" has 32-bit characters here: compile with -fshort-wchar, or write TEXT(\"...\") or u\"...\""

#ifdef __cplusplus

/* Has a type for text of wchar_t, and none for everything else. */
template <typename text> struct mailslot_refused {};
template <> struct mailslot_refused<wchar_t *> {
    typedef void yes;
};
template <> struct mailslot_refused<const wchar_t *> {
    typedef void yes;
};

#define MAILSLOT_REFUSE_(result, name, parameters) \
    template <typename text> \
    typename mailslot_refused<text>::yes name parameters __attribute__((error(MAILSLOT_WIDE_WCHAR_)));

MAILSLOT_REFUSE_(HANDLE, CreateMailslotW, (text, DWORD, DWORD, LPSECURITY_ATTRIBUTES))
MAILSLOT_REFUSE_(HANDLE, CreateFileW, (text, DWORD, DWORD, LPSECURITY_ATTRIBUTES, DWORD, DWORD, HANDLE))
MAILSLOT_REFUSE_(HANDLE, CreateEventW, (LPSECURITY_ATTRIBUTES, BOOL, BOOL, text))
MAILSLOT_REFUSE_(int, lstrlenW, (text))
MAILSLOT_REFUSE_(LPWSTR, lstrcpyW, (LPWSTR, text))
MAILSLOT_REFUSE_(LPWSTR, lstrcatW, (LPWSTR, text))
MAILSLOT_REFUSE_(int, lstrcmpW, (LPCWSTR, text))
MAILSLOT_REFUSE_(int, lstrcmpiW, (LPCWSTR, text))
MAILSLOT_REFUSE_(int, MultiByteToWideChar, (UINT, DWORD, LPCSTR, int, text, int))
MAILSLOT_REFUSE_(int, WideCharToMultiByte, (UINT, DWORD, text, int, LPSTR, int, LPCSTR, BOOL *))
MAILSLOT_REFUSE_(BOOL, WriteConsoleW, (HANDLE, text, DWORD, LPDWORD, LPVOID))
MAILSLOT_REFUSE_(BOOL, ReadConsoleW, (HANDLE, text, DWORD, LPDWORD, LPVOID))
MAILSLOT_REFUSE_(BOOL, SetConsoleTitleW, (text))
MAILSLOT_REFUSE_(int, MessageBoxW, (HWND, text, LPCWSTR, UINT))
MAILSLOT_REFUSE_(void, OutputDebugStringW, (text))
MAILSLOT_REFUSE_(BOOL, SetCurrentDirectoryW, (text))

#else

#define MAILSLOT_CHECK_(text) \
    ((void)sizeof(struct { \
        _Static_assert(_Generic((text), __WCHAR_TYPE__ *: 0, const __WCHAR_TYPE__ *: 0, default: 1), \
                       MAILSLOT_WIDE_WCHAR_); \
        int unused; \
    }))

#define CreateMailslotW(name, ...) (MAILSLOT_CHECK_(name), CreateMailslotW(name, __VA_ARGS__))
#define CreateFileW(name, ...) (MAILSLOT_CHECK_(name), CreateFileW(name, __VA_ARGS__))
#define CreateEventW(attributes, manual, initial, name) \
    (MAILSLOT_CHECK_(name), CreateEventW(attributes, manual, initial, name))
#define CreateProcessW(application, command_line, ...) \
    (MAILSLOT_CHECK_(application), MAILSLOT_CHECK_(command_line), \
     CreateProcessW(application, command_line, __VA_ARGS__))
#define lstrlenW(text) (MAILSLOT_CHECK_(text), lstrlenW(text))
#define lstrcpyW(target, source) (MAILSLOT_CHECK_(target), MAILSLOT_CHECK_(source), lstrcpyW(target, source))
#define lstrcatW(target, source) (MAILSLOT_CHECK_(target), MAILSLOT_CHECK_(source), lstrcatW(target, source))
#define lstrcmpW(one, other) (MAILSLOT_CHECK_(one), MAILSLOT_CHECK_(other), lstrcmpW(one, other))
#define lstrcmpiW(one, other) (MAILSLOT_CHECK_(one), MAILSLOT_CHECK_(other), lstrcmpiW(one, other))
#define wsprintfW(target, ...) (MAILSLOT_CHECK_(target), wsprintfW(target, __VA_ARGS__))
#define MultiByteToWideChar(page, flags, source, size, target, room) \
    (MAILSLOT_CHECK_(target), MultiByteToWideChar(page, flags, source, size, target, room))
#define WideCharToMultiByte(page, flags, source, ...) \
    (MAILSLOT_CHECK_(source), WideCharToMultiByte(page, flags, source, __VA_ARGS__))

#define WriteConsoleW(handle, text, ...) (MAILSLOT_CHECK_(text), WriteConsoleW(handle, text, __VA_ARGS__))
#define ReadConsoleW(handle, target, ...) (MAILSLOT_CHECK_(target), ReadConsoleW(handle, target, __VA_ARGS__))
#define SetConsoleTitleW(title) (MAILSLOT_CHECK_(title), SetConsoleTitleW(title))
#define MessageBoxW(owner, text, caption, kind) \
    (MAILSLOT_CHECK_(text), MAILSLOT_CHECK_(caption), MessageBoxW(owner, text, caption, kind))
#define OutputDebugStringW(text) (MAILSLOT_CHECK_(text), OutputDebugStringW(text))
#define SetCurrentDirectoryW(path) (MAILSLOT_CHECK_(path), SetCurrentDirectoryW(path))
#define GetEnvironmentVariableW(name, ...) (MAILSLOT_CHECK_(name), GetEnvironmentVariableW(name, __VA_ARGS__))
#define SetEnvironmentVariableW(name, value) \
    (MAILSLOT_CHECK_(name), MAILSLOT_CHECK_(value), SetEnvironmentVariableW(name, value))

#endif

#endif
