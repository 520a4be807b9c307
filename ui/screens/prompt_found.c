/* Latents in the finder by the text in Prompt: which fire on the token under its
 * cursor, and anywhere in it, from the model's last answer. */
#include "base/number.h"
#include "ui/screens/prompt_priv.h"
#include "ui/word_search.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

/* How many of each list: unasked, and if words ask for it. */
enum { FEW = 5, MANY = 40 };
/* Below recent choices and above the screens; above latents whose tokens have that
 * name; below the screen of that name. */
#define SCORE_FEW    100.0
#define SCORE_HERE   130.0
#define SCORE_PROMPT 110.0

static const char *const word_here = "here", *const word_prompt = "prompt";

/* What words ask for: the lists, and what else must be found in an item. */
struct wish {
    bool here, prompt;
    char rest[160];
    struct words words;
};

/* Words of the question itself: "which latents fire here". */
static bool is_filler(const char *word, size_t len)
{
    static const char *const fillers[] = {"which", "what", "latents", "features",
                                          "fire",  "in",   "the"};
    bool is = false;
    for (size_t i = 0; i < sizeof fillers / sizeof *fillers && !is; i++) {
        is = strlen(fillers[i]) == len && !strncasecmp(fillers[i], word, len);
    }
    return is;
}

static bool is_word(const char *word, size_t len, const char *expected)
{
    return strlen(expected) == len && !strncasecmp(word, expected, len);
}

static void read_wish(const char *typed, struct wish *w)
{
    size_t len = 0, n = 0;
    memset(w, 0, sizeof *w);
    for (const char *p = typed + strspn(typed, " "); *p; p += n + strspn(p + n, " ")) {
        n = strcspn(p, " ");
        if (is_word(p, n, word_here)) {
            w->here = true;
        } else if (is_word(p, n, word_prompt)) {
            w->prompt = true;
        } else if (!is_filler(p, n) && len < sizeof w->rest) {
            len += (size_t)snprintf(w->rest + len, sizeof w->rest - len, "%s%.*s",
                                    len ? " " : "", (int)n, p);
        }
    }
    words_begin(&w->words, w->rest);
}

struct listing {
    const struct app *a;
    const struct session_view *v;
    const struct wish *wish;
    bool near; /* rather those in which words of the wish are spelt nearly so */
    struct finder_item *out;
    size_t n, most;
    int32_t listed[2 * MANY];
    size_t n_listed;  /* each latent is listed once, in the first list that has it */
    size_t end, left; /* where n must end in the list being made; how many are beyond */
};

static bool is_listed(const struct listing *l, int32_t latent)
{
    size_t i = 0;
    while (i < l->n_listed && l->listed[i] != latent) {
        i++;
    }
    return i < l->n_listed;
}

static bool answers(const struct listing *l, struct finder_item *item)
{
    const char *const text[] = {item->text, item->more};
    return l->near ? words_near(&l->wish->words, text, 2, item->near)
                   : words_answer(&l->wish->words, text, 2);
}

/* Add a latent that fires there, if it is asked for; beyond the end of the list it is
 * only counted. */
static void add(struct listing *l, const char *kind, double score, int32_t latent,
                float act, size_t at, uint32_t fires)
{
    const struct ask_answer *r = prompt_own(l->a)->answer;
    const bool full = l->n == l->end;
    struct finder_item item;
    char token[80], often[32] = "", more[sizeof item.more];
    if (!prompt_lists(prompt_own(l->a), latent) || is_listed(l, latent)) {
        return;
    }
    if (full && !l->wish->rest[0]) {
        l->left++;
        return;
    }
    if (!latents_item(l->a, l->v, latent, &item)) { /* they are not described yet */
        snprintf(item.text, sizeof item.text, "#%d", latent);
        snprintf(item.command, sizeof item.command, "latent %d", latent);
    }
    prompt_token_quoted(l->v, r->token[at].id, token, sizeof token);
    if (fires) {
        snprintf(often, sizeof often, ", on %u token%s", fires, fires == 1 ? "" : "s");
    }
    snprintf(more, sizeof more, "%s at %.40s%s  %.80s",
             NUMBER(NUMBER_PLAIN, 0, 2, (double)act), token, often, item.more);
    memcpy(item.more, more, sizeof more);
    item.kind = kind;
    if (answers(l, &item)) {
        l->left += full;
        if (!full) {
            l->listed[l->n_listed++] = latent;
            item.score = (l->near ? FUZZY_LETTERS : score) -
                         .01 * (double)l->n; /* the strongest come first */
            l->out[l->n++] = item;
        }
    }
}

static void begin_list(struct listing *l, size_t most)
{
    const size_t room = l->most - l->n;
    l->end = l->n + (most < room ? most : room);
    l->left = 0;
}

/* Add below a list what it left out: Enter on it types the word that asks for more,
 * unless that was asked for already. */
static void end_list(struct listing *l, const char *kind, double score)
{
    const bool asked = l->wish->here || l->wish->prompt;
    if (l->left == 0 || l->n == l->most || l->near) {
        return;
    }
    struct finder_item *item = &l->out[l->n];
    memset(item, 0, sizeof *item);
    item->kind = kind;
    item->leads_on = true;
    item->score = score - .01 * (double)l->n;
    snprintf(item->text, sizeof item->text, "%zu more", l->left);
    if (asked) {
        snprintf(item->more, sizeof item->more, "Prompt lists them all");
        snprintf(item->command, sizeof item->command, "screen prompt");
    } else {
        snprintf(item->more, sizeof item->more, "leads to a longer list");
        snprintf(item->command, sizeof item->command, "go %s", kind);
    }
    l->n++;
}

static void list_here(struct listing *l, double score, size_t most)
{
    const struct prompt_state *s = prompt_own(l->a);
    const struct ask_answer *r = s->answer;
    begin_list(l, most);
    for (size_t i = s->at < r->T ? r->start[s->at] : 0;
         s->at < r->T && i < r->start[s->at + 1]; i++) {
        if (r->fire[i].act > 0) {
            add(l, word_here, score, r->fire[i].latent, r->fire[i].act, s->at, 0);
        }
    }
    end_list(l, word_here, score);
}

static void list_prompt(struct listing *l, double score, size_t most)
{
    const struct ask_answer *r = prompt_own(l->a)->answer;
    begin_list(l, most);
    for (size_t i = 0; i < r->n_peaks; i++) {
        const struct ask_peak *p = &r->peak[i];
        if (p->act > 0) {
            add(l, word_prompt, score, p->latent, p->act, p->at, p->fires);
        }
    }
    end_list(l, word_prompt, score);
}

/* The lists that are asked for; unasked both. */
static void list_both(struct listing *l, bool unasked)
{
    const size_t most = unasked ? FEW : MANY;
    if (unasked || l->wish->here) {
        list_here(l, unasked ? SCORE_FEW : SCORE_HERE, most);
    }
    if (unasked || l->wish->prompt) {
        list_prompt(l, unasked ? SCORE_FEW : SCORE_PROMPT, most);
    }
}

size_t prompt_found(const struct app *a, const struct session_view *v,
                    const char *typed, struct finder_item *out, size_t most)
{
    const struct prompt_state *s = prompt_own(a);
    struct wish wish;
    struct listing l = {.a = a, .v = v, .wish = &wish, .out = out, .most = most};
    if (!s->answer || s->row.arm != latents_arm(a)) {
        return 0;
    }
    read_wish(typed, &wish);
    const bool unasked = !typed[strspn(typed, " ")];
    list_both(&l, unasked);
    if (l.n == 0 && wish.rest[0]) {
        l.near = true;
        list_both(&l, unasked);
    }
    return l.n;
}
