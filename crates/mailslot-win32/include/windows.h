/* The part of windows.h that mailslot programs use, on Linux. Link with libmailslot_win32.
 *
 * Contract of all functions: a pointer is valid for what its parameter says, or NULL where NULL is documented as
 * allowed; text ends with a NUL; a buffer of a pending operation stays valid, and is not used otherwise, until that has
 * ended. Handles may have any value: those that are not open give ERROR_INVALID_HANDLE. Functions may be called from
 * any thread.
 *
 * Text: the functions that end in A take UTF-8, those that end in W take UTF-16. wchar_t has 32 bits on Linux unless
 * the compiler is told -fshort-wchar. With it, WCHAR is wchar_t and L"..." is what W functions take. Without it, WCHAR
 * is a separate 16-bit type: write TEXT("...") or u"..."; L"..." is refused by the compiler. Text that is not
 * well-formed is no slot's name: creating gives ERROR_INVALID_NAME, opening gives ERROR_FILE_NOT_FOUND.
 */
#ifndef MAILSLOT_WINDOWS_H
#define MAILSLOT_WINDOWS_H

#include <stdarg.h>

#include "windef.h"
#include "winnt.h"
#include "winerror.h"
#include "winbase.h"
#include "wincon.h"
#include "winnls.h"
#include "winuser.h"
#include "mailslot/crt.h"
#ifndef WIN32_LEAN_AND_MEAN
#include "winsock.h"
#endif
#if __SIZEOF_WCHAR_T__ == 4
#include "mailslot/refuse_wchar.h"
#endif

#endif
