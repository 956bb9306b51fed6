/* On Windows, this name finds it as well. */
#include <windows.h>
