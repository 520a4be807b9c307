#include "progress.h"

#include "base/clock.h"
#include "base/number.h"
#include "cmd.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define BAR         20
#define INTERVAL_NS 200000000

void progress_init(struct progress *p, bool quiet)
{
    *p = (struct progress){.on = !quiet && isatty(STDERR_FILENO) == 1};
}

bool progress_due(const struct progress *p)
{
    return p->on && (!p->drawn || clock_ns() - p->last_ns >= INTERVAL_NS);
}

void progress_draw(struct progress *p, double done, double total, const char *text)
{
    if (!p->on) {
        return;
    }
    char bar[BAR + 1];
    const double share = total > 0 ? done / total : 0;
    const size_t full = (size_t)(fmin(fmax(share, 0), 1) * BAR);
    memset(bar, '.', BAR);
    memset(bar, '#', full);
    bar[BAR] = '\0';
    char line[512];
    (void)snprintf(line, sizeof line, "[%s] %3s%%  %s", bar, NUMBER_PERCENT(0, share),
                   text);
    const size_t known = cmd_columns(STDERR_FILENO), columns = known > 0 ? known : 80;
    if (strlen(line) >= columns) {
        line[columns > 1 ? columns - 1 : 0] = '\0'; /* the last column may wrap */
    }
    (void)fprintf(stderr, "\r%s\033[K", line);
    (void)fflush(stderr);
    p->drawn = true;
    p->last_ns = clock_ns();
}

void progress_clear(struct progress *p)
{
    if (p->drawn) {
        (void)fprintf(stderr, "\r\033[K");
        (void)fflush(stderr);
        p->drawn = false;
    }
}
