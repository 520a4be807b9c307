#ifndef _XOPEN_SOURCE
#define _XOPEN_SOURCE 700 /* BUS_ADRERR */
#endif
#include "bus_error.h"

#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

/* All of this runs in a signal handler: it uses only system calls and its own
 * memory. */

#define LINE_BYTES 4096

struct reader {
    int fd;
    size_t at, n;
    char bytes[1024];
};

static int next_byte(struct reader *r)
{
    if (r->at == r->n) {
        const ssize_t n = read(r->fd, r->bytes, sizeof r->bytes);
        r->at = 0;
        r->n = n > 0 ? (size_t)n : 0;
    }
    return r->at < r->n ? (unsigned char)r->bytes[r->at++] : -1;
}

/* Read the next line, cut to the buffer; false at the end. */
static bool next_line(struct reader *r, char line[LINE_BYTES])
{
    size_t n = 0;
    int c = next_byte(r);
    if (c < 0) {
        return false;
    }
    for (; c >= 0 && c != '\n'; c = next_byte(r)) {
        if (n + 1 < LINE_BYTES) {
            line[n++] = (char)c;
        }
    }
    line[n] = '\0';
    return true;
}

static uintptr_t hex(const char **p)
{
    static const char digits[] = "0123456789abcdef";
    uintptr_t v = 0;
    for (const char *d = strchr(digits, **p); **p && d; d = strchr(digits, **p)) {
        v = v << 4 | (uintptr_t)(d - digits);
        ++*p;
    }
    return v;
}

/* Whether a line of /proc/self/maps, "FROM-TO MODE ...", is of the mapping that holds
 * `address`. */
static bool holds(const char *line, uintptr_t address)
{
    const uintptr_t from = hex(&line);
    line += *line == '-' ? 1 : 0;
    return address >= from && address < hex(&line);
}

/* The path of the file mapped at `address`, within `line`; NULL: no file. */
static char *file_at(const void *address, char line[LINE_BYTES])
{
    struct reader r = {.fd = open("/proc/self/maps", O_RDONLY | O_CLOEXEC)};
    bool found = false;
    while (r.fd >= 0 && !found && next_line(&r, line)) {
        found = holds(line, (uintptr_t)address);
    }
    if (r.fd >= 0) {
        (void)close(r.fd);
    }
    return found ? strchr(line, '/') : NULL;
}

static void say(const char *text)
{
    const ssize_t n = write(STDERR_FILENO, text, strlen(text));
    (void)n;
}

static void on_bus_error(int number, siginfo_t *info, void *context)
{
    static atomic_flag said = ATOMIC_FLAG_INIT;
    char line[LINE_BYTES];
    char *path = info->si_code == BUS_ADRERR ? file_at(info->si_addr, line) : NULL;
    (void)context;
    if (!path) { /* our own fault, or a signal sent: it ends the process as usual */
        (void)signal(number, SIG_DFL);
        (void)raise(number);
        return;
    }
    while (atomic_flag_test_and_set(&said)) { /* only one of several threads prints */
        (void)pause();
    }
    for (char *c = path; *c; c++) { /* a name must not act on the terminal */
        *c = (char)(*c >= ' ' && *c <= '~' ? *c : '?');
    }
    say("saetop: ");
    say(path);
    say(": cut short by another program while it was in use\n");
    _exit(2);
}

void bus_error_init(void)
{
    struct sigaction act = {.sa_sigaction = on_bus_error, .sa_flags = SA_SIGINFO};
    (void)sigemptyset(&act.sa_mask);
    (void)sigaction(SIGBUS, &act, NULL);
}
