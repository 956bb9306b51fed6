/* __declspec, as far as gcc has an equivalent. Other kinds do not compile, and the error names them. */
#ifndef MAILSLOT_DECLSPEC_H
#define MAILSLOT_DECLSPEC_H

#define __declspec(kind) MAILSLOT_DECLSPEC_##kind
#define _declspec(kind) MAILSLOT_DECLSPEC_##kind

#define MAILSLOT_DECLSPEC_dllexport __attribute__((visibility("default")))
#define MAILSLOT_DECLSPEC_dllimport
#define MAILSLOT_DECLSPEC_noreturn __attribute__((noreturn))
#define MAILSLOT_DECLSPEC_noinline __attribute__((noinline))
#define MAILSLOT_DECLSPEC_nothrow __attribute__((nothrow))
#define MAILSLOT_DECLSPEC_deprecated __attribute__((deprecated))
#define MAILSLOT_DECLSPEC_selectany __attribute__((weak))
#define MAILSLOT_DECLSPEC_restrict __attribute__((malloc))
#define MAILSLOT_DECLSPEC_align(bytes) __attribute__((aligned(bytes)))
#define MAILSLOT_DECLSPEC_thread __thread
/* Kinds for features that only Windows has: tables of virtual functions without a base, and identifiers of
 * interfaces. */
#define MAILSLOT_DECLSPEC_novtable
#define MAILSLOT_DECLSPEC_uuid(text)

#endif
