/* Every key of the table of keys, pressed in the place of its row: the command of that
 * row is what runs, and something comes of it, or the reason why not now is said. */
#include "prompt_sample.h"
#include "ui/help.h"
#include "ui/screens/table.h"
#include "ui_bench.h"
#include "ui_runs.h"

enum { ROWS_MAX = 512, SECTIONS_MAX = 2 * SCREENS_MAX + 2 };

/* ---- the table of keys, with one row that tells when its command runs ---- */

static struct {
    struct screen_table table;
    struct key_list section[SECTIONS_MAX];
    struct key_entry entry[ROWS_MAX];
    struct action action; /* the row's, in place of: */
    const struct action *of;
    const char *args; /* what it ran with; NULL: it did not run */
} watched;

static void watched_run(struct app *a, const struct session_view *v, const char *args)
{
    watched.args = args;
    watched.of->run(a, v, args);
}

static void watch(size_t row)
{
    const struct screen_table *t = &screen_table;
    size_t n = 0;
    assert_true(keymap_count(t) <= ROWS_MAX && keymap_sections(t) <= SECTIONS_MAX);
    watched.table = *t;
    watched.table.own = watched.section;
    for (size_t s = 0; s < keymap_sections(t); s++) {
        const struct screen_def *owner = NULL;
        const struct key_list of = keymap_section(t, s, &owner);
        watched.section[s] = (struct key_list){&watched.entry[n], of.n};
        for (size_t i = 0; i < of.n; i++) {
            watched.entry[n++] = of.entry[i];
        }
    }
    watched.of = watched.entry[row].action;
    watched.action = *watched.of;
    watched.action.run = watched_run;
    watched.entry[row].action = &watched.action;
    watched.args = NULL;
}

/* ---- the places, and what is done there first ---- */

/* A run and keys before the one that is tried. A key at the end of its way, or one that
 * takes back what another did, changes something in one of these at the latest. */
static const struct scene {
    const char *place; /* NULL: each */
    const char *first; /* keys */
    size_t conditions; /* 0: two of two seeds, else so many of one */
    enum session_state state;
    const char
        *prompt; /* which picture of Prompt is shown there; NULL: the plain one */
} scenes[] = {
    {NULL, "", 0, SESSION_TRAINING, NULL},
    {NULL, "jjl", 0, SESSION_TRAINING, NULL},
    {NULL, "G", 0, SESSION_TRAINING, NULL},
    {NULL, "\t", 0, SESSION_TRAINING, NULL},
    {NULL, "\tjj", 0, SESSION_TRAINING, NULL},
    {NULL, "j\n", 0, SESSION_TRAINING, NULL},
    {NULL, "&a\n", 0, SESSION_TRAINING, NULL},
    {NULL, "/a\n", 0, SESSION_TRAINING, NULL},
    {NULL, "", 1, SESSION_TRAINING, NULL},
    {NULL, "", 2, SESSION_BROWSING, NULL},
    {NULL, "", 2, SESSION_PAUSED, NULL},
    {NULL, "f", 0, SESSION_TRAINING, NULL},
    {NULL, "fu", 0, SESSION_TRAINING, NULL},
    {NULL, "&a\nu", 0, SESSION_TRAINING, NULL},
    {"train", "+u", 0, SESSION_TRAINING, NULL},
    {"train", "\x04\x04", 0, SESSION_TRAINING, NULL},
    {"compare", "2&a\n6", 0, SESSION_TRAINING, NULL},
    {"compare", "2&a\nu6", 0, SESSION_TRAINING, NULL},
    {"detail", ":latent 42\nHu", 0, SESSION_TRAINING, NULL},
    {"train", "+", 0, SESSION_TRAINING, NULL},
    {"detail", ":latent 42\n", 0, SESSION_TRAINING, NULL},
    {"detail", ":latent 42\njjj", 0, SESSION_TRAINING, NULL},
    {"detail", ":latent 42\n/a\n", 0, SESSION_TRAINING, NULL},
    {"detail", ":latent 7\n:latent 42\n", 0, SESSION_TRAINING, NULL},
    {"prompt", "", 0, SESSION_TRAINING, "prompt-edits"},
    {"prompt", "hhh", 0, SESSION_TRAINING, "prompt"},
    {"prompt", "", 0, SESSION_TRAINING, "prompt-why"},
    {"prompt", "", 0, SESSION_TRAINING, "prompt-written"},
    {"prompt", "", 0, SESSION_TRAINING, "prompt-effect"},
    {"prompt", "", 0, SESSION_TRAINING, "prompt-changed"},
};
enum { SCENES = sizeof scenes / sizeof scenes[0] };

/* Keys of which nothing comes on the bench, and why. */
static const struct {
    const char *place, *command, *preset; /* NULL: any */
    const char *says;                     /* what is said of it; NULL: nothing */
    const char *why;
} excused[] = {
    {NULL, "screen", NULL, NULL, "that screen is shown already"},
    {NULL, "move", "left", NULL, "nothing lies to the side, or all of it is in sight"},
    {NULL, "move", "right", NULL, "nothing lies to the side, or all of it is in sight"},
    {NULL, "move", "far-left", NULL,
     "nothing lies to the side, or all of it is in sight"},
    {NULL, "move", "far-right", NULL,
     "nothing lies to the side, or all of it is in sight"},
    {"prompt", NULL, NULL, "the model is not ready yet", "the bench has no model"},
    {NULL, "send", NULL, " contexts", "the bench has no session that reads contexts"},
};

enum { EXCUSED = sizeof excused / sizeof excused[0] };
static bool excuse_used[EXCUSED];

static bool is_excused(const char *place, const struct key_entry *k, const char *says)
{
    for (size_t i = 0; i < EXCUSED; i++) {
        const char *of[] = {excused[i].place, excused[i].command, excused[i].preset};
        const char *is[] = {place, k->action->command, k->preset};
        bool same = excused[i].says ? strstr(says, excused[i].says) != NULL : !says[0];
        for (size_t n = 0; n < 3; n++) {
            same = same && (!of[n] || !strcmp(of[n], is[n]));
        }
        if (same) {
            excuse_used[i] = true;
            return true;
        }
    }
    return false;
}

static void sample_scene(struct session_view *v, const struct scene *s)
{
    sample_view_seeds(v, s->conditions ? s->conditions : 2, s->conditions ? 1 : 2, 900,
                      512);
    if (!s->conditions) {
        sample_seed_concepts(v);
    }
    v->state = s->state;
}

static void tick(struct bench *b)
{
    app_update(&b->a, &b->v, &(struct event){.kind = EVENT_TICK});
    app_view(&b->a, &b->v, &b->c);
}

/* Be there, with nothing open over it. */
static void go_back(struct bench *b, const struct screen_def *on)
{
    if (b->a.prompt || b->a.help.open || b->a.finder.open || b->a.leaving != STAYING) {
        press(b, KEY_ESC_);
    }
    if (b->a.screen != on) {
        app_go(&b->a, &b->v, on);
    }
}

static struct bench *bench_in(const struct scene *s, const struct screen_def *on, int w,
                              int h)
{
    struct bench *b = test_calloc(1, sizeof *b);
    struct errinfo e;
    sample_scene(&b->v, s);
    assert_ok(app_init(&b->a, &watched.table, w, h, GLYPH_BRAILLE, THEME_DARK, &e), &e);
    assert_ok(canvas_init(&b->c, w, h, GLYPH_BRAILLE, &e), &e);
    sample_runs(&b->a);
    tick(b);
    if (on == screen_table.help) {
        help_open(&b->a, &b->v, "");
    } else {
        app_go(&b->a, &b->v, on);
    }
    if (on == &screen_prompt) {
        prompt_sample(&b->a, &b->v, s->prompt ? s->prompt : "prompt");
    }
    tick(b);
    prompt_own(&b->a)->typing = false; /* keys are meant, not the text */
    for (const char *key = s->first; *key; key++) {
        type(b, (const char[]){*key, '\0'});
        prompt_own(&b->a)->typing = false;
    }
    if (on != screen_table.help) {
        go_back(b, on);
    }
    app_dismiss(&b->a, &b->v);
    tick(b);
    b->a.n_commands = b->a.n_requests = 0;
    watched.args = NULL;
    return b;
}

static void bench_off(struct bench *b)
{
    runs_view_deinit(&b->a.runs);
    bench_free(b);
}

/* ---- one key ---- */

static char *drawn(struct bench *b)
{
    struct errinfo e;
    char *dump = NULL;
    assert_ok(canvas_dump(&b->c, true, &dump, &e), &e);
    return dump;
}

/* Every row of the frame is there, and none is wider than the canvas. */
static void check_bounds(struct bench *b)
{
    struct errinfo e;
    char *dump = NULL;
    int rows = 0;
    assert_ok(canvas_dump(&b->c, false, &dump, &e), &e);
    for (char *line = dump; *line; rows++) {
        char *end = line + strcspn(line, "\n");
        const bool last = !*end;
        *end = '\0';
        assert_true(canvas_text_width(line) <= b->c.w);
        line = end + !last;
    }
    assert_int_equal(rows, b->c.h);
    mem_free(dump);
}

enum outcome { NOTHING, REFUSED, DONE };
/* What was said to the last key; "": nothing. */
static char last_says[sizeof((struct app *)0)->message];

static enum outcome outcome_of(struct bench *b, const struct key_entry *k, uint32_t key)
{
    char *was = drawn(b);
    if (KEY_FIRST_OF(key)) {
        press(b, KEY_FIRST_OF(key));
    }
    press(b, KEY_LAST_OF(key));
    char *is = drawn(b);
    check_bounds(b);
    char name[48], says[80];
    key_name(key, name, sizeof name);
    snprintf(says, sizeof says, "%s: ", k->action->command);
    const bool refused = !strncmp(b->a.message, says, strlen(says)) ||
                         (b->a.prompt && !strncmp(b->a.refused, says, strlen(says)));
    snprintf(last_says, sizeof last_says, "%s",
             b->a.message[0] ? b->a.message
             : b->a.prompt   ? b->a.refused
                             : "");
    if (!watched.args && !refused) {
        fail_msg("%s of %s: '%s' did not run; message: %s", name, b->a.screen->name,
                 k->action->command, b->a.message);
    }
    if (watched.args) {
        assert_string_equal(watched.args, k->preset);
    }
    const bool changed = strcmp(was, is) != 0 || b->a.n_commands || b->a.n_requests;
    mem_free(was);
    mem_free(is);
    return changed ? (watched.args ? DONE : REFUSED) : NOTHING;
}

/* Try a key of a row where it holds, after one thing or another, until something comes
 * of it. */
static size_t check_key(const struct key_entry *k, uint32_t key,
                        const struct screen_def *on, int w, int h)
{
    enum outcome best = NOTHING;
    for (size_t i = 0; i < SCENES && best != DONE; i++) {
        if (scenes[i].place && strcmp(scenes[i].place, on->name) != 0) {
            continue;
        }
        struct bench *b = bench_in(&scenes[i], on, w, h);
        const enum outcome o = outcome_of(b, k, key);
        best = o > best ? o : best;
        bench_off(b);
    }
    char name[48];
    key_name(key, name, sizeof name);
    if (best != DONE && !is_excused(on->name, k, last_says)) {
        print_error("%dx%d %s: %s (%s %s) does nothing: '%s'\n", w, h, on->name, name,
                    k->action->command, k->preset, last_says);
        return 1;
    }
    return 0;
}

static void check_table(int w, int h)
{
    const struct screen_table *t = &screen_table;
    size_t bad = 0;
    for (size_t i = 0; i < keymap_count(t); i++) {
        const struct key_entry *k = keymap_at(t, i);
        const struct screen_def *owner = keymap_owner(t, i);
        watch(i);
        for (size_t n = 0; n < KEYMAP_KEYS && k->key[n]; n++) {
            size_t places = 0;
            for (size_t s = 0; s <= t->n; s++) {
                const struct screen_def *on = s < t->n ? t->row[s] : t->help;
                const bool here = owner == on || (owner == t->everywhere && s < t->n);
                if (here && (s == t->n || keymap_find_key(t, on, k->key[n]) == k)) {
                    bad += check_key(k, k->key[n], on, w, h);
                    places++;
                }
            }
            assert_true(places > 0);
        }
    }
    assert_int_equal(bad, 0);
}

static void narrow(void **state)
{
    (void)state;
    check_table(80, 24);
}

static void wide(void **state)
{
    (void)state;
    check_table(120, 36);
}

/* An excuse that nothing needs any more goes. */
static void excuses(void **state)
{
    (void)state;
    for (size_t i = 0; i < EXCUSED; i++) {
        if (!excuse_used[i]) {
            fail_msg("no key needs the excuse '%s' of %s", excused[i].why,
                     excused[i].command ? excused[i].command : "any command");
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(narrow),
        cmocka_unit_test(wide),
        cmocka_unit_test(excuses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
