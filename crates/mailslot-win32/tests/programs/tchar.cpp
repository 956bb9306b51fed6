/* Also a program in C++, where arrays know their size. */
#include "tchar.c"
