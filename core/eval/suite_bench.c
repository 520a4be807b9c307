#include "base/clock.h"
#include "base/mem.h"
#include "eval/suite_priv.h"
#include "measure/wants.h"

#define ROBUST_ROWS 64

/* A bench in the making, and what only that needs. */
struct maker {
    struct suite_bench *b;
    struct harvester *h;
    struct pool *pool;
    const atomic_bool *cancel;
};

static enum err make_fidelity(struct maker *m, struct errinfo *e)
{
    struct suite_bench *b = m->b;
    const struct suite_source *src = &b->src;
    struct reconstruct_job j = {.set = eval_set_rows(src->set),
                                .rows = src->rows,
                                .ce_rows = src->rows,
                                .lm = src->lm,
                                .hook = src->hook};
    TRY(reconstruct_text_init(&b->id, &j, m->pool, m->cancel, e));
    if (src->ood == NULL) {
        return OK;
    }
    j.set = src->ood;
    return reconstruct_text_init(&b->ood, &j, m->pool, m->cancel, e);
}

static enum err make_letters(struct maker *m, struct errinfo *e)
{
    const struct suite_source *src = &m->b->src;
    return letter_task_new(&src->set->cfg, src->lm, src->hook, m->pool, m->cancel,
                           &m->b->letters, m->b->letters_why, e);
}

static enum err make_saebench(struct maker *m, struct errinfo *e)
{
    return eval_saebench_bank(m->b->src.set, m->pool, m->cancel, &m->b->saebench, e);
}

static enum err make_tokens(struct maker *m, struct errinfo *e)
{
    const struct suite_source *src = &m->b->src;
    return token_tasks_init(&m->b->tokens, src->set, src->ood, src->concepts, &src->ks,
                            m->pool, m->cancel, e);
}

static enum err make_sentences(struct maker *m, struct errinfo *e)
{
    struct suite_bench *b = m->b;
    const struct suite_source *src = &b->src;
    struct report *gap = &b->gap[SUITE_SENTENCES];
    sentence_texts_init(&b->texts, src->lm, src->hook, harvest_T(m->h));
    for (size_t i = 0; i < src->n_probes; i++) {
        struct errinfo why = {0};
        const enum err rc =
            sentence_texts_add(&b->texts, src->probes[i], m->pool, &why);
        if (rc == ERR_NOMEM) {
            return err_set(e, rc, "%s", why.msg);
        }
        if (rc != OK) {
            TRY(report_left_out(gap, e, "sentence tasks", "%s", why.msg));
        }
    }
    TRY(sentence_texts_check(&b->texts, gap, e));
    if ((src->sections & 1U << SUITE_SENTENCES) == 0) {
        return OK;
    }
    return sentence_texts_probe(&b->texts, &src->ks, src->set->cfg.cache, m->pool,
                                m->cancel, e);
}

static enum err make_robust(struct maker *m, struct errinfo *e)
{
    const struct suite_source *src = &m->b->src;
    if (src->mask == NULL) {
        return err_set(e, ERR_MISSING, "%s", want_says(WANT_MASK));
    }
    return robust_text_init(&m->b->robust, eval_set_rows(src->set), ROBUST_ROWS,
                            src->mask, src->seed, m->h, e);
}

static const struct {
    unsigned of; /* sections that need it */
    enum suite_section section;
    enum err (*make)(struct maker *m, struct errinfo *e);
} shares[] = {
    {1U << SUITE_FIDELITY, SUITE_FIDELITY, make_fidelity},
    {1U << SUITE_ABSORPTION, SUITE_ABSORPTION, make_letters},
    {1U << SUITE_SAEBENCH, SUITE_SAEBENCH, make_saebench},
    {1U << SUITE_CONCEPTS, SUITE_CONCEPTS, make_tokens},
    {SUITE_OF_SENTENCES, SUITE_SENTENCES, make_sentences},
    {1U << SUITE_ROBUSTNESS, SUITE_ROBUSTNESS, make_robust},
};

enum { SHARES = sizeof shares / sizeof *shares };

static enum err make_all(struct maker *m, struct suite_times *t, struct errinfo *e)
{
    struct suite_bench *b = m->b;
    size_t done = 0, n = 0;
    for (size_t i = 0; i < SHARES; i++) {
        n += (b->src.sections & shares[i].of) != 0;
    }
    for (size_t i = 0; i < SHARES; i++) {
        struct errinfo why = {0};
        const enum suite_section section = shares[i].section;
        const int64_t begun = clock_ns();
        if ((b->src.sections & shares[i].of) == 0) {
            continue;
        }
        TRY(eval_poll(m->cancel, e));
        suite_tell(b->src.watch, suite_section_name(section), done++, n);
        const enum err rc = shares[i].make(m, &why);
        if (rc == ERR_NOMEM || rc == ERR_CANCELLED) {
            return err_set(e, rc, "%s", why.msg);
        }
        b->failed[section] = rc != OK;
        if (rc != OK) {
            TRY(report_left_out(&b->gap[section], e, suite_section_name(section), "%s",
                                why.msg));
        }
        if (t != NULL) {
            t->section[t->n] = suite_section_name(section);
            t->seconds[t->n++] = clock_seconds_since(begun);
        }
    }
    return OK;
}

size_t suite_bench_bytes(size_t ood_rows, size_t D, size_t T)
{
    const size_t prompts = (size_t)26 * LETTER_WORDS;
    return ((ood_rows + ROBUST_ROWS) * T + 2 * prompts) * (D * sizeof(float) + 5);
}

enum err suite_bench_new(const struct suite_source *src, struct harvester *h,
                         struct pool *pool, const atomic_bool *cancel,
                         struct suite_times *times, struct suite_bench **out,
                         struct errinfo *e)
{
    struct suite_bench *b = NULL;
    TRY(mem_new(&b, 1, sizeof *b, "evaluation", e));
    b->src = *src;
    b->src.sections = suite_sections_needed(src->sections);
    for (size_t i = 0; i < SUITE_SECTIONS; i++) {
        report_init(&b->gap[i], 0);
    }
    if (times != NULL) {
        times->n = 0;
    }
    struct maker m = {.b = b, .h = h, .pool = pool, .cancel = cancel};
    const enum err rc = make_all(&m, times, e);
    b->src.mask = NULL;
    b->src.probes = NULL;
    b->src.watch = NULL;
    if (rc != OK) {
        suite_bench_free(b);
        return rc;
    }
    *out = b;
    return OK;
}

void suite_bench_free(struct suite_bench *b)
{
    if (b == NULL) {
        return;
    }
    reconstruct_text_deinit(&b->id);
    reconstruct_text_deinit(&b->ood);
    letter_task_free(b->letters);
    probe_bank_deinit(&b->saebench);
    token_tasks_deinit(&b->tokens);
    sentence_texts_deinit(&b->texts);
    robust_text_deinit(&b->robust);
    for (size_t i = 0; i < SUITE_SECTIONS; i++) {
        report_deinit(&b->gap[i]);
    }
    mem_free(b);
}
