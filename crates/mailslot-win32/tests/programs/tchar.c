/* The functions of tchar.h, for the kind of text of the compilation. Prints nothing unless one is wrong. */
#include <windows.h>
#include <tchar.h>
#include <conio.h>
#include <stdio.h>
#include <stdlib.h>

#define CHECK(condition) \
    do { \
        if (!(condition)) { \
            printf("%s:%d: %s\n", __FILE__, __LINE__, #condition); \
            exit(1); \
        } \
    } while (0)
#define SAME(found, expected) CHECK(_tcscmp((found), (expected)) == 0)

static void strings(void)
{
    TCHAR text[32], *next, *copy;
    _tcscpy(text, _T("one"));
    _tcscat(text, _T(" two"));
    CHECK(_tcslen(text) == 7 && _tcsclen(text) == 7 && _tcsnlen(text, 3) == 3);
    SAME(_tcschr(text, _T(' ')), _T(" two"));
    SAME(_tcsrchr(text, _T('o')), _T("o"));
    SAME(_tcsstr(text, _T("tw")), _T("two"));
    CHECK(_tcsstr(text, _T("x")) == NULL && _tcschr(text, _T('x')) == NULL);
    CHECK(_tcsspn(text, _T("eno")) == 3 && _tcscspn(text, _T("wt")) == 4);
    SAME(_tcspbrk(text, _T("wt")), _T("two"));
    CHECK(_tcsncmp(text, _T("onX"), 2) == 0 && _tcsncmp(text, _T("onX"), 3) > 0);
    CHECK(_tcsicmp(_T("ABC"), _T("abc")) == 0 && _tcsnicmp(_T("ABx"), _T("aby"), 2) == 0);
    CHECK(_tcsicmp(_T("ABC"), _T("abd")) < 0);
    SAME(_tcsupr(text), _T("ONE TWO"));
    SAME(_tcslwr(text), _T("one two"));
    SAME(_tcsrev(text), _T("owt eno"));
    SAME(_tcsnset(text, _T('-'), 2), _T("--t eno"));
    copy = _tcsdup(_T("a,b;;c"));
    SAME(_tcstok_s(copy, _T(",;"), &next), _T("a"));
    SAME(_tcstok_s(NULL, _T(",;"), &next), _T("b"));
    SAME(_tcstok_s(NULL, _T(",;"), &next), _T("c"));
    CHECK(_tcstok_s(NULL, _T(",;"), &next) == NULL);
    free(copy);
    _tcscpy(text, _T(" a b"));
    SAME(_tcstok(text, _T(" ")), _T("a"));
    SAME(_tcstok(NULL, _T(" ")), _T("b"));
    CHECK(_tcstok(NULL, _T(" ")) == NULL);
    _tcsncpy(text, _T("abcdef"), 3);
    text[3] = 0;
    SAME(_tcsncat(text, _T("xy"), 9), _T("abcxy"));
}

static void secure_strings(void)
{
    TCHAR text[6];
    CHECK(_tcscpy_s(text, 6, _T("abcde")) == 0);
    CHECK(_tcscpy_s(text, 6, _T("abcdef")) == ERANGE && text[0] == 0);
    CHECK(_tcscpy_s(text, 6, NULL) == EINVAL && _tcscpy_s(NULL, 6, _T("a")) == EINVAL);
    CHECK(_tcscpy_s(text, 6, _T("abc")) == 0 && _tcscat_s(text, 6, _T("de")) == 0);
    SAME(text, _T("abcde"));
    CHECK(_tcscat_s(text, 6, _T("f")) == ERANGE && text[0] == 0);
    CHECK(_tcsncpy_s(text, 6, _T("abcdefgh"), 5) == 0);
    SAME(text, _T("abcde"));
    CHECK(_tcsncpy_s(text, 6, _T("abcdefgh"), 6) == ERANGE && text[0] == 0);
    CHECK(_tcsncpy_s(text, 6, _T("abcdefgh"), _TRUNCATE) == STRUNCATE);
    SAME(text, _T("abcde"));
    CHECK(_tcscpy_s(text, 6, _T("ab")) == 0 && _tcsncat_s(text, 6, _T("cdefg"), _TRUNCATE) == STRUNCATE);
    SAME(text, _T("abcde"));
    CHECK(_stprintf_s(text, 6, _T("%d"), 12345) == 5);
    CHECK(_stprintf_s(text, 6, _T("%d"), 123456) == -1 && text[0] == 0);
    CHECK(_sntprintf_s(text, 6, _TRUNCATE, _T("%s"), _T("abcdefgh")) == -1);
    SAME(text, _T("abcde"));
    CHECK(_sntprintf_s(text, 6, 2, _T("%s"), _T("abcdefgh")) == -1);
    SAME(text, _T("ab"));
#ifdef __cplusplus
    CHECK(_tcscpy_s(text, _T("abcde")) == 0 && _tcscpy_s(text, _T("abcdef")) == ERANGE);
    CHECK(_tcscat_s(text, _T("xy")) == 0 && _stprintf_s(text, _T("%d!"), 42) == 3);
    SAME(text, _T("42!"));
    CHECK(_itot_s(-7, text, 10) == 0);
    SAME(text, _T("-7"));
#endif
}

static void numbers(void)
{
    TCHAR text[70], *end;
    CHECK(_ttoi(_T(" 42x")) == 42 && _ttol(_T("-7")) == -7 && _ttoi64(_T("5000000000")) == 5000000000LL);
    CHECK(_tstof(_T("2.5")) == 2.5 && _tcstod(_T("1e3 "), &end) == 1000 && *end == _T(' '));
    CHECK(_tcstol(_T("0x1Fz"), &end, 0) == 31 && *end == _T('z'));
    CHECK(_tcstoul(_T("777"), NULL, 8) == 511 && _tcstoui64(_T("ff"), &end, 16) == 255 && *end == 0);
    SAME(_itot(-255, text, 10), _T("-255"));
    SAME(_itot(-1, text, 16), _T("ffffffff"));
    SAME(_ultot(255, text, 2), _T("11111111"));
    SAME(_i64tot(-9223372036854775807LL - 1, text, 10), _T("-9223372036854775808"));
    SAME(_ui64tot(18446744073709551615ULL, text, 36), _T("3w5e11264sgsf"));
    CHECK(_itot_s(1234, text, 4, 10) == ERANGE && text[0] == 0);
    CHECK(_itot_s(1234, text, 5, 10) == 0 && _itot_s(1, text, 5, 37) == EINVAL && text[0] == 0);
    CHECK(_istdigit(_T('7')) && !_istdigit(_T('x')) && _istspace(_T('\t')) && _totupper(_T('q')) == _T('Q'));
}

static void formats(void)
{
    TCHAR text[64], word[8], other[4];
    int number = 0, hex = 0, count;
    unsigned short small = 77;
    double fraction = 0;
    float little = 0;
    CHECK(_stprintf(text, _T("%s-%d-%c"), _T("ab"), 5, _T('x')) == 6);
    SAME(text, _T("ab-5-x"));
    CHECK(_sctprintf(_T("%05d"), 42) == 5);
    CHECK(_stscanf_s(_T("12 0x1f word 2.5 1.5"), _T("%d %x %s %lf %f"), &number, &hex, word, 8, &fraction,
                     &little) == 5);
    CHECK(number == 12 && hex == 31 && fraction == 2.5 && little == 1.5F);
    SAME(word, _T("word"));
    CHECK(_stscanf_s(_T("7 toolongword"), _T("%d %s"), &number, word, 8) == 1 && number == 7 && word[0] == 0);
    CHECK(_stscanf_s(_T("a:b,c"), _T("%1s:%[^,],%c"), other, 4, word, 8, text, 1) == 3);
    CHECK(other[0] == _T('a') && word[0] == _T('b') && word[1] == 0 && text[0] == _T('c'));
    CHECK(_stscanf_s(_T("x"), _T("%d"), &number) == 0 && _stscanf_s(_T(""), _T("%d"), &number) == EOF);
    CHECK(_stscanf_s(_T("123456 9%"), _T("%3d%*d %hu%%%n"), &number, &small, &count) == 2);
    CHECK(number == 123 && small == 9 && count == 9);
    CHECK(_stscanf(_T("-5 hello"), _T("%i %s"), &number, text) == 2 && number == -5);
    SAME(text, _T("hello"));
    CHECK(_stscanf_s(_T("[a-c]"), _T("[%[a-c-]]"), word, 8) == 1);
    SAME(word, _T("a-c"));
}

static void files(void)
{
    const TCHAR *name = _T("tchar-test.txt");
    TCHAR line[16];
    FILE *file = NULL;
    int number = 0;
    CHECK(_tfopen(_T("no/such/file"), _T("r")) == NULL && _tfopen_s(&file, _T("no/such"), _T("r")) == ENOENT);
    CHECK(_tfopen_s(&file, name, _T("w")) == 0);
    CHECK(_ftprintf(file, _T("%d %s\n"), 42, _T("line")) == 8 && _fputts(_T("two\n"), file) >= 0);
    CHECK(_fputtc(_T('x'), file) == _T('x'));
    fclose(file);
    file = _tfopen(name, _T("r"));
    CHECK(file != NULL && _ftscanf(file, _T("%d"), &number) == 1 && number == 42);
    CHECK(_fgettc(file) == _T(' ') && _ungettc(_T(' '), file) == _T(' '));
    SAME(_fgetts(line, 4, file), _T(" li"));
    SAME(_fgetts(line, 16, file), _T("ne\n"));
    CHECK(_ftscanf_s(file, _T("%s"), line, 16) == 1);
    SAME(line, _T("two"));
    CHECK(_gettc(file) == _T('\n') && _gettc(file) == _T('x'));
    CHECK((unsigned)_gettc(file) == (unsigned)_TEOF && _fgetts(line, 16, file) == NULL);
    fclose(file);
    CHECK(_taccess(name, 0) == 0 && _trename(name, _T("tchar-test2.txt")) == 0 && _tremove(_T("tchar-test2.txt")) == 0);
    CHECK(_tgetenv(_T("NO_SUCH_VARIABLE")) == NULL && _tgetenv(_T("MAILSLOT_ROOT")) != NULL);
    CHECK(_tsetlocale(LC_ALL, _T("no such locale")) == NULL);
    SAME(_tsetlocale(LC_ALL, NULL), _T("C"));
    SAME(_tsetlocale(LC_ALL, _T("POSIX")), _T("C"));
}

#ifdef UNICODE
/* Characters of one to four bytes (the last are surrogate pairs), through a file and back. */
static void characters(void)
{
    const TCHAR text[] = {'a', 0xE9, 0x20AC, 0xD83D, 0xDE00, 'z', 0};
    TCHAR back[8];
    FILE *file = tmpfile();
    int i;
    for (i = 0; text[i] != 0; i++)
        CHECK(_fputtc(text[i], file) == text[i]);
    CHECK(ftell(file) == 11);
    _fputts(text, file);
    rewind(file);
    for (i = 0; text[i] != 0; i++)
        CHECK(_fgettc(file) == text[i]);
    /* A line that ends within a pair continues with its other half. */
    CHECK(_fgetts(back, 5, file) == back && back[3] == 0xD83D && back[4] == 0);
    CHECK(_fgettc(file) == 0xDE00 && _fgettc(file) == 'z' && _fgettc(file) == _TEOF);
    fclose(file);
}
#endif

static void input(void)
{
    TCHAR line[8];
    CHECK(_gettchar() == _T('A'));
    SAME(_getts_s(line, 8), _T("BC"));
    CHECK(_getts_s(line, 8) == NULL && line[0] == 0);
    CHECK(_kbhit() && _gettch() == _T('k') && _ungettch(_T('u')) == _T('u') && _kbhit());
    CHECK(_gettch() == _T('u') && _gettch() == _T('\r'));
    CHECK(!_kbhit());
}

int _tmain(int argc, TCHAR *argv[])
{
    CHECK(argc == 2 && argv[2] == NULL);
    SAME(argv[1], _T("two words"));
    strings();
    secure_strings();
    numbers();
    formats();
    files();
#ifdef UNICODE
    characters();
#endif
    input();
}
