/* How long something takes, for people. Any thread. */
#ifndef SAETOP_BASE_DURATION_H
#define SAETOP_BASE_DURATION_H

enum duration_form {
    DURATION_BRIEF, /* "41s", "1m48s", "2h05m", from 100 hours on "5 days" */
    DURATION_WORDS, /* "41 s", "1 min 48 s", "2 h 05 min", "5 days" */
};
/* Writes to out[32] and returns it; "?" if not known (NaN) or below 0. */
const char *duration_text(double seconds, enum duration_form form, char out[32]);

#endif
