/* Text: lstr, wsprintf, strsafe.h, tchar.h, conversions, FormatMessage; memory. */
#include "check.h"
#include <strsafe.h>
#include <tchar.h>

static void Formats(const char *expected, const char *format, ...)
{
    char narrow[256];
    WCHAR wide[256], wideFormat[256];
    va_list arguments;
    va_start(arguments, format);
    CHECK_EQUAL(wvsprintfA(narrow, format, arguments), strlen(expected));
    va_end(arguments);
    CHECK(strcmp(narrow, expected) == 0);
    CHECK(MultiByteToWideChar(CP_UTF8, 0, format, -1, wideFormat, 256) > 0);
    va_start(arguments, format);
    CHECK_EQUAL(wvsprintfW(wide, wideFormat, arguments), strlen(expected));
    va_end(arguments);
    CHECK(WideCharToMultiByte(CP_UTF8, 0, wide, -1, narrow, 256, NULL, NULL) > 0);
    CHECK(strcmp(narrow, expected) == 0);
}

int main(void)
{
    static const WCHAR abc[] = {'a', 'b', 'c', 0}, accented[] = {0xE9, 0xD83D, 0xDE00, 0}, broken[] = {0xD83D, 0};
    char narrow[32];
    WCHAR wide[32], *wideText;
    char *text;
    size_t length;
    void *memory;

    CHECK(lstrlenA("abc") == 3 && lstrlenA(NULL) == 0 && lstrlenW(abc) == 3 && lstrlenW(NULL) == 0);
    CHECK(strcmp(lstrcpyA(narrow, "one"), "one") == 0 && strcmp(lstrcatA(narrow, "two"), "onetwo") == 0);
    CHECK(strcmp(lstrcpynA(narrow, "abcdef", 4), "abc") == 0);
    CHECK(lstrcmpW(lstrcatW(lstrcpyW(wide, abc), abc), abc) > 0 && lstrlenW(wide) == 6);
    CHECK(lstrlenW(lstrcpynW(wide, abc, 2)) == 1);
    CHECK(lstrcmpA("a", "b") < 0 && lstrcmpiA("ABC", "abc") == 0 && lstrcmpiW(abc, abc) == 0);

    CHECK_EQUAL(WideCharToMultiByte(CP_ACP, 0, accented, -1, narrow, 32, NULL, NULL), 7);
    CHECK(strcmp(narrow, "\xC3\xA9\xF0\x9F\x98\x80") == 0);
    CHECK_EQUAL(MultiByteToWideChar(CP_UTF8, 0, narrow, -1, NULL, 0), 4);
    FAILS(MultiByteToWideChar(CP_UTF8, 0, narrow, -1, wide, 3), 0, ERROR_INSUFFICIENT_BUFFER);
    CHECK(MultiByteToWideChar(CP_UTF8, 0, narrow, -1, wide, 4) == 4 && lstrcmpW(wide, accented) == 0);
    FAILS(MultiByteToWideChar(CP_UTF8, MB_ERR_INVALID_CHARS, "\xFF", -1, wide, 32), 0, ERROR_NO_UNICODE_TRANSLATION);
    FAILS(WideCharToMultiByte(CP_UTF8, WC_ERR_INVALID_CHARS, broken, -1, narrow, 32, NULL, NULL), 0,
          ERROR_NO_UNICODE_TRANSLATION);
    FAILS(MultiByteToWideChar(864, 0, "a", -1, wide, 32), 0, ERROR_INVALID_PARAMETER);

    Formats("7 -3 007 ff FF %", "%d %i %03u %x %X %%", 7, -3, 7, 255, 255);
    Formats("4294967295 -1", "%lu %ld", 0xFFFFFFFFu, -1);
    Formats("1099511627776 18446744073709551615", "%I64d %I64u", 1099511627776LL, ~0ULL);
    Formats("x     |    y| z", "%-6c|%5c|%2c", 'x', 'y', 'z');
    Formats("abc  |   abc| ab|", "%-5hs|%6hs|%3.2hs|", "abc", "abc", "abc");
    Formats("abc|ab|", "%ls|%.*ls|", abc, 2, abc);
    Formats("1.50 (null)", "%.2f %hs", 1.5, (char *)NULL);

    CHECK_EQUAL(StringCchCopyA(narrow, 4, "abcdef"), STRSAFE_E_INSUFFICIENT_BUFFER);
    CHECK(strcmp(narrow, "abc") == 0);
    CHECK(StringCchCatA(narrow, 32, "def") == S_OK && strcmp(narrow, "abcdef") == 0);
    CHECK(StringCchPrintfA(narrow, 32, "%d-%s", 5, "x") == S_OK && strcmp(narrow, "5-x") == 0);
    CHECK(StringCchLengthA(narrow, 32, &length) == S_OK && length == 3);
    CHECK(FAILED(StringCchLengthA(narrow, 3, &length)));
    CHECK(StringCchPrintfW(wide, 3, abc) == STRSAFE_E_INSUFFICIENT_BUFFER && lstrlenW(wide) == 2);
    CHECK(strcpy_s(narrow, 3, "abc") == ERANGE && narrow[0] == '\0');
    CHECK(strcpy_s(narrow, 32, "abc") == 0 && strcat_s(narrow, 32, "d") == 0 && strcmp(narrow, "abcd") == 0);
    CHECK(strncpy_s(narrow, 3, "abcd", _TRUNCATE) == STRUNCATE && strcmp(narrow, "ab") == 0);
    CHECK(sprintf_s(narrow, 32, "%d", 12) == 2 && _stricmp("AB", "ab") == 0);

    CHECK_EQUAL(FormatMessageA(FORMAT_MESSAGE_FROM_SYSTEM | FORMAT_MESSAGE_ALLOCATE_BUFFER, NULL, 5, 0,
                               (LPSTR)(void *)&text, 0, NULL), 19);
    CHECK(strcmp(text, "Access is denied.\r\n") == 0);
    LocalFree(text);
    CHECK_EQUAL(FormatMessageW(FORMAT_MESSAGE_FROM_SYSTEM | FORMAT_MESSAGE_ALLOCATE_BUFFER, NULL, 121, 0,
                               (LPWSTR)(void *)&wideText, 0, NULL), 43);
    CHECK(lstrlenW(wideText) == 43);
    LocalFree(wideText);
    FAILS(FormatMessageA(FORMAT_MESSAGE_FROM_SYSTEM, NULL, 99999, 0, narrow, 32, NULL), 0, ERROR_MR_MID_NOT_FOUND);
    FAILS(FormatMessageA(FORMAT_MESSAGE_FROM_SYSTEM, NULL, 5, 0, narrow, 3, NULL), 0, ERROR_INSUFFICIENT_BUFFER);

    memory = GlobalAlloc(GPTR, 100);
    CHECK(memory != NULL && ((char *)memory)[99] == 0 && GlobalLock(memory) == memory);
    GlobalUnlock(memory);
    CHECK(GlobalFree(memory) == NULL);
    memory = HeapAlloc(GetProcessHeap(), HEAP_ZERO_MEMORY, 0);
    CHECK(memory != NULL && HeapFree(GetProcessHeap(), 0, memory));
    CHECK(LocalFree(LocalAlloc(LMEM_FIXED, 10)) == NULL);
    return 0;
}
