/* saetop corpus: generate | stats | rows | concepts | probes. */
#include "base/csvfile.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/outdir.h"
#include "cmd.h"
#include "corpus_cmds.h"
#include "corpus_opts.h"
#include "samples_dir.h"
#include "stop.h"
#include "story/grammar.h"
#include "text/corpus.h"
#include "text/tok.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PATH_CAP     4096
#define OUTPUT_BYTES ((size_t)1 << 30)

static enum err need_grammar(const struct corpus *c, const struct grammar **out,
                             struct errinfo *e)
{
    *out = corpus_grammar(c);
    return *out ? OK
                : err_set(e, ERR_USAGE, "%s: expected a grammar (*.grammar.json)",
                          corpus_spec(c));
}

/* Write text to a new file, or for NULL to standard output. Frees s. */
static int deliver(struct str *s, const char *path, enum err rc, struct errinfo *e)
{
    if (rc == OK && path) {
        rc = str_err(s, path, e);
        if (rc == OK) {
            const struct file_piece part = {s->p, s->len};
            rc = file_write_named(path, &part, 1, e);
        }
    }
    if (rc == OK && !path) {
        return cmd_print(s);
    }
    str_free(s);
    return rc == OK ? EXIT_SUCCESS : cmd_fail(rc, e);
}

/* ---- generate ---- */

struct generate_args {
    const char *corpus, *out, *split;
    int64_t n, seed;
    bool force;
};

enum layout { LAYOUT_TEXT, LAYOUT_CSV, LAYOUT_JSONL };

/* Choose the layout by the end of the file's name; without one, or without a file, it
 * is text. */
static enum err layout_of(const char *path, enum layout *out, struct errinfo *e)
{
    static const char *const end[] = {
        [LAYOUT_TEXT] = ".txt", [LAYOUT_CSV] = ".csv", [LAYOUT_JSONL] = ".jsonl"};
    *out = LAYOUT_TEXT;
    if (!path || !strchr(path_base(path), '.')) {
        return OK;
    }
    for (size_t i = 0; i < sizeof end / sizeof end[0]; i++) {
        if (path_has_suffix(path, end[i])) {
            *out = (enum layout)i;
            return OK;
        }
    }
    return err_set(
        e, ERR_USAGE,
        "--out: found '%s', expected a name that ends in .txt, .csv or .jsonl", path);
}

static void add_document(const struct str *doc, enum layout layout, bool first,
                         struct str *out)
{
    const char *text = doc->len ? doc->p : "";
    switch (layout) {
    case LAYOUT_TEXT:
        str_add(out, first ? "" : "\n");
        str_addn(out, text, doc->len);
        str_addc(out, '\n');
        break;
    case LAYOUT_CSV:
        csv_add(out, text, 1);
        str_addc(out, '\n');
        break;
    case LAYOUT_JSONL:
        str_add(out, "{\"text\": ");
        json_add_string(out, text, doc->len);
        str_add(out, "}\n");
        break;
    }
}

static enum err generate(const struct generate_args *a, struct str *out,
                         struct errinfo *e)
{
    struct corpus *c = NULL;
    enum corpus_split split = CORPUS_TRAIN;
    enum layout layout = LAYOUT_TEXT;
    TRY(layout_of(a->out, &layout, e));
    TRY(corpus_split_named(a->split, &split, e));
    TRY(corpus_named(a->corpus, a->seed, &c, e));
    struct str doc;
    str_init(&doc, OUTPUT_BYTES);
    if (layout == LAYOUT_CSV) {
        str_add(out, "text\n");
    }
    enum err rc = OK;
    uint64_t n = (uint64_t)a->n;
    if (corpus_is_finite(c) && n > corpus_count(c, split)) {
        n = corpus_count(c, split);
    }
    for (uint64_t i = 0; rc == OK && i < n && !stop_asked(); i++) {
        rc = corpus_doc(c, split, i, &doc, e);
        if (rc == OK) {
            add_document(&doc, layout, i == 0, out);
        }
    }
    str_free(&doc);
    corpus_free(c);
    return rc;
}

static int cmd_generate(int argc, char **argv)
{
    struct generate_args a = {.n = 10, .seed = 1, .split = "train"};
    // clang-format off
    const struct opt table[] = {
        {"corpus", OPT_STRING, &a.corpus, "FILE", "a grammar with #register, or any corpus; without it the bundled grammar", 0, 0, NULL},
        {"n", OPT_INT, &a.n, "N", "documents", 1, 1e9, NULL},
        {"seed", OPT_INT, &a.seed, "S", "the same seed gives the same text", 0, 9e15, NULL},
        {"split", OPT_STRING, &a.split, "NAME", "train or heldout", 0, 0, NULL},
        {"out", OPT_NEW, &a.out, "FILE", "new .txt, .csv or .jsonl; without it, standard output", 0, 0, NULL},
        OPT_FORCE(&a.force),
    };
    // clang-format on
    const struct opts o = {.name = "corpus generate",
                           .usage = "[--corpus FILE] [OPTIONS]",
                           .about = "Write documents, with a blank line between them.",
                           .table = table,
                           .n = sizeof table / sizeof table[0]};
    struct opts_result r;
    int status = EXIT_SUCCESS;
    if (!cmd_begin(&o, argc, argv, &r, &status)) {
        return status;
    }
    struct errinfo e = {0};
    struct str out;
    str_init(&out, OUTPUT_BYTES);
    stop_install();
    const enum err rc = generate(&a, &out, &e);
    status = deliver(&out, a.out, rc, &e);
    return status == EXIT_SUCCESS && stop_asked() ? stop_status() : status;
}

/* ---- stats ---- */

struct stats_args {
    const char *corpus, *tokenizer;
    int64_t n, seed;
    bool json;
};

/* Distinct words, as an open-addressing set of their hashes. */
struct words {
    uint64_t *slot; /* [cap], a power of two; 0: free */
    size_t cap, n;
};

#define MAX_WORDS ((size_t)1 << 26)

static enum err words_add(struct words *w, uint64_t hash, struct errinfo *e)
{
    hash = hash ? hash : 1;
    if (2 * (w->n + 1) > w->cap) {
        struct words bigger = {.cap = w->cap ? 2 * w->cap : 4096};
        if (bigger.cap > MAX_WORDS) {
            return err_set(e, ERR_LIMIT, "more than %zu distinct words", MAX_WORDS / 2);
        }
        TRY(mem_new(&bigger.slot, bigger.cap, sizeof *bigger.slot, "distinct words",
                    e));
        for (size_t i = 0; i < w->cap; i++) {
            if (w->slot[i]) {
                size_t at = (size_t)w->slot[i] & (bigger.cap - 1);
                while (bigger.slot[at]) {
                    at = (at + 1) & (bigger.cap - 1);
                }
                bigger.slot[at] = w->slot[i];
            }
        }
        bigger.n = w->n;
        mem_free(w->slot);
        *w = bigger;
    }
    size_t at = (size_t)hash & (w->cap - 1);
    while (w->slot[at] && w->slot[at] != hash) {
        at = (at + 1) & (w->cap - 1);
    }
    w->n += w->slot[at] ? 0 : 1;
    w->slot[at] = hash;
    return OK;
}

struct figures {
    uint64_t docs, bytes, words, sentences, tokens;
    size_t distinct;
};

static bool is_space(char c)
{
    return c == ' ' || c == '\n' || c == '\t' || c == '\r';
}

/* Words are runs of bytes other than space, counted without the punctuation around
 * them; sentences end at . ! or ? before a space or the end. */
static enum err count_document(const struct str *doc, struct figures *f,
                               struct words *seen, struct errinfo *e)
{
    const char *text = doc->len ? doc->p : "";
    size_t i = 0;
    while (i < doc->len) {
        while (i < doc->len && is_space(text[i])) {
            i++;
        }
        size_t first = i;
        while (i < doc->len && !is_space(text[i])) {
            i++;
        }
        size_t last = i;
        if (first == last) {
            break;
        }
        f->words++;
        f->sentences += strchr(".!?", text[last - 1]) ? 1 : 0;
        while (last > first && strchr(".,;:!?\"'()", text[last - 1])) {
            last--;
        }
        while (first < last && strchr("\"'(", text[first])) {
            first++;
        }
        if (last > first) {
            TRY(words_add(seen, hash_bytes(HASH_START, text + first, last - first), e));
        }
    }
    f->docs++;
    f->bytes += doc->len;
    return OK;
}

static enum err count_corpus(const struct stats_args *a, const struct corpus *c,
                             const struct tok *tok, struct figures *f,
                             struct errinfo *e)
{
    struct words seen = {0};
    struct tok_ids ids = {0};
    struct tok_scratch *scratch = NULL;
    struct str doc;
    str_init(&doc, OUTPUT_BYTES);
    enum err rc = tok ? tok_scratch_new(tok, &scratch, e) : OK;
    uint64_t n = (uint64_t)a->n;
    if (corpus_is_finite(c) && n > corpus_count(c, CORPUS_TRAIN)) {
        n = corpus_count(c, CORPUS_TRAIN);
    }
    for (uint64_t i = 0; rc == OK && i < n && !stop_asked(); i++) {
        TRY_OUT(rc, corpus_doc(c, CORPUS_TRAIN, i, &doc, e));
        TRY_OUT(rc, count_document(&doc, f, &seen, e));
        if (tok) {
            ids.n = 0;
            TRY_OUT(rc, tok_encode_with(tok, scratch, doc.len ? doc.p : "", doc.len,
                                        &ids, e));
            f->tokens += ids.n;
        }
    }
    f->distinct = seen.n;
out:
    tok_scratch_free(scratch);
    tok_ids_free(&ids);
    str_free(&doc);
    mem_free(seen.slot);
    return rc;
}

/* Add one line of the report, or one member of the JSON object. */
static void add_figure(struct str *out, bool json, const char *key, double value)
{
    if (json) {
        str_addf(out, "%s\"%s\":", out->len > 1 ? "," : "", key);
        json_add_number(out, value);
    } else {
        str_addf(out, "%-24s %.6g\n", key, value);
    }
}

static void add_grammar(const struct stats_args *a, const struct grammar *g,
                        struct str *out)
{
    struct grammar_stats s;
    grammar_stats(g, &s);
    add_figure(out, a->json, "grammar_categories", (double)s.categories);
    add_figure(out, a->json, "grammar_leaf_categories", (double)s.leaves);
    add_figure(out, a->json, "grammar_words", (double)s.words);
    add_figure(out, a->json, "grammar_templates", (double)s.templates);
    add_figure(out, a->json, "grammar_document_plans", (double)s.documents);
}

static void add_figures(const struct stats_args *a, const struct corpus *c,
                        const struct figures *f, struct str *out)
{
    const bool j = a->json;
    const double docs = f->docs > 0 ? (double)f->docs : 1;
    const double sentences = f->sentences > 0 ? (double)f->sentences : 1;
    if (corpus_is_finite(c)) {
        add_figure(out, j, "train_documents", (double)corpus_count(c, CORPUS_TRAIN));
        add_figure(out, j, "heldout_documents",
                   (double)corpus_count(c, CORPUS_HELDOUT));
    }
    add_figure(out, j, "documents_read", (double)f->docs);
    add_figure(out, j, "bytes", (double)f->bytes);
    add_figure(out, j, "words", (double)f->words);
    add_figure(out, j, "distinct_words", (double)f->distinct);
    add_figure(out, j, "words_per_document", (double)f->words / docs);
    add_figure(out, j, "sentences_per_document", (double)f->sentences / docs);
    add_figure(out, j, "words_per_sentence", (double)f->words / sentences);
    if (a->tokenizer && f->words > 0) {
        add_figure(out, j, "tokens", (double)f->tokens);
        add_figure(out, j, "tokens_per_word", (double)f->tokens / (double)f->words);
        add_figure(out, j, "tokens_per_document", (double)f->tokens / docs);
    }
    if (corpus_grammar(c)) {
        add_grammar(a, corpus_grammar(c), out);
    }
}

static enum err describe(const struct stats_args *a, struct str *out, struct errinfo *e)
{
    struct corpus *c = NULL;
    struct tok *tok = NULL;
    struct figures f = {0};
    char path[PATH_CAP];
    enum err rc;
    TRY_OUT(rc, corpus_named(a->corpus, a->seed, &c, e));
    cmd_remarks(NULL, corpus_remarks(c));
    if (corpus_has_ids(c)) {
        rc =
            err_set(e, ERR_USAGE, "%s: holds token ids, expected text", corpus_spec(c));
        goto out;
    }
    if (a->tokenizer) {
        TRY_OUT(rc, samples_resolve(a->tokenizer, path, sizeof path, e));
        TRY_OUT(rc, tok_load(path, &tok, e));
    }
    TRY_OUT(rc, count_corpus(a, c, tok, &f, e));
    str_add(out, a->json ? "{" : "");
    add_figures(a, c, &f, out);
    str_add(out, a->json ? "}\n" : "");
out:
    tok_free(tok);
    corpus_free(c);
    return rc;
}

static int cmd_stats(int argc, char **argv)
{
    struct stats_args a = {.n = 2000, .seed = 1};
    // clang-format off
    const struct opt table[] = {
        {"corpus", OPT_STRING, &a.corpus, "FILE", "a corpus; without it the bundled grammar's first register", 0, 0, NULL},
        {"n", OPT_INT, &a.n, "N", "documents to read", 1, 1e9, NULL},
        {"seed", OPT_INT, &a.seed, "S", "of a grammar's text", 0, 9e15, NULL},
        {"tokenizer", OPT_STRING, &a.tokenizer, "FILE", "tokenizer.json to count tokens with", 0, 0, NULL},
        {"json", OPT_FLAG, &a.json, NULL, "print one JSON object", 0, 0, NULL},
    };
    // clang-format on
    const struct opts o = {.name = "corpus stats",
                           .usage = "[--corpus FILE] [OPTIONS]",
                           .about =
                               "Describe a corpus: documents, words, sentences, and "
                               "the lexicon behind it if it is a grammar.",
                           .table = table,
                           .n = sizeof table / sizeof table[0]};
    struct opts_result r;
    int status = EXIT_SUCCESS;
    if (!cmd_begin(&o, argc, argv, &r, &status)) {
        return status;
    }
    stop_install();
    struct errinfo e = {0};
    struct str out;
    str_init(&out, OUTPUT_BYTES);
    return deliver(&out, NULL, describe(&a, &out, &e), &e);
}

/* ---- concepts, probes ---- */

static int cmd_corpus_concepts(int argc, char **argv)
{
    const char *spec = NULL;
    const char *path = NULL;
    bool force = false;
    // clang-format off
    const struct opt table[] = {
        {"corpus", OPT_STRING, &spec, "FILE", "a grammar; without it the bundled one", 0, 0, NULL},
        {"out", OPT_NEW, &path, "FILE", "new file; without it, standard output", 0, 0, NULL},
        OPT_FORCE(&force),
    };
    // clang-format on
    const struct opts o = {.name = "corpus concepts",
                           .usage = "[--corpus FILE] [--out FILE]",
                           .about = "Write a grammar's lexicon as concepts.csv.",
                           .table = table,
                           .n = sizeof table / sizeof table[0]};
    struct opts_result r;
    int status = EXIT_SUCCESS;
    if (!cmd_begin(&o, argc, argv, &r, &status)) {
        return status;
    }
    struct errinfo e = {0};
    struct corpus *c = NULL;
    const struct grammar *g = NULL;
    struct str out;
    str_init(&out, OUTPUT_BYTES);
    enum err rc = corpus_named(spec, 1, &c, &e);
    if (rc == OK) {
        rc = need_grammar(c, &g, &e);
    }
    if (rc == OK) {
        rc = grammar_concepts(g, &out, &e);
    }
    corpus_free(c);
    return deliver(&out, path, rc, &e);
}

struct to_write {
    const struct grammar *grammar;
    uint64_t seed;
};

static enum err write_probe_files(void *user, const char *dir, struct errinfo *e)
{
    const struct to_write *w = user;
    struct str out;
    str_init(&out, OUTPUT_BYTES);
    enum err rc = OK;
    for (size_t i = 0; rc == OK && i < grammar_probe_count(w->grammar); i++) {
        char name[256], path[PATH_CAP];
        (void)snprintf(name, sizeof name, "%.200s.csv",
                       grammar_probe_name(w->grammar, i));
        str_clear(&out);
        TRY_OUT(rc, path_join(path, sizeof path, dir, name, e));
        TRY_OUT(rc, grammar_probe_csv(w->grammar, i, w->seed, &out, e));
        TRY_OUT(rc, str_err(&out, path, e));
        const struct file_piece part = {out.p, out.len};
        TRY_OUT(rc, file_write(path, &part, 1, e));
    }
out:
    str_free(&out);
    return rc;
}

/* Write each probe set as DIR/NAME.csv. */
static enum err write_probes(const struct grammar *g, uint64_t seed, const char *dir,
                             struct errinfo *e)
{
    struct to_write w = {g, seed};
    TRY(outdir_write(dir, write_probe_files, &w, e));
    for (size_t i = 0; i < grammar_probe_count(g); i++) {
        cmd_say(stdout, "%s/%.200s.csv", dir, grammar_probe_name(g, i));
    }
    return OK;
}

static enum err list_probes(const struct grammar *g)
{
    for (size_t i = 0; i < grammar_probe_count(g); i++) {
        cmd_say(stdout, "%s", grammar_probe_name(g, i));
    }
    return OK;
}

static int cmd_probes(int argc, char **argv)
{
    const char *spec = NULL;
    const char *dir = NULL;
    int64_t seed = 1;
    // clang-format off
    const struct opt table[] = {
        {"corpus", OPT_STRING, &spec, "FILE", "a grammar; without it the bundled one", 0, 0, NULL},
        {"seed", OPT_INT, &seed, "S", "of the sentences", 0, 9e15, NULL},
        {"out", OPT_NEW, &dir, "DIR", "new folder, one file a set; without it the sets are listed", 0, 0, NULL},
    };
    // clang-format on
    const struct opts o = {.name = "corpus probes",
                           .usage = "[--corpus FILE] [--out DIR]",
                           .about =
                               "Write the sentence tasks of a grammar as probe sets.",
                           .table = table,
                           .n = sizeof table / sizeof table[0]};
    struct opts_result r;
    int status = EXIT_SUCCESS;
    if (!cmd_begin(&o, argc, argv, &r, &status)) {
        return status;
    }
    struct errinfo e = {0};
    struct corpus *c = NULL;
    const struct grammar *g = NULL;
    enum err rc = corpus_named(spec, seed, &c, &e);
    if (rc == OK) {
        rc = need_grammar(c, &g, &e);
    }
    if (rc == OK) {
        rc = dir ? write_probes(g, (uint64_t)seed, dir, &e) : list_probes(g);
    }
    corpus_free(c);
    return rc == OK ? EXIT_SUCCESS : cmd_fail(rc, &e);
}

static const struct subcommand COMMANDS[] = {
    {"generate", cmd_generate, "write documents"},
    {"stats", cmd_stats, "describe a corpus"},
    {"rows", cmd_corpus_rows, "the rows that a run reads, and their masks"},
    {"concepts", cmd_corpus_concepts, "write a grammar's concepts.csv"},
    {"probes", cmd_probes, "write a grammar's probe sets"},
};

int cmd_corpus(int argc, char **argv)
{
    return commands_run("corpus", COMMANDS, sizeof COMMANDS / sizeof COMMANDS[0], argc,
                        argv);
}
