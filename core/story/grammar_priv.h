/* Shared by the files of the grammar; included only in core/story/grammar*.c. All text
 * is in one pool and named by offset, 0 meaning none, so that growing it moves nothing.
 */
#ifndef SAETOP_STORY_GRAMMAR_PRIV_H
#define SAETOP_STORY_GRAMMAR_PRIV_H

#include "base/json.h"
#include "story/grammar.h"

enum {
    GR_MAX_BYTES = 4 << 20, /* of a file */
    GR_MAX_POOL = 32 << 20,
    GR_PATH = 200, /* bytes of the path of a place in the file, for errors */
    GR_MAX_CATS = 1024,
    GR_MAX_LEVELS = 5,
    GR_MAX_WORDS = 32768,
    GR_MAX_ATTRS = 255,
    GR_MAX_CELLS = 4 << 20, /* words times attributes */
    GR_MAX_SELS = 4096,
    GR_MAX_ENTRIES = 1 << 20, /* words over all selectors */
    GR_MAX_VARS = 250,
    GR_MAX_GROUPS = 2048,
    GR_MAX_ITEMS = 32768,
    GR_MAX_OPS = 1 << 18,
    GR_MAX_REGS = 16,
    GR_MAX_DOCS = 512,  /* over all registers */
    GR_MAX_PLAN = 64,   /* entries of one plan */
    GR_MAX_ROLES = 32,  /* of one document */
    GR_MAX_REPEAT = 64, /* sentences of one plan entry */
    GR_MAX_BRANCHES = 16,
    GR_MAX_DEPTH = 6,  /* groups within groups */
    GR_MAX_DRAWS = 32, /* words drawn in one sentence */
    GR_MAX_WEIGHT = 1000,
    GR_MAX_WORK = 20000000, /* steps in validation */
    GR_MAX_PROBES = 64,
    GR_MAX_ROWS = 10000, /* of one split of a probe set */
    GR_NONE = 255,
};

enum gr_pos { POS_NONE, POS_NOUN, POS_MASS, POS_ADJ, POS_NAME, POS_VERB };

struct gr_cat {
    uint32_t name;
    int32_t parent;
    enum gr_pos pos;
    uint32_t depth;
    uint32_t first, n; /* words */
    uint32_t weight;
};

struct gr_word {
    uint32_t cat;
    uint32_t weight; /* share within its category, times the category's weight */
};

/* A set of words to draw from. Entries are sorted by first letter, so that a letter's
 * words are consecutive, at letter[c] up to letter[c+1]. cum[i] is the weight before
 * entry i, cum[n] the total. */
struct gr_sel {
    uint32_t text;
    uint32_t first, n;   /* entries; cum has n + 1 values at first + its own index */
    uint32_t letter[28]; /* a..z, then others, then the end */
};

enum gr_opkind { OP_LIT, OP_DRAW, OP_FORM, OP_GROUP, OP_CHOICE, OP_JUMP };
enum gr_tie { TIE_NONE, TIE_LETTER, TIE_CATEGORY };

struct gr_op {
    uint8_t kind;
    uint8_t var;  /* DRAW, FORM */
    uint8_t attr; /* FORM */
    uint8_t flag; /* FORM: with article; DRAW: gr_tie; CHOICE: branches */
    uint8_t tie;  /* DRAW: the variable it is tied to */
    uint32_t a;   /* LIT: text; DRAW: selector; GROUP: group; CHOICE: first branch;
                     JUMP: target op */
    uint32_t len; /* LIT */
};

struct gr_cond {
    uint8_t var;
    uint8_t attr; /* has that attribute, or GR_NONE */
    bool negated;
    int32_t cat; /* is in that category, or -1 */
};

struct gr_item {
    uint32_t text; /* as written */
    uint32_t first_op, n_op;
    uint32_t first_cond, n_cond;
    uint32_t weight;
};

struct gr_group {
    uint32_t name;
    uint32_t first, n; /* items */
};

struct gr_bind {
    uint8_t var;
    uint32_t sel;
};

struct gr_step {
    uint32_t group;
    uint8_t lo, hi;
    uint8_t percent; /* chance that the step happens */
    bool repeat;     /* a template may be used twice */
};

struct gr_doc {
    uint32_t name, weight;
    uint32_t first_bind, n_bind;
    uint32_t first_step, n_step;
};

struct gr_reg {
    uint32_t name;
    uint32_t first, n; /* documents */
    uint64_t weight;
};

/* A task on sentences; GR_NO_SEL for a selector not given. */
#define GR_NO_SEL UINT32_MAX
struct gr_probe {
    uint32_t name;
    uint32_t yes, no; /* selectors: label is whether it mentions a word of `yes` or of
                         `no` */
    uint32_t spurious_yes, spurious_no;
    bool plural; /* label is whether the first mention of a `yes` word is a plural */
};

struct grammar {
    char *pool;
    size_t pool_len, pool_cap;

    uint32_t *attr_name;
    size_t attrs, attr_cap;
    struct gr_cat *cat;
    size_t cats, cat_cap;
    struct gr_word *word;
    size_t words, word_cap;
    uint32_t *cell; /* [words * attrs] text of each attribute */
    bool *surface;  /* [cats * attrs] a surface form in that category */

    uint32_t *article_a, *article_an;
    size_t articles_a, articles_an, article_a_cap, article_an_cap;

    uint32_t *alias_name, *alias_text; /* named selectors */
    size_t aliases, alias_cap, alias_text_cap;
    struct gr_sel *sel;
    size_t sels, sel_cap;
    uint32_t *entry; /* words of selectors */
    size_t entries, entry_cap;
    uint64_t *cum;
    size_t cums, cum_cap;

    uint32_t *var_name;
    size_t vars, var_cap;
    struct gr_group *group;
    size_t groups, group_cap;
    struct gr_item *item;
    size_t items, item_cap;
    struct gr_op *op;
    size_t ops, op_cap;
    uint32_t *branch;
    size_t branches, branch_cap;
    struct gr_cond *cond;
    size_t conds, cond_cap;

    struct gr_reg *reg;
    size_t regs, reg_cap;
    struct gr_doc *doc;
    size_t docs, doc_cap;
    struct gr_bind *bind;
    size_t binds, bind_cap;
    struct gr_step *step;
    size_t steps, step_cap;

    struct gr_probe *probe;
    size_t probes, probe_cap;
    size_t probe_reg[2];  /* registers in and out of distribution */
    size_t probe_rows[3]; /* of train, test, ood */
    uint64_t hash;        /* of what shapes the text */
};

/* Passed along by the stages of loading. */
struct gr_loader {
    struct grammar *g;
    const char *file;
    struct errinfo *e;
    uint64_t work;
};

/* "FILE: PATH: message" as ERR_FORMAT. */
enum err gr_fault(struct gr_loader *l, const char *path, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

const char *gr_text(const struct grammar *g, uint32_t off);
enum err gr_pool_add(struct gr_loader *l, const char *s, size_t n, uint32_t *out);
enum err gr_push(struct gr_loader *l, void *arr, size_t *n, size_t *cap, size_t max,
                 const void *item, size_t size);

/* Return the index of a name, or -1. */
int gr_find_cat(const struct grammar *g, const char *name, size_t n);
int gr_find_attr(const struct grammar *g, const char *name, size_t n);
int gr_find_group(const struct grammar *g, const char *name, size_t n);
int gr_find_var(const struct grammar *g, const char *name, size_t n);
enum err gr_intern_var(struct gr_loader *l, const char *path, const char *name,
                       size_t n, uint8_t *out);
/* Returns whether a character may be in text: ASCII letters, digits, space and
 * .,!?"':- */
bool gr_plain(char c);
/* Returns the length of the name at s: letters, digits and '_'. */
size_t gr_name_len(const char *s);

/* Returns the text of a word's attribute, or 0. */
uint32_t gr_cell(const struct grammar *g, size_t word, size_t attr);
bool gr_in_cat(const struct grammar *g, size_t word, int32_t cat);

/* Stages, in order. Each reads its members of the root object. */
enum err gr_load_lexicon(struct gr_loader *l, const cJSON *root);
enum err gr_load_aliases(struct gr_loader *l, const cJSON *root);
enum err gr_load_templates(struct gr_loader *l, const cJSON *root);
enum err gr_load_registers(struct gr_loader *l, const cJSON *root);
enum err gr_load_probes(struct gr_loader *l, const cJSON *root);
enum err gr_validate(struct gr_loader *l);

/* Compiles a selector such as "fruit|animal?pet" (n bytes), once per text. */
enum err gr_selector(struct gr_loader *l, const char *path, const char *text, size_t n,
                     uint32_t *out);
bool gr_sel_has(const struct grammar *g, const struct gr_sel *s, size_t word);
bool gr_cond_holds(const struct grammar *g, const struct gr_cond *c, size_t word);

/* Returns the index of a letter's entries in gr_sel.letter: 0..25, 26 for others. */
size_t gr_letter_of(const char *w);
#endif
