/* concepts.csv of a grammar: its semantic categories, and under the family's name the
 * grammatical classes of the words that its text can contain. The classes follow the
 * usual tag sets (Universal Dependencies, Penn Treebank), not a look at latents. */
#include "base/csvfile.h"
#include "base/mem.h"
#include "story/grammar_priv.h"

#include <stdlib.h>
#include <string.h>

/* ---- semantic categories ---- */

/* Whether an earlier form of the word has the same text (one sheep, two sheep). */
static bool repeated(const struct grammar *g, size_t word, size_t form)
{
    const char *text = grammar_word_form(g, word, form);
    for (size_t f = 0; f < form; f++) {
        if (grammar_is_surface(g, word, f) &&
            strcmp(grammar_word_form(g, word, f), text) == 0) {
            return true;
        }
    }
    return false;
}

static void add_categories(const struct grammar *g, struct str *out)
{
    for (size_t w = 0; w < g->words; w++) {
        const struct gr_cat *c = &g->cat[g->word[w].cat];
        const char *parent = c->parent < 0 ? "" : gr_text(g, g->cat[c->parent].name);
        for (size_t f = 0; f < g->attrs; f++) {
            if (grammar_is_surface(g, w, f) && !repeated(g, w, f)) {
                CSV_ROW(out, gr_text(g, c->name), parent, grammar_word_form(g, w, f));
            }
        }
    }
}

/* ---- grammatical classes: closed ones ---- */

/* Classes given by lists, and classes of classes. A word may be in several. Only words
 * that the grammar's text can contain are written. */
struct closed_class {
    const char *name, *parent, *words;
};

// clang-format off
static const struct closed_class closed_classes[] = {
    {"function_word", GRAMMAR_CLASSES, ""},
    {"article", "function_word", "the a an"},
    {"demonstrative", "function_word", "this that these those"},
    {"quantifier", "function_word", "some any all both each every many much more most few fewer less several no either neither another other enough half such"},
    {"pronoun", "function_word", ""},
    {"subject_pronoun", "pronoun", "I he she we they"},
    {"object_pronoun", "pronoun", "me him us them"},
    {"possessive", "pronoun", "my mine your yours his her hers its our ours their theirs whose"},
    {"reflexive", "pronoun", "myself yourself himself herself itself ourselves yourselves themselves"},
    {"indefinite_pronoun", "pronoun", "everyone everybody everything someone somebody something anyone anybody anything nobody nothing none one"},
    {"first_person", "pronoun", "I me my mine myself we us our ours ourselves"},
    {"second_person", "pronoun", "you your yours yourself yourselves"},
    {"third_person_masculine", "pronoun", "he him his himself"},
    {"third_person_feminine", "pronoun", "she her hers herself"},
    {"third_person_neuter", "pronoun", "it its itself"},
    {"third_person_plural", "pronoun", "they them their theirs themselves"},
    {"preposition", "function_word", "about above across after against along among around as at before behind below beneath beside besides between beyond by despite down during except for from in inside into like near of off on onto out outside over past per since through throughout to toward towards under underneath until up upon with within without"},
    {"conjunction", "function_word", ""},
    {"coordinating_conjunction", "conjunction", "and or but nor so yet"},
    {"subordinating_conjunction", "conjunction", "after although as because before if since that though unless until when whenever where whereas wherever whether while"},
    {"wh_word", "function_word", "what when where which who whom whose why how"},
    {"auxiliary", "function_word", ""},
    {"form_of_be", "auxiliary", "am is are was were be been being"},
    {"form_of_have", "auxiliary", "have has had having"},
    {"form_of_do", "auxiliary", "do does did done doing"},
    {"modal", "auxiliary", "can could may might must shall should will would"},
    {"negation", "function_word", "no not never nothing nobody none nor neither"},
    {"adverb", "function_word", ""},
    {"time_adverb", "adverb", "again ago already always before ever later never now often once sometimes soon still then today tomorrow tonight usually when yesterday yet"},
    {"place_adverb", "adverb", "above abroad across ahead away back down everywhere far here home inside in nearby off out outside over somewhere there up upstairs where"},
    {"degree_adverb", "adverb", "almost enough fully just more most much nearly only quite rather so too very"},
    {"interjection", GRAMMAR_CLASSES, "ah aha alas goodbye hello hey hi hooray hush oh ouch please thanks wow yes no"},
    {"letter_name", GRAMMAR_CLASSES, "b c d e f g h j k l m n o p q r s t u v w x y z"}, /* a and I are words */
    {"capital_letter", "letter_name", "B C D E F G H J K L M N O P Q R S T U V W X Y Z"},
    {"noun", GRAMMAR_CLASSES, ""},
    {"verb", GRAMMAR_CLASSES, ""},
    {"punctuation", GRAMMAR_CLASSES, ""},
};

/* Marks, and runs of them that a tokenizer keeps together. */
static const struct closed_class marks[] = {
    {"sentence_end", "punctuation", ". ! ? .\" !\" ?\""},
    {"comma", "punctuation", ", ,\" \","},
    {"quotation_mark", "punctuation", "\" .\" ,\" !\" ?\" \","},
    {"colon", "punctuation", ":"},
    {"hyphen", "punctuation", "-"},
    {"apostrophe", "punctuation", "'"},
};
// clang-format on

enum { CLOSED = sizeof closed_classes / sizeof closed_classes[0] };
enum { MARKS = sizeof marks / sizeof marks[0] };
enum { CLASS_WORD = 24 }; /* bytes of a listed word, with its NUL */

/* All that the text can contain: sorted forms, and the pieces between them. */
struct holdings {
    const struct grammar *g;
    struct errinfo *e;
    struct str text; /* the forms, each with its NUL */
    const char **form;
    size_t n;
};

static enum err hold_form(void *user, const char *form, size_t len)
{
    struct holdings *h = user;
    str_addn(&h->text, form, len);
    str_addc(&h->text, '\0');
    h->n++;
    return OK;
}

static enum err holdings_init(struct holdings *h, const struct grammar *g,
                              struct errinfo *e)
{
    *h = (struct holdings){.g = g, .e = e};
    str_init(&h->text, GR_MAX_POOL);
    TRY(grammar_forms(g, hold_form, h, e));
    TRY(str_err(&h->text, "word forms", e));
    TRY(mem_new(&h->form, h->n, sizeof *h->form, "word forms", e));
    size_t at = 0;
    for (size_t i = 0; i < h->n; i++) {
        h->form[i] = h->text.p + at;
        at += strlen(h->form[i]) + 1;
    }
    return OK;
}

static void holdings_deinit(struct holdings *h)
{
    str_free(&h->text);
    mem_free(h->form);
}

static int by_text(const void *a, const void *b)
{
    const char *const *x = a;
    const char *const *y = b;
    return strcmp(*x, *y);
}

static bool has_form(const struct holdings *h, const char *word)
{
    return h->n > 0 && bsearch(&word, h->form, h->n, sizeof *h->form, by_text) != NULL;
}

/* Whether the text has the word, as written or with a capital. */
static bool has_word(const struct holdings *h, const char *word)
{
    char capital[CLASS_WORD];
    if (has_form(h, word)) {
        return true;
    }
    strcpy(capital, word);
    if (capital[0] >= 'a' && capital[0] <= 'z') {
        capital[0] = (char)(capital[0] - 'a' + 'A');
    }
    return has_form(h, capital);
}

/* Whether a text between words contains that run. */
static bool has_mark(const struct holdings *h, const char *mark)
{
    const struct grammar *g = h->g;
    for (size_t i = 0; i < g->ops; i++) {
        if (g->op[i].kind == OP_LIT && strstr(gr_text(g, g->op[i].a), mark) != NULL) {
            return true;
        }
    }
    return false;
}

static void add_class(const struct holdings *h, const struct closed_class *k,
                      bool (*has)(const struct holdings *, const char *),
                      struct str *out)
{
    char word[CLASS_WORD];
    if (k->words[0] == '\0') {
        CSV_ROW(out, k->name, k->parent, "");
    }
    for (const char *p = k->words; *p;) {
        const size_t n = strcspn(p, " ");
        memcpy(word, p, n);
        word[n] = '\0';
        if (has(h, word)) {
            CSV_ROW(out, k->name, k->parent, word);
        }
        p += n + (p[n] == ' ');
    }
}

/* ---- grammatical classes: of the lexicon ---- */

static bool is_proper(const struct grammar *g, const char *text)
{
    for (size_t w = 0; w < g->words; w++) {
        if (g->cat[g->word[w].cat].pos == POS_NAME &&
            strcmp(grammar_word(g, w), text) == 0) {
            return true;
        }
    }
    return false;
}

/* Adds words with a capital only because they begin a sentence. */
static void add_sentence_starts(const struct holdings *h, struct str *out)
{
    char small[64];
    for (size_t i = 0; i < h->n; i++) {
        const char *form = h->form[i];
        const size_t len = strlen(form);
        if (form[0] < 'A' || form[0] > 'Z' || len < 2 || len >= sizeof small) {
            continue;
        }
        memcpy(small, form, len + 1);
        small[0] = (char)(small[0] - 'A' + 'a');
        if (has_form(h, small) && !is_proper(h->g, form)) {
            CSV_ROW(out, "sentence_start", GRAMMAR_CLASSES, form);
        }
    }
}

/* Returns the class of a word's form, by the part of speech of its category; NULL:
 * none. */
static const char *class_of(const struct grammar *g, size_t word, size_t form,
                            const char **parent)
{
    static const char *const noun[GRAMMAR_FORMS] = {"singular_noun", "plural_noun"};
    static const char *const verb[GRAMMAR_FORMS] = {[GRAMMAR_FORM_BASE] = "verb_base",
                                                    [GRAMMAR_FORM_S] = "verb_s",
                                                    [GRAMMAR_FORM_PAST] = "verb_past",
                                                    [GRAMMAR_FORM_ING] = "verb_ing"};
    const struct gr_cat *c = &g->cat[g->word[word].cat];
    *parent = GRAMMAR_CLASSES;
    if (form >= GRAMMAR_FORMS) { /* the one further form: rain, rainy */
        return (int)form == gr_find_attr(g, "adj", 3) ? "adjective" : NULL;
    }
    switch (c->pos) {
    case POS_NOUN: *parent = "noun"; return noun[form];
    case POS_VERB: *parent = "verb"; return verb[form];
    case POS_MASS:
        *parent = "noun";
        return form == GRAMMAR_FORM_BASE ? "mass_noun" : NULL;
    case POS_NAME:
        *parent = "noun";
        return form == GRAMMAR_FORM_BASE ? "proper_noun" : NULL;
    case POS_ADJ:
        /* Numerals are inflected as adjectives, but are none. */
        return form == GRAMMAR_FORM_BASE && strcmp(gr_text(g, c->name), "number") != 0
                   ? "adjective"
                   : NULL;
    case POS_NONE: break;
    }
    return NULL;
}

static void add_parts_of_speech(const struct grammar *g, struct str *out)
{
    for (size_t w = 0; w < g->words; w++) {
        for (size_t f = 0; f < g->attrs; f++) {
            const char *parent = NULL;
            const char *name =
                grammar_is_surface(g, w, f) ? class_of(g, w, f, &parent) : NULL;
            if (name != NULL) {
                CSV_ROW(out, name, parent, grammar_word_form(g, w, f));
            }
        }
    }
}

/* ---- all of it ---- */

/* Checks that no category has the name of a class. */
static enum err check_names(const struct grammar *g, struct errinfo *e)
{
    static const char *const open[] = {
        GRAMMAR_CLASSES, "sentence_start", "singular_noun", "plural_noun",
        "mass_noun",     "proper_noun",    "adjective",     "verb_base",
        "verb_s",        "verb_past",      "verb_ing"};
    enum { OPEN = sizeof open / sizeof open[0] };
    for (size_t i = 0; i < OPEN + CLOSED + MARKS; i++) {
        const char *name = i < OPEN            ? open[i]
                           : i < OPEN + CLOSED ? closed_classes[i - OPEN].name
                                               : marks[i - OPEN - CLOSED].name;
        if (grammar_category_find(g, name) >= 0) {
            return err_set(e, ERR_FORMAT,
                           "category '%s': the name of a grammatical class, expected "
                           "another",
                           name);
        }
    }
    return OK;
}

enum err grammar_concepts(const struct grammar *g, struct str *out, struct errinfo *e)
{
    struct holdings h;
    TRY(check_names(g, e));
    enum err rc = holdings_init(&h, g, e);
    if (rc == OK) {
        str_add(out, "concept,parent,word\n");
        add_categories(g, out);
        for (size_t i = 0; i < CLOSED; i++) {
            add_class(&h, &closed_classes[i], has_word, out);
        }
        for (size_t i = 0; i < MARKS; i++) {
            add_class(&h, &marks[i], has_mark, out);
        }
        add_sentence_starts(&h, out);
        add_parts_of_speech(g, out);
        rc = str_err(out, "the table of concepts", e);
    }
    holdings_deinit(&h);
    return rc;
}
