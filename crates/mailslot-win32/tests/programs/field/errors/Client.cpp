#include "ErrorText.h"
#include <iostream>
#include <ctime>
#include <cstring>
#include <windows.h>

using namespace std;

int main(int argc, char *argv[])
{
    HANDLE hM;
    char wbuf[300];
    int n;
    try
    {
        if ((hM = CreateFile(TEXT("\\\\.\\mailslot\\field-errors"), GENERIC_WRITE, FILE_SHARE_READ, NULL, OPEN_EXISTING,
                             0, NULL)) == INVALID_HANDLE_VALUE)
            throw setError("CreateFile", GetLastError());
        cout << "Number of messages: ";
        cin >> n;
        clock_t start = clock();
        for (int i = 1; i <= n; i++)
        {
            sprintf(wbuf, "Hello from client %d", i);
            if (!WriteFile(hM, wbuf, strlen(wbuf) + 1, NULL, NULL))
                throw setError("WriteFile", GetLastError());
        }
        if (!WriteFile(hM, wbuf, 0, NULL, NULL))
            throw setError("WriteFile", GetLastError());
        cout << "Time: " << (double)(clock() - start) / CLK_TCK << " s" << endl;
        memset(wbuf, '.', sizeof(wbuf));
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
