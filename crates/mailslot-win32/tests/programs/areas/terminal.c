/* The console: standard handles, text, modes, colours, cursor and title, and Ctrl-C. */
#include "terminal.h"

static HANDLE in, out;

/* The handles of a child; its parent's would work as well, but most programs ask for them. */
static void Handles(void)
{
    in = GetStdHandle(STD_INPUT_HANDLE);
    out = GetStdHandle(STD_OUTPUT_HANDLE);
    CHECK(in != NULL && out != NULL && in != out && GetStdHandle(STD_OUTPUT_HANDLE) == out);
    CHECK_EQUAL(GetFileType(out), FILE_TYPE_CHAR);
}

static void Say(const char *text)
{
    DWORD written = 0;
    CHECK(WriteConsoleA(out, text, (DWORD)strlen(text), &written, NULL) && written == strlen(text));
}

static void WritesText(void)
{
    static const WCHAR zhe[] = {0x416, 0xD83D, 0xDE00};
    DWORD written;
    Handles();
    CHECK(WriteConsoleW(out, zhe, 3, &written, NULL) && written == 3);
    CHECK_EQUAL(GetConsoleOutputCP(), CP_UTF8);
    Say("|\xD0\x96|");
    CHECK(SetConsoleOutputCP(1251));
    CHECK_EQUAL(GetConsoleOutputCP(), 1251);
    Say("\xC6|");
    CHECK(WriteFile(out, "\xD6|", 2, &written, NULL) && written == 2);
    FAILS(SetConsoleOutputCP(12345), FALSE, ERROR_INVALID_PARAMETER);
    FAILS(SetConsoleCP(12345), FALSE, ERROR_INVALID_PARAMETER);
    FAILS(ReadFile(out, &written, 1, &written, NULL), FALSE, ERROR_ACCESS_DENIED);
    FAILS(WriteFile(in, "x", 1, &written, NULL), FALSE, ERROR_ACCESS_DENIED);
    FAILS(WriteConsoleA(in, "x", 1, &written, NULL), FALSE, ERROR_INVALID_HANDLE);
    CHECK(CloseHandle(out));
    FAILS(WriteFile(out, "x", 1, &written, NULL), FALSE, ERROR_INVALID_HANDLE);
    printf("end.");
}

static void ReadsText(void)
{
    char line[64];
    WCHAR wide[64];
    DWORD count;
    Handles();
    CHECK_EQUAL(WaitForSingleObject(in, 0), WAIT_TIMEOUT);
    Say("ready.");
    CHECK_EQUAL(WaitForSingleObject(in, INFINITE), WAIT_OBJECT_0);
    CHECK(ReadConsoleA(in, line, 64, &count, NULL));
    CHECK(count == 5 && memcmp(line, "one\r\n", 5) == 0);
    Say("wide.");
    CHECK(ReadConsoleW(in, wide, 2, &count, NULL) && count == 2 && wide[0] == 0x416 && wide[1] == 'b');
    CHECK_EQUAL(WaitForSingleObject(in, 0), WAIT_OBJECT_0);
    CHECK(ReadConsoleW(in, wide, 64, &count, NULL) && count == 2 && wide[0] == '\r' && wide[1] == '\n');
    CHECK(SetConsoleCP(1251));
    CHECK_EQUAL(GetConsoleCP(), 1251);
    Say("page.");
    CHECK(ReadFile(in, line, 1, &count, NULL) && count == 1 && line[0] == '\xC6');
    CHECK(ReadFile(in, line, 64, &count, NULL) && count == 3 && memcmp(line, "c\r\n", 3) == 0);
    Say("end.");
}

static void HidesText(void)
{
    char text[64];
    DWORD count, mode;
    Handles();
    CHECK(GetConsoleMode(in, &mode));
    CHECK_EQUAL(mode & 7, ENABLE_PROCESSED_INPUT | ENABLE_LINE_INPUT | ENABLE_ECHO_INPUT);
    FAILS(SetConsoleMode(in, ENABLE_ECHO_INPUT), FALSE, ERROR_INVALID_PARAMETER);
    CHECK(SetConsoleMode(in, mode & ~(DWORD)ENABLE_ECHO_INPUT));
    Say("password: ");
    CHECK(ReadFile(in, text, 64, &count, NULL) && count == 8 && memcmp(text, "secret\r\n", 8) == 0);
    CHECK(SetConsoleMode(in, 0) && GetConsoleMode(in, &mode) && mode == 0);
    Say("key: ");
    CHECK(ReadFile(in, text, 64, &count, NULL) && count == 1 && text[0] == '\r');
    CHECK(SetConsoleMode(in, ENABLE_PROCESSED_INPUT | ENABLE_LINE_INPUT | ENABLE_ECHO_INPUT));
    CHECK(GetConsoleMode(out, &mode) && SetConsoleMode(out, mode | ENABLE_VIRTUAL_TERMINAL_PROCESSING));
    FAILS(SetConsoleMode(out, 0x8000), FALSE, ERROR_INVALID_PARAMETER);
    Say("shown.");
    CHECK(SetConsoleMode(in, 0));
    Say("until the end.");
    CHECK(ReadFile(in, text, 64, &count, NULL));
}

static void Colours(void)
{
    Handles();
    CHECK(SetConsoleTextAttribute(out, FOREGROUND_RED | FOREGROUND_INTENSITY | BACKGROUND_BLUE));
    Say("red");
    CHECK(SetConsoleTextAttribute(out, 7));
    Say("plain");
    CHECK(SetConsoleTitleA("a title\x07"));
    CHECK(SetConsoleTextAttribute(out, FOREGROUND_GREEN));
    Say("green.");
    pause();
}

static void Clears(void)
{
    CONSOLE_SCREEN_BUFFER_INFO info;
    COORD origin = {0, 0}, middle = {3, 1}, outside = {8, 0};
    DWORD filled, cells;
    struct winsize size;
    Handles();
    memset(&size, 0, sizeof(size));
    size.ws_col = 8;
    size.ws_row = 3;
    CHECK(ioctl(0, TIOCSWINSZ, &size) == 0);
    CHECK(GetConsoleScreenBufferInfo(out, &info));
    CHECK(info.dwSize.X == 8 && info.dwSize.Y == 3 && info.srWindow.Right == 7 && info.wAttributes == 7);
    CHECK(info.dwCursorPosition.X == 6 && info.dwCursorPosition.Y == 1);
    cells = 24;
    CHECK(FillConsoleOutputCharacterA(out, ' ', cells + 5, origin, &filled) && filled == cells);
    FAILS(FillConsoleOutputAttribute(out, 7, cells, middle, &filled), FALSE, ERROR_NOT_SUPPORTED);
    CHECK(FillConsoleOutputAttribute(out, 0x12, cells, origin, &filled) && filled == cells);
    FAILS(SetConsoleCursorPosition(out, outside), FALSE, ERROR_INVALID_PARAMETER);
    Say("now ");
    CHECK(FillConsoleOutputCharacterA(out, 'x', 6, middle, &filled) && filled == 6);
    CHECK(SetConsoleCursorPosition(out, middle));
    Say("end.");
}

static DWORD main_thread;

static BOOL WINAPI First(DWORD event)
{
    printf("first %u.", (unsigned)event);
    CHECK(GetCurrentThreadId() != main_thread);
    return TRUE;
}

static BOOL WINAPI Second(DWORD event)
{
    printf("second %u.", (unsigned)event);
    return event != CTRL_C_EVENT;
}

static void Controlled(void)
{
    mailslot_unbuffer_terminal();
    main_thread = GetCurrentThreadId();
    CHECK(SetConsoleCtrlHandler(First, TRUE) && SetConsoleCtrlHandler(Second, TRUE));
    printf("ready.");
    for (;;)
        pause();
}

static void Ignores(void)
{
    mailslot_unbuffer_terminal();
    FAILS(SetConsoleCtrlHandler(First, FALSE), FALSE, ERROR_INVALID_PARAMETER);
    CHECK(SetConsoleCtrlHandler(NULL, TRUE) && raise(SIGINT) == 0 && SetConsoleCtrlHandler(NULL, FALSE));
    CHECK(SetConsoleCtrlHandler(First, TRUE) && GenerateConsoleCtrlEvent(CTRL_BREAK_EVENT, 0));
    FAILS(GenerateConsoleCtrlEvent(CTRL_CLOSE_EVENT, 0), FALSE, ERROR_INVALID_PARAMETER);
    FAILS(GenerateConsoleCtrlEvent(CTRL_C_EVENT, 1), FALSE, ERROR_NOT_SUPPORTED);
    printf("ready.");
    for (;;)
        pause();
}

static void Signalled(pid_t child, int signal)
{
    int status = Ended(child);
    CHECK(WIFSIGNALED(status));
    CHECK_EQUAL(WTERMSIG(status), signal);
    Restored();
}

/* Handles that are not terminals: this program's streams are pipes, and its input has ended. */
static void Pipes(void)
{
    DWORD count = 7;
    char byte;
    HANDLE error, duplicate;
    int ends[2];
    in = GetStdHandle(STD_INPUT_HANDLE);
    out = GetStdHandle(STD_OUTPUT_HANDLE);
    error = GetStdHandle(STD_ERROR_HANDLE);
    CHECK_EQUAL(GetFileType(out), FILE_TYPE_PIPE);
    FAILS(ReadFile(in, &byte, 1, &count, NULL), FALSE, ERROR_BROKEN_PIPE);
    FAILS(WriteConsoleA(out, "x", 1, &count, NULL), FALSE, ERROR_INVALID_HANDLE);
    FAILS(GetConsoleMode(out, &count), FALSE, ERROR_INVALID_HANDLE);
    FAILS(SetConsoleTextAttribute(out, 7), FALSE, ERROR_INVALID_HANDLE);
    FAILS(GetStdHandle(5), INVALID_HANDLE_VALUE, ERROR_INVALID_HANDLE);
    FAILS(SetStdHandle(5, out), FALSE, ERROR_INVALID_HANDLE);
    FAILS(LockFile(out, 0, 0, 1, 0), FALSE, ERROR_INVALID_FUNCTION);
    CHECK_EQUAL(WaitForSingleObject(out, 0), WAIT_OBJECT_0);
    CHECK(DuplicateHandle(GetCurrentProcess(), out, GetCurrentProcess(), &duplicate, 0, FALSE, DUPLICATE_SAME_ACCESS));
    CHECK(FlushFileBuffers(duplicate) && CloseHandle(duplicate));
    CHECK(SetStdHandle(STD_OUTPUT_HANDLE, error) && GetStdHandle(STD_OUTPUT_HANDLE) == error);
    CHECK(SetStdHandle(STD_OUTPUT_HANDLE, out));
    CHECK(SetConsoleTitleA("unseen"));
    CHECK(GetConsoleWindow() == NULL && !AllocConsole() && !FreeConsole());
    FAILS(Beep(1, 1), FALSE, ERROR_INVALID_PARAMETER);
    CHECK(Beep(440, 1) && MessageBeep(0));

    CHECK(pipe(ends) == 0 && dup2(ends[1], 2) == 2);
    CHECK_EQUAL(MessageBoxA(NULL, "text", "caption", MB_YESNOCANCEL | MB_DEFBUTTON2 | MB_ICONERROR), IDNO);
    CHECK_EQUAL(MessageBoxExA(NULL, "text", NULL, MB_OK, 0), IDOK);
    FAILS(MessageBoxA(NULL, "text", "caption", 15), 0, ERROR_INVALID_MSGBOX_STYLE);
    close(ends[1]);
    close(2);
    {
        char shown[64] = {0};
        CHECK(read(ends[0], shown, 63) > 0 && strcmp(shown, "caption: text\nError: text\n") == 0);
    }
}

static HANDLE Device(LPCSTR name, DWORD access)
{
    return CreateFileA(name, access, FILE_SHARE_READ | FILE_SHARE_WRITE, NULL, OPEN_EXISTING, 0, NULL);
}

static void Nowhere(int descriptor)
{
    int nowhere = open("/dev/null", O_RDWR);
    CHECK(dup2(nowhere, descriptor) == descriptor);
    close(nowhere);
}

/* The terminal by its names, also if the standard streams are something else. */
static void Devices(void)
{
    const char *const outputs[] = {"CONOUT$", "conout$", "\\\\.\\CONOUT$", "CON"},
        *const inputs[] = {"CONIN$", "\\\\.\\conin$", "con"};
    HANDLE output, input;
    char line[32];
    DWORD size, mode, i;

    Nowhere(1);
    Nowhere(2);
    for (i = 0; i < 4; i++) {
        output = Device(outputs[i], GENERIC_READ | GENERIC_WRITE);
        CHECK(output != INVALID_HANDLE_VALUE && GetFileType(output) == FILE_TYPE_CHAR && GetConsoleMode(output, &mode));
        CHECK(WriteConsoleA(output, "line: ", 6, &size, NULL) && WriteFile(output, "?", 1, &size, NULL));
        FAILS(ReadFile(output, line, 1, &size, NULL), FALSE, ERROR_ACCESS_DENIED);
        /* All handles share the unread rest of a line. */
        input = Device(inputs[i % 3], GENERIC_READ);
        CHECK(input != INVALID_HANDLE_VALUE && GetConsoleMode(input, &mode));
        CHECK(ReadConsoleA(input, line, 2, &size, NULL));
        CHECK_EQUAL(size, 2);
        CHECK(CloseHandle(input));
        CHECK(ReadFile(GetStdHandle(STD_INPUT_HANDLE), line + 2, 30, &size, NULL));
        CHECK_EQUAL(size, 4);
        CHECK(memcmp(line, "type\r\n", 6) == 0);
        CHECK(CloseHandle(output));
    }
    Nowhere(0);
    FAILS(Device("CONIN$", GENERIC_READ), INVALID_HANDLE_VALUE, ERROR_NOT_SUPPORTED);
    /* No process without a terminal has these. */
    if (fork() == 0) {
        setsid();
        FAILS(Device("CONIN$", GENERIC_READ), INVALID_HANDLE_VALUE, ERROR_INVALID_HANDLE);
        FAILS(Device("CONOUT$", GENERIC_WRITE), INVALID_HANDLE_VALUE, ERROR_INVALID_HANDLE);
        _exit(0);
    }
    CHECK(wait((int *)&i) > 0 && i == 0);
    output = Device("CONOUT$", GENERIC_WRITE);
    CHECK(WriteFile(output, "end.", 4, &size, NULL) && CloseHandle(output));
}

int main(void)
{
    int i;
    pid_t child = Start(WritesText);
    Shows("\xD0\x96\xF0\x9F\x98\x80|\xD0\x96|\xD0\x96|\xD0\xA6|end.");
    CHECK_EQUAL(Ended(child), 0);
    Restored();

    child = Start(ReadsText);
    Shows("ready.");
    Type("one\n");
    Shows("wide.");
    Type("\xD0\x96" "b\n");
    Shows("page.");
    Type("\xD0\x96" "c\n");
    Shows("end.");
    CHECK_EQUAL(Ended(child), 0);
    Restored();

    child = Start(HidesText);
    Shows("password: ");
    Type("secret\n");
    Shows("key: ");
    CHECK(strstr(seen, "secret") == NULL);
    Type("\r");
    Shows("until the end.");
    kill(child, SIGTERM);
    Signalled(child, SIGTERM);

    child = Start(Colours);
    Shows("\x1b[0;91;44mred\x1b[0mplain\x1b[22;0t\x1b]0;a title\x07\x1b[0;32;40mgreen.");
    kill(child, SIGINT);
    Shows("\x1b[0m\x1b[23;0t");
    Signalled(child, SIGINT);

    child = Start(Clears);
    Shows("\x1b[6n");
    Type("\x1b[2;7R");
    Shows("\x1b" "7\x1b[1;1H        \x1b[2;1H        \x1b[3;1H        \x1b" "8"
          "\x1b[0;32;44m\x1b" "7\x1b[1;1H        \x1b[2;1H        \x1b[3;1H        \x1b" "8\x1b[0m"
          "now \x1b" "7\x1b[2;4Hxxxxx\x1b[3;1Hx\x1b" "8\x1b[2;4Hend.");
    CHECK_EQUAL(Ended(child), 0);
    Restored();

    child = Start(Controlled);
    Shows("ready.");
    Type("\x03");
    Shows("second 0.first 0.");
    kill(child, SIGQUIT);
    Shows("second 1.");
    kill(child, SIGTERM);
    Shows("second 2.");
    Signalled(child, SIGTERM);

    child = Start(Ignores);
    Shows("first 1.");
    kill(child, SIGHUP);
    Shows("first 2.");
    Signalled(child, SIGHUP);

    child = Start(Devices);
    for (i = 0; i < 4; i++) {
        Shows("line: ?");
        Type("type\n");
    }
    Shows("end.");
    CHECK_EQUAL(Ended(child), 0);
    Restored();

    Pipes();
    return 0;
}
