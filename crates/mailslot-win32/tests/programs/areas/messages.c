/* FormatMessage with templates: escape sequences, inserts and their formats, from lists and arrays. */
#include "check.h"

static DWORD_PTR values[8];

/* A template with the values above makes this text, in both kinds of text. */
static void Makes(DWORD flags, const char *template, const char *expected)
{
    char narrow[256];
    WCHAR wide[256], wide_template[256];
    DWORD from = FORMAT_MESSAGE_FROM_STRING | FORMAT_MESSAGE_ARGUMENT_ARRAY | flags;
    CHECK_EQUAL(FormatMessageA(from, template, 0, 0, narrow, 256, (va_list *)(void *)values), strlen(expected));
    CHECK(strcmp(narrow, expected) == 0);
    CHECK(MultiByteToWideChar(CP_UTF8, 0, template, -1, wide_template, 256) > 0);
    CHECK_EQUAL(FormatMessageW(from, wide_template, 0, 0, wide, 256, (va_list *)(void *)values), strlen(expected));
    CHECK(WideCharToMultiByte(CP_UTF8, 0, wide, -1, narrow, 256, NULL, NULL) > 0);
    CHECK(strcmp(narrow, expected) == 0);
}

static void Refuses(const char *template)
{
    char text[64];
    FAILS(FormatMessageA(FORMAT_MESSAGE_FROM_STRING, template, 0, 0, text, 64, NULL), 0, ERROR_INVALID_PARAMETER);
}

static DWORD FromList(DWORD flags, const void *source, DWORD code, char *text, DWORD size, ...)
{
    va_list list;
    DWORD length;
    va_start(list, size);
    length = FormatMessageA(flags, source, code, 0, text, size, &list);
    va_end(list);
    return length;
}

int main(void)
{
    static const WCHAR wide[] = {'w', 'i', 'd', 'e', 0};
    char text[256], *allocated = NULL;
    values[0] = (DWORD_PTR)"one";
    values[1] = (DWORD_PTR)wide;
    values[2] = 42;
    values[3] = (DWORD_PTR)-3LL;
    values[4] = 5;
    values[5] = 7;
    values[6] = values[3];

    Makes(0, "%1!hs! and %2!ls!", "one and wide");
    Makes(0, "%3!d!|%3!05x!|%3!-6d!|%3!+d!|%3!#X!|%3!o!|%3!8.4u!|%3!i!", "42|0002a|42    |+42|0X2A|52|    0042|42");
    Makes(0, "%4!d! %4!u! %4!hd! %3!c! %1!5.2hs!| %1!-5hs!|", "-3 4294967293 -3 *    on| one  |");
    Makes(0, "%5!*d!| %5!*.*d!|", "    7| -0000003|");
    Makes(0, "a%nb%rc%td% e%.f%!g%%h%xi%0j", "a\r\nb\rc\td e.f!g%hxi");
    Makes(0, "a\nb\r\nc\rd", "a\r\nb\r\nc\r\nd");
    Makes(FORMAT_MESSAGE_MAX_WIDTH_MASK, "a\nb%nc", "a b\r\nc");
    Makes(FORMAT_MESSAGE_IGNORE_INSERTS, "%1%n%2!d!%%%0x", "%1\r\n%2!d!%%");
    Makes(0, "%3!f! %3!z!", "f z");
    if (sizeof(void *) == 8)
        Makes(0, "%4!I64d! %3!p!", "-3 000000000000002A");
    Refuses("%");
    Refuses("%1");
    Refuses("%1!d");

    CHECK_EQUAL(FromList(FORMAT_MESSAGE_FROM_STRING, "%2: %1!d!, %3!5d!", 0, text, 256, 7, "two", -1), 13);
    CHECK(strcmp(text, "two: 7,    -1") == 0);
    CHECK(FromList(FORMAT_MESSAGE_FROM_STRING | FORMAT_MESSAGE_ALLOCATE_BUFFER, "%1!.*s!|%3", 0, (char *)&allocated, 0,
                   2, "four", "x") == 4);
    CHECK(strcmp(allocated, "fo|x") == 0 && LocalFree(allocated) == NULL);
    FAILS(FormatMessageA(FORMAT_MESSAGE_FROM_STRING, "abcdef", 0, 0, text, 4, NULL), 0, ERROR_INSUFFICIENT_BUFFER);
    FAILS(FormatMessageA(0, "a", 0, 0, text, 256, NULL), 0, ERROR_INVALID_PARAMETER);
    FAILS(FormatMessageA(FORMAT_MESSAGE_FROM_STRING, NULL, 0, 0, text, 256, NULL), 0, ERROR_INVALID_PARAMETER);
    FAILS(FormatMessageA(FORMAT_MESSAGE_FROM_SYSTEM, NULL, ERROR_MR_MID_NOT_FOUND, 0, text, 256, NULL), 0,
          ERROR_INVALID_PARAMETER);
    CHECK(FormatMessageA(FORMAT_MESSAGE_FROM_SYSTEM | FORMAT_MESSAGE_IGNORE_INSERTS, NULL, ERROR_MR_MID_NOT_FOUND, 0,
                         text, 256, NULL) > 0);
    CHECK(FormatMessageA(FORMAT_MESSAGE_FROM_SYSTEM | FORMAT_MESSAGE_FROM_HMODULE | FORMAT_MESSAGE_MAX_WIDTH_MASK, NULL,
                         5, 0, text, 256, NULL) > 0 && strchr(text, '\r') == NULL);
    return 0;
}
