#include "corpus_opts.h"

#include "cmd.h"
#include "samples_dir.h"
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
    return corpus_open(path, (uint64_t)seed, out, e);
}

enum err corpus_split_named(const char *word, enum corpus_split *out, struct errinfo *e)
{
    const bool is_train = strcmp(word, "train") == 0;
    if (!is_train && strcmp(word, "heldout") != 0) {
        return err_set(e, ERR_USAGE,
                       "--split: found '%.40s', expected train or heldout", word);
    }
    *out = is_train ? CORPUS_TRAIN : CORPUS_HELDOUT;
    return OK;
}

/* Tokens of a row: those asked for, or what a run without other settings has. */
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
    const enum err rc = token_rows_read(c, split, m->tok, T, (uint64_t)o->from,
                                        (size_t)o->rows, out, e);
    if (rc == OK) {
        say(o, c, *out);
    }
    corpus_free(c);
    return rc;
}
