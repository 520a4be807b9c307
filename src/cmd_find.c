/* saetop find: the latents that a text asks for, or that fire on a prompt. */
#include "base/json.h"
#include "base/mem.h"
#include "base/number.h"
#include "base/utf8.h"
#include "browse.h"
#include "cmd.h"
#include "latents/latent_find.h"
#include "top_json.h"
#include "top_text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define OUTPUT_BYTES ((size_t)256 << 20)

struct find_args {
    const char *prompt;
    int64_t most;
    bool json;
};

/* ---- by a text ---- */

static void add_token_text(const struct browse *t, int32_t id, struct str *out)
{
    size_t len = 0;
    const char *piece = tok_piece_view(t->in->lm->tok, id, &len);
    str_addc(out, '\'');
    utf8_escape(out, piece ? piece : "", piece ? len : 0);
    str_addc(out, '\'');
}

/* Why a latent is in the list. */
static void add_reason_text(const struct browse *t, const struct latent_found *f,
                            struct str *out)
{
    str_addf(out, "        by %s", latent_found_by_name(f->by));
    if (f->token) {
        str_add(out, ": ");
        add_token_text(t, f->token->token, out);
        str_addf(out, " %u time%s, max %s, %s of its activation", f->token->fires,
                 plural_s(f->token->fires),
                 NUMBER(NUMBER_PLAIN, 0, 3, (double)f->token->max),
                 NUMBER(NUMBER_PLAIN, 0, 2, f->share));
    }
    str_addc(out, '\n');
}

static void add_token_json(const struct browse *t, const struct latent_found *f,
                           struct str *out)
{
    const struct latent_token *token = f->token;
    str_add(out, ",\"by_token\":{\"token\":");
    top_json_token(t, token->token, out);
    str_addf(out, ",\"fires\":%u,\"max\":", token->fires);
    json_add_number(out, (double)token->max);
    str_add(out, ",\"share\":");
    json_add_number(out, f->share);
    str_addf(out, ",\"row\":%zu,\"position\":%zu}", token->at / t->set->T,
             token->at % t->set->T);
}

static void add_found(const struct browse *t, const struct latent_labels *labels,
                      const struct latent_found *f, size_t n, bool json,
                      struct str *out)
{
    for (size_t i = 0; i < n; i++) {
        const size_t j = (size_t)f[i].latent;
        if (!json) {
            top_text_row(t, labels, j, out);
            add_reason_text(t, &f[i], out);
            continue;
        }
        str_add(out, i ? "," : "");
        top_json_row(t, labels, j, out);
        str_addf(out, ",\"by\":\"%s\"", latent_found_by_name(f[i].by));
        if (f[i].token) {
            add_token_json(t, &f[i], out);
        }
        str_addc(out, '}');
    }
}

static enum err find_text(const struct browse *t, const struct latent_labels *labels,
                          const struct find_args *a, const char *query, struct str *out,
                          struct errinfo *e)
{
    struct latent_found *f = NULL;
    size_t n = 0, all = 0;
    TRY(mem_new(&f, (size_t)a->most, sizeof *f, "what was found", e));
    const enum err rc = latent_find(t->table, &t->names, labels, query, (size_t)a->most,
                                    f, &n, &all, e);
    if (rc == OK && a->json) {
        str_add(out, "{\"query\":");
        json_add_string(out, query, strlen(query));
        str_addf(out, ",\"found\":%zu,\"tokens\":%zu,\"latents\":[", all,
                 t->table->n_tokens);
        add_found(t, labels, f, n, true, out);
        str_add(out, "]}\n");
    } else if (rc == OK) {
        if (n > 0) {
            top_text_heading(labels, out);
        }
        add_found(t, labels, f, n, false, out);
        str_addf(out, "%zu of %zu latents that answer to '", n, all);
        utf8_escape(out, query, strlen(query));
        str_addf(out, "', on %zu held-out tokens\n", t->table->n_tokens);
    }
    mem_free(f);
    return rc;
}

/* ---- by a prompt ---- */

/* Where one latent fires in the prompt. */
struct prompted {
    int32_t latent;
    size_t fires; /* of its tokens */
    float max;
    size_t at; /* the token of that */
};

static int by_max(const void *x, const void *y)
{
    const struct prompted *a = x, *b = y;
    if (a->max > b->max || a->max < b->max) {
        return a->max > b->max ? -1 : 1;
    }
    return (a->latent > b->latent) - (a->latent < b->latent);
}

/* The prompt as a row: BOS first where rows have it. */
static enum err prompt_ids(const struct browse *t, const char *text,
                           struct tok_ids *ids, struct errinfo *e)
{
    const struct tok *tok = t->in->lm->tok;
    const int32_t lead = tok_bos(tok) >= 0 ? tok_bos(tok) : tok_eos(tok);
    if (lead >= 0) {
        TRY(tok_ids_add(ids, lead, e));
    }
    TRY(tok_encode(tok, text, strlen(text), ids, e));
    if (ids->n > t->set->T) {
        return err_set(e, ERR_USAGE,
                       "--prompt: found %zu tokens, expected at most %zu, a row's",
                       ids->n, t->set->T);
    }
    return OK;
}

/* Activations of the prompt at the hook: a row whose end is the lead token again, which
 * nothing before it sees. x [T,D]. */
static enum err prompt_codes(const struct browse *t, const struct tok_ids *ids,
                             struct sae_codes *codes, struct errinfo *e)
{
    const size_t T = t->set->T;
    int32_t *row = NULL;
    float *x = NULL;
    enum err rc = OK;
    TRY_OUT(rc, mem_new(&row, T, sizeof *row, "the prompt", e));
    TRY_OUT(rc, mem_new(&x, T, t->set->D * sizeof *x, "the prompt", e));
    for (size_t i = 0; i < T; i++) {
        row[i] = ids->n ? ids->p[i < ids->n ? i : 0] : 0;
    }
    harvest_rows(t->in->h, row, 1, x);
    rc = sae_encode(t->record.sae, x, ids->n, t->in->pool, codes, e);
out:
    mem_free(row);
    mem_free(x);
    return rc;
}

/* Latents that fire on a token that is not special, the strongest first. */
static size_t collect(const struct browse *t, const struct tok_ids *ids,
                      const struct sae_codes *codes, struct prompted *out)
{
    const double unit = sae_saved_unit(t->record.sae);
    const size_t F = t->table->F;
    size_t n = 0;
    for (size_t j = 0; j < F; j++) {
        out[j] = (struct prompted){.latent = (int32_t)j};
    }
    for (size_t i = 0; i < ids->n; i++) {
        const bool special = acts_is_special(t->in->lm->tok, ids->p[i]);
        for (size_t k = codes->start[i]; !special && k < codes->start[i + 1]; k++) {
            struct prompted *p = &out[codes->id[k]];
            const float act = (float)((double)codes->val[k] * unit);
            p->at = act > p->max ? i : p->at;
            p->max = act > p->max ? act : p->max;
            p->fires++;
        }
    }
    qsort(out, F, sizeof *out, by_max);
    while (n < F && out[n].fires > 0) {
        n++;
    }
    return n;
}

static void add_prompted(const struct browse *t, const struct latent_labels *labels,
                         const struct tok_ids *ids, const struct prompted *p, size_t n,
                         bool json, struct str *out)
{
    for (size_t i = 0; i < n; i++) {
        const size_t j = (size_t)p[i].latent;
        if (json) {
            str_add(out, i ? "," : "");
            top_json_row(t, labels, j, out);
            str_add(out, ",\"by\":\"prompt\",\"activation\":");
            json_add_number(out, (double)p[i].max);
            str_addf(out, ",\"position\":%zu,\"token\":", p[i].at);
            top_json_token(t, ids->p[p[i].at], out);
            str_addf(out, ",\"prompt_fires\":%zu}", p[i].fires);
            continue;
        }
        top_text_row(t, labels, j, out);
        str_addf(out, "        %s at ", NUMBER(NUMBER_PLAIN, 0, 3, (double)p[i].max));
        add_token_text(t, ids->p[p[i].at], out);
        str_addf(out, ", fires on %zu of its tokens\n", p[i].fires);
    }
}

static enum err find_prompt(const struct browse *t, const struct latent_labels *labels,
                            const struct find_args *a, struct str *out,
                            struct errinfo *e)
{
    struct tok_ids ids = {0};
    struct sae_codes codes = {0};
    struct prompted *p = NULL;
    enum err rc = OK;
    TRY_OUT(rc, prompt_ids(t, a->prompt, &ids, e));
    TRY_OUT(rc, prompt_codes(t, &ids, &codes, e));
    TRY_OUT(rc, mem_new(&p, t->table->F, sizeof *p, "the prompt's latents", e));
    const size_t all = collect(t, &ids, &codes, p);
    const size_t n = all < (size_t)a->most ? all : (size_t)a->most;
    if (a->json) {
        str_add(out, "{\"prompt\":");
        json_add_string(out, a->prompt, strlen(a->prompt));
        str_addf(out, ",\"found\":%zu,\"tokens\":%zu,\"latents\":[", all, ids.n);
        add_prompted(t, labels, &ids, p, n, true, out);
        str_add(out, "]}\n");
    } else {
        top_text_heading(labels, out);
        add_prompted(t, labels, &ids, p, n, false, out);
        str_addf(out, "%zu of %zu latents that fire on its %zu tokens\n", n, all,
                 ids.n);
    }
out:
    mem_free(p);
    sae_codes_deinit(&codes);
    tok_ids_free(&ids);
    return rc;
}

/* ---- the command ---- */

static enum err find(const struct opts_result *parsed, const struct find_args *a,
                     const struct run_opts *ro, struct str *out, struct errinfo *e)
{
    struct browse t = {0};
    struct latent_labels *labels = NULL;
    const char *path = parsed->args[0];
    enum err rc = OK;
    if ((parsed->n_args > 1) == (a->prompt != NULL)) {
        return err_set(e, ERR_USAGE,
                       "find: expected a QUERY after the run, or --prompt TEXT");
    }
    TRY_OUT(rc, browse_open(path, ro, &t, e));
    if (rundir_is(path)) { /* another tool's SAE has no labels */
        TRY_OUT(rc, latent_labels_load(path, t.table->F, &labels, e));
    }
    rc = a->prompt ? find_prompt(&t, labels, a, out, e)
                   : find_text(&t, labels, a, parsed->args[1], out, e);
out:
    latent_labels_unref(labels);
    browse_close(&t);
    return rc;
}

int cmd_find(int argc, char **argv)
{
    struct find_args a = {.most = 20};
    // clang-format off
    const struct opt own[] = {
        {"prompt", OPT_TEXT, &a.prompt, "TEXT", "latents that fire on this text, in place of a QUERY", 0, 0, NULL},
        {"most", OPT_INT, &a.most, "N", "latents listed", 1, 1e6, NULL},
        {"json", OPT_FLAG, &a.json, NULL, "one JSON object: latents as `top --json` has them, and what each is found by", 0, 0, NULL},
    };
    // clang-format on
    struct run_opts ro;
    const struct opts o = {
        .name = "find",
        .usage = "RUN QUERY | RUN --prompt TEXT [OPTIONS]",
        .about = "Finds latents of a run: by number, by label, by what they match "
                 "(\"after 'dog'\"), by kind (token, class, context, ...), and by any "
                 "token that they fire on, as far as 64 tokens a latent go. The best "
                 "answers come first; of several words each must be answered.",
        .min_args = 1,
        .max_args = 2,
    };
    struct opts_result parsed;
    struct errinfo e = {0};
    struct str out;
    int status = 0;
    if (!run_opts_begin_reading(&ro, o, own, sizeof own / sizeof own[0], argc, argv,
                                &parsed, &status)) {
        return status;
    }
    str_init(&out, OUTPUT_BYTES);
    const enum err rc = find(&parsed, &a, &ro, &out, &e);
    return cmd_end(rc, &e, &out, a.json);
}
