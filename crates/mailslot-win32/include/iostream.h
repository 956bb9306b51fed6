/* The header of books before 1998. */
#ifndef MAILSLOT_IOSTREAM_H
#define MAILSLOT_IOSTREAM_H

#ifndef __cplusplus
#error "iostream.h is for C++"
#else
#include <iostream>
using namespace std;
#endif

#endif
