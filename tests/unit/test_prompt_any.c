/* [threads] Prompt and the finder under anything that comes: keys, text, pastes,
 * clicks, sizes.
 */
#include "prompt_world.h"

#include <stdlib.h>
#include <string.h>

/* Pasted text of any bytes is text; nothing of it is a key. */
static void test_hostile_paste(void **state)
{
    (void)state;
    struct world t = begin_world(80, 24);
    settle(&t);
    static const char bytes[] = "\x1b[2J\x9b q\nQ\x80\xff end";
    app_update(&t.b->a, &t.b->v,
               &(struct event){
                   .kind = EVENT_PASTE, .text = bytes, .text_n = sizeof bytes - 1});
    settle(&t);
    assert_true(own(&t)->typing);
    assert_non_null(strstr(own(&t)->box.text, "end"));
    assert_null(strchr(own(&t)->box.text, '\x1b'));
    for (int i = 0; i < t.b->c.w * t.b->c.h; i++) {
        const uint32_t cp = t.b->c.cell[i].cp;
        assert_true(cp == 0 || (cp >= 32 && (cp < 127 || cp > 159)));
    }
    end_world(&t);
}

/* ---- anything ---- */

/* Whatever was asked of the session is given, now or later. */
static void answer_session(struct world *t, struct rng *r)
{
    struct session_view *v = &t->b->v;
    for (size_t i = 0; i < t->b->a.n_commands; i++) {
        const struct command *c = &t->b->a.command[i];
        if (c->kind == COMMAND_SUBJECT && c->arm < v->n_arms) {
            ask_subject_unref((struct ask_subject *)(uintptr_t)v->subject);
            v->subject = ask_subject_at(t->lm, lm_behind(1), SAE_NORM_SCALE);
            v->subject_arm = c->arm;
            v->subject_step += 10 * (int64_t)rng_below(r, 2);
        }
    }
    v->subject_busy = rng_below(r, 4) == 0;
    t->b->a.n_commands = t->b->a.n_requests = 0;
}

static void random_paste(struct world *t, struct rng *r)
{
    char bytes[40];
    const size_t n = rng_below(r, sizeof bytes);
    static const char some[] = "the cat \xe7\x8c\xab\x1b[2J\n\t\xff\x80 zq";
    for (size_t i = 0; i < n; i++) {
        bytes[i] = some[rng_below(r, sizeof some - 1)];
    }
    app_update(&t->b->a, &t->b->v,
               &(struct event){.kind = EVENT_PASTE, .text = bytes, .text_n = n});
}

static void random_size(struct world *t, struct rng *r)
{
    struct errinfo e;
    const struct event ev = {.kind = EVENT_RESIZE,
                             .w = 1 + (int)rng_below(r, 200),
                             .h = 1 + (int)rng_below(r, 60)};
    assert_ok(canvas_resize(&t->b->c, ev.w, ev.h, &e), &e);
    app_update(&t->b->a, &t->b->v, &ev);
}

static void random_event(struct world *t, struct rng *r)
{
    static const char some[] = "hjklgGmatT+-@AfHDxirPdRvwWE \n\t^u|#ab c:;&/=3";
    static const uint32_t special[] = {
        KEY_UP_,  KEY_DOWN_,     KEY_PGUP,       KEY_PGDN,      KEY_DEL,
        KEY_TAB_, KEY_SHIFT_TAB, KEY_SHIFT_LEFT, KEY_CTRL('r'), KEY_CTRL('p'),
        KEY_ESC_, KEY_CTRL('u'), KEY_CTRL('o'),  KEY_CTRL('w'), KEY_CTRL('k')};
    static const char *const lines[] = {":ask a dog and a cat\n",
                                        ":write both 9\n",
                                        ":write 30 temperature=1\n",
                                        ":steer 3=2@1-\n",
                                        ":steer 5=scale:-1\n",
                                        ":replace zebra\n",
                                        ":silence 7\n",
                                        ":undo\n",
                                        ":list changed\n",
                                        ":hold 4\n",
                                        ":digits kl\n",
                                        ":why\n"};
    const size_t what = rng_below(r, 100);
    if (what < 2) {
        random_size(t, r);
    } else if (what < 5) {
        random_paste(t, r);
    } else if (what < 10) {
        const struct event ev = {.kind = EVENT_MOUSE,
                                 .mouse = (enum mouse_kind)rng_below(r, 6),
                                 .x = (int)rng_below(r, (size_t)t->b->c.w),
                                 .y = (int)rng_below(r, (size_t)t->b->c.h)};
        app_update(&t->b->a, &t->b->v, &ev);
    } else if (what < 13) {
        type(t->b, lines[rng_below(r, sizeof lines / sizeof *lines)]);
    } else if (what < 16) {
        settle(t);
    } else if (what < 30) {
        press(t->b, special[rng_below(r, sizeof special / sizeof *special)]);
    } else {
        const char key = some[rng_below(r, sizeof some - 1)];
        press(t->b, key == '\n' ? KEY_ENTER_ : key == '^' ? KEY_ESC_ : (uint32_t)key);
    }
}

static void check_prompt(const struct world *t)
{
    const struct prompt_state *s = own(t);
    assert_true(s->row.n == 0 || s->at < s->row.n);
    assert_true(s->row.edits.n <= PROMPT_EDITS && s->row.arm < VIEW_ARMS);
    for (size_t i = 0; i < s->row.edits.n; i++) {
        const struct ask_edit *e = &s->row.edits.at[i];
        assert_true(!s->row.ids || e->where == ASK_ALL || e->pos < s->row.n);
    }
    for (int i = 0; i < t->b->c.w * t->b->c.h; i++) {
        const uint32_t cp = t->b->c.cell[i].cp;
        assert_true(cp == 0 || (cp >= 32 && (cp < 127 || cp > 159)));
    }
}

/* Any keys, text, pastes and clicks at any size, in the finder too, while a model
 * answers. SAETOP_RANDOM_EVENTS=N for more, SAETOP_RANDOM_SEED=S for others. */
static void test_random_events(void **state)
{
    (void)state;
    const char *more = getenv("SAETOP_RANDOM_EVENTS"),
               *seed = getenv("SAETOP_RANDOM_SEED");
    const long n = more ? strtol(more, NULL, 10) : 1500;
    struct world t = begin_world(80, 24);
    struct rng r = rng_begin(seed ? strtoul(seed, NULL, 10) : 7, RNG_INIT, 2);
    for (long i = 0; i < n; i++) {
        random_event(&t, &r);
        answer_session(&t, &r);
        check_prompt(&t);
        t.b->a.leaving = STAYING;
        if (t.b->a.screen != &screen_prompt && t.b->a.w >= FULL_W &&
            rng_below(&r, 3) == 0) {
            app_go(&t.b->a, &t.b->v, &screen_prompt);
        }
    }
    settle(&t);
    end_world(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_hostile_paste),
        cmocka_unit_test(test_random_events),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
