/* Access lists from entries that grant and deny. */
#ifndef MAILSLOT_ACLAPI_H
#define MAILSLOT_ACLAPI_H

#include "windows.h"
#include "accctrl.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Returns an error code. Trustees are identifiers or names: EVERYONE, CURRENT_USER, or a user of this machine; other
 * names give ERROR_NONE_MAPPED. Free the new list with LocalFree. */
DWORD WINAPI SetEntriesInAclA(ULONG cCountOfExplicitEntries, PEXPLICIT_ACCESS_A pListOfExplicitEntries, PACL OldAcl,
                              PACL *NewAcl);
DWORD WINAPI SetEntriesInAclW(ULONG cCountOfExplicitEntries, PEXPLICIT_ACCESS_W pListOfExplicitEntries, PACL OldAcl,
                              PACL *NewAcl);

#ifdef UNICODE
#define SetEntriesInAcl SetEntriesInAclW
#else
#define SetEntriesInAcl SetEntriesInAclA
#endif

#ifdef __cplusplus
}
#endif

#endif
