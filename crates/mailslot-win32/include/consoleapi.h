/* A part of wincon.h on Windows. */
#ifndef MAILSLOT_CONSOLEAPI_H
#define MAILSLOT_CONSOLEAPI_H

#include "wincon.h"

#endif
