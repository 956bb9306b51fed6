#include "ErrorText.h"
#include <iostream>
#include <ctime>
#include <windows.h>

using namespace std;

const int LENGTH = 300;

int main(int argc, char *argv[])
{
    HANDLE hM;
    DWORD rb;
    char rbuf[LENGTH];
    clock_t start = 0, end;
    int count = 0;
    try
    {
        if ((hM = CreateMailslot(TEXT("\\\\.\\mailslot\\field-errors"), LENGTH, 180000, NULL)) == INVALID_HANDLE_VALUE)
            throw setError("CreateMailslot", GetLastError());
        cout << "Server is ready" << endl;
        do
        {
            if (!ReadFile(hM, rbuf, sizeof(rbuf), &rb, NULL))
                throw setError("ReadFile", GetLastError());
            if (count == 0)
                start = clock();
            if (rb > 0)
            {
                count++;
                if (count % 100 == 1)
                    cout << rbuf << endl;
            }
        } while (rb > 0);
        end = clock();
        cout << count << " messages" << endl;
        cout << "Time: " << (double)(end - start) / CLK_TCK << " s" << endl;
        if (!CloseHandle(hM))
            throw setError("CloseHandle", GetLastError());
    }
    catch (string errorText)
    {
        cout << errorText << endl;
        return 1;
    }
    return 0;
}
