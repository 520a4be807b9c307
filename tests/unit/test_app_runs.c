/* Runs: order, finding, filter, marks; opening another run, which asks where something
 * would be lost; what is ordered of a run, and undone. */
#include "ui/screens/runs_priv.h"
#include "ui_bench.h"
#include "ui_runs.h"

static struct bench *runs_bench(int w, int h)
{
    struct bench *b = bench_new(w, h, 2);
    sample_runs(&b->a);
    type(b, "9");
    b->a.n_requests = 0;
    return b;
}

static void runs_bench_free(struct bench *b)
{
    runs_view_deinit(&b->a.runs);
    bench_free(b);
}

static struct runs_state *own(struct bench *b)
{
    return runs_own(&b->a);
}

static const char *name_at(struct bench *b, size_t i)
{
    return b->a.runs.list->row[own(b)->order[i]].name;
}

/* The one request, of that kind; taken. */
static struct app_request one_request(struct bench *b, enum app_request_kind kind)
{
    if (b->a.n_requests != 1 || b->a.request[0].kind != kind) {
        fail_msg("%zu requests, the first of kind %d, expected one of %d; message: %s",
                 b->a.n_requests, b->a.n_requests ? (int)b->a.request[0].kind : -1,
                 (int)kind, b->a.message);
    }
    b->a.n_requests = 0;
    return b->a.request[0];
}

/* The order of the one request, answered as the thread would. */
static struct run_order answered(struct bench *b, const char *text, const char *before,
                                 const char *why)
{
    struct run_order o = one_request(b, REQUEST_ORDER).order;
    struct run_answer *a = &b->a.runs.answer;
    *a = (struct run_answer){.order = o, .done = why == NULL};
    snprintf(a->order.text, sizeof a->order.text, "%s", text ? text : o.text);
    snprintf(a->before, sizeof a->before, "%s", before ? before : "");
    snprintf(a->why, sizeof a->why, "%s", why ? why : "");
    b->a.runs.answers++;
    app_update(&b->a, &b->v, &(struct event){.kind = EVENT_TICK});
    app_view(&b->a, &b->v, &b->c);
    return o;
}

/* ---- the list ---- */

static void newest_first_and_other_orders(void **state)
{
    (void)state;
    struct bench *b = runs_bench(120, 36);
    assert_int_equal(own(b)->n, 7);
    const struct run_list *l = b->a.runs.list;
    for (size_t i = 0; i + 2 < 7; i++) {
        assert_true(l->row[own(b)->order[i]].saved >=
                    l->row[own(b)->order[i + 1]].saved);
    }
    assert_string_equal(name_at(b, 6), "latest"); /* of no date */
    type(b, ":sort name\n");
    assert_string_equal(name_at(b, 0), "20260301-101500");
    type(b, "r");
    assert_string_equal(name_at(b, 0), "latest");
    type(b, ">"); /* to the right of the name: steps */
    assert_string_equal(run_column_name(run_column_at((size_t)own(b)->sort)), "step");
    assert_string_equal(name_at(b, 0), "hostile-\x1b[31m\xe2\x80\xae");
    type(b, ">"); /* the planned steps stand in no table */
    assert_string_equal(run_column_name(run_column_at((size_t)own(b)->sort)), "arch");
    type(b, "u");
    assert_string_equal(run_column_name(run_column_at((size_t)own(b)->sort)), "step");
    type(b, ":sort nothing\n");
    assert_true(on_screen(b, "sort: expected name, step"));
    runs_bench_free(b);
}

/* No number is cut; what rows are sorted by, and whose figures they are, is said. */
static void columns_say_what_they_show(void **state)
{
    (void)state;
    struct bench *b = runs_bench(80, 24);
    assert_true(on_screen(b, "sorted by saved, 7"));
    assert_true(on_screen(b, " EV A "));
    assert_true(on_screen(b, " absorption A"));
    type(b, ":sort label\n");
    assert_true(on_screen(b, "sorted by label, 7"));
    type(b, ":sort step\n");
    assert_false(on_screen(b, "sorted by"));
    assert_true(on_screen(b, "step\xe2\x96\xbe"));
    struct run_row *row = (struct run_row *)(uintptr_t)runs_here(&b->a);
    row->conditions = 4;
    for (size_t i = 0; i < 4; i++) {
        row->condition[i].mask_rate = 0.15 * (double)i;
    }
    app_view(&b->a, &b->v, &b->c);
    assert_true(on_screen(b, " 0 0.15 0.3 0.45 "));
    type(b, "&no such\n");
    assert_true(on_screen(b, "no run passes the filter"));
    assert_false(on_screen(b, "\xe2\x94\x80 run ")); /* no box about none */
    runs_bench_free(b);
}

/* The cursor stays on its run whatever comes and goes. */
static void the_cursor_stays(void **state)
{
    (void)state;
    struct bench *b = runs_bench(80, 24);
    type(b, ":sort name\njj");
    char at[RUN_NAME_MAX];
    type(b, "r"); /* the other way around: from the top */
    assert_int_equal(own(b)->list.cursor, 0);
    type(b, "G&20260302");
    assert_int_equal(own(b)->list.cursor, 0);
    press(b, KEY_ESC_);
    assert_int_equal(own(b)->list.cursor, 6);
    type(b, "&long\n");
    memcpy(at, own(b)->at, sizeof at);
    assert_int_equal(own(b)->n, 1);
    assert_true(on_screen(b, "1 of 7"));
    type(b, "u");
    assert_int_equal(own(b)->n, 7);
    assert_string_equal(runs_here(&b->a)->name, at);
    type(b, "&no such\n");
    assert_true(on_screen(b, "no run passes the filter: no such"));
    assert_null(runs_here(&b->a));
    type(b, "\n;d \n"); /* a line that does nothing: there is no run to call anything */
    assert_int_equal(b->a.n_requests, 0);
    type(b, "\\");
    assert_int_equal(own(b)->n, 7);
    /* The filter has the language of the other screens' filters, with the
     * names of the columns. */
    type(b, "&!long | /^no such/\n");
    assert_int_equal(own(b)->n, 6);
    type(b, ":filter foo>1\n");
    assert_true(on_screen(b, "unknown field: name, step, steps, arch, mask_rate, k,"));
    assert_int_equal(own(b)->n, 6);
    type(b, "u");
    assert_int_equal(own(b)->n, 7);
    runs_bench_free(b);
}

/* A row passes `field op value` just if its column says so. */
static void filtered_by_column(void **state)
{
    (void)state;
    struct bench *b = runs_bench(120, 36);
    const struct run_list *l = b->a.runs.list;
    const double half = l->row[0].opens ? (double)l->row[0].step : 1.0;
    char line[64];
    size_t more = 0, of_arch = 0, dated = 0;
    for (size_t i = 0; i < l->n; i++) {
        char cell[RUN_CELL_ROOM];
        const int saved = run_column_find("saved");
        more += l->row[i].opens && (double)l->row[i].step >= half;
        of_arch += strstr(l->row[i].arch, "topk") != NULL;
        dated += strstr(run_cell_show(run_column_at((size_t)saved), &l->row[i], cell),
                        "2026-03") != NULL;
    }
    snprintf(line, sizeof line, ":filter step>=%.0f\n", half);
    type(b, line);
    assert_true(more > 0);
    assert_int_equal(own(b)->n, more);
    type(b, ":filter arch=topk\n");
    assert_int_equal(own(b)->n, of_arch);
    type(b, ":filter saved=2026-03\n");
    assert_int_equal(own(b)->n, dated);
    type(b, ":filter mask_\t");
    assert_string_equal(b->a.line.text, "filter mask_rate");
    runs_bench_free(b);
}

static void found(void **state)
{
    (void)state;
    struct bench *b = runs_bench(80, 24);
    type(b, "/AGAINST\n"); /* a label */
    assert_string_equal(runs_here(&b->a)->name, "20260302-093012");
    type(b, "/jump\n"); /* an architecture */
    assert_string_equal(runs_here(&b->a)->name, "gemma-scope");
    type(b, "/2026\n");
    const struct run_row *first = runs_here(&b->a);
    type(b, "n");
    assert_true(runs_here(&b->a) != first);
    type(b, "N");
    assert_true(runs_here(&b->a) == first);
    type(b, "/zzz\n");
    assert_true(on_screen(b, "in no run's name"));
    runs_bench_free(b);
}

static void empty_folders_say_how_runs_come(void **state)
{
    (void)state;
    struct bench *b = bench_new(80, 24, 1);
    struct errinfo e;
    struct run_list *l = NULL;
    type(b, "9");
    assert_true(on_screen(b, "neither XDG_STATE_HOME nor HOME"));
    snprintf(b->a.runs_home, sizeof b->a.runs_home, SAMPLE_FOLDER);
    app_update(&b->a, &b->v, &(struct event){.kind = EVENT_TICK});
    app_view(&b->a, &b->v, &b->c);
    assert_true(on_screen(b, "reading " SAMPLE_FOLDER));
    assert_string_equal(one_request(b, REQUEST_RUNS).path, SAMPLE_FOLDER);
    assert_ok(run_list_none(SAMPLE_FOLDER, &l, &e), &e);
    b->a.runs.list = l;
    app_view(&b->a, &b->v, &b->c);
    assert_true(on_screen(b, "no runs yet in " SAMPLE_FOLDER));
    assert_true(on_screen(b, "c on Train saves the run"));
    type(b, "\n"); /* nothing to open */
    assert_int_equal(b->a.n_requests, 0);
    type(b, "1"); /* it is looked at only while it is shown */
    assert_string_equal(one_request(b, REQUEST_RUNS).path, "");
    type(b, "9");
    b->a.n_requests = 0;
    type(b, ":folder /data/runs\n");
    assert_string_equal(one_request(b, REQUEST_RUNS).path, "/data/runs");
    runs_bench_free(b);
}

/* ---- opening ---- */

static void opened_at_once_where_nothing_is_lost(void **state)
{
    (void)state;
    struct bench *b = runs_bench(80, 24);
    b->v.state = SESSION_BROWSING;
    type(b, ":sort name\n\n");
    one_request(b, REQUEST_OPEN);
    assert_string_equal(b->a.next.path, SAMPLE_FOLDER "/20260301-101500");
    assert_false(b->a.next.resume);
    type(b, "T");
    one_request(b, REQUEST_OPEN);
    assert_true(b->a.next.resume);
    type(b, "/gemma\nT"); /* an SAE of another tool: browsed only */
    assert_true(on_screen(b, "no state to go on from"));
    type(b, "/long\nT");
    assert_true(on_screen(b, "process 4242 has it open"));
    assert_int_equal(b->a.n_requests, 0);
    type(b, "\n");
    one_request(b, REQUEST_OPEN);
    type(b, "/broken\n\n");
    assert_true(on_screen(b, "broken/config.json"));
    assert_int_equal(b->a.n_requests, 0);
    /* The one that is open leads to Train. */
    snprintf(b->v.arm[0].dir, sizeof b->v.arm[0].dir, SAMPLE_FOLDER "/20260302-093012");
    type(b, "/0302\n");
    assert_true(on_screen(b, "open here"));
    type(b, "\n");
    assert_ptr_equal(b->a.screen, &screen_train);
    one_request(b, REQUEST_RUNS); /* nobody looks at the folder any more */
    runs_bench_free(b);
}

/* c hands the run under the cursor to Compare. */
static void compared_with_the_open_one(void **state)
{
    (void)state;
    struct bench *b = runs_bench(80, 24);
    snprintf(b->v.arm[0].dir, sizeof b->v.arm[0].dir, SAMPLE_FOLDER "/20260302-093012");
    type(b, "/0302\nc"); /* not with itself */
    assert_ptr_equal(b->a.screen, &screen_runs);
    assert_true(on_screen(b, "is open here; choose another"));
    type(b, "/broken\nc");
    assert_ptr_equal(b->a.screen, &screen_runs);
    assert_int_equal(b->a.n_commands, 0);
    type(b, ":sort name\ng/20260301\nc");
    assert_ptr_equal(b->a.screen, &screen_compare);
    assert_string_equal(one_command(b, COMMAND_COMPARE).text,
                        SAMPLE_FOLDER "/20260301-101500");
    runs_bench_free(b);
    /* Two that are marked: neither needs to be open here; the one that is stands for
     * itself. */
    b = runs_bench(80, 24);
    type(b, "/20260301\n /long\n c");
    assert_string_equal(one_command(b, COMMAND_COMPARE).text,
                        SAMPLE_FOLDER "/20260301-101500\n" SAMPLE_FOLDER
                                      "/a long name that goes on and on and on");
    runs_bench_free(b);
    b = runs_bench(80, 24);
    snprintf(b->v.arm[0].dir, sizeof b->v.arm[0].dir, SAMPLE_FOLDER "/20260301-101500");
    type(b, "/20260301\n /long\n c");
    assert_string_equal(one_command(b, COMMAND_COMPARE).text,
                        SAMPLE_FOLDER "/a long name that goes on and on and on");
    runs_bench_free(b);
}

/* Compare's c leads here to choose; Enter compares what is chosen, q chooses nothing,
 * and afterwards Enter opens again. */
static void chosen_for_compare(void **state)
{
    (void)state;
    struct bench *b = runs_bench(80, 24);
    type(b, "6");
    b->a.n_commands = 0;
    assert_true(on_screen(b, "c choose run"));
    type(b, "c");
    assert_ptr_equal(b->a.screen, &screen_runs);
    assert_true(on_screen(b, "compare with: runs in"));
    assert_true(on_screen(b, "Enter compares"));
    type(b, "q");
    assert_ptr_equal(b->a.screen, &screen_compare);
    type(b, "c&20260301\n\n");
    assert_ptr_equal(b->a.screen, &screen_compare);
    assert_string_equal(one_command(b, COMMAND_COMPARE).text,
                        SAMPLE_FOLDER "/20260301-101500");
    type(b, "c\\/20260301\n /long\n \n"); /* two */
    assert_ptr_equal(b->a.screen, &screen_compare);
    assert_string_equal(one_command(b, COMMAND_COMPARE).text,
                        SAMPLE_FOLDER "/20260301-101500\n" SAMPLE_FOLDER
                                      "/a long name that goes on and on and on");
    type(b, "c19"); /* elsewhere: nothing is to be chosen any more */
    assert_true(on_screen(b, "Enter opens"));
    type(b, "q");
    assert_ptr_equal(b->a.screen, &screen_train);
    runs_bench_free(b);
}

/* A run that trains is asked about: saved first, discarded, or stayed with. */
static void asks_before_it_leaves(void **state)
{
    (void)state;
    struct bench *b = runs_bench(80, 24);
    type(b, ":sort name\n\n");
    assert_int_equal(b->a.leaving, LEAVE_ASKING);
    assert_true(on_screen(b, "open another run") && on_screen(b, "save and open it"));
    assert_int_equal(b->a.n_requests, 0);
    press(b, KEY_ESC_);
    assert_int_equal(b->a.leaving, STAYING);
    type(b, "\nc");
    assert_true(one_command(b, COMMAND_STOP).value > 0);
    b->v.state = SESSION_ENDED;
    app_update(&b->a, &b->v, &(struct event){.kind = EVENT_TICK});
    one_request(b, REQUEST_OPEN);
    /* And quitting after it was thought of is quitting. */
    b->a.leaving = STAYING;
    b->v.state = SESSION_TRAINING;
    type(b, "Q");
    assert_true(on_screen(b, "save and quit"));
    type(b, "d");
    one_command(b, COMMAND_STOP);
    b->v.state = SESSION_ENDED;
    app_update(&b->a, &b->v, &(struct event){.kind = EVENT_TICK});
    one_request(b, REQUEST_QUIT);
    runs_bench_free(b);
}

/* ---- orders ---- */

/* As many as can be marked go at once. */
static void all_marked_runs_are_deleted(void **state)
{
    (void)state;
    struct bench *b = runs_bench(80, 24);
    struct runs_state *s = own(b);
    for (s->n_marks = 0; s->n_marks < RUNS_MARKS; s->n_marks++) {
        snprintf(s->mark[s->n_marks], RUN_NAME_MAX, "%s", name_at(b, 0));
    }
    app_run(&b->a, &b->v, "delete");
    assert_int_equal(b->a.n_requests, RUNS_MARKS);
    runs_bench_free(b);
}

static void a_label_is_undone(void **state)
{
    (void)state;
    struct bench *b = runs_bench(80, 24);
    type(b, "/0302\n;"); /* what it is called is offered */
    assert_true(on_screen(b, "label: mask .3 against none"));
    press(b, KEY_ESC_);
    type(b, ":label the good one\n");
    struct run_order o = answered(b, NULL, "mask .3 against none", NULL);
    assert_int_equal(o.kind, RUN_ORDER_LABEL);
    assert_string_equal(o.name, "20260302-093012");
    assert_string_equal(o.text, "the good one");
    assert_true(on_screen(b, "is called: the good one"));
    type(b, "u");
    o = answered(b, NULL, "the good one", NULL);
    assert_string_equal(o.text, "mask .3 against none");
    press(b, KEY_CTRL('r'));
    o = answered(b, NULL, "mask .3 against none", NULL);
    assert_string_equal(o.text, "the good one");
    /* A label that failed is no step of undo. */
    type(b, ":label other\n");
    answered(b, NULL, NULL, "no right to write");
    assert_true(on_screen(b, "no right to write"));
    type(b, "u");
    o = answered(b, NULL, NULL, NULL);
    assert_string_equal(o.text, "mask .3 against none");
    runs_bench_free(b);
}

static void deleted_and_brought_back(void **state)
{
    (void)state;
    struct bench *b = runs_bench(120, 36);
    assert_true(on_screen(b, "2 deleted in " SAMPLE_FOLDER "/.trash"));
    type(b, "/0301\nd"); /* asks, in a line that says how to take it back */
    assert_true(on_screen(b, "d again moves 20260301-101500 to .trash; u brings"));
    type(b, "jkd"); /* after a move to another row it asks again */
    assert_int_equal(b->a.n_requests, 0);
    type(b, "d");
    struct run_order o = answered(b, "20260301-101500-2", NULL, NULL);
    assert_int_equal(o.kind, RUN_ORDER_TRASH);
    assert_string_equal(o.name, "20260301-101500");
    assert_string_equal(o.text, "");
    assert_true(on_screen(b, "into .trash; u brings it back"));
    type(b, "u");
    o = answered(b, NULL, NULL, NULL);
    assert_int_equal(o.kind, RUN_ORDER_RESTORE);
    assert_string_equal(o.name, "20260301-101500");
    assert_string_equal(o.text, "20260301-101500-2");
    press(b, KEY_CTRL('r')); /* there again under the name that undo knows */
    o = answered(b, NULL, NULL, NULL);
    assert_int_equal(o.kind, RUN_ORDER_TRASH);
    assert_string_equal(o.text, "20260301-101500-2");
    type(b, ":folder /elsewhere\n"); /* another folder has another 20260301 */
    b->a.n_requests = 0;
    type(b, "u");
    assert_true(on_screen(b, "made in another folder"));
    assert_int_equal(b->a.n_requests, 0);
    runs_bench_free(b);
}

static void marked_runs_are_deleted_together(void **state)
{
    (void)state;
    struct bench *b = runs_bench(80, 24);
    type(b, ":sort name\n    "); /* each space goes one down */
    assert_int_equal(own(b)->n_marks, 4);
    type(b, "k "); /* off again */
    assert_int_equal(own(b)->n_marks, 3);
    assert_true(on_screen(b, "3 marked"));
    type(b, "d");
    assert_true(on_screen(b, "d again moves 3 marked runs to .trash"));
    assert_int_equal(b->a.n_requests, 0);
    type(b, "d");
    assert_int_equal(b->a.n_requests, 3);
    assert_string_equal(b->a.request[0].order.name, "20260301-101500");
    assert_string_equal(b->a.request[2].order.name,
                        "a long name that goes on and on and on");
    runs_bench_free(b);
}

static void renamed(void **state)
{
    (void)state;
    struct bench *b = runs_bench(80, 24);
    type(b, "/0301\n:rename a better name\n");
    struct run_order o = answered(b, NULL, NULL, NULL);
    assert_int_equal(o.kind, RUN_ORDER_RENAME);
    assert_string_equal(o.text, "a better name");
    type(b, "u");
    o = answered(b, NULL, NULL, NULL);
    assert_string_equal(o.name, "a better name");
    assert_string_equal(o.text, "20260301-101500");
    type(b, ":rename\n");
    assert_true(on_screen(b, "expected the new name"));
    runs_bench_free(b);
}

static void clicks(void **state)
{
    (void)state;
    struct bench *b = runs_bench(120, 36);
    const struct rect row = hit_of(b, HIT_ROW, 3);
    mouse(b, MOUSE_PRESS, row.x + 4, row.y);
    assert_int_equal(own(b)->list.cursor, 3);
    b->v.state = SESSION_BROWSING;
    mouse(b, MOUSE_PRESS, row.x + 4, row.y);
    one_request(b, REQUEST_OPEN);
    const struct rect head = hit_of(b, HIT_HEADER, run_column_find("name"));
    mouse(b, MOUSE_PRESS, head.x + 2, head.y);
    assert_string_equal(name_at(b, 0), "20260301-101500");
    runs_bench_free(b);
}

static void exported(void **state)
{
    (void)state;
    struct bench *b = runs_bench(80, 24);
    struct str out;
    struct errinfo e;
    type(b, ":sort name\n");
    str_init(&out, 1u << 20);
    assert_null(screen_runs.may_export(&b->a, &b->v));
    assert_ok(screen_runs.export_text(&b->a, &b->v, &out, &e), &e);
    assert_non_null(strstr(out.p,
                           "name,step,steps,arch,mask_rate,k,arms,l0_clean,"
                           "explained_variance,absorption,bytes,saved,label,note,"
                           "remark\n20260301-101500,280,2000,topk,0.3,4,1,4,0.81,"));
    assert_null(strchr(out.p, '\x1b'));
    str_free(&out);
    runs_bench_free(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(newest_first_and_other_orders),
        cmocka_unit_test(columns_say_what_they_show),
        cmocka_unit_test(the_cursor_stays),
        cmocka_unit_test(filtered_by_column),
        cmocka_unit_test(found),
        cmocka_unit_test(empty_folders_say_how_runs_come),
        cmocka_unit_test(opened_at_once_where_nothing_is_lost),
        cmocka_unit_test(compared_with_the_open_one),
        cmocka_unit_test(chosen_for_compare),
        cmocka_unit_test(all_marked_runs_are_deleted),
        cmocka_unit_test(asks_before_it_leaves),
        cmocka_unit_test(a_label_is_undone),
        cmocka_unit_test(deleted_and_brought_back),
        cmocka_unit_test(marked_runs_are_deleted_together),
        cmocka_unit_test(renamed),
        cmocka_unit_test(clicks),
        cmocka_unit_test(exported),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
