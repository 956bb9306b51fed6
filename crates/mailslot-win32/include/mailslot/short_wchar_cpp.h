/* With -fshort-wchar, the C++ library is still compiled for 32-bit wchar_t. Uses that would corrupt text are errors. */
#ifndef MAILSLOT_SHORT_WCHAR_CPP_H
#define MAILSLOT_SHORT_WCHAR_CPP_H

#ifdef __cplusplus

/* Headers with wide strings in their declarations; and <string>, before wcslen is redefined: with ours, a wide string
 * would look right but be wrong. */
#include <locale>
#include <string>
#if __cplusplus >= 201703L
#include <filesystem>
#endif

#define MAILSLOT_NO_WIDE_STREAM_ \
    "the C++ library has no 16-bit wide streams: use std::cout with UTF-8 text, or wprintf, which writes UTF-16"
#define MAILSLOT_NO_WIDE_STRING_TEXT_ \
    "the C++ library has no 16-bit std::wstring: use std::u16string, or arrays of WCHAR"

#if (defined(__GNUC__) && __GNUC__ >= 12) || defined(__clang__)
#define MAILSLOT_UNAVAILABLE_(why) __attribute__((unavailable(why)))
#else
#define MAILSLOT_UNAVAILABLE_(why) __attribute__((deprecated(why)))
#endif

namespace std {
typedef basic_string<wchar_t> wstring MAILSLOT_UNAVAILABLE_(MAILSLOT_NO_WIDE_STRING_TEXT_);
extern wistream wcin MAILSLOT_UNAVAILABLE_(MAILSLOT_NO_WIDE_STREAM_);
extern wostream wcout MAILSLOT_UNAVAILABLE_(MAILSLOT_NO_WIDE_STREAM_);
extern wostream wcerr MAILSLOT_UNAVAILABLE_(MAILSLOT_NO_WIDE_STREAM_);
extern wostream wclog MAILSLOT_UNAVAILABLE_(MAILSLOT_NO_WIDE_STREAM_);
}

/* Functions that every wide string of the C++ library calls. */
#define MAILSLOT_NO_WIDE_STRING_ __attribute__((error(MAILSLOT_NO_WIDE_STRING_TEXT_)))
extern "C" {
#undef wcslen
#undef wmemcpy
#undef wmemcmp
#undef wmemmove
#undef wmemset
size_t wcslen(const wchar_t *text) _GLIBCXX_USE_NOEXCEPT MAILSLOT_NO_WIDE_STRING_;
wchar_t *wmemcpy(wchar_t *target, const wchar_t *source, size_t count) _GLIBCXX_USE_NOEXCEPT MAILSLOT_NO_WIDE_STRING_;
int wmemcmp(const wchar_t *one, const wchar_t *other, size_t count) _GLIBCXX_USE_NOEXCEPT MAILSLOT_NO_WIDE_STRING_;
wchar_t *wmemmove(wchar_t *target, const wchar_t *source, size_t count) _GLIBCXX_USE_NOEXCEPT MAILSLOT_NO_WIDE_STRING_;
wchar_t *wmemset(wchar_t *target, wchar_t unit, size_t count) _GLIBCXX_USE_NOEXCEPT MAILSLOT_NO_WIDE_STRING_;
}
#endif

#endif
