#pragma once
#include <string>
#include <cstdio>
#include <windows.h>

using namespace std;

inline string getErrorText(int code)
{
    string text;
    switch (code)
    {
    case ERROR_FILE_NOT_FOUND:     text = "there is no such mailslot"; break;
    case ERROR_ACCESS_DENIED:      text = "access denied"; break;
    case ERROR_INVALID_PARAMETER:  text = "wrong parameter"; break;
    case ERROR_ALREADY_EXISTS:     text = "the mailslot exists already"; break;
    case ERROR_SEM_TIMEOUT:        text = "nothing came in time"; break;
    case ERROR_INSUFFICIENT_BUFFER: text = "the message is too long"; break;
    case ERROR_BAD_PIPE:           text = "bad pipe"; break;
    case ERROR_PIPE_BUSY:          text = "the pipe is busy"; break;
    case ERROR_NO_DATA:            text = "the pipe is being closed"; break;
    case ERROR_PIPE_NOT_CONNECTED: text = "nobody at the other end"; break;
    case ERROR_PIPE_CONNECTED:     text = "somebody at the other end"; break;
    case ERROR_PIPE_LISTENING:     text = "waiting for somebody"; break;
    case ERROR_MORE_DATA:          text = "there is more data"; break;
    case ERROR_PIPE_LOCAL:         text = "the pipe is local"; break;
    case ERROR_CANNOT_IMPERSONATE: text = "no impersonation before the first read"; break;
    default:
    {
        char number[40];
        sprintf(number, "error %d", code);
        text = number;
    }
    }
    return text;
}

inline string setError(string where, int code)
{
    return where + ": " + getErrorText(code);
}
