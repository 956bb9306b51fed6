/* Programs that are named as on Windows: with .exe, and with backslashes. */
#include "check.h"

#include <libgen.h>
#include <string.h>
#include <unistd.h>

/* Starts a command line, and returns the child's exit code. */
static DWORD Run(const char *application, const char *format, const char *name)
{
    STARTUPINFOA startup;
    PROCESS_INFORMATION information;
    DWORD code = 77;
    char line[1024];
    memset(&startup, 0, sizeof(startup));
    startup.cb = sizeof(startup);
    snprintf(line, sizeof(line), format, name);
    if (!CreateProcessA(application, line, NULL, NULL, FALSE, 0, NULL, NULL, &startup, &information))
        return 1000 + GetLastError();
    CHECK_EQUAL(WaitForSingleObject(information.hProcess, INFINITE), WAIT_OBJECT_0);
    CHECK(GetExitCodeProcess(information.hProcess, &code));
    CHECK(CloseHandle(information.hProcess) && CloseHandle(information.hThread));
    return code;
}

int main(int argc, char **argv)
{
    char path[512], copy[512], directory[512], twisted[600];
    const char *name;
    char *c;
    if (argc == 2 && strcmp(argv[1], "child") == 0)
        return 42;
    CHECK(GetModuleFileNameA(NULL, path, sizeof(path)) > 0);
    name = basename(strcpy(copy, path));
    /* Beside this program. */
    CHECK_EQUAL(Run(NULL, "%s child", name), 42);
    CHECK_EQUAL(Run(NULL, "%s.exe child", name), 42);
    CHECK_EQUAL(Run(NULL, "%s.EXE child", name), 42);
    CHECK_EQUAL(Run(NULL, "%s.dll child", name), 1000 + ERROR_FILE_NOT_FOUND);
    CHECK_EQUAL(Run(NULL, "%s.exe.exe child", name), 1000 + ERROR_FILE_NOT_FOUND);
    CHECK_EQUAL(Run(NULL, "%s child", ".exe"), 1000 + ERROR_FILE_NOT_FOUND);
    /* By a path, with either kind of slash. */
    CHECK_EQUAL(Run(NULL, "%s.exe child", path), 42);
    strcpy(twisted, path);
    for (c = twisted; *c != '\0'; c++)
        if (*c == '/')
            *c = '\\';
    CHECK_EQUAL(Run(NULL, "\"%s.exe\" child", twisted), 42);
    strcat(twisted, ".exe");
    CHECK_EQUAL(Run(twisted, "%s child", "whatever"), 42);
    CHECK(chdir(dirname(strcpy(directory, path))) == 0);
    snprintf(twisted, sizeof(twisted), ".\\%s.exe", name);
    CHECK_EQUAL(Run(NULL, "%s child", twisted), 42);
    CHECK_EQUAL(Run(NULL, "%s child", ".\\no-such.exe"), 1000 + ERROR_FILE_NOT_FOUND);
    return 0;
}
