/* saetop lm tokenize: the ids of a text. */
#include "base/file.h"
#include "base/json.h"
#include "base/utf8.h"
#include "cmd.h"
#include "lm/lm.h"
#include "lm_cmds.h"
#include "samples_dir.h"
#include "text_input.h"
#include "token_out.h"

#include <math.h>
#include <stdlib.h>

#define PATH_CAP     4096
#define OUTPUT_BYTES ((size_t)1 << 30)

struct tokenize_args {
    const char *model, *tokenizer;
    struct text_input text;
    bool json;
};

/* Open the tokenizer of a file, a directory or a model. */
static enum err open_tokenizer(const struct tokenize_args *a, struct tok **out,
                               struct errinfo *e)
{
    char dir[PATH_CAP], path[PATH_CAP];
    if (a->model && a->tokenizer) {
        return err_set(e, ERR_USAGE, "found --model and --tokenizer, expected one");
    }
    if (a->tokenizer) {
        TRY(samples_resolve(a->tokenizer, path, sizeof path, e));
        return file_is_dir(path) ? tok_load_dir(path, out, e) : tok_load(path, out, e);
    }
    TRY(lm_model_dir(a->model, dir, sizeof dir, e));
    return lm_load_tok(dir, out, e);
}

static void add_json(const struct tok *t, const struct tok_ids *ids, bool bos,
                     struct str *out)
{
    str_add(out, "{\"ids\":[");
    for (size_t i = 0; i < ids->n; i++) {
        str_addf(out, "%s%d", i ? "," : "", (int)ids->p[i]);
    }
    str_add(out, "],\"pieces\":[");
    for (size_t i = 0; i < ids->n; i++) {
        str_add(out, i ? "," : "");
        token_out_json(t, ids->p[i], out);
    }
    str_addf(out, "],\"tokens\":%zu,\"vocab\":%zu,\"bos_added\":%s", ids->n,
             tok_vocab(t), bos ? "true" : "false");
    const struct {
        const char *key;
        int32_t id;
    } roles[] = {{"bos", tok_bos(t)},
                 {"eos", tok_eos(t)},
                 {"pad", tok_pad(t)},
                 {"mask", tok_mask(t)}};
    for (size_t i = 0; i < sizeof roles / sizeof *roles; i++) {
        json_add_member(out, roles[i].key,
                        roles[i].id >= 0 ? (double)roles[i].id : (double)NAN);
    }
    str_add(out, "}\n");
}

static void add_table(const struct tok *t, const struct tok_ids *ids, bool bos,
                      struct str *out)
{
    str_addf(out, "%zu token%s, BOS %s\n", ids->n, plural_s(ids->n),
             bos ? "added" : "not added");
    for (size_t i = 0; i < ids->n; i++) {
        str_addf(out, "%6zu %7d  \"", i, (int)ids->p[i]);
        token_out_text(t, ids->p[i], out);
        str_add(out, "\"\n");
    }
}

static enum err tokenize(const struct tokenize_args *a, struct str *out,
                         struct errinfo *e)
{
    struct tok *t = NULL;
    struct tok_ids ids = {0};
    enum err rc;
    TRY_OUT(rc, open_tokenizer(a, &t, e));
    TRY_OUT(rc, text_input_encode(&a->text, t, &ids, e));
    struct remarks remarks = {0};
    tok_remarks(t, &remarks);
    cmd_remarks(NULL, &remarks);
    const bool bos = text_input_bos(&a->text, t);
    if (a->json) {
        add_json(t, &ids, bos, out);
    } else {
        add_table(t, &ids, bos, out);
    }
out:
    tok_ids_free(&ids);
    tok_free(t);
    return rc;
}

int cmd_lm_tokenize(int argc, char **argv)
{
    struct tokenize_args a = {0};
    // clang-format off
    const struct opt table[] = {
        {"model", OPT_STRING, &a.model, "DIR", "model directory or GGUF file; without it the bundled one", 0, 0, NULL},
        {"tokenizer", OPT_STRING, &a.tokenizer, "FILE", "a tokenizer.json instead, or a directory that has a tokenizer", 0, 0, NULL},
        TEXT_INPUT_OPTS(&a.text),
        {"json", OPT_FLAG, &a.json, NULL, "one object: ids, pieces (bytes that are no UTF-8 by themselves as U+FFFD), bos_added and the ids of special tokens", 0, 0, NULL},
    };
    // clang-format on
    const struct opts o = {
        .name = "lm tokenize",
        .usage = "[--model DIR|--tokenizer FILE] "
                 "--text TEXT|--text-file FILE [OPTIONS]",
        .about =
            "The token ids of a text, as transformers' AutoTokenizer gives them for "
            "the directory. BOS is put in front where tokenizer.json says so "
            "(post_processor), which the bundled model's does not; --bos puts it "
            "there. The text of a special token is text and never becomes that token.",
        .table = table,
        .n = sizeof table / sizeof table[0],
    };
    struct opts_result r;
    int status = EXIT_SUCCESS;
    if (!cmd_begin(&o, argc, argv, &r, &status)) {
        return status;
    }
    struct errinfo e = {0};
    struct str out;
    str_init(&out, OUTPUT_BYTES);
    const enum err rc = tokenize(&a, &out, &e);
    return cmd_end(rc, &e, &out, a.json);
}
