/* Linked into programs that run under Wine with their output in a pipe: output is unbuffered as on a console. */
#include <stdio.h>

static __attribute__((constructor)) void unbuffered(void)
{
    setvbuf(stdout, NULL, _IONBF, 0);
}
