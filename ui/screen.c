#include "ui/screen.h"

#include "base/number.h"
#include "ui/names.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* Boxes end on the last row. */
static int last_row(const struct app *a)
{
    (void)a;
    return 0;
}

static const struct screen screens[SCREEN_COUNT] = {
    [SCREEN_TRAIN] = {"train", "Train", 0, screen_train_view, screen_train_sync,
                      screen_train_move, screen_train_enter, screen_train_mouse,
                      screen_train_status, last_row},
    [SCREEN_LATENTS] = {"latents", "Latents", 1, screen_latents_view,
                        screen_latents_sync, screen_latents_move, screen_latents_enter,
                        screen_latents_mouse, screen_latents_status,
                        screen_latents_rule},
    [SCREEN_DETAIL] = {"detail", "Detail", 1, screen_detail_view, screen_detail_sync,
                       screen_detail_move, screen_detail_enter, screen_detail_mouse,
                       screen_detail_status, last_row},
};

const struct screen *screen_at(enum screen_id id)
{
    return &screens[id < SCREEN_COUNT ? id : SCREEN_TRAIN];
}

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
    return v->n_arms > 1 ? 2 : 1;
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

int screen_match(struct canvas *c, int x, int y, int w, const struct names *n,
                 const struct latent_row *row)
{
    char text[400];
    if (row->match == MATCH_NONE) {
        canvas_text(c, x, y, w, "match none", ROLE_VALUE, 0);
        return y + 1;
    }
    names_match(n, row, text, sizeof text);
    const char *kind = names_match_kind(n, row);
    const bool says_itself = !strcmp(kind, "letter");
    canvas_textf(c, x, y, w, ROLE_VALUE, 0, "match %s%s%s at \xe2\x89\xa5%s",
                 says_itself ? "" : kind, says_itself ? "" : " ", text,
                 NUMBER(NUMBER_PLAIN, 0, 1, (double)row->match_cut));
    canvas_textf(c, x, y + 1, w, ROLE_TEXT, 0, "  P %s  R %s  F1 %s",
                 NUMBER(NUMBER_PLAIN, 0, 2, (double)row->precision),
                 NUMBER(NUMBER_PLAIN, 0, 2, (double)row->recall),
                 NUMBER(NUMBER_PLAIN, 0, 2, (double)row->f1));
    return y + 2;
}
