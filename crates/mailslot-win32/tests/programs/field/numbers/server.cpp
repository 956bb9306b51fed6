// Adds numbers from many clients, until one of them sends a zero.
#include <iostream>
#include <windows.h>

using namespace std;

int main()
{
    HANDLE hMailslot = CreateMailslot(TEXT("\\\\.\\mailslot\\field-numbers"), sizeof(int), MAILSLOT_WAIT_FOREVER, NULL);
    if (hMailslot == INVALID_HANDLE_VALUE)
    {
        DWORD dwError = GetLastError();
        cerr << "Create mailslot failed." << endl
             << "The last error code: " << dwError << endl;
        cout << "Press any key to finish.";
        cin.get();
        return 1;
    }
    cout << "The mailslot is created." << endl;

    int sum = 0;
    for (;;)
    {
        int nData;
        DWORD dwBytesRead;
        cout << "waiting ... " << flush;
        if (!ReadFile(hMailslot, &nData, sizeof(nData), &dwBytesRead, NULL))
        {
            cerr << "Read file failed: " << GetLastError() << endl;
            CloseHandle(hMailslot);
            return 1;
        }
        if (nData == 0)
            break;
        sum += nData;
        cout << "got " << nData << " in " << dwBytesRead << " bytes, the sum is " << sum << endl;
    }
    cout << "zero, the end" << endl;
    CloseHandle(hMailslot);
    return 0;
}
