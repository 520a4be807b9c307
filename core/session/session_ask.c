/* Requests that the trainer hands to the job thread, with the frozen copies that they
 * read. */
#include "base/mem.h"
#include "session/session_priv.h"

/* Finds the SAE of the arm that a command is about; checks that it has the latent. */
enum err session_find_sae(const struct session *s, const struct command *c,
                          const struct sae **out, struct errinfo *e)
{
    const size_t arms = s->engine ? s->engine->n_arms : s->n_records;
    if (c->arm >= arms) {
        return err_set(e, ERR_USAGE, "there is no arm %zu, expected one of %zu", c->arm,
                       arms);
    }
    *out = s->engine ? s->engine->arm[c->arm].arm->sae : s->record[c->arm].sae;
    const bool is_latent = c->kind == COMMAND_DETAIL || c->kind == COMMAND_LABEL;
    if (is_latent && (c->latent < 0 || (size_t)c->latent >= (*out)->F)) {
        return err_set(e, ERR_USAGE, "latent: found %d, expected 0 to %zu", c->latent,
                       (*out)->F - 1);
    }
    return OK;
}

/* Makes a frozen copy of the other arm, to pair latents with. */
static enum err freeze_other(const struct session *s, const struct command *c,
                             struct sae **out, struct errinfo *e)
{
    const struct sae *live = NULL;
    const struct command other = {.kind = COMMAND_PARTNERS, .arm = (size_t)c->at};
    TRY(session_find_sae(s, &other, &live, e));
    return s->engine ? arm_freeze(s->engine->arm[other.arm].arm, out, e)
                     : sae_copy(live, out, e);
}

/* Sends a job with a frozen copy of the arm it asks about. */
enum err session_ask_of_arm(struct session *s, const struct command *c,
                            struct errinfo *e)
{
    const struct sae *live = NULL;
    TRY(session_find_sae(s, c, &live, e));
    struct job job = {.command = *c};
    TRY(s->engine ? arm_freeze(s->engine->arm[c->arm].arm, &job.sae, e)
                  : sae_copy(live, &job.sae, e));
    job.step = s->engine ? engine_step_count(s->engine) : s->record[c->arm].step;
    if (c->kind == COMMAND_PARTNERS) {
        const enum err other = freeze_other(s, c, &job.other, e);
        if (other != OK) {
            session_job_deinit(&job);
            return other;
        }
    }
    session_send_job(s, &job);
    return OK;
}

/* Requests about a comparison: to make one, or to describe a pair of its latents. */
enum err session_ask_comparison(struct session *s, const struct command *c,
                                struct errinfo *e)
{
    struct job job = {.command = *c};
    TRY(c->kind == COMMAND_COMPARE
            ? session_compare_gather(s, c->text[0] != '\0', &job.compare, e)
            : OK);
    session_send_job(s, &job);
    return OK;
}
