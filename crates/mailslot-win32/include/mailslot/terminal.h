/* As on Windows, text without a newline appears on a terminal at once: standard output is unbuffered there. */
#ifndef MAILSLOT_TERMINAL_H
#define MAILSLOT_TERMINAL_H

#ifdef __cplusplus
extern "C" {
#endif

/* Does nothing where standard output is no terminal. */
void mailslot_unbuffer_terminal(void);

/* Before main, which may choose otherwise with setvbuf. */
static __attribute__((constructor, unused)) void mailslot_unbuffer_terminal_(void)
{
    mailslot_unbuffer_terminal();
}

#ifdef __cplusplus
}
#endif

#endif
