/* Sections 1.1 to 1.4: names that only C can pass: NULL, text that is not Unicode, 8-bit names. */
#include "check.h"
#include <unistd.h>

static HANDLE OpenW(LPCWSTR path)
{
    return CreateFileW(path, GENERIC_WRITE, FILE_SHARE_READ, NULL, OPEN_EXISTING, 0, NULL);
}

static HANDLE OpenA(LPCSTR path)
{
    return CreateFileA(path, GENERIC_WRITE, FILE_SHARE_READ, NULL, OPEN_EXISTING, 0, NULL);
}

static void AppendW(WCHAR *target, const char *text, size_t times)
{
    size_t length = (size_t)lstrlenW(target);
    while (times-- > 0) {
        const char *c;
        for (c = text; *c != '\0'; c++)
            target[length++] = (WCHAR)*c;
    }
    target[length] = 0;
}

int main(void)
{
    static WCHAR wide[40000];
    char narrow[400];
    HANDLE slot, other;

    FAILS(CreateMailslotA(NULL, 0, 0, NULL), INVALID_HANDLE_VALUE, ERROR_PATH_NOT_FOUND);
    FAILS(CreateMailslotW(NULL, 0, 0, NULL), INVALID_HANDLE_VALUE, ERROR_PATH_NOT_FOUND);
    FAILS(CreateMailslotA("", 0, 0, NULL), INVALID_HANDLE_VALUE, ERROR_PATH_NOT_FOUND);
    FAILS(CreateMailslotA("blah", 0, 0, NULL), INVALID_HANDLE_VALUE, ERROR_INVALID_NAME);
    FAILS(OpenA(NULL), INVALID_HANDLE_VALUE, ERROR_PATH_NOT_FOUND);
    FAILS(OpenW(NULL), INVALID_HANDLE_VALUE, ERROR_PATH_NOT_FOUND);

    /* An unpaired surrogate, and a replacement character instead: the first is not a name, the second is. */
    AppendW(wide, PREFIX "half", 1);
    wide[lstrlenW(wide) + 1] = 0;
    wide[lstrlenW(wide)] = 0xD800;
    FAILS(CreateMailslotW(wide, 0, 0, NULL), INVALID_HANDLE_VALUE, ERROR_INVALID_NAME);
    FAILS(OpenW(wide), INVALID_HANDLE_VALUE, ERROR_FILE_NOT_FOUND);
    wide[lstrlenW(wide) - 1] = 0xFFFD;
    slot = CreateMailslotW(wide, 0, 0, NULL);
    CHECK(slot != INVALID_HANDLE_VALUE);
    wide[lstrlenW(wide) - 1] = 0xD800;
    FAILS(OpenW(wide), INVALID_HANDLE_VALUE, ERROR_FILE_NOT_FOUND);
    CHECK(CloseHandle(slot));

    /* The 8-bit functions take UTF-8, and both kinds name the same slots. */
    FAILS(CreateMailslotA(PREFIX "\xE9", 0, 0, NULL), INVALID_HANDLE_VALUE, ERROR_INVALID_NAME);
    FAILS(OpenA(PREFIX "\xE9"), INVALID_HANDLE_VALUE, ERROR_FILE_NOT_FOUND);
    slot = CreateMailslotA(PREFIX "\xC3\xA9", 0, 0, NULL);
    CHECK(slot != INVALID_HANDLE_VALUE);
    wide[0] = 0;
    AppendW(wide, PREFIX "e", 1);
    wide[lstrlenW(wide) - 1] = 0xC9;
    other = OpenW(wide);
    CHECK(other != INVALID_HANDLE_VALUE);
    CHECK(CloseHandle(other));
    CHECK(CloseHandle(slot));

    /* MAX_PATH counts the NUL. */
    strcpy(narrow, PREFIX);
    memset(narrow + strlen(PREFIX), 'n', 300);
    narrow[260] = '\0';
    FAILS(CreateMailslotA(narrow, 0, 0, NULL), INVALID_HANDLE_VALUE, ERROR_FILENAME_EXCED_RANGE);
    FAILS(OpenA(narrow), INVALID_HANDLE_VALUE, ERROR_FILENAME_EXCED_RANGE);
    narrow[259] = '\0';
    slot = Create(narrow, 0);
    CHECK(CloseHandle(slot));
    wide[0] = 0;
    AppendW(wide, PREFIX, 1);
    AppendW(wide, "n", 33000);
    FAILS(CreateMailslotW(wide, 0, 0, NULL), INVALID_HANDLE_VALUE, ERROR_FILENAME_EXCED_RANGE);

    /* Files are not touched, whatever the disposition. */
    FAILS(CreateFileA("/etc/passwd", GENERIC_READ, FILE_SHARE_READ, NULL, OPEN_EXISTING, 0, NULL),
          INVALID_HANDLE_VALUE, ERROR_PATH_NOT_FOUND);
    FAILS(CreateFileA("must-not-exist", GENERIC_WRITE, 0, NULL, CREATE_ALWAYS, 0, NULL), INVALID_HANDLE_VALUE,
          ERROR_PATH_NOT_FOUND);
    CHECK(access("must-not-exist", F_OK) != 0);
    FAILS(OpenA("\\\\.\\pipe\\x"), INVALID_HANDLE_VALUE, ERROR_FILE_NOT_FOUND);

    /* No node runs here. */
    FAILS(OpenA("\\\\*\\mailslot\\x"), INVALID_HANDLE_VALUE, ERROR_REMOTE_MAILSLOTS_DEPRECATED);
    FAILS(OpenA("\\\\ELSEWHERE\\mailslot\\x"), INVALID_HANDLE_VALUE, ERROR_REMOTE_MAILSLOTS_DEPRECATED);
    FAILS(CreateMailslotA("\\\\*\\mailslot\\x", 0, 0, NULL), INVALID_HANDLE_VALUE, ERROR_INVALID_NAME);
    return 0;
}
