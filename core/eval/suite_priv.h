/* struct suite_bench; internal to core/eval. */
#ifndef SAETOP_EVAL_SUITE_PRIV_H
#define SAETOP_EVAL_SUITE_PRIV_H

#include "eval/evalset_priv.h"
#include "eval/letters.h"
#include "eval/probe_tokens.h"
#include "eval/reconstruct.h"
#include "eval/robust.h"
#include "eval/sentence_text.h"
#include "eval/suite.h"

/* Sections that read sentence tasks. */
#define SUITE_OF_SENTENCES                                                             \
    ((1U << SUITE_SENTENCES) | (1U << SUITE_TPP) | (1U << SUITE_SCR))

struct suite_bench {
    struct suite_source src; /* without mask and probes */
    struct reconstruct_text id, ood;
    struct letter_task *letters; /* NULL: the word's own activation is used, because: */
    char letters_why[LETTER_WHY];
    struct probe_bank saebench;
    struct token_tasks tokens;
    struct sentence_texts texts;
    struct robust_text robust;
    bool failed[SUITE_SECTIONS];       /* not made; its gaps say why */
    struct report gap[SUITE_SECTIONS]; /* their gaps alone; those of SUITE_SENTENCES
                                       hold for all SUITE_OF_SENTENCES */
};

#endif
