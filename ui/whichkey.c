#include "ui/whichkey.h"

#include <stdio.h>
#include <string.h>

enum { WHICH_MAX = 64, KEY_GAP = 2 };

/* Copy entry k with only the second keys that follow the key pressed; returns how
 * many. */
static size_t last_keys(const struct app *a, const struct key_entry *k,
                        struct key_entry *out)
{
    size_t n = 0;
    *out = *k;
    memset(out->key, 0, sizeof out->key);
    for (size_t i = 0; i < KEYMAP_KEYS && k->key[i]; i++) {
        const bool here = KEY_FIRST_OF(k->key[i]) == a->after &&
                          keymap_find_key(a->screens, a->screen, k->key[i]) == k;
        if (here) {
            out->key[n++] = KEY_LAST_OF(k->key[i]);
        }
    }
    return n;
}

/* Collect the indices of entries whose second key may follow, in the order of the
 * keymap. */
static size_t collect(const struct app *a, size_t entry[WHICH_MAX])
{
    const struct screen_table *t = a->screens;
    struct key_entry last;
    size_t n = 0;
    for (size_t i = 0; i < keymap_count(t) && n < WHICH_MAX; i++) {
        if (last_keys(a, keymap_at(t, i), &last)) {
            entry[n++] = i;
        }
    }
    return n;
}

/* The keys that are pressed second: "y Y". */
static void second_names(const struct app *a, const struct key_entry *k, char *out,
                         size_t cap)
{
    struct key_entry last;
    (void)last_keys(a, k, &last);
    key_names(&last, out, cap);
}

static void widest(const struct app *a, const size_t *entry, size_t n, int *keys,
                   int *help)
{
    *keys = *help = 0;
    for (size_t i = 0; i < n; i++) {
        const struct key_entry *k = keymap_at(a->screens, entry[i]);
        char name[64], words[KEYMAP_HELP];
        second_names(a, k, name, sizeof name);
        app_words(a, k->help, words, sizeof words);
        const int w[2] = {canvas_text_width(name), canvas_text_width(words)};
        *keys = w[0] > *keys ? w[0] : *keys;
        *help = w[1] > *help ? w[1] : *help;
    }
}

static void window(struct app *a, const struct session_view *v, struct canvas *c,
                   struct rect body, const char *first)
{
    size_t entry[WHICH_MAX];
    int keys, help;
    const size_t n = collect(a, entry);
    widest(a, entry, n, &keys, &help);
    int w = keys + KEY_GAP + help + 4, h = (int)n + 2;
    w = w < body.w ? w : body.w;
    h = h < body.h ? h : body.h;
    const struct rect r = {body.x + body.w - w, body.y + body.h - h, w, h};
    char title[48];
    snprintf(title, sizeof title, "%s, then", first);
    canvas_fill(c, r, ' ', ROLE_TEXT, 0);
    const struct rect in = canvas_box(c, r, title, "Esc leaves", true);
    app_hit(a, r, HIT_OVERLAY, 0);
    for (int i = 0; i < in.h && i < (int)n; i++) {
        const struct key_entry *k = keymap_at(a->screens, entry[i]);
        const bool off = action_may(k->action, a, v) != NULL;
        char name[64];
        second_names(a, k, name, sizeof name);
        canvas_text(c, in.x + 1, in.y + i, keys, name, off ? ROLE_DIM : ROLE_KEY,
                    off ? 0 : ATTR_BOLD);
        app_text(a, c, in.x + 1 + keys + KEY_GAP, in.y + i, in.w - 2 - keys - KEY_GAP,
                 k->help, off ? ROLE_DIM : ROLE_TEXT);
        app_hit(a, (struct rect){in.x, in.y + i, in.w, 1}, HIT_HINT, (int)entry[i]);
    }
}

void which_view(struct app *a, const struct session_view *v, struct canvas *c,
                struct layout_frame f)
{
    char first[24], waits[32];
    if (!a->after || a->prompt || a->help.open || a->finder.open ||
        a->leaving != STAYING || app_is_live_card(a)) {
        return;
    }
    key_name(a->after, first, sizeof first);
    snprintf(waits, sizeof waits, " %s \xe2\x80\xa6 ", first);
    const int w = canvas_text_width(waits);
    canvas_text(c, f.hints.x + f.hints.w - w, f.hints.y, w, waits, ROLE_KEY, ATTR_BOLD);
    if (a->which) {
        window(a, v, c, f.body, first);
    }
}
