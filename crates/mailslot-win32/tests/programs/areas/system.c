/* The machine, the user, the time of day, and a process's environment. */
#include "check.h"
#include <time.h>
#ifdef __linux__
#include <unistd.h>
#endif

static void Names(void)
{
    char name[256], longer[256];
    WCHAR wide[256];
    DWORD size = 256, needed;
    CHECK(GetComputerNameA(name, &size) && size == strlen(name) && size > 0 && size <= MAX_COMPUTERNAME_LENGTH);
    needed = size;
    FAILS(GetComputerNameA(longer, &needed), FALSE, ERROR_BUFFER_OVERFLOW);
    CHECK_EQUAL(needed, size + 1);
    CHECK(GetComputerNameA(longer, &needed) && strcmp(name, longer) == 0);
    needed = 256;
    CHECK(GetComputerNameW(wide, &needed) && needed == size && wide[0] == (WCHAR)(BYTE)name[0]);
    needed = 256;
    CHECK(GetComputerNameExA(ComputerNameNetBIOS, longer, &needed) && strcmp(name, longer) == 0);
    needed = 0;
    FAILS(GetComputerNameExA(ComputerNameDnsHostname, NULL, &needed), FALSE, ERROR_MORE_DATA);
    CHECK(needed > 1 && GetComputerNameExA(ComputerNameDnsHostname, longer, &needed) && needed == strlen(longer));
    FAILS(GetComputerNameExA(ComputerNameMax, longer, &needed), FALSE, ERROR_INVALID_PARAMETER);
    size = 256;
    CHECK(GetUserNameA(name, &size) && size == strlen(name) + 1);
    needed = 1;
    FAILS(GetUserNameA(longer, &needed), FALSE, ERROR_INSUFFICIENT_BUFFER);
    CHECK_EQUAL(needed, size);
    CHECK(GetUserNameW(wide, &needed) && needed == size);
}

static void Times(void)
{
    SYSTEMTIME now, again, wrong = {2001, 2, 0, 29, 0, 0, 0, 0};
    FILETIME file, later, local, back;
    CHECK(SystemTimeToFileTime((GetSystemTime(&now), &now), &file));
    GetSystemTimeAsFileTime(&later);
    CHECK(CompareFileTime(&file, &later) <= 0 && CompareFileTime(&file, &file) == 0);
    CHECK(FileTimeToSystemTime(&file, &again) && memcmp(&now, &again, sizeof(now)) == 0);
    CHECK(FileTimeToLocalFileTime(&file, &local) && LocalFileTimeToFileTime(&local, &back));
    CHECK_EQUAL(CompareFileTime(&back, &file), 0);
    FAILS(SystemTimeToFileTime(&wrong, &file), FALSE, ERROR_INVALID_PARAMETER);
    file.dwHighDateTime = 0x80000000;
    FAILS(FileTimeToSystemTime(&file, &again), FALSE, ERROR_INVALID_PARAMETER);
    GetLocalTime(&now);
    CHECK(now.wYear >= 2024 && now.wMonth <= 12 && now.wHour < 24);
#ifdef __linux__
    {
        /* 1 January and 1 July 2020, noon: an hour and two before local time there. */
        SYSTEMTIME winter = {2020, 1, 0, 1, 12, 0, 0, 7}, summer = {2020, 7, 0, 1, 12, 0, 0, 7};
        setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3", 1);
        tzset();
        CHECK(SystemTimeToFileTime(&winter, &file) && FileTimeToLocalFileTime(&file, &local));
        CHECK(FileTimeToSystemTime(&local, &again) && again.wHour == 13 && again.wMilliseconds == 7);
        CHECK(SystemTimeToFileTime(&summer, &file) && FileTimeToLocalFileTime(&file, &local));
        CHECK(FileTimeToSystemTime(&local, &again) && again.wHour == 14 && again.wDayOfWeek == 3);
    }
#endif
}

static void Surroundings(int argc, char **argv)
{
    char text[512], path[512];
    WCHAR wide[512];
    static const WCHAR name[] = {'M', 'S', '_', 'V', 0}, value[] = {0xE9, 0};
    DWORD length, number;
    FILE *file;
    CHECK(SetEnvironmentVariableA("MS_V", "value"));
    CHECK(GetEnvironmentVariableA("MS_V", text, 512) == 5 && strcmp(text, "value") == 0);
    CHECK(GetEnvironmentVariableA("ms_v", text, 512) == 5);
    CHECK_EQUAL(GetEnvironmentVariableA("MS_V", text, 5), 6);
    CHECK_EQUAL(ExpandEnvironmentStringsA("a%MS_V%b%no such%", text, 512), 17);
    CHECK(strcmp(text, "avalueb%no such%") == 0);
    CHECK(SetEnvironmentVariableW(name, value) && GetEnvironmentVariableW(name, wide, 512) == 1 && wide[0] == 0xE9);
    CHECK(SetEnvironmentVariableA("MS_V", NULL));
    FAILS(GetEnvironmentVariableA("MS_V", text, 512), 0, ERROR_ENVVAR_NOT_FOUND);
    FAILS(SetEnvironmentVariableA("a=b", "c"), FALSE, ERROR_INVALID_PARAMETER);

    length = GetCurrentDirectoryA(512, path);
    CHECK(length == strlen(path) && GetCurrentDirectoryA(length, text) == length + 1);
    CHECK(GetTempPathA(512, text) > 1 && SetCurrentDirectoryA(text) && SetCurrentDirectoryA(path));
    FAILS(SetCurrentDirectoryA("no such directory"), FALSE, ERROR_FILE_NOT_FOUND);
    CHECK_EQUAL(GetTempPathA(1, text), GetTempPathA(512, path) + 1);
    number = GetTempFileNameA(path, "abcdef", 0, text);
    CHECK(number != 0 && strstr(text, "abc") != NULL && strstr(text, "abcd") == NULL);
    file = fopen(text, "r");
    CHECK(file != NULL && fclose(file) == 0 && remove(text) == 0);
    CHECK(GetTempFileNameA(path, "abc", number, text) == number && (file = fopen(text, "r")) == NULL);
    FAILS(GetTempFileNameA("no such directory", "abc", 0, text), 0, ERROR_DIRECTORY);

    CHECK(argc == 1 && strstr(GetCommandLineA(), argv[0]) != NULL &&
          GetCommandLineW()[0] == (WCHAR)GetCommandLineA()[0]);
    CHECK(GetModuleFileNameA(GetModuleHandleA(NULL), text, 512) > 0);
    FAILS(GetModuleHandleA("no such module"), NULL, ERROR_MOD_NOT_FOUND);
}

int main(int argc, char **argv)
{
    SYSTEM_INFO info;
    char secret[8] = "secret", text[8];
    OSVERSIONINFOA version;
    HANDLE slot = Create(PREFIX "system", 0);
    Names();
    Times();
    Surroundings(argc, argv);
    GetSystemInfo(&info);
    CHECK(info.dwPageSize >= 4096 && info.dwNumberOfProcessors > 0 && (info.dwActiveProcessorMask & 1) == 1);
    SecureZeroMemory(secret, sizeof(secret));
    CHECK(secret[0] == 0 && secret[5] == 0);
    OutputDebugStringA("unseen");
#ifdef __linux__
    CHECK_EQUAL(sizeof(info), sizeof(void *) == 8 ? 48 : 36);
    FAILS(LockFile(slot, 0, 0, 1, 0), FALSE, ERROR_INVALID_FUNCTION);
    FAILS(UnlockFile(slot, 0, 0, 1, 0), FALSE, ERROR_INVALID_FUNCTION);
    FAILS(GetVersionExA(&version), FALSE, ERROR_CALL_NOT_IMPLEMENTED);
    FAILS(GetWindowsDirectoryA(text, 8), 0, ERROR_CALL_NOT_IMPLEMENTED);
    FAILS(GetSystemDirectoryA(text, 8), 0, ERROR_CALL_NOT_IMPLEMENTED);
#else
    (void)text;
    (void)version;
#endif
    CHECK(CloseHandle(slot));
    return 0;
}
