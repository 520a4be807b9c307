#include "run/evaluator.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/mem.h"
#include "eval/probe_cache.h"
#include "eval/probe_csv.h"
#include "num/blas.h"
#include "sae/sae.h"
#include "train/settings_synth.h"

#include <dirent.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define OOD_SHARE  4 /* OOD rows: this part of those searched for concept words */
#define FILES_MAX  4096
#define IN_SAMPLES "samples/"

struct evaluator {
    struct inputs *own;      /* NULL: borrowed */
    const struct inputs *in; /* these, or own */
    struct eval_set *set;
    struct acts_set *ood;
    struct suite_bench *bench;
    struct suite_times times;
    struct probe_cache *cache; /* NULL: none */
    char **probe;              /* [n_probes] files of sentence tasks */
    size_t n_probes, probe_cap;
    char concepts_gap[512]; /* why the settings' concepts were left out, or "" */
};

struct evaluator_opts evaluator_defaults(void)
{
    return (struct evaluator_opts){
        .ks = {.n = 3, .k = {1, 2, 5}}, .rows = 64, .sections = SUITE_ALL};
}

/* ---- sentence tasks ---- */

static enum err add_probe_file(struct evaluator *v, const char *path, struct errinfo *e)
{
    TRY(mem_grow(&v->probe, &v->probe_cap, v->n_probes + 1, sizeof *v->probe, FILES_MAX,
                 e));
    v->probe[v->n_probes] = mem_strdup(path);
    if (v->probe[v->n_probes] == NULL) {
        return err_set(e, ERR_NOMEM, "probes: out of memory");
    }
    v->n_probes++;
    return OK;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Adds all *.csv files of a folder, by name; ERR_MISSING where there is none. */
static enum err add_probe_folder(struct evaluator *v, const char *dir,
                                 struct errinfo *e)
{
    DIR *d = opendir(dir);
    const size_t first = v->n_probes;
    char path[4096];
    enum err rc = OK;
    if (d == NULL) {
        return err_set(e, ERR_MISSING, "%s: not a folder that can be read", dir);
    }
    for (struct dirent *f = readdir(d); f != NULL && rc == OK; f = readdir(d)) {
        if (path_has_suffix(f->d_name, ".csv")) {
            rc = path_join(path, sizeof path, dir, f->d_name, e);
            rc = rc == OK ? add_probe_file(v, path, e) : rc;
        }
    }
    (void)closedir(d);
    if (rc == OK && v->n_probes == first) {
        return err_set(e, ERR_MISSING, "%s: found no *.csv, expected sentence tasks",
                       dir);
    }
    if (v->n_probes > first + 1) {
        qsort(v->probe + first, v->n_probes - first, sizeof *v->probe, by_name);
    }
    return rc;
}

/* Checks that probe files that were named can be read, whether or not the sections use
 * them. */
static enum err check_probes(const struct evaluator *v, struct errinfo *e)
{
    for (size_t i = 0; i < v->n_probes; i++) {
        struct probe_csv p = {0};
        TRY(probe_csv_load(v->probe[i], &p, e));
        probe_csv_deinit(&p);
    }
    return OK;
}

/* Finds the probe files: those named, as files or folders; else the bundled ones for
 * the bundled model. */
static enum err find_probes(struct evaluator *v, const struct evaluator_opts *o,
                            const struct settings *s, struct errinfo *e)
{
    char path[4096];
    for (size_t i = 0; i < o->n_probes; i++) {
        const char *p = o->probes[i];
        TRY(file_is_dir(p) ? add_probe_folder(v, p, e) : add_probe_file(v, p, e));
    }
    TRY(check_probes(v, e));
    if (o->n_probes == 0 && strncmp(s->model, IN_SAMPLES, strlen(IN_SAMPLES)) == 0) {
        TRY(settings_path(s, IN_SAMPLES "probes", path, sizeof path, e));
        TRY(add_probe_folder(v, path, e));
    }
    return OK;
}

/* ---- opening ---- */

/* Opens the inputs. If concepts that were not asked for cannot be used, takes the
 * built-in letters, with a line that says so. */
static enum err open_inputs(struct evaluator *v, const struct settings *set,
                            bool concepts_named, struct errinfo *e)
{
    struct settings s = *set;
    struct errinfo why = {0};
    const enum err rc = inputs_new(&s, NULL, &v->own, &why);
    if (rc == ERR_FORMAT && !concepts_named && s.concepts[0] != '\0' &&
        strstr(why.msg, path_base(s.concepts)) != NULL) {
        (void)snprintf(v->concepts_gap, sizeof v->concepts_gap, "%s", why.msg);
        s.concepts[0] = '\0';
        return inputs_new(&s, NULL, &v->own, e);
    }
    return rc == OK ? OK : err_set(e, rc, "%s", why.msg);
}

static enum err make_sets(struct evaluator *v, size_t rows, const atomic_bool *cancel,
                          struct errinfo *e)
{
    const struct inputs *in = v->in;
    struct eval_config c = eval_defaults();
    c.fidelity_rows = (size_t)in->set.eval_rows;
    c.concept_rows = (size_t)in->set.concept_rows;
    c.cache = v->cache;
    TRY(eval_set_new(&c, in->h, in->corpus, in->ood, in->concepts, in->lm->tok,
                     in->pool, cancel, &v->set, e));
    if (in->ood == NULL) {
        return OK;
    }
    const size_t searched = c.concept_rows / OOD_SHARE;
    return acts_set_new(in->h, in->ood, CORPUS_HELDOUT, in->lm->tok,
                        searched > rows ? searched : rows, &v->ood, e);
}

size_t evaluator_bytes(const struct inputs *in, const struct evaluator_opts *o,
                       size_t threads)
{
    const struct settings *s = &in->set;
    const size_t D = inputs_width(in), T = (size_t)s->context;
    const size_t searched = (size_t)s->concept_rows / OOD_SHARE;
    struct eval_config c = eval_defaults();
    c.fidelity_rows = (size_t)s->eval_rows;
    c.concept_rows = (size_t)s->concept_rows;
    const size_t ood = !in->ood ? 0 : searched > o->rows ? searched : o->rows;
    return lm_need_bytes(in->lm, LM_WHOLE) +
           harvester_bytes(&in->lm->cfg, in->hook, T, threads) +
           eval_set_bytes(&c, D, T) + suite_bench_bytes(ood, D, T);
}

/* Opens the cache of raw probes, under a key of all that they depend on besides the
 * numbers that they read. */
static enum err open_cache(struct evaluator *v, const char *dir, struct errinfo *e)
{
    const struct inputs *in = v->in;
    char what[1200];
    if (dir == NULL) {
        return OK;
    }
    (void)snprintf(what, sizeof what,
                   "saetop " SAETOP_VERSION " model %016" PRIx64 " hook %.200s corpus "
                   "%016" PRIx64 " ood %016" PRIx64 " concepts %016" PRIx64
                   " context %" PRId64 " kernels %s %s products %s",
                   in->lm->hash, in->set.hook, corpus_hash(in->corpus),
                   in->ood != NULL ? corpus_hash(in->ood) : 0, in->concepts_hash,
                   in->set.context, num_kern_name(), num_blas_core(),
                   linear_name(in->lm->kind));
    return probe_cache_open(dir, what, &v->cache, e);
}

/* Finds the mask of the run's own settings, by a token; false: there is none. */
static bool find_mask(const struct inputs *in, struct mask_spec *mask)
{
    struct errinfo none;
    *mask = inputs_stream_config(in, &in->set).mask;
    mask->kind = MASK_TOKEN;
    return mask->token >= 0 ||
           mask_token_find(in->lm->tok, in->set.mask_token, &mask->token, &none) == OK;
}

static enum err make_bench(struct evaluator *v, const struct evaluator_opts *o,
                           const atomic_bool *cancel, struct errinfo *e)
{
    const struct inputs *in = v->in;
    const int64_t begun = clock_ns();
    struct mask_spec mask;
    struct suite_times made;
    suite_tell(o->watch, "set", 0, 1);
    TRY(open_cache(v, o->cache, e));
    TRY(make_sets(v, o->rows, cancel, e));
    v->times = (struct suite_times){1, {"set"}, {clock_seconds_since(begun)}};
    const struct suite_source src = {.set = v->set,
                                     .ood = v->ood,
                                     .concepts = in->concepts,
                                     .lm = in->lm,
                                     .hook = in->hook,
                                     .mask = find_mask(in, &mask) ? &mask : NULL,
                                     .probes = (const char *const *)v->probe,
                                     .n_probes = v->n_probes,
                                     .ks = o->ks,
                                     .rows = o->rows,
                                     .seed = o->seed,
                                     .sections = o->sections,
                                     .watch = o->watch};
    TRY(suite_bench_new(&src, in->h, in->pool, cancel, &made, &v->bench, e));
    for (size_t i = 0; i < made.n && v->times.n < SUITE_TIMES_MAX; i++) {
        v->times.section[v->times.n] = made.section[i];
        v->times.seconds[v->times.n++] = made.seconds[i];
    }
    return OK;
}

/* Opens everything. set NULL: `in` is already open. */
static enum err open_all(struct evaluator *v, const struct settings *set,
                         const struct inputs *in, const struct evaluator_opts *o,
                         const atomic_bool *cancel, struct errinfo *e)
{
    TRY(find_probes(v, o, set != NULL ? set : &in->set, e));
    if (set != NULL) {
        TRY(open_inputs(v, set, o->concepts_named, e));
        in = v->own;
    }
    v->in = in;
    if (o->sae != NULL && o->sae->D != inputs_width(in)) {
        return err_set(e, ERR_FORMAT,
                       "%s: the SAE reads %zu dimensions, the model has %zu",
                       o->sae_name, o->sae->D, inputs_width(in));
    }
    return make_bench(v, o, cancel, e);
}

static enum err evaluator_make(const struct settings *set, const struct inputs *in,
                               const struct evaluator_opts *o,
                               const atomic_bool *cancel, struct evaluator **out,
                               struct errinfo *e)
{
    struct evaluator *v = NULL;
    TRY(settings_need_text(in != NULL ? &in->set : set, "evaluation", e));
    TRY(mem_new(&v, 1, sizeof *v, "evaluation", e));
    const enum err rc = open_all(v, set, in, o, cancel, e);
    if (rc != OK) {
        evaluator_free(v);
        return rc;
    }
    *out = v;
    return OK;
}

enum err evaluator_open(const struct settings *set, const struct evaluator_opts *o,
                        const atomic_bool *cancel, struct evaluator **out,
                        struct errinfo *e)
{
    return evaluator_make(set, NULL, o, cancel, out, e);
}

enum err evaluator_new(const struct inputs *in, const struct evaluator_opts *o,
                       const atomic_bool *cancel, struct evaluator **out,
                       struct errinfo *e)
{
    return evaluator_make(NULL, in, o, cancel, out, e);
}

void evaluator_free(struct evaluator *v)
{
    if (v == NULL) {
        return;
    }
    suite_bench_free(v->bench);
    acts_set_free(v->ood);
    eval_set_free(v->set);
    inputs_free(v->own);
    probe_cache_close(v->cache);
    for (size_t i = 0; i < v->n_probes; i++) {
        mem_free(v->probe[i]);
    }
    mem_free(v->probe);
    mem_free(v);
}

const struct inputs *evaluator_inputs(const struct evaluator *v)
{
    return v->in;
}

const struct eval_set *evaluator_set(const struct evaluator *v)
{
    return v->set;
}

const struct suite_times *evaluator_times(const struct evaluator *v)
{
    return &v->times;
}

void evaluator_cached(const struct evaluator *v, size_t *got, size_t *put)
{
    probe_cache_counts(v->cache, got, put);
}

const char *evaluator_cache_fault(const struct evaluator *v)
{
    return probe_cache_fault(v->cache);
}

enum err evaluator_harvester(const struct evaluator *v, struct pool *pool,
                             struct harvester **out, struct errinfo *e)
{
    return harvester_new(v->in->lm, v->in->hook, harvest_T(v->in->h), pool, out, e);
}

/* ---- running ---- */

static enum err note_gaps(const struct evaluator *v, struct report *r,
                          struct errinfo *e)
{
    const struct concepts *c = v->in->concepts;
    if (v->concepts_gap[0] != '\0') {
        TRY(report_left_out(r, e, "concepts", "%s", v->concepts_gap));
    }
    if (c->words_unknown > 0) {
        TRY(report_left_out(r, e, "concept words",
                            "%zu of %zu are not single tokens of the vocabulary",
                            c->words_unknown, c->words_known + c->words_unknown));
    }
    return OK;
}

enum err evaluator_run(const struct evaluator *v, const struct suite_job *job,
                       struct report *r, struct eval_result *result,
                       struct suite_times *times, struct errinfo *e)
{
    TRY(note_gaps(v, r, e));
    return suite_run(v->bench, job, r, result, times, e);
}
