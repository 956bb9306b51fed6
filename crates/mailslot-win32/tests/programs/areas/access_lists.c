/* Section 6: identifiers, access lists and descriptors that are built in code. */
#define SLOT PREFIX "access_lists"
#include "users.h"
#include <aclapi.h>
#include <sddl.h>

static union {
    ACL list;
    BYTE bytes[256];
} memory;
static SECURITY_DESCRIPTOR descriptor;

static PSID FromText(const char *text)
{
    PSID sid;
    CHECK(ConvertStringSidToSidA(text, &sid));
    return sid;
}

/* An identifier has this text. */
static void Is(PSID sid, const char *text)
{
    LPSTR found;
    CHECK(IsValidSid(sid) && ConvertSidToStringSidA(sid, &found));
    if (strcmp(found, text) != 0) {
        printf("%s is not %s\n", found, text);
        exit(1);
    }
    LocalFree(found);
}

static PSECURITY_DESCRIPTOR With(PACL list)
{
    CHECK(InitializeSecurityDescriptor(&descriptor, SECURITY_DESCRIPTOR_REVISION));
    CHECK(SetSecurityDescriptorDacl(&descriptor, TRUE, list, FALSE) && IsValidSecurityDescriptor(&descriptor));
    return &descriptor;
}

#ifdef __linux__
/* Checks a slot with a list of entries. If the list names no other user, one is enough for the test. */
static void AdmitsSomebody(PACL list, int code)
{
    HANDLE slot = CreateWith(With(list));
    CHECK(slot != INVALID_HANDLE_VALUE);
    if (getuid() == 0)
        CHECK_EQUAL(OpenAsUser(SOMEBODY), code);
    CHECK(CloseHandle(slot));
}
#endif

static PACL Empty(void)
{
    CHECK(InitializeAcl(&memory.list, sizeof(memory), ACL_REVISION));
    return &memory.list;
}

static void Identifiers(void)
{
    SID_IDENTIFIER_AUTHORITY world = {SECURITY_WORLD_SID_AUTHORITY}, nt = {SECURITY_NT_AUTHORITY};
    PSID everyone, administrators, other;
    BYTE room[SECURITY_MAX_SID_SIZE];
    DWORD size, kind;
    LPWSTR wide;

    CHECK(AllocateAndInitializeSid(&world, 1, SECURITY_WORLD_RID, 0, 0, 0, 0, 0, 0, 0, &everyone));
    CHECK(AllocateAndInitializeSid(&nt, 2, SECURITY_BUILTIN_DOMAIN_RID, DOMAIN_ALIAS_RID_ADMINS, 0, 0, 0, 0, 0, 0,
                                   &administrators));
    Is(everyone, "S-1-1-0");
    Is(administrators, "S-1-5-32-544");
    CHECK(GetLengthSid(everyone) == 12 && GetLengthSid(administrators) == 16 && GetSidLengthRequired(2) == 16);
    CHECK(*GetSidSubAuthorityCount(administrators) == 2 && *GetSidSubAuthority(administrators, 1) == 544);
    CHECK(GetSidIdentifierAuthority(administrators)->Value[5] == 5);
    CHECK(InitializeSid(room, &nt, 2));
    *GetSidSubAuthority(room, 0) = 32;
    *GetSidSubAuthority(room, 1) = 544;
    CHECK(EqualSid(room, administrators) && !EqualSid(room, everyone));
    CHECK(CopySid(sizeof(room), room, everyone) && EqualSid(room, everyone));
    FAILS(CopySid(11, room, everyone), FALSE, ERROR_INSUFFICIENT_BUFFER);
    other = FromText("BA");
    CHECK(EqualSid(other, administrators) && LocalFree(other) == NULL);
    FAILS(ConvertStringSidToSidA("S-1-", &other), FALSE, ERROR_INVALID_SID);
    FAILS(ConvertStringSidToSidA(NULL, &other), FALSE, ERROR_INVALID_PARAMETER);
    CHECK(ConvertSidToStringSidW(everyone, &wide) && lstrlenW(wide) == 7 && LocalFree(wide) == NULL);
    room[0] = 9;
    CHECK(!IsValidSid(room));
    CHECK(FreeSid(everyone) == NULL && FreeSid(administrators) == NULL);

    size = 0;
    FAILS(CreateWellKnownSid(WinWorldSid, NULL, NULL, &size), FALSE, ERROR_INSUFFICIENT_BUFFER);
    CHECK_EQUAL(size, 12);
    for (kind = WinNullSid; kind <= WinBuiltinPowerUsersSid; kind++) {
        static const char *const texts[] = {
            "S-1-0-0", "S-1-1-0", "S-1-2-0", "S-1-3-0", "S-1-3-1", "S-1-3-2", "S-1-3-3", "S-1-5", "S-1-5-1", "S-1-5-2",
            "S-1-5-3", "S-1-5-4", "S-1-5-6", "S-1-5-7", "S-1-5-8", "S-1-5-9", "S-1-5-10", "S-1-5-11", "S-1-5-12",
            "S-1-5-13", "S-1-5-14", NULL, "S-1-5-18", "S-1-5-19", "S-1-5-20", "S-1-5-32", "S-1-5-32-544",
            "S-1-5-32-545", "S-1-5-32-546", "S-1-5-32-547",
        };
        size = sizeof(room);
        if (texts[kind] != NULL) {
            CHECK(CreateWellKnownSid((WELL_KNOWN_SID_TYPE)kind, NULL, room, &size));
            Is(room, texts[kind]);
        }
    }
}

static void Lists(void)
{
    ACL_SIZE_INFORMATION information;
    PSID everyone = FromText("S-1-1-0");
    ACCESS_ALLOWED_ACE *entry;
    PACL list = Empty(), found;
    BOOL present, defaulted;
    int count;

    CHECK(IsValidAcl(list) && AddAccessAllowedAceEx(list, ACL_REVISION, INHERIT_ONLY_ACE, GENERIC_WRITE, everyone));
    CHECK(AddAccessDeniedAce(list, ACL_REVISION, GENERIC_ALL, everyone) && IsValidAcl(list));
    CHECK(GetAclInformation(list, &information, sizeof(information), AclSizeInformation));
    CHECK(information.AceCount == 2 && information.AclBytesInUse == 48 &&
          information.AclBytesFree == sizeof(memory) - 48);
    CHECK(GetAce(list, 0, (LPVOID *)&entry) && entry->Header.AceType == ACCESS_ALLOWED_ACE_TYPE);
    CHECK(entry->Header.AceFlags == INHERIT_ONLY_ACE && entry->Mask == GENERIC_WRITE &&
          EqualSid(&entry->SidStart, everyone));
    CHECK(GetAce(list, 1, (LPVOID *)&entry) && entry->Header.AceType == ACCESS_DENIED_ACE_TYPE);
    FAILS(GetAce(list, 2, (LPVOID *)&entry), FALSE, ERROR_INVALID_PARAMETER);
    for (count = 2; AddAccessAllowedAce(list, ACL_REVISION, GENERIC_WRITE, everyone); count++)
        ;
    CHECK_EQUAL(GetLastError(), ERROR_ALLOTTED_SPACE_EXCEEDED);
    CHECK_EQUAL(count, (sizeof(memory) - 8) / 20);
    CHECK(GetSecurityDescriptorDacl(With(list), &present, &found, &defaulted) && present && found == list);
    CHECK(SetSecurityDescriptorOwner(&descriptor, everyone, FALSE) &&
          SetSecurityDescriptorGroup(&descriptor, NULL, FALSE));
    FAILS(InitializeAcl(list, 7, ACL_REVISION), FALSE, ERROR_INSUFFICIENT_BUFFER);
    FAILS(InitializeAcl(list, 64, 9), FALSE, ERROR_INVALID_PARAMETER);
    memory.list.AclRevision = 9;
    CHECK(!IsValidAcl(list));
    FAILS(AddAccessAllowedAce(list, ACL_REVISION, GENERIC_WRITE, everyone), FALSE, ERROR_INVALID_ACL);
    LocalFree(everyone);
}

static void Merged(void)
{
    EXPLICIT_ACCESSA changes[2];
    PSID everyone = FromText("S-1-1-0"), network = FromText("S-1-5-2");
    PACL list = NULL, second = NULL;
    ACCESS_ALLOWED_ACE *entry;

    memset(changes, 0, sizeof(changes));
    changes[0].grfAccessPermissions = GENERIC_WRITE;
    changes[0].grfAccessMode = SET_ACCESS;
    changes[0].Trustee.TrusteeForm = TRUSTEE_IS_SID;
    changes[0].Trustee.ptstrName = (LPSTR)everyone;
    changes[1] = changes[0];
    changes[1].grfAccessMode = DENY_ACCESS;
    changes[1].Trustee.ptstrName = (LPSTR)network;
    CHECK_EQUAL(SetEntriesInAclA(2, changes, NULL, &list), ERROR_SUCCESS);
    CHECK(list->AceCount == 2 && GetAce(list, 0, (LPVOID *)&entry) && EqualSid(&entry->SidStart, network));
#ifdef __linux__
    AdmitsSomebody(list, 0);
#endif
    changes[0].grfAccessMode = REVOKE_ACCESS;
    CHECK_EQUAL(SetEntriesInAclA(1, changes, list, &second), ERROR_SUCCESS);
    CHECK_EQUAL(second->AceCount, 1);
    LocalFree(second);
    changes[0].grfAccessMode = SET_ACCESS;
    changes[0].Trustee.TrusteeForm = TRUSTEE_IS_NAME;
    changes[0].Trustee.ptstrName = (LPSTR)"no such user";
    CHECK_EQUAL(SetEntriesInAclA(1, changes, NULL, &second), ERROR_NONE_MAPPED);
#ifdef __linux__
    changes[0].Trustee.ptstrName = (LPSTR)"CURRENT_USER";
    CHECK_EQUAL(SetEntriesInAclA(1, changes, NULL, &second), ERROR_SUCCESS);
    AdmitsSomebody(second, ERROR_ACCESS_DENIED);
    LocalFree(second);
    changes[0].Trustee.ptstrName = (LPSTR)"Everyone";
    CHECK_EQUAL(SetEntriesInAclA(1, changes, NULL, &second), ERROR_SUCCESS);
    AdmitsSomebody(second, 0);
    LocalFree(second);
#endif
    LocalFree(list);
    LocalFree(everyone);
    LocalFree(network);
}

#ifdef __linux__
/* Checks a list with one entry: whom it admits, or that the slot is refused. */
static void Single(const char *text, BOOL denies, DWORD mask, int somebody, DWORD refused)
{
    PSID sid = FromText(text);
    PACL list = Empty();
    CHECK((denies ? AddAccessDeniedAce : AddAccessAllowedAce)(list, ACL_REVISION, mask, sid));
    LocalFree(sid);
    if (refused != 0)
        FAILS(CreateWith(With(list)), INVALID_HANDLE_VALUE, refused);
    else
        AdmitsSomebody(list, somebody);
}

static void Slots(void)
{
    BYTE room[128];
    TOKEN_USER *user = (TOKEN_USER *)(void *)room;
    HANDLE token;
    DWORD size;
    char own[32];
    PSID sid = FromText("S-1-22-1-54321");

    AdmitsSomebody(NULL, 0);
    AdmitsSomebody(Empty(), ERROR_ACCESS_DENIED);
    CHECK(AddAccessAllowedAce(Empty(), ACL_REVISION, GENERIC_WRITE, sid) && LocalFree(sid) == NULL);
    Admits(With(&memory.list), 0, ERROR_ACCESS_DENIED);
    Single("S-1-1-0", FALSE, GENERIC_WRITE, 0, 0);
    Single("S-1-1-0", FALSE, FILE_GENERIC_WRITE, 0, 0);
    Single("S-1-1-0", FALSE, GENERIC_READ, ERROR_ACCESS_DENIED, 0);
    Single("S-1-5-11", FALSE, GENERIC_ALL, 0, 0);
    Single("S-1-5-32-544", FALSE, GENERIC_ALL, ERROR_ACCESS_DENIED, 0);
    Single("S-1-5-21-1-2-3-1000", FALSE, GENERIC_WRITE, 0, ERROR_NOT_SUPPORTED);
    Single("S-1-1-0", TRUE, GENERIC_WRITE, 0, ERROR_NOT_SUPPORTED);
    Single("S-1-22-1-54321", TRUE, GENERIC_WRITE, 0, ERROR_NOT_SUPPORTED);

    CHECK(OpenProcessToken(GetCurrentProcess(), TOKEN_QUERY, &token));
    FAILS(GetTokenInformation(token, TokenUser, NULL, 0, &size), FALSE, ERROR_INSUFFICIENT_BUFFER);
    CHECK(size <= sizeof(room) && GetTokenInformation(token, TokenUser, room, size, &size));
    FAILS(GetTokenInformation(token, TokenGroups, room, size, &size), FALSE, ERROR_NOT_SUPPORTED);
    FAILS(GetTokenInformation(NULL, TokenUser, room, size, &size), FALSE, ERROR_INVALID_HANDLE);
    FAILS(OpenThreadToken(GetCurrentThread(), TOKEN_QUERY, TRUE, &token), FALSE, ERROR_NO_TOKEN);
    sprintf(own, "S-1-22-1-%u", (unsigned)getuid());
    Is(user->User.Sid, own);
    Single(own, FALSE, GENERIC_ALL, ERROR_ACCESS_DENIED, 0);
    CHECK(CloseHandle(token));
}
#endif

int main(void)
{
    Identifiers();
    Lists();
    Merged();
#ifdef __linux__
    Slots();
#endif
    return 0;
}
