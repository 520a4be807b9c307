#include "browse.h"

#include "cmd.h"
#include "num/blas.h"
#include "samples_dir.h"
#include "train/run_open.h"
#include "train/settings_synth.h"

/* Replace settings that the run recorded by those that the user named. */
static enum err override(const struct settings *named, struct settings *s,
                         struct errinfo *e)
{
    size_t n = 0;
    const struct setting_def *t = settings_table(&n);
    for (size_t i = 0; i < n; i++) {
        struct str value;
        if (!settings_given(named, t[i].key)) {
            continue;
        }
        str_init(&value, SETTING_VALUE_MAX);
        settings_print(named, &t[i], &value);
        const enum err rc = settings_set(s, t[i].key, value.len ? value.p : "",
                                         settings_origin(named, &t[i]), e);
        str_free(&value);
        TRY(rc);
    }
    return OK;
}

enum err browse_record(const char *path, const struct run_opts *ro,
                       struct run_record *out, struct errinfo *e)
{
    struct settings set, named;
    struct run_record r;
    TRY(run_opts_settings(ro, &set, e));
    TRY(run_opts_given(ro, &named, e));
    TRY(run_open(path, &set, &named, &r, e));
    enum err rc = override(&named, &r.set, e);
    if (rc == OK) {
        rc = samples_dir(r.set.samples_dir, sizeof r.set.samples_dir, e);
    }
    if (rc != OK) {
        run_record_deinit(&r);
        return rc;
    }
    *out = r;
    return OK;
}

/* Find the mask token: the one that the run names, else the tokenizer's own; -1:
 * none. */
static enum err find_mask(struct browse_lm *b, struct errinfo *e)
{
    const char *named = b->record.set.mask_token;
    b->mask_token = -1;
    if (!named[0] && tok_mask(b->lm->tok) < 0) {
        return OK;
    }
    return mask_token_find(b->lm->tok, named, &b->mask_token, e);
}

enum err browse_lm_open(const char *path, const struct run_opts *ro,
                        struct browse_lm *b, struct errinfo *e)
{
    struct remarks remarks = {0};
    *b = (struct browse_lm){.mask_token = -1};
    TRY(browse_record(path, ro, &b->record, e));
    const struct settings *s = &b->record.set;
    TRY(settings_need_text(s, path, e));
    TRY(num_ready(e));
    TRY(inputs_load_lm(s, &b->lm, e));
    TRY(lm_hook_parse(s->hook, &b->lm->cfg, &b->hook, e));
    TRY(find_mask(b, e));
    const size_t width = lm_hook_width(&b->lm->cfg, b->hook);
    if (b->record.sae->D != width) {
        return err_set(e, ERR_FORMAT,
                       "%s: the SAE reads %zu dimensions, the model has %zu", path,
                       b->record.sae->D, width);
    }
    run_record_model_remarks(&b->record, b->lm, &remarks);
    cmd_remarks(path, &remarks);
    return OK;
}

void browse_lm_close(struct browse_lm *b)
{
    lm_free(b->lm);
    run_record_deinit(&b->record);
}

/* Make a subject, moving the record's SAE into p. */
static enum err take_subject(struct run_record *r, struct ask_parts p,
                             struct ask_subject **out, struct errinfo *e)
{
    p.sae = r->sae;
    r->sae = NULL;
    return ask_subject_new(&p, out, e);
}

enum err browse_lm_subject(struct browse_lm *b, struct ask_subject **out,
                           struct errinfo *e)
{
    const struct ask_parts p = {
        .lm = b->lm, .hook = b->hook, .mask_token = b->mask_token};
    return take_subject(&b->record, p, out, e);
}

enum err browse_inputs(const char *path, const struct run_opts *ro, struct browse *b,
                       struct errinfo *e)
{
    struct remarks remarks = {0};
    *b = (struct browse){0};
    TRY(browse_record(path, ro, &b->record, e));
    TRY(settings_need_text(&b->record.set, path, e));
    TRY(inputs_new(&b->record.set, NULL, &b->in, e));
    cmd_remarks(NULL, &b->in->remarks);
    TRY(run_record_fit(&b->record, path, b->in, e));
    run_record_remarks(&b->record, b->in, &remarks);
    cmd_remarks(path, &remarks);
    return OK;
}

static void say_measured(const char *path, const struct browse *b)
{
    struct remarks remarks = {0};
    const struct sae_measured m = latent_table_measured(b->table);
    sae_remarks(b->record.sae, run_record_says_k(&b->record), &m, &remarks);
    cmd_remarks(path, &remarks);
}

enum err browse_open(const char *path, const struct run_opts *ro, struct browse *b,
                     struct errinfo *e)
{
    TRY(browse_inputs(path, ro, b, e));
    TRY(acts_set_new(b->in->h, b->in->corpus, CORPUS_HELDOUT, b->in->lm->tok,
                     (size_t)b->in->set.browse_rows, &b->set, e));
    TRY(latent_table_new(b->record.sae, b->set, b->in->concepts, b->record.step,
                         b->in->pool, NULL, &b->table, e));
    TRY(names_init(&b->names, b->in->lm->tok, b->in->concepts, e));
    say_measured(path, b);
    return OK;
}

void browse_close(struct browse *b)
{
    names_deinit(&b->names);
    concept_table_unref(b->concepts);
    latent_table_unref(b->table);
    acts_set_free(b->set);
    inputs_free(b->in);
    run_record_deinit(&b->record);
}

enum err browse_concepts(const char *path, struct browse *b, struct errinfo *e)
{
    char file[RUNDIR_PATH];
    if (!rundir_is(path) || !b->in->concepts) {
        return OK;
    }
    enum err rc = rundir_file(path, "eval.json", file, e);
    rc = rc == OK
             ? concept_table_load(file, b->in->concepts, b->table->F, &b->concepts, e)
             : rc;
    if (rc != OK && rc != ERR_NOMEM) { /* latents can be looked at without */
        cmd_say(stderr, "saetop: %s", e->msg);
        rc = OK;
    }
    return rc;
}

enum err browse_subject(struct browse *b, struct ask_subject **out, struct errinfo *e)
{
    const struct ask_parts p = {.lm = b->in->lm,
                                .hook = b->in->hook,
                                .mask_token = b->in->mask_token,
                                .table = b->table};
    return take_subject(&b->record, p, out, e);
}

enum err browse_labels(const char *path, size_t F, struct latent_labels **out,
                       struct errinfo *e)
{
    return rundir_is(path) ? latent_labels_load(path, F, out, e) : OK;
}
