/* When a share of cross-entropy recovered does not mean what it says. */
#ifndef SAETOP_LM_CE_DOUBT_H
#define SAETOP_LM_CE_DOUBT_H

struct ce_doubt {
    const char *mark;      /* for the cell of a table: at most 11 columns */
    const char *brief;     /* for the end of a line */
    const char *long_text; /* what it means and what to look at; no stop at its end */
};

/* Returns the doubt about `recovered`, given the model's own cross-entropy and that
 * with the activation erased, in nats a token, NaN if unknown. NULL: none, or not
 * measured. The result is constant; any thread. */
const struct ce_doubt *ce_doubt(double recovered, double clean, double zero);

#endif
