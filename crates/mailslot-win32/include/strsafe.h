/* The common functions of strsafe.h. Text that does not fit is cut, and the result is STRSAFE_E_INSUFFICIENT_BUFFER. */
#ifndef MAILSLOT_STRSAFE_H
#define MAILSLOT_STRSAFE_H

#include "windef.h"
#include "winerror.h"
#include "mailslot/crt.h"

#define STRSAFE_MAX_CCH 2147483647
#define STRSAFE_E_INSUFFICIENT_BUFFER ((HRESULT)0x8007007A)
#define STRSAFE_E_INVALID_PARAMETER ((HRESULT)0x80070057)
#define STRSAFE_E_END_OF_FILE ((HRESULT)0x80070026)

typedef char *STRSAFE_LPSTR;
typedef const char *STRSAFE_LPCSTR;
typedef WCHAR *STRSAFE_LPWSTR;
typedef const WCHAR *STRSAFE_LPCWSTR;

/* Defines the functions for one kind of text. */
#define MAILSLOT_STRSAFE_(suffix, unit, vformat) \
    MAILSLOT_INLINE HRESULT StringCchLength##suffix(const unit *text, size_t room, size_t *length) \
    { \
        size_t found = 0; \
        if (length != NULL) \
            *length = 0; \
        if (text == NULL || room > STRSAFE_MAX_CCH) \
            return STRSAFE_E_INVALID_PARAMETER; \
        while (found < room && text[found] != 0) \
            found++; \
        if (found == room) \
            return STRSAFE_E_INVALID_PARAMETER; \
        if (length != NULL) \
            *length = found; \
        return S_OK; \
    } \
    MAILSLOT_INLINE HRESULT StringCchCopyN##suffix(unit *target, size_t room, const unit *source, size_t most) \
    { \
        size_t i; \
        if (room == 0 || room > STRSAFE_MAX_CCH) \
            return STRSAFE_E_INVALID_PARAMETER; \
        for (i = 0; i < most && source[i] != 0; i++) { \
            if (i == room - 1) { \
                target[i] = 0; \
                return STRSAFE_E_INSUFFICIENT_BUFFER; \
            } \
            target[i] = source[i]; \
        } \
        target[i] = 0; \
        return S_OK; \
    } \
    MAILSLOT_INLINE HRESULT StringCchCopy##suffix(unit *target, size_t room, const unit *source) \
    { \
        return StringCchCopyN##suffix(target, room, source, STRSAFE_MAX_CCH); \
    } \
    MAILSLOT_INLINE HRESULT StringCchCat##suffix(unit *target, size_t room, const unit *source) \
    { \
        size_t length; \
        HRESULT result = StringCchLength##suffix(target, room, &length); \
        return FAILED(result) ? result : StringCchCopy##suffix(target + length, room - length, source); \
    } \
    MAILSLOT_INLINE HRESULT StringCchVPrintf##suffix(unit *target, size_t room, const unit *format, va_list arguments) \
    { \
        int length; \
        if (room == 0 || room > STRSAFE_MAX_CCH) \
            return STRSAFE_E_INVALID_PARAMETER; \
        length = vformat(target, room, format, arguments); \
        return length >= 0 && (size_t)length < room ? S_OK : STRSAFE_E_INSUFFICIENT_BUFFER; \
    } \
    MAILSLOT_INLINE HRESULT StringCchPrintf##suffix(unit *target, size_t room, const unit *format, ...) \
    { \
        HRESULT result; \
        va_list arguments; \
        va_start(arguments, format); \
        result = StringCchVPrintf##suffix(target, room, format, arguments); \
        va_end(arguments); \
        return result; \
    } \
    MAILSLOT_INLINE HRESULT StringCbCopy##suffix(unit *target, size_t bytes, const unit *source) \
    { \
        return StringCchCopy##suffix(target, bytes / sizeof(unit), source); \
    } \
    MAILSLOT_INLINE HRESULT StringCbCat##suffix(unit *target, size_t bytes, const unit *source) \
    { \
        return StringCchCat##suffix(target, bytes / sizeof(unit), source); \
    } \
    MAILSLOT_INLINE HRESULT StringCbLength##suffix(const unit *text, size_t bytes, size_t *length) \
    { \
        HRESULT result = StringCchLength##suffix(text, bytes / sizeof(unit), length); \
        if (length != NULL) \
            *length *= sizeof(unit); \
        return result; \
    } \
    MAILSLOT_INLINE HRESULT StringCbPrintf##suffix(unit *target, size_t bytes, const unit *format, ...) \
    { \
        HRESULT result; \
        va_list arguments; \
        va_start(arguments, format); \
        result = StringCchVPrintf##suffix(target, bytes / sizeof(unit), format, arguments); \
        va_end(arguments); \
        return result; \
    }

MAILSLOT_STRSAFE_(A, char, mailslot_vsnprintf)
MAILSLOT_STRSAFE_(W, WCHAR, mailslot_vsnwprintf)

#ifdef UNICODE
#define StringCchLength StringCchLengthW
#define StringCchCopyN StringCchCopyNW
#define StringCchCopy StringCchCopyW
#define StringCchCat StringCchCatW
#define StringCchPrintf StringCchPrintfW
#define StringCchVPrintf StringCchVPrintfW
#define StringCbLength StringCbLengthW
#define StringCbCopy StringCbCopyW
#define StringCbCat StringCbCatW
#define StringCbPrintf StringCbPrintfW
#else
#define StringCchLength StringCchLengthA
#define StringCchCopyN StringCchCopyNA
#define StringCchCopy StringCchCopyA
#define StringCchCat StringCchCatA
#define StringCchPrintf StringCchPrintfA
#define StringCchVPrintf StringCchVPrintfA
#define StringCbLength StringCbLengthA
#define StringCbCopy StringCbCopyA
#define StringCbCat StringCbCatA
#define StringCbPrintf StringCbPrintfA
#endif

#endif
