/* Programs on terminals: each is a child on a separate pseudo-terminal, and the parent plays the user. */
#ifndef TERMINAL_H
#define TERMINAL_H

#include "check.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

static int master, slave;
static struct termios before;

/* Runs a program alone on a new terminal, which is also its standard output. */
static pid_t Start(void (*program)(void))
{
    pid_t child;
    master = posix_openpt(O_RDWR | O_NOCTTY);
    CHECK(master >= 0 && grantpt(master) == 0 && unlockpt(master) == 0);
    slave = open(ptsname(master), O_RDWR | O_NOCTTY);
    CHECK(slave >= 0 && tcgetattr(slave, &before) == 0);
    child = fork();
    CHECK(child >= 0);
    if (child == 0) {
        setsid();
        ioctl(slave, TIOCSCTTY, 0);
        dup2(slave, 0);
        dup2(slave, 1);
        close(master);
        close(slave);
        program();
        exit(0);
    }
    return child;
}

/* The last output of the terminal. */
static char seen[512];

/* Waits until the terminal has shown this text. */
static void Shows(const char *expected)
{
    size_t length = 0;
    for (;;) {
        ssize_t count = read(master, seen + length, sizeof(seen) - 1 - length);
        CHECK(count > 0);
        seen[length += (size_t)count] = '\0';
        if (strstr(seen, expected) != NULL)
            return;
        CHECK(length < sizeof(seen) - 1);
    }
}

static inline __attribute__((unused)) void Type(const char *keys)
{
    CHECK(write(master, keys, strlen(keys)) == (ssize_t)strlen(keys));
}

/* The terminal is as it was. */
static void Restored(void)
{
    struct termios now;
    CHECK(tcgetattr(slave, &now) == 0);
    CHECK(now.c_lflag == before.c_lflag && now.c_iflag == before.c_iflag && now.c_oflag == before.c_oflag);
    CHECK(now.c_cc[VMIN] == before.c_cc[VMIN] && now.c_cc[VTIME] == before.c_cc[VTIME]);
    close(slave);
    close(master);
}

static int Ended(pid_t child)
{
    int status;
    CHECK(waitpid(child, &status, 0) == child);
    return status;
}

#endif
