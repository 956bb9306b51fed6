/* Windows finds it under this name, too. */
#include <windows.h>
