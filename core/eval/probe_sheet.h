/* The scores of one set of probing tasks, and their figures in the report. */
#ifndef SAETOP_EVAL_PROBE_SHEET_H
#define SAETOP_EVAL_PROBE_SHEET_H

#include "eval/probe_cache.h"
#include "eval/probing.h"
#include "eval/report.h"

#define PROBE_NAMED 5 /* latents named for each task */

/* The values of k, ascending, each in 1..PROBE_K_MAX. */
struct probe_ks {
    size_t n;
    size_t k[16];
};
/* "1,2,5". ERR_USAGE, with *ks undefined, where the text is no such list. */
enum err probe_ks_parse(const char *text, struct probe_ks *ks,
                        struct errinfo *e) ERR_CHECKED;

struct probe_sheet {
    struct probe_ks ks;
    size_t n;                     /* tasks */
    int32_t *id;                  /* [n] what each task is, for pairing runs */
    struct probe_scores *latents; /* [n, ks.n] */
    struct probe_scores *dims;    /* [n, ks.n] raw dimensions */
    struct probe_scores *sae;     /* [n] all latents */
    struct probe_scores *raw;     /* [n] all dimensions */
    double *oracle;               /* [n] AUC, see probe_oracle */
    int32_t *named;               /* [n, PROBE_NAMED] best latents, -1 after the last */
    bool *lost; /* [n, PROBE_NAMED] it fires in distribution, but nowhere out of it */
    struct logreg_tally tally; /* of the fits made for the sheet */
};
enum err probe_sheet_init(struct probe_sheet *s, const struct probe_ks *ks, size_t n,
                          struct errinfo *e) ERR_CHECKED;
void probe_sheet_deinit(struct probe_sheet *s);

/* Fits the sparse probes of task `at` on raw dimensions, ... */
enum err probe_sheet_raw(struct probe_sheet *s, size_t at, const struct probe_table *t,
                         const uint8_t *y, struct errinfo *e) ERR_CHECKED;
/* ... and on latents, which it names. */
enum err probe_sheet_latents(struct probe_sheet *s, size_t at,
                             const struct probe_table *t, const uint8_t *y,
                             struct errinfo *e) ERR_CHECKED;
/* Copies the columns that are the same for every SAE (id, dims, raw, oracle) from a
 * sheet with as many tasks and the same k. */
void probe_sheet_share(struct probe_sheet *s, const struct probe_sheet *from);

/* The key of the raw probes of all tasks, as one fit of a cache: all that they are made
 * from. `start` [rows+1] and `task`: which tasks a row belongs to. */
struct probe_key probe_sheet_key(const struct probe_sheet *s,
                                 const struct probe_cache *c,
                                 const struct probe_table *t, const size_t *start,
                                 const int32_t *task);
/* Get or put dims, raw and oracle of tasks at..at+n-1. */
bool probe_sheet_get(struct probe_sheet *s, size_t at, size_t n, struct probe_cache *c,
                     const struct probe_key *k);
void probe_sheet_put(const struct probe_sheet *s, size_t at, size_t n,
                     struct probe_cache *c, const struct probe_key *k);

/* Reports figures below `prefix`: for each probe (k1, k2, ..., raw_k1, ..., sae, raw)
 * accuracy, f1, auc, each also with _ood, gap (auc in distribution minus out of it) and
 * gap_to_oracle (the oracle's auc out of distribution minus the probe's). Over the
 * tasks with use[i] (NULL: all). */
enum err probe_sheet_report(const struct probe_sheet *s, const bool *use,
                            const char *unit, const char *prefix, struct report *r,
                            struct errinfo *e) ERR_CHECKED;
/* report_fits for an SAE's sheet and the raw one that it shares. */
enum err probe_sheet_fits(const struct probe_sheet *s, const struct probe_sheet *raw,
                          const char *what, struct report *r,
                          struct errinfo *e) ERR_CHECKED;
/* {"latents": [..], "in_distribution_only": [..]} of one task, for the caller to add
 * to. */
cJSON *probe_sheet_named(const struct probe_sheet *s, size_t at);

#endif
