/* Output of `saetop ask`, as JSON and for people. src/ask.md lists the members. */
#ifndef SAETOP_SRC_ASK_OUT_H
#define SAETOP_SRC_ASK_OUT_H

#include "ask/ask_gen.h"
#include "ask/ask_heldout.h"
#include "ask/ask_why.h"
#include "ask_names.h"
#include "base/str.h"
#include "latents/latent_labels.h"
#include "run/run_arms.h"
#include "train/run_open.h"

#define ASK_SHOWN_LATENTS 5 /* shown of a written token */

/* A token that the model wrote. */
struct ask_told {
    int32_t id;
    size_t pos;
    float logp;
    size_t n;
    struct ask_fire fire[ASK_SHOWN_LATENTS];
};
struct ask_story {
    struct str text;
    struct ask_told *token; /* [n] */
    size_t n, cap;
};

/* All that was found out, to be printed; borrowed. */
struct ask_found {
    const char *path; /* the run, as named */
    const struct run_record *record;
    const struct run_arms *arms; /* n <= 1: there is none but that one */
    const struct ask_subject *subject;
    const struct latent_labels *labels; /* NULL: none */
    const struct ask_names *names;      /* of those without a label */
    const struct ask_row *row;
    const struct ask_question *q;
    const struct ask_answer *r;        /* NULL: there is no prompt */
    size_t at;                         /* the position whose next tokens are shown */
    const struct ask_why *why;         /* NULL: not asked */
    const struct ask_story *story[2];  /* plain, and with masks and edits; NULL: none */
    const struct ask_heldout *heldout; /* NULL: not asked */
};

/* The nth arm of the run besides the one asked, as its path goes on behind the run's;
 * n from 1 to f->arms->n - 1. */
const char *ask_out_arm(const struct ask_found *f, size_t n);
/* End a line, without spaces before its end. */
void ask_out_end_line(struct str *out);

void ask_out_json(const struct ask_found *f, struct str *out);
void ask_out_text(const struct ask_found *f, struct str *out);

#endif
