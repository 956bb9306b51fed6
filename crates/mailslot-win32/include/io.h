/* Low-level files, under the names of Windows. There is no text mode: all files are binary. */
#ifndef MAILSLOT_IO_H
#define MAILSLOT_IO_H

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "mailslot/crt.h"

#define _O_RDONLY O_RDONLY
#define _O_WRONLY O_WRONLY
#define _O_RDWR O_RDWR
#define _O_APPEND O_APPEND
#define _O_CREAT O_CREAT
#define _O_EXCL O_EXCL
#define _O_TRUNC O_TRUNC
#define _O_TEXT 0x4000
#define _O_BINARY 0x8000
#define _O_U8TEXT 0x40000
#define _O_U16TEXT 0x20000
#define _O_WTEXT 0x10000
#define _S_IREAD 0400
#define _S_IWRITE 0200

#define _access access
#define _chmod chmod
#define _close close
#define _dup dup
#define _dup2 dup2
#define _fileno fileno
#define _isatty isatty
#define _lseek lseek
#define _read read
#define _unlink unlink
#define _write write

/* Accepts the modes that are in effect: no translation, or wide text as UTF-8. On a terminal the encoding of wide text
 * does not matter. */
MAILSLOT_INLINE int _setmode(int descriptor, int mode)
{
    int is_so = mode == _O_BINARY || mode == _O_TEXT || mode == _O_U8TEXT;
    if (is_so || ((mode == _O_U16TEXT || mode == _O_WTEXT) && isatty(descriptor)))
        return _O_TEXT;
    errno = EINVAL;
    return -1;
}

/* Ignores modes without a meaning here. */
MAILSLOT_INLINE int _open(const char *path, int flags, ...)
{
    int mode = 0;
    if (flags & _O_CREAT) {
        va_list arguments;
        va_start(arguments, flags);
        mode = va_arg(arguments, int);
        va_end(arguments);
    }
    return open(path, flags & (O_ACCMODE | O_APPEND | O_CREAT | O_EXCL | O_TRUNC), mode);
}

#endif
