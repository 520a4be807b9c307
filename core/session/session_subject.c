/* The subject of prompts: the model with a frozen copy of an arm's SAE, the thread that
 * answers, and texts to start with. */
#include "lm/lm_chat.h"
#include "session/session_priv.h"

#include <stdio.h>
#include <string.h>

static void wake(void *user)
{
    struct session *s = user;
    pthread_mutex_lock(&s->mu);
    session_wake_locked(s);
    pthread_mutex_unlock(&s->mu);
}

void session_begin_asking(struct session *s)
{
    struct errinfo e = {0};
    if (!s->in->lm) { /* nobody can be asked */
        return;
    }
    if (ask_worker_new(wake, s, &s->asker, &e) != OK) {
        session_say(s, true, "prompts are not answered: %s", e.msg);
        return;
    }
    pthread_mutex_lock(&s->mu);
    s->pub.asker = s->asker;
    session_wake_locked(s);
    pthread_mutex_unlock(&s->mu);
}

/* Does so once, as it opens the model's files again. */
static void look_for_chat(struct session *s)
{
    if (!s->chat_known) {
        const enum err rc = lm_chat(s->in->lm, &s->chat, &s->chat_why);
        (void)rc; /* chat_why says it */
        s->chat_known = true;
    }
}

/* Publishes a subject, whose reference is taken over, in place of the present one. */
static void publish(struct session *s, const struct job *job,
                    struct ask_subject *subject)
{
    pthread_mutex_lock(&s->mu);
    struct ask_subject *old = s->subject;
    s->subject = subject;
    s->subject_arm = job->command.arm;
    s->subject_step = job->step;
    session_wake_locked(s);
    pthread_mutex_unlock(&s->mu);
    ask_subject_unref(old);
}

enum err session_show_subject(struct session *s, const struct job *job,
                              struct latent_table *table, struct ask_rows *text,
                              struct errinfo *e)
{
    struct ask_subject *subject = NULL;
    look_for_chat(s);
    struct ask_parts parts = {.lm = s->in->lm,
                              .hook = s->in->hook,
                              .mask_token = s->in->mask_token,
                              .table = table,
                              .text = text,
                              .chat = s->chat,
                              .chat_why = s->chat_why.msg};
    TRY(sae_copy(job->sae, &parts.sae, e));
    TRY(ask_subject_new(&parts, &subject, e));
    publish(s, job, subject);
    return OK;
}

/* Only this thread makes subjects: it may read the present one without the lock. */
enum err session_describe_subject(struct session *s, const struct job *job,
                                  struct latent_table *table, struct errinfo *e)
{
    struct ask_subject *subject = NULL;
    const bool same = s->subject && s->subject_arm == job->command.arm &&
                      s->subject_step == job->step;
    if (same && s->subject->table != table) {
        TRY(ask_subject_described(s->subject, table, &subject, e));
        publish(s, job, subject);
    }
    return OK;
}

/* Returns where a text of tokens ids[n] may end: after the first token that ends a
 * sentence after a few words, else after as many as fit. */
static size_t example_end(const struct tok *t, const int32_t *ids, size_t n)
{
    enum { FEW = 6, MANY = 24 };
    for (size_t i = 0; i < n && i < MANY; i++) {
        size_t len = 0;
        const char *piece = tok_piece_view(t, ids[i], &len);
        if (i >= FEW && len > 0 && strchr(".!?\n", piece[len - 1])) {
            return i + 1;
        }
    }
    return n < MANY ? n : MANY;
}

/* Makes an example of a row's beginning, without what the tokenizer adds there; "": too
 * long. */
static void make_example(const struct tok *t, const int32_t *ids, size_t n,
                         char out[VIEW_EXAMPLE_MAX])
{
    size_t from = 0;
    while (from < n && acts_is_special(t, ids[from])) {
        from++;
    }
    struct str text;
    str_init(&text, VIEW_EXAMPLE_MAX - 1);
    tok_decode(t, ids + from, example_end(t, ids + from, n - from), &text);
    const char *p = text.p ? text.p : "";
    snprintf(out, VIEW_EXAMPLE_MAX, "%s", p + strspn(p, " \n"));
    str_free(&text);
}

void session_show_examples(struct session *s, const struct acts_set *set)
{
    char example[VIEW_EXAMPLES][VIEW_EXAMPLE_MAX] = {{0}};
    size_t n = 0;
    for (size_t r = 0; r < set->rows && n < VIEW_EXAMPLES; r++) {
        make_example(s->in->lm->tok, set->ids + r * set->T, set->T, example[n]);
        n += example[n][0] ? 1U : 0U;
    }
    pthread_mutex_lock(&s->mu);
    memcpy(s->pub.example, example, sizeof example);
    session_wake_locked(s);
    pthread_mutex_unlock(&s->mu);
}
