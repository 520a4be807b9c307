/* BPE in tokenizer.json, on bytes as in GPT-2 and its successors, or on characters as
 * in SentencePiece. */
#include "base/json.h"
#include "base/mem.h"
#include "base/utf8.h"
#include "text/tok_bpe.h"
#include "text/tok_decoder.h"
#include "text/tok_merges.h"

#include <stdio.h>
#include <string.h>

/* ---- the settings ---- */

static const cJSON *member(const cJSON *obj, const char *key)
{
    const cJSON *m = cJSON_GetObjectItemCaseSensitive(obj, key);
    return m && !cJSON_IsNull(m) ? m : NULL;
}

/* Refuses settings of the model that would change ids and are not supported here. */
static enum err check_plain(const cJSON *model, const char *file, struct errinfo *e)
{
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
    return OK;
}

static enum err read_opts(const cJSON *model, const char *file, struct bpe_opts *o,
                          struct errinfo *e)
{
    const struct json_at at = {file, "model"};
    TRY(check_plain(model, file, e));
    TRY(json_bool(at, model, "ignore_merges", false, &o->ignore_merges, e));
    TRY(json_bool(at, model, "byte_fallback", false, &o->byte_fallback, e));
    TRY(json_bool(at, model, "fuse_unk", false, &o->fuse_unk, e));
    TRY(json_num(at, model, "dropout", false, 0.0, 1.0, &o->dropout, e));
    o->unk = -1;
    return OK;
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

/* Reads the id of an entry of model.vocab. */
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

/* Counts the ids: one more than the largest. */
static enum err count_ids(const cJSON *vocab, const char *file, struct draft *d,
                          struct errinfo *e)
{
    size_t entries = d->n_list;
    if (!vocab->child) {
        return err_set(e, ERR_FORMAT, "%s: model.vocab: found no tokens", file);
    }
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

/* Converts a key of model.vocab to the bytes it stands for. */
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

/* Writes the piece of text that the entry `key` stands for to out. */
static enum err piece_of(const char *key, const struct decoder *chars, const char *file,
                         struct str *out, struct errinfo *e)
{
    if (!chars) {
        return key_bytes(key, file, out, e);
    }
    str_clear(out);
    decoder_piece(chars, key, out);
    return str_err(out, "an entry of the vocabulary", e);
}

/* Puts an added token: with characters, one that is not special is shown by the
 * decoder. */
static enum err put_added(const struct tok_added *a, uint32_t flags,
                          const struct decoder *chars, struct str *raw, struct tok *t,
                          struct errinfo *e)
{
    const size_t n = strlen(a->text);
    str_clear(raw);
    if (chars && !(a->flags & (uint32_t)TOK_SPECIAL)) {
        decoder_piece(chars, a->text, raw);
        TRY(str_err(raw, "an added token", e));
    }
    if (raw->len == 0 || (raw->len == n && memcmp(raw->p, a->text, n) == 0)) {
        return tok_put(t, a->id, a->text, n, flags, e);
    }
    TRY(tok_put(t, a->id, raw->p, raw->len, flags, e));
    return tok_put_text(t, a->id, a->text, n, e);
}

/* Puts the entries; chars: how keys of characters become pieces; NULL: keys are
 * bytes. */
static enum err put_entries(const struct draft *d, const struct decoder *chars,
                            const char *file, struct tok *t, struct errinfo *e)
{
    struct str raw;
    str_init(&raw, 4 * TOK_MAX_PIECE);
    enum err rc = OK;
    for (size_t id = 0; id < d->n && rc == OK; id++) {
        const struct tok_added *a = d->added[id];
        const uint32_t in_model = d->key[id] ? TOK_IN_MODEL : 0;
        if (a) {
            rc = put_added(a, in_model | a->flags, chars, &raw, t, e);
        } else if (d->key[id]) {
            rc = piece_of(d->key[id], chars, file, &raw, e);
            if (rc == OK) {
                rc = tok_put(t, (int32_t)id, raw.p, raw.len, in_model, e);
            }
        }
    }
    str_free(&raw);
    return rc;
}

/* Makes the keys by id, NULL for holes: *key [vocab], caller owns; the texts are the
 * tree's. */
static enum err keep_keys(const struct draft *d, struct tok_text **key,
                          struct errinfo *e)
{
    struct tok_text *k = NULL;
    TRY(mem_new(&k, d->n, sizeof *k, "the vocabulary", e));
    for (size_t id = 0; id < d->n; id++) {
        if (d->key[id]) {
            k[id] = (struct tok_text){d->key[id], strlen(d->key[id])};
        }
    }
    *key = k;
    return OK;
}

static enum err read_vocab(const cJSON *root, const cJSON *model,
                           const struct decoder *chars, const char *file,
                           struct tok **out, struct tok_text **key, struct errinfo *e)
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
    TRY_OUT(rc, put_entries(&d, chars, file, t, e));
    if (chars) {
        TRY_OUT(rc, keep_keys(&d, key, e));
    }
    *out = t;
    t = NULL;
out:
    tok_free(t);
    draft_free(&d);
    return rc;
}

/* ---- merges ---- */

/* Reads "a b" or ["a", "b"]. */
static enum err read_merge(const struct bpe_keys *k, const cJSON *item, size_t i,
                           const char *file, struct bpe_merge *out, struct errinfo *e)
{
    const struct bpe_merge_at at = {file, "model.merges", i};
    if (cJSON_IsString(item)) {
        return bpe_keys_merge(
            k, (struct tok_text){item->valuestring, strlen(item->valuestring)}, at, out,
            e);
    }
    if (cJSON_IsArray(item) && cJSON_GetArraySize(item) == 2 &&
        cJSON_IsString(item->child) && cJSON_IsString(item->child->next)) {
        const char *a = item->child->valuestring;
        const char *b = item->child->next->valuestring;
        return bpe_keys_pair(k, (struct tok_text){a, strlen(a)},
                             (struct tok_text){b, strlen(b)}, at, out, e);
    }
    return bpe_keys_merge(k, (struct tok_text){"", 0}, at, out, e);
}

static enum err read_merges(const cJSON *model, const char *file,
                            struct bpe_merge **out, size_t *n, struct errinfo *e)
{
    const cJSON *list = NULL;
    TRY(json_arr((struct json_at){file, "model"}, model, "merges", true, &list, e));
    const cJSON *vocab = cJSON_GetObjectItemCaseSensitive(model, "vocab");
    struct bpe_keys *k = NULL;
    struct bpe_merge *merge = NULL;
    size_t i = 0;
    enum err rc = OK;
    TRY_OUT(rc, bpe_keys_new((size_t)cJSON_GetArraySize(vocab), &k, e));
    for (const cJSON *item = vocab->child; item; item = item->next) {
        bpe_keys_put(k, (struct tok_text){item->string, strlen(item->string)},
                     (int32_t)item->valuedouble);
    }
    TRY_OUT(rc, mem_new(&merge, (size_t)cJSON_GetArraySize(list), sizeof *merge,
                        "merges", e));
    for (const cJSON *item = list->child; item; item = item->next, i++) {
        TRY_OUT(rc, read_merge(k, item, i, file, &merge[i], e));
    }
    *out = merge;
    *n = i;
    merge = NULL;
out:
    mem_free(merge);
    bpe_keys_free(k);
    return rc;
}

/* Reads model.unk_token's id. */
static enum err read_unk(const cJSON *model, const char *file, struct bpe_opts *o,
                         struct errinfo *e)
{
    const char *text = NULL;
    TRY(json_str((struct json_at){file, "model"}, model, "unk_token", false, &text, e));
    if (!text) {
        return OK;
    }
    const cJSON *vocab = cJSON_GetObjectItemCaseSensitive(model, "vocab");
    const cJSON *id = cJSON_GetObjectItemCaseSensitive(vocab, text);
    if (!id && !o->chars) {
        return OK; /* one that is named and never needed */
    }
    if (!id) {
        return err_set(e, ERR_FORMAT,
                       "%s: model.unk_token: \"%.60s\" is not in model.vocab", file,
                       text);
    }
    o->unk = (int32_t)id->valuedouble;
    return OK;
}

enum err bpe_json_parse(const cJSON *root, const char *file, struct tok **out,
                        struct errinfo *e)
{
    const cJSON *model = cJSON_GetObjectItemCaseSensitive(root, "model");
    struct bpe_spec spec = {.normalizer = member(root, "normalizer"),
                            .pre_tokenizer = member(root, "pre_tokenizer"),
                            .decoder = member(root, "decoder")};
    struct decoder decoder = {.n = 0};
    struct tok *t = NULL;
    struct tok_text *key = NULL;
    struct bpe_merge *merge = NULL;
    enum err rc = OK;
    TRY_OUT(rc, read_opts(model, file, &spec.opts, e));
    TRY_OUT(rc, pre_new(root, file, &spec.pre, e));
    spec.opts.chars = !pre_is_byte_level(spec.pre);
    if (spec.opts.chars) {
        TRY_OUT(rc, decoder_read(root, file, &decoder, e));
        decoder.bytes = decoder.bytes || spec.opts.byte_fallback;
    }
    TRY_OUT(rc, read_vocab(root, model, spec.opts.chars ? &decoder : NULL, file, &t,
                           &key, e));
    TRY_OUT(rc, read_unk(model, file, &spec.opts, e));
    TRY_OUT(rc, read_merges(model, file, &merge, &spec.n_merges, e));
    TRY_OUT(rc, norm_new(root, file, &t->norm, e));
    spec.key = key;
    spec.merge = merge;
    rc = bpe_attach(t, &spec, file, e);
    spec.pre = NULL; /* handed over */
    TRY_OUT(rc, rc);
    TRY_OUT(rc, tok_finish(t, e));
    *out = t;
    t = NULL;
out:
    pre_free(spec.pre);
    tok_free(t);
    mem_free(key);
    mem_free(merge);
    return rc;
}

/* ---- writing ---- */

/* Adds an entry's key: bytes in the alphabet; characters and added tokens as they
 * are. */
static void add_key(const struct tok *t, int32_t id, struct str *out)
{
    const struct bpe *b = t->impl;
    const struct tok_entry *key = &b->key[id];
    const char *p = b->key_bytes + key->off;
    if (b->opts.chars || (t->entry[id].flags & (uint32_t)TOK_ADDED)) {
        str_addn(out, p, key->len);
        return;
    }
    for (size_t i = 0; i < key->len; i++) {
        char c[4];
        str_addn(out, c, utf8_put(bpe_byte_char((uint8_t)p[i]), c));
    }
}

static void print_parts(const struct bpe *b, struct str *out)
{
    /* Byte-level BPE without a decoder of its own, as it is trained here, decodes as
     * this one does. */
    static const char bytes[] = "{\"type\": \"ByteLevel\", \"add_prefix_space\": true, "
                                "\"trim_offsets\": true, \"use_regex\": true}";
    str_addf(out,
             ",\n  \"normalizer\": %s,\n  \"pre_tokenizer\": %s,\n  "
             "\"post_processor\": null,\n  \"decoder\": %s",
             b->normalizer ? b->normalizer : "null",
             b->pre_tokenizer ? b->pre_tokenizer : "null",
             b->decoder      ? b->decoder
             : b->opts.chars ? "null"
                             : bytes);
}

/* Prints model's members before the vocabulary. */
static void print_opts(const struct tok *t, struct str *out)
{
    const struct bpe *b = t->impl;
    struct str unk;
    str_init(&unk, 8 * TOK_MAX_PIECE);
    if (b->opts.unk >= 0) {
        const struct tok_entry *key = &b->key[b->opts.unk];
        json_add_string(&unk, b->key_bytes + key->off, key->len);
    }
    str_addf(out,
             ",\n  \"model\": {\n    \"type\": \"BPE\",\n    \"dropout\": null,\n"
             "    \"unk_token\": %s,\n    \"continuing_subword_prefix\": null,\n"
             "    \"end_of_word_suffix\": null,\n    \"fuse_unk\": %s,\n"
             "    \"byte_fallback\": %s,\n    \"ignore_merges\": %s,\n"
             "    \"vocab\": {",
             unk.len > 0 ? unk.p : "null", b->opts.fuse_unk ? "true" : "false",
             b->opts.byte_fallback ? "true" : "false",
             b->opts.ignore_merges ? "true" : "false");
    str_free(&unk);
}

/* Prints "a b", which every version reads, or ["a", "b"] where a key has a space in
 * it. */
static void print_merge(const struct tok *t, const struct bpe_merge *m,
                        struct str *side, struct str *out)
{
    const int32_t ids[] = {m->a, m->b};
    str_clear(side);
    add_key(t, m->a, side);
    add_key(t, m->b, side);
    if (!memchr(side->p, ' ', side->len)) {
        str_clear(side);
        add_key(t, m->a, side);
        str_addc(side, ' ');
        add_key(t, m->b, side);
        json_add_string(out, side->p, side->len);
        return;
    }
    for (size_t i = 0; i < 2; i++) {
        str_clear(side);
        add_key(t, ids[i], side);
        str_add(out, i ? ", " : "[");
        json_add_string(out, side->p, side->len);
    }
    str_addc(out, ']');
}

enum err bpe_json_print(const struct tok *t, struct str *out, struct errinfo *e)
{
    const struct bpe *b = t->impl;
    if (b->rank) {
        return err_set(e, ERR_USAGE,
                       "a tokenizer of scores, from GGUF, can't be written as "
                       "tokenizer.json, which has merges");
    }
    print_parts(b, out);
    print_opts(t, out);
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
        str_addf(out, "%s      ", comma);
        print_merge(t, &b->merge[i], &key, out);
        comma = ",\n";
    }
    str_add(out, "\n    ]\n  }");
    str_free(&key);
    return OK;
}
