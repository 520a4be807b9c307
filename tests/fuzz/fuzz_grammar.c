/* A grammar of any bytes: refused with a line, or its documents come out of every
 * register and seed without an error, the same twice and as their trace says; and what
 * is made of it, forms, concepts and probe sets, is read again by its own readers. */
#include "base/err.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/str.h"
#include "eval/probe_csv.h"
#include "story/grammar.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MAX_TEXT ((size_t)16 << 20)

static void require(bool holds)
{
    if (!holds) {
        abort();
    }
}

static enum err count_form(void *user, const char *form, size_t len)
{
    size_t *n = user;
    *n += strlen(form) == len && len > 0;
    return OK;
}

/* Sentences lie one after another, a space apart; mentions name words there are. */
static void check_trace(const struct grammar *g, const struct str *text,
                        const struct grammar_trace *tr)
{
    struct grammar_stats s;
    grammar_stats(g, &s);
    size_t at = 0;
    size_t mentions = 0;
    for (size_t i = 0; i < tr->sentences; i++) {
        const struct grammar_sentence *one = &tr->sentence[i];
        require(one->start == at + (at > 0) && one->first == mentions);
        at = one->start + one->len;
        mentions += one->n;
    }
    require(at == text->len && mentions == tr->mentions);
    for (size_t i = 0; i < tr->mentions; i++) {
        require(tr->mention[i].word < s.words && tr->mention[i].form < s.attributes);
        require(grammar_word_form(g, tr->mention[i].word, tr->mention[i].form) != NULL);
    }
}

/* A document into buffers that are new each time: the first sentence of the first
 * document is a case of its own. Returns its length. */
static size_t write_document(const struct grammar *g, size_t reg, uint64_t seed,
                             uint64_t index)
{
    struct errinfo e;
    struct str a;
    struct str b;
    struct grammar_trace tr = {0};
    str_init(&a, MAX_TEXT);
    str_init(&b, MAX_TEXT);
    const enum err rc = grammar_document(g, reg, seed, index, &a, &e);
    require(grammar_document_traced(g, reg, seed, index, &b, &tr, &e) == rc);
    require(rc == OK || rc == ERR_LIMIT);
    require(a.len == b.len && memcmp(a.p, b.p, a.len) == 0 && strlen(a.p) == a.len);
    if (rc == OK) {
        check_trace(g, &b, &tr);
    }
    const size_t len = a.len;
    str_free(&a);
    str_free(&b);
    grammar_trace_free(&tr);
    return len;
}

/* Returns the length of the longest document. */
static size_t write_documents(const struct grammar *g)
{
    size_t longest = 0;
    for (size_t r = 0; r < grammar_register_count(g); r++) {
        for (uint64_t i = 0; i < 8; i++) {
            const size_t len = write_document(g, r, i / 2 * UINT64_C(0x9E3779B9), i);
            longest = len > longest ? len : longest;
        }
    }
    return longest;
}

static void write_concepts(const struct grammar *g, struct str *s)
{
    struct errinfo e;
    struct csv_table *t = NULL;
    const enum err rc = grammar_concepts(g, s, &e);
    require(rc == OK || (rc == ERR_FORMAT && strlen(e.msg) > 0));
    if (rc == OK) {
        require(csv_parse_table(s->p, s->len, "concepts", NULL, &t, &e) == OK);
        require(t->cols == 3);
        csv_free_table(t);
    }
}

static void write_probes(const struct grammar *g, struct str *s)
{
    struct errinfo e;
    for (size_t i = 0; i < grammar_probe_count(g); i++) {
        struct probe_csv p = {0};
        str_clear(s);
        const enum err rc = grammar_probe_csv(g, i, 1, s, &e);
        require(rc == OK || (rc == ERR_FORMAT && strlen(e.msg) > 0));
        if (rc == OK) {
            require(probe_csv_parse(s->p, s->len, "probes", &p, &e) == OK);
            probe_csv_deinit(&p);
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct errinfo e;
    struct grammar *g = NULL;
    if (grammar_parse((const char *)data, size, "fuzz", &g, &e) != OK) {
        require(!g && e.msg[0] != '\0');
        return 0;
    }
    const size_t longest = write_documents(g);
    size_t forms = 0;
    require(grammar_forms(g, count_form, &forms, &e) == OK && forms > 0);
    struct str s;
    str_init(&s, (size_t)64 << 20);
    write_concepts(g, &s);
    /* A probe set that can't be filled is given up after many documents. */
    if (longest < 400 && hash_bytes(HASH_START, data, size) % 16 == 0) {
        write_probes(g, &s);
    }
    str_free(&s);
    grammar_free(g);
    return 0;
}
