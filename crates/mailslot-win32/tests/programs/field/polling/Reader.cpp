#include "Mailslot.h"
#include <stdio.h>
#include <string.h>

BOOL CMailslotReader::Create(LPCSTR lpszName)
{
    char szPath[MAX_PATH];
    strcpy_s(szPath, "\\\\.\\mailslot\\");
    strcat_s(szPath, lpszName);
    m_hSlot = CreateMailslotA(szPath, 0, 0, NULL);
    return m_hSlot != INVALID_HANDLE_VALUE;
}

void CMailslotReader::Close()
{
    if (m_hSlot != INVALID_HANDLE_VALUE)
        CloseHandle(m_hSlot);
    m_hSlot = INVALID_HANDLE_VALUE;
}

BOOL CMailslotReader::Take(char *pBuffer, DWORD cbBuffer)
{
    DWORD cbRead;
    while (!ReadFile(m_hSlot, pBuffer, cbBuffer, &cbRead, NULL))
    {
        if (GetLastError() != ERROR_SEM_TIMEOUT)
            return FALSE;
        Sleep(500);
    }
    m_nTaken++;
    return TRUE;
}

int main()
{
    CMailslotReader reader;
    if (!reader.Create("field-polling"))
    {
        printf_s("Cannot create the slot: %lu\n", GetLastError());
        return 1;
    }
    printf_s("Reading...\n");

    char buffer[64];
    while (reader.Take(buffer, sizeof(buffer)))
    {
        printf_s("%s\n", buffer);
        if (strstr(buffer, "quit") != NULL)
            break;
    }
    printf_s("%d messages\n", reader.Taken());
    return 0;
}
