#include "Mailslot.h"
#include <stdio.h>
#include <string.h>

CMailslotWriter::~CMailslotWriter()
{
    if (m_hFile != INVALID_HANDLE_VALUE)
        CloseHandle(m_hFile);
}

BOOL CMailslotWriter::Open(LPCSTR lpszComputer, LPCSTR lpszName)
{
    char szPath[MAX_PATH];
    DWORD cchComputer = sizeof(m_szComputer);
    if (!GetComputerNameA(m_szComputer, &cchComputer))
        return FALSE;
    sprintf_s(szPath, "\\\\%s\\mailslot\\%s", lpszComputer, lpszName);
    m_hFile = CreateFileA(szPath, GENERIC_WRITE, FILE_SHARE_READ, NULL, OPEN_EXISTING, FILE_ATTRIBUTE_NORMAL, NULL);
    return m_hFile != INVALID_HANDLE_VALUE;
}

BOOL CMailslotWriter::Put(LPCSTR lpszText)
{
    char szMessage[64];
    DWORD cbWritten;
    strcpy_s(szMessage, m_szComputer);
    strcat_s(szMessage, ": ");
    strcat_s(szMessage, lpszText);
    return WriteFile(m_hFile, szMessage, (DWORD)strlen(szMessage) + 1, &cbWritten, NULL);
}

int main(int argc, char *argv[])
{
    CMailslotWriter writer;
    if (!writer.Open(".", "field-polling"))
    {
        printf_s("Cannot open the slot\n");
        return 1;
    }
    for (;;)
    {
        char szText[32];
        printf_s("? ");
        if (scanf_s("%31s", szText, (unsigned)sizeof(szText)) != 1)
            break;
        if (!writer.Put(szText))
            printf_s("not sent\n");
        if (strcmp(szText, "quit") == 0)
            break;
    }
    return 0;
}
