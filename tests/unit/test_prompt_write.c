/* Prompt, at the right: texts that are written on, by one condition and by both, and
 * which latents made a token likely. */
#include "acts/harvest.h"
#include "lm/generate.h"
#include "prompt_world.h"

static void test_writes_on(void **state)
{
    (void)state;
    struct world t = begin_world(120, 36);
    settle(&t);
    type(t.b, ":write 12\n");
    settle(&t);
    assert_int_equal(own(&t)->texts, 1);
    assert_true(own(&t)->n_written[0] > 0 && own(&t)->n_written[0] <= 12);
    assert_false(own(&t)->writing);
    assert_non_null(prompt_written_here(&t.b->a));
    assert_true(on_screen(t.b, "latents of the token written"));
    assert_true(on_screen(t.b, "written at"));
    assert_true(on_screen(t.b, "likeliest"));
    keys(&t, "l^");
    assert_int_equal(own(&t)->side, PROMPT_NEXT);
    type(t.b, ":silence 3\n:write 12\n");
    settle(&t);
    assert_int_equal(own(&t)->texts, 2);
    assert_true(on_screen(t.b, "  base") && on_screen(t.b, "\xe2\x96\xb6 edited"));
    assert_true(on_screen(t.b, "latents of the token written, edited"));
    type(t.b, ":silence 5\n"); /* what is listed is from before */
    settle(&t);
    assert_true(on_screen(t.b, "latents of the old text's token, edited"));
    type(t.b, ":write many\n");
    assert_true(on_screen(t.b, "write: found many"));
    end_world(&t);
}

/* The tokens of the first text. */
static size_t text_of(const struct world *t, int32_t out[PROMPT_WRITES])
{
    for (size_t i = 0; i < own(t)->n_written[0]; i++) {
        out[i] = own(t)->written[0][i].id;
    }
    return own(t)->n_written[0];
}

static bool writes_again(struct world *t, const char *line, const int32_t *ids,
                         size_t n)
{
    int32_t now[PROMPT_WRITES];
    type(t->b, line);
    settle(t);
    return text_of(t, now) == n && !memcmp(now, ids, n * sizeof *ids);
}

/* Unless a seed is named it is the one of `saetop ask` and `lm generate`, whose text is
 * the same then. */
static void test_writes_what_lm_generate_does(void **state)
{
    (void)state;
    struct errinfo e;
    struct str want, got;
    str_init(&want, 1u << 16);
    str_init(&got, 1u << 16);
    struct world t = begin_world(120, 36);
    settle(&t);
    const struct generate_config c = {
        .max_tokens = 12, .temperature = 1, .seed = GENERATE_SEED};
    assert_ok(lm_generate(t.lm, own(&t)->box.text, &c, &want, &e), &e);
    type(t.b, ":write 12 temperature=1\n");
    settle(&t);
    for (size_t i = 0; i < own(&t)->n_written[0]; i++) {
        const int32_t id = own(&t)->written[0][i].id;
        if (!acts_is_special(t.lm->tok, id)) { /* the end */
            tok_decode(t.lm->tok, &id, 1, &got);
        }
    }
    assert_true(want.len > 0);
    assert_string_equal(got.p, want.p);
    str_free(&want);
    str_free(&got);
    end_world(&t);
}

/* Temperature, top-p and seed do what they say, and stand there. */
static void test_how_it_writes(void **state)
{
    (void)state;
    int32_t greedy[PROMPT_WRITES];
    struct world t = begin_world(120, 36);
    settle(&t);
    type(t.b, ":write 12\n");
    settle(&t);
    const size_t n = text_of(&t, greedy);
    assert_true(n > 0);
    assert_true(on_screen(t.b, "written, temperature 0.0"));
    assert_false(on_screen(t.b, "top-p") || on_screen(t.b, "seed"));
    /* Of the likeliest token alone nothing but the greedy text can be drawn. */
    assert_false(writes_again(&t, ":write temperature=2.25 seed=7\n", greedy, n));
    assert_true(on_screen(t.b, "written, temperature 2.25") &&
                on_screen(t.b, "seed 7"));
    assert_true(writes_again(&t, ":write top_p=0.0001\n", greedy, n));
    assert_true(own(&t)->how.top_p > 0 && own(&t)->how.top_p < 2e-4);
    assert_true(on_screen(t.b, "top-p 0.0001, seed 7"));
    type(t.b, ":write top_p=1.5\n");
    assert_true(on_screen(t.b, "write: found top_p=1.5"));
    type(t.b, ":write top_p=1 temperature=0 seed=1\n");
    settle(&t);
    assert_false(on_screen(t.b, "top-p") || on_screen(t.b, "seed"));
    end_world(&t);
    t = begin_world(200, 60); /* room for all of it */
    settle(&t);
    type(t.b, ":write 3\n");
    settle(&t);
    assert_true(on_screen(t.b, "written, temperature 0.0, top-p 1.0, seed 1"));
    end_world(&t);
}

/* While the writing waits, l at its end writes a token, of both texts, and stands on
 * it.
 */
static void test_writes_token_by_token(void **state)
{
    (void)state;
    struct world t = begin_world(120, 36);
    settle(&t);
    assert_false(on_screen(t.b, "Space pause")); /* nothing is being written */
    type(t.b, ":silence 3\n:write 300 temperature=1 seed=3\n");
    assert_true(on_screen(t.b, "Space pause"));
    type(t.b, " ");
    assert_true(own(&t)->paused);
    assert_true(on_screen(t.b, "Space go on"));
    assert_false(on_screen(t.b, "Space pause"));
    for (size_t i = 0; i < 2; i++) { /* begun */
        while (ask_worker_state(t.b->v.asker, i, ASK_TEXT).done !=
               own(&t)->text_asked[i]) {
            sched_yield();
        }
    }
    settle(&t);
    const size_t n = own(&t)->n_written[0], m = own(&t)->n_written[1];
    assert_true(own(&t)->writing && n < 290);
    assert_true(n == m || n == m + 1); /* in lockstep from the first on */
    own(&t)->written_at = m ? m - 1 : 0;
    keys(&t, "lll");
    assert_int_equal(own(&t)->n_written[0], n + 3);
    assert_int_equal(own(&t)->n_written[1], m + 3);
    assert_int_equal(own(&t)->written_at, m + 2);
    keys(&t, "h");
    assert_int_equal(own(&t)->written_at, m + 1);
    assert_int_equal(own(&t)->n_written[0], n + 3);
    end_world(&t);
}

/* What is written leads on: where it stopped and why is told, Space says what there is
 * to do, l at the end writes a token more, the same text up to there. */
static void test_goes_on_from_the_end(void **state)
{
    (void)state;
    struct world t = begin_world(120, 36);
    struct prompt_state *s = own(&t);
    int32_t was[16];
    settle(&t);
    keys(&t, " ");
    assert_true(on_screen(t.b, "nothing is being written: w lets the model write"));
    type(t.b, ":silence 3\n:write 9 temperature=1 seed=3\n");
    settle(&t);
    const size_t n = s->n_written[1];
    assert_int_equal(n, 9);
    assert_true(on_screen(t.b, "stopped at 9 tokens; ") &&
                on_screen(t.b, "temperature=0.8") && on_screen(t.b, "Esc closes"));
    assert_false(on_screen(t.b, "Space pause"));
    keys(&t, " ");
    assert_true(on_screen(
        t.b, "all 9 tokens are written: h l step through them, :write 18 writes more"));
    for (size_t i = 0; i < n; i++) {
        was[i] = s->written[1][i].id;
    }
    s->written_at = n - 1;
    keys(&t, "ll");
    assert_int_equal(s->n_written[0], n + 2);
    assert_int_equal(s->n_written[1], n + 2);
    assert_int_equal(s->written_at, n + 1);
    assert_ptr_equal(prompt_written_here(&t.b->a), &s->written[1][n + 1]);
    for (size_t i = 0; i < n; i++) {
        assert_int_equal(s->written[1][i].id, was[i]);
    }
    type(t.b, ":write 11\n"); /* what it would have been at once */
    was[0] = s->written[1][n].id;
    was[1] = s->written[1][n + 1].id;
    settle(&t);
    assert_true(was[0] == s->written[1][n].id && was[1] == s->written[1][n + 1].id);
    int32_t eos = 0;
    while (!names_is_special(&t.b->v.names, eos)) {
        eos++;
    }
    s->written[1][n + 1].id = eos;
    s->written_at = n + 1;
    app_view(&t.b->a, &t.b->v, &t.b->c);
    assert_true(on_screen(t.b, "base stopped at 11 tokens, edited end of text after"));
    keys(&t, "l");
    assert_true(
        on_screen(t.b, "the text came to its end: h l step through its tokens"));
    assert_int_equal(s->n_written[1], n + 2);
    app_update(&t.b->a, &t.b->v, /* what was said of this picture goes with it */
               &(struct event){.kind = EVENT_RESIZE, .w = 80, .h = 24});
    assert_string_equal(t.b->a.message, "");
    keys(&t, "^");
    assert_int_equal(s->side, PROMPT_NEXT);
    end_world(&t);
}

/* The latents of each token of a text, strongest first, are those of its own arm's SAE
 * with its own edits: asked about again. */
static void check_text(const struct world *t, size_t text, struct ask_subject *subject,
                       const struct prompt_edits *edits)
{
    const struct prompt_state *s = own(t);
    int32_t ids[64];
    struct ask *a = ask_begun(subject);
    assert_true(s->row.n + s->n_written[text] <= 64);
    memcpy(ids, s->row.ids, s->row.n * sizeof *ids);
    for (size_t i = 0; i < s->n_written[text]; i++) {
        const struct ask_written *w = &s->written[text][i];
        ids[s->row.n + i] = w->id;
        const struct ask_question q = {.ids = ids,
                                       .n = s->row.n + i + 1,
                                       .edit = edits->at,
                                       .n_edits = edits->n,
                                       .top = 1};
        struct ask_answer *r = ask_asked(a, &q);
        const size_t first = r->start[q.n - 1];
        assert_true(w->n_fires > 0);
        for (size_t k = 0; k < w->n_fires; k++) {
            assert_int_equal(w->fire[k].latent, r->fire[first + k].latent);
            assert_float_equal(w->fire[k].act, r->fire[first + k].act, 1e-4);
            assert_float_equal(w->fire[k].after, r->fire[first + k].after, 1e-4);
        }
        ask_answer_unref(r);
    }
    ask_free(a);
}

/* Two conditions write side by side, the other with its own SAE and its own edits; what
 * was written before is not taken for it. */
static void test_both_write(void **state)
{
    (void)state;
    struct world t = begin_world(120, 36);
    settle(&t);
    type(t.b, ":write 9\n");
    settle(&t);
    type(t.b, ":write both 4\n");
    assert_true(on_screen(t.b, "making ready B"));
    t.b->v.subject_step = 1000;
    give_subject(&t); /* B's */
    settle(&t);
    /* Meanwhile A's latents are asked, named and counted still. */
    assert_true(own(&t)->subject != t.b->v.subject);
    assert_true(on_screen(t.b, "A as of step 900"));
    keys(&t, "m");
    assert_true(own(&t)->answer->token[own(&t)->at].masked);
    keys(&t, "u");
    t.b->v.subject_step = 900;
    give_subject(&t); /* A's again, which is shown */
    settle(&t);
    assert_int_equal(own(&t)->texts, 2);
    assert_string_equal(own(&t)->text_name[0], "A, step 900");
    assert_string_equal(own(&t)->text_name[1], "B, step 1,000");
    for (size_t i = 0; i < 2; i++) {
        assert_true(own(&t)->n_written[i] > 0 && own(&t)->n_written[i] <= 4);
    }
    /* Nothing is edited: the same text at temperature 0, with latents of each SAE. */
    assert_int_equal(own(&t)->n_written[0], own(&t)->n_written[1]);
    for (size_t i = 0; i < own(&t)->n_written[0]; i++) {
        assert_int_equal(own(&t)->written[0][i].id, own(&t)->written[1][i].id);
    }
    static const struct prompt_edits none = {0};
    assert_ptr_not_equal(own(&t)->second->sae, own(&t)->subject->sae);
    check_text(&t, 0, own(&t)->subject, &none);
    check_text(&t, 1, own(&t)->second, &none);
    assert_int_not_equal(own(&t)->written[0][0].fire[0].latent,
                         own(&t)->written[1][0].fire[0].latent);
    /* Latents of B's text are B's: named so, and nothing here is done to them. */
    assert_true(prompt_latent_here(&t.b->a) >= 0);
    assert_false(on_screen(t.b, "latents of the token written, B"));
    keys(&t, "o");
    assert_true(prompt_lists_other(&t.b->a));
    assert_ptr_equal(prompt_written_here(&t.b->a), &own(&t)->written[1][0]);
    assert_true(on_screen(t.b, "latents of the token written, B"));
    assert_int_equal(prompt_latent_here(&t.b->a), -1);
    char name[2][80];
    own(&t)->second->table = /* B alone knows what its latents answer to */
        latent_table_ref((struct latent_table *)(uintptr_t)t.b->v.arm[0].table);
    for (size_t i = 0; i < 2; i++) {
        prompt_latent_name(&t.b->a, &t.b->v, i > 0, own(&t)->entry[0].latent, name[i],
                           sizeof name[i]);
    }
    assert_true(!name[0][0] && name[1][0]);
    app_view(&t.b->a, &t.b->v, &t.b->c);
    name[1][10] = '\0'; /* the rest may have no room */
    assert_true(on_screen(t.b, name[1]));
    keys(&t, "a");
    assert_true(on_screen(t.b, "these are latents of the other condition: v shows it"));
    keys(&t, "\n");
    assert_ptr_equal(t.b->a.screen, &screen_prompt);
    assert_int_equal(own(&t)->row.edits.n, 0);
    /* B's SAE of before is not what stands beside A's of now. */
    type(t.b, ":write both 4\n");
    assert_true(on_screen(t.b, "making ready B"));
    give_subject(&t);
    settle(&t);
    assert_string_equal(own(&t)->text_name[1], "B");
    give_subject(&t);
    settle(&t);
    type(t.b, ":write both 4\n"); /* both are of one step: nothing to wait for */
    no_command(t.b);
    settle(&t);
    end_world(&t);
}

/* What is silenced and steered in one condition acts on the latents of its own SAE, and
 * on its text alone. */
static void test_both_write_edited(void **state)
{
    (void)state;
    struct world t = begin_world(120, 36);
    settle(&t);
    type(t.b, "v");
    give_subject(&t); /* B's */
    settle(&t);
    const int32_t loud = prompt_latent_here(&t.b->a);
    char line[64];
    snprintf(line, sizeof line, ":silence %d\n:steer 7=add:40\n", loud);
    type(t.b, line);
    settle(&t);
    type(t.b, "v");
    give_subject(&t); /* A's */
    settle(&t);
    assert_int_equal(own(&t)->row.edits.n, 0);
    type(t.b, ":write both 4\n");
    give_subject(&t); /* B's, to write with */
    settle(&t);
    give_subject(&t); /* A's again, which is shown */
    settle(&t);
    assert_string_equal(own(&t)->text_name[0], "A");
    assert_string_equal(own(&t)->text_name[1], "B, edited");
    const struct prompt_edits *edits = &own(&t)->aside[own(&t)->second_arm];
    static const struct prompt_edits none = {0};
    assert_int_equal(edits->n, 2);
    check_text(&t, 0, own(&t)->subject, &none);
    check_text(&t, 1, own(&t)->second, edits);
    for (size_t text = 0; text < 2; text++) {
        bool steered = false;
        for (size_t i = 0; i < own(&t)->n_written[text]; i++) {
            const struct ask_written *w = &own(&t)->written[text][i];
            for (size_t k = 0; k < w->n_fires; k++) {
                const float by = w->fire[k].after - w->fire[k].act;
                steered = steered || (w->fire[k].latent == 7 && by > 39.0f);
                assert_true(text == 1 || (by >= 0.0f && by <= 0.0f));
            }
        }
        assert_true(steered == (text == 1));
    }
    end_world(&t);
}

/* The cursor goes to the other of two texts and walks that, to its own end. */
static void test_walks_the_other(void **state)
{
    (void)state;
    struct world t = begin_world(120, 36);
    const struct prompt_state *s = own(&t);
    settle(&t);
    type(t.b, ":write 5\n");
    settle(&t);
    assert_false(on_screen(t.b, "o other text")); /* there is one */
    type(t.b, "o");
    assert_true(on_screen(t.b, "no two texts are written"));
    keys(&t, "^");
    type(t.b, ":steer 3=add:40\n:write 8\n");
    settle(&t);
    assert_int_equal(s->texts, 2);
    assert_true(on_screen(t.b, "o other text"));
    assert_true(on_screen(t.b, "\xe2\x96\xb6 edited"));
    assert_true(on_screen(t.b, "\xc2\xb1#3 ") && on_screen(t.b, "base edited"));
    keys(&t, "o");
    assert_true(on_screen(t.b, "\xe2\x96\xb6 base"));
    assert_false(on_screen(t.b, "\xc2\xb1#3 ") || on_screen(t.b, "base edited"));
    assert_ptr_equal(prompt_written_here(&t.b->a), &s->written[0][0]);
    /* The list is of its tokens, which no edits changed. */
    for (size_t i = 1; i < s->n_written[0]; i++) {
        keys(&t, "l");
        const struct ask_written *w = &s->written[0][i];
        assert_ptr_equal(prompt_written_here(&t.b->a), w);
        assert_int_equal(s->rows.count, w->n_fires);
        for (size_t k = 0; k < w->n_fires; k++) {
            assert_int_equal(s->entry[k].latent, w->fire[k].latent);
            assert_true(s->entry[k].act == s->entry[k].after);
        }
    }
    own(&t)->n_written[1] = 2; /* ends sooner: the cursor goes to its end */
    keys(&t, "o");
    assert_ptr_equal(prompt_written_here(&t.b->a), &s->written[1][1]);
    end_world(&t);
}

/* A change of the prompt marks what was written before it, until it is taken back or
 * the texts are written again. */
static void test_old_texts_are_marked(void **state)
{
    (void)state;
    static const char mark[] = "written before this edit; w writes again";
    struct world t = begin_world(120, 36);
    settle(&t);
    type(t.b, ":silence 3\n:write 5\n");
    settle(&t);
    assert_false(on_screen(t.b, mark));
    type(t.b, ":steer 4=add:2\n");
    settle(&t);
    assert_int_equal(own(&t)->texts, 2);
    assert_true(on_screen(t.b, mark));
    keys(&t, "u");
    assert_false(on_screen(t.b, mark));
    press(t.b, KEY_CTRL('r'));
    settle(&t);
    assert_true(on_screen(t.b, mark));
    keys(&t, "w");
    assert_false(on_screen(t.b, mark));
    keys(&t, "m"); /* a mask is one, too */
    assert_true(on_screen(t.b, mark));
    keys(&t, "m");
    assert_false(on_screen(t.b, mark));
    keys(&t, "x");
    assert_true(on_screen(t.b, "of another prompt; w writes again"));
    keys(&t, "w");
    assert_false(on_screen(t.b, "writes again"));
    t.b->v.subject_step += 100;
    press(t.b, 'R');
    give_subject(&t);
    settle(&t);
    assert_true(on_screen(t.b, "written as of an earlier step; w writes again"));
    end_world(&t);
}

/* Where a text stands on the screen from row y on; x -1: nowhere. */
static struct rect place_of(const struct world *t, const char *text, int y)
{
    const struct canvas *c = &t->b->c;
    const int n = (int)strlen(text);
    for (int i = y * c->w; i + n <= c->w * c->h; i++) {
        int k = 0;
        while (k < n && c->cell[i + k].cp == (uint32_t)(unsigned char)text[k]) {
            k++;
        }
        if (k == n) {
            return (struct rect){i % c->w, i / c->w, n, 1};
        }
    }
    return (struct rect){-1, -1, 0, 0};
}

/* Two texts stand side by side where there is room, below each other else; the same
 * tokens in the same rows, whatever their widths are, and those that differ stand out.
 */
static void test_texts_are_aligned(void **state)
{
    (void)state;
    enum { N = 60, AT = 40 };
    static const int sizes[][2] = {{120, 36}, {80, 24}};
    for (size_t size = 0; size < 2; size++) {
        struct world t = begin_world(sizes[size][0], sizes[size][1]);
        settle(&t);
        type(t.b, ":silence 3\n:write 1\n");
        settle(&t);
        const int32_t a = tok_single(t.lm->tok, "a"), z = tok_single(t.lm->tok, "z");
        const int32_t q = tok_single(t.lm->tok, "q"), y = tok_single(t.lm->tok, "y");
        int32_t wide = 0;
        while (names_is_special(&t.b->v.names, wide) ||
               canvas_text_width(names_token(&t.b->v.names, wide)) < 3) {
            wide++;
        }
        assert_true(a >= 0 && z >= 0 && q >= 0 && y >= 0);
        for (size_t k = 0; k < 2; k++) {
            own(&t)->n_written[k] = N;
            for (size_t i = 0; i < N; i++) {
                own(&t)->written[k][i] =
                    (struct ask_written){.id = i == AT ? (k ? y : q)
                                               : i < 3 ? (k ? a : wide)
                                                       : z};
            }
        }
        own(&t)->written_at = AT;
        app_view(&t.b->a, &t.b->v, &t.b->c);
        const struct rect at[2] = {place_of(&t, "zqz", 0), place_of(&t, "zyz", 0)};
        assert_true(at[0].x > 0 && at[1].x > 0);
        if (size == 0) {
            assert_int_equal(at[0].y, at[1].y);
            assert_true(at[0].x + 20 < at[1].x);
        } else {
            assert_true(at[0].y + 3 < at[1].y);
            assert_int_equal(at[0].x, at[1].x);
        }
        const struct cell *first = &t.b->c.cell[at[0].y * t.b->c.w + at[0].x];
        assert_int_equal(first[0].role, ROLE_DIM); /* both have it */
        assert_int_equal(first[1].role, ROLE_VALUE);
        assert_int_equal(first[1].attr & ATTR_UNDERLINE, ATTR_UNDERLINE);
        end_world(&t);
    }
}

/* Why in a text: its token under the cursor, from the prompt as it was written from,
 * with the text's own edits; back to the text. */
static void test_why_in_a_text(void **state)
{
    (void)state;
    struct world t = begin_world(120, 36);
    struct prompt_state *s = own(&t);
    settle(&t);
    type(t.b, ":steer 3=add:40\n:write 6\n");
    settle(&t);
    for (size_t text = 2; text-- > 0; keys(&t, "o")) {
        assert_int_equal(s->walked, text);
        s->written_at = 3;
        const struct ask_written *w = &s->written[text][3];
        keys(&t, "W");
        assert_int_equal(s->side, PROMPT_WHY);
        assert_int_equal(s->why->pos, w->pos);
        assert_int_equal(s->why->target, w->id);
        assert_true(s->why->complete);
        assert_true(on_screen(t.b, " written, not "));
        /* At temperature 0 it is the likeliest: how far before the second. */
        assert_true(fabs(s->why->difference -
                         (double)(w->next[0].logp - w->next[1].logp)) < 1e-3);
        /* The latents are those of that token still. */
        assert_ptr_equal(prompt_written_here(&t.b->a), w);
        keys(&t, text ? "W" : "^");
        assert_int_equal(s->side, PROMPT_WRITTEN);
        assert_int_equal(s->written_at, 3);
    }
    keys(&t, "W");
    type(t.b, ":silence 5\n"); /* the prompt is another: back to its text, marked */
    settle(&t);
    assert_int_equal(s->side, PROMPT_WRITTEN);
    assert_true(on_screen(t.b, "written before this edit"));
    s->written[s->walked][s->written_at].pos = ASK_ROW_MAX + 1;
    keys(&t, "W");
    assert_int_equal(s->side, PROMPT_WRITTEN);
    assert_true(on_screen(t.b, "what stood first was forgotten"));
    end_world(&t);
}

/* Why a text is not written is said once, though the other goes on. */
static void test_failure_is_said_once(void **state)
{
    (void)state;
    struct world t = begin_world(120, 36);
    settle(&t);
    ask_worker_pause(t.b->v.asker, true);
    own(&t)->row.edits.at[0] = (struct ask_edit){.latent = ASK_F, .how = ASK_ZERO};
    own(&t)->row.edits.n = 1;
    type(t.b, ":write 300\n");
    ask_worker_pause(t.b->v.asker, true);
    while (!on_screen(t.b, "latent: found 24")) {
        tick(&t);
    }
    const uint64_t said = t.b->a.said;
    for (int i = 0; i < 5; i++) {
        tick(&t);
    }
    assert_true(own(&t)->writing);
    assert_int_equal(t.b->a.said, said);
    end_world(&t);
}

static void test_why(void **state)
{
    (void)state;
    struct world t = begin_world(120, 36);
    settle(&t);
    keys(&t, "W");
    assert_int_equal(own(&t)->side, PROMPT_WHY);
    assert_non_null(own(&t)->why);
    assert_true(own(&t)->why->complete);
    assert_int_equal(own(&t)->why->pos, own(&t)->row.n);
    assert_true(on_screen(t.b, "sum complete, "));
    assert_false(on_screen(t.b, "not complete"));
    struct ask_why *w = own(&t)->why;
    const struct ask_why was = *w;
    w->difference = 3.5;
    w->at_zero = 1.5;
    w->remainder = -.05;
    w->complete = false;
    app_view(&t.b->a, &t.b->v, &t.b->c);
    assert_true(on_screen(t.b, "sum not complete, "));
    w->remainder = .0001;
    w->complete = true;
    app_view(&t.b->a, &t.b->v, &t.b->c);
    assert_true(on_screen(t.b, "under 0.01 % off"));
    /* A rank correlation of few parts is no verdict unless its interval leaves 0 out.
     */
    static const struct {
        size_t n;
        double r;
        const char *said;
    } try[] = {{8, .36, "correlation 0.36"},
               {8, .36, "unclear whether parts agree"},
               {8, .93, "agrees with silencing: rank"},
               {8, -.93, "contradicts silencing: rank"},
               {3, 1, "too few were silenced to see"}};
    for (size_t i = 0; i < sizeof try / sizeof try[0]; i++) {
        w->ablated = try[i].n;
        w->spearman = try[i].r;
        app_view(&t.b->a, &t.b->v, &t.b->c);
        assert_true(on_screen(t.b, try[i].said));
        assert_int_equal(on_screen(t.b, "agrees with silencing"), i == 2);
    }
    *w = was;
    press(t.b, 'R'); /* it stays for the same SAE, and goes with another */
    give_subject(&t);
    settle(&t);
    assert_non_null(own(&t)->why);
    t.b->v.subject_step += 100;
    press(t.b, 'R');
    give_subject(&t);
    settle(&t);
    assert_null(own(&t)->why);
    assert_int_equal(own(&t)->side, PROMPT_NEXT);
    end_world(&t);
}

/* The token that stands under the cursor is explained, too, be it likely or not. */
static void test_why_here(void **state)
{
    (void)state;
    struct world t = begin_world(120, 36);
    const struct prompt_state *s = own(&t);
    settle(&t);
    const struct ask_answer *r = s->answer;
    size_t unlisted = 0;
    for (size_t at = s->row.n - 1; at > 0; at--, keys(&t, "h")) {
        keys(&t, "W");
        assert_int_equal(s->why->pos, at + 1);
        type(t.b, ":why here\n");
        settle(&t);
        assert_int_equal(s->why->pos, at);
        assert_int_equal(s->why->target, s->row.ids[at]);
        assert_true(on_screen(t.b, " here, not "));
        const struct ask_next *list = r->next + (at - 1) * r->top;
        const struct ask_next *other = &list[list[0].id == s->row.ids[at] ? 1 : 0];
        assert_int_equal(s->why->against, other->id);
        assert_true(fabs(s->why->difference -
                         (double)(r->token[at].logp - other->logp)) < 1e-3);
        unlisted += r->token[at].rank > (int32_t)r->top ? 1U : 0U;
        keys(&t, "W"); /* the same token again */
        assert_int_equal(s->side, PROMPT_NEXT);
        assert_false(on_screen(t.b, " here, not "));
    }
    assert_true(unlisted > 0);
    type(t.b, ":why here\n"); /* BOS */
    assert_true(on_screen(t.b, "nothing stands before the first token"));
    type(t.b, ":why not\n");
    assert_true(on_screen(t.b, "why: expected next or here"));
    end_world(&t);
}

/* In a list of contributions keys act on the latent of the one under the cursor; and
 * it goes with the prompt that it is of. */
static void test_keys_in_a_why(void **state)
{
    (void)state;
    struct world t = begin_world(120, 36);
    settle(&t);
    *app_focus(&t.b->a, &screen_prompt) = PROMPT_NEXT_PANE;
    keys(&t, "W");
    const struct ask_why *w = own(&t)->why;
    size_t at = 0;
    while (w->part[at].latent < 0 || w->part[at].latent == own(&t)->entry[0].latent) {
        keys(&t, "j");
        at++;
    }
    const int32_t latent = w->part[at].latent;
    assert_int_equal(prompt_latent_here(&t.b->a), latent);
    keys(&t, "H");
    assert_int_equal(own(&t)->heat, latent);
    keys(&t, "^"); /* lets the digits go */
    assert_int_equal(own(&t)->side, PROMPT_WHY);
    keys(&t, "\n");
    assert_ptr_equal(t.b->a.screen, &screen_detail);
    assert_int_equal(t.b->a.command[t.b->a.n_commands - 1].latent, latent);
    t.b->a.n_commands = 0;
    keys(&t, "5a");
    assert_int_equal(own(&t)->row.edits.n, 1);
    assert_int_equal(own(&t)->row.edits.at[0].latent, latent);
    assert_null(own(&t)->why); /* of the prompt before */
    assert_int_equal(own(&t)->side, PROMPT_NEXT);
    keys(&t, "W");
    assert_non_null(own(&t)->why);
    keys(&t, "x");
    assert_null(own(&t)->why);
    assert_int_equal(own(&t)->side, PROMPT_NEXT);
    end_world(&t);
}

/* A text without spaces goes on in the next row. */
static void test_written_wraps(void **state)
{
    (void)state;
    struct world t = begin_world(80, 24);
    settle(&t);
    type(t.b, ":write 1\n");
    settle(&t);
    const int32_t a = tok_single(t.lm->tok, "a"), z = tok_single(t.lm->tok, "z");
    assert_true(a >= 0 && z >= 0);
    own(&t)->n_written[0] = 101;
    for (size_t i = 0; i < 101; i++) {
        own(&t)->written[0][i] = (struct ask_written){.id = i < 100 ? a : z};
    }
    app_view(&t.b->a, &t.b->v, &t.b->c);
    assert_true(on_screen(t.b, "aaaaz"));
    end_world(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_writes_on),
        cmocka_unit_test(test_writes_what_lm_generate_does),
        cmocka_unit_test(test_how_it_writes),
        cmocka_unit_test(test_writes_token_by_token),
        cmocka_unit_test(test_both_write),
        cmocka_unit_test(test_both_write_edited),
        cmocka_unit_test(test_walks_the_other),
        cmocka_unit_test(test_old_texts_are_marked),
        cmocka_unit_test(test_texts_are_aligned),
        cmocka_unit_test(test_why_in_a_text),
        cmocka_unit_test(test_failure_is_said_once),
        cmocka_unit_test(test_why),
        cmocka_unit_test(test_why_here),
        cmocka_unit_test(test_keys_in_a_why),
        cmocka_unit_test(test_written_wraps),
        cmocka_unit_test(test_goes_on_from_the_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
