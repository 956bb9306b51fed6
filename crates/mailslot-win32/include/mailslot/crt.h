/* Functions of Microsoft's C library beyond the standard, as far as console programs use them. */
#ifndef MAILSLOT_CRT_H
#define MAILSLOT_CRT_H

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#ifdef __cplusplus
#include <cstdio>
#include <cwchar>
#else
#include <wchar.h>
#endif

#include "terminal.h"
#include "text.h"
#include "secure.h"
#include "scan.h"
#if __SIZEOF_WCHAR_T__ == 2
#include "short_wchar_cpp.h"
#include "short_wchar.h"
#endif
#include "main.h"

#ifndef _countof
#define _countof(array) (sizeof(array) / sizeof((array)[0]))
#endif
#ifndef ARRAYSIZE
#define ARRAYSIZE(array) (sizeof(array) / sizeof((array)[0]))
#endif
#define _MAX_PATH 260
#define _popen popen
#define _pclose pclose

#endif
