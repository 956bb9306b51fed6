/* Entry points that the C library does not know: wmain, which gets its arguments in UTF-16, and with
 * -DMAILSLOT_VOID_MAIN "void main", which g++ refuses and whose exit status is undefined with other compilers. With
 * that option it is 0, and every main must be void. */
#ifndef MAILSLOT_MAIN_H
#define MAILSLOT_MAIN_H

#include "wide_system.h"

/* Source text before main begins a declaration; both of these can follow it and precede the function. */
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

/* Only this C library passes the arguments to constructors. */
#ifdef __GLIBC__

/* Puts the arguments in UTF-16 where main finds them. The C library no longer needs them. */
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

/* Names the program's function main, so that the compiler returns 0 at its end. Its second parameter is deliberately
 * not a char **. */
#define wmain \
    mailslot_returned_(void); \
    static __attribute__((constructor)) void mailslot_wide_arguments_(int argc, char **argv) \
    { \
        mailslot_widen_arguments(argc, argv); \
    } \
    _Pragma("GCC diagnostic ignored \"-Wmain\"") __typeof__(mailslot_returned_()) main

#endif

#endif
