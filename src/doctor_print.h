/* Output of `saetop doctor`, for people and as JSON. Owner thread. */
#ifndef SAETOP_SRC_DOCTOR_PRINT_H
#define SAETOP_SRC_DOCTOR_PRINT_H

#include "base/str.h"
#include "run/doctor.h"

struct doctor_page {
    const struct doctor *d;
    const char *model; /* as the command line names it; NULL: the bundled one */
    const struct sae_fit *asked, *fit; /* the one named, or NULL; [n_fit] on disk */
    size_t n_fit;
    const char *fit_dir; /* where the latter are; "": nowhere */
    const char *next;    /* the command to run next */
};

/* Append lines of at most 80 columns, or one JSON object and a newline. */
void doctor_add_text(const struct doctor_page *p, struct str *out);
void doctor_add_json(const struct doctor_page *p, struct str *out);

#endif
