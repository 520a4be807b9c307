/* metrics.csv up to the first byte 0, then events.csv: refused in a line, or rows and
 * events as the files have them; what was read is written and read back the same. */
#include "base/file.h"
#include "train/history.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char dir[64], metrics[96], events[96];

static void require(bool holds)
{
    if (!holds) {
        abort();
    }
}

static void make_dir(void)
{
    (void)snprintf(dir, sizeof dir, "/dev/shm/saetop-fuzz-XXXXXX");
    if (!mkdtemp(dir)) {
        (void)snprintf(dir, sizeof dir, "/tmp/saetop-fuzz-XXXXXX");
        require(mkdtemp(dir) != NULL);
    }
    (void)snprintf(metrics, sizeof metrics, "%s/metrics.csv", dir);
    (void)snprintf(events, sizeof events, "%s/events.csv", dir);
}

/* Numbers are written with nine digits, and strings up to what an event holds. */
static void check(const struct history *h)
{
    struct history again = {0};
    struct errinfo e = {0};
    require(history_save(h, dir, &e) == OK);
    require(history_load(dir, &again, &e) == OK);
    require(again.rows == h->rows && again.events == h->events);
    for (size_t i = 0; i < h->events; i++) {
        const struct run_event *a = &h->event[i], *b = &again.event[i];
        require(a->step >= 0 && a->step == b->step);
        require(strlen(a->kind) < sizeof a->kind && strcmp(a->kind, b->kind) == 0);
        require(strcmp(a->detail, b->detail) == 0);
    }
    history_cut(&again, 10);
    require(again.rows <= h->rows && again.events <= h->events);
    history_free(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct history h = {0};
    struct errinfo e = {0};
    const uint8_t *end = size > 0 ? memchr(data, 0, size) : NULL;
    const size_t n = end ? (size_t)(end - data) : size, skip = end ? 1 : 0;
    const struct file_piece first = {data, n};
    const struct file_piece rest = {data + n + skip, size - n - skip};
    make_dir();
    require(file_write(metrics, &first, 1, &e) == OK);
    require(file_write(events, &rest, 1, &e) == OK);
    if (history_load(dir, &h, &e) == OK) {
        check(&h);
        history_free(&h);
    } else {
        require(e.msg[0] && !strchr(e.msg, '\n'));
    }
    (void)unlink(metrics);
    (void)unlink(events);
    (void)rmdir(dir);
    return 0;
}
