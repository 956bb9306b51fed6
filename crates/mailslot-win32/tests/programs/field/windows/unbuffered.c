/* Linked to the programs that run under Wine with their output in a pipe, which a console would show at once. */
#include <stdio.h>

static __attribute__((constructor)) void unbuffered(void)
{
    setvbuf(stdout, NULL, _IONBF, 0);
}
