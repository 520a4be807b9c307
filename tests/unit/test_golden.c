/* Each screen as it was last approved: glyphs, a rule, roles.
 * tests/golden/NAME-WxH-TIER.txt SAETOP_UPDATE_GOLDEN=1 writes them anew; look at the
 * difference before keeping it. */
#include "check.h"
#include "prompt_sample.h"
#include "ui/frame.h"
#include "ui/screens/detail_priv.h"
#include "ui/screens/table.h"
#include "ui_runs.h"
#include "ui_sample.h"

#include <dirent.h>

struct shot {
    const char *name;
    size_t arms;
    const char *keys; /* \n Enter, \t Tab, \v a pause */
    size_t seeds;     /* of each condition; 0: one */
    int64_t step;     /* of 1,500; 0: 900 */
    bool no_file;     /* of concepts */
    bool control;     /* the third condition is one of the first */
    bool mono;        /* without colours */
    bool all_tiers;   /* a variant that is stored in each, as screens are */
};

static const struct shot shots[] = {
    {"train", 2, .keys = ""},
    {"train-visited", 2, .keys = "261"},
    {"train-one-arm", 1, .keys = ""},
    {"train-numbers", 2, .keys = "D."},
    {"train-zoom", 2, .keys = "zhhh"},
    {"train-seeds", 2, .keys = "", .seeds = 5},
    {"train-seed-lines", 2, .keys = "V", .seeds = 5},
    {"train-verdict", 2, .keys = "", .seeds = 5, .step = 1500},
    {"train-verdict-zoom", 2, .keys = "\t\t\tz", .seeds = 5, .step = 1500},
    {"train-three", 3, .keys = "", .seeds = 3, .step = 1500},
    {"train-random", 3, .keys = "", .seeds = 5, .step = 1500, .control = true},
    {"train-random-zoom", 3, .keys = "\t\t\tz", .seeds = 5, .step = 1500,
     .control = true},
    {"train-mono", 3, .keys = ":pane explained_variance\nz", .mono = true},
    {"train-said", 2, .keys = ":mask 2\n"},
    {"train-start", 1, .keys = ""},
    {"train-first", 2, .keys = ""},
    {"concepts", 2, .keys = "2jj"},
    {"concepts-one-arm", 1, .keys = "2"},
    {"concepts-words", 2, .keys = "2jj\tj"},
    {"concepts-sorted", 2, .keys = "2>>>f"},
    {"concepts-filter", 2, .keys = "2f&absorb>.08"},
    {"concepts-no-file", 2, .keys = "2", .no_file = true},
    {"concepts-seeds", 2, .keys = "2f", .seeds = 5, .step = 1500},
    {"concepts-right", 2, .keys = "2f<", .seeds = 5, .step = 1500},
    {"concepts-contexts", 2, .keys = "2f\tv\n", .seeds = 5, .step = 1500},
    {"concepts-curve", 2, .keys = "2="},
    {"latents", 2, .keys = "3 jj"},
    {"latents-filter", 2, .keys = "3&density>1e-3 & !dead"},
    {"latents-offer", 2, .keys = "3&!dead\n&"},
    {"latents-said", 2, .keys = "3:sort x\n"},
    {"latents-scatter", 2, .keys = "3 jj=l"},
    {"latents-label", 2, .keys = "3j;house pets\n"},
    {"latents-silenced", 2, .keys = "3 jaj"},
    {"events", 2, .keys = "E"},
    {"completion", 2, .keys = ":set \t"},
    {"detail", 2, .keys = ":latent 42\n"},
    {"detail-lens", 2, .keys = ":latent 42\nL;house pets\n/hammer\n"},
    {"detail-near", 2, .keys = ":latent 42\n=j"},
    {"detail-effect", 2, .keys = ":latent 42\n"},
    {"detail-intervals", 2, .keys = ":latent 42\nI"},
    {"detail-wrap", 2, .keys = ":latent 42\nwj"},
    {"prompt", 2, .keys = "5"},
    {"prompt-edits", 2, .keys = "5"},
    {"prompt-changed", 2, .keys = "5"},
    {"prompt-typing", 2, .keys = "5"},
    {"prompt-why", 2, .keys = "5"},
    {"prompt-written", 2, .keys = "5"},
    {"prompt-chat", 2, .keys = "5"},
    {"prompt-found", 2, .keys = "5\x10"},
    {"prompt-effect", 2, .keys = "5"},
    {"prompt-effect-old", 2, .keys = "5"},
    {"compare", 2, .keys = "6"},
    {"compare-settings", 2, .keys = "6\t\t"},
    {"compare-curve", 2, .keys = "6\t\n"},
    {"compare-latents", 2, .keys = "6fj"},
    {"compare-only", 2, .keys = "6ff"},
    {"compare-split", 2, .keys = "6ffff"},
    {"compare-pair", 2, .keys = "6fj\n"},
    {"compare-one-seed", 2, .keys = "6"},
    {"compare-random", 2, .keys = "6", .all_tiers = true},
    {"compare-one-arm", 1, .keys = "6"},
    {"runs", 2, .keys = "9j"},
    {"runs-broken", 2, .keys = "9/broken\n"},
    {"runs-filter", 2, .keys = "9&topk 2026\n :sort name\n"},
    {"runs-choose", 2, .keys = "6c"},
    {"runs-leave", 2, .keys = "9:sort name\n\n"},
    {"finder", 2,
     .keys = "\x10"
             "flute"},
    {"finder-recent", 2, .keys = "\x10#42\n\x10redo\n\x10"},
    {"which-key", 2, .keys = "3Y\v"},
    {"help", 2, .keys = "?jj"},
    {"help-topic", 2, .keys = "?/what is absorption"},
    {"quit", 2, .keys = "q"},
};
enum { SHOTS = sizeof shots / sizeof shots[0] };

static const struct shot *find_shot(const char *name)
{
    size_t i = 0;
    while (strcmp(shots[i].name, name) != 0) {
        i++;
    }
    return &shots[i];
}

static const int sizes[][2] = {{80, 24}, {120, 36}, {60, 12},
                               {1, 1},   {200, 60}, {60, 20}};
enum { SIZES = sizeof sizes / sizeof sizes[0], LARGE = 4, CHART = 5 };

/* Whether the largest size shows more of it: of screens whose columns or panes come by
 * room. */
static bool has_large(const char *name)
{
    static const char *const large[] = {
        "train",         "latents",      "detail",         "compare",
        "runs",          "concepts",     "concepts-seeds", "finder",
        "detail-effect", "train-random", "compare-random", "train-start",
        "train-first"};
    for (size_t i = 0; i < sizeof large / sizeof *large; i++) {
        if (strcmp(name, large[i]) == 0) {
            return true;
        }
    }
    return strncmp(name, "prompt", 6) == 0;
}

/* Whether the card of that size has a chart, and the screen says what it is of. */
static bool is_charted(const char *name, size_t size)
{
    return size == CHART && (!strcmp(name, "train") || !strcmp(name, "train-seeds"));
}

static struct latent_table *table_of(const struct session_view *v, size_t side)
{
    return v->compare->side[side].table;
}

/* Contexts of two latents that were asked for. */
static void answer_pair(struct session_view *v, const struct command *c)
{
    for (size_t i = 0; i < 2; i++) {
        latent_detail_unref((struct latent_detail *)(uintptr_t)v->pair[i]);
        v->pair[i] = sample_detail(table_of(v, i), c->two[i], INTERVAL_TOP);
    }
}

/* Labels and contexts that were asked for, as the session would answer. */
static void answer(struct app *a, struct session_view *v)
{
    for (size_t i = 0; i < a->n_commands; i++) {
        const struct command *c = &a->command[i];
        struct latent_labels *l = NULL;
        struct errinfo e;
        if (c->kind == COMMAND_LABEL) {
            struct latent_labels *old =
                (struct latent_labels *)(uintptr_t)v->arm[c->arm].labels;
            assert_ok(latent_labels_with(old, c->latent, c->text, &l, &e), &e);
            latent_labels_unref(old);
            v->arm[c->arm].labels = l;
        } else if (c->kind == COMMAND_WORD) {
            word_contexts_unref((struct word_contexts *)(uintptr_t)v->word);
            v->word = sample_word_contexts(&c->word);
            v->word_arm = c->arm;
        } else if (c->kind == COMMAND_PAIR) {
            answer_pair(v, c);
        }
    }
    a->n_commands = 0;
}

static void begin(struct app *a, struct session_view *v, const struct shot *s, int w,
                  int h, enum glyph_tier tier)
{
    sample_view_seeds(v, s->arms, s->seeds ? s->seeds : 1, s->step ? s->step : 900,
                      512);
    sample_seed_concepts(v);
    if (v->step == v->steps) {
        v->state = SESSION_DONE;
    }
    if (!strcmp(s->name, "train-start") || !strcmp(s->name, "train-first")) {
        sample_start(v, !strcmp(s->name, "train-start"));
    }
    if (s->control) {
        sample_control(v, 2);
    }
    if (s->no_file) {
        sample_no_file(v);
    }
    if (strcmp(s->name, "compare-one-seed") == 0) {
        struct comparison *c = sample_comparison(table_of(v, 0), table_of(v, 1), 1);
        comparison_unref((struct comparison *)(uintptr_t)v->compare);
        v->compare = c;
    }
    if (strcmp(s->name, "compare-random") == 0) {
        sample_within((struct comparison *)(uintptr_t)v->compare);
    }
    struct errinfo e;
    assert_ok(app_init(a, &screen_table, w, h, tier, THEME_DARK, &e), &e);
    sample_runs(a);
    app_update(a, v, &(struct event){.kind = EVENT_TICK});
    for (const char *k = s->keys; *k; k++) {
        const uint32_t key = *k == '\n'   ? KEY_ENTER_
                             : *k == '\t' ? KEY_TAB_
                                          : (uint32_t)(unsigned char)*k;
        const bool paused = *k == '\v';
        app_update(
            a, v,
            &(struct event){.kind = paused ? EVENT_PAUSE : EVENT_KEY, .key = key});
        answer(a, v);
    }
    if (strncmp(s->name, "prompt", 6) == 0) {
        prompt_sample(a, v, s->name);
    }
    if (!strcmp(s->name, "detail-effect")) {
        prompt_sample_effect(prompt_own(a), s->name);
        detail_of(a)->pane = PANE_EFFECT;
    }
    app_update(a, v, &(struct event){.kind = EVENT_TICK});
}

static void end(struct app *a)
{
    runs_view_deinit(&a->runs);
    app_deinit(a);
}

/* The line in which two texts first differ, of both, with a mark below. */
static void tell_difference(const char *path, const char *want, const char *have)
{
    size_t line = 1;
    const char *w = want, *h = have;
    while (*w && *h) {
        const size_t nw = strcspn(w, "\n"), nh = strcspn(h, "\n");
        if (nw != nh || memcmp(w, h, nw) != 0) {
            break;
        }
        w += nw + (w[nw] ? 1 : 0);
        h += nh + (h[nh] ? 1 : 0);
        line++;
    }
    const int nw = (int)strcspn(w, "\n"), nh = (int)strcspn(h, "\n");
    int column = 0;
    for (int i = 0; i < nw && i < nh && w[i] == h[i]; i++) {
        column += ((unsigned char)w[i] & 0xC0) != 0x80 ? 1 : 0;
    }
    fprintf(stderr,
            "%s, line %zu\n stored %.*s\n drawn  %.*s\n        %*s^\n\nstored:\n%s\n"
            "drawn:\n%s\n",
            path, line, nw, w, nh, h, column, "", want, have);
}

/* Whether the stored picture is the drawn one. */
static bool compare(const char *name, int w, int h, enum glyph_tier tier,
                    const char *text)
{
    struct errinfo e;
    char path[512], file[128];
    const char *dir = getenv("SAETOP_GOLDEN");
    assert_non_null(dir);
    snprintf(file, sizeof file, "%s-%dx%d-%s.txt", name, w, h, glyph_tier_name(tier));
    assert_ok(path_join(path, sizeof path, dir, file, &e), &e);
    if (getenv("SAETOP_UPDATE_GOLDEN")) {
        assert_ok(file_write_text(path, text, &e), &e);
        return true;
    }
    char *stored = NULL;
    size_t len;
    if (file_read(path, (size_t)1 << 22, &stored, &len, &e) != OK) {
        fprintf(stderr, "%s\n", e.msg);
        return false;
    }
    const bool same = strcmp(stored, text) == 0;
    if (!same) {
        tell_difference(path, stored, text);
    }
    mem_free(stored);
    return same;
}

/* How many pictures are stored. */
static size_t stored_pictures(void)
{
    size_t n = 0;
    DIR *d = opendir(getenv("SAETOP_GOLDEN"));
    assert_non_null(d);
    for (const struct dirent *entry = readdir(d); entry; entry = readdir(d)) {
        n += strstr(entry->d_name, ".txt") ? 1U : 0U;
    }
    closedir(d);
    return n;
}

static void test_screens(void **state)
{
    (void)state;
    size_t wrong = 0, drawn = 0;
    struct app *a = test_calloc(1, sizeof *a);
    for (size_t s = 0; s < SHOTS; s++) {
        for (size_t i = 0; i < SIZES; i++) {
            for (int tier = GLYPH_BRAILLE; tier <= GLYPH_ASCII; tier++) {
                struct session_view v;
                struct canvas c;
                struct errinfo e;
                char *text = NULL;
                const int w = sizes[i][0], h = sizes[i][1];
                /* Small pictures of variants say nothing new. */
                const bool large = i == LARGE && has_large(shots[s].name);
                if (strchr(shots[s].name, '-') &&
                    ((i > 1 && !large && !is_charted(shots[s].name, i)) ||
                     (tier == GLYPH_BLOCK && !shots[s].all_tiers))) {
                    continue;
                }
                if ((i == LARGE && !large) ||
                    (i == CHART && !is_charted(shots[s].name, i))) {
                    continue;
                }
                begin(a, &v, &shots[s], w, h, (enum glyph_tier)tier);
                assert_ok(canvas_init(&c, w, h, (enum glyph_tier)tier, &e), &e);
                c.mono = shots[s].mono;
                app_view(a, &v, &c);
                assert_ok(canvas_dump(&c, true, &text, &e), &e);
                wrong +=
                    compare(shots[s].name, w, h, (enum glyph_tier)tier, text) ? 0 : 1;
                drawn++;
                mem_free(text);
                canvas_deinit(&c);
                end(a);
                session_view_deinit(&v);
            }
        }
    }
    test_free(a);
    assert_int_equal(wrong, 0);
    assert_int_equal(stored_pictures(), drawn); /* none that nothing draws any more */
}

/* Drawing twice gives the same, and a frame has no cell that a terminal could trip
 * over: in ASCII nothing but printable ASCII, elsewhere no control code. */
static void test_cells_are_safe(void **state)
{
    (void)state;
    struct app *a = test_calloc(1, sizeof *a);
    for (size_t s = 0; s < SHOTS; s++) {
        for (int tier = GLYPH_BRAILLE; tier <= GLYPH_ASCII; tier++) {
            struct session_view v;
            struct canvas c;
            struct errinfo e;
            begin(a, &v, &shots[s], 120, 36, (enum glyph_tier)tier);
            assert_ok(canvas_init(&c, 120, 36, (enum glyph_tier)tier, &e), &e);
            app_view(a, &v, &c);
            for (int i = 0; i < 120 * 36; i++) {
                const uint32_t cp = c.cell[i].cp;
                const bool second = c.cell[i].width == 0;
                assert_true(second || cp >= 0x20);
                assert_true(cp < 0x7F || cp > 0x9F);
                assert_true(tier != GLYPH_ASCII || cp < 0x7F);
                assert_true(c.cell[i].role < ROLE_COUNT);
            }
            canvas_deinit(&c);
            end(a);
            session_view_deinit(&v);
        }
    }
    test_free(a);
}

/* Own words are never cut: titles of boxes, in the rows that begin with a corner, and
 * the line of the state. What is cut there is a text of the user's. */
static void test_own_words_are_whole(void **state)
{
    (void)state;
    static const int at[][2] = {{80, 24}, {100, 30}, {120, 36}};
    struct app *a = test_calloc(1, sizeof *a);
    size_t cut = 0;
    for (size_t s = 0; s < 3 * SHOTS; s++) {
        const int w = at[s % 3][0], h = at[s % 3][1];
        struct session_view v;
        struct canvas c;
        struct errinfo e;
        begin(a, &v, &shots[s / 3], w, h, GLYPH_BRAILLE);
        assert_ok(canvas_init(&c, w, h, GLYPH_BRAILLE, &e), &e);
        app_view(a, &v, &c);
        for (int i = 0; i < w * (h - 1); i++) {
            const struct cell *row = &c.cell[i - i % w];
            const bool title = !a->finder.open && !a->help.open &&
                               (row[0].cp == 0x250C || row[0].cp == 0x250F) &&
                               (row[w - 1].cp == 0x2510 || row[w - 1].cp == 0x2513);
            if (c.cell[i].cp == 0x2026 && (title || i / w == h - 2)) {
                print_error("%s %dx%d: row %d, column %d\n", shots[s / 3].name, w, h,
                            i / w, i % w);
                cut++;
            }
        }
        canvas_deinit(&c);
        end(a);
        session_view_deinit(&v);
    }
    test_free(a);
    assert_int_equal(cut, 0);
}

/* Whether two roles look different without colour. */
static bool told_apart(enum role x, enum role y)
{
    return theme_style(THEME_MONO, x)->mono_attr !=
           theme_style(THEME_MONO, y)->mono_attr;
}

/* Without colour: what is selected, in focus, wrong or a key still stands out, arms
 * carry their letters, and hot tokens their brackets. */
static void test_mono_says_the_same(void **state)
{
    (void)state;
    assert_true(told_apart(ROLE_SELECT, ROLE_TEXT));
    assert_true(told_apart(ROLE_FOCUS, ROLE_BORDER));
    assert_true(told_apart(ROLE_BAD, ROLE_TEXT));
    assert_true(told_apart(ROLE_KEY, ROLE_TEXT));
    assert_true(told_apart(ROLE_MATCH, ROLE_TEXT));
    struct app *a = test_calloc(1, sizeof *a);
    struct session_view v;
    struct canvas c;
    struct errinfo e;
    begin(a, &v, find_shot("train"), 80, 24, GLYPH_ASCII);
    assert_ok(canvas_init(&c, 80, 24, GLYPH_ASCII, &e), &e);
    app_view(a, &v, &c);
    size_t letters[2] = {0, 0}, heavy = 0;
    for (int i = 0; i < 80 * 24; i++) {
        const struct cell *cell = &c.cell[i];
        letters[0] += cell->role == ROLE_SERIES_A && cell->cp == 'A' ? 1 : 0;
        letters[1] += cell->role == ROLE_SERIES_B && cell->cp == 'B' ? 1 : 0;
        heavy += cell->role == ROLE_FOCUS && cell->cp == '=' ? 1 : 0;
    }
    assert_true(letters[0] >= 3 && letters[1] >= 3 && heavy > 8);
    canvas_deinit(&c);
    end(a);
    session_view_deinit(&v);

    begin(a, &v, find_shot("detail"), 120, 36, GLYPH_ASCII);
    assert_ok(canvas_init(&c, 120, 36, GLYPH_ASCII, &e), &e);
    app_view(a, &v, &c);
    /* A run of cells of the top heat begins and ends with braces, which are its
     * brackets in ASCII; the ends may be cut at the box. */
    size_t runs = 0;
    for (int y = 1; y < 34; y++) {
        for (int x = 50; x < 110; x++) {
            const struct cell *row = &c.cell[y * 120];
            if (row[x].role == ROLE_HEAT7 && row[x - 1].role != ROLE_HEAT7) {
                runs += row[x].cp == '{' ? 1 : 0;
                assert_true(row[x].cp == '{' || row[x - 1].cp == '~');
            }
        }
    }
    assert_true(runs >= 3);
    canvas_deinit(&c);
    end(a);
    session_view_deinit(&v);
    test_free(a);
}

/* An unchanged view draws the same cells: nothing depends on what was drawn before. */
static void test_drawing_is_stable(void **state)
{
    (void)state;
    struct app *a = test_calloc(1, sizeof *a);
    for (size_t s = 0; s < SHOTS; s++) {
        struct session_view v;
        struct canvas c[2];
        struct errinfo e;
        begin(a, &v, &shots[s], 120, 36, GLYPH_BRAILLE);
        for (int i = 0; i < 2; i++) {
            assert_ok(canvas_init(&c[i], 120, 36, GLYPH_BRAILLE, &e), &e);
            app_view(a, &v, &c[i]);
        }
        assert_memory_equal(c[0].cell, c[1].cell, 120 * 36 * sizeof *c[0].cell);
        canvas_deinit(&c[0]);
        canvas_deinit(&c[1]);
        end(a);
        session_view_deinit(&v);
    }
    test_free(a);
}

int main(void)
{
    setenv("TZ", "UTC", 1); /* of dates on the screen */
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_screens),
        cmocka_unit_test(test_cells_are_safe),
        cmocka_unit_test(test_own_words_are_whole),
        cmocka_unit_test(test_mono_says_the_same),
        cmocka_unit_test(test_drawing_is_stable),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
