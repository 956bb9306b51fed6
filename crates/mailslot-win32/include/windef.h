/* Types. DWORD and LONG have 32 bits as on Windows: print a DWORD with %u, or with %lu after a cast to unsigned
 * long. */
#ifndef MAILSLOT_WINDEF_H
#define MAILSLOT_WINDEF_H

/* Either of the two is enough. */
#if defined(_UNICODE) && !defined(UNICODE)
#define UNICODE
#endif
#if defined(UNICODE) && !defined(_UNICODE)
#define _UNICODE
#endif

#include <limits.h>
#include <stddef.h>
#include <stdint.h>

#include "mailslot/declspec.h"
#include "sal.h"

#define WINAPI
#define APIENTRY WINAPI
#define CALLBACK
/* As on Windows, a call goes directly through the table of addresses, without a stub. */
#if defined(__x86_64__) && __GNUC__ >= 6 && !defined(__clang__)
#define DECLSPEC_IMPORT __attribute__((__noplt__))
#else
#define DECLSPEC_IMPORT
#endif
#define WINBASEAPI DECLSPEC_IMPORT
#define __cdecl
#define _cdecl
#define __stdcall
#define _stdcall
#define __fastcall
#define __forceinline static __inline__ __attribute__((always_inline, unused))
#define __int8 char
#define __int16 short
#define __int32 int
#define __int64 long long
#define CONST const
#define FAR
#define NEAR
#define IN
#define OUT
#define OPTIONAL

typedef int BOOL, *PBOOL, *LPBOOL;
typedef unsigned char BYTE, *PBYTE, *LPBYTE, UCHAR, *PUCHAR, BOOLEAN, *PBOOLEAN;
typedef unsigned short WORD, *PWORD, *LPWORD, USHORT, *PUSHORT;
typedef unsigned int DWORD, *PDWORD, *LPDWORD, UINT, *PUINT, ULONG, *PULONG, DWORD32, UINT32;
typedef short SHORT, *PSHORT;
typedef int INT, *PINT, *LPINT, LONG, *PLONG, *LPLONG, INT32, LONG32;
typedef float FLOAT;
typedef char CHAR, *PCHAR, CCHAR;
typedef int64_t LONGLONG, LONG64, INT64, *PLONGLONG;
typedef uint64_t ULONGLONG, DWORDLONG, DWORD64, ULONG64, UINT64, *PULONGLONG;
typedef intptr_t INT_PTR, LONG_PTR, SSIZE_T;
typedef uintptr_t UINT_PTR, ULONG_PTR, *PULONG_PTR, DWORD_PTR;
typedef size_t SIZE_T, *PSIZE_T;
#define VOID void
typedef void *PVOID, *LPVOID;
typedef const void *LPCVOID, *PCVOID;

typedef void *HANDLE;
typedef HANDLE *PHANDLE, *LPHANDLE;
typedef HANDLE HGLOBAL, HLOCAL, HMODULE, HINSTANCE, HWND, GLOBALHANDLE, LOCALHANDLE;
typedef DWORD LCID, LANGID, COLORREF;
typedef LONG HRESULT;

/* A unit of UTF-16. */
#if defined(__SIZEOF_WCHAR_T__) && __SIZEOF_WCHAR_T__ == 2
typedef wchar_t WCHAR;
#define MAILSLOT_WIDE_LITERAL_(text) L##text
#elif defined(__cplusplus) && __cplusplus >= 201103L
typedef char16_t WCHAR;
#define MAILSLOT_WIDE_LITERAL_(text) u##text
#else
typedef unsigned short WCHAR;
#define MAILSLOT_WIDE_LITERAL_(text) u##text
#endif
typedef WCHAR *PWCHAR, *LPWCH, *PWCH, *LPWSTR, *PWSTR, *NWPSTR;
typedef const WCHAR *LPCWSTR, *PCWSTR, *LPCWCH, *PCWCH;
typedef CHAR *LPSTR, *PSTR, *LPCH, *PCH, *NPSTR;
typedef const CHAR *LPCSTR, *PCSTR, *LPCCH, *PCCH;

#ifdef UNICODE
typedef WCHAR TCHAR, *PTCHAR, TBYTE, *PTBYTE;
typedef LPWSTR LPTSTR, PTSTR;
typedef LPCWSTR LPCTSTR, PCTSTR;
#define MAILSLOT_TEXT_(text) MAILSLOT_WIDE_LITERAL_(text)
#else
typedef char TCHAR, *PTCHAR;
typedef unsigned char TBYTE, *PTBYTE;
typedef LPSTR LPTSTR, PTSTR;
typedef LPCSTR LPCTSTR, PCTSTR;
#define MAILSLOT_TEXT_(text) text
#endif
#define TEXT(text) MAILSLOT_TEXT_(text)
#define __TEXT(text) MAILSLOT_TEXT_(text)

#define FALSE 0
#define TRUE 1
#ifndef NULL
#define NULL 0
#endif
#define MAX_PATH 260

#define MAKEWORD(low, high) ((WORD)((BYTE)(low) | (WORD)(BYTE)(high) << 8))
#define MAKELONG(low, high) ((LONG)((WORD)(low) | (DWORD)(WORD)(high) << 16))
#define LOWORD(value) ((WORD)((DWORD_PTR)(value) & 0xFFFF))
#define HIWORD(value) ((WORD)((DWORD_PTR)(value) >> 16 & 0xFFFF))
#define LOBYTE(value) ((BYTE)((DWORD_PTR)(value) & 0xFF))
#define HIBYTE(value) ((BYTE)((DWORD_PTR)(value) >> 8 & 0xFF))
#define UNREFERENCED_PARAMETER(parameter) ((void)(parameter))
#define DBG_UNREFERENCED_PARAMETER(parameter) ((void)(parameter))

#if !defined(__cplusplus) && !defined(NOMINMAX)
#ifndef max
#define max(a, b) (((a) > (b)) ? (a) : (b))
#endif
#ifndef min
#define min(a, b) (((a) < (b)) ? (a) : (b))
#endif
#endif

typedef struct _FILETIME {
    DWORD dwLowDateTime;
    DWORD dwHighDateTime;
} FILETIME, *PFILETIME, *LPFILETIME;

typedef struct _SYSTEMTIME {
    WORD wYear;
    WORD wMonth;
    WORD wDayOfWeek;
    WORD wDay;
    WORD wHour;
    WORD wMinute;
    WORD wSecond;
    WORD wMilliseconds;
} SYSTEMTIME, *PSYSTEMTIME, *LPSYSTEMTIME;

typedef union _LARGE_INTEGER {
    __extension__ struct {
        DWORD LowPart;
        LONG HighPart;
    };
    struct {
        DWORD LowPart;
        LONG HighPart;
    } u;
    LONGLONG QuadPart;
} LARGE_INTEGER, *PLARGE_INTEGER;

#endif
