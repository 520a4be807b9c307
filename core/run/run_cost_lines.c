/* How doctor, train and the explorer put the cost of a run into words. */
#include "base/duration.h"
#include "base/number.h"
#include "base/str.h"
#include "measure/wants.h"
#include "run/run_cost.h"
#include "train/settings_arch.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

struct lines {
    struct cost_line *line;
    size_t n;
};

enum kind { SAYS, LACKS, WARNS };

__attribute__((format(printf, 4, 5))) static void
add(struct lines *l, const char *label, enum kind kind, const char *fmt, ...)
{
    va_list args;
    if (l->n == COST_LINES) {
        return;
    }
    struct cost_line *to = &l->line[l->n++];
    snprintf(to->label, sizeof to->label, "%s", label);
    to->gap = kind != SAYS;
    to->warns = kind == WARNS;
    va_start(args, fmt);
    (void)vsnprintf(to->text, sizeof to->text, fmt, args);
    va_end(args);
}

void cost_takes(double seconds, size_t bytes, size_t room, char *out, size_t cap)
{
    char time[32], there[64] = "";
    if (room < SIZE_MAX) {
        snprintf(there, sizeof there, " (%s are there)", NUMBER_BYTES((double)room));
    }
    snprintf(out, cap, "about %s%s%s of memory%s",
             isfinite(seconds) ? duration_text(seconds, DURATION_WORDS, time) : "",
             isfinite(seconds) ? " and " : "", NUMBER_BYTES((double)bytes), there);
}

void run_cost_takes(const struct run_cost *c, char *out, size_t cap)
{
    char what[160];
    cost_takes(c->seconds, c->bytes, c->room, what, sizeof what);
    snprintf(out, cap, "%s%s", what,
             isfinite(c->seconds) ? ", evaluation not counted"
             : c->timed           ? "; how long cannot be measured in it"
                                  : "");
}

static void add_run(struct lines *l, const struct run_cost *c, const struct inputs *in)
{
    const struct settings *s = &in->set;
    const double times = (double)s->width / (double)inputs_width(in);
    const double read = c->tokens / c->text_tokens;
    char sparsity[64], often[64] = "";
    settings_sparsity(s, sparsity, sizeof sparsity);
    if (isfinite(read)) {
        snprintf(often, sizeof often, ", the text %.*f times",
                 read < 1    ? 3
                 : read < 10 ? 1
                             : 0,
                 read);
    }
    add(l, "run", SAYS,
        "%s %s, %lld latents (%.2g times the width; published ones have 8 to 32), %zu "
        "arm%s; %lld step%s of %lld: %s tokens (published: 50M and more)%s",
        s->arch, sparsity, (long long)s->width, times, c->arms, plural_s(c->arms),
        (long long)c->steps, plural_s((uint64_t)c->steps), (long long)s->batch,
        NUMBER_COUNT(c->tokens), often);
}

static void add_hook(struct lines *l, const struct run_cost *c, const struct inputs *in)
{
    const struct settings *s = &in->set;
    char rate[80] = "";
    if (isfinite(c->tokens_per_second)) {
        snprintf(rate, sizeof rate, " %s tokens/s on %lld thread%s;",
                 NUMBER_COUNT(c->tokens_per_second), (long long)s->threads,
                 plural_s((uint64_t)s->threads));
    }
    add(l, "hook", SAYS, "%.200s, width %zu:%s weights up to it take %s", s->hook,
        inputs_width(in), rate, NUMBER_BYTES((double)c->hook_bytes));
}

static void add_text(struct lines *l, const struct run_cost *c, const struct inputs *in)
{
    const enum setting_giver by =
        settings_origin(&in->asked, setting_find(setting_key.corpus)).by;
    char docs[48] = "without end", words[48] = "", tokens[64] = "";
    if (corpus_is_finite(in->corpus)) {
        const unsigned long long n = corpus_count(in->corpus, CORPUS_TRAIN);
        snprintf(docs, sizeof docs, "%llu document%s to train on", n, plural_s(n));
    }
    if (isfinite(c->text_tokens)) {
        snprintf(tokens, sizeof tokens, ", about %s tokens",
                 NUMBER_COUNT(c->text_tokens));
    }
    if (c->tokens_per_word > 0) {
        snprintf(words, sizeof words, "; %.2f tokens a word", c->tokens_per_word);
    }
    add(l, "text", SAYS, "%.200s%s: %s%s%s", corpus_name(in->corpus),
        by == GIVEN_BY_PROGRAM ? " (bundled)" : "", docs, tokens, words);
}

static void add_loss(struct lines *l, const struct text_loss *t)
{
    char masked[48] = "";
    if (isfinite(t->masked)) {
        snprintf(masked, sizeof masked, ", with %.0f %% masked %.2f",
                 100 * MASK_RATE_USUAL, t->masked);
    }
    add(l, "loss", SAYS, "%.2f nats a token%s (a blind guess: %.1f)", t->clean, masked,
        t->guess);
}

static void add_memory(struct lines *l, const struct run_cost *c)
{
    static const char less[] =
        "a smaller --width, fewer arms or --set fill_rows= take less";
    if (c->bytes > c->room) {
        add(l, "memory", WARNS, "not enough: %s", less);
    } else if ((double)c->bytes * RUN_BYTES_WITHIN > (double)c->room) {
        add(l, "memory", WARNS, "it may run short: the peak can be %.1f times that; %s",
            RUN_BYTES_WITHIN, less);
    }
}

/* Returns the label of a line on what is missing; only the first such line has one. */
static const char *missing(const struct lines *l)
{
    for (size_t i = 0; i < l->n; i++) {
        if (!strcmp(l->line[i].label, "missing")) {
            return "";
        }
    }
    return "missing";
}

static void add_missing(struct lines *l, const struct inputs *in)
{
    if (in->set.mask_kind == MASK_TOKEN && in->mask_token < 0) {
        add(l, missing(l), LACKS,
            "a token to mask with: the model has none; %s, or --set mask.kind=random",
            want_gives(WANT_MASK));
    }
    if (!in->ood) {
        add(l, missing(l), LACKS,
            "text of another kind: %s; without, nothing says how latents do outside of "
            "%.60s",
            want_gives(WANT_OOD), corpus_name(in->corpus));
    }
    if (!in->set.concepts[0]) {
        add(l, missing(l), LACKS,
            "concepts of meaning: %s (saetop concepts --suggest --model begins one); "
            "without, letters, word shapes, suffixes and languages stand for them",
            want_gives(WANT_CONCEPTS));
    }
}

size_t run_cost_lines(const struct run_cost *c, const struct inputs *in,
                      struct cost_line out[COST_LINES])
{
    struct lines l = {.line = out};
    char takes[sizeof out->text];
    run_cost_takes(c, takes, sizeof takes);
    add(&l, "takes", SAYS, "%s", takes);
    add_memory(&l, c);
    add_run(&l, c, in);
    if (!in->lm) {
        return l.n;
    }
    add_hook(&l, c, in);
    add_text(&l, c, in);
    if (in->text.rows > 0) {
        add_loss(&l, &in->text);
    }
    add_missing(&l, in);
    return l.n;
}
