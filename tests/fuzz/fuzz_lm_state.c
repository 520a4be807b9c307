/* train_state.safetensors and losses.csv of `lm train`: refused in a line, or a state
 * in its ranges from which the next rows can be read, and lines of losses up to it. */
#include "base/mem.h"
#include "lm/pretrain_priv.h"
#include "one_folder.h"
#include "text/bpe_train.h"

#define STEPS 9

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char text[] = "the dog barks at the cat\n\nthe cat sees the dog\n\n"
                           "a hen and a fox ran\n\nthe fox sees the hen\n";
static const char losses[] = "step,loss\n0,5\n5,4\n9,3\n";
static const struct folder_file files[] = {
    {'s', "train_state.safetensors"},
    {'l', "losses.csv"},
};
static struct pretrain_text texts[1] = {{NULL, "text", 1.0}};
static struct pretrainer t;

static bool one_text(void *ctx, const char **out, size_t *len, enum err *rc,
                     struct errinfo *e)
{
    bool *given = ctx;
    (void)rc;
    (void)e;
    *out = text;
    *len = sizeof text - 1;
    const bool more = !*given;
    *given = true;
    return more;
}

/* A trainer as far as reading a state needs one. */
static void set_up(void)
{
    char path[64];
    struct errinfo e = {0};
    const struct bpe_train_opts o = {.vocab = 270};
    bool given = false;
    snprintf(path, sizeof path, "%s/text.txt", folder);
    folder_write(path, text, sizeof text - 1);
    require(corpus_open(path, 1, NULL, &texts[0].corpus, &e) == OK);
    require(bpe_train(&o, one_text, &given, &t.own_tok, &e) == OK);
    t.cfg = pretrain_defaults();
    t.cfg.n_layer = 1;
    t.cfg.n_head = 1;
    t.cfg.d_model = 2;
    t.cfg.n_ctx = 4;
    t.cfg.batch_rows = 1;
    t.cfg.steps = STEPS;
    t.texts = texts;
    t.n_texts = 1;
    t.out = folder;
    t.model.tok = t.own_tok;
    t.model.cfg = (struct lm_config){.family = lm_family_find("gpt2"),
                                     .n_layer = 1,
                                     .n_head = 1,
                                     .d_model = 2,
                                     .d_ff = 8,
                                     .n_ctx = 4,
                                     .vocab = tok_vocab(t.own_tok),
                                     .ln_eps = 1e-5f};
    str_init(&t.log, 1u << 20);
    require(lm_weights_init(&t.model.w, &t.model.cfg, &e) == OK);
    require(mem_new(&t.m, t.model.w.count, sizeof *t.m, "m", &e) == OK);
    require(mem_new(&t.v, t.model.w.count, sizeof *t.v, "v", &e) == OK);
    require(mem_new(&t.pack, 1, sizeof *t.pack, "packs", &e) == OK);
    require(mem_new(&t.at, 1, sizeof *t.at, "packs", &e) == OK);
    require(pack_new(texts[0].corpus, CORPUS_TRAIN, t.own_tok, 4, &t.pack[0], &e) ==
            OK);
}

/* The header, and no line of a step behind the state's. */
static void check_log(void)
{
    bool header = true;
    require(t.log.len == 0 || t.log.p[t.log.len - 1] == '\n');
    for (const char *line = t.log.len ? t.log.p : ""; *line;
         line = strchr(line, '\n') + 1) {
        require(header || strtoll(line, NULL, 10) <= t.step);
        header = false;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct errinfo e = {0};
    char path[64], note[256];
    int32_t row[4];
    if (folder_make()) {
        set_up();
    }
    folder_fill(files, 2, data, size, NULL, NULL);
    snprintf(path, sizeof path, "%s/losses.csv", folder);
    if (!file_exists(path)) {
        folder_write(path, losses, sizeof losses - 1);
    }
    (void)pretrain_may_begin(folder);
    if (pretrain_resume(&t, note, &e) != OK) {
        folder_refused(&e);
        return 0;
    }
    require(t.step >= 0 && t.step <= STEPS && t.tokens >= 0 && !strchr(note, '\n'));
    check_log();
    for (int i = 0; i < 3; i++) {
        require(pack_rows(t.pack[0], 1, row, &e) == OK);
        for (size_t k = 0; k < 4; k++) {
            require(row[k] >= 0 && (size_t)row[k] < tok_vocab(t.own_tok));
        }
    }
    return 0;
}
