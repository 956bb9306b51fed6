/* Text that is wide if UNICODE or _UNICODE is defined, and otherwise narrow.
 *
 * A wide _tmain gets its arguments in UTF-16; a third parameter, the environment, stays in UTF-8. Names of Windows'
 * tchar.h that are missing here have no function on Linux, and do not compile or link.
 */
#ifndef MAILSLOT_TCHAR_H
#define MAILSLOT_TCHAR_H

#include <ctype.h>
#include <time.h>
#include <wctype.h>

#include "windef.h"
#include "mailslot/crt.h"
#include "mailslot/wide_system.h"

#define _T(text) MAILSLOT_TEXT_(text)
#define _TEXT(text) MAILSLOT_TEXT_(text)
#define __T(text) MAILSLOT_TEXT_(text)

typedef TCHAR _TCHAR, _TSCHAR, _TUCHAR, _TXCHAR;
typedef int _TINT;

#ifdef _UNICODE
#include "mailslot/tchar_wide.h"
#else
#include "mailslot/tchar_narrow.h"
#endif

/* One character is one unit, as on Windows for wide text. */
#define _tcsinc(text) ((text) + 1)
#define _tcsdec(start, text) ((text) > (start) ? (text) - 1 : NULL)
#define _tcsninc(text, count) ((text) + (count))
#define _tcsnextc(text) (*(text))
#define _tcsnbcnt(text, most) _tcsnlen((text), (most))
#define _tcsnccnt(text, most) _tcsnlen((text), (most))
#define _tclen(text) ((size_t)1)
#define _tccpy(target, source) (*(target) = *(source))
#define _tccmp(one, other) (*(one) - *(other))
#define _istascii(unit) ((unsigned)(unit) < 128)
#define _istlead(unit) ((void)(unit), 0)

#endif
