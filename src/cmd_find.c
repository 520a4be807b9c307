/* saetop find: the latents that a text asks for, or that fire on a prompt. */
#include "base/json.h"
#include "base/mem.h"
#include "base/number.h"
#include "base/utf8.h"
#include "browse.h"
#include "cmd.h"
#include "find_else.h"
#include "latents/latent_find.h"
#include "latents/latent_kind.h"
#include "session/tellers.h"
#include "token_out.h"
#include "top_json.h"
#include "top_text.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define OUTPUT_BYTES ((size_t)256 << 20)

struct find_args {
    const char *prompt;
    int64_t most;
    bool json;
};

/* ---- by a text ---- */

static void add_escaped(const char *text, struct str *out)
{
    str_addc(out, '\'');
    utf8_escape(out, text, strlen(text));
    str_addc(out, '\'');
}

/* Add why a latent is in the list. */
static void add_reason_text(const struct browse *t, const struct latent_found *f,
                            struct str *out)
{
    str_addf(out, "        by %s", latent_found_by_name(f->by));
    if (f->near[0]) {
        str_add(out, ", near ");
        add_escaped(f->near, out);
    }
    if (f->teller) {
        str_add(out, ": ");
        add_escaped(t->names.concept_name[f->teller->concept], out);
        str_addf(out, " with F1 %s%s",
                 NUMBER(NUMBER_PLAIN, 0, 3, (double)f->teller->f1),
                 f->teller->best ? ", its best latent" : "");
    }
    if (f->token) {
        str_add(out, ": '");
        token_out_text(t->in->lm->tok, f->token->token, out);
        str_addf(out, "' %u time%s, max %s, %s of its activation", f->token->fires,
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
    token_out_json(t->in->lm->tok, token->token, out);
    str_addf(out, ",\"fires\":%u,\"max\":", token->fires);
    json_add_number(out, (double)token->max);
    str_add(out, ",\"share\":");
    json_add_number(out, f->share);
    str_addf(out, ",\"row\":%zu,\"position\":%zu}", token->at / t->set->T,
             token->at % t->set->T);
}

static void add_teller_json(const struct browse *t, const struct latent_teller *teller,
                            struct str *out)
{
    const char *name = t->names.concept_name[teller->concept];
    str_add(out, ",\"by_concept\":{\"concept\":");
    json_add_string(out, name, strlen(name));
    str_add(out, ",\"f1\":");
    json_add_number(out, (double)teller->f1);
    str_addf(out, ",\"best\":%s}", teller->best ? "true" : "false");
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
        str_addf(out, ",\"by\":\"%s\",\"how\":\"%s\"", latent_found_by_name(f[i].by),
                 fuzzy_name(f[i].quality));
        if (f[i].near[0]) {
            str_add(out, ",\"near\":");
            json_add_string(out, f[i].near, strlen(f[i].near));
        }
        if (f[i].teller) {
            add_teller_json(t, f[i].teller, out);
        }
        if (f[i].token) {
            add_token_json(t, &f[i], out);
        }
        str_addc(out, '}');
    }
}

/* Add what to look for, where nothing answers. */
static void add_hint(const char *query, struct str *out)
{
    str_add(out, strpbrk(query, "=<>")
                     ? "a query is words, not a filter such as kind=token; "
                     : "");
    str_add(
        out,
        "what answers: a token, a concept, a label, a latent's number, or a kind (");
    for (int k = 0; k < LATENT_KINDS; k++) {
        str_addf(out, "%s%s", k ? ", " : "", latent_kind_name((enum latent_kind)k));
    }
    str_add(out, ")\n");
}

/* Add which evaluation says what latents tell. */
static void add_evaluation(const struct browse *t, const struct concept_table *c,
                           struct str *out)
{
    if (c && c->step == t->record.step) {
        str_addf(out, "; concepts as evaluated at step %lld", (long long)c->step);
    } else if (c) {
        str_addf(out,
                 "; concepts as evaluated at step %lld of %lld: `saetop concepts RUN` "
                 "evaluates anew",
                 (long long)c->step, (long long)t->record.step);
    } else {
        str_add(out,
                "; no evaluation is kept: after `saetop concepts RUN`, by concept too");
    }
}

static void show_found(const struct browse *t, const struct latent_labels *labels,
                       const struct concept_table *c, const char *query,
                       const struct latent_found *f, size_t n, size_t all,
                       struct str *out)
{
    if (n > 0) {
        top_text_heading(labels, out);
    }
    add_found(t, labels, f, n, false, out);
    str_addf(out, "%zu of %zu latents that answer to ", n, all);
    add_escaped(query, out);
    str_addf(out, ", on %zu held-out tokens", t->table->n_tokens);
    top_text_extent(t->table, out);
    if (latent_tokens_cut(t->table) > 0) {
        str_addf(out, "; of %zu latents only the %zu tokens they fire on most",
                 latent_tokens_cut(t->table), latent_tokens_most(t->table->F));
    }
    add_evaluation(t, c, out);
    str_addc(out, '\n');
    if (all == 0) {
        find_else_add(query, &t->names, out);
        add_hint(query, out);
    }
}

static void show_found_json(const struct browse *t, const struct latent_labels *labels,
                            const struct concept_table *c, const char *query,
                            const struct latent_found *f, size_t n, size_t all,
                            struct str *out)
{
    str_add(out, "{\"query\":");
    json_add_string(out, query, strlen(query));
    str_addf(out,
             ",\"found\":%zu,\"tokens\":%zu,\"step\":%lld,\"evaluation_step\":", all,
             t->table->n_tokens, (long long)t->record.step);
    json_add_number(out, c ? (double)c->step : (double)NAN);
    json_add_member(out, "read", latent_table_share(t->table));
    str_add(out, ",\"latents\":[");
    add_found(t, labels, f, n, true, out);
    str_add(out, "]}\n");
}

static enum err find_text(const struct browse *t, const struct latent_labels *labels,
                          const struct find_args *a, const char *query, struct str *out,
                          struct errinfo *e)
{
    struct latent_found *f = NULL;
    const struct concept_table *c = t->concepts;
    struct latent_teller *teller = NULL;
    size_t n = 0, all = 0, n_tellers = 0;
    enum err rc = OK;
    TRY_OUT(rc, tellers_of(c, &t->names, t->table->F, &teller, &n_tellers, e));
    TRY_OUT(rc, mem_new(&f, (size_t)a->most, sizeof *f, "what was found", e));
    const struct latent_scope in = {t->table, &t->names, labels, teller, n_tellers};
    TRY_OUT(rc, latent_find(&in, query, (size_t)a->most, f, &n, &all, e));
    (a->json ? show_found_json : show_found)(t, labels, c, query, f, n, all, out);
out:
    mem_free(f);
    mem_free(teller);
    return rc;
}

/* ---- by a prompt ---- */

/* Add the latents of the whole prompt, as `saetop ask` lists them. */
static void add_prompted(const struct browse *t, const struct latent_labels *labels,
                         const struct ask_answer *r, size_t n, bool json,
                         struct str *out)
{
    for (size_t i = 0; i < n; i++) {
        const struct ask_peak *p = &r->peak[i];
        const int32_t token = r->token[p->at].id;
        if (json) {
            str_add(out, i ? "," : "");
            top_json_row(t, labels, (size_t)p->latent, out);
            str_add(out, ",\"by\":\"prompt\",\"activation\":");
            json_add_number(out, (double)p->act);
            str_addf(out, ",\"position\":%u,\"token\":", p->at);
            token_out_json(t->in->lm->tok, token, out);
            str_addf(out, ",\"prompt_fires\":%u}", p->fires);
            continue;
        }
        top_text_row(t, labels, (size_t)p->latent, out);
        str_addf(out, "        %s at '", NUMBER(NUMBER_PLAIN, 0, 3, (double)p->act));
        token_out_text(t->in->lm->tok, token, out);
        str_addf(out, "', fires on %u of its tokens\n", p->fires);
    }
}

static void show_prompted(const struct browse *t, const struct latent_labels *labels,
                          const struct find_args *a, const struct ask_answer *r,
                          struct str *out)
{
    const size_t all = r->n_peaks;
    const size_t n = all < (size_t)a->most ? all : (size_t)a->most;
    if (a->json) {
        str_add(out, "{\"prompt\":");
        json_add_string(out, a->prompt, strlen(a->prompt));
        str_addf(out, ",\"found\":%zu,\"tokens\":%zu,\"latents\":[", all, r->T);
        add_prompted(t, labels, r, n, true, out);
        str_add(out, "]}\n");
        return;
    }
    top_text_heading(labels, out);
    add_prompted(t, labels, r, n, false, out);
    str_addf(out, "%zu of %zu latents that fire on its %zu token%s\n", n, all, r->T,
             plural_s(r->T));
}

static enum err find_prompt(struct browse *t, const struct latent_labels *labels,
                            const struct find_args *a, struct str *out,
                            struct errinfo *e)
{
    struct ask_subject *subject = NULL;
    struct ask *ask = NULL;
    struct ask_row row = {0};
    struct ask_answer *r = NULL;
    enum err rc = OK;
    TRY_OUT(rc, browse_subject(t, &subject, e));
    TRY_OUT(rc, ask_new(subject, NULL, &ask, e));
    TRY_OUT(rc, ask_read(subject, a->prompt, strlen(a->prompt), &row, e));
    if (row.cut > 0) {
        rc = err_set(
            e, ERR_USAGE,
            "--prompt: found %zu tokens, expected at most %zu, the model's context",
            row.ids.n + row.cut, subject->context);
        goto out;
    }
    const struct ask_question q = {.ids = row.ids.p, .n = row.ids.n, .top = 1};
    TRY_OUT(rc, ask_run(ask, &q, &r, e));
    show_prompted(t, labels, a, r, out);
out:
    ask_answer_unref(r);
    ask_row_deinit(&row);
    ask_free(ask);
    ask_subject_unref(subject);
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
    if (!a->prompt && !parsed->args[1][0]) {
        return err_set(e, ERR_USAGE,
                       "find: found an empty QUERY, expected a token, a label, a match "
                       "or a latent's number");
    }
    if (a->prompt && !a->prompt[0]) {
        return err_set(e, ERR_USAGE,
                       "--prompt: found an empty text, expected one that latents fire "
                       "on");
    }
    TRY_OUT(rc, run_opts_check_centre(ro, &path, 1, e));
    TRY_OUT(rc, browse_open(path, ro, &t, e));
    TRY_OUT(rc, browse_labels(path, t.table->F, &labels, e));
    TRY_OUT(rc, browse_concepts(path, &t, e));
    rc = a->prompt ? find_prompt(&t, labels, a, out, e)
                   : find_text(&t, labels, a, parsed->args[1], out, e);
out:
    latent_labels_unref(labels);
    browse_close(&t);
    return rc;
}

/* Say that what `find` looks for is in the words of its query. */
static const char *by_query(const char *option)
{
    static const struct {
        const char *option, *say;
    } words[] = {
        {"token", "the query says it: saetop find RUN dog"},
        {"concept", "the query says it: saetop find RUN animal"},
        {"label", "the query says it: saetop find RUN 'my label'"},
        {"kind", "the query says it: saetop find RUN class"},
        {"latent", "the query says it: saetop find RUN 236"},
        {"query", "the query is the word behind the run: saetop find RUN dog"},
    };
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        if (strcmp(words[i].option, option) == 0) {
            return words[i].say;
        }
    }
    return run_opts_of_training(option);
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
        .elsewhere = by_query,
        .about =
            "Finds latents of a run by what the words of QUERY say: by number, by label, by the "
            "concept they tell (as the run's kept evaluation says: `saetop concepts`), by what they match "
            "(\"after 'dog'\"), by kind (token, class, context, ...), and by any "
            "token that they fire on, if not too weakly among very many latents "
            "(which is said then). The best answers come first; of several words each "
            "must be answered. If fewer than three latents answer, those follow that do "
            "with letters left out or mistyped (\"near 'animal'\"). If none does, concepts, "
            "commands of the explorer and settings are named that do.",
        .min_args = 1,
        .max_args = 2,
        .n_runs = 1,
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
