/* Programs on a terminal, each a child on a separate pseudo-terminal. */
#include "terminal.h"
#include <conio.h>
#include <pthread.h>
#include <sched.h>

/* Waits until the program waits for a key: then the terminal's settings have changed. */
static void AwaitKeyMode(void)
{
    struct termios now;
    do {
        sched_yield();
        CHECK(tcgetattr(slave, &now) == 0);
    } while (now.c_lflag & ICANON);
}

static const char *own_path;

/* Runs a program from its start, where the library sees the terminal. */
static void FromTheStart(void)
{
    execl(own_path, own_path, "from the start", (char *)NULL);
}

/* Text without a newline. */
static void Prompts(void)
{
    printf("prompt> ");
    pause();
}

static void Keys(void)
{
    mailslot_unbuffer_terminal();
    printf("ready.");
    while (!_kbhit())
        sched_yield();
    CHECK_EQUAL(_kbhit(), 1);
    CHECK_EQUAL(_getch(), 'a');
    CHECK_EQUAL(_kbhit(), 0);
    CHECK_EQUAL(_ungetch('u'), 'u');
    CHECK_EQUAL(_ungetch('v'), EOF);
    CHECK(_kbhit() && _getch() == 'u');
    printf("more.");
    CHECK_EQUAL(getch(), '\r');
    CHECK_EQUAL(getch(), '\b');
    CHECK_EQUAL(getche(), 'e');
    _cputs("!");
    _putch('?');
    /* A line is edited and echoed as usual. */
    char line[16];
    CHECK(fgets(line, sizeof(line), stdin) != NULL && strcmp(line, "line\n") == 0);
    printf("done.");
}

/* Keys as events: a waiting program gets a key at once, and peeked events stay. */
static void Events(void)
{
    HANDLE input = GetStdHandle(STD_INPUT_HANDLE);
    INPUT_RECORD records[8];
    const KEY_EVENT_RECORD *key = &records[0].Event.KeyEvent;
    DWORD count = 77, i;

    mailslot_unbuffer_terminal();
    CHECK(GetNumberOfConsoleInputEvents(input, &count) && count == 0);
    CHECK(PeekConsoleInput(input, records, 8, &count) && count == 0);
    printf("ready.");
    CHECK(ReadConsoleInputA(input, records, 1, &count) && count == 1);
    CHECK(records[0].EventType == KEY_EVENT && key->bKeyDown && key->wRepeatCount == 1);
    CHECK(key->wVirtualKeyCode == 'Q' && key->uChar.AsciiChar == 'q' && key->dwControlKeyState == 0);
    /* Its release is an event that waits. */
    CHECK_EQUAL(WaitForSingleObject(input, 0), WAIT_OBJECT_0);
    for (i = 0; i < 2; i++)
        CHECK(PeekConsoleInputW(input, records, 8, &count) && count == 1 && !key->bKeyDown);
    CHECK(GetNumberOfConsoleInputEvents(input, &count) && count == 1);
    CHECK(ReadConsoleInputW(input, records, 8, &count) && count == 1 && !key->bKeyDown);
    CHECK(key->uChar.UnicodeChar == 'q');
    CHECK(PeekConsoleInput(input, records, 8, &count) && count == 0);
    printf("more.");
    CHECK(ReadConsoleInputW(input, records, 2, &count) && count == 2);
    CHECK(key->wVirtualKeyCode == VK_UP && key->uChar.UnicodeChar == 0 && (key->dwControlKeyState & ENHANCED_KEY));
    printf("text.");
    for (i = 0; i < 2; i++) {
        CHECK(ReadConsoleInputW(input, records, 1, &count) && count == 1);
        CHECK(key->bKeyDown == (i == 0) && key->uChar.UnicodeChar == 0x416 && key->wVirtualKeyCode == 0);
    }
    printf("narrow.");
    CHECK(ReadConsoleInputA(input, records, 2, &count) && count == 2 && key->uChar.AsciiChar == '?');
    CHECK(SetConsoleCP(1251));
    printf("page.");
    CHECK(ReadConsoleInputA(input, records, 1, &count) && key->uChar.AsciiChar == '\xC6');
    CHECK(FlushConsoleInputBuffer(input) && GetNumberOfConsoleInputEvents(input, &count) && count == 0);
    FAILS(ReadConsoleInputA(GetStdHandle(STD_OUTPUT_HANDLE), records, 1, &count), FALSE, ERROR_INVALID_HANDLE);
    FAILS(ReadConsoleInputA(input, records, 1, NULL), FALSE, ERROR_INVALID_PARAMETER);
    printf("end.");
}

static void WaitsForKey(void)
{
    exit(_getch() == 'k' ? 0 : 1);
}


static int tell[2];

static void *Exits(void *unused)
{
    char byte;
    (void)unused;
    CHECK(read(tell[0], &byte, 1) == 1);
    exit(3);
}

static void ExitsInAnotherThread(void)
{
    pthread_t thread;
    CHECK(pthread_create(&thread, NULL, Exits, NULL) == 0);
    _getch();
}

#ifndef __SANITIZE_ADDRESS__
static void *Faults(void *unused)
{
    char byte;
    (void)unused;
    CHECK(read(tell[0], &byte, 1) == 1);
    raise(SIGSEGV);
    return NULL;
}

static void FaultsInAnotherThread(void)
{
    pthread_t thread;
    CHECK(pthread_create(&thread, NULL, Faults, NULL) == 0);
    _getch();
}
#endif

static volatile sig_atomic_t handled;

static void Handle(int signal)
{
    handled = signal;
}

static void HandlesSignals(void)
{
    struct sigaction action;
    memset(&action, 0, sizeof(action));
    action.sa_handler = Handle;
    sigaction(SIGUSR1, &action, NULL);
    signal(SIGUSR2, SIG_IGN);
    CHECK_EQUAL(_getch(), 'k');
    CHECK_EQUAL(handled, SIGUSR1);
    /* The program's signal handlers are restored. */
    sigaction(SIGUSR1, NULL, &action);
    CHECK(action.sa_handler == Handle);
    sigaction(SIGUSR2, NULL, &action);
    CHECK(action.sa_handler == SIG_IGN);
    sigaction(SIGTERM, NULL, &action);
    CHECK(action.sa_handler == SIG_DFL);
}

int main(int argc, char **argv)
{
    static const int ends[] = {SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGABRT, SIGALRM, SIGUSR1, SIGPIPE};
    size_t i;
    pid_t child;
    int status;

    if (argc > 1)
        Prompts();
    own_path = argv[0];
    child = Start(FromTheStart);
    Shows("prompt> ");
    kill(child, SIGKILL);
    Ended(child);
    Restored();

    child = Start(Keys);
    Shows("ready.");
    Type("a");
    Shows("more.");
    AwaitKeyMode();
    Type("\r\x7F" "e");
    Shows("e!?");
    Type("line\n");
    Shows("done.");
    CHECK_EQUAL(Ended(child), 0);
    Restored();

    child = Start(Events);
    for (i = 0; i < 5; i++) {
        static const char *const prompts[] = {"ready.", "more.", "text.", "narrow.", "page."};
        static const char *const keys[] = {"q", "\x1b[A", "\xD0\x96", "\xD0\x96", "\xD0\x96"};
        Shows(prompts[i]);
        AwaitKeyMode();
        Type(keys[i]);
    }
    Shows("end.");
    CHECK_EQUAL(Ended(child), 0);
    Restored();

    for (i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
        child = Start(WaitsForKey);
        AwaitKeyMode();
        kill(child, ends[i]);
        status = Ended(child);
        CHECK(WIFSIGNALED(status));
        CHECK_EQUAL(WTERMSIG(status), ends[i]);
        Restored();
    }

    /* Ctrl-C is a signal. */
    child = Start(WaitsForKey);
    AwaitKeyMode();
    Type("\x03");
    status = Ended(child);
    CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGINT);
    Restored();

    /* A stopped program restores the terminal, and waits again when it continues. */
    child = Start(WaitsForKey);
    AwaitKeyMode();
    kill(child, SIGTSTP);
    /* Its group has no other process to continue it, so the signal may have no effect; the wait continues in any
     * case. */
    AwaitKeyMode();
    Type("k");
    CHECK_EQUAL(Ended(child), 0);
    Restored();

    CHECK(pipe(tell) == 0);
    child = Start(ExitsInAnotherThread);
    AwaitKeyMode();
    CHECK(write(tell[1], "x", 1) == 1);
    status = Ended(child);
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 3);
    Restored();

#ifndef __SANITIZE_ADDRESS__
    /* A fault, for which the sanitizer has its own handler. Caused by the program itself: valgrind would hold back one
     * sent by another process until the wait ends, which it then never does. */
    child = Start(FaultsInAnotherThread);
    AwaitKeyMode();
    CHECK(write(tell[1], "x", 1) == 1);
    status = Ended(child);
    CHECK(WIFSIGNALED(status));
    CHECK_EQUAL(WTERMSIG(status), SIGSEGV);
    Restored();
#endif

    child = Start(HandlesSignals);
    AwaitKeyMode();
    kill(child, SIGUSR2);
    kill(child, SIGUSR1);
    Type("k");
    CHECK_EQUAL(Ended(child), 0);
    Restored();

    /* The terminal goes away. */
    child = Start(WaitsForKey);
    AwaitKeyMode();
    close(slave);
    close(master);
    status = Ended(child);
    CHECK(WIFSIGNALED(status) || WEXITSTATUS(status) == 1);
    return 0;
}
