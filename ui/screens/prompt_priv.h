/* Prompt, between its files: prompt.c (the screen and its latents), prompt_text.c (the
 * text as cells), prompt_side.c, prompt_next.c, prompt_why.c, prompt_written.c and
 * prompt_effect.c (what stands at the right), prompt_row.c (the prompt as it stands,
 * and asking), prompt_undo.c (what a change was), prompt_list.c (which latents are
 * listed, and edits), what the finder has of it (prompt_found.c) and its keys
 * (prompt_keys.c). Nothing else includes this but tests. */
#ifndef SAETOP_UI_SCREENS_PROMPT_PRIV_H
#define SAETOP_UI_SCREENS_PROMPT_PRIV_H

#include "ui/screens/latents.h"
#include "ui/screens/prompt.h"
#include "ui/screens/prompt_effect.h"
#include "ui/textbox.h"

enum {
    PROMPT_EDITS = ASK_PRESET_EDITS, /* a preset keeps all that stand */
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
    size_t first, cut; /* as ask_read found them */
    bool chat;   /* in the model's chat template, which has tokens before first and */
    size_t tail; /* these behind the text */
    size_t arm;  /* whose latents the edits are of */
    struct prompt_edits edits;
};

/* Which latents are listed. */
enum prompt_list { PROMPT_HERE, PROMPT_WHOLE, PROMPT_CHANGED, PROMPT_LISTS };
/* What the digits under the tokens are. */
enum prompt_digits { DIGITS_HEAT, DIGITS_SURPRISE, DIGITS_KL, PROMPT_DIGITS };
/* What stands at the right. */
enum prompt_side { PROMPT_NEXT, PROMPT_WHY, PROMPT_WRITTEN, PROMPT_EFFECT };
enum {
    PROMPT_TEXTS = 2,    /* written in lockstep: slots 0 and 1 */
    PROMPT_WRITES = 400, /* tokens of each at most */
    PROMPT_ABLATES = 8   /* of a why: really taken away beside */
};
/* What masks and edits are compared with, and what they make of it. */
#define PROMPT_BASE   "base"
#define PROMPT_EDITED "edited"

struct prompt_entry {
    int32_t latent;
    float act, after;
    uint32_t at, fires; /* of the whole prompt */
    enum ask_fate fate;
};

struct prompt_state {
    struct textbox box;
    struct line_history history;
    bool typing;
    bool begun;                  /* a first text was put there */
    bool sent;                   /* another screen sent the text, and nothing was typed
                                    since: Esc goes back there */
    size_t example;              /* that comes next */
    bool is_example;             /* the text is the one before that, as it was put */
    struct ask_presets *presets; /* of the arm that is shown, a reference; NULL: none */
    struct prompt_row row;
    struct prompt_edits aside[VIEW_ARMS]; /* of the arms that are not shown */
    size_t at;                            /* token under the cursor */
    size_t want; /* of the text that is read next, counted from its first; SIZE_MAX:
                    its last */

    /* ---- undo ---- */
    struct prompt_row kept[PROMPT_KEPT]; /* number i at i % PROMPT_KEPT */
    int32_t n_kept;
    int32_t typed_from;     /* the one from before typing began; -1: none */
    char undone[UNDO_TEXT]; /* the change that was taken back last, or done again */

    /* ---- asking ---- */
    bool wanted;                 /* a subject of this arm: */
    size_t wanted_arm;           /* it was asked for */
    bool renew;                  /* one as of now, as soon as none is on its way */
    bool due;                    /* the prompt changed since it was asked about */
    struct ask_subject *subject; /* asked, of row.arm; a reference; NULL: none yet */
    int64_t subject_step;        /* of it */
    uint64_t ticket;             /* of the newest question */
    uint64_t since;              /* answers up to this one are of another arm */
    uint64_t shown;              /* of the answer that is shown */
    struct ask_answer *answer;   /* a reference; NULL: none yet */
    struct ask_answer *before;   /* of the prompt before it was changed; NULL: none */
    struct ask_answer *pinned;   /* to compare with; NULL: none is */
    bool changed;     /* what is asked about is another prompt than answered */
    char error[512];  /* of the newest question; "" */
    char unread[512]; /* why the box's text is not the prompt; "": it is */
    bool busy;

    /* ---- the list ---- */
    enum prompt_list list; /* that was chosen; prompt_list_now has the one shown */
    bool whole; /* what changed is of the whole prompts: the token under the cursor did
                   not stand in the one that is compared */
    bool tells; /* what deleting, inserting or replacing tokens changed: list and next
                   tokens compare with `before`, until another list is chosen, or
                   anything else of the prompt changes */
    struct list_view rows;
    struct prompt_entry entry[PROMPT_LISTED];  /* [rows.count] */
    size_t more;                               /* not listed for want of room */
    struct prompt_entry beside[PROMPT_BESIDE]; /* [n_beside] of the second list, where
                                                  there is room */
    size_t n_beside;
    int32_t choose; /* a latent to put the cursor on once it is listed; -1: none */
    bool dense_out;
    enum prompt_digits digits;
    int32_t heat; /* latent whose heat is held; -1: the one under the cursor */

    /* ---- at the right: prompt_side.c ---- */
    enum prompt_side side;
    struct list_view next; /* of the tokens that may come, or of the parts of a why */
    struct ask_why *why;   /* a reference; NULL: none yet */
    uint64_t why_asked;    /* ticket; 0: none that still holds */
    size_t why_at;         /* token under the cursor when it was asked, */
    bool why_here;         /* ... which it explains; else one that may come after it */
    bool why_text;         /* it explains a token written, the one under the cursor */
    bool why_edited;       /* it is of the prompt with masks and edits */
    size_t texts;          /* that are being written, or were: 0 none */
    char text_name[PROMPT_TEXTS][48];
    struct prompt_row written_of; /* the prompt that they go on from, as it stood */
    struct ask_subject *written_by[PROMPT_TEXTS]; /* whom was asked, references */
    int64_t written_step;                         /* of the first of these */
    uint64_t text_asked[PROMPT_TEXTS];            /* tickets */
    uint64_t text_failed[PROMPT_TEXTS]; /* of the one whose failure was said */
    bool writing, paused;
    bool both;                  /* of the other arm too, as soon as its SAE is here */
    struct ask_subject *second; /* of that arm, a reference; NULL: none */
    size_t second_arm;
    int64_t second_step;
    struct ask_gen_opts how;                      /* of the texts */
    struct ask_written (*written)[PROMPT_WRITES]; /* [PROMPT_TEXTS], owned */
    size_t n_written[PROMPT_TEXTS];
    size_t written_at; /* token of them under the cursor */
    size_t walked;     /* the text that the cursor is in, below texts */
    bool two_arms;     /* the second is of second_arm; else of two the first is of the
                          prompt without masks and edits */
    struct effect_state effect;
};
struct prompt_state *prompt_own(const struct app *a);

enum { PROMPT_TEXT_PANE, PROMPT_LATENTS_PANE, PROMPT_NEXT_PANE, PROMPT_PANES };
enum {
    HIT_CELL = HIT_SCREEN, /* a: position */
    HIT_LATENT_ROW,        /* a: row of the list that is in sight */
    HIT_STRENGTH           /* a: edit */
};

/* Above this share of tokens a latent is dense, and can be left out. */
#define PROMPT_DENSE 0.1

/* ---- prompt_text.c ---- */

void prompt_text_draw(struct app *a, const struct session_view *v, struct canvas *c,
                      struct rect r);

/* What there is no figure yet for, in which KEY_OF may stand. */
void prompt_waiting(const struct app *a, const struct session_view *v, char *out,
                    size_t cap);

/* ---- prompt_latents.c ---- */

/* The list, and a second one where there is room. */
void prompt_latents_draw(struct app *a, const struct session_view *v, struct canvas *c,
                         struct rect r);

/* ---- prompt_row.c ---- */

/* A copy, of ERR_NOMEM; whether two are the same tokens, masks and edits. */
enum err prompt_row_copy(struct prompt_row *out, const struct prompt_row *in,
                         struct errinfo *e) ERR_CHECKED;
void prompt_row_deinit(struct prompt_row *r);
bool prompt_row_same(const struct prompt_row *x, const struct prompt_row *y);
bool prompt_row_same_tokens(const struct prompt_row *x, const struct prompt_row *y);
/* Put a text there in place of what stands, which undo brings back. */
void prompt_set_text(struct app *a, const struct session_view *v, const char *text);
/* Whether the tokenizer or a chat template put the token there, not the user. */
bool prompt_is_put(const struct prompt_row *r, size_t at);
/* Take in what was typed in the box, masks of what both begin with kept. */
void prompt_read_box(struct app *a, const struct session_view *v);
/* What is typed from here to there is one step of undo, and the answer of before stays
 * to be compared with. */
void prompt_begin_typing(struct app *a);
void prompt_end_typing(struct app *a);
/* The token of another prompt, as it was answered, in place of token `at` of the
 * prompt; -1: none. */
int32_t prompt_place_in(const struct prompt_state *s, const struct ask_answer *other,
                        size_t at);
/* Before a change: what stands can be brought back; typing ends. False: there is no
 * memory, and nothing may be changed. */
bool prompt_keep(struct app *a);
/* After a change of tokens: the box's text follows, it is asked about. */
void prompt_tokens_changed(struct app *a, const struct session_view *v);
/* After a change of masks or edits. */
void prompt_edits_changed(struct app *a);
/* Replace positions at .. at + out - 1 by ids [n]; what that changes is listed. False:
 * it does not fit. */
bool prompt_splice(struct app *a, const struct session_view *v, size_t at, size_t out,
                   const int32_t *ids, size_t n);
/* Show the arm that the latents are of: edits of another are put aside, its answers and
 * texts go. */
void prompt_turn(struct app *a);
/* Compare with the prompt as it is answered, until it is let go. */
void prompt_pin(struct app *a);
/* Ask whatever is due, and take in answers. */
void prompt_ask(struct app *a, const struct session_view *v);
void prompt_free(struct prompt_state *s);

/* The arm beside the one that is shown; the same: there is one. */
size_t prompt_other_arm(const struct app *a, const struct session_view *v);
/* Counts references, which is no part of what a subject says. */
struct ask_subject *prompt_subject(const struct session_view *v);
/* The question of a prompt; `plain`: without masks and edits. */
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
/* Up, down, and in a text left and right, which while it waits writes one token more at
 * its end; false: that is for others. */
bool prompt_side_move(struct app *a, const struct session_view *v,
                      const char *direction);
bool prompt_side_focused(const struct app *a);
/* Back to what comes next; from a why of a text to that text. */
void prompt_side_back(struct app *a);
/* A share of probability, "12 %". */
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

/* Ask which latents made the chosen token likely after the one under the cursor;
 * `here`: that one itself, be it likely or not. Of a text that is walked: its token
 * under the cursor. */
void prompt_ask_why(struct app *a, const struct session_view *v, bool here);
/* The prompt is another: what was explained is not what stands. */
void prompt_why_is_over(struct app *a);
void prompt_why_take(struct app *a, const struct session_view *v);
void prompt_why_draw(struct app *a, const struct session_view *v, struct canvas *c,
                     struct rect r);
/* The contribution under the cursor; NULL: the cursor is in no list of them. */
const struct ask_part *prompt_part_here(const struct app *a);

/* ---- prompt_written.c ---- */

/* Let the model write on. Beside it the same without masks and edits, where there are
 * any; `both`: the other arm with its own edits. */
void prompt_write(struct app *a, const struct session_view *v, bool both);
/* The same of both arms, now that the other's SAE is here. */
void prompt_write_both(struct app *a, const struct session_view *v);
void prompt_written_take(struct app *a, const struct session_view *v);
void prompt_written_draw(struct app *a, const struct session_view *v, struct canvas *c,
                         struct rect r);
bool prompt_written_move(struct app *a, const struct session_view *v,
                         const char *direction);
/* Whether two texts are shown, or why one of them has a token: they stand side by side
 * where there is room. */
bool prompt_written_two(const struct prompt_state *s);
/* Whether text i of two is that of the prompt without masks and edits. */
bool prompt_written_base(const struct prompt_state *s, size_t i);
/* The token written that is under the cursor, in the texts or in a why of it; NULL:
 * none is shown. */
const struct ask_written *prompt_written_here(const struct app *a);
/* Token `pos` of the prompt and the text that is walked. -1: there is none. */
int32_t prompt_written_id(const struct prompt_state *s, size_t pos);
/* Put the cursor into the other of two texts that are shown. */
void prompt_walk_other(struct app *a);
/* The question that text i was written from, and whom it was put to. */
struct ask_question prompt_written_question(const struct prompt_state *s, size_t i,
                                            struct ask_subject **whom);
/* Texts, and what they were written from, go. */
void prompt_written_forget(struct prompt_state *s);

/* ---- prompt_list.c ---- */

/* Bring the list up to date with answer and cursor. */
void prompt_list_fill(struct app *a);
/* The list that is shown: the one chosen, or what a change of tokens changed. */
enum prompt_list prompt_list_now(const struct prompt_state *s);
/* What is listed beside the list, where there is room. */
enum prompt_list prompt_second_list(const struct prompt_state *s);
/* Whether a latent is listed: dense ones can be left out. */
bool prompt_lists(const struct prompt_state *s, int32_t latent);
/* Whether the list has latents of the other arm, on a token of its text: they are named
 * and measured by its SAE, and nothing is done to them here. */
bool prompt_lists_other(const struct app *a);
/* The latent under the cursor, of the list or of a why; -1: none of this arm, which
 * prompt_no_latent says. */
int32_t prompt_latent_here(const struct app *a);
const char *prompt_no_latent(const struct app *a);
/* Whose heat is shown; -1. */
int32_t prompt_heat_latent(const struct app *a);
/* What a latent is called (names_latent), of the other arm where that is written; "":
 * it is not described yet and nobody called it something. */
void prompt_latent_name(const struct app *a, const struct session_view *v, bool other,
                        int32_t latent, char *out, size_t cap);
/* Place of an edit of this latent; n_edits: there is none. */
size_t prompt_edit_of(const struct prompt_state *s, int32_t latent);
/* "'·in'", its spaces as dots. */
void prompt_token_quoted(const struct session_view *v, int32_t id, char *out,
                         size_t cap);
/* "silenced", "add +2.00 (0.8x) from 7": 0.8 times `largest`, left out where that is
 * NaN. */
void prompt_edit_text(const struct ask_edit *e, double largest, char *out, size_t cap);
/* Put "#3 silenced" behind the `len` bytes of a list, and how long it is then, `cap` or
 * more where it was cut; ", " goes before all but the first. */
size_t prompt_edit_add(const struct ask_edit *e, bool first, char *out, size_t cap,
                       size_t len);
/* "#3 silenced, #7 add +2.00 and 3 more": so many are named. */
void prompt_edits_say(const struct ask_edit *e, size_t n, size_t named, char *out,
                      size_t cap);
/* What counts as a full strength of a latent: the greatest activation that is known. */
double prompt_full(const struct prompt_state *s, int32_t latent);
/* Whether masks or edits do something to the prompt that is shown. */
bool prompt_is_changed(const struct prompt_state *s);
/* The prompt that the list of changes compares with; NULL: this one without masks and
 * edits. */
const struct ask_answer *prompt_compared(const struct prompt_state *s);

/* ---- prompt_preset.c ---- */

/* Take in the presets of the arm that is shown. */
void prompt_presets_follow(struct app *a, const struct session_view *v);
/* "NAME": put its edits in place of those that stand, where they are of the latents of
 * this SAE; "save NAME": keep those that stand; "drop NAME". */
void prompt_preset(struct app *a, const struct session_view *v, const char *args);
void prompt_presets_say(struct app *a, const struct session_view *v);
/* What Tab completes. */
const char *prompt_preset_word(const struct app *a, const char *text, size_t i);

/* ---- prompt_found.c ---- */

/* For the finder: for "" a few of the latents that fire on the token under the cursor
 * ("here") and in the whole prompt ("prompt"), more where one of these words asks for
 * them; further words narrow. As answered last: nothing is asked. None before. */
size_t prompt_found(const struct app *a, const struct session_view *v,
                    const char *typed, struct finder_item *out, size_t most);

/* ---- prompt_edits.c ---- */

/* Whether a special token stands there, which the SAE does not read. */
bool prompt_is_special(const struct app *a, size_t pos);
bool prompt_edits_same(const struct ask_edit *x, size_t nx, const struct ask_edit *y,
                       size_t ny);
/* Say why an edit cannot be made of the prompt, of whose arm a subject is there: no
 * such latent or position, or a special token. False: it can. */
bool prompt_edit_refused(struct app *a, const struct ask_edit *e);
/* The latent that is named, or without an argument that under the cursor. False: there
 * is none, which was said. */
bool prompt_latent_arg(struct app *a, const char *args, int32_t *out);
/* Commands, with their arguments: silence [N|marked], steer [N=X[@POS]], strength
 * X|+|-; the kind and the place of the edit under the cursor, in turn; none any more.
 */
void prompt_edit_silence(struct app *a, const struct session_view *v, const char *args);
void prompt_edit_steer(struct app *a, const struct session_view *v, const char *args);
void prompt_edit_strength(struct app *a, const struct session_view *v,
                          const char *args);
void prompt_edit_how(struct app *a, const struct session_view *v, const char *args);
void prompt_edit_where(struct app *a, const struct session_view *v, const char *args);
void prompt_edit_clear(struct app *a, const struct session_view *v, const char *args);

/* ---- prompt_keys.c ---- */

extern const struct key_list prompt_keys;
#endif
