/* The clock of a machine that is off by OFFSET seconds, for any process that loads this before the C
   library. Time that only measures (CLOCK_MONOTONIC) is left alone, as it is when somebody sets a
   clock wrongly; waiting until a moment of the false clock waits until that moment. */
#define _GNU_SOURCE
#include <semaphore.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

int clock_gettime(clockid_t clock, struct timespec *now) {
    int error = syscall(SYS_clock_gettime, clock, now);
    if (!error && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE))
        now->tv_sec += OFFSET;
    return error;
}

int gettimeofday(struct timeval *restrict now, void *restrict zone) {
    struct timespec precise;
    int error = clock_gettime(CLOCK_REALTIME, &precise);
    now->tv_sec = precise.tv_sec;
    now->tv_usec = precise.tv_nsec / 1000;
    return error;
}

time_t time(time_t *now) {
    struct timespec precise;
    clock_gettime(CLOCK_REALTIME, &precise);
    if (now)
        *now = precise.tv_sec;
    return precise.tv_sec;
}

int sem_timedwait(sem_t *restrict semaphore, const struct timespec *restrict until) {
    struct timespec moment = {until->tv_sec - OFFSET, until->tv_nsec};
    return sem_clockwait(semaphore, CLOCK_REALTIME, &moment);
}
