/* Code pages: every byte, pair of bytes and character of each, both ways, and the same tables as Windows. */
#include "check.h"

/* A checksum of all characters of a page in the order of their bytes, except those for private use. From Wine 10; 0
 * where the C library follows another standard. */
static const struct {
    UINT page;
    DWORD sum;
} pages[] = {
    {437, 0xAFFD5CAD},
    {737, 0x9C1453EC},
    {775, 0xFC31E415},
    {850, 0x8E1C008D},
    {852, 0x09A67646},
    {855, 0x17388636},
    {857, 0x9457E774},
    {858, 0},
    {860, 0x56EAD504},
    {861, 0x0BD9B1B6},
    {862, 0x732226D8},
    {863, 0x1D39A622},
    {865, 0xFA4020AD},
    {866, 0x02560C35},
    {869, 0x6E5C3F89},
    {874, 0x6EB25D49},
    {932, 0xAB4D77D2},
    {936, 0x1E413879},
    {949, 0xD95298E7},
    {950, 0xCA6D1FBD},
    {1250, 0x2E7E1098},
    {1251, 0x1B515583},
    {1252, 0xC2C8E9F4},
    {1253, 0x6538E558},
    {1254, 0xB0087AC2},
    {1255, 0},
    {1256, 0xB867221C},
    {1257, 0x90D7E705},
    {1258, 0x919EDDA2},
    {20127, 0},
    {20866, 0xB001A276},
    {21866, 0},
    {28591, 0x0CC20FC5},
    {28592, 0xB159A21E},
    {28593, 0x97B97B8C},
    {28594, 0x51C6BA84},
    {28595, 0x33FAD99E},
    {28596, 0xED17BE67},
    {28597, 0},
    {28598, 0},
    {28599, 0x6706CA00},
    {28603, 0xD14A8EE6},
    {28605, 0xC78B8B8C},
};

static DWORD sum;

static void Add(DWORD value)
{
    int i;
    for (i = 0; i < 4; i++, value >>= 8)
        sum = (sum ^ (value & 0xFF)) * 16777619u;
}

static BOOL Private(WCHAR character)
{
    return character >= 0xE000 && character <= 0xF8FF;
}

static WCHAR characters[0x10000], again[0x10000];
static char encoded[0x20000], wide_encoded[0x40000];

/* Decoded characters encode to bytes that decode to them again. */
static void Back(UINT page, int count)
{
    BOOL replaced = TRUE;
    int size;
    if (count == 0)
        return;
    size = WideCharToMultiByte(page, 0, characters, count, encoded, sizeof(encoded), NULL, &replaced);
    CHECK(size >= count && !replaced);
    CHECK_EQUAL(MultiByteToWideChar(page, MB_ERR_INVALID_CHARS, encoded, size, again, 0x10000), count);
    CHECK(memcmp(characters, again, (size_t)count * sizeof(WCHAR)) == 0);
}

/* All characters of one byte, or of two with this lead byte, without invalid ones. */
static void Row(UINT page, int lead)
{
    static WCHAR found[256];
    char bytes[512];
    int byte, i, length = 0, units = 0, count = 0;
    for (byte = lead ? 0x40 : 0; byte < 256; byte++) {
        if (lead)
            bytes[length++] = (char)lead;
        else if (IsDBCSLeadByteEx(page, (BYTE)byte))
            continue;
        bytes[length++] = (char)byte;
        units++;
    }
    /* The replacement of a pair is also one character. */
    CHECK_EQUAL(MultiByteToWideChar(page, 0, bytes, length, found, 256), units);
    for (i = 0; i < units; i++) {
        const char *own = lead ? bytes + 2 * i : bytes + i;
        if (found[i] == 0xFFFD || (lead && (found[i] == '?' || found[i] == 0x30FB)) || Private(found[i]))
            continue;
        if (!lead && MultiByteToWideChar(page, MB_ERR_INVALID_CHARS, own, 1, again, 1) != 1)
            continue;
        Add((DWORD)found[i] << 16 | (BYTE)own[0] << 8 | (lead ? (BYTE)own[1] : 0));
        characters[count++] = found[i];
    }
    Back(page, count);
}

static void Bytes(UINT page)
{
    int lead;
    Row(page, 0);
    for (lead = 0x80; lead < 256; lead++)
        if (IsDBCSLeadByteEx(page, (BYTE)lead))
            Row(page, lead);
}

/* Each character encodes to bytes that decode to it, or to the default. */
static void Characters(UINT page)
{
    int i, size, count = 0;
    BOOL replaced = 7;
    for (i = 0; i < 0x10000; i++)
        if (i < 0xD800 || i > 0xF8FF)
            characters[count++] = (WCHAR)i;
    size = WideCharToMultiByte(page, WC_NO_BEST_FIT_CHARS, characters, count, encoded, sizeof(encoded), "\x1A",
                               &replaced);
    CHECK(size >= count && replaced == TRUE);
    CHECK_EQUAL(MultiByteToWideChar(page, MB_ERR_INVALID_CHARS, encoded, size, again, 0x10000), count);
    for (i = 0; i < count; i++)
        CHECK(again[i] == characters[i] || again[i] == 0x1A);
}

/* A code page that has all of Unicode. */
static void Complete(UINT page)
{
    DWORD plane, character;
    for (plane = 0; plane <= 0x10; plane++) {
        int size, count = 0;
        for (character = plane << 16; character < (plane + 1) << 16; character += plane == 0 ? 1 : 3) {
            if (character >= 0xD800 && character <= 0xF8FF)
                continue;
            if (plane > 0)
                characters[count++] = (WCHAR)(0xD800 + ((character - 0x10000) >> 10));
            characters[count++] = (WCHAR)(plane > 0 ? 0xDC00 + (character & 0x3FF) : character);
        }
        size = WideCharToMultiByte(page, 0, characters, count, NULL, 0, NULL, NULL);
        CHECK(size > count && size <= (int)sizeof(wide_encoded));
        CHECK_EQUAL(WideCharToMultiByte(page, 0, characters, count, wide_encoded, size, NULL, NULL), size);
        CHECK_EQUAL(MultiByteToWideChar(page, MB_ERR_INVALID_CHARS, wide_encoded, size, again, 0x10000), count);
        CHECK(memcmp(characters, again, (size_t)count * sizeof(WCHAR)) == 0);
    }
}

static void Results(void)
{
    static const WCHAR zhe[] = {0x416, 'a', 0}, smile[] = {0xD83D, 0xDE00, 'a', 0}, half[] = {0xD83D, 'a', 0};
    char bytes[16];
    WCHAR units[16];
    BOOL replaced;
    CPINFO info;

    CHECK(WideCharToMultiByte(1252, 0, zhe, -1, bytes, 16, "#", &replaced) == 3 && strcmp(bytes, "#a") == 0 &&
          replaced);
    CHECK(WideCharToMultiByte(1251, 0, zhe, -1, bytes, 16, "#", &replaced) == 3 && !replaced);
    CHECK(strcmp(bytes, "\xC6" "a") == 0);
    CHECK(WideCharToMultiByte(1252, 0, smile, -1, bytes, 16, NULL, &replaced) == 4 && strcmp(bytes, "??a") == 0 &&
          replaced);
    CHECK(WideCharToMultiByte(1252, 0, half, -1, bytes, 16, NULL, &replaced) == 3 && strcmp(bytes, "?a") == 0 &&
          replaced);
    CHECK_EQUAL(WideCharToMultiByte(1251, 0, zhe, 2, NULL, 0, NULL, NULL), 2);
    FAILS(WideCharToMultiByte(1251, 0, zhe, -1, bytes, 2, NULL, NULL), 0, ERROR_INSUFFICIENT_BUFFER);
    FAILS(WideCharToMultiByte(1251, 0, zhe, 0, bytes, 16, NULL, NULL), 0, ERROR_INVALID_PARAMETER);
    FAILS(WideCharToMultiByte(1251, 1, zhe, -1, bytes, 16, NULL, NULL), 0, ERROR_INVALID_FLAGS);
    FAILS(WideCharToMultiByte(12345, 0, zhe, -1, bytes, 16, NULL, NULL), 0, ERROR_INVALID_PARAMETER);

    CHECK(MultiByteToWideChar(932, 0, "\x81\x01" "a", 3, units, 16) == 2 && units[0] == 0x30FB && units[1] == 'a');
    CHECK(MultiByteToWideChar(932, 0, "\x81", 1, units, 16) == 1 && units[0] == 0x30FB);
    CHECK(MultiByteToWideChar(936, 0, "\x81\x01" "a", 3, units, 16) == 2 && units[0] == '?' && units[1] == 'a');
    FAILS(MultiByteToWideChar(932, MB_ERR_INVALID_CHARS, "\x81", 1, units, 16), 0, ERROR_NO_UNICODE_TRANSLATION);
    FAILS(MultiByteToWideChar(1251, 0, "\xC6" "a", 2, units, 1), 0, ERROR_INSUFFICIENT_BUFFER);
    FAILS(MultiByteToWideChar(1251, 0, "a", -1, units, -1), 0, ERROR_INVALID_PARAMETER);
    FAILS(MultiByteToWideChar(1251, 0, "a", -1, NULL, 1), 0, ERROR_INVALID_PARAMETER);
    FAILS(MultiByteToWideChar(1251, 0x10, "a", -1, units, 16), 0, ERROR_INVALID_FLAGS);
    FAILS(MultiByteToWideChar(12345, 0, "a", -1, units, 16), 0, ERROR_INVALID_PARAMETER);

    CHECK(IsValidCodePage(1251) && IsValidCodePage(CP_UTF8) && !IsValidCodePage(12345) && !IsValidCodePage(CP_ACP));
    CHECK(IsDBCSLeadByteEx(932, 0x81) && !IsDBCSLeadByteEx(932, 0xA1) && !IsDBCSLeadByteEx(1251, 0x81));
    CHECK(GetCPInfo(949, &info) && info.MaxCharSize == 2 && info.LeadByte[0] == 0x81 && info.LeadByte[1] == 0xFE);
    CHECK(GetCPInfo(1251, &info) && info.MaxCharSize == 1 && info.DefaultChar[0] == '?' && info.LeadByte[0] == 0);
    FAILS(GetCPInfo(12345, &info), FALSE, ERROR_INVALID_PARAMETER);
#ifdef __linux__
    /* Differs under Wine, or depends on the machine there. */
    CHECK(GetACP() == CP_UTF8 && GetOEMCP() == CP_UTF8 && !IsDBCSLeadByte(0x81));
    FAILS(WideCharToMultiByte(CP_UTF8, 0, zhe, -1, bytes, 16, NULL, &replaced), 0, ERROR_INVALID_PARAMETER);
    FAILS(WideCharToMultiByte(1251, WC_ERR_INVALID_CHARS, zhe, -1, bytes, 16, NULL, NULL), 0, ERROR_INVALID_FLAGS);
    FAILS(WideCharToMultiByte(54936, 0, zhe, -1, bytes, 16, NULL, &replaced), 0, ERROR_INVALID_PARAMETER);
    FAILS(MultiByteToWideChar(1251, MB_COMPOSITE, "a", -1, units, 16), 0, ERROR_INVALID_FLAGS);
    CHECK(WideCharToMultiByte(CP_ACP, 0, half, -1, bytes, 16, "x", &replaced) == 5 && replaced);
    CHECK(CharToOemW(zhe, bytes) && strcmp(bytes, "\xD0\x96" "a") == 0 && CharToOemA(bytes, bytes));
    CHECK(OemToCharW(bytes, units) && lstrcmpW(units, zhe) == 0 && OemToCharA(bytes, bytes));
    CHECK(IsValidCodePage(54936));
    Complete(54936);
#endif
    Complete(CP_UTF8);
}

int main(int argc, char **argv)
{
    size_t i;
    int differ = 0;
    (void)argv;
    Results();
    for (i = 0; i < sizeof(pages) / sizeof(pages[0]); i++) {
        if (!IsValidCodePage(pages[i].page))
            continue;
        sum = 2166136261u;
        Bytes(pages[i].page);
        Characters(pages[i].page);
        if (argc > 1)
            printf("    {%u, 0x%08X},\n", pages[i].page, (unsigned)sum);
        else if (pages[i].sum != 0 && sum != pages[i].sum)
            differ = printf("code page %u differs: 0x%08X\n", pages[i].page, (unsigned)sum);
    }
    /* The code page that every C library has. */
    CHECK(IsValidCodePage(1252));
    return differ != 0;
}
