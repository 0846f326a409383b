/* Preloaded into the studio: how long its event loop was away. Between the return of the main thread's poll() and its
 * next one, the window answers nothing; where poll() comes back later than it was asked to, the thread had to wait for a
 * core. Spans of 10 ms and more go to the file that STALLS names, as "seconds kind milliseconds computing": the last is how
 * long of it the thread had a core, which is what the program itself can mend on a machine that others keep busy. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

static double now(clockid_t clock)
{
    struct timespec t;
    clock_gettime(clock, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static double left;    /* when the last poll() came back */
static double hadCore; /* and how long the thread had computed by then */

static void note(const char *kind, double seconds, double computing)
{
    static int file = -2;
    char line[96];
    if (seconds < 0.010)
        return;
    if (file == -2)
        file = getenv("STALLS") ? open(getenv("STALLS"), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600) : -1;
    if (file >= 0) {
        const int length = snprintf(line, sizeof line, "%.3f %s %.1f %.1f\n", now(CLOCK_REALTIME), kind, seconds * 1e3,
                                    computing * 1e3);
        if (write(file, line, (size_t)length) < 0)
            file = -1;
    }
}

static int isMain(void) { return gettid() == getpid(); }

static void begins(void)
{
    if (left > 0)
        note("busy", now(CLOCK_MONOTONIC) - left, now(CLOCK_THREAD_CPUTIME_ID) - hadCore);
}

static void ends(double began, double wanted, int result)
{
    left = now(CLOCK_MONOTONIC);
    hadCore = now(CLOCK_THREAD_CPUTIME_ID);
    if (result == 0 && wanted >= 0)
        note("late", left - began - wanted, 0);
}

int poll(struct pollfd *fds, nfds_t count, int timeout)
{
    static int (*real)(struct pollfd *, nfds_t, int);
    if (!real)
        real = (int (*)(struct pollfd *, nfds_t, int))dlsym(RTLD_NEXT, "poll");
    if (!isMain())
        return real(fds, count, timeout);
    begins();
    const double began = now(CLOCK_MONOTONIC);
    const int result = real(fds, count, timeout);
    ends(began, timeout < 0 ? -1 : timeout * 1e-3, result);
    return result;
}

int ppoll(struct pollfd *fds, nfds_t count, const struct timespec *timeout, const sigset_t *mask)
{
    static int (*real)(struct pollfd *, nfds_t, const struct timespec *, const sigset_t *);
    if (!real)
        real = (int (*)(struct pollfd *, nfds_t, const struct timespec *, const sigset_t *))dlsym(RTLD_NEXT, "ppoll");
    if (!isMain())
        return real(fds, count, timeout, mask);
    begins();
    const double began = now(CLOCK_MONOTONIC);
    const int result = real(fds, count, timeout, mask);
    ends(began, timeout ? (double)timeout->tv_sec + (double)timeout->tv_nsec * 1e-9 : -1, result);
    return result;
}
