/* What the files of Prompt share: prompt.c (the screen), prompt_text.c (the text as
 * cells), prompt_latents.c (the lists as drawn), prompt_side.c, prompt_next.c,
 * prompt_why.c, prompt_written.c and prompt_effect.c (what stands at the right),
 * prompt_row.c (the prompt as it stands, and asking), prompt_undo.c (what a change
 * was), prompt_list.c (which latents are listed), prompt_edits.c, prompt_preset.c, what
 * the finder has of it (prompt_found.c) and its keys (prompt_keys.c). Only tests
 * include this besides them. */
#ifndef SAETOP_UI_SCREENS_PROMPT_PRIV_H
#define SAETOP_UI_SCREENS_PROMPT_PRIV_H

#include "ui/screens/latents.h"
#include "ui/screens/prompt.h"
#include "ui/screens/prompt_effect.h"
#include "ui/textbox.h"

enum {
    PROMPT_EDITS = ASK_PRESET_EDITS, /* so that a preset holds them all */
    PROMPT_KEPT = 40, /* prompts that undo can bring back; more than UNDO_DEPTH */
    PROMPT_LISTED = 400,
    PROMPT_BESIDE = 60, /* of the second list */
    PROMPT_TOP = 20     /* tokens of a distribution */
};

struct prompt_edits {
    struct ask_edit at[PROMPT_EDITS];
    size_t n;
};

/* A prompt as it stands: tokens, masks, edits. */
struct prompt_row {
    int32_t *ids;    /* [n], owned */
    uint8_t *masked; /* [n], owned */
    size_t n;
    size_t first, cut; /* as ask_read gave them */
    bool chat;   /* in the model's chat template, with tokens before `first` and */
    size_t tail; /* this many after the text */
    size_t arm;  /* whose latents the edits are of */
    struct prompt_edits edits;
};

/* Which latents are listed. */
enum prompt_list { PROMPT_HERE, PROMPT_WHOLE, PROMPT_CHANGED, PROMPT_LISTS };
/* What the digits under the tokens show. */
enum prompt_digits { DIGITS_HEAT, DIGITS_SURPRISE, DIGITS_KL, PROMPT_DIGITS };
/* What stands at the right. */
enum prompt_side { PROMPT_NEXT, PROMPT_WHY, PROMPT_WRITTEN, PROMPT_EFFECT };
enum {
    PROMPT_TEXTS = 2,    /* texts written in lockstep: slots 0 and 1 */
    PROMPT_WRITES = 400, /* at most this many tokens of each */
};
/* Headings: without masks and edits, and with them. */
#define PROMPT_BASE   "base"
#define PROMPT_EDITED "edited"

struct prompt_entry {
    int32_t latent;
    float act, after;
    uint32_t at, fires; /* position; tokens it fires on in the whole prompt */
    enum ask_fate fate;
};

struct prompt_state {
    struct textbox box;
    bool typing;
    bool begun; /* a first text was put there */
    bool sent;  /* another screen sent the text, and nothing was typed since: Esc goes
                   back to it */
    size_t example;              /* the one that comes next */
    bool is_example;             /* the text is the last example put there, unchanged */
    struct ask_presets *presets; /* those of the arm shown, a reference; NULL: none */
    struct prompt_row row;
    struct prompt_edits aside[VIEW_ARMS]; /* edits of the arms not shown */
    size_t at;                            /* token under the cursor */
    size_t want; /* where `at` goes in the text read next, from its first token;
                    SIZE_MAX: its last */

    /* ---- undo ---- */
    struct prompt_row kept[PROMPT_KEPT]; /* number i at i % PROMPT_KEPT */
    int32_t n_kept;
    int32_t typed_from;     /* number of the one from before typing began; -1: none */
    char undone[UNDO_TEXT]; /* the change that was last taken back or done again */

    /* ---- asking ---- */
    bool wanted;       /* a subject of this arm */
    size_t wanted_arm; /* was asked for */
    bool renew;        /* ask for one as of now, as soon as none is on its way */
    bool in_sight;     /* this screen is shown */
    bool due;          /* the prompt changed since it was asked about */
    struct ask_subject *subject; /* of row.arm; a reference; NULL: none yet */
    int64_t subject_step;        /* of it */
    uint64_t ticket;             /* of the newest question */
    uint64_t since;              /* answers up to this ticket are of another arm */
    uint64_t shown;              /* ticket of the answer shown */
    struct ask_answer *answer;   /* a reference; NULL: none yet */
    struct ask_answer *before;   /* of the prompt before its change; NULL: none */
    struct ask_answer *pinned;   /* the one to compare with; NULL: none */
    bool changed;                /* the answer is not of the prompt as it stands */
    char error[512];             /* of the newest question; "" */
    char unread[512];            /* why the prompt is not the box's text; "": it is */
    bool busy;

    /* ---- the list ---- */
    enum prompt_list list; /* the one chosen; prompt_list_now has the one shown */
    bool whole; /* changes listed are those of the whole prompts: the token under the
                   cursor is not in the one compared with */
    bool tells; /* tokens were deleted, inserted or replaced: list and next tokens
                   compare with `before`, until another list is chosen or something else
                   in the prompt changes */
    struct list_view rows;
    struct prompt_entry entry[PROMPT_LISTED]; /* [rows.count] */
    size_t more; /* how many were not listed for want of room */
    struct prompt_entry beside[PROMPT_BESIDE]; /* [n_beside] of the second list */
    size_t n_beside;
    int32_t choose; /* a latent to put the cursor on once it is listed; -1: none */
    bool dense_out;
    enum prompt_digits digits;
    int32_t heat; /* latent whose heat stays shown; -1: the one under the cursor */

    /* ---- at the right: prompt_side.c ---- */
    enum prompt_side side;
    struct list_view next; /* of tokens that may come next, or of parts of a why */
    struct ask_why *why;   /* a reference; NULL: none yet */
    uint64_t why_asked;    /* ticket; 0: none that is still valid */
    size_t why_at;         /* the token under the cursor when it was asked, */
    bool why_here; /* ... which it explains; else it explains one that may come next */
    bool why_text; /* it explains the written token under the cursor */
    bool why_edited; /* it explains the prompt with masks and edits */
    size_t texts;    /* how many are, or were, being written; 0: none */
    char text_name[PROMPT_TEXTS][48];
    struct prompt_row written_of; /* the prompt they continue, as it stood */
    struct ask_subject *written_by[PROMPT_TEXTS]; /* who was asked, references */
    int64_t written_step;                         /* of the first one */
    uint64_t text_asked[PROMPT_TEXTS];            /* tickets */
    uint64_t text_failed[PROMPT_TEXTS]; /* of the text whose failure was said */
    bool writing, paused;
    bool follows; /* the cursor goes to the token after it as soon as that is there */
    bool both;    /* write the other arm's too, as soon as its SAE is here */
    struct ask_subject *second; /* that arm's, a reference; NULL: none */
    size_t second_arm;
    int64_t second_step;
    struct ask_gen_opts how;                      /* how the texts are written */
    struct ask_written (*written)[PROMPT_WRITES]; /* [PROMPT_TEXTS], owned */
    size_t n_written[PROMPT_TEXTS];
    size_t written_at; /* their token under the cursor */
    size_t walked;     /* the text that the cursor is in, < texts */
    bool two_arms; /* the second text is of second_arm; else, of two, the first is that
                      without masks and edits */
    struct effect_state effect;
};
struct prompt_state *prompt_own(const struct app *a);

enum { PROMPT_TEXT_PANE, PROMPT_LATENTS_PANE, PROMPT_NEXT_PANE, PROMPT_PANES };
enum {
    HIT_CELL = HIT_SCREEN, /* a: position */
    HIT_LATENT_ROW,        /* a: visible row of the list */
    HIT_STRENGTH           /* a: edit */
};

/* A latent that fires on more than this share of tokens is dense, and can be left
 * out. */
#define PROMPT_DENSE 0.1

/* ---- prompt_text.c ---- */

void prompt_text_draw(struct app *a, const struct session_view *v, struct canvas *c,
                      struct rect r);

/* What there is no figure yet for, in which KEY_OF may stand. */
void prompt_waiting(const struct app *a, const struct session_view *v, char *out,
                    size_t cap);

/* ---- prompt_latents.c ---- */

/* Draw the list, and a second one if there is room. */
void prompt_latents_draw(struct app *a, const struct session_view *v, struct canvas *c,
                         struct rect r);

/* ---- prompt_row.c ---- */

/* Copy a prompt (ERR_NOMEM); free its parts; whether two have the same tokens, masks
 * and edits, or the same tokens. */
enum err prompt_row_copy(struct prompt_row *out, const struct prompt_row *in,
                         struct errinfo *e) ERR_CHECKED;
void prompt_row_deinit(struct prompt_row *r);
bool prompt_row_same(const struct prompt_row *x, const struct prompt_row *y);
bool prompt_row_same_tokens(const struct prompt_row *x, const struct prompt_row *y);
/* Replace what stands by a text; undo brings it back. */
void prompt_set_text(struct app *a, const struct session_view *v, const char *text);
/* Whether it has masks or edits. */
bool prompt_is_edited(const struct prompt_row *r);
/* Whether the tokenizer or a chat template put the token there, not the user. */
bool prompt_is_put(const struct prompt_row *r, size_t at);
/* Take in what was typed in the box; masks on the common beginning are kept. */
void prompt_read_box(struct app *a, const struct session_view *v);
/* What is typed between these two is one step of undo, and the answer from before is
 * kept to compare with. */
void prompt_begin_typing(struct app *a, const struct session_view *v);
void prompt_end_typing(struct app *a);
/* The token that another answered prompt has in place of the prompt's token `at`; -1:
 * none. */
int32_t prompt_place_in(const struct prompt_state *s, const struct ask_answer *other,
                        size_t at);
/* Call before a change: ends typing, and keeps what stands for undo. False: memory is
 * out, and nothing may be changed. */
bool prompt_keep(struct app *a);
/* Call after a change of tokens: updates the box's text and asks about the prompt. */
void prompt_tokens_changed(struct app *a, const struct session_view *v);
/* Call after a change of masks or edits. */
void prompt_edits_changed(struct app *a);
/* Replace positions at .. at + out - 1 by ids [n], and list what that changes. False:
 * it does not fit. */
bool prompt_splice(struct app *a, const struct session_view *v, size_t at, size_t out,
                   const int32_t *ids, size_t n);
/* Turn to the arm whose latents are shown: another's edits are put aside, its answers
 * and texts dropped. */
void prompt_turn(struct app *a);
/* Pin the prompt as answered now, to compare with until it is unpinned. */
void prompt_pin(struct app *a);
/* Call before a new text: asks for the SAE as of now if the one asked lags, unless
 * something is compared, which must not shift: edits, masks, a pinned prompt, changes.
 */
void prompt_freshen(struct app *a, const struct session_view *v);
/* Whether the SAE asked is older than a new text would be asked of. */
bool prompt_lags(const struct prompt_state *s, const struct session_view *v);
/* Whether one as of now is on its way, in place of the one asked. */
bool prompt_renewing(const struct prompt_state *s, const struct session_view *v);
/* Ask what is due, and take in answers. */
void prompt_ask(struct app *a, const struct session_view *v);
void prompt_free(struct prompt_state *s);

/* The arm beside the one shown; the same one if there is no other. */
size_t prompt_other_arm(const struct app *a, const struct session_view *v);
/* The view's subject, not const so that references can be counted. */
struct ask_subject *prompt_subject(const struct session_view *v);
/* The question about a prompt; `plain`: without its masks and edits. */
struct ask_question prompt_question(const struct prompt_row *r, bool plain);

/* ---- prompt_undo.c ---- */

/* What the change from one prompt to another was: "#12 silenced", "token 3 'cat'
 * masked", "'dog' in place of 'cat'", "no longer #12 silenced". */
void prompt_change_say(const struct session_view *v, const struct prompt_row *x,
                       const struct prompt_row *y, char *out, size_t cap);

/* ---- prompt_side.c ---- */

/* Take in what the worker has of whys, texts and effects. */
void prompt_side_take(struct app *a, const struct session_view *v);
void prompt_side_draw(struct app *a, const struct session_view *v, struct canvas *c,
                      struct rect r);
/* Move up and down, and in a text left and right; right at the end of a paused text
 * writes one more token. False: that is for others. */
bool prompt_side_move(struct app *a, const struct session_view *v,
                      const char *direction);
bool prompt_side_focused(const struct app *a);
/* Go back to what comes next, or from a why of a text to that text. */
void prompt_side_back(struct app *a);
/* Write a probability, "12 %". */
void prompt_share(char *out, size_t cap, double logp);

/* ---- prompt_next.c ---- */

void prompt_next_draw(struct app *a, const struct session_view *v, struct canvas *c,
                      struct rect r);
/* The token that may come after the one under the cursor that is chosen there, else the
 * likeliest; -1: nothing is known yet. */
int32_t prompt_next_chosen(const struct app *a);
/* The one under the cursor; -1: the cursor is in no list of them. */
int32_t prompt_next_here(const struct app *a);

/* ---- prompt_why.c ---- */

/* Ask which latents made the chosen token likely after the one under the cursor, or
 * with `here` that one itself, likely or not. In a written text it is the token under
 * the cursor. */
void prompt_ask_why(struct app *a, const struct session_view *v, bool here);
/* Call when the prompt has changed: the why shown no longer explains it. */
void prompt_why_is_over(struct app *a);
void prompt_why_take(struct app *a, const struct session_view *v);
void prompt_why_draw(struct app *a, const struct session_view *v, struct canvas *c,
                     struct rect r);
/* The contribution under the cursor; NULL: the cursor is in no list of them. */
const struct ask_part *prompt_part_here(const struct app *a);

/* ---- prompt_written.c ---- */

/* Let the model continue the prompt; beside it also without masks and edits, if there
 * are any, or with `both` for the other arm with its own edits. */
void prompt_write(struct app *a, const struct session_view *v, bool both);
/* The same for both arms, now that the other's SAE is here. */
void prompt_write_both(struct app *a, const struct session_view *v);
void prompt_written_take(struct app *a, const struct session_view *v);
void prompt_written_draw(struct app *a, const struct session_view *v, struct canvas *c,
                         struct rect r);
bool prompt_written_move(struct app *a, const struct session_view *v,
                         const char *direction);
/* Whether two texts are shown, or a why of a token in one of two: they are side by side
 * if there is room. */
bool prompt_written_two(const struct prompt_state *s);
/* Whether text i, of two, continues the prompt without masks and edits. */
bool prompt_written_base(const struct prompt_state *s, size_t i);
/* Whether the texts are of another prompt, other edits or another step than what
 * stands. */
bool prompt_written_old(const struct prompt_state *s);
/* The written token under the cursor, in the texts or in a why of it; NULL: none is
 * shown. */
const struct ask_written *prompt_written_here(const struct app *a);
/* Token `pos` of the prompt followed by the text the cursor is in; -1: there is
 * none. */
int32_t prompt_written_id(const struct prompt_state *s, size_t pos);
/* Say, of texts that are written, how to go on from there. */
void prompt_written_say(struct app *a, const struct session_view *v);
/* Move the cursor to the other of two texts. */
void prompt_walk_other(struct app *a);
/* The question that text i answers, and whom it was put to. */
struct ask_question prompt_written_question(const struct prompt_state *s, size_t i,
                                            struct ask_subject **whom);
/* Drop the texts and what they were written from. */
void prompt_written_forget(struct prompt_state *s);

/* ---- prompt_list.c ---- */

/* Bring the list up to date with the answer and the cursor. */
void prompt_list_fill(struct app *a);
/* The list shown: the one chosen, or what a change of tokens changed. */
enum prompt_list prompt_list_now(const struct prompt_state *s);
/* What is listed beside it, if there is room. */
enum prompt_list prompt_second_list(const struct prompt_state *s);
/* Whether a latent may be listed: dense ones can be left out. */
bool prompt_lists(const struct prompt_state *s, int32_t latent);
/* Whether the list has latents of the other arm, being on a token of its text: these
 * are named and measured by its SAE, and cannot be edited here. */
bool prompt_lists_other(const struct app *a);
/* The latent under the cursor, in the list or in a why; -1: none of this arm, and
 * prompt_no_latent says why. */
int32_t prompt_latent_here(const struct app *a);
const char *prompt_no_latent(const struct app *a);
/* The latent whose heat is shown; -1: none. */
int32_t prompt_heat_latent(const struct app *a);
/* Write what a latent is called (names_latent), one of the other arm if `other`; "": it
 * is not described yet and has no label. */
void prompt_latent_name(const struct app *a, const struct session_view *v, bool other,
                        int32_t latent, char *out, size_t cap);
/* Index of the edit of this latent; row.edits.n: there is none. */
size_t prompt_edit_of(const struct prompt_state *s, int32_t latent);
/* Write a token in quotes, its spaces as dots: "'·in'". */
void prompt_token_quoted(const struct session_view *v, int32_t id, char *out,
                         size_t cap);
/* Write "silenced", "add +2.00 (0.8x) from 7": 0.8 times `largest`, left out if that is
 * NaN. */
void prompt_edit_text(const struct ask_edit *e, double largest, char *out, size_t cap);
/* Append "#3 silenced" to the `len` bytes of a list, after ", " unless it is the first,
 * and return the length then, `cap` or more if it was cut. */
size_t prompt_edit_add(const struct ask_edit *e, bool first, char *out, size_t cap,
                       size_t len);
/* Write "#3 silenced, #7 add +2.00 and 3 more", with `named` of them named. */
void prompt_edits_say(const struct ask_edit *e, size_t n, size_t named, char *out,
                      size_t cap);
/* What counts as full strength of a latent: the greatest activation seen in text, or if
 * that is unknown or 0 the greatest in this prompt. */
double prompt_full(const struct prompt_state *s, int32_t latent);
/* Whether text was read, in part at least, for the subject's greatest activations. */
bool prompt_knows_max(const struct prompt_state *s);
/* Whether the prompt as answered has masks or edits. */
bool prompt_is_changed(const struct prompt_state *s);
/* The answer that the list of changes compares with; NULL: this prompt without masks
 * and edits. */
const struct ask_answer *prompt_compared(const struct prompt_state *s);

/* ---- prompt_preset.c ---- */

/* Take in the presets of the arm shown. */
void prompt_presets_follow(struct app *a, const struct session_view *v);
/* "NAME": replace the edits by those of a preset, if they fit this SAE; "save NAME":
 * save the edits; "drop NAME". */
void prompt_preset(struct app *a, const struct session_view *v, const char *args);
void prompt_presets_say(struct app *a, const struct session_view *v);
/* The ith completion for Tab. */
const char *prompt_preset_word(const struct app *a, const char *text, size_t i);

/* ---- prompt_found.c ---- */

/* For the finder: latents that fire on the token under the cursor ("here") and in the
 * whole prompt ("prompt"), a few of each for "", more if one of these words asks for
 * them; further words narrow. Taken from the last answer: nothing is asked, and before
 * one there are none. */
size_t prompt_found(const struct app *a, const struct session_view *v,
                    const char *typed, struct finder_item *out, size_t most);

/* ---- prompt_edits.c ---- */

/* Whether a special token is at `pos`, which the SAE does not read. */
bool prompt_is_special(const struct app *a, size_t pos);
bool prompt_edits_same(const struct ask_edit *x, size_t nx, const struct ask_edit *y,
                       size_t ny);
/* Say why an edit of the prompt cannot be made: no such latent or position, or a
 * special token; the arm's subject must be there. False: it can be made. */
bool prompt_edit_refused(struct app *a, const struct ask_edit *e);
/* The latent that args name, or if empty the one under the cursor. False: there is
 * none, which was said. */
bool prompt_latent_arg(struct app *a, const char *args, int32_t *out);
/* Commands and their arguments: silence [N|marked], steer [N=X[@POS]], strength X|+|-;
 * change the kind or the place of the edit under the cursor to the next one; remove all
 * edits. */
void prompt_edit_silence(struct app *a, const struct session_view *v, const char *args);
void prompt_edit_steer(struct app *a, const struct session_view *v, const char *args);
void prompt_edit_strength(struct app *a, const struct session_view *v,
                          const char *args);
void prompt_edit_how(struct app *a, const struct session_view *v, const char *args);
void prompt_edit_where(struct app *a, const struct session_view *v, const char *args);
void prompt_edit_clear(struct app *a, const struct session_view *v, const char *args);

/* ---- prompt_keys.c ---- */

extern const struct key_list prompt_keys;
extern const char *const prompt_list_names[PROMPT_LISTS]; /* as `:list` calls them */
#endif
