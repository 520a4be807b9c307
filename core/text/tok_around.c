/* The tokens that a tokenizer puts around a text by itself: tokenizer.json's
 * post_processor. (Where there is a tokenizer.json, transformers 5 ignores
 * add_bos_token of tokenizer_config.json.) */
#include "base/json.h"
#include "text/tok_priv.h"

#include <string.h>

#define MAX_AROUND 64 /* tokens on one side; files have one or two */

enum { FRONT, BACK };

/* The tokens that one processor adds. */
struct added {
    int32_t id[2][MAX_AROUND];
    size_t n[2];
};

static enum err add_id(const struct tok *t, struct json_at at, int64_t id,
                       struct added *a, int side, struct errinfo *e)
{
    size_t len = 0;
    if (id < 0 || id > INT32_MAX || !tok_piece_view(t, (int32_t)id, &len)) {
        return err_set(e, ERR_FORMAT, "%s: %s: token id %lld is not in the vocabulary",
                       at.file, at.path, (long long)id);
    }
    if (a->n[side] == MAX_AROUND) {
        return err_set(e, ERR_LIMIT, "%s: %s: more than %d tokens on one side", at.file,
                       at.path, MAX_AROUND);
    }
    a->id[side][a->n[side]++] = (int32_t)id;
    return OK;
}

/* Adds the ids of special token `name` of a template. */
static enum err add_special(const struct tok *t, struct json_at at, const cJSON *p,
                            const char *name, struct added *a, int side,
                            struct errinfo *e)
{
    const cJSON *table = NULL, *entry = NULL, *ids = NULL;
    TRY(json_obj(at, p, "special_tokens", true, &table, e));
    TRY(json_obj(at, table, name, true, &entry, e));
    TRY(json_arr(at, entry, "ids", true, &ids, e));
    for (const cJSON *v = ids->child; v; v = v->next) {
        const double id = cJSON_IsNumber(v) ? v->valuedouble : -1.0;
        TRY(add_id(t, at, id >= 0 && id <= INT32_MAX ? (int64_t)id : -1, a, side, e));
    }
    return OK;
}

static enum err of_template(const struct tok *t, struct json_at at, const cJSON *p,
                            struct added *a, struct errinfo *e)
{
    const cJSON *single = NULL;
    int side = FRONT;
    TRY(json_arr(at, p, "single", true, &single, e));
    for (const cJSON *item = single->child; item; item = item->next) {
        const cJSON *special = NULL;
        const char *name = NULL;
        if (cJSON_GetObjectItemCaseSensitive(item, "Sequence")) {
            side = BACK;
            continue;
        }
        TRY(json_obj(at, item, "SpecialToken", true, &special, e));
        TRY(json_str(at, special, "id", true, &name, e));
        TRY(add_special(t, at, p, name, a, side, e));
    }
    return OK;
}

/* Reads BERT's and RoBERTa's form: cls before the text, sep after it, each [text,
 * id]. */
static enum err of_pair(const struct tok *t, struct json_at at, const cJSON *p,
                        struct added *a, struct errinfo *e)
{
    static const char *const keys[] = {[FRONT] = "cls", [BACK] = "sep"};
    for (int side = FRONT; side <= BACK; side++) {
        const cJSON *pair = NULL;
        TRY(json_arr(at, p, keys[side], true, &pair, e));
        const cJSON *id = cJSON_GetArrayItem(pair, 1);
        TRY(add_id(t, at, cJSON_IsNumber(id) ? (int64_t)id->valueint : -1, a, side, e));
    }
    return OK;
}

static enum err of_none(const struct tok *t, struct json_at at, const cJSON *p,
                        struct added *a, struct errinfo *e)
{
    (void)t, (void)at, (void)p, (void)a, (void)e;
    return OK;
}

static const struct {
    const char *type;
    enum err (*read)(const struct tok *t, struct json_at at, const cJSON *p,
                     struct added *a, struct errinfo *e);
} processors[] = {
    {"ByteLevel", of_none},
    {"TemplateProcessing", of_template},
    {"BertProcessing", of_pair},
    {"RobertaProcessing", of_pair},
};

/* Puts tokens around those of earlier processors: the processors of a sequence apply in
 * turn. */
static enum err put_around(struct tok *t, const struct added *a, struct errinfo *e)
{
    struct tok_ids *front = &t->around[FRONT];
    TRY(tok_ids_addn(front, a->id[FRONT], a->n[FRONT], e)); /* makes the room */
    memmove(front->p + a->n[FRONT], front->p,
            (front->n - a->n[FRONT]) * sizeof *front->p);
    memcpy(front->p, a->id[FRONT], a->n[FRONT] * sizeof *front->p);
    return tok_ids_addn(&t->around[BACK], a->id[BACK], a->n[BACK], e);
}

static enum err read_one(struct tok *t, struct json_at at, const cJSON *p,
                         struct errinfo *e)
{
    const char *type = NULL;
    struct added a = {.n = {0}};
    TRY(json_str(at, p, "type", true, &type, e));
    for (size_t i = 0; i < sizeof processors / sizeof *processors; i++) {
        if (strcmp(processors[i].type, type) == 0) {
            TRY(processors[i].read(t, at, p, &a, e));
            return a.n[FRONT] + a.n[BACK] > 0 ? put_around(t, &a, e) : OK;
        }
    }
    return err_set(e, ERR_FORMAT,
                   "%s: %s.type: found \"%.60s\", expected ByteLevel, "
                   "TemplateProcessing, BertProcessing, RobertaProcessing or a "
                   "Sequence of them",
                   at.file, at.path, type);
}

enum err tok_json_around(struct tok *t, const cJSON *root, const char *file,
                         struct errinfo *e)
{
    const struct json_at at = {file, "post_processor"};
    const cJSON *p = NULL, *list = NULL;
    const char *type = NULL;
    TRY(json_obj((struct json_at){file, ""}, root, "post_processor", false, &p, e));
    if (!p) {
        return OK;
    }
    TRY(json_str(at, p, "type", true, &type, e));
    if (strcmp(type, "Sequence") != 0) {
        return read_one(t, at, p, e);
    }
    TRY(json_arr(at, p, "processors", true, &list, e));
    for (const cJSON *item = list->child; item; item = item->next) {
        TRY(read_one(t, at, item, e));
    }
    return OK;
}

/* ---- a text with what stands around it ---- */

const struct tok_ids *tok_front(const struct tok *t)
{
    return &t->around[FRONT];
}

const struct tok_ids *tok_back(const struct tok *t)
{
    return &t->around[BACK];
}

enum err tok_encode_whole(const struct tok *t, const char *text, size_t len,
                          struct tok_ids *out, struct errinfo *e)
{
    const size_t before = out->n;
    enum err rc = tok_ids_addn(out, t->around[FRONT].p, t->around[FRONT].n, e);
    if (rc == OK) {
        rc = tok_encode(t, text, len, out, e);
    }
    if (rc == OK) {
        rc = tok_ids_addn(out, t->around[BACK].p, t->around[BACK].n, e);
    }
    out->n = rc == OK ? out->n : before;
    return rc;
}
