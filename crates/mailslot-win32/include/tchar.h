/* Text that is wide where UNICODE or _UNICODE is defined, and narrow elsewhere.
 *
 * A wide _tmain gets its arguments in UTF-16; the header supplies the main that the C library calls.
 */
#ifndef MAILSLOT_TCHAR_H
#define MAILSLOT_TCHAR_H

#if defined(_UNICODE) && !defined(UNICODE)
#define UNICODE
#endif
#if defined(UNICODE) && !defined(_UNICODE)
#define _UNICODE
#endif

#include "windef.h"
#include "mailslot/crt.h"

#define _T(text) MAILSLOT_TEXT_(text)
#define _TEXT(text) MAILSLOT_TEXT_(text)
#define __T(text) MAILSLOT_TEXT_(text)

typedef TCHAR _TCHAR;
typedef int _TINT;

#ifdef _UNICODE

#define _TEOF (-1)
#define _tmain wmain
#define _tcslen mailslot_wcslen
#define _tcscpy mailslot_wcscpy
#define _tcscat mailslot_wcscat
#define _tcsncpy mailslot_wcsncpy
#define _tcscmp mailslot_wcscmp
#define _tcsncmp mailslot_wcsncmp
#define _tcsicmp lstrcmpiW
#define _tcschr mailslot_wcschr
#define _tcsrchr mailslot_wcsrchr
#define _tcsstr mailslot_wcsstr
#define _tcsdup mailslot_wcsdup
#define _tcscpy_s mailslot_wcscpy_s
#define _tcscat_s mailslot_wcscat_s
#define _tcsncpy_s mailslot_wcsncpy_s
#define _tprintf mailslot_wprintf
#define _tprintf_s mailslot_wprintf
#define _ftprintf mailslot_fwprintf
#define _stprintf_s mailslot_swprintf_s
#define _sntprintf mailslot_snwprintf
#define _vftprintf mailslot_vfwprintf
#define _vsntprintf mailslot_vsnwprintf
#define _fgetts mailslot_fgetws
#define _fputts mailslot_fputws
#define _putts mailslot_putws
#define _ttoi mailslot_wtoi

/* Calls a wide main, whatever parameters it has, with the arguments in UTF-16. */
MAILSLOT_INLINE int mailslot_run_wide_main(int argc, char **argv, int (*wide_main)(int, WCHAR **))
{
    int i, result;
    WCHAR **wide = (WCHAR **)calloc((size_t)argc + 1, sizeof(WCHAR *));
    if (wide == NULL)
        return 127;
    for (i = 0; i < argc; i++) {
        int units = MultiByteToWideChar(CP_UTF8, 0, argv[i], -1, NULL, 0);
        wide[i] = (WCHAR *)malloc((size_t)units * sizeof(WCHAR));
        if (wide[i] == NULL)
            return 127;
        MultiByteToWideChar(CP_UTF8, 0, argv[i], -1, wide[i], units);
    }
    result = wide_main(argc, wide);
    for (i = 0; i < argc; i++)
        free(wide[i]);
    free(wide);
    return result;
}

#ifdef __cplusplus
#define MAILSLOT_EXTERN_C_ extern "C"
#else
#define MAILSLOT_EXTERN_C_
#endif
/* "int wmain(...) {...}" becomes three: a declaration of the program's function, a main that calls it, and the function. */
#define wmain \
    mailslot_wide_main_(int, WCHAR **) __asm__("mailslot_wide_main"); \
    int main(int argc, char **argv) \
    { \
        return mailslot_run_wide_main(argc, argv, mailslot_wide_main_); \
    } \
    MAILSLOT_EXTERN_C_ int mailslot_wide_main

#else

#define _TEOF EOF
#define _tmain main
#define _tcslen strlen
#define _tcscpy strcpy
#define _tcscat strcat
#define _tcsncpy strncpy
#define _tcscmp strcmp
#define _tcsncmp strncmp
#define _tcsicmp strcasecmp
#define _tcschr strchr
#define _tcsrchr strrchr
#define _tcsstr strstr
#define _tcsdup _strdup
#define _tcscpy_s strcpy_s
#define _tcscat_s strcat_s
#define _tcsncpy_s strncpy_s
#define _tprintf printf
#define _tprintf_s printf
#define _ftprintf fprintf
#define _stprintf sprintf
#define _stprintf_s sprintf_s
#define _sntprintf _snprintf
#define _vftprintf vfprintf
#define _vsntprintf _vsnprintf
#define _fgetts fgets
#define _fputts fputs
#define _putts puts
#define _ttoi atoi

#endif

#endif
