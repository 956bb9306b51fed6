/* With -fshort-wchar, L"..." is 16-bit text, which the C library's functions cannot process: their names are redefined
 * as ours. */
#ifndef MAILSLOT_SHORT_WCHAR_H
#define MAILSLOT_SHORT_WCHAR_H

#include "scan.h"
#include "wide_system.h"

#undef wcslen
#undef wcsnlen
#undef wcscpy
#undef wcscat
#undef wcsncpy
#undef wcsncat
#undef wcscmp
#undef wcsncmp
#undef wcscoll
#undef wcschr
#undef wcsrchr
#undef wcsstr
#undef wcsspn
#undef wcscspn
#undef wcspbrk
#undef wcstok
#undef wcstod
#undef wcstol
#undef wcstoul
#undef wcstoll
#undef wcstoull
#undef wcsftime
#undef fgetwc
#undef getwc
#undef getwchar
#undef fputwc
#undef putwc
#undef putwchar
#undef ungetwc
#undef fgetws
#undef fputws
#undef wprintf
#undef fwprintf
#undef swprintf
#undef vwprintf
#undef vfwprintf
#undef vswprintf
#undef wscanf
#undef fwscanf
#undef swscanf

#define wcslen mailslot_wcslen
#define wcsnlen mailslot_wcsnlen
#define wcscpy mailslot_wcscpy
#define wcscat mailslot_wcscat
#define wcsncpy mailslot_wcsncpy
#define wcsncat mailslot_wcsncat
#define wcscmp mailslot_wcscmp
#define wcsncmp mailslot_wcsncmp
#define wcscoll mailslot_wcscmp
#define wcschr mailslot_wcschr
#define wcsrchr mailslot_wcsrchr
#define wcsstr mailslot_wcsstr
#define wcsspn mailslot_wcsspn
#define wcscspn mailslot_wcscspn
#define wcspbrk mailslot_wcspbrk
#define wcstok mailslot_wcstok
#define wcstod mailslot_wcstod
#define wcstol mailslot_wcstol
#define wcstoul mailslot_wcstoul
#define wcstoll mailslot_wcstoi64
#define wcstoull mailslot_wcstoui64
#define wcsftime mailslot_wcsftime
#define fgetwc mailslot_fgetwc
#define getwc mailslot_fgetwc
#define getwchar mailslot_getwchar
#define fputwc mailslot_fputwc
#define putwc mailslot_fputwc
#define putwchar mailslot_putwchar
#define ungetwc mailslot_ungetwc
#define fgetws mailslot_fgetws
#define fputws mailslot_fputws
#define wprintf mailslot_wprintf
#define fwprintf mailslot_fwprintf
#define swprintf mailslot_snwprintf
#define vwprintf mailslot_vwprintf
#define vfwprintf mailslot_vfwprintf
#define vswprintf mailslot_vsnwprintf
#define wscanf mailslot_wscanf
#define fwscanf mailslot_fwscanf
#define swscanf mailslot_swscanf

#define wcscpy_s mailslot_wcscpy_s
#define wcscat_s mailslot_wcscat_s
#define wcsncpy_s mailslot_wcsncpy_s
#define wcsncat_s mailslot_wcsncat_s
#define wcstok_s mailslot_wcstok_s
#define wcsnlen_s mailslot_wcsnlen
#define _wcsdup mailslot_wcsdup
#define _wcsicmp mailslot_wcsicmp
#define _wcsnicmp mailslot_wcsnicmp
#define _wcslwr mailslot_wcslwr
#define _wcsupr mailslot_wcsupr
#define _wcslwr_s mailslot_wcslwr_s
#define _wcsupr_s mailslot_wcsupr_s
#define _wcsrev mailslot_wcsrev
#define _wcsset mailslot_wcsset
#define _wcsnset mailslot_wcsnset
#define _wcstoi64 mailslot_wcstoi64
#define _wcstoui64 mailslot_wcstoui64
#define _wcserror mailslot_wcserror
#define _wcserror_s mailslot_wcserror_s
#define wcsicmp mailslot_wcsicmp
#define wcsnicmp mailslot_wcsnicmp
#define wcslwr mailslot_wcslwr
#define wcsupr mailslot_wcsupr
#define wcsrev mailslot_wcsrev
#define _itow mailslot_wcsito
#define _ltow mailslot_wcsito
#define _ultow mailslot_wcsulto
#define _i64tow mailslot_wcsi64to
#define _ui64tow mailslot_wcsui64to
#define _itow_s mailslot_wcsito_s
#define _ltow_s mailslot_wcsito_s
#define _ultow_s mailslot_wcsulto_s
#define _i64tow_s mailslot_wcsi64to_s
#define _ui64tow_s mailslot_wcsui64to_s
#define _wtoi mailslot_wtoi
#define _wtol mailslot_wtol
#define _wtoi64 mailslot_wtoi64
#define _wtof mailslot_wtof
#define wprintf_s mailslot_wprintf
#define fwprintf_s mailslot_fwprintf
#define vwprintf_s mailslot_vwprintf
#define vfwprintf_s mailslot_vfwprintf
#define swprintf_s mailslot_swprintf_s
#define vswprintf_s mailslot_vswprintf_s
#define _snwprintf mailslot_snwprintf
#define _vsnwprintf mailslot_vsnwprintf
#define _snwprintf_s mailslot_snwprintf_s
#define _vsnwprintf_s mailslot_vsnwprintf_s
#define _swprintf mailslot_swprintf
#define _scwprintf mailslot_scwprintf
#define _vscwprintf mailslot_vscwprintf
#define wscanf_s mailslot_wscanf_s
#define fwscanf_s mailslot_fwscanf_s
#define swscanf_s mailslot_swscanf_s
#define _putws mailslot_putws
#define _getws_s mailslot_getws_s
#define _fgetwchar mailslot_getwchar
#define _fputwchar mailslot_putwchar
#define _wfopen mailslot_wfopen
#define _wfopen_s mailslot_wfopen_s
#define _wfreopen mailslot_wfreopen
#define _wfreopen_s mailslot_wfreopen_s
#define _wremove mailslot_wremove
#define _wrename mailslot_wrename
#define _wunlink mailslot_wunlink
#define _waccess mailslot_waccess
#define _wchdir mailslot_wchdir
#define _wmkdir mailslot_wmkdir
#define _wrmdir mailslot_wrmdir
#define _wgetcwd mailslot_wgetcwd
#define _wsystem mailslot_wsystem
#define _wsetlocale mailslot_wsetlocale
#define _wperror mailslot_wperror
#define _wgetenv mailslot_wgetenv
#define _wgetenv_s mailslot_wgetenv_s
#define _wasctime mailslot_wasctime
#define _wctime mailslot_wctime
#define _wasctime_s mailslot_wasctime_s
#define _wctime_s mailslot_wctime_s
#define _wstrdate mailslot_wstrdate
#define _wstrtime mailslot_wstrtime

#endif
