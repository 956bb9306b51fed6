/* Processes that share named objects are killed at any instant, hundreds of times, while they hold them and while they
 * wait. No process hangs, abandoned mutexes are reported, and counts are right.
 *
 *   kill_storm SEED ROUNDS          starts and kills workers; prints what happened
 *   kill_storm SEED ROUNDS NUMBER   is a worker
 *
 * $STORM_FILE is a file that all of them map: the test's record of dead processes. */
#include "areas/check.h"
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#define WORKERS 6
#define MUTEXES 2
#define UNITS 3

enum Phase { NOTHING, TAKING, HAS, RELEASING };

static struct Shared {
    /* Whether a process is between taking a mutex and releasing it. */
    volatile int inside[MUTEXES];
    /* The phase of each worker with a unit of the semaphore. */
    volatile int phase[WORKERS];
    volatile int taken, abandoned;
} *shared;

static HANDLE stop, mutexes[MUTEXES], semaphore, bell, timer;

static unsigned random_state;

static unsigned Random(unsigned below)
{
    random_state = random_state * 1664525u + 1013904223u;
    return (random_state >> 8) % below;
}

static void OpenAll(void)
{
    const char *file = getenv("STORM_FILE");
    int fd;
    CHECK(file != NULL && (fd = open(file, O_RDWR | O_CREAT | O_CLOEXEC, 0600)) >= 0);
    CHECK(ftruncate(fd, sizeof(*shared)) == 0);
    shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    CHECK(shared != MAP_FAILED && close(fd) == 0);
    CHECK((stop = CreateEventA(NULL, TRUE, FALSE, "storm stop")) != NULL);
    CHECK((mutexes[0] = CreateMutexA(NULL, FALSE, "storm one")) != NULL);
    CHECK((mutexes[1] = CreateMutexA(NULL, FALSE, "Global\\storm two")) != NULL);
    CHECK((semaphore = CreateSemaphoreA(NULL, UNITS, UNITS, "storm semaphore")) != NULL);
    CHECK((bell = CreateEventA(NULL, FALSE, FALSE, "storm bell")) != NULL);
    CHECK((timer = CreateWaitableTimerA(NULL, FALSE, "storm timer")) != NULL);
}

static void CloseAll(void)
{
    CHECK(CloseHandle(stop) && CloseHandle(mutexes[0]) && CloseHandle(mutexes[1]) && CloseHandle(semaphore));
    CHECK(CloseHandle(bell) && CloseHandle(timer));
}

/* This process holds the mutex. If it was abandoned, its holder may have died at any point. */
static void Inside(int which, int abandoned, int counts)
{
    __atomic_fetch_add(&shared->taken, 1, __ATOMIC_RELAXED);
    if (abandoned)
        __atomic_fetch_add(&shared->abandoned, counts, __ATOMIC_RELAXED);
    else
        CHECK_EQUAL(shared->inside[which], 0);
    shared->inside[which] = 1;
    if (Random(4) == 0)
        usleep(Random(300));
    shared->inside[which] = 0;
    CHECK(ReleaseMutex(mutexes[which]));
}

/* Returns the index with which the wait ended, or -1 for the event that stops all. */
static int Wait(DWORD count, const HANDLE *objects, int *abandoned)
{
    DWORD result = WaitForMultipleObjects(count, objects, FALSE, INFINITE);
    *abandoned = result >= WAIT_ABANDONED_0 && result < WAIT_ABANDONED_0 + count;
    CHECK(result < WAIT_OBJECT_0 + count || *abandoned);
    if (*abandoned)
        result -= WAIT_ABANDONED_0;
    return (int)result - 1;
}

static int UseMutex(void)
{
    HANDLE objects[2];
    int which = (int)Random(MUTEXES), abandoned, ended;
    objects[0] = stop;
    objects[1] = mutexes[which];
    if ((ended = Wait(2, objects, &abandoned)) < 0)
        return 0;
    if (Random(3) == 0) {
        CHECK_EQUAL(WaitForSingleObject(mutexes[which], 0), WAIT_OBJECT_0);
        CHECK(ReleaseMutex(mutexes[which]));
    }
    Inside(which, abandoned, 1);
    return 1;
}

/* Both at once, or neither. */
static void UseBoth(void)
{
    DWORD result = WaitForMultipleObjects(MUTEXES, mutexes, TRUE, Random(5));
    int i;
    if (result == WAIT_TIMEOUT)
        return;
    CHECK(result == WAIT_OBJECT_0 || result == WAIT_ABANDONED_0);
    for (i = 0; i < MUTEXES; i++)
        Inside(i, result == WAIT_ABANDONED_0, i == 0);
}

static int UseSemaphore(int worker)
{
    HANDLE objects[2];
    int abandoned;
    objects[0] = stop;
    objects[1] = semaphore;
    shared->phase[worker] = TAKING;
    if (Wait(2, objects, &abandoned) < 0) {
        shared->phase[worker] = NOTHING;
        return 0;
    }
    shared->phase[worker] = HAS;
    if (Random(4) == 0)
        usleep(Random(300));
    shared->phase[worker] = RELEASING;
    CHECK(ReleaseSemaphore(semaphore, 1, NULL));
    shared->phase[worker] = NOTHING;
    return 1;
}

static void UseOthers(void)
{
    LARGE_INTEGER due;
    HANDLE objects[3];
    due.QuadPart = -(LONGLONG)Random(20000);
    CHECK(SetEvent(bell));
    CHECK(SetWaitableTimer(timer, &due, 0, NULL, NULL, FALSE));
    objects[0] = stop;
    objects[1] = bell;
    objects[2] = timer;
    CHECK(WaitForMultipleObjects(3, objects, FALSE, Random(4)) != WAIT_FAILED);
}

static int Work(int worker)
{
    int goes_on = 1;
    while (goes_on && WaitForSingleObject(stop, 0) == WAIT_TIMEOUT) {
        switch (Random(8)) {
        case 0: UseBoth(); break;
        case 1: UseOthers(); break;
        case 2: case 3: case 4: goes_on = UseSemaphore(worker); break;
        default: goes_on = UseMutex();
        }
    }
    return 0;
}

static HANDLE Start(char **argv, int round, int worker)
{
    char line[1000];
    STARTUPINFOA startup;
    PROCESS_INFORMATION child;
    memset(&startup, 0, sizeof(startup));
    sprintf(line, "\"%s\" %u 0 %d", argv[0], (unsigned)atoi(argv[1]) + (unsigned)(round * WORKERS + worker), worker);
    CHECK(CreateProcessA(NULL, line, NULL, NULL, FALSE, 0, NULL, NULL, &startup, &child));
    CHECK(CloseHandle(child.hThread));
    return child.hProcess;
}

int main(int argc, char **argv)
{
    HANDLE workers[WORKERS];
    int rounds, round, i, unsure = 0, left = 0, had = 0;
    CHECK(argc > 2);
    random_state = (unsigned)atoi(argv[1]);
    rounds = atoi(argv[2]);
    OpenAll();
    if (argc > 3)
        return Work(atoi(argv[3]));
    printf("seed %s\n", argv[1]);
    fflush(stdout);
    for (i = 0; i < WORKERS; i++)
        workers[i] = Start(argv, 0, i);
    for (round = 1; round <= rounds; round++) {
        int victim = (int)Random(WORKERS), abandoned;
        usleep(Random(12000));
        CHECK(TerminateProcess(workers[victim], 9));
        CHECK_EQUAL(WaitForSingleObject(workers[victim], INFINITE), WAIT_OBJECT_0);
        CHECK(CloseHandle(workers[victim]));
        switch (shared->phase[victim]) {
        case HAS:
            had++;
            CHECK(ReleaseSemaphore(semaphore, 1, NULL));
            break;
        case TAKING: case RELEASING: unsure++; break;
        }
        shared->phase[victim] = NOTHING;
        /* The killing process is not held up either. */
        if (Random(4) == 0) {
            CHECK(Wait(1, &mutexes[victim % MUTEXES], &abandoned) == -1);
            Inside(victim % MUTEXES, abandoned, 1);
        }
        workers[victim] = Start(argv, round, victim);
    }
    CHECK(SetEvent(stop));
    for (i = 0; i < WORKERS; i++) {
        DWORD code = 77;
        CHECK_EQUAL(WaitForSingleObject(workers[i], INFINITE), WAIT_OBJECT_0);
        CHECK(GetExitCodeProcess(workers[i], &code) && CloseHandle(workers[i]));
        CHECK_EQUAL(code, 0);
    }
    while (WaitForSingleObject(semaphore, 0) == WAIT_OBJECT_0)
        left++;
    CHECK(left <= UNITS && left >= UNITS - unsure);
    for (i = 0; i < MUTEXES; i++) {
        DWORD result = WaitForSingleObject(mutexes[i], 0);
        CHECK(result == WAIT_OBJECT_0 || result == WAIT_ABANDONED);
        CHECK(result == WAIT_ABANDONED || shared->inside[i] == 0);
        CHECK(ReleaseMutex(mutexes[i]));
        CHECK_EQUAL(WaitForSingleObject(mutexes[i], 0), WAIT_OBJECT_0);
        CHECK(ReleaseMutex(mutexes[i]));
    }
    /* None was reported repeatedly: a killed process has abandoned two at most. */
    CHECK(shared->abandoned > 0 && shared->abandoned <= MUTEXES * rounds);
    printf("killed %d, with a unit %d, taken %d, abandoned %d\n", rounds, had, shared->taken, shared->abandoned);
    CloseAll();
    FAILS(OpenEventA(SYNCHRONIZE, FALSE, "storm stop"), NULL, ERROR_FILE_NOT_FOUND);
    FAILS(OpenSemaphoreA(SYNCHRONIZE, FALSE, "storm semaphore"), NULL, ERROR_FILE_NOT_FOUND);
    return 0;
}
