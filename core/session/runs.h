/* Runs on disk, for screens: a thread that looks at a folder of runs every two seconds
 * while it is shown, carries out orders on a run (label, rename, trash), and tells when
 * another process saves the run that is open. It is independent of the session, and
 * outlives it when another run is opened. The caller never waits. Owner thread, unless
 * a function says otherwise. */
#ifndef SAETOP_SESSION_RUNS_H
#define SAETOP_SESSION_RUNS_H

#include "run/run_list.h"
#include "run/run_trash.h"

enum run_order_kind {
    RUN_ORDER_LABEL,  /* text: what it is called */
    RUN_ORDER_RENAME, /* text: its new name */
    RUN_ORDER_TRASH,  /* text: its name in the trash; "": any free one */
    RUN_ORDER_RESTORE /* text: its name in the trash */
};
struct run_order {
    enum run_order_kind kind;
    bool again;              /* the caller's: it undoes or repeats another order */
    char name[RUN_NAME_MAX]; /* of the run, in the folder that is looked at */
    char text[RUN_NAME_MAX];
};
struct run_answer {
    struct run_order order;    /* its text after RUN_ORDER_TRASH: what the trash calls
                                  the run */
    char before[RUN_NAME_MAX]; /* the label that the run had */
    bool done;
    char why[400]; /* it was not done */
};

/* The state of the folder as the caller last polled it. A view belongs to one
 * caller. */
struct runs_view {
    const struct run_list *list; /* of the folder that is looked at; NULL: none yet */
    char error[400];             /* why there is none */
    uint64_t answers;            /* orders answered so far, and the latest answer */
    struct run_answer answer;
    uint64_t saves; /* saves of the watched run since watching began */
    long holder;    /* the process that trains it; 0: none */
};
void runs_view_deinit(struct runs_view *v);

/* Returns whether two paths lead to the same directory; false where either does not
 * exist. */
bool runs_same_dir(const char *a, const char *b);
/* The same of paths that end alike, which asks the disk where they are spelled
 * otherwise alone: cheap enough for each row of a list. */
bool runs_same_path(const char *a, const char *b);

struct runs;
/* Starts the thread, which sleeps until it is told what to look at. */
enum err runs_new(struct runs **out, struct errinfo *e) ERR_CHECKED;
void runs_free(struct runs *r); /* NULL is fine; joins the thread */

/* Makes the thread look at this folder from now on; "": at none. A folder that does not
 * exist has no runs. */
void runs_look(struct runs *r, const char *dir);
/* Makes the thread watch the run that is open here, which keeps its place and name; "":
 * none. */
void runs_watch(struct runs *r, const char *run);
/* Queues an order about the folder that is looked at; false when RUNS_ORDERS are
 * waiting. */
enum { RUNS_ORDERS = 40 };
bool runs_order(struct runs *r, const struct run_order *o);

/* Returns the number of unanswered orders, plus one if the folder has not been looked
 * at yet. */
size_t runs_outstanding(struct runs *r);
/* Returns a descriptor that becomes readable when there is something to poll. */
int runs_wake_fd(const struct runs *r);
/* Brings the view up to date, with one answer at most; true if anything changed: poll
 * again then. */
bool runs_poll(struct runs *r, struct runs_view *v);

#endif
