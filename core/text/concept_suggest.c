#include "text/concept_suggest.h"

#include "base/csvfile.h"
#include "base/mem.h"
#include "base/utf8.h"
#include "text/builtin_words.h"

#include <string.h>

#define WORD_MAX 200 /* bytes of a word */

/* Letters by script: the blocks that its words are made of (Unicode 15, Blocks.txt).
 * Hiragana and Katakana are one concept. */
static const struct range {
    const char *script;
    uint32_t from, to;
} ranges[] = {
    {"Latin_accented", 0x00C0, 0x024F},
    {"Latin_accented", 0x1E00, 0x1EFF},
    {"Greek", 0x0370, 0x03FF},
    {"Greek", 0x1F00, 0x1FFF},
    {"Cyrillic", 0x0400, 0x052F},
    {"Armenian", 0x0530, 0x058F},
    {"Hebrew", 0x0590, 0x05FF},
    {"Arabic", 0x0600, 0x06FF},
    {"Arabic", 0x0750, 0x077F},
    {"Arabic", 0xFB50, 0xFDFF},
    {"Devanagari", 0x0900, 0x097F},
    {"Bengali", 0x0980, 0x09FF},
    {"Gurmukhi", 0x0A00, 0x0A7F},
    {"Gujarati", 0x0A80, 0x0AFF},
    {"Tamil", 0x0B80, 0x0BFF},
    {"Telugu", 0x0C00, 0x0C7F},
    {"Kannada", 0x0C80, 0x0CFF},
    {"Malayalam", 0x0D00, 0x0D7F},
    {"Sinhala", 0x0D80, 0x0DFF},
    {"Thai", 0x0E00, 0x0E7F},
    {"Lao", 0x0E80, 0x0EFF},
    {"Myanmar", 0x1000, 0x109F},
    {"Georgian", 0x10A0, 0x10FF},
    {"Ethiopic", 0x1200, 0x137F},
    {"Khmer", 0x1780, 0x17FF},
    {"Kana", 0x3040, 0x30FF},
    {"Hangul", 0xAC00, 0xD7AF},
    {"Hangul", 0x1100, 0x11FF},
    {"Han", 0x3400, 0x4DBF},
    {"Han", 0x4E00, 0x9FFF},
    {"Han", 0x20000, 0x2FA1F},
};
#define RANGES (sizeof ranges / sizeof *ranges)

static const char *script_of(uint32_t cp)
{
    for (size_t i = 0; i < RANGES; i++) {
        if (cp >= ranges[i].from && cp <= ranges[i].to) {
            return ranges[i].script;
        }
    }
    return NULL;
}

/* Returns the script of a whole word; accented Latin letters may be mixed with plain
 * ones. NULL: plain letters, marks, a mixture. */
static const char *script_of_word(const char *p, size_t len)
{
    const char *found = NULL;
    bool plain = false;
    for (size_t at = 0; at < len;) {
        uint32_t cp = 0;
        at += utf8_next(p + at, len - at, &cp);
        const uint32_t lower = cp | 0x20;
        const char *script = script_of(cp);
        if (cp < 0x80 && lower >= 'a' && lower <= 'z') {
            plain = true;
        } else if (!script || (found && strcmp(script, found) != 0)) {
            return NULL;
        } else {
            found = script;
        }
    }
    return found && (!plain || strcmp(found, ranges[0].script) == 0) ? found : NULL;
}

/* Returns a token's text without the space before it; NULL if it cannot be a word of a
 * file. */
static const char *word_of(const struct tok *t, int32_t id, size_t *len)
{
    const char *p = tok_is_special(t, id) ? NULL : tok_piece_view(t, id, len);
    const bool space = p && *len > 0 && p[0] == ' ';
    p = space ? p + 1 : p;
    *len -= space;
    return p && *len > 0 && *len <= WORD_MAX && !memchr(p, 0, *len) ? p : NULL;
}

/* Whether a token with a space has a word that is also a token without one: a file
 * lists the word once. */
static bool is_second(const struct tok *t, int32_t id, const char *word)
{
    size_t len = 0;
    const char *p = tok_piece_view(t, id, &len);
    return p && len > 0 && p[0] == ' ' && tok_single(t, word) >= 0;
}

/* A vocabulary, examined once. */
struct vocab {
    struct builtin_words b;
    const char **script; /* [tok_vocab], NULL: none */
};

/* Whether a token belongs to a concept: to built-in number `def`, or else to
 * `script`. */
static bool belongs(const struct vocab *v, int32_t def, const char *script, size_t id)
{
    int32_t of[BUILTIN_MAX];
    if (script) {
        return v->script[id] && strcmp(v->script[id], script) == 0;
    }
    const size_t n = builtin_words_of(&v->b, (int32_t)id, of);
    for (size_t i = 0; i < n; i++) {
        if (of[i] == def) {
            return true;
        }
    }
    return false;
}

/* Adds the rows of one concept, or none if it has fewer than SUGGEST_LEAST words. */
static bool add_concept(const struct vocab *v, int32_t def, const char *script,
                        size_t most, struct str *out)
{
    const struct tok *tok = v->b.tok;
    const char *name = def >= 0 ? v->b.def[def].name : script;
    const size_t before = out->len;
    size_t n = 0;
    char word[WORD_MAX + 1];
    for (size_t t = 0; t < tok_vocab(tok) && n < most; t++) {
        size_t len = 0;
        const char *p =
            belongs(v, def, script, t) ? word_of(tok, (int32_t)t, &len) : NULL;
        if (!p) {
            continue;
        }
        memcpy(word, p, len);
        word[len] = '\0';
        if (!is_second(tok, (int32_t)t, word)) {
            CSV_ROW(out, name, script ? "script" : "", word);
            n++;
        }
    }
    if (n < SUGGEST_LEAST) {
        str_cut(out, before);
    }
    return n >= SUGGEST_LEAST;
}

static enum err vocab_init(struct vocab *v, const struct tok *tok, struct errinfo *e)
{
    TRY(builtin_words_init(&v->b, tok, false, e));
    const enum err rc =
        mem_new(&v->script, tok_vocab(tok), sizeof *v->script, "scripts", e);
    if (rc != OK) {
        builtin_words_deinit(&v->b);
        return rc;
    }
    for (size_t t = 0; t < tok_vocab(tok); t++) {
        size_t len = 0;
        const char *p = word_of(tok, (int32_t)t, &len);
        v->script[t] = p ? script_of_word(p, len) : NULL;
    }
    return OK;
}

/* Whether an earlier range has the same script. */
static bool is_repeated(size_t range)
{
    for (size_t i = 0; i < range; i++) {
        if (strcmp(ranges[i].script, ranges[range].script) == 0) {
            return true;
        }
    }
    return false;
}

/* ---- languages ---- */

/* Counts its words that are tokens, and that occur in the text if there is one. */
static size_t count_used(const struct tok *tok, const uint64_t *counts, size_t language)
{
    char word[FUNCTION_WORD_MAX];
    size_t n = 0;
    for (size_t at = 0; function_words_next(language, &at, word);) {
        const int32_t id = builtin_word_token(tok, word);
        n += id >= 0 && (!counts || counts[id] > 0);
    }
    return n;
}

static void add_language(const struct vocab *v, const struct builtin_def *def,
                         struct str *out)
{
    char word[FUNCTION_WORD_MAX];
    for (size_t at = 0; function_words_next(def->language, &at, word);) {
        if (builtin_word_token(v->b.tok, word) >= 0) {
            CSV_ROW(out, def->name, "function words", word);
        }
    }
}

/* Adds languages; returns whether there are any. */
static bool add_languages(const struct vocab *v, const uint64_t *counts,
                          struct str *out,
                          struct language_found found[FUNCTION_LANGUAGES])
{
    bool any = false;
    for (size_t i = 0; i < FUNCTION_LANGUAGES; i++) {
        const struct builtin_language *l = &v->b.language[i];
        const size_t used = count_used(v->b.tok, counts, i);
        found[i] = (struct language_found){l->words, l->known, used,
                                           l->taken && used >= SUGGEST_LANGUAGE};
    }
    for (size_t i = 0; i < v->b.n; i++) {
        const struct builtin_def *def = &v->b.def[i];
        if (def->kind == CONCEPT_LANGUAGE && found[def->language].taken) {
            add_language(v, def, out);
            any = true;
        }
    }
    return any;
}

enum err concepts_suggest(const struct tok *tok, const uint64_t *counts, size_t most,
                          struct str *out,
                          struct language_found found[FUNCTION_LANGUAGES],
                          struct errinfo *e)
{
    struct vocab v;
    bool any = false;
    TRY(vocab_init(&v, tok, e));
    str_add(out, "concept,parent,word\n");
    for (size_t i = 0; i < v.b.n; i++) {
        if (v.b.def[i].kind == CONCEPT_SHAPE || v.b.def[i].kind == CONCEPT_SUFFIX) {
            any = add_concept(&v, (int32_t)i, NULL, most, out) || any;
        }
    }
    for (size_t i = 0; i < RANGES; i++) {
        any = (!is_repeated(i) && add_concept(&v, -1, ranges[i].script, most, out)) ||
              any;
    }
    any = add_languages(&v, counts, out, found) || any;
    mem_free(v.script);
    builtin_words_deinit(&v.b);
    return any ? str_err(out, "concepts", e)
               : err_set(e, ERR_MISSING,
                         "the vocabulary has no word shapes, suffixes, scripts or "
                         "languages of %d words or more",
                         SUGGEST_LEAST);
}
