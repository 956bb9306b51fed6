/* As on Windows, text without a newline appears on a terminal at once: standard output to a terminal is unbuffered. */
#ifndef MAILSLOT_TERMINAL_H
#define MAILSLOT_TERMINAL_H

#ifdef __cplusplus
extern "C" {
#endif

/* Does nothing if standard output is not a terminal. */
void mailslot_unbuffer_terminal(void);

/* Runs before main, which may change it with setvbuf. */
static __attribute__((constructor, unused)) void mailslot_unbuffer_terminal_(void)
{
    mailslot_unbuffer_terminal();
}

#ifdef __cplusplus
}
#endif

#endif
