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

int main(void)
{
    SECURITY_DESCRIPTOR absolute;
    ACL empty = {2, 0, sizeof(ACL), 0, 0};
    PSECURITY_DESCRIPTOR descriptor;
    WCHAR wide[32];

    /* Nothing said, in all its forms: every user may write. */
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
    return 0;
}
