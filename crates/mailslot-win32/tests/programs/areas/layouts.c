/* Section 9: constants and structures. Nothing happens at run time. */
#include "check.h"

#define SAME(name, expected) typedef char check_##name[(expected) ? 1 : -1] __attribute__((unused))

SAME(no_message, MAILSLOT_NO_MESSAGE == 0xFFFFFFFF && MAILSLOT_WAIT_FOREVER == 0xFFFFFFFF);
SAME(rights, GENERIC_READ == 0x80000000 && GENERIC_WRITE == 0x40000000 && GENERIC_EXECUTE == 0x20000000 &&
                 GENERIC_ALL == 0x10000000);
SAME(file_rights, FILE_READ_DATA == 1 && FILE_WRITE_DATA == 2 && FILE_APPEND_DATA == 4 && FILE_READ_EA == 8 &&
                      FILE_READ_ATTRIBUTES == 0x80);
SAME(standard, DELETE == 0x10000 && READ_CONTROL == 0x20000 && WRITE_DAC == 0x40000 && SYNCHRONIZE == 0x100000);
SAME(share, FILE_SHARE_READ == 1 && FILE_SHARE_WRITE == 2 && FILE_SHARE_DELETE == 4 && HANDLE_FLAG_INHERIT == 1);
SAME(dispositions, CREATE_NEW == 1 && CREATE_ALWAYS == 2 && OPEN_EXISTING == 3 && OPEN_ALWAYS == 4 &&
                       TRUNCATE_EXISTING == 5);
SAME(flags, FILE_ATTRIBUTE_NORMAL == 0x80 && FILE_FLAG_OVERLAPPED == 0x40000000 &&
                FILE_FLAG_WRITE_THROUGH == 0x80000000 && FILE_FLAG_NO_BUFFERING == 0x20000000 &&
                FILE_FLAG_DELETE_ON_CLOSE == 0x04000000 && FILE_FLAG_BACKUP_SEMANTICS == 0x02000000);
SAME(types, FILE_TYPE_UNKNOWN == 0 && FILE_TYPE_DISK == 1 && FILE_TYPE_CHAR == 2 && FILE_TYPE_PIPE == 3);
SAME(waits, WAIT_OBJECT_0 == 0 && WAIT_IO_COMPLETION == 0xC0 && WAIT_TIMEOUT == 0x102 && WAIT_FAILED == 0xFFFFFFFF);
SAME(pending, STATUS_PENDING == 0x103);
SAME(codes, ERROR_FILE_NOT_FOUND == 2 && ERROR_PATH_NOT_FOUND == 3 && ERROR_ACCESS_DENIED == 5 &&
                ERROR_INVALID_HANDLE == 6 && ERROR_HANDLE_EOF == 38 && ERROR_BAD_NETPATH == 53 &&
                ERROR_INVALID_PARAMETER == 87 && ERROR_SEM_TIMEOUT == 121 && ERROR_INSUFFICIENT_BUFFER == 122 &&
                ERROR_INVALID_NAME == 123 && ERROR_ALREADY_EXISTS == 183 && ERROR_FILENAME_EXCED_RANGE == 206 &&
                ERROR_OPERATION_ABORTED == 995 && ERROR_IO_INCOMPLETE == 996 && ERROR_IO_PENDING == 997 &&
                ERROR_NOACCESS == 998 && ERROR_NOT_FOUND == 1168 && ERROR_NO_SYSTEM_RESOURCES == 1450 &&
                ERROR_INVALID_USER_BUFFER == 1784 && ERROR_REMOTE_MAILSLOTS_DEPRECATED == 3025);
SAME(units, sizeof(WCHAR) == 2 && sizeof(DWORD) == 4 && sizeof(LONG) == 4 && sizeof(BOOL) == 4 && sizeof(WORD) == 2);
#ifdef __LP64__
SAME(attributes, sizeof(SECURITY_ATTRIBUTES) == 24 && offsetof(SECURITY_ATTRIBUTES, lpSecurityDescriptor) == 8 &&
                     offsetof(SECURITY_ATTRIBUTES, bInheritHandle) == 16);
SAME(overlapped, sizeof(OVERLAPPED) == 32 && offsetof(OVERLAPPED, InternalHigh) == 8 &&
                     offsetof(OVERLAPPED, Offset) == 16 && offsetof(OVERLAPPED, OffsetHigh) == 20 &&
                     offsetof(OVERLAPPED, hEvent) == 24);
SAME(descriptor, sizeof(SECURITY_DESCRIPTOR) == 40 && offsetof(SECURITY_DESCRIPTOR, Dacl) == 32);
SAME(startup, offsetof(STARTUPINFOA, dwFlags) == 60 && sizeof(STARTUPINFOA) == 104);
SAME(process, sizeof(PROCESS_INFORMATION) == 24);
#endif

int main(void)
{
    CHECK((LONG_PTR)INVALID_HANDLE_VALUE == -1);
    return 0;
}
