/* A chat template as a model's directory has it, and a user's text: the template is
 * refused in a line, or it is one of the families', and of any family's prompt the
 * template's special tokens are the same whatever the text is, and none of them is the
 * text's. The text's first byte chooses a further family. */
#include "../chat_fixture.h"
#include "lm/lm_chat.h"
#include "one_folder.h"
#include "text/tok_bpe.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MAX_FAMILIES 32

static const struct folder_file files[] = {
    {'j', "chat_template.jinja"},
    {'t', "tokenizer_config.json"},
    {'x', NULL},
};

struct prompt {
    struct tok_ids ids;
    size_t first, end;
    struct str text; /* of all ids */
};

static struct tok *toks[MAX_FAMILIES]; /* of chat_family_at(i) */
static struct prompt empty[MAX_FAMILIES];
static size_t n_families;

/* ---- one prompt ---- */

static bool is_template(const struct tok *t, int32_t id)
{
    const struct bpe *b = t->impl;
    return tok_is_special(t, id) && id != b->opts.unk;
}

/* The next special token of ids[n] at or behind `at`, n: none. */
static size_t next_template(const struct tok *t, const struct prompt *p, size_t at)
{
    while (at < p->ids.n && !is_template(t, p->ids.p[at])) {
        at++;
    }
    return at;
}

/* false: the tokenizer's pattern needs too much effort for this text. */
static bool prompt_make(size_t family, const char *text, size_t len, struct prompt *p)
{
    struct errinfo e = {0};
    const struct tok *t = toks[family];
    *p = (struct prompt){0};
    str_init(&p->text, 1u << 26);
    const enum err rc = chat_encode(chat_family_at(family), t, text, len, 0, &p->ids,
                                    &p->first, &p->end, &e);
    if (rc != OK) {
        require(rc == ERR_LIMIT && e.msg[0] && !strchr(e.msg, '\n'));
        return false;
    }
    require(p->first <= p->end && p->end <= p->ids.n);
    for (size_t i = 0; i < p->ids.n; i++) {
        size_t n = 0;
        require(tok_piece_view(t, p->ids.p[i], &n) != NULL);
        require(i < p->first || i >= p->end || !is_template(t, p->ids.p[i]));
    }
    tok_decode(t, p->ids.p, p->ids.n, &p->text);
    return true;
}

static void prompt_free(struct prompt *p)
{
    tok_ids_free(&p->ids);
    str_free(&p->text);
}

/* The special tokens of both, one by one. */
static void check_template(const struct tok *t, const struct prompt *p,
                           const struct prompt *without)
{
    size_t a = next_template(t, p, 0), b = next_template(t, without, 0);
    while (a < p->ids.n && b < without->ids.n) {
        require(p->ids.p[a] == without->ids.p[b]);
        a = next_template(t, p, a + 1);
        b = next_template(t, without, b + 1);
    }
    require(a == p->ids.n && b == without->ids.n);
}

/* Where bytes come back as they are, the prompt is that of no text with the text in it,
 * and the text is in its own tokens. */
static void check_text(const struct tok *t, const struct prompt *p,
                       const struct prompt *without, const char *text, size_t len)
{
    struct str own;
    str_init(&own, 1u << 26);
    tok_decode(t, p->ids.p + p->first, p->end - p->first, &own);
    require(p->text.len == without->text.len + len);
    bool found = len == 0;
    for (size_t i = 0; i + len <= own.len && !found; i++) {
        found = memcmp(own.p + i, text, len) == 0;
    }
    require(found);
    str_free(&own);
}

static void check_family(size_t family, const char *text, size_t len)
{
    struct prompt p;
    const struct tok *t = toks[family];
    if (prompt_make(family, text, len, &p)) {
        check_template(t, &p, &empty[family]);
        if (!t->norm && !t->repairs && !chat_family_at(family)->trim) {
            check_text(t, &p, &empty[family], text, len);
        }
    }
    prompt_free(&p);
}

/* ---- the target ---- */

static void begin(void)
{
    struct errinfo e;
    cJSON *root = chat_fixture_load("chat.json", &e);
    const cJSON *one = NULL;
    require(root != NULL);
    for (; chat_family_at(n_families); n_families++) {
        require(n_families < MAX_FAMILIES);
        cJSON_ArrayForEach(one, root)
        {
            if (strcmp(chat_fixture_text(one, "family"),
                       chat_family_at(n_families)->name) == 0) {
                toks[n_families] = chat_fixture_tok(one, &e);
            }
        }
        require(toks[n_families] != NULL);
        require(prompt_make(n_families, "", 0, &empty[n_families]));
    }
    cJSON_Delete(root);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *text = "";
    size_t len = 0, found = 0;
    const struct chat_family *f = NULL;
    const struct lm m = {.dir = folder};
    struct errinfo e = {0};
    if (folder_make()) {
        begin();
    }
    folder_fill(files, sizeof files / sizeof *files, data, size, &text, &len);
    const size_t also = len > 0 ? (uint8_t)text[0] % n_families : 0;
    text += len > 0 ? 1 : 0;
    len -= len > 0 ? 1 : 0;
    if (lm_chat(&m, &f, &e) == OK) {
        while (chat_family_at(found) != f) {
            found++;
            require(found < n_families);
        }
        check_family(found, text, len);
    } else {
        folder_refused(&e);
        require(lm_chat(&m, &f, NULL) == e.code);
    }
    check_family(also, text, len);
    return 0;
}
