/* Text in code pages and in UTF-16.
 *
 * CP_ACP, CP_OEMCP and CP_THREAD_ACP are UTF-8, as CP_UTF8. The others are those of the C library's iconv: 437 and
 * other OEM code pages, 874, 932, 936, 949, 950, 1250 to 1258, 20127, 20866, 21866, 28591 to 28605, 54936. Those that
 * the C library lacks (musl has few of those before 1250) give ERROR_INVALID_PARAMETER. Characters for private use are
 * those of the C library, and 21866, 28597 and 28598 follow newer standards than Windows. */
#ifndef MAILSLOT_WINNLS_H
#define MAILSLOT_WINNLS_H

#include <stdarg.h>

#include "windef.h"

#ifdef __cplusplus
extern "C" {
#endif

#define CP_ACP 0
#define CP_OEMCP 1
#define CP_THREAD_ACP 3
#define CP_UTF8 65001
#define MB_PRECOMPOSED 0x1u
#define MB_COMPOSITE 0x2u
#define MB_USEGLYPHCHARS 0x4u
#define MB_ERR_INVALID_CHARS 0x8u
#define WC_DISCARDNS 0x10u
#define WC_SEPCHARS 0x20u
#define WC_DEFAULTCHAR 0x40u
#define WC_ERR_INVALID_CHARS 0x80u
#define WC_COMPOSITECHECK 0x200u
#define WC_NO_BEST_FIT_CHARS 0x400u
#define MAX_LEADBYTES 12
#define MAX_DEFAULTCHAR 2

typedef struct _cpinfo {
    UINT MaxCharSize;
    BYTE DefaultChar[MAX_DEFAULTCHAR];
    BYTE LeadByte[MAX_LEADBYTES];
} CPINFO, *LPCPINFO;

/* MB_COMPOSITE gives ERROR_INVALID_FLAGS: characters are not decomposed. */
int WINAPI MultiByteToWideChar(UINT CodePage, DWORD dwFlags, LPCSTR lpMultiByteStr, int cbMultiByte,
                               LPWSTR lpWideCharStr, int cchWideChar);
/* A character that the code page lacks is never replaced by a similar one, as if WC_NO_BEST_FIT_CHARS were always
 * given, and base letters and accents are not joined: it becomes the default character, and *lpUsedDefaultChar is set.
 * WC_ERR_INVALID_CHARS is for UTF-8 and 54936; with CP_UTF8 and 54936 the last two parameters must be NULL. */
int WINAPI WideCharToMultiByte(UINT CodePage, DWORD dwFlags, LPCWSTR lpWideCharStr, int cchWideChar,
                               LPSTR lpMultiByteStr, int cbMultiByte, LPCSTR lpDefaultChar,
                               BOOL *lpUsedDefaultChar);
UINT WINAPI GetACP(void);
UINT WINAPI GetOEMCP(void);
BOOL WINAPI IsValidCodePage(UINT CodePage);
BOOL WINAPI GetCPInfo(UINT CodePage, LPCPINFO lpCPInfo);
BOOL WINAPI IsDBCSLeadByte(BYTE TestChar);
BOOL WINAPI IsDBCSLeadByteEx(UINT CodePage, BYTE TestChar);

/* The copies are unbounded: the target must have room. All accept NULL as empty text, as on Windows. Comparison without
 * case ignores that of ASCII letters only. */
int WINAPI lstrlenA(LPCSTR lpString);
int WINAPI lstrlenW(LPCWSTR lpString);
LPSTR WINAPI lstrcpyA(LPSTR lpString1, LPCSTR lpString2);
LPWSTR WINAPI lstrcpyW(LPWSTR lpString1, LPCWSTR lpString2);
LPSTR WINAPI lstrcpynA(LPSTR lpString1, LPCSTR lpString2, int iMaxLength);
LPWSTR WINAPI lstrcpynW(LPWSTR lpString1, LPCWSTR lpString2, int iMaxLength);
LPSTR WINAPI lstrcatA(LPSTR lpString1, LPCSTR lpString2);
LPWSTR WINAPI lstrcatW(LPWSTR lpString1, LPCWSTR lpString2);
int WINAPI lstrcmpA(LPCSTR lpString1, LPCSTR lpString2);
int WINAPI lstrcmpW(LPCWSTR lpString1, LPCWSTR lpString2);
int WINAPI lstrcmpiA(LPCSTR lpString1, LPCSTR lpString2);
int WINAPI lstrcmpiW(LPCWSTR lpString1, LPCWSTR lpString2);

/* The text of an error code, in English, or a template: FORMAT_MESSAGE_FROM_SYSTEM or FORMAT_MESSAGE_FROM_STRING. No
 * module has messages. Codes without a text give ERROR_MR_MID_NOT_FOUND; a template that asks for values where there
 * are none, or ends within "%1!d", ERROR_INVALID_PARAMETER. The only width supported is FORMAT_MESSAGE_MAX_WIDTH_MASK.
 * With FORMAT_MESSAGE_ALLOCATE_BUFFER the text is freed with LocalFree. */
#define FORMAT_MESSAGE_ALLOCATE_BUFFER 0x00000100u
#define FORMAT_MESSAGE_IGNORE_INSERTS 0x00000200u
#define FORMAT_MESSAGE_FROM_STRING 0x00000400u
#define FORMAT_MESSAGE_FROM_HMODULE 0x00000800u
#define FORMAT_MESSAGE_FROM_SYSTEM 0x00001000u
#define FORMAT_MESSAGE_ARGUMENT_ARRAY 0x00002000u
#define FORMAT_MESSAGE_MAX_WIDTH_MASK 0x000000FFu
DWORD WINAPI FormatMessageA(DWORD dwFlags, LPCVOID lpSource, DWORD dwMessageId, DWORD dwLanguageId, LPSTR lpBuffer,
                            DWORD nSize, va_list *Arguments);
DWORD WINAPI FormatMessageW(DWORD dwFlags, LPCVOID lpSource, DWORD dwMessageId, DWORD dwLanguageId, LPWSTR lpBuffer,
                            DWORD nSize, va_list *Arguments);

/* Only C can read a list of arguments; the functions themselves take arrays. */
DWORD mailslot_count_inserts(DWORD dwFlags, LPCVOID lpSource, DWORD dwMessageId, int wide);

#define MAILSLOT_FORMAT_MESSAGE_(name, function, text, wide) \
    static __inline__ __attribute__((unused)) DWORD name(DWORD flags, LPCVOID source, DWORD code, DWORD language, \
                                                         text buffer, DWORD size, va_list *arguments) \
    { \
        DWORD_PTR values[128]; \
        DWORD i, count; \
        if (arguments == NULL || (flags & (FORMAT_MESSAGE_ARGUMENT_ARRAY | FORMAT_MESSAGE_IGNORE_INSERTS)) != 0) \
            return function(flags, source, code, language, buffer, size, arguments); \
        count = mailslot_count_inserts(flags, source, code, wide); \
        for (i = 0; i < count && i < 128; i++) \
            values[i] = va_arg(*arguments, DWORD_PTR); \
        return function(flags | FORMAT_MESSAGE_ARGUMENT_ARRAY, source, code, language, buffer, size, \
                        (va_list *)(void *)values); \
    }
MAILSLOT_FORMAT_MESSAGE_(mailslot_format_message_a, FormatMessageA, LPSTR, 0)
MAILSLOT_FORMAT_MESSAGE_(mailslot_format_message_w, FormatMessageW, LPWSTR, 1)
#define FormatMessageA mailslot_format_message_a
#define FormatMessageW mailslot_format_message_w

#ifdef UNICODE
#define lstrlen lstrlenW
#define lstrcpy lstrcpyW
#define lstrcpyn lstrcpynW
#define lstrcat lstrcatW
#define lstrcmp lstrcmpW
#define lstrcmpi lstrcmpiW
#define FormatMessage FormatMessageW
#else
#define lstrlen lstrlenA
#define lstrcpy lstrcpyA
#define lstrcpyn lstrcpynA
#define lstrcat lstrcatA
#define lstrcmp lstrcmpA
#define lstrcmpi lstrcmpiA
#define FormatMessage FormatMessageA
#endif

#ifdef __cplusplus
}
#endif

#endif
