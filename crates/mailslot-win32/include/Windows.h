/* For sources that spell it so. */
#include "windows.h"
