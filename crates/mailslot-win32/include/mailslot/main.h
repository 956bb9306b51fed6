/* Entry points that the C library does not know: wmain, which gets its arguments in UTF-16, and with -DMAILSLOT_VOID_MAIN
 * "void main", which g++ refuses and whose exit status is left to chance elsewhere. With that option it is 0, and every
 * main must be void. */
#ifndef MAILSLOT_MAIN_H
#define MAILSLOT_MAIN_H

#include "wide_system.h"

/* The words before main begin a declaration here, so that both of these can stand between them and the function. */
#ifdef MAILSLOT_VOID_MAIN
#ifdef __cplusplus
#define MAILSLOT_EXTERN_C_ extern "C"
#else
#define MAILSLOT_EXTERN_C_
#endif
#define main \
    mailslot_with_MAILSLOT_VOID_MAIN_every_main_is_void(void); \
    void mailslot_with_MAILSLOT_VOID_MAIN_every_main_is_void(void); \
    void mailslot_program_(int, char **) __asm__("mailslot_void_main"); \
    int mailslot_main_(int argc, char **argv) __asm__("main"); \
    int mailslot_main_(int argc, char **argv) \
    { \
        mailslot_program_(argc, argv); \
        return 0; \
    } \
    MAILSLOT_EXTERN_C_ void mailslot_void_main
#endif

/* Constructors get the arguments from this C library only. */
#ifdef __GLIBC__

/* Puts the arguments in UTF-16 where main will find them. The C library has taken from them what it needs. */
MAILSLOT_INLINE void mailslot_widen_arguments(int argc, char **argv)
{
    int i;
    for (i = 0; i < argc; i++) {
        WCHAR *wide = mailslot_widen(argv[i]);
        if (wide == NULL)
            abort();
        memcpy(&argv[i], &wide, sizeof wide);
    }
}

/* The program's function is called main, so that the compiler returns 0 at its end. That its second parameter is no
 * char ** is meant. */
#define wmain \
    mailslot_returned_(void); \
    static __attribute__((constructor)) void mailslot_wide_arguments_(int argc, char **argv) \
    { \
        mailslot_widen_arguments(argc, argv); \
    } \
    _Pragma("GCC diagnostic ignored \"-Wmain\"") __typeof__(mailslot_returned_()) main

#endif

#endif
