// Sends numbers to the adding server.
#include <iostream>
#include <windows.h>

using namespace std;

int main()
{
    HANDLE hMailslot = CreateFile(TEXT("\\\\.\\mailslot\\field-numbers"), GENERIC_WRITE,
                                  FILE_SHARE_READ | FILE_SHARE_WRITE, NULL, OPEN_EXISTING, 0, NULL);
    if (hMailslot == INVALID_HANDLE_VALUE)
    {
        DWORD dwError = GetLastError();
        cerr << "Create file failed." << endl
             << "The last error code: " << dwError << endl;
        return 1;
    }

    int n;
    cout << "Input numbers, zero ends the server: ";
    while (cin >> n)
    {
        DWORD dwBytesWritten;
        if (!WriteFile(hMailslot, &n, sizeof(n), &dwBytesWritten, NULL))
        {
            cerr << "Write file failed." << endl;
            break;
        }
        if (n == 0 || n == 999)
            break;
        cout << "next: ";
    }
    CloseHandle(hMailslot);
    return 0;
}
