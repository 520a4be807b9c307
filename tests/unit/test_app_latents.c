/* Browsing without a terminal: the table of latents. */
#include "session/tellers.h"
#include "ui/export.h"
#include "ui/screens/prompt_priv.h"
#include "ui_bench.h"

/* ---- the table ---- */

static void drop_table(struct bench *b)
{
    latent_table_unref((struct latent_table *)(uintptr_t)b->v.arm[0].table);
    b->v.arm[0].table = NULL;
}

static void test_table_is_asked_for(void **state)
{
    (void)state;
    struct bench *b = bench_new(80, 24, 1);
    drop_table(b);
    press(b, '3');
    one_command(b, COMMAND_TABLE);
    press(b, 'j');
    no_command(b); /* once is enough */
    press(b, 'R');
    one_command(b, COMMAND_TABLE);
    b->v.arm[0].table = sample_table(512, 900);
    app_update(&b->a, &b->v, &(struct event){.kind = EVENT_TICK});
    no_command(b);
    /* A newer evaluation makes it old. */
    struct metric_row row = metric_row_empty();
    struct errinfo e;
    row.v[METRIC_STEP] = 1050;
    row.v[METRIC_EV] = 0.8;
    assert_ok(session_view_add_row(&b->v, 0, &row, &e), &e);
    app_update(&b->a, &b->v, &(struct event){.kind = EVENT_TICK});
    one_command(b, COMMAND_TABLE);
    bench_free(b);
}

/* How far the table goes, while it fills and where its firings came to their limit. */
static void test_table_of_a_part(void **state)
{
    (void)state;
    struct bench *b = bench_new(80, 24, 1);
    struct latent_table *t = (struct latent_table *)(uintptr_t)b->v.arm[0].table;
    press(b, '3');
    assert_false(on_screen(b, "of the text"));
    t->positions_set = t->positions_all = 4 * t->positions;
    app_view(&b->a, &b->v, &b->c);
    assert_true(on_screen(b, "matched; 25% of the text so far; A at step "));
    t->positions_all = t->positions;
    app_view(&b->a, &b->v, &b->c);
    assert_true(on_screen(b, "; of the first 25% of the text"));
    bench_free(b);
}

/* What random weights happen to answer to is not taken for what was learnt: it is said
 * beside the figures of a table, a latent and concepts. */
static void test_untrained_is_said(void **state)
{
    (void)state;
    struct bench *b = bench_new(80, 24, 2);
    type(b, "3");
    assert_false(on_screen(b, "untrained"));
    for (size_t i = 0; i < b->v.n_arms; i++) {
        ((struct latent_table *)(uintptr_t)b->v.arm[i].table)->step = 0;
        ((struct concept_table *)(uintptr_t)b->v.arm[i].concepts)->step = 0;
    }
    type(b, "3");
    assert_true(on_screen(b, "; A at step 0, untrained"));
    type(b, "2");
    assert_true(on_screen(b, "at step 0, untrained"));
    type(b, ":latent 42\n");
    ((struct latent_detail *)(uintptr_t)b->v.detail)->step = 0;
    app_view(&b->a, &b->v, &b->c);
    assert_true(on_screen(b, " untrained "));
    bench_free(b);
}

/* A filter for a token says of each latent how strongly it fires on it. */
static void test_filter_by_token_says_how_strongly(void **state)
{
    (void)state;
    struct bench *b = bench_new(200, 60, 1);
    const struct latent_table *t = b->v.arm[0].table;
    const int32_t flute = 49; /* of sample_token */
    char says[48] = "", max[24];
    for (size_t j = 0; j < t->F && !says[0]; j++) {
        size_t n = 0;
        const struct latent_token *of = latent_tokens(t, (int32_t)j, &n);
        for (size_t i = 0; i < n; i++) {
            if (of[i].token == flute) {
                plot_number(max, sizeof max, (double)of[i].max, 5);
                snprintf(says, sizeof says, "flute %s; ", max);
            }
        }
    }
    assert_true(says[0]);
    type(b, "3:sort latent\n");
    assert_false(on_screen(b, says));
    type(b, "&tokens=flute\n");
    assert_true(on_screen(b, says));
    type(b, "&!tokens=dog\n");
    assert_false(on_screen(b, says));
    bench_free(b);
}

/* A filter and a find can be typed before there is a table: no letter of them acts as a
 * key, and they hold once it comes. */
static void test_typed_before_the_table(void **state)
{
    (void)state;
    struct bench *b = bench_new(80, 24, 1);
    drop_table(b);
    type(b, "3&dead");
    assert_string_equal(b->a.prompt->sign, "&");
    assert_ptr_equal(b->a.screen, &screen_latents);
    press(b, KEY_ENTER_);
    assert_null(b->a.prompt);
    assert_true(on_screen(b, "the filter holds once it is there"));
    b->v.arm[0].table = sample_table(512, 900);
    app_update(&b->a, &b->v, &(struct event){.kind = EVENT_TICK});
    assert_int_equal(latents_of(&b->a)->shown, 30);
    press(b, '\\');
    drop_table(b);
    type(b, "/qQ1\n");
    assert_ptr_equal(b->a.screen, &screen_latents);
    assert_int_equal(b->a.leaving, STAYING);
    assert_true(on_screen(b, "n looks again once it is there"));
    bench_free(b);
}

static double f1_at(struct bench *b, size_t i)
{
    const int32_t id = latents_of(&b->a)->order[i];
    return (double)b->v.arm[0].table->row[id].f1;
}

static double absorption_at(struct bench *b, size_t i)
{
    struct latents_state *l = latents_of(&b->a);
    return latents_source(l, &b->v, b->v.arm[0].table, l->order[i]).absorption;
}

/* Latent 10 is a main latent of concept 1, which it matches, and of concept 2, which is
 * absorbed more. Its absorption is what Concepts says of concept 1, and is that of each
 * new evaluation. */
static void test_absorption(void **state)
{
    (void)state;
    struct bench *b = bench_new(120, 36, 1);
    struct concept_table *now = sample_concepts(0, 1050);
    struct arm_view *arm = &b->v.arm[0];
    const struct latent_row *row = &arm->table->row[10];
    press(b, '3');
    type(b, ":sort absorb\n");
    assert_true(row->match == MATCH_CONCEPT && row->match_id == 1);
    assert_true(tellers_absorption(arm->concepts, row, 10) ==
                arm->concepts->row[1].full);
    assert_true(isnan(tellers_absorption(arm->concepts, row, 11)));
    now->row[1].full = 0.875;
    now->row[2].full = 0.96875;
    now->row[2].main_latent[now->row[2].n_main++] = 10;
    concept_table_unref((struct concept_table *)(uintptr_t)arm->concepts);
    arm->concepts = now;
    app_update(&b->a, &b->v, &(struct event){.kind = EVENT_TICK});
    assert_int_equal(latents_of(&b->a)->order[0], 19); /* concept 2's own */
    assert_int_equal(latents_of(&b->a)->order[1], 10);
    assert_true(absorption_at(b, 0) == 0.96875 && absorption_at(b, 1) == 0.875);
    bench_free(b);
}

static void test_sorting(void **state)
{
    (void)state;
    struct bench *b = bench_new(120, 36, 1);
    press(b, '3');
    assert_int_equal(latents_of(&b->a)->shown, 512);
    assert_true(f1_at(b, 0) >= f1_at(b, 1) && f1_at(b, 0) > f1_at(b, 100));
    press(b, 'r');
    assert_true(f1_at(b, 0) <= f1_at(b, 100));
    type(b, ":sort latent\n");
    assert_int_equal(latents_of(&b->a)->order[0], 0);
    assert_int_equal(latents_of(&b->a)->order[511], 511);
    type(b, ":sort absorb\n");
    const struct latent_table *t = b->v.arm[0].table;
    assert_true(isfinite(absorption_at(b, 0)) && isnan(absorption_at(b, 511)));
    press(b, 'r'); /* what was not measured stays at the end */
    assert_true(isfinite(absorption_at(b, 0)) && isnan(absorption_at(b, 511)));
    type(b, ":sort match\n");
    /* Concepts that somebody wrote down first, then the others, each by F1. */
    bool written = true;
    double last = 2;
    for (size_t i = 0; i < t->matched; i++) {
        const struct latent_row *row = &t->row[latents_of(&b->a)->order[i]];
        const bool own = row->match == MATCH_CONCEPT &&
                         sample_kind[row->match_id] != CONCEPT_LETTER &&
                         row->f1 >= 0.5f;
        assert_true(written || !own);
        last = written && !own ? 2 : last;
        written = own;
        assert_true((double)row->f1 <= last);
        last = (double)row->f1;
    }
    type(b, ":sort kind\n");
    assert_int_equal(t->row[latents_of(&b->a)->order[0]].kind, KIND_DEAD);
    type(b, ":sort match\n");
    press(b, '>');
    press(b, '<');
    assert_true(on_screen(b, "match"));
    bench_free(b);
}

static void test_filter_prompt(void **state)
{
    (void)state;
    struct bench *b = bench_new(80, 24, 1);
    press(b, '3');
    type(b, "&dead");
    assert_int_equal(latents_of(&b->a)->shown, 30); /* previewed while typing */
    press(b, '&');
    assert_int_equal(latents_of(&b->a)->shown,
                     30); /* a bad one keeps the last result */
    assert_true(on_screen(b, "column"));
    press(b, KEY_ENTER_);
    assert_string_equal(b->a.prompt->sign, "&");
    press(b, KEY_DELETE_BACK);
    press(b, KEY_ENTER_);
    assert_null(b->a.prompt);
    assert_true(on_screen(b, "30 of 512 shown"));
    assert_true(on_screen(b, "filter: dead"));
    press(b, 'u');
    assert_int_equal(latents_of(&b->a)->shown, 512);
    press(b, 18);
    assert_int_equal(latents_of(&b->a)->shown, 30);
    press(b, '\\');
    assert_int_equal(latents_of(&b->a)->shown, 512);
    type(b, "&f1>.9");
    press(b, KEY_ESC_);
    assert_int_equal(latents_of(&b->a)->shown, 512);
    type(b, "&density>5\n");
    assert_int_equal(latents_of(&b->a)->shown, 0);
    assert_true(on_screen(b, "no latent passes the filter"));
    type(b, "jkgG \n"); /* an empty table is no trouble */
    assert_ptr_equal(b->a.screen, &screen_latents);
    bench_free(b);
}

static void test_marks(void **state)
{
    (void)state;
    struct bench *b = bench_new(80, 24, 1);
    type(b, "3 jj ");
    assert_int_equal(latents_of(&b->a)->marked[0], 2);
    type(b, "&marked\n");
    assert_int_equal(latents_of(&b->a)->shown, 2);
    press(b, '\\');
    type(b, "uuu"); /* filter, filter, mark */
    assert_int_equal(latents_of(&b->a)->marked[0], 1);
    bench_free(b);
}

static void test_find(void **state)
{
    (void)state;
    struct bench *b = bench_new(80, 24, 1);
    type(b, "3/hammer\n");
    const int32_t first = latents_of(&b->a)->at;
    char tokens[200];
    names_top_tokens(&b->v.names, &b->v.arm[0].table->row[first], tokens,
                     sizeof tokens);
    assert_non_null(strstr(tokens, "hammer"));
    assert_int_equal(latents_of(&b->a)->shown, 512);
    press(b, 'n');
    const int32_t next = latents_of(&b->a)->at;
    assert_int_not_equal(next, first);
    press(b, 'N');
    assert_int_equal(latents_of(&b->a)->at, first);
    type(b, "/nowhere\n");
    assert_true(
        on_screen(b, "not found: nowhere; Ctrl-P finds what is nearly so spelt"));
    assert_int_equal(latents_of(&b->a)->at, first);
    type(b, "/#77\n");
    assert_int_equal(latents_of(&b->a)->at, 77);
    bench_free(b);
}

/* A word that no list shows is found among all tokens that latents fire on. */
static void test_find_in_index(void **state)
{
    (void)state;
    struct bench *b = bench_new(80, 24, 1);
    const int32_t rare = sample_token_of(1, 0);
    char line[80];
    type(b, "3");
    for (size_t i = 0; i < b->v.arm[0].table->F; i++) {
        struct latent_row *row = &b->v.arm[0].table->row[i];
        row->match = MATCH_NONE;
        for (size_t k = 0; k < LATENT_TOP_TOKENS; k++) {
            row->top_token[k] = row->top_token[k] == rare ? -1 : row->top_token[k];
        }
    }
    const char *word = sample_token[rare] + strspn(sample_token[rare], " ");
    snprintf(line, sizeof line, "/%s\n", word);
    type(b, line);
    assert_true(on_screen(b, "not in labels, matches or top tokens;"));
    size_t n = 0;
    bool fires = false;
    const struct latent_token *t =
        latent_tokens(b->v.arm[0].table, latents_of(&b->a)->at, &n);
    for (size_t i = 0; i < n; i++) {
        fires = fires || t[i].token == rare;
    }
    assert_true(fires);
    /* Said of a filter that was taken, not of each letter of it. */
    const size_t said = b->a.log.n;
    snprintf(line, sizeof line, "&%s", word);
    type(b, line);
    assert_int_equal(latents_of(&b->a)->shown, 0);
    assert_true(on_screen(b, "none has '")); /* but in the table */
    press(b, KEY_ESC_);
    type(b, line);
    assert_int_equal(b->a.log.n, said);
    press(b, KEY_ENTER_);
    snprintf(line, sizeof line, "fire on it: & tokens=%s", word);
    assert_true(on_screen(b, line));
    snprintf(line, sizeof line, "&tokens=%s\n", word);
    const char *count = strstr(b->a.message, "token; ");
    assert_non_null(count);
    n = strtoul(count + 7, NULL, 10);
    press(b, '&');
    press(b, 'u' & 0x1F); /* clears the line */
    type(b, line + 1);
    assert_int_equal(latents_of(&b->a)->shown, n);
    bench_free(b);
}

/* Rows that answer to another filter, or stand the other way around, are read from the
 * first on, whatever the filters passed through while one typed; Esc leads back. */
static void test_filters_and_orders_begin_at_the_top(void **state)
{
    (void)state;
    struct bench *b = bench_new(80, 24, 1);
    const struct list_view *list = &latents_of(&b->a)->list;
    type(b, "3GK");
    press(b, KEY_PGUP);
    const struct list_view was = *list;
    const int32_t at = latents_of(&b->a)->at;
    assert_true(was.top > 0 && was.cursor > was.top);
    type(b, "&density>0");
    assert_true(latents_of(&b->a)->shown > (size_t)list->page);
    assert_int_equal(list->top, 0);
    assert_int_equal(list->cursor, 0);
    assert_int_equal(latents_of(&b->a)->at, latents_of(&b->a)->order[0]);
    press(b, KEY_ESC_);
    assert_int_equal(latents_of(&b->a)->at, at);
    assert_int_equal(list->top, was.top);
    assert_int_equal(list->cursor, was.cursor);
    type(b, "&density>0\nG\\"); /* the row stays when all are shown again */
    assert_true(list->cursor > 0);
    type(b, "Gr");
    assert_int_equal(list->top, 0);
    assert_int_equal(latents_of(&b->a)->at, latents_of(&b->a)->order[0]);
    bench_free(b);
}

/* The cursor stays on its latent when a new table comes in another order. */
/* Let another table come, in which the latents stand in another order. */
static void bring_another_table(struct bench *b)
{
    struct latent_table *t = sample_table(512, 1050);
    for (size_t i = 0; i < t->F; i++) {
        t->row[i].f1 = (float)sample_u((uint32_t)i + 31337);
    }
    const struct latent_table *old = b->v.arm[0].table;
    b->v.arm[0].table = t;
    app_update(&b->a, &b->v, &(struct event){.kind = EVENT_TICK});
    latent_table_unref((struct latent_table *)(uintptr_t)old);
}

static void test_cursor_keeps_its_latent(void **state)
{
    (void)state;
    struct bench *b = bench_new(80, 24, 1);
    const struct latents_state *l = latents_of(&b->a);
    type(b, "3jjjjjjj");
    const int32_t at = l->at;
    bring_another_table(b);
    assert_int_equal(l->at, at);
    assert_int_equal(l->order[l->list.cursor], at);
    bench_free(b);
}

/* In the first row it stays there, unless a person went to the latent. */
static void test_first_row_is_no_choice(void **state)
{
    (void)state;
    for (int chosen = 0; chosen < 2; chosen++) {
        struct bench *b = bench_new(80, 24, 1);
        const struct latents_state *l = latents_of(&b->a);
        type(b, chosen ? "3\n3" : "3");
        const int32_t first = l->at;
        bring_another_table(b);
        assert_true(l->order[0] != first);
        assert_int_equal(l->at, chosen ? first : l->order[0]);
        bench_free(b);
    }
}

/* What the preview shows can be sent as well, once Detail has read it. */
static void test_sends_from_the_preview(void **state)
{
    (void)state;
    struct bench *b = bench_new(200, 60, 1);
    type(b, "3");
    latents_choose(&b->a, 42);
    b->a.n_commands = 0;
    type(b, ":latent 42\n");
    b->a.n_commands = 0;
    type(b, "3");
    assert_int_equal(latents_of(&b->a)->at, 42);
    assert_true(on_screen(b, "p to prompt"));
    press(b, 'p');
    b->a.n_commands = 0;
    assert_ptr_equal(b->a.screen, &screen_prompt);
    assert_non_null(strstr(
        prompt_own(&b->a)->box.text,
        names_token(&b->v.names, b->v.detail->context[0].token[CONTEXT_TOKENS / 2])));
    press(b, KEY_ESC_);
    b->a.n_commands = 0;
    assert_ptr_equal(b->a.screen, &screen_latents);
    press(b, 'j');
    assert_false(on_screen(b, "p to prompt"));
    press(b, 'p');
    assert_true(on_screen(b, "reads the contexts of the latent first"));
    type(b, ":send-latent 7\n");
    assert_true(on_screen(b, "expected the latent opened last, found 7"));
    bench_free(b);
}

/* ---- labels ---- */

/* Acts as the session: puts the label that was asked for into the next view. */
static void apply_label(struct bench *b)
{
    struct errinfo e;
    const struct command c = one_command(b, COMMAND_LABEL);
    struct latent_labels *l = NULL;
    struct latent_labels *old =
        (struct latent_labels *)(uintptr_t)b->v.arm[c.arm].labels;
    assert_ok(latent_labels_with(old, c.latent, c.text, &l, &e), &e);
    b->v.arm[c.arm].labels = l;
    latent_labels_unref(old);
    app_update(&b->a, &b->v, &(struct event){.kind = EVENT_TICK});
    app_view(&b->a, &b->v, &b->c);
}

static void test_labels(void **state)
{
    (void)state;
    struct bench *b = bench_new(120, 36, 1);
    press(b, '3');
    assert_false(on_screen(b, "label      "));
    const int32_t id = latents_of(&b->a)->at;
    type(b, ";house pets");
    assert_true(on_screen(b, "label: house pets"));
    press(b, KEY_ENTER_);
    assert_int_equal(b->a.command[0].latent, id);
    apply_label(b);
    assert_true(on_screen(b, "house pets"));
    /* Found, filtered, sorted by, shown in Detail and written out. */
    type(b, "G/house\n");
    assert_int_equal(latents_of(&b->a)->at, id);
    type(b, "&labelled\n");
    assert_int_equal(latents_of(&b->a)->shown, 1);
    type(b, "\\&pets\n");
    assert_int_equal(latents_of(&b->a)->shown, 1);
    type(b, "\\:sort label\n");
    assert_int_equal(latents_of(&b->a)->order[0], id);
    b->a.n_commands = 0;
    press(b, KEY_ENTER_);
    b->a.n_commands = 0;
    assert_true(on_screen(b, "house pets"));
    struct str csv;
    struct errinfo e;
    str_init(&csv, 1u << 20);
    assert_ok(screen_latents.export_text(&b->a, &b->v, &csv, &e), &e);
    assert_non_null(strstr(csv.p, ",house pets\n"));
    str_free(&csv);
    /* The prompt opens with what it is called; undo and an empty one take it off. */
    press(b, ';');
    assert_string_equal(b->a.line.text, "house pets");
    press(b, 21); /* Ctrl-U */
    press(b, KEY_ENTER_);
    assert_string_equal(b->a.command[0].text, "");
    apply_label(b);
    assert_int_equal(latent_labels_count(b->v.arm[0].labels), 0);
    press(b, 'u');
    assert_string_equal(b->a.command[0].text, "house pets");
    apply_label(b);
    press(b, 18);
    assert_string_equal(b->a.command[0].text, "");
    apply_label(b);
    char line[160] = ":label ";
    memset(line + 7, 'x', 120);
    strcpy(line + 127, "\n");
    type(b, line);
    no_command(b);
    assert_true(on_screen(b, "at most 96"));
    bench_free(b);
}

/* In a narrow table a label stands where the latent's tokens stood, those of others
 * stay, and no number goes; a column that is not there for want of room comes when it
 * is sorted by. */
static void test_labels_leave_the_order(void **state)
{
    (void)state;
    struct bench *b = bench_new(80, 24, 1);
    type(b, "3");
    assert_true(on_screen(b, "  P   R  F1"));
    assert_false(on_screen(b, " mean"));
    type(b, ":sort max\n;pets\n");
    apply_label(b);
    assert_true(on_screen(b, "  P   R  F1 label, tokens"));
    assert_true(on_screen(b, " pets "));
    char tokens[200], some[8];
    const struct latents_state *l = latents_of(&b->a);
    names_top_tokens(&b->v.names, &b->v.arm[0].table->row[l->order[1]], tokens,
                     sizeof tokens);
    snprintf(some, sizeof some, "%.5s", tokens);
    assert_true(on_screen(b, some));
    type(b, ":sort label\n");
    assert_true(on_screen(b, " label\xe2\x96\xb4"));
    assert_true(on_screen(b, " pets "));
    type(b, ":sort max\n");
    press(b, '>');
    assert_true(on_screen(b, " mean\xe2\x96\xbe"));
    assert_true(on_screen(b, "  P   R  F1"));
    bench_free(b);
}

/* ---- the scatter ---- */

static void test_scatter(void **state)
{
    (void)state;
    struct bench *b = bench_new(120, 36, 1);
    type(b, "3=");
    assert_true(on_screen(b, "F1 against density"));
    assert_true(on_screen(b, "log10 of the share"));
    const struct latent_table *t = b->v.arm[0].table;
    /* Each step goes that way, and the cursor is the table's. */
    for (int i = 0; i < 40; i++) {
        const int32_t from = latents_of(&b->a)->at;
        press(b, (uint32_t)(unsigned char)"hjkl"[i % 4]);
        const int32_t to = latents_of(&b->a)->at;
        assert_int_equal(latents_of(&b->a)->order[latents_of(&b->a)->list.cursor], to);
        if (to == from) {
            continue;
        }
        const double dx = t->row[to].density - t->row[from].density;
        const double dy = (double)t->row[to].f1 - (double)t->row[from].f1;
        assert_true(i % 4 == 0   ? dx <= 0
                    : i % 4 == 1 ? dy <= 0
                    : i % 4 == 2 ? dy >= 0
                                 : dx >= 0);
    }
    /* From the left end to the right every point with a place can be reached: no step
     * stays where it is before the last. */
    press(b, 'g');
    size_t steps = 0;
    for (int32_t was = -1; was != latents_of(&b->a)->at && steps < 1000; steps++) {
        was = latents_of(&b->a)->at;
        press(b, 'l');
    }
    press(b, 'l');
    const int32_t right = latents_of(&b->a)->at;
    press(b, 'G');
    assert_true(t->row[right].density >= t->row[latents_of(&b->a)->at].density);
    assert_true(steps > 10);
    /* Measures, and those that have none. */
    press(b, '.');
    assert_true(on_screen(b, "max against density"));
    type(b, ":scatter absorb\n");
    assert_true(on_screen(b, "absorb against density"));
    type(b, ":latent 16\n");
    type(b, "3");
    assert_true(on_screen(b, "#16 has no point: it never fires"));
    press(b, 'l');
    assert_int_not_equal(latents_of(&b->a)->at, 16);
    type(b, ":scatter nothing\n");
    assert_true(b->a.message_bad);
    /* A click takes the nearest point, a second one opens it. */
    press(b, 'g');
    const struct rect r = hit_of(b, HIT_SCATTER, 0);
    mouse(b, MOUSE_PRESS, r.x + r.w / 2, r.y + r.h / 2);
    b->a.n_commands = 0;
    type(b, ":filter density>5\n");
    assert_true(on_screen(b, "no latent"));
    type(b, "hjklgG");
    press(b, '\\');
    press(b, '=');
    assert_false(latents_of(&b->a)->scatter);
    assert_true(on_screen(b, "top tokens"));
    bench_free(b);
}

/* ---- undo ---- */

static void test_undo_of_layout(void **state)
{
    (void)state;
    struct bench *b = bench_new(120, 36, 2);
    press(b, '.');
    press(b, 'y');
    type(b, "3>");
    const int sorted = latents_of(&b->a)->sort;
    press(b, 'r');
    press(b, '=');
    type(b, ":latent 42\nL");
    assert_int_equal(detail_of(&b->a)->lens, LENS_DIRECT);
    b->a.n_commands = 0;
    press(b, 'u');
    assert_true(on_screen(b, "undone: a change of the layout"));
    assert_int_equal(detail_of(&b->a)->lens, LENS_NORM);
    press(b, 'u');
    assert_false(latents_of(&b->a)->scatter);
    press(b, 'u');
    assert_false(latents_of(&b->a)->reverse);
    assert_int_equal(latents_of(&b->a)->sort, sorted);
    press(b, 'u');
    assert_int_not_equal(latents_of(&b->a)->sort, sorted);
    press(b, 'u');
    assert_false(train_of(&b->a)->log_y[0]);
    press(b, 'u');
    assert_int_equal(train_of(&b->a)->metric[0], METRIC_LOSS);
    assert_true(train_of(&b->a)->log_y[0]);
    press(b, 'u');
    assert_true(on_screen(b, "nothing to undo"));
    for (int i = 0; i < 6; i++) {
        press(b, 18);
    }
    assert_int_equal(train_of(&b->a)->metric[0], METRIC_L0);
    assert_int_equal(latents_of(&b->a)->sort, sorted);
    assert_int_equal(detail_of(&b->a)->lens, LENS_DIRECT);
    no_command(b);
    bench_free(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_table_is_asked_for),
        cmocka_unit_test(test_table_of_a_part),
        cmocka_unit_test(test_untrained_is_said),
        cmocka_unit_test(test_filter_by_token_says_how_strongly),
        cmocka_unit_test(test_typed_before_the_table),
        cmocka_unit_test(test_sorting),
        cmocka_unit_test(test_absorption),
        cmocka_unit_test(test_filter_prompt),
        cmocka_unit_test(test_filters_and_orders_begin_at_the_top),
        cmocka_unit_test(test_marks),
        cmocka_unit_test(test_find),
        cmocka_unit_test(test_find_in_index),
        cmocka_unit_test(test_cursor_keeps_its_latent),
        cmocka_unit_test(test_first_row_is_no_choice),
        cmocka_unit_test(test_sends_from_the_preview),
        cmocka_unit_test(test_labels),
        cmocka_unit_test(test_labels_leave_the_order),
        cmocka_unit_test(test_scatter),
        cmocka_unit_test(test_undo_of_layout),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
