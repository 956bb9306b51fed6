/* Here the same as winsock.h. */
#ifndef MAILSLOT_WINSOCK2_H
#define MAILSLOT_WINSOCK2_H

#include "winsock.h"

#endif
