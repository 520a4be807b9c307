#include "text/tok_merges.h"

#include "base/file.h"
#include "base/hash.h"
#include "base/mem.h"

#include <string.h>

struct slot {
    struct tok_text key; /* p NULL: empty */
    int32_t id;
};

struct bpe_keys {
    struct slot *slot; /* [mask + 1], at least half of them empty */
    size_t mask;
};

enum err bpe_keys_new(size_t n, struct bpe_keys **out, struct errinfo *e)
{
    struct bpe_keys *k = NULL;
    size_t slots = 16;
    while (slots < 2 * n) {
        slots *= 2;
    }
    TRY(mem_new(&k, 1, sizeof *k, "the vocabulary", e));
    const enum err rc = mem_new(&k->slot, slots, sizeof *k->slot, "the vocabulary", e);
    if (rc != OK) {
        mem_free(k);
        return rc;
    }
    k->mask = slots - 1;
    *out = k;
    return OK;
}

void bpe_keys_free(struct bpe_keys *k)
{
    if (k) {
        mem_free(k->slot);
        mem_free(k);
    }
}

/* Returns the slot of a key, or the empty one where it belongs. */
static struct slot *slot_of(const struct bpe_keys *k, struct tok_text key)
{
    size_t i = (size_t)hash_bytes(HASH_START, key.p, key.len) & k->mask;
    while (k->slot[i].key.p && (k->slot[i].key.len != key.len ||
                                memcmp(k->slot[i].key.p, key.p, key.len) != 0)) {
        i = (i + 1) & k->mask;
    }
    return &k->slot[i];
}

void bpe_keys_put(struct bpe_keys *k, struct tok_text key, int32_t id)
{
    struct slot *s = slot_of(k, key);
    if (!s->key.p) {
        *s = (struct slot){key, id};
    }
}

/* Finds one side of a merge. */
static enum err side(const struct bpe_keys *k, struct tok_text key,
                     struct bpe_merge_at at, int32_t *out, struct errinfo *e)
{
    const struct slot *s = slot_of(k, key);
    if (!s->key.p) {
        return err_set(e, ERR_FORMAT, "%s: %s[%zu]: \"%.*s\" is not in model.vocab",
                       at.file, at.list, at.i, key.len > 60 ? 60 : (int)key.len, key.p);
    }
    *out = s->id;
    return OK;
}

enum err bpe_keys_pair(const struct bpe_keys *k, struct tok_text a, struct tok_text b,
                       struct bpe_merge_at at, struct bpe_merge *out, struct errinfo *e)
{
    TRY(side(k, a, at, &out->a, e));
    return side(k, b, at, &out->b, e);
}

enum err bpe_keys_merge(const struct bpe_keys *k, struct tok_text both,
                        struct bpe_merge_at at, struct bpe_merge *out,
                        struct errinfo *e)
{
    const char *gap = both.len > 0 ? memchr(both.p, ' ', both.len) : NULL;
    const size_t n = gap ? (size_t)(gap - both.p) : 0;
    if (!gap || n == 0 || n + 1 == both.len || memchr(gap + 1, ' ', both.len - n - 1)) {
        return err_set(e, ERR_FORMAT, "%s: %s[%zu]: expected \"a b\" or [\"a\", \"b\"]",
                       at.file, at.list, at.i);
    }
    return bpe_keys_pair(k, (struct tok_text){both.p, n},
                         (struct tok_text){gap + 1, both.len - n - 1}, at, out, e);
}
