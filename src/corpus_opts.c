#include "corpus_opts.h"

#include "base/clock.h"
#include "base/duration.h"
#include "base/nearest.h"
#include "base/number.h"
#include "cmd.h"
#include "progress.h"
#include "samples_dir.h"
#include "stop.h"
#include "train/settings.h"

#include <stdio.h>
#include <string.h>

#define PATH_CAP        4096
#define BUNDLED_GRAMMAR "storybook.grammar.json"

enum err corpus_named(const char *spec, int64_t seed, struct corpus **out,
                      struct errinfo *e)
{
    char path[PATH_CAP];
    if (spec) {
        TRY(samples_resolve(spec, path, sizeof path, e));
    } else {
        TRY(samples_path(BUNDLED_GRAMMAR, path, sizeof path, e));
    }
    return corpus_open(path, (uint64_t)seed, stop_flag(), out, e);
}

enum err corpus_split_named(const char *word, enum corpus_split *out, struct errinfo *e)
{
    const bool is_train = strcmp(word, "train") == 0;
    if (!is_train && strcmp(word, "heldout") != 0) {
        char hint[NEAREST_HINT];
        return err_set(e, ERR_USAGE,
                       "--split: found '%.40s', expected train or heldout%s", word,
                       nearest_hint(word, "train heldout", hint));
    }
    *out = is_train ? CORPUS_TRAIN : CORPUS_HELDOUT;
    return OK;
}

/* Find the tokens of a row: as many as asked for, or a run's default. */
static enum err row_width(const struct row_opts *o, const struct lm_config *cfg,
                          size_t *out, struct errinfo *e)
{
    static struct settings s; /* large */
    settings_init(&s);
    s.context = o->context;
    settings_resolve(&s, cfg->n_ctx, cfg->d_model);
    if (s.context < 2 || (size_t)s.context > cfg->n_ctx) {
        return err_set(e, ERR_USAGE,
                       "--context: found %lld, expected 2 to %zu (the model's context)",
                       (long long)s.context, cfg->n_ctx);
    }
    *out = (size_t)s.context;
    return OK;
}

/* ---- the way to the first row ---- */

#define WAY_SECONDS 2 /* after this long, progress is shown */

struct way {
    int64_t since;
    bool said;
    struct progress bar;
};

/* Say once what it will take, then on a terminal how far it is. */
static void on_way(void *user, uint64_t done, uint64_t of)
{
    struct way *w = user;
    const double seconds = clock_seconds_since(w->since);
    char left[32];
    if (seconds < WAY_SECONDS) {
        return;
    }
    const double per_second = (double)done / seconds;
    (void)duration_text((double)(of - done) / per_second, DURATION_WORDS, left);
    if (!w->said) {
        w->said = true;
        cmd_say(stderr,
                "saetop: row %llu is found by reading up to it: about %s at %s rows a "
                "second; Ctrl-C stops",
                (unsigned long long)of, left, NUMBER_COUNT(per_second));
    }
    if (progress_due(&w->bar)) {
        char text[80];
        (void)snprintf(text, sizeof text, "row %llu  %s left", (unsigned long long)done,
                       left);
        progress_draw(&w->bar, (double)done, (double)of, text);
    }
}

static void say(const struct row_opts *o, const struct corpus *c,
                const struct token_rows *r)
{
    cmd_remarks(NULL, corpus_remarks(c));
    if (r->rows < (size_t)o->rows) {
        cmd_say(stderr, "saetop: %s: the held-out text ends with row %zu: %zu of %lld",
                corpus_name(c), (size_t)r->first + r->rows - 1, r->rows,
                (long long)o->rows);
    }
}

enum err row_opts_read(const struct row_opts *o, const struct lm *m,
                       struct token_rows **out, struct errinfo *e)
{
    enum corpus_split split = CORPUS_TRAIN;
    struct corpus *c = NULL;
    size_t T = 0;
    TRY(corpus_split_named(o->split, &split, e));
    TRY(row_width(o, &m->cfg, &T, e));
    TRY(corpus_named(o->corpus, o->seed, &c, e));
    if (o->tail && !corpus_has_tail(c)) {
        const enum err rc =
            err_set(e, ERR_USAGE,
                    "--tail: %s has none: it takes a file of at least 40 "
                    "documents",
                    corpus_spec(c));
        corpus_free(c);
        return rc;
    }
    if (o->tail) {
        corpus_keep(c, CORPUS_BODY);
    }
    struct way way = {.since = clock_ns()};
    progress_init(&way.bar, false);
    const struct token_rows_watch watch = {on_way, &way};
    const enum err rc = token_rows_read(c, split, m->tok, T, (uint64_t)o->from,
                                        (size_t)o->rows, &watch, out, e);
    progress_clear(&way.bar);
    if (rc == OK) {
        say(o, c, *out);
    }
    corpus_free(c);
    return rc;
}
