#include "text/builtin_words.h"

#include "base/file.h"
#include "base/hash.h"
#include "base/mem.h"

#include <stdio.h>
#include <string.h>

enum { SUFFIX_LETTERS = 4, STEM_LETTERS = 3, WORD_BYTES = 64 };
#define ENDINGS ((size_t)27 * 27 * 27 * 27) /* letters as digits to the base of 27 */

#define FIRST_LANGUAGE (BUILTIN_LETTERS + BUILTIN_SHAPES + BUILTIN_SUFFIXES)

enum shape { SHAPE_CAPITAL, SHAPE_ALL_CAPITALS, SHAPE_DIGITS, SHAPES };
_Static_assert(SHAPES == BUILTIN_SHAPES, "each shape has a place");

/* ---- tokens ---- */

/* Returns the token without a space before it; *len 0: nothing, or a special token. */
static const char *bare(const struct tok *t, int32_t id, size_t *len)
{
    const char *p = tok_is_special(t, id) ? NULL : tok_piece_view(t, id, len);
    if (p == NULL) {
        *len = 0;
    } else if (*len > 0 && p[0] == ' ') {
        p++;
        *len -= 1;
    }
    return p;
}

static bool is_upper(char c)
{
    return c >= 'A' && c <= 'Z';
}

static bool is_lower(char c)
{
    return c >= 'a' && c <= 'z';
}

static bool is_word(const char *p, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if (!is_upper(p[i]) && !is_lower(p[i])) {
            return false;
        }
    }
    return len > 0;
}

/* Returns the shape of a word; -1: none. */
static int shape_of(const char *p, size_t len)
{
    size_t upper = 0, digits = 0;
    for (size_t i = 0; i < len; i++) {
        upper += is_upper(p[i]);
        digits += p[i] >= '0' && p[i] <= '9';
    }
    if (len > 0 && digits == len) {
        return SHAPE_DIGITS;
    }
    if (len < 2 || !is_word(p, len)) {
        return -1;
    }
    return upper == len ? SHAPE_ALL_CAPITALS : is_upper(p[0]) ? SHAPE_CAPITAL : -1;
}

/* Writes the token's word in lower case; 0: it is no word, or a very long one. */
static size_t word_of(const struct tok *t, int32_t id, char out[WORD_BYTES])
{
    size_t len = 0;
    const char *p = bare(t, id, &len);
    if (len >= WORD_BYTES || !is_word(p, len)) {
        return 0;
    }
    for (size_t i = 0; i < len; i++) {
        out[i] = (char)(p[i] | 0x20);
    }
    return len;
}

/* ---- the words as a set ---- */

static uint64_t hash_word(const char *word, size_t len)
{
    const uint64_t h = hash_bytes(HASH_START, word, len);
    return h != 0 ? h : 1;
}

/* Returns the slot of the word, or the one where it belongs. */
static size_t slot_of(const struct builtin_words *b, uint64_t hash)
{
    size_t at = (size_t)hash & (b->slots - 1);
    while (b->word[at] != 0 && b->word[at] != hash) {
        at = (at + 1) & (b->slots - 1);
    }
    return at;
}

/* Whether the word is another word plus n letters. */
static bool has_stem(const struct builtin_words *b, const char *word, size_t len,
                     size_t n)
{
    return len >= STEM_LETTERS + n &&
           b->word[slot_of(b, hash_word(word, len - n))] != 0;
}

static enum err collect_words(struct builtin_words *b, struct errinfo *e)
{
    char word[WORD_BYTES];
    const size_t vocab = tok_vocab(b->tok);
    b->slots = 16;
    while (b->slots < 2 * vocab) {
        b->slots *= 2;
    }
    TRY(mem_new(&b->word, b->slots, sizeof *b->word, "words", e));
    for (size_t t = 0; t < vocab; t++) {
        const size_t len = word_of(b->tok, (int32_t)t, word);
        if (len > 0) {
            const uint64_t hash = hash_word(word, len);
            b->word[slot_of(b, hash)] = hash;
        }
    }
    return OK;
}

/* ---- suffixes ---- */

/* Counts words by ending; a word that several tokens spell counts once, by `seen`
 * [slots]. */
static void count_endings(const struct builtin_words *b, uint8_t *seen, uint32_t *count)
{
    char word[WORD_BYTES];
    for (size_t t = 0; t < tok_vocab(b->tok); t++) {
        const size_t len = word_of(b->tok, (int32_t)t, word);
        const size_t slot = len > 0 ? slot_of(b, hash_word(word, len)) : 0;
        if (len == 0 || seen[slot] != 0) {
            continue;
        }
        seen[slot] = 1;
        size_t code = 0, place = 1;
        for (size_t n = 1; n <= SUFFIX_LETTERS && n + STEM_LETTERS <= len; n++) {
            code += (size_t)(word[len - n] - 'a' + 1) * place;
            place *= 27;
            count[code] += has_stem(b, word, len, n) ? 1 : 0;
        }
    }
}

static void spell_ending(size_t code, char out[SUFFIX_LETTERS + 1])
{
    char backwards[SUFFIX_LETTERS];
    size_t n = 0;
    for (; code > 0; code /= 27) {
        backwards[n++] = (char)('a' + (char)(code % 27) - 1);
    }
    for (size_t i = 0; i < n; i++) {
        out[i] = backwards[n - 1 - i];
    }
    out[n] = '\0';
}

/* Chooses the endings of most words; codes ascend with their length, then by the
 * alphabet. */
static void choose_suffixes(struct builtin_words *b, uint32_t *count)
{
    while (b->n_suffixes < BUILTIN_SUFFIXES) {
        size_t best = 0;
        for (size_t i = 1; i < ENDINGS; i++) {
            best = count[i] > count[best] ? i : best;
        }
        if (count[best] < SUFFIX_LEAST) {
            break;
        }
        count[best] = 0;
        spell_ending(best, b->suffix[b->n_suffixes++]);
    }
}

static enum err find_suffixes(struct builtin_words *b, struct errinfo *e)
{
    uint8_t *seen = NULL;
    uint32_t *count = NULL;
    enum err rc = OK;
    TRY_OUT(rc, collect_words(b, e));
    TRY_OUT(rc, mem_new(&seen, b->slots, sizeof *seen, "suffixes", e));
    TRY_OUT(rc, mem_new(&count, ENDINGS, sizeof *count, "suffixes", e));
    count_endings(b, seen, count);
    choose_suffixes(b, count);
out:
    mem_free(seen);
    mem_free(count);
    return rc;
}

/* ---- languages ---- */

int32_t builtin_word_token(const struct tok *tok, const char *word)
{
    char spaced[FUNCTION_WORD_MAX + 1] = " ";
    size_t len = 0;
    memcpy(spaced + 1, word, strlen(word) + 1);
    int32_t id = tok_single(tok, spaced);
    if (id < 0) {
        id = tok_single(tok, word);
        const char *p = id >= 0 ? tok_piece_view(tok, id, &len) : NULL;
        id = p && len > 0 && p[0] == ' ' ? id : -1;
    }
    return id;
}

/* Marks the forms of a word that a concepts file matches too (concepts.h). */
static void mark_word(struct builtin_words *b, size_t language, const char *word)
{
    char form[FUNCTION_WORD_MAX + 1] = " ";
    memcpy(form + 1, word, strlen(word) + 1);
    for (int capital = 0; capital < 2; capital++) {
        for (size_t from = 0; from < 2; from++) {
            const int32_t id = tok_single(b->tok, form + from);
            if (id >= 0 && !tok_is_special(b->tok, id)) {
                b->of_language[id] = (int8_t)language;
            }
        }
        if (!is_lower(form[1])) {
            break;
        }
        form[1] = (char)(form[1] - 'a' + 'A');
    }
}

static enum err find_languages(struct builtin_words *b, struct errinfo *e)
{
    char word[FUNCTION_WORD_MAX];
    const size_t vocab = tok_vocab(b->tok);
    TRY(mem_new(&b->of_language, vocab, 1, "languages", e));
    memset(b->of_language, -1, vocab);
    for (size_t i = 0; i < FUNCTION_LANGUAGES; i++) {
        struct builtin_language *l = &b->language[i];
        for (size_t at = 0; function_words_next(i, &at, word); l->words++) {
            l->known += builtin_word_token(b->tok, word) >= 0;
        }
        l->taken = 2 * l->known >= l->words;
        for (size_t at = 0; l->taken && function_words_next(i, &at, word);) {
            if (builtin_word_token(b->tok, word) >= 0) {
                mark_word(b, i, word);
            }
        }
    }
    return OK;
}

/* ---- membership ---- */

/* Finds all built-in classes of a token: letters, shapes, suffixes, languages. */
static size_t classes_of(const struct builtin_words *b, int32_t token,
                         size_t out[BUILTIN_MAX])
{
    size_t n = 0, len = 0;
    char word[WORD_BYTES];
    const char *p = bare(b->tok, token, &len);
    if (len > 0 && is_word(p, len)) {
        out[n++] = (size_t)((p[0] | 0x20) - 'a');
    }
    if (b->word == NULL) { /* letters only */
        return n;
    }
    const int shape = shape_of(p, len);
    if (shape >= 0) {
        out[n++] = BUILTIN_LETTERS + (size_t)shape;
    }
    len = word_of(b->tok, token, word);
    for (size_t i = 0; i < b->n_suffixes; i++) {
        const size_t k = strlen(b->suffix[i]);
        if (len > k && memcmp(word + len - k, b->suffix[i], k) == 0 &&
            has_stem(b, word, len, k)) {
            out[n++] = BUILTIN_LETTERS + BUILTIN_SHAPES + i;
        }
    }
    if (b->of_language[token] >= 0) {
        out[n++] = FIRST_LANGUAGE + (size_t)b->of_language[token];
    }
    return n;
}

static void define(struct builtin_words *b, size_t class)
{
    static const char *const shape[BUILTIN_SHAPES] = {[SHAPE_CAPITAL] = "capital",
                                                      [SHAPE_ALL_CAPITALS] =
                                                          "all capitals",
                                                      [SHAPE_DIGITS] = "digits"};
    struct builtin_def *d = &b->def[b->n];
    b->at[class] = (int32_t)b->n++;
    if (class < BUILTIN_LETTERS) {
        d->kind = CONCEPT_LETTER;
        snprintf(d->name, sizeof d->name, "letter %c", 'a' + (int)class);
    } else if (class < BUILTIN_LETTERS + BUILTIN_SHAPES) {
        d->kind = CONCEPT_SHAPE;
        snprintf(d->name, sizeof d->name, "%s", shape[class - BUILTIN_LETTERS]);
    } else if (class >= FIRST_LANGUAGE) {
        d->kind = CONCEPT_LANGUAGE;
        d->language = class - FIRST_LANGUAGE;
        snprintf(d->name, sizeof d->name, "%s (function words)",
                 function_words_name(d->language));
    } else {
        d->kind = CONCEPT_SUFFIX;
        snprintf(d->name, sizeof d->name, "-%s",
                 b->suffix[class - BUILTIN_LETTERS - BUILTIN_SHAPES]);
    }
}

enum err builtin_words_init(struct builtin_words *b, const struct tok *tok,
                            bool letters_only, struct errinfo *e)
{
    bool any[BUILTIN_MAX] = {false};
    size_t of[BUILTIN_MAX];
    memset(b, 0, sizeof *b);
    b->tok = tok;
    if (!letters_only) {
        enum err rc = find_suffixes(b, e);
        rc = rc == OK ? find_languages(b, e) : rc;
        if (rc != OK) {
            builtin_words_deinit(b);
            return rc;
        }
    }
    for (size_t t = 0; t < tok_vocab(tok); t++) {
        const size_t n = classes_of(b, (int32_t)t, of);
        for (size_t i = 0; i < n; i++) {
            any[of[i]] = true;
        }
    }
    for (size_t i = 0; i < BUILTIN_MAX; i++) {
        b->at[i] = -1;
        if (any[i]) {
            define(b, i);
        }
    }
    return OK;
}

void builtin_words_deinit(struct builtin_words *b)
{
    mem_free(b->word);
    mem_free(b->of_language);
    b->word = NULL;
    b->of_language = NULL;
}

size_t builtin_words_of(const struct builtin_words *b, int32_t token,
                        int32_t out[BUILTIN_MAX])
{
    size_t of[BUILTIN_MAX];
    const size_t n = classes_of(b, token, of);
    for (size_t i = 0; i < n; i++) {
        out[i] = b->at[of[i]];
    }
    return n;
}
