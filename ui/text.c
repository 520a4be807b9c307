#include "ui/text.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum role arm_role(size_t arm)
{
    return arm ? ROLE_SERIES_B : ROLE_SERIES_A;
}

enum role arm_faint(size_t arm)
{
    return arm ? ROLE_FAINT_B : ROLE_FAINT_A;
}

size_t arms_of(const struct session_view *v)
{
    return v->n_conds > 1 ? 2 : 1;
}

void text_thousands(char *out, size_t cap, int64_t n)
{
    char digits[24];
    char text[32];
    const uint64_t size = n < 0 ? 0 - (uint64_t)n : (uint64_t)n;
    snprintf(digits, sizeof digits, "%llu", (unsigned long long)size);
    const size_t len = strlen(digits);
    size_t at = 0;
    if (n < 0) {
        text[at++] = '-';
    }
    for (size_t i = 0; i < len; i++) {
        if (i && (len - i) % 3 == 0) {
            text[at++] = ',';
        }
        text[at++] = digits[i];
    }
    text[at] = '\0';
    snprintf(out, cap, "%s", text);
}

void text_duration(char *out, size_t cap, double seconds)
{
    if (!isfinite(seconds) || seconds < 0) {
        snprintf(out, cap, "?");
    } else if (seconds < 60) {
        snprintf(out, cap, "%.0fs", seconds);
    } else if (seconds < 3600) {
        snprintf(out, cap, "%dm%02ds", (int)(seconds / 60), (int)fmod(seconds, 60));
    } else if (seconds < 360000) {
        snprintf(out, cap, "%dh%02dm", (int)(seconds / 3600),
                 (int)(fmod(seconds, 3600) / 60));
    } else {
        snprintf(out, cap, "%.0f days", seconds / 86400);
    }
}

bool event_repeats(const struct session_view *v, size_t i)
{
    const struct event_view *ev = &v->event[i];
    return i > 0 && ev->step == ev[-1].step && ev->letter != ev[-1].letter &&
           !strcmp(ev->kind, ev[-1].kind) && !strcmp(ev->text, ev[-1].text);
}
