/* saetop ask: what a model and its SAE say to a prompt. */
#include "ask/ask_preset.h"
#include "ask_effect.h"
#include "base/mem.h"
#include "base/number.h"
#include "browse.h"
#include "cmd.h"
#include "lm/generate.h"
#include "lm/lm_chat.h"
#include "stop.h"
#include "text_input.h"

#include <stdio.h>
#include <string.h>

#define OUTPUT_BYTES ((size_t)256 << 20)
#define EDITS_MAX    256

struct ask_args {
    const char *model, *hook, *mask_token, *corpus, *preset;
    struct text_input text;
    struct opt_list mask, ablate, steer;
    const char *why, *target, *against;
    int64_t at, tokens, seed, top, top_k, heldout;
    double temperature, top_p, densest;
    bool json, chat;
    struct run_opts named;
};

/* What is opened, and all that is asked about it. */
struct asking {
    struct browse b;     /* with text, for --heldout, and a table, for --densest */
    struct browse_lm lm; /* without */
    const struct run_record *record; /* of one of the two */
    struct run_arms arms;
    struct ask_subject *subject;
    struct latent_labels *labels;
    struct ask_names names;
    struct ask_presets *presets; /* for --preset */
    struct ask *ask;
    struct ask_row row;
    uint8_t *masked;  /* [row.ids.n] */
    size_t positions; /* of the prompt and what is written on; SIZE_MAX: no prompt */
    bool times;       /* an edit is a multiple of the largest activation seen */
    struct ask_edit edit[EDITS_MAX];
    struct ask_question q;
    struct ask_answer *answer;
    struct ask_why *why;
    bool measured;
    struct ask_heldout heldout;
    struct ask_story story[2];
    bool told[2];
};

/* ---- opening ---- */

/* Read the first rows of the run's held-out text for the subject, which nothing else
 * shares yet. */
static enum err read_rows(const struct ask_args *a, struct asking *k, struct errinfo *e)
{
    const struct inputs *in = k->b.in;
    return a->heldout == 0 ? OK
                           : ask_rows_read(in->corpus, in->lm->tok, harvest_T(in->h),
                                           (size_t)a->heldout, &k->subject->text, e);
}

static enum err read_presets(const char *path, struct asking *k, struct errinfo *e)
{
    if (!rundir_is(path)) {
        return err_set(e, ERR_USAGE,
                       "--preset: presets are kept with a run; %s is none", path);
    }
    return ask_presets_load(path, &k->presets, e);
}

/* Find the run's arms; without them it can be asked as well. */
static void find_arms(const char *path, struct asking *k)
{
    struct remarks unsaid = {0};
    struct errinfo e;
    if (run_arms(path, &k->arms, &unsaid, &e) != OK) {
        k->arms.n = 0;
    }
}

static enum err open_run(const char *path, struct ask_args *a, struct asking *k,
                         struct errinfo *e)
{
    const bool tabled = a->densest > 0 || k->times;
    struct remarks said = {0};
    TRY(run_opts_check_centre(&a->named, &path, 1, e));
    if (tabled || a->heldout > 0) {
        TRY(tabled ? browse_open(path, &a->named, &k->b, e)
                   : browse_inputs(path, &a->named, &k->b, e));
        TRY(browse_subject(&k->b, &k->subject, e));
        TRY(read_rows(a, k, e));
        k->record = &k->b.record;
    } else {
        TRY(browse_lm_open(path, &a->named, &k->lm, e));
        TRY(browse_lm_subject(&k->lm, &k->subject, e));
        k->record = &k->lm.record;
    }
    find_arms(path, k);
    TRY(browse_labels(path, k->subject->sae->F, &k->labels, e));
    TRY(ask_names_read(path, &k->record->set, k->subject->lm->tok, k->subject->sae->F,
                       &k->names, &said, e));
    cmd_remarks(NULL, &said);
    if (a->preset) {
        TRY(read_presets(path, k, e));
    }
    return ask_new(k->subject, stop_flag(), &k->ask, e);
}

static enum err read_text(const struct ask_args *a, struct asking *k, struct errinfo *e)
{
    struct str text;
    str_init(&text, 0);
    enum err rc = text_input_read_prompt(&a->text, &text, e);
    if (rc == OK) {
        const struct chat_family *chat = NULL;
        rc = a->chat ? lm_chat(k->subject->lm, &chat, e) : OK;
        rc = rc != OK ? rc
             : chat   ? ask_read_chat(k->subject, chat, text.p, text.len, &k->row, e)
                      : ask_read(k->subject, text.p, text.len, &k->row, e);
    }
    str_free(&text);
    return rc;
}

/* ---- what is done to the prompt ---- */

/* Whether there is a prompt; --heldout does without. */
static bool has_prompt(const struct ask_args *a)
{
    return text_input_given(&a->text) || a->heldout == 0;
}

/* Call a function for each part of a list "A,B,.."; several options of a name are one
 * list. */
static enum err each_part(const struct opt_list *l, const char *option,
                          enum err (*take)(struct asking *k, const char *part,
                                           struct errinfo *e),
                          struct asking *k, struct errinfo *e)
{
    for (size_t i = 0; i < l->n; i++) {
        const char *s = l->at[i];
        for (;;) {
            char part[96];
            const size_t len = strcspn(s, ",");
            if (len >= sizeof part) {
                return err_set(e, ERR_USAGE, "--%s: found '%.40s...'", option, s);
            }
            memcpy(part, s, len);
            part[len] = '\0';
            const enum err rc = take(k, part, e);
            if (rc != OK) {
                return err_prefix(e, rc, "--%s", option);
            }
            if (!s[len]) {
                break;
            }
            s += len + 1;
        }
    }
    return OK;
}

static enum err mask_position(struct asking *k, const char *part, struct errinfo *e)
{
    int64_t at = -1;
    if (!number_whole(part, &at) || at < 0 || (size_t)at >= k->row.ids.n) {
        return err_set(e, ERR_USAGE,
                       "found '%.40s', expected a position, 0 to %zu (0 is BOS where "
                       "the model has one)",
                       part, k->row.ids.n - 1);
    }
    k->masked[at] = 1;
    return OK;
}

/* Refuse an edit at or from a position that neither the prompt nor what is written on
 * has. */
static enum err check_position(const struct asking *k, const struct ask_edit *edit,
                               struct errinfo *e)
{
    return edit->where == ASK_ALL || edit->pos < k->positions
               ? OK
               : err_set(e, ERR_USAGE,
                         "latent %d: found position %zu, expected 0 to %zu",
                         (int)edit->latent, edit->pos, k->positions - 1);
}

/* Add an edit as typed, a multiple turned into the unit of activations. */
static enum err add_edit(struct asking *k, const char *text, struct errinfo *e)
{
    if (k->q.n_edits == EDITS_MAX) {
        return err_set(e, ERR_USAGE, "more than %d edits", EDITS_MAX);
    }
    struct ask_edit *edit = &k->edit[k->q.n_edits];
    bool times = false;
    TRY(ask_edit_parse_typed(text, edit, &times, e));
    TRY(check_position(k, edit, e));
    const size_t F = k->subject->sae->F;
    if (times && (size_t)edit->latent >= F) {
        return err_set(e, ERR_USAGE, "latent: found %d, expected 0 to %zu",
                       (int)edit->latent, F - 1);
    }
    if (times) {
        TRY(ask_edit_times(edit, ask_max_seen(k->subject, edit->latent), e));
    }
    k->q.n_edits++;
    return OK;
}

/* Take "N" or "N@POS". */
static enum err ablate(struct asking *k, const char *part, struct errinfo *e)
{
    char text[128];
    part += *part == '#' ? 1 : 0; /* as screens write it */
    const size_t len = strcspn(part, "@");
    const bool number = len > 0 && strspn(part, "0123456789") == len;
    (void)snprintf(text, sizeof text, "%.*s=zero%s", (int)len, part, part + len);
    if (!number) {
        return err_set(e, ERR_USAGE,
                       "found '%.40s', expected LATENT or LATENT@POSITION", part);
    }
    return add_edit(k, text, e);
}

static enum err steer(struct asking *k, const char *part, struct errinfo *e)
{
    return add_edit(k, part, e);
}

/* See whether a --steer is a multiple; what is wrong with one is said later. */
static enum err find_times(struct asking *k, const char *part, struct errinfo *e)
{
    struct ask_edit edit;
    struct errinfo ignored;
    bool times = false;
    (void)e;
    if (ask_edit_parse_typed(part, &edit, &times, &ignored) == OK) {
        k->times = k->times || times;
    }
    return OK;
}

static enum err use_preset(const char *name, struct asking *k, struct errinfo *e)
{
    const struct ask_preset *p = ask_presets_find(k->presets, name);
    if (!p) {
        struct str names;
        str_init(&names, 400);
        for (size_t i = 0; i < k->presets->n; i++) {
            str_addf(&names, "%s%s", i ? ", " : "", k->presets->at[i].name);
        }
        const enum err rc =
            err_set(e, ERR_USAGE, "--preset: found '%.40s', expected %s", name,
                    names.len ? names.p : "one that was saved; the run has none");
        str_free(&names);
        return rc;
    }
    TRY(ask_preset_fits(p, k->subject->sae, e));
    for (size_t i = 0; i < p->n; i++) {
        const enum err rc = check_position(k, &p->edit[i].edit, e);
        if (rc != OK) {
            return err_prefix(e, rc, "--preset");
        }
        k->edit[k->q.n_edits++] = p->edit[i].edit;
    }
    return OK;
}
_Static_assert(ASK_PRESET_EDITS <= EDITS_MAX, "a preset's edits fit");

static enum err make_question(const struct ask_args *a, struct asking *k,
                              struct errinfo *e)
{
    k->positions = has_prompt(a) ? k->row.ids.n + (size_t)a->tokens : SIZE_MAX;
    TRY(mem_new(&k->masked, k->row.ids.n, 1, "masks", e));
    k->q = (struct ask_question){.ids = k->row.ids.p,
                                 .n = k->row.ids.n,
                                 .masked = k->masked,
                                 .edit = k->edit,
                                 .top = (size_t)a->top,
                                 .densest = a->densest};
    TRY(each_part(&a->mask, "mask", mask_position, k, e));
    if (a->preset) {
        TRY(use_preset(a->preset, k, e));
    }
    TRY(each_part(&a->ablate, "ablate", ablate, k, e));
    return each_part(&a->steer, "steer", steer, k, e);
}

/* ---- why ---- */

/* Find a token by its text, also with a space before it, as it is within a text. */
static enum err find_token(const struct tok *t, const char *option, const char *text,
                           int32_t *out, struct errinfo *e)
{
    char spaced[200];
    (void)snprintf(spaced, sizeof spaced, " %s", text);
    *out = tok_by_name(t, text);
    *out = *out < 0 && strlen(text) < sizeof spaced - 2 ? tok_single(t, spaced) : *out;
    if (*out < 0 || (size_t)*out >= tok_rows(t)) {
        return err_set(e, ERR_USAGE,
                       "--%s: found '%.80s', expected a text that is one token, or #ID",
                       option, text);
    }
    return OK;
}

static enum err explain(const struct ask_args *a, struct asking *k, struct errinfo *e)
{
    const struct tok *tok = k->subject->lm->tok;
    struct ask_why_opts o = {
        .pos = k->q.n, .target = -1, .against = ASK_SECOND, .ablate = ASK_ABLATES};
    int64_t pos = 0;
    if (strcmp(a->why, "next") != 0) {
        if (!number_whole(a->why, &pos) || pos < 1 || (size_t)pos > k->q.n) {
            return err_set(e, ERR_USAGE,
                           "--why: found '%.40s', expected the position of a token, 1 "
                           "to %zu, or next",
                           a->why, k->q.n - 1);
        }
        o.pos = (size_t)pos;
    }
    if (a->target) {
        TRY(find_token(tok, "target", a->target, &o.target, e));
    }
    if (a->against && strcmp(a->against, "mean") == 0) {
        o.against = ASK_MEAN;
    } else if (a->against && strcmp(a->against, "second") != 0) {
        TRY(find_token(tok, "against", a->against, &o.against, e));
    }
    return ask_why(k->ask, &k->q, &o, &k->why, e);
}

/* ---- texts ---- */

static enum err tell_token(struct ask_story *s, const struct ask_step *t,
                           const struct tok *tok, struct errinfo *e)
{
    TRY(mem_grow(&s->token, &s->cap, s->n + 1, sizeof *s->token, SIZE_MAX, e));
    struct ask_told *k = &s->token[s->n++];
    *k =
        (struct ask_told){.id = t->id, .pos = t->pos, .logp = t->logp, .n = t->n_fires};
    if (t->n_fires > 0) {
        memcpy(k->fire, t->fire, t->n_fires * sizeof *k->fire);
    }
    tok_piece(tok, t->id, &s->text);
    return str_err(&s->text, "the text", e);
}

static enum err write_story(const struct ask_args *a, struct asking *k,
                            const struct ask_question *q, size_t which,
                            struct errinfo *e)
{
    const struct ask_gen_opts o = {.max_tokens = (size_t)a->tokens,
                                   .temperature = a->temperature,
                                   .top_p = a->top_p,
                                   .top_k = (size_t)a->top_k,
                                   .seed = (uint64_t)a->seed,
                                   .top = 1,
                                   .latents = ASK_SHOWN_LATENTS};
    const struct tok *tok = k->subject->lm->tok;
    struct ask_gen *g = NULL;
    struct ask_step step = {.ended = false};
    enum err rc = ask_gen_new(k->ask, q, &o, &g, e);
    k->told[which] = true;
    while (rc == OK && !step.ended) {
        rc = ask_gen_next(g, &step, e);
        if (rc == OK && step.id >= 0 && step.id != tok_eos(tok)) {
            rc = tell_token(&k->story[which], &step, tok, e);
        }
    }
    ask_gen_free(g);
    return rc;
}

static enum err write_stories(const struct ask_args *a, struct asking *k,
                              struct errinfo *e)
{
    struct ask_question plain = k->q;
    plain.masked = NULL;
    plain.n_edits = 0;
    TRY(write_story(a, k, &plain, 0, e));
    return k->answer->next_after ? write_story(a, k, &k->q, 1, e) : OK;
}

/* ---- all of it ---- */

static enum err check_args(const struct ask_args *a, const struct asking *k,
                           struct errinfo *e)
{
    if ((a->target || a->against) && !a->why) {
        return err_set(e, ERR_USAGE, "--%s says what --why explains",
                       a->target ? "target" : "against");
    }
    if (!has_prompt(a) &&
        (a->mask.n > 0 || a->why || a->tokens > 0 || a->at >= 0 || a->chat)) {
        return err_set(e, ERR_USAGE, "--%s is about a prompt: expected --text as well",
                       a->mask.n > 0   ? "mask"
                       : a->why        ? "why"
                       : a->tokens > 0 ? "generate"
                       : a->at >= 0    ? "at"
                                       : "chat");
    }
    if (a->corpus && !(a->densest > 0) && a->heldout == 0 && !k->times) {
        return err_set(e, ERR_USAGE,
                       "--corpus: text is read for --densest, --heldout and --steer "
                       "N=Mx alone, none of which is given");
    }
    if (a->heldout > 0 && !a->preset && a->ablate.n + a->steer.n == 0) {
        return err_set(e, ERR_USAGE,
                       "--heldout measures what --ablate, --steer and --preset do, "
                       "none of which is given");
    }
    return OK;
}

static void show(const char *path, const struct ask_args *a, const struct asking *k,
                 struct str *out)
{
    const struct ask_found f = {
        .path = path,
        .record = k->record,
        .arms = &k->arms,
        .subject = k->subject,
        .labels = k->labels,
        .names = &k->names,
        .row = &k->row,
        .q = &k->q,
        .r = k->answer,
        .at = a->at >= 0 ? (size_t)a->at : k->q.n - 1, /* if there is a prompt */
        .why = k->why,
        .story = {k->told[0] ? &k->story[0] : NULL, k->told[1] ? &k->story[1] : NULL},
        .heldout = k->measured ? &k->heldout : NULL};
    if (a->json) {
        ask_out_json(&f, out);
    } else {
        ask_out_text(&f, out);
    }
}

/* Get the answer to the prompt, and what else is asked about it. */
static enum err ask_prompt(const struct ask_args *a, struct asking *k,
                           struct errinfo *e)
{
    TRY(ask_run(k->ask, &k->q, &k->answer, e));
    if (a->why) {
        TRY(explain(a, k, e));
    }
    if (a->tokens > 0) {
        TRY(write_stories(a, k, e));
    }
    return OK;
}

static enum err ask_all(const char *path, struct ask_args *a, struct asking *k,
                        struct str *out, struct errinfo *e)
{
    TRY(each_part(&a->steer, "steer", find_times, k, e));
    TRY(check_args(a, k, e));
    TRY(open_run(path, a, k, e));
    if (has_prompt(a)) {
        TRY(read_text(a, k, e));
    }
    if (a->at >= 0 && (size_t)a->at >= k->row.ids.n) {
        return err_set(e, ERR_USAGE, "--at: found %lld, expected 0 to %zu",
                       (long long)a->at, k->row.ids.n - 1);
    }
    TRY(make_question(a, k, e));
    if (a->heldout > 0) {
        TRY(ask_effect_measure(k->ask, k->subject, (size_t)a->heldout, &k->q,
                               &k->heldout, e));
        k->measured = true;
    }
    if (has_prompt(a)) {
        TRY(ask_prompt(a, k, e));
    }
    show(path, a, k, out);
    return OK;
}

static void asking_deinit(struct asking *k)
{
    for (size_t i = 0; i < 2; i++) {
        str_free(&k->story[i].text);
        mem_free(k->story[i].token);
    }
    ask_why_unref(k->why);
    ask_answer_unref(k->answer);
    mem_free(k->masked);
    ask_row_deinit(&k->row);
    ask_free(k->ask);
    ask_subject_unref(k->subject);
    latent_labels_unref(k->labels);
    ask_names_deinit(&k->names);
    ask_presets_unref(k->presets);
    browse_lm_close(&k->lm);
    browse_close(&k->b);
}

static enum err run_line(const char *path, struct ask_args *a, struct str *out,
                         struct errinfo *e)
{
    struct asking *k = NULL;
    TRY(mem_new(&k, 1, sizeof *k, "a question", e));
    str_init(&k->story[0].text, OUTPUT_BYTES);
    str_init(&k->story[1].text, OUTPUT_BYTES);
    stop_install();
    const enum err rc = ask_all(path, a, k, out, e);
    asking_deinit(k);
    mem_free(k);
    return rc;
}

/* Take the argument after the run as the prompt; -: standard input. */
static bool take_text(const struct opts_result *r, struct text_input *t, int *status)
{
    struct errinfo e = {0};
    const char *word = r->n_args > 1 ? r->args[1] : NULL;
    if (word && text_input_given(t)) {
        *status = cmd_fail(err_set(&e, ERR_USAGE,
                                   "ask: found '%.40s' and %s, expected one prompt",
                                   word, t->text ? "--text" : "--text-file"),
                           &e);
        return false;
    }
    if (word && strcmp(word, "-") == 0) {
        t->file = word;
    } else if (word) {
        t->text = word;
    }
    return true;
}

int cmd_ask(int argc, char **argv)
{
    struct ask_args a = {.at = -1, .top = 10, .seed = GENERATE_SEED};
    // clang-format off
    const struct opt table[] = {
        {"text", OPT_TEXT, &a.text.text, "TEXT", "the prompt; also the word behind the run (there -: standard input)", 0, 0, NULL},
        {"text-file", OPT_STRING, &a.text.file, "FILE", "a file that is the prompt, to the last byte; -: standard input, without a line break at its end", 0, 0, NULL},
        {"chat", OPT_FLAG, &a.chat, NULL, "put the prompt as a user's turn into the chat template of the model", 0, 0, NULL},
        {"mask", OPT_LIST, &a.mask, "I[,I...]", "the model reads the mask token at these positions", 0, 0, NULL},
        {"ablate", OPT_LIST, &a.ablate, "N[,N...]", "latents that are silenced, N or '#N'; N@P: at position P alone", 0, 0, NULL},
        {"steer", OPT_LIST, &a.steer, "N=X[@P]", "X added to latent N's activation; N=scale:X, N=clamp:X; 2x in place of X: twice the largest activation of N on held-out text, which is then read; @P: at position P, @P-: from there on", 0, 0, NULL},
        {"preset", OPT_STRING, &a.preset, "NAME", "edits that were saved in Prompt under this name, before those of --ablate and --steer", 0, 0, NULL},
        {"at", OPT_INT, &a.at, "P", "the position after which the next tokens are shown; -1: the last", -1, 1e9, NULL},
        {"top", OPT_INT, &a.top, "K", "next tokens shown", 1, ASK_TOP_MAX, NULL},
        {"generate", OPT_INT, &a.tokens, "M", "tokens that the model goes on with: as the prompt stands, and after masks and edits", 0, 1e6, NULL},
        {"temperature", OPT_REAL, &a.temperature, "X", "of --generate; 0: always the likeliest token", 0, 100, NULL},
        {"top-k", OPT_INT, &a.top_k, "K", "draw among the K likeliest; 0: all", 0, 1e7, NULL},
        {"top-p", OPT_REAL, &a.top_p, "X", "draw among the likeliest that together have this share; 0: all", 0, 1, NULL},
        {"seed", OPT_INT, &a.seed, "S", "of --generate", 0, 9e15, NULL},
        {"why", OPT_STRING, &a.why, "I", "which latents made the token at position I likely; next: the likeliest after the prompt", 0, 0, NULL},
        {"target", OPT_STRING, &a.target, "TOKEN", "another token in its place, by text or #ID", 0, 0, NULL},
        {"against", OPT_STRING, &a.against, "TOKEN", "which it is held against: text or #ID, second (the likeliest other) or mean (of all); without it second", 0, 0, NULL},
        {"heldout", OPT_INT, &a.heldout, "ROWS", "what these edits do to so many rows of held-out text: loss with its interval, the tokens that lose most, the next tokens that change most; 0: not measured", 0, 65536, NULL},
        {"densest", OPT_REAL, &a.densest, "X", "leave out latents that fire on more than this share of held-out tokens, and say where edits go beyond that text; 0: none", 0, 1, NULL},
        {"json", OPT_FLAG, &a.json, NULL, "print one JSON object", 0, 0, NULL},
        {"model", OPT_STRING, &a.model, "DIR", "another model than the run's", 0, 0, NULL},
        {"hook", OPT_STRING, &a.hook, "NAME", "where another tool's SAE reads, if its files do not tell", 0, 0, NULL},
        run_opts_centre(&a.named),
        {setting_find(setting_key.mask_token)->flag, OPT_STRING, &a.mask_token, "TEXT", "what stands for a masked token: text of one token, or #ID (default: the run's)", 0, 0, NULL},
        {"corpus", OPT_STRING, &a.corpus, "FILE", "text for --heldout, --densest and --steer N=2x (default: the run's)", 0, 0, NULL},
    };
    // clang-format on
    const struct opts o = {
        .name = "ask",
        .usage = "RUN [TEXT|--text-file FILE] [--heldout ROWS] [OPTIONS]",
        .about =
            "What a run's model and SAE say to a prompt: its tokens, the latents that "
            "fire on each, what comes next; the same with tokens masked and latents "
            "silenced or steered, the SAE's error kept; which latents made a token "
            "likely. Position 0 is BOS where the model has one. Activations are in the "
            "unit of the saved SAE, as top has them. Latents are called "
            "by their labels, else by the concepts they tell best, once `saetop concepts RUN` "
            "or the explorer has evaluated it. Asked is "
            "condition A, by its first seed; RUN/arms/NAME asks another arm: twin is B, "
            "s2 A's second seed. RUN may be an SAE of another tool, "
            "with --model and, if its files do not tell, --hook.",
        .table = table,
        .n = sizeof table / sizeof table[0],
        .min_args = 1,
        .max_args = 2,
        .n_runs = 1,
    };
    struct opts_result parsed;
    struct errinfo e = {0};
    struct str out;
    int status = 0;
    if (!cmd_begin(&o, argc, argv, &parsed, &status) ||
        !take_text(&parsed, &a.text, &status)) {
        return status;
    }
    run_opts_name(&a.named, setting_key.model, a.model);
    run_opts_name(&a.named, setting_key.hook, a.hook);
    run_opts_name(&a.named, setting_key.mask_token, a.mask_token);
    run_opts_name(&a.named, setting_key.corpus, a.corpus);
    str_init(&out, OUTPUT_BYTES);
    const enum err rc = run_line(parsed.args[0], &a, &out, &e);
    if (rc == ERR_CANCELLED && stop_asked()) {
        str_free(&out);
        return stop_status();
    }
    return cmd_end(rc, &e, &out, a.json);
}
