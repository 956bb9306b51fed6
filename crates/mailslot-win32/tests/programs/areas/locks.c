/* Locks in the program's memory, interlocked functions, and thread-local values. */
#include "check.h"

#define THREADS 4
#define TURNS 500

static CRITICAL_SECTION section;
static SRWLOCK slim = SRWLOCK_INIT;
static CONDITION_VARIABLE condition = CONDITION_VARIABLE_INIT;
static INIT_ONCE once = INIT_ONCE_STATIC_INIT;
static volatile LONG counter, inits, pairs[2];
#ifdef __MINGW32__
static __thread int own = 5;
#else
static __declspec(thread) int own = 5;
#endif
static DWORD slot;
static int queue;

static void Run(LPTHREAD_START_ROUTINE routine)
{
    HANDLE threads[THREADS];
    int i;
    for (i = 0; i < THREADS; i++)
        CHECK((threads[i] = CreateThread(NULL, 0, routine, (LPVOID)(ULONG_PTR)i, 0, NULL)) != NULL);
    CHECK_EQUAL(WaitForMultipleObjects(THREADS, threads, TRUE, INFINITE), WAIT_OBJECT_0);
    for (i = 0; i < THREADS; i++)
        CHECK(CloseHandle(threads[i]));
}

static DWORD WINAPI TryFromOutside(LPVOID unused)
{
    (void)unused;
    return (DWORD)(TryEnterCriticalSection(&section) != 0);
}

static DWORD Outside(void)
{
    DWORD code = 77;
    HANDLE thread = CreateThread(NULL, 0, TryFromOutside, NULL, 0, NULL);
    CHECK_EQUAL(WaitForSingleObject(thread, INFINITE), WAIT_OBJECT_0);
    CHECK(GetExitCodeThread(thread, &code) && CloseHandle(thread));
    return code;
}

static DWORD WINAPI CountInSection(LPVOID unused)
{
    int i;
    (void)unused;
    for (i = 0; i < TURNS; i++) {
        EnterCriticalSection(&section);
        EnterCriticalSection(&section);
        counter = counter + 1;
        LeaveCriticalSection(&section);
        LeaveCriticalSection(&section);
    }
    return 0;
}

static DWORD WINAPI ReadAndWrite(LPVOID number)
{
    int i;
    for (i = 0; i < TURNS; i++) {
        if ((ULONG_PTR)number % 2) {
            AcquireSRWLockExclusive(&slim);
            pairs[0] = pairs[0] + 1;
            pairs[1] = pairs[1] + 1;
            ReleaseSRWLockExclusive(&slim);
        } else {
            AcquireSRWLockShared(&slim);
            CHECK_EQUAL(pairs[0], pairs[1]);
            ReleaseSRWLockShared(&slim);
        }
    }
    return 0;
}

/* Two threads put in, two take out, with either kind of lock. */
static DWORD WINAPI PassOnInSection(LPVOID number)
{
    int i;
    for (i = 0; i < TURNS; i++) {
        EnterCriticalSection(&section);
        if ((ULONG_PTR)number % 2) {
            queue++;
        } else {
            while (queue == 0)
                CHECK(SleepConditionVariableCS(&condition, &section, INFINITE));
            queue--;
        }
        LeaveCriticalSection(&section);
        WakeConditionVariable(&condition);
    }
    return 0;
}

static DWORD WINAPI PassOnInSlim(LPVOID number)
{
    int i;
    for (i = 0; i < TURNS; i++) {
        AcquireSRWLockExclusive(&slim);
        if ((ULONG_PTR)number % 2) {
            queue++;
        } else {
            while (queue == 0)
                CHECK(SleepConditionVariableSRW(&condition, &slim, INFINITE, 0));
            queue--;
        }
        ReleaseSRWLockExclusive(&slim);
        WakeAllConditionVariable(&condition);
    }
    return 0;
}

static BOOL CALLBACK Fail(PINIT_ONCE unused, PVOID parameter, PVOID *context)
{
    (void)unused, (void)parameter, (void)context;
    return FALSE;
}

static BOOL CALLBACK Init(PINIT_ONCE unused, PVOID parameter, PVOID *context)
{
    (void)unused;
    Sleep(5);
    InterlockedIncrement(&inits);
    *context = parameter;
    return TRUE;
}

static DWORD WINAPI InitOnce(LPVOID unused)
{
    PVOID context = NULL;
    (void)unused;
    CHECK(InitOnceExecuteOnce(&once, Init, (PVOID)&counter, &context));
    CHECK(context == (PVOID)&counter);
    CHECK_EQUAL(inits, 1);
    return 0;
}

static DWORD WINAPI CountInterlocked(LPVOID unused)
{
    int i;
    (void)unused;
    for (i = 0; i < TURNS; i++) {
        InterlockedIncrement(&counter);
        InterlockedExchangeAdd(&counter, 2);
        while (1) {
            LONG seen = counter;
            if (InterlockedCompareExchange(&counter, seen - 1, seen) == seen)
                break;
        }
    }
    return 0;
}

static DWORD WINAPI OwnValues(LPVOID number)
{
    CHECK(TlsGetValue(slot) == NULL);
    CHECK_EQUAL(GetLastError(), ERROR_SUCCESS);
    CHECK_EQUAL(own, 5);
    own = (int)(ULONG_PTR)number;
    CHECK(TlsSetValue(slot, &own));
    Sleep(1);
    CHECK(TlsGetValue(slot) == &own);
    CHECK_EQUAL(own, (int)(ULONG_PTR)number);
    return 0;
}

static void Sections(void)
{
    InitializeCriticalSection(&section);
    EnterCriticalSection(&section);
    CHECK(TryEnterCriticalSection(&section));
    LeaveCriticalSection(&section);
    CHECK_EQUAL(Outside(), 0);
    LeaveCriticalSection(&section);
    Run(CountInSection);
    CHECK_EQUAL(counter, THREADS * TURNS);
    Run(PassOnInSection);
    CHECK_EQUAL(queue, 0);
    EnterCriticalSection(&section);
    FAILS(SleepConditionVariableCS(&condition, &section, 5), FALSE, ERROR_TIMEOUT);
    LeaveCriticalSection(&section);
    DeleteCriticalSection(&section);
    CHECK(InitializeCriticalSectionAndSpinCount(&section, 4000));
    DeleteCriticalSection(&section);
}

static void Slim(void)
{
    Run(ReadAndWrite);
    CHECK_EQUAL(pairs[0], THREADS / 2 * TURNS);
    CHECK(TryAcquireSRWLockShared(&slim) && TryAcquireSRWLockShared(&slim));
    CHECK(!TryAcquireSRWLockExclusive(&slim));
    ReleaseSRWLockShared(&slim);
    ReleaseSRWLockShared(&slim);
    CHECK(TryAcquireSRWLockExclusive(&slim));
    CHECK(!TryAcquireSRWLockShared(&slim) && !TryAcquireSRWLockExclusive(&slim));
    ReleaseSRWLockExclusive(&slim);
    Run(PassOnInSlim);
    CHECK_EQUAL(queue, 0);
    AcquireSRWLockShared(&slim);
    FAILS(SleepConditionVariableSRW(&condition, &slim, 5, CONDITION_VARIABLE_LOCKMODE_SHARED), FALSE, ERROR_TIMEOUT);
    ReleaseSRWLockShared(&slim);
}

static void Interlocked(void)
{
    LONG value = 7;
    LONG64 large = 1ll << 40;
    SHORT small = -1;
    PVOID pointer = &value;
    counter = 0;
    Run(CountInterlocked);
    CHECK_EQUAL(counter, 2 * THREADS * TURNS);
    CHECK_EQUAL(InterlockedIncrement(&value), 8);
    CHECK_EQUAL(InterlockedDecrement(&value), 7);
    CHECK_EQUAL(InterlockedExchange(&value, 12), 7);
    CHECK_EQUAL(InterlockedExchangeAdd(&value, 3), 12);
    CHECK_EQUAL(InterlockedCompareExchange(&value, 1, 2), 15);
    CHECK_EQUAL(InterlockedOr(&value, 0x40), 0x0F);
    CHECK_EQUAL(InterlockedAnd(&value, 0x41), 0x4F);
    CHECK_EQUAL(InterlockedXor(&value, 1), 0x41);
    CHECK_EQUAL(value, 0x40);
    CHECK_EQUAL(InterlockedIncrement64(&large), (1ll << 40) + 1);
    CHECK_EQUAL(InterlockedCompareExchange64(&large, 3, (1ll << 40) + 1), (1ll << 40) + 1);
    CHECK_EQUAL(large, 3);
    CHECK_EQUAL(InterlockedIncrement16(&small), 0);
    CHECK_EQUAL(InterlockedIncrementAcquire(&value), 0x41);
    CHECK(InterlockedExchangePointer(&pointer, NULL) == &value);
    CHECK(InterlockedCompareExchangePointer(&pointer, &large, NULL) == NULL && pointer == &large);
    CHECK(InterlockedBitTestAndSet(&value, 0) && !InterlockedBitTestAndSet(&value, 4));
    CHECK_EQUAL(value, 0x51);
    CHECK(InterlockedBitTestAndReset(&value, 4) && !InterlockedBitTestAndReset(&value, 4));
    MemoryBarrier();
    YieldProcessor();
}

int main(void)
{
    PVOID context = NULL;
    Sections();
    Slim();
    Interlocked();
    CHECK(!InitOnceExecuteOnce(&once, Fail, NULL, NULL));
    Run(InitOnce);
    CHECK(InitOnceExecuteOnce(&once, Fail, NULL, &context) && context == (PVOID)&counter);
    CHECK((slot = TlsAlloc()) != TLS_OUT_OF_INDEXES);
    Run(OwnValues);
    CHECK(TlsFree(slot));
    FAILS(TlsFree(slot), FALSE, ERROR_INVALID_PARAMETER);
    FAILS(TlsGetValue(77777), NULL, ERROR_INVALID_PARAMETER);
    return 0;
}
