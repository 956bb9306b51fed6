/* Directories, under the names of Windows. There are no drives, and no functions for them. */
#ifndef MAILSLOT_DIRECT_H
#define MAILSLOT_DIRECT_H

#include <sys/stat.h>
#include <unistd.h>

#include "mailslot/crt.h"

#define _chdir chdir
#define _getcwd getcwd
#define _rmdir rmdir

MAILSLOT_INLINE int _mkdir(const char *path)
{
    return mkdir(path, 0777);
}

#ifdef __cplusplus
/* Only in C++: in C the name is that of POSIX, whose function needs a mode. */
MAILSLOT_INLINE int mkdir(const char *path)
{
    return _mkdir(path);
}
#endif

#endif
