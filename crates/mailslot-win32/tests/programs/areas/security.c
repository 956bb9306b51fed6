/* Section 6: descriptors, made by hand and from text. Run by the superuser, it also tries them as another user. */
#define SLOT PREFIX "security"
#include "users.h"
#include <sddl.h>

static void TextAdmits(const char *text, int somebody, int nobody)
{
    PSECURITY_DESCRIPTOR descriptor = NULL;
    ULONG size = 0;
    CHECK(ConvertStringSecurityDescriptorToSecurityDescriptorA(text, SDDL_REVISION_1, &descriptor, &size));
    CHECK(size >= 20 && IsValidSecurityDescriptor(descriptor));
    Admits(descriptor, somebody, nobody);
    CHECK(LocalFree(descriptor) == NULL);
}

static void TextFails(const char *text, DWORD code)
{
    PSECURITY_DESCRIPTOR descriptor = (PSECURITY_DESCRIPTOR)text;
    FAILS(ConvertStringSecurityDescriptorToSecurityDescriptorA(text, SDDL_REVISION_1, &descriptor, NULL), FALSE, code);
    CHECK(descriptor == (PSECURITY_DESCRIPTOR)text);
}

/* A descriptor converts back to text: all of it, or the requested parts. */
static void TextReturns(const char *text, SECURITY_INFORMATION parts, const char *expected)
{
    PSECURITY_DESCRIPTOR descriptor = NULL;
    LPSTR narrow = NULL;
    LPWSTR wide = NULL;
    ULONG length = 77, i;
    CHECK(ConvertStringSecurityDescriptorToSecurityDescriptorA(text, SDDL_REVISION_1, &descriptor, NULL));
    CHECK(ConvertSecurityDescriptorToStringSecurityDescriptorA(descriptor, SDDL_REVISION_1, parts, &narrow, &length));
    CHECK(strcmp(narrow, expected) == 0);
    CHECK_EQUAL(length, strlen(expected) + 1);
    CHECK(ConvertSecurityDescriptorToStringSecurityDescriptorW(descriptor, SDDL_REVISION_1, parts, &wide, NULL));
    for (i = 0; i < length; i++)
        CHECK_EQUAL(wide[i], expected[i]);
    LocalFree(narrow);
    LocalFree(wide);
    LocalFree(descriptor);
}

static void Texts(void)
{
    const SECURITY_INFORMATION owner = OWNER_SECURITY_INFORMATION, group = GROUP_SECURITY_INFORMATION,
                               list = DACL_SECURITY_INFORMATION;
    SECURITY_DESCRIPTOR absolute;
    BYTE sid[SECURITY_MAX_SID_SIZE];
    DWORD size = sizeof(sid);
    LPSTR text = NULL;

    TextReturns("O:BAG:SYD:P(A;;GW;;;WD)", owner | group | list | SACL_SECURITY_INFORMATION, "O:BAG:SYD:P(A;;GW;;;WD)");
    TextReturns("O:BAG:SYD:P(A;;GW;;;WD)", owner, "O:BA");
    TextReturns("O:BAG:SYD:P(A;;GW;;;WD)", group, "G:SY");
    TextReturns("D:PAI(D;;GA;;;NU)(A;OICI;FA;;;S-1-22-1-7)", owner | list, "D:PAI(D;;GA;;;NU)(A;OICI;FA;;;S-1-22-1-7)");
    TextReturns("D:(A;;GRGW;;;S-1-1-0)", list, "D:(A;;GWGR;;;WD)");
    TextReturns("D:(A;;0x1200a9;;;AU)", list, "D:(A;;0x1200a9;;;AU)");
    TextReturns("D:", list, "D:");
    TextReturns("O:WD", list, "");

    CHECK(InitializeSecurityDescriptor(&absolute, SECURITY_DESCRIPTOR_REVISION));
    CHECK(SetSecurityDescriptorDacl(&absolute, TRUE, NULL, FALSE));
    CHECK(CreateWellKnownSid(WinWorldSid, NULL, sid, &size));
    CHECK(SetSecurityDescriptorOwner(&absolute, sid, FALSE));
    CHECK(ConvertSecurityDescriptorToStringSecurityDescriptorA(&absolute, 1, owner | group | list, &text, NULL));
    CHECK(strcmp(text, "O:WDD:NO_ACCESS_CONTROL") == 0);
    LocalFree(text);
    FAILS(ConvertSecurityDescriptorToStringSecurityDescriptorA(&absolute, 2, list, &text, NULL), FALSE,
          ERROR_UNKNOWN_REVISION);
    FAILS(ConvertSecurityDescriptorToStringSecurityDescriptorA(&absolute, 1, list, NULL, NULL), FALSE,
          ERROR_INVALID_PARAMETER);
    memset(&absolute, 0, sizeof(absolute));
    FAILS(ConvertSecurityDescriptorToStringSecurityDescriptorA(&absolute, 1, list, &text, NULL), FALSE,
          ERROR_INVALID_SECURITY_DESCR);
}

int main(void)
{
    SECURITY_DESCRIPTOR absolute;
    ACL empty = {2, 0, sizeof(ACL), 0, 0};
    PSECURITY_DESCRIPTOR descriptor;
    WCHAR wide[32];

    /* No restriction, in all its forms: every user may write. */
    Admits(NULL, 0, 0);
    CHECK(InitializeSecurityDescriptor(&absolute, SECURITY_DESCRIPTOR_REVISION));
    Admits(&absolute, 0, 0);
    CHECK(SetSecurityDescriptorDacl(&absolute, TRUE, NULL, FALSE));
    Admits(&absolute, 0, 0);
    /* An empty list: nobody else. */
    CHECK(SetSecurityDescriptorDacl(&absolute, TRUE, &empty, FALSE));
    Admits(&absolute, ERROR_ACCESS_DENIED, ERROR_ACCESS_DENIED);

    FAILS(InitializeSecurityDescriptor(&absolute, 2), FALSE, ERROR_UNKNOWN_REVISION);
    memset(&absolute, 0, sizeof(absolute));
    CHECK(!IsValidSecurityDescriptor(&absolute));
    FAILS(CreateWith(&absolute), INVALID_HANDLE_VALUE, ERROR_INVALID_SECURITY_DESCR);

    TextAdmits("D:(A;;GW;;;WD)", 0, 0);
    TextAdmits("O:SYG:SYD:(D;;GA;;;NU)(A;;GRGW;;;AU)", 0, 0);
    TextAdmits("D:P", ERROR_ACCESS_DENIED, ERROR_ACCESS_DENIED);
    TextAdmits("D:P(A;;GA;;;SY)(A;;GA;;;BA)", ERROR_ACCESS_DENIED, ERROR_ACCESS_DENIED);
    TextAdmits("D:(A;;GR;;;WD)", ERROR_ACCESS_DENIED, ERROR_ACCESS_DENIED);
    TextAdmits("D:(A;;GW;;;S-1-22-1-54321)", 0, ERROR_ACCESS_DENIED);
    if (getuid() == 0)
        TextAdmits("D:(A;;GW;;;S-1-22-2-54321)", 0, ERROR_ACCESS_DENIED);

    TextFails("D:(D;;GW;;;WD)", ERROR_NOT_SUPPORTED);
    TextFails("D:(A;;GW;;;S-1-5-21-1-2-3-1000)", ERROR_NOT_SUPPORTED);
    TextFails("D:(A;;GW;;;ZZ)", ERROR_INVALID_SID);
    TextFails("gibberish", ERROR_INVALID_PARAMETER);
    FAILS(ConvertStringSecurityDescriptorToSecurityDescriptorA("D:", 2, &descriptor, NULL), FALSE,
          ERROR_UNKNOWN_REVISION);
    FAILS(ConvertStringSecurityDescriptorToSecurityDescriptorA(NULL, 1, &descriptor, NULL), FALSE,
          ERROR_INVALID_PARAMETER);
    FAILS(ConvertStringSecurityDescriptorToSecurityDescriptorA("D:", 1, NULL, NULL), FALSE, ERROR_INVALID_PARAMETER);
    CHECK(MultiByteToWideChar(CP_ACP, 0, "D:(A;;GW;;;WD)", -1, wide, 32) == 15);
    CHECK(ConvertStringSecurityDescriptorToSecurityDescriptorW(wide, 1, &descriptor, NULL));
    Admits(descriptor, 0, 0);
    LocalFree(descriptor);
    Texts();
    return 0;
}
