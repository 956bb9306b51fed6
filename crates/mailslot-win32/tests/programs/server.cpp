// (a) A server that prints what its clients write, until one of them says quit.
#include <windows.h>
#include <iostream>
#include <cstring>

using namespace std;

int main()
{
    LPCTSTR slotName = TEXT("\\\\.\\mailslot\\MyMailslot");

    HANDLE slot = CreateMailslot(slotName, 0, MAILSLOT_WAIT_FOREVER, NULL);
    if (slot == INVALID_HANDLE_VALUE) {
        cerr << "CreateMailslot failed: " << GetLastError() << endl;
        return 1;
    }
    cout << "Server is running" << endl;

    for (;;) {
        char buffer[256];
        DWORD bytesRead = 0;
        if (!ReadFile(slot, buffer, sizeof(buffer), &bytesRead, NULL)) {
            cerr << "ReadFile failed: " << GetLastError() << endl;
            CloseHandle(slot);
            return 1;
        }
        buffer[sizeof(buffer) - 1] = '\0';
        cout << "Client: " << buffer << endl;
        if (strcmp(buffer, "quit") == 0)
            break;
    }

    CloseHandle(slot);
    return 0;
}
