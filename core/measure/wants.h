/* What a measure needs that a run may lack, and what to give to supply it: one table
 * for the panes and boxes of the explorer, `eval`, `verdict` and `doctor`. Any
 * thread. */
#ifndef SAETOP_MEASURE_WANTS_H
#define SAETOP_MEASURE_WANTS_H

/* X(id, what is lacking, what to give) */
/* clang-format off */
#define WANTS(X) \
    X(MODEL, "no model here", WANT_GIVES_MODEL) \
    X(OOD, "no OOD text", WANT_GIVES_OOD) \
    X(CONCEPTS, "no concepts", WANT_GIVES_CONCEPTS) \
    X(PROBES, "no sentence tasks", "--probes FILE.csv") \
    X(MASK, "no mask token", WANT_GIVES_MASK) \
    X(WORDS, "no words of concepts in the text", \
      "--corpus FILE with such words, or " WANT_GIVES_CONCEPTS) \
    X(TOLD, "no concept is told apart well enough", \
      "more text, --set eval.concept_rows=N, " WANT_GIVES_CONCEPTS) \
    X(EVAL, "not measured in this run", "saetop eval RUN") \
    X(STEPS, "measured while training only", "saetop train")
/* clang-format on */
#define WANT_GIVES_MODEL    "--model M --corpus C"
#define WANT_GIVES_OOD      "--ood FILE"
#define WANT_GIVES_CONCEPTS "--concepts FILE"
#define WANT_GIVES_MASK     "--mask-token TEXT"

#define WANT_ID(id, lacks, gives) WANT_##id,
enum want { WANTS(WANT_ID) WANT_COUNT };
#undef WANT_ID

/* "--ood FILE" */
const char *want_gives(enum want w);
/* "no OOD text: --ood FILE" */
const char *want_says(enum want w);

#endif
