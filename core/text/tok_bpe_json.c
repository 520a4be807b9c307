/* Byte-level BPE in tokenizer.json, in the forms that GPT-2 and its successors use. */
#include "base/json.h"
#include "base/mem.h"
#include "base/utf8.h"
#include "text/tok_bpe.h"

#include <stdio.h>
#include <string.h>

/* ---- the settings ---- */

static const cJSON *member(const cJSON *obj, const char *key)
{
    const cJSON *m = cJSON_GetObjectItemCaseSensitive(obj, key);
    return m && !cJSON_IsNull(m) ? m : NULL;
}

/* The "type" of a component, for error lines too. */
static const char *type_of(const cJSON *part)
{
    const cJSON *type = member(part, "type");
    return cJSON_IsString(type) ? type->valuestring : "(none)";
}

static enum err unsupported(const char *file, const char *place, const cJSON *part,
                            const char *expected, struct errinfo *e)
{
    return err_set(e, ERR_FORMAT, "%s: %s: found type \"%.60s\", expected %s", file,
                   place, type_of(part), expected);
}

/* Settings of the model or the file that would change ids and are not done here. */
static enum err check_plain(const cJSON *root, const cJSON *model, const char *file,
                            struct errinfo *e)
{
    const cJSON *norm = member(root, "normalizer");
    if (norm) {
        const cJSON *parts = member(norm, "normalizers");
        if (!(strcmp(type_of(norm), "Sequence") == 0 && cJSON_IsArray(parts) &&
              !parts->child)) {
            return unsupported(file, "normalizer", norm, "none (null)", e);
        }
    }
    static const char *const affixes[] = {"continuing_subword_prefix",
                                          "end_of_word_suffix"};
    for (size_t i = 0; i < sizeof affixes / sizeof *affixes; i++) {
        const char *text = "";
        TRY(json_str((struct json_at){file, "model"}, model, affixes[i], false, &text,
                     e));
        if (*text) {
            return err_set(e, ERR_FORMAT,
                           "%s: model.%s: found \"%.60s\", expected none", file,
                           affixes[i], text);
        }
    }
    bool fallback = false;
    TRY(json_bool((struct json_at){file, "model"}, model, "byte_fallback", false,
                  &fallback, e));
    if (fallback) {
        return err_set(e, ERR_FORMAT,
                       "%s: model.byte_fallback: found true, expected byte-level BPE",
                       file);
    }
    return OK;
}

static enum err read_byte_level(const cJSON *part, const char *file, const char *place,
                                bool after_split, struct bpe_opts *o, struct errinfo *e)
{
    if (strcmp(type_of(part), "ByteLevel") != 0) {
        return unsupported(file, place, part, "\"ByteLevel\"", e);
    }
    const struct json_at at = {file, place};
    bool prefix = true; /* the library's own defaults */
    bool regex = true;
    TRY(json_bool(at, part, "add_prefix_space", false, &prefix, e));
    TRY(json_bool(at, part, "use_regex", false, &regex, e));
    if (after_split && (prefix || regex)) {
        return err_set(e, ERR_FORMAT,
                       "%s: %s.%s: found true after a Split, expected false", file,
                       place, prefix ? "add_prefix_space" : "use_regex");
    }
    o->add_prefix_space = prefix;
    if (!after_split) {
        o->words = regex ? BPE_WORDS_GPT2 : BPE_WORDS_WHOLE;
    }
    return OK;
}

static enum err read_split(const cJSON *part, const char *file, const char *place,
                           struct bpe_opts *o, struct errinfo *e)
{
    if (strcmp(type_of(part), "Split") != 0) {
        return unsupported(file, place, part, "\"Split\" or \"ByteLevel\"", e);
    }
    const struct json_at at = {file, place};
    const cJSON *pattern = NULL;
    const char *behavior = "Isolated";
    bool invert = false;
    TRY(json_obj(at, part, "pattern", true, &pattern, e));
    TRY(json_str(at, part, "behavior", false, &behavior, e));
    TRY(json_bool(at, part, "invert", false, &invert, e));
    /* "Removed" and inverted drops what the pattern does not match; the patterns in use
     * match everything, and what one leaves over is kept here as a word of its own. */
    if (strcmp(behavior, "Isolated") != 0 &&
        !(invert && strcmp(behavior, "Removed") == 0)) {
        return err_set(e, ERR_FORMAT,
                       "%s: %s.behavior: found \"%.60s\", expected \"Isolated\"", file,
                       place, behavior);
    }
    char inner[96];
    (void)snprintf(inner, sizeof inner, "%.80s.pattern", place);
    TRY(json_str((struct json_at){file, inner}, pattern, "Regex", true, &o->pattern,
                 e));
    o->words = BPE_WORDS_PATTERN;
    /* The well-known pattern spelled out is the built-in one. */
    if (strcmp(o->pattern, SPLIT_GPT2_SOURCE) == 0) {
        o->words = BPE_WORDS_GPT2;
    }
    return OK;
}

static enum err read_words(const cJSON *root, const char *file, struct bpe_opts *o,
                           struct errinfo *e)
{
    const cJSON *pre = NULL;
    TRY(json_obj((struct json_at){file, ""}, root, "pre_tokenizer", true, &pre, e));
    if (strcmp(type_of(pre), "Sequence") != 0) {
        return read_byte_level(pre, file, "pre_tokenizer", false, o, e);
    }
    const cJSON *parts = NULL;
    TRY(json_arr((struct json_at){file, "pre_tokenizer"}, pre, "pretokenizers", true,
                 &parts, e));
    const int n = cJSON_GetArraySize(parts);
    if (n < 1 || n > 2) {
        return err_set(
            e, ERR_FORMAT,
            "%s: pre_tokenizer.pretokenizers: found %d parts, expected a Split "
            "and ByteLevel",
            file, n);
    }
    if (n == 2) {
        TRY(read_split(parts->child, file, "pre_tokenizer.pretokenizers[0]", o, e));
    }
    return read_byte_level(n == 2 ? parts->child->next : parts->child, file,
                           n == 2 ? "pre_tokenizer.pretokenizers[1]"
                                  : "pre_tokenizer.pretokenizers[0]",
                           n == 2, o, e);
}

/* ---- the vocabulary ---- */

/* Texts by id while a file is read; all borrowed from the tree. */
struct draft {
    size_t n; /* ids */
    const char **key;
    const struct tok_added **added;
    struct tok_added *list;
    size_t n_list;
};

static void draft_free(struct draft *d)
{
    mem_free(d->key);
    mem_free(d->added);
    mem_free(d->list);
}

/* The id of an entry of model.vocab. */
static enum err entry_id(const cJSON *item, const char *file, size_t *out,
                         struct errinfo *e)
{
    const double v = item->valuedouble;
    if (!cJSON_IsNumber(item) || !(v >= 0) || v >= (double)TOK_MAX_VOCAB) {
        return err_set(e, ERR_FORMAT,
                       "%s: model.vocab[\"%.60s\"]: expected an id from 0 to %zu", file,
                       item->string, TOK_MAX_VOCAB - 1);
    }
    const size_t id = (size_t)v;
    if ((double)id < v) {
        return err_set(e, ERR_FORMAT,
                       "%s: model.vocab[\"%.60s\"]: found %g, expected an integer",
                       file, item->string, v);
    }
    if (strlen(item->string) > 2 * TOK_MAX_PIECE) {
        return err_set(e, ERR_LIMIT, "%s: model.vocab: the text of id %zu is too long",
                       file, id);
    }
    *out = id;
    return OK;
}

/* How many ids there are: one more than the largest. */
static enum err count_ids(const cJSON *vocab, const char *file, struct draft *d,
                          struct errinfo *e)
{
    size_t entries = d->n_list;
    for (const cJSON *item = vocab->child; item; item = item->next, entries++) {
        size_t id = 0;
        TRY(entry_id(item, file, &id, e));
        d->n = id >= d->n ? id + 1 : d->n;
    }
    if (d->n_list > 0 && (size_t)d->list[d->n_list - 1].id >= d->n) {
        d->n = (size_t)d->list[d->n_list - 1].id + 1;
    }
    /* Memory goes with the largest id, so it must be in proportion to the file. */
    if (d->n > 16 * entries + 1024) {
        return err_set(e, ERR_FORMAT, "%s: model.vocab: id %zu among %zu entries", file,
                       d->n - 1, entries);
    }
    return OK;
}

static enum err fill_draft(const cJSON *vocab, const char *file, struct draft *d,
                           struct errinfo *e)
{
    TRY(mem_new(&d->key, d->n, sizeof *d->key, "the vocabulary", e));
    TRY(mem_new(&d->added, d->n, sizeof *d->added, "the vocabulary", e));
    for (const cJSON *item = vocab->child; item; item = item->next) {
        size_t id = 0;
        TRY(entry_id(item, file, &id, e));
        if (d->key[id]) {
            return err_set(e, ERR_FORMAT,
                           "%s: model.vocab: id %zu is both \"%.60s\" and \"%.60s\"",
                           file, id, d->key[id], item->string);
        }
        d->key[id] = item->string;
    }
    for (size_t i = 0; i < d->n_list; i++) {
        const struct tok_added *a = &d->list[i];
        const char *key = d->key[a->id];
        if (key && strcmp(key, a->text) != 0) {
            return err_set(e, ERR_FORMAT,
                           "%s: added_tokens: id %d is \"%.60s\", but \"%.60s\" in "
                           "model.vocab",
                           file, (int)a->id, a->text, key);
        }
        d->added[a->id] = a;
    }
    return OK;
}

/* A key of model.vocab as the bytes it stands for. */
static enum err key_bytes(const char *key, const char *file, struct str *out,
                          struct errinfo *e)
{
    const size_t n = strlen(key);
    str_clear(out);
    for (size_t i = 0; i < n;) {
        uint32_t cp = 0;
        i += utf8_next(key + i, n - i, &cp);
        const int byte = bpe_char_byte(cp);
        if (byte < 0) {
            return err_set(
                e, ERR_FORMAT,
                "%s: model.vocab[\"%.60s\"]: U+%04X is not in the alphabet of "
                "byte-level BPE",
                file, key, (unsigned)(cp == UTF8_INVALID ? 0xFFFD : cp));
        }
        str_addc(out, (char)(unsigned char)byte);
    }
    TRY(str_err(out, "a vocabulary entry", e));
    if (out->len == 0) {
        return err_set(e, ERR_FORMAT, "%s: model.vocab: an entry with no text", file);
    }
    return str_err(out, "an entry of the vocabulary", e);
}

static enum err put_entries(const struct draft *d, const char *file, struct tok *t,
                            struct errinfo *e)
{
    struct str raw;
    str_init(&raw, TOK_MAX_PIECE);
    enum err rc = OK;
    for (size_t id = 0; id < d->n && rc == OK; id++) {
        const struct tok_added *a = d->added[id];
        const uint32_t in_model = d->key[id] ? TOK_IN_MODEL : 0;
        if (a) {
            rc = tok_put(t, a->id, a->text, strlen(a->text),
                         in_model | TOK_ADDED | (a->is_special ? TOK_SPECIAL : 0u), e);
        } else if (d->key[id]) {
            rc = key_bytes(d->key[id], file, &raw, e);
            if (rc == OK) {
                rc = tok_put(t, (int32_t)id, raw.p, raw.len, in_model, e);
            }
        }
    }
    str_free(&raw);
    return rc;
}

static enum err read_vocab(const cJSON *root, const cJSON *model, const char *file,
                           struct tok **out, struct errinfo *e)
{
    const cJSON *vocab = NULL;
    TRY(json_obj((struct json_at){file, "model"}, model, "vocab", true, &vocab, e));
    struct draft d = {0};
    struct tok *t = NULL;
    enum err rc = OK;
    TRY_OUT(rc, tok_json_added(root, file, &d.list, &d.n_list, e));
    TRY_OUT(rc, count_ids(vocab, file, &d, e));
    TRY_OUT(rc, fill_draft(vocab, file, &d, e));
    TRY_OUT(rc, tok_new(&tok_bpe_kind, d.n, &t, e));
    TRY_OUT(rc, put_entries(&d, file, t, e));
    *out = t;
    t = NULL;
out:
    tok_free(t);
    draft_free(&d);
    return rc;
}

/* ---- merges ---- */

/* Ids by the text of their key: what merges are written in. */
struct key_index {
    const cJSON **slot;
    size_t mask;
};

static size_t key_hash(const char *s, size_t n)
{
    uint64_t h = 14695981039346656037u;
    for (size_t i = 0; i < n; i++) {
        h = (h ^ (unsigned char)s[i]) * 1099511628211u;
    }
    return (size_t)(h ^ h >> 32);
}

static int32_t key_find(const struct key_index *k, const char *s, size_t n)
{
    for (size_t i = key_hash(s, n) & k->mask; k->slot[i]; i = (i + 1) & k->mask) {
        const char *key = k->slot[i]->string;
        if (strncmp(key, s, n) == 0 && key[n] == '\0') {
            return (int32_t)k->slot[i]->valuedouble;
        }
    }
    return -1;
}

static enum err key_index_new(const cJSON *vocab, struct key_index *k,
                              struct errinfo *e)
{
    const size_t n = (size_t)cJSON_GetArraySize(vocab);
    size_t slots = 16;
    while (slots < 2 * n) {
        slots *= 2;
    }
    TRY(mem_new(&k->slot, slots, sizeof *k->slot, "the vocabulary", e));
    k->mask = slots - 1;
    for (const cJSON *item = vocab->child; item; item = item->next) {
        size_t i = key_hash(item->string, strlen(item->string)) & k->mask;
        while (k->slot[i]) {
            i = (i + 1) & k->mask;
        }
        k->slot[i] = item;
    }
    return OK;
}

/* One side of a merge. */
static enum err merge_side(const struct key_index *k, const char *s, size_t n, size_t i,
                           const char *file, int32_t *out, struct errinfo *e)
{
    *out = key_find(k, s, n);
    if (*out < 0) {
        return err_set(e, ERR_FORMAT,
                       "%s: model.merges[%zu]: \"%.*s\" is not in model.vocab", file, i,
                       n > 60 ? 60 : (int)n, s);
    }
    return OK;
}

/* "a b" or ["a", "b"]. */
static enum err read_merge(const struct key_index *k, const cJSON *item, size_t i,
                           const char *file, struct bpe_merge *out, struct errinfo *e)
{
    if (cJSON_IsString(item)) {
        const char *s = item->valuestring;
        const char *gap = strchr(s, ' ');
        if (gap && gap > s && gap[1] && !strchr(gap + 1, ' ')) {
            TRY(merge_side(k, s, (size_t)(gap - s), i, file, &out->a, e));
            return merge_side(k, gap + 1, strlen(gap + 1), i, file, &out->b, e);
        }
    } else if (cJSON_IsArray(item) && cJSON_GetArraySize(item) == 2 &&
               cJSON_IsString(item->child) && cJSON_IsString(item->child->next)) {
        const char *a = item->child->valuestring;
        const char *b = item->child->next->valuestring;
        TRY(merge_side(k, a, strlen(a), i, file, &out->a, e));
        return merge_side(k, b, strlen(b), i, file, &out->b, e);
    }
    return err_set(e, ERR_FORMAT,
                   "%s: model.merges[%zu]: expected \"a b\" or [\"a\", \"b\"]", file,
                   i);
}

static enum err read_merges(const cJSON *model, const char *file,
                            struct bpe_merge **out, size_t *n, struct errinfo *e)
{
    const cJSON *list = NULL;
    TRY(json_arr((struct json_at){file, "model"}, model, "merges", true, &list, e));
    const cJSON *vocab = cJSON_GetObjectItemCaseSensitive(model, "vocab");
    const int size = cJSON_GetArraySize(list);
    struct key_index k = {0};
    struct bpe_merge *merge = NULL;
    size_t i = 0;
    enum err rc = OK;
    TRY_OUT(rc, key_index_new(vocab, &k, e));
    TRY_OUT(rc, mem_new(&merge, (size_t)size, sizeof *merge, "merges", e));
    for (const cJSON *item = list->child; item; item = item->next, i++) {
        TRY_OUT(rc, read_merge(&k, item, i, file, &merge[i], e));
    }
    *out = merge;
    *n = i;
    merge = NULL;
out:
    mem_free(merge);
    mem_free(k.slot);
    return rc;
}

enum err bpe_json_parse(const cJSON *root, const char *file, struct tok **out,
                        struct errinfo *e)
{
    const cJSON *model = cJSON_GetObjectItemCaseSensitive(root, "model");
    struct bpe_opts opts = {.words = BPE_WORDS_WHOLE};
    TRY(check_plain(root, model, file, e));
    TRY(read_words(root, file, &opts, e));
    TRY(json_bool((struct json_at){file, "model"}, model, "ignore_merges", false,
                  &opts.ignore_merges, e));
    struct tok *t = NULL;
    struct bpe_merge *merge = NULL;
    size_t n = 0;
    enum err rc = OK;
    TRY_OUT(rc, read_vocab(root, model, file, &t, e));
    TRY_OUT(rc, read_merges(model, file, &merge, &n, e));
    TRY_OUT(rc, bpe_attach(t, &opts, merge, n, file, e));
    TRY_OUT(rc, tok_finish(t, e));
    *out = t;
    t = NULL;
out:
    tok_free(t);
    mem_free(merge);
    return rc;
}

/* ---- writing ---- */

/* An entry's key: bytes in the alphabet; an added token stands as it is. */
static void add_key(const struct tok *t, int32_t id, struct str *out)
{
    const struct tok_entry *en = &t->entry[id];
    const char *p = t->bytes.p + en->off;
    if (en->flags & (uint32_t)TOK_ADDED) {
        str_addn(out, p, en->len);
        return;
    }
    for (size_t i = 0; i < en->len; i++) {
        char c[4];
        str_addn(out, c, utf8_put(bpe_byte_char((uint8_t)p[i]), c));
    }
}

static void print_byte_level(struct str *out, bool prefix, bool regex)
{
    str_addf(
        out,
        "{\"type\": \"ByteLevel\", \"add_prefix_space\": %s, \"trim_offsets\": true, "
        "\"use_regex\": %s}",
        prefix ? "true" : "false", regex ? "true" : "false");
}

static void print_words(const struct bpe *b, struct str *out)
{
    str_add(out, ",\n  \"normalizer\": null,\n  \"pre_tokenizer\": ");
    if (b->opts.words == BPE_WORDS_PATTERN) {
        str_add(out,
                "{\"type\": \"Sequence\", \"pretokenizers\": [{\"type\": \"Split\", "
                "\"pattern\": {\"Regex\": ");
        json_add_string(out, b->pattern, strlen(b->pattern));
        str_add(out, "}, \"behavior\": \"Isolated\", \"invert\": false}, ");
        print_byte_level(out, false, false);
        str_add(out, "]}");
    } else {
        print_byte_level(out, b->opts.add_prefix_space,
                         b->opts.words == BPE_WORDS_GPT2);
    }
    str_add(out, ",\n  \"post_processor\": null,\n  \"decoder\": ");
    print_byte_level(out, true, true);
}

void bpe_json_print(const struct tok *t, struct str *out)
{
    const struct bpe *b = t->impl;
    print_words(b, out);
    str_addf(out,
             ",\n  \"model\": {\n    \"type\": \"BPE\",\n    \"dropout\": null,\n"
             "    \"unk_token\": null,\n    \"continuing_subword_prefix\": null,\n"
             "    \"end_of_word_suffix\": null,\n    \"fuse_unk\": false,\n"
             "    \"byte_fallback\": false,\n    \"ignore_merges\": %s,\n"
             "    \"vocab\": {",
             b->opts.ignore_merges ? "true" : "false");
    struct str key;
    str_init(&key, 4 * TOK_MAX_PIECE);
    const char *comma = "\n";
    for (size_t id = 0; id < t->vocab; id++) {
        if (!(t->entry[id].flags & (uint32_t)TOK_IN_MODEL)) {
            continue;
        }
        str_clear(&key);
        add_key(t, (int32_t)id, &key);
        str_addf(out, "%s      ", comma);
        json_add_string(out, key.p, key.len);
        str_addf(out, ": %zu", id);
        comma = ",\n";
    }
    str_add(out, "\n    },\n    \"merges\": [");
    comma = "\n";
    for (size_t i = 0; i < b->n_merges; i++) {
        /* Either form is read by every version; the alphabet has no space in it. */
        str_clear(&key);
        add_key(t, b->merge[i].a, &key);
        str_addc(&key, ' ');
        add_key(t, b->merge[i].b, &key);
        str_addf(out, "%s      ", comma);
        json_add_string(out, key.p, key.len);
        comma = ",\n";
    }
    str_add(out, "\n    ]\n  }");
    str_free(&key);
}
