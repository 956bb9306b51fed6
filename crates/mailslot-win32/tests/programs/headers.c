/* Every header, in arbitrary order, together with those of the language. */
#include <windows.h>
#ifdef __cplusplus
#include <algorithm>
#include <iostream>
#include <string>
#endif
#include <windows.h>
#include <accctrl.h>
#include <aclapi.h>
#include <conio.h>
#include <consoleapi.h>
#include <direct.h>
#include <io.h>
#include <mailslotapi.h>
#include <process.h>
#include <processenv.h>
#include <sal.h>
#include <sddl.h>
#include <securitybaseapi.h>
#include <sdkddkver.h>
#include <stdio.h>
#include <strsafe.h>
#include <sysinfoapi.h>
#include <tchar.h>
#include <timezoneapi.h>
#include <winbase.h>
#include <wincon.h>
#include <windef.h>
#include <winerror.h>
#include <winnls.h>
#include <winnt.h>
#include <winsock.h>
#include <winsock2.h>
#include <winuser.h>

int main(void)
{
#ifdef __cplusplus
    return std::min(0, 1);
#else
    return min(0, 1);
#endif
}
