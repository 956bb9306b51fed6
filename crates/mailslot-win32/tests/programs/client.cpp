// (b) Its client: a message of 256 bytes for every word of standard input.
#include <windows.h>
#include <iostream>
#include <string>
#include <cstring>

using namespace std;

int main()
{
    HANDLE slot = CreateFile(TEXT("\\\\.\\mailslot\\MyMailslot"), GENERIC_WRITE, FILE_SHARE_READ, NULL,
                             CREATE_ALWAYS, FILE_ATTRIBUTE_NORMAL, NULL);
    if (slot == INVALID_HANDLE_VALUE) {
        cerr << "CreateFile failed: " << GetLastError() << endl;
        return 1;
    }

    string word;
    while (cin >> word) {
        char buffer[256];
        DWORD written;
        memset(buffer, 0, sizeof(buffer));
        strncpy(buffer, word.c_str(), sizeof(buffer) - 1);
        if (!WriteFile(slot, buffer, sizeof(buffer), &written, NULL)) {
            cerr << "WriteFile failed: " << GetLastError() << endl;
            break;
        }
        cout << "Sent " << written << " bytes: " << word << endl;
        if (word == "quit")
            break;
    }

    CloseHandle(slot);
    return 0;
}
