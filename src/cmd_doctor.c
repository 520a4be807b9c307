/* saetop doctor: what a model, a text and an SAE are, and what a run on them takes. */
#include "base/file.h"
#include "base/json.h"
#include "base/mem.h"
#include "browse.h"
#include "cmd.h"
#include "doctor_print.h"
#include "lm/lm.h"
#include "run/doctor.h"
#include "run_name.h"
#include "run_opts.h"
#include "shell_word.h"
#include "state_dir.h"
#include "train/run_open.h"
#include "train/settings_synth.h"

#include <stdio.h>
#include <string.h>

#define OUTPUT_BYTES ((size_t)16 << 20)
#define FITS_MOST    200

struct doctor_args {
    const char *model, *corpus, *sae; /* words of the line, or NULL */
    bool json, is_folder;             /* sae is a folder of SAEs */
    bool refused; /* what went wrong is that the model is not supported */
};

/* ---- the line ---- */

static bool has_one(const char *dir)
{
    return run_is_openable(dir);
}

/* Whether a word is an SAE or a run, in the last place also a folder of them. */
static bool is_sae(const char *word, size_t place)
{
    return has_one(word) || place == 2;
}

static enum err read_words(const struct opts_result *r, struct run_opts *ro,
                           struct doctor_args *a, struct errinfo *e)
{
    for (size_t i = 0; i < r->n_args; i++) {
        const char *word = r->args[i];
        TRY(run_name_resolve(&word, e));
        if (!a->sae && is_sae(word, i)) {
            a->sae = word;
        } else if (i == 0) {
            a->model = word;
            TRY(run_opts_word(ro, setting_key.model, word, e));
        } else if (i == 1) {
            a->corpus = word;
            TRY(run_opts_word(ro, setting_key.corpus, word, e));
        } else {
            return err_set(e, ERR_USAGE,
                           "doctor: found '%s', expected [MODEL [CORPUS]] "
                           "[RUN|SAE|FOLDER]",
                           word);
        }
    }
    if (a->model && file_exists(a->model) && !lm_may_be(a->model)) {
        return err_set(
            e, ERR_MISSING,
            "%s: a file that is no model; a text is given as doctor --corpus "
            "%s, or behind a model: doctor MODEL %s",
            a->model, a->model, a->model);
    }
    if (a->sae && !has_one(a->sae)) {
        if (!file_is_dir(a->sae)) {
            return err_set(e, ERR_MISSING,
                           "%s: no run, SAE or folder of such: see saetop import -h",
                           a->sae);
        }
        a->is_folder = true;
    }
    return OK;
}

/* ---- what is looked at ---- */

/* Drop a run's mask token: it is of the run's own model, and another may have none of
 * that text. */
static void drop_mask(const char *run, struct settings *s)
{
    struct run_record own;
    if (rundir_is(run) && rundir_load_config(run, &own, NULL) == OK &&
        strcmp(own.set.model, s->model) != 0 &&
        strcmp(own.set.mask_token, s->mask_token) == 0) {
        s->mask_token[0] = '\0';
    }
}

/* Make the run's settings. If an SAE is named, they have its architecture and hook. */
static enum err settings_of(const struct doctor_args *a, const struct run_opts *ro,
                            struct settings *out, struct errinfo *e)
{
    struct run_record r;
    if (!a->sae || a->is_folder) {
        TRY(run_opts_settings(ro, out, e));
        return run_opts_explorer(out, false, e);
    }
    TRY(browse_record(a->sae, ro, &r, e));
    *out = r.set;
    run_record_deinit(&r);
    drop_mask(a->sae, out);
    return settings_need_text(out, a->sae, e);
}

/* Add the command to run next: an SAE is explored, else one is trained. */
static void add_next(const struct doctor_args *a, const struct run_opts *ro,
                     struct str *out)
{
    const bool run = a->sae && !a->is_folder && rundir_is(a->sae);
    str_add(out, "saetop");
    if (a->sae && !a->is_folder) {
        str_addc(out, ' ');
        shell_word_add(out, a->sae);
    }
    if (!run) {
        run_opts_again(ro, out);
    }
}

static enum err print_page(const struct doctor_args *a, const struct run_opts *ro,
                           const struct doctor *d, struct str *out, struct errinfo *e)
{
    struct sae_fit asked, *fit = NULL;
    char dir[SETTING_TEXT_MAX] = "";
    struct str next;
    struct doctor_page p = {.d = d, .model = a->model};
    if (a->is_folder) {
        snprintf(dir, sizeof dir, "%s", a->sae);
    } else if (state_dir("runs", dir, sizeof dir, NULL) != OK || !file_is_dir(dir)) {
        dir[0] = '\0';
    }
    p.fit_dir = dir;
    if (a->sae && !a->is_folder) {
        sae_fit_look(a->sae, d->in, &asked);
        p.asked = &asked;
    }
    TRY(sae_fit_list(dir, d->in, FITS_MOST, &fit, &p.n_fit, e));
    p.fit = fit;
    str_init(&next, OUTPUT_BYTES);
    add_next(a, ro, &next);
    p.next = next.len ? next.p : "";
    (a->json ? doctor_add_json : doctor_add_text)(&p, out);
    str_free(&next);
    mem_free(fit);
    return str_err(out, "doctor", e);
}

/* Whether the model itself is unsupported, rather than missing or asked for what it
 * does not have: then loading it alone fails in the same words. */
static bool is_refused(const struct settings *set, const struct errinfo *why)
{
    struct lm *m = NULL;
    struct errinfo again = {0};
    const enum err rc =
        set->source != SOURCE_MODEL ? OK : inputs_load_lm(set, &m, &again);
    lm_free(m);
    return (rc == ERR_FORMAT || rc == ERR_LIMIT || rc == ERR_USAGE) &&
           strcmp(again.msg, why->msg) == 0;
}

static enum err doctor(struct doctor_args *a, const struct run_opts *ro,
                       struct str *out, struct errinfo *e)
{
    struct settings set;
    struct doctor d;
    TRY(settings_of(a, ro, &set, e));
    const enum err looked = doctor_look(&set, &d, e);
    a->refused = looked != OK && is_refused(&set, e);
    TRY(looked);
    const enum err rc = print_page(a, ro, &d, out, e);
    doctor_deinit(&d);
    return rc;
}

/* With --json the answer "no" is printed too; null if something else went wrong. */
static void add_refusal(const struct doctor_args *a, const struct errinfo *e,
                        struct str *out)
{
    str_clear(out);
    str_addf(out, "{\"supported\":%s,\"why\":", a->refused ? "false" : "null");
    json_add_string(out, e->msg, strlen(e->msg));
    str_add(out, "}\n");
}

int cmd_doctor(int argc, char **argv)
{
    struct doctor_args a = {0};
    const struct opt own[] = {
        {"json", OPT_FLAG, &a.json, NULL, "one JSON object", 0, 0, NULL},
    };
    struct run_opts ro;
    const struct opts o = {
        .name = "doctor",
        .usage = "[[MODEL [CORPUS]] [RUN|SAE|FOLDER]] [OPTIONS]",
        .about =
            "What a model is and whether it is supported (if not: exit status 2, and "
            "the kinds that are), how well it knows the text, clean and with masks, "
            "what a run at the hook would take in time and memory, measured for "
            "some seconds, what is missing, and which SAEs fit: the one named, those "
            "in FOLDER or, without, where the explorer saves. Ends with the command "
            "to go on with. Without MODEL that of the run, or the bundled sample.",
        .max_args = 3,
    };
    struct opts_result parsed;
    struct errinfo e = {0};
    struct str out;
    int status = 0;
    if (!run_opts_begin(&ro, o, own, sizeof own / sizeof own[0], argc, argv, &parsed,
                        &status)) {
        return status;
    }
    str_init(&out, OUTPUT_BYTES);
    enum err rc = read_words(&parsed, &ro, &a, &e);
    rc = rc == OK ? doctor(&a, &ro, &out, &e) : rc;
    if (rc != OK && a.json) {
        add_refusal(&a, &e, &out);
        (void)cmd_print(&out);
        return cmd_fail(rc, &e);
    }
    return cmd_end(rc, &e, &out, a.json);
}
