#ifndef _MAILSLOT_CLASSES_H_
#define _MAILSLOT_CLASSES_H_

#include <Windows.h>

// The reading end.
class CMailslotReader
{
public:
    CMailslotReader() : m_hSlot(INVALID_HANDLE_VALUE), m_nTaken(0) {}
    virtual ~CMailslotReader() { Close(); }

    BOOL Create(LPCSTR lpszName);
    void Close();
    // Waits for a message; FALSE: it does not fit, or the slot is closed.
    BOOL Take(char *pBuffer, DWORD cbBuffer);
    int Taken() const { return m_nTaken; }

private:
    HANDLE m_hSlot;
    int m_nTaken;
};

// The writing end, which puts the computer's name before each message.
class CMailslotWriter
{
public:
    CMailslotWriter() : m_hFile(INVALID_HANDLE_VALUE) {}
    virtual ~CMailslotWriter();

    BOOL Open(LPCSTR lpszComputer, LPCSTR lpszName);
    BOOL Put(LPCSTR lpszText);

private:
    HANDLE m_hFile;
    char m_szComputer[MAX_COMPUTERNAME_LENGTH + 1];
};

#endif
