#include "eval_meta.h"

#include "eval/kept.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define FILES "activations_hash"

cJSON *eval_meta_add_seeds(cJSON *root, int64_t rows, int64_t seed)
{
    cJSON *seeds = cJSON_AddObjectToObject(root, "seeds");
    (void)cJSON_AddNumberToObject(root, "rows", (double)rows);
    (void)cJSON_AddNumberToObject(seeds, "intervals", (double)seed);
    return seeds;
}

void eval_meta_add(cJSON *root, const char *dir, const struct run_record *r,
                   int64_t rows, int64_t seed)
{
    const struct settings *s = &r->set;
    (void)cJSON_AddStringToObject(root, "run", dir);
    if (!cJSON_HasObjectItem(root,
                             "step")) { /* for sections that never ran evaluate() */
        (void)cJSON_AddNumberToObject(root, "step", (double)r->step);
    }
    (void)cJSON_AddStringToObject(root, "arch", s->arch);
    (void)cJSON_AddNumberToObject(root, "k", s->k);
    (void)cJSON_AddNumberToObject(root, "mask_rate", r->mask_rate);
    cJSON *seeds = eval_meta_add_seeds(root, rows, seed);
    (void)cJSON_AddNumberToObject(seeds, "training", (double)s->seed);
    (void)cJSON_AddNumberToObject(seeds, "weights", (double)settings_weights_seed(s));
}

enum err eval_meta_add_options(cJSON *root, const struct eval_asked *a,
                               struct errinfo *e)
{
    struct settings given;
    cJSON *o = cJSON_AddObjectToObject(root, "options");
    TRY(run_opts_given(a->named, &given, e));
    (void)cJSON_AddStringToObject(o, "probe_k", a->probe_k);
    (void)cJSON_AddBoolToObject(o, "centre", a->named->centre);
    if (a->split != NULL) {
        (void)cJSON_AddNumberToObject(o, "split_cosine", *a->split);
    }
    if (a->only != NULL) {
        (void)cJSON_AddStringToObject(o, "only", a->only);
    }
    if (a->probes->n > 0) {
        (void)cJSON_AddItemToObject(
            o, "probes", cJSON_CreateStringArray(a->probes->at, (int)a->probes->n));
    }
    return settings_put_given(&given, o, e);
}

void eval_meta_say_seeds(const struct settings *s, struct str *out)
{
    str_addf(out, "training seed %lld", (long long)s->seed);
    if (settings_weights_seed(s) != (uint64_t)s->seed) {
        str_addf(out, ", of weights %llu",
                 (unsigned long long)settings_weights_seed(s));
    }
}

static bool is_number(double v, int64_t want)
{
    return v >= (double)want && v <= (double)want;
}

bool eval_meta_holds(const cJSON *root, const struct run_record *r, int64_t rows,
                     int64_t seed)
{
    return is_number(kept_value(root, "step"), r->step) &&
           is_number(kept_value(root, "rows"), rows) &&
           is_number(kept_value(root, "seeds.intervals"), seed) &&
           cJSON_IsObject(cJSON_GetObjectItemCaseSensitive(root, "units"));
}

/* A hash as text, since a double cannot hold 64 bits. */
static const char *hash_text(uint64_t hash, char out[24])
{
    (void)snprintf(out, 24, "%016" PRIx64, hash);
    return out;
}

void eval_meta_add_files(cJSON *root, uint64_t hash)
{
    char text[24];
    (void)cJSON_AddStringToObject(root, FILES, hash_text(hash, text));
}

bool eval_meta_holds_files(const cJSON *root, uint64_t hash)
{
    char text[24];
    const cJSON *is = cJSON_GetObjectItemCaseSensitive(root, FILES);
    return cJSON_IsString(is) && strcmp(is->valuestring, hash_text(hash, text)) == 0;
}
