#define RECORD_LENGTH 20
#define SLOT_NAME     TEXT("\\\\.\\mailslot\\field-group")
#define READY_EVENT   TEXT("FieldGroupReady")
#define FULL_EVENT    TEXT("FieldGroupFull")
#define DONE_EVENT    TEXT("FieldGroupDone")
#define SEMAPHORE     TEXT("FieldGroupPlaces")

enum { BLUE = FOREGROUND_BLUE | FOREGROUND_INTENSITY, GREEN = FOREGROUND_GREEN, GREY = 7 };
