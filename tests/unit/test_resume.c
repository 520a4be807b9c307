/* [full] Runs that survive: resumed at any step they end with the same bytes;
 * saves are whole or nothing; other inputs, a full disk and a second process are
 * refused. */
#include "base/safetensors.h"
#include "num/kern.h"
#include "num/linear.h"
#include "unit/resumed.h"

#include <fcntl.h>
#include <math.h>
#include <signal.h>
#include <sys/resource.h>

static void a_resumed_run_ends_with_the_same_bytes(void **state)
{
    (void)state;
    static const int64_t stops[] = {1, 5, 10, 12, 15, 23};
    char dir[256], run[512];
    struct errinfo e;
    struct settings set = run_settings(1);
    struct engine *whole = start_engine(&set);
    run_to(whole, STEPS + 6);
    tmp_make(dir, sizeof dir);
    tmp_path(run, dir, "run");

    set.threads = 3;
    struct engine *g = start_engine(&set);
    for (size_t i = 0; i < sizeof stops / sizeof stops[0]; i++) {
        run_to(g, stops[i]);
        assert_ok(engine_save(g, run, &e), &e);
        engine_free(g);
        struct settings given;
        settings_init(&given);
        assert_ok(settings_set(&given, "threads", i % 2 ? "2" : "1",
                               from_program("test"), &e),
                  &e);
        g = resume(run, &given);
        assert_int_equal(engine_step_count(g), stops[i]);
        assert_int_equal(g->in->set.threads, i % 2 ? 2 : 1);
    }
    run_to(g, STEPS + 6);
    assert_same_arms(whole, g);
    assert_true(engine_done(g));
    /* The logs are the same, with no row twice. */
    const struct history *a = &whole->arm[0].history, *b = &g->arm[0].history;
    assert_int_equal(a->rows, b->rows);
    for (size_t r = 0; r < a->rows; r++) {
        const double x = a->row[r].v[METRIC_LOSS], y = b->row[r].v[METRIC_LOSS];
        assert_true(fabs(x - y) <= 1e-8 * fabs(x));
        assert_true(fabs(a->row[r].v[METRIC_STEP] - b->row[r].v[METRIC_STEP]) < 0.5);
    }
    engine_free(whole);
    engine_free(g);
    drop_run(run);
    tmp_drop(dir);
}

/* Whatever an architecture adds to the state: schedules, thresholds, revived latents.
 */
static void every_architecture_resumes(void **state)
{
    (void)state;
    char dir[256], run[512], names[512], *save = NULL;
    struct errinfo e;
    tmp_make(dir, sizeof dir);
    tmp_path(run, dir, "run");
    snprintf(names, sizeof names, "%s", sae_arch_names());
    for (char *arch = strtok_r(names, ", ", &save); arch;
         arch = strtok_r(NULL, ", ", &save)) {
        struct settings set = sample_settings(14);
        set.fill_rows = 8;
        set.dead_after = 2;
        set.log_every = 100;
        assert_ok(settings_set(&set, "arch", arch, from_program("test"), &e), &e);
        struct engine *g = start_engine(&set);
        for (int i = 0; i < 7; i++) {
            assert_ok(engine_step(g, &e), &e);
        }
        assert_ok(engine_save(g, run, &e), &e);
        dirlocks_release(&g->locks, 0);
        struct engine *late = resume(run, NULL);
        while (!engine_done(g)) {
            assert_ok(engine_step(g, &e), &e);
            assert_ok(engine_step(late, &e), &e);
        }
        assert_same_arms(g, late);
        engine_free(late);
        engine_free(g);
        drop_run(run);
    }
    tmp_drop(dir);
}

static void a_fork_resumes_with_its_past(void **state)
{
    (void)state;
    char dir[256], run[512];
    struct errinfo e;
    struct settings set = run_settings(2);
    set.twin = TWIN_NONE;
    struct engine *whole = start_engine(&set);
    tmp_make(dir, sizeof dir);
    tmp_path(run, dir, "run");
    while (engine_step_count(whole) < 7) {
        assert_ok(engine_step(whole, &e), &e);
    }
    assert_ok(engine_fork(whole, &e), &e);
    assert_ok(engine_save(whole, run, &e), &e);
    dirlocks_release(&whole->locks, 0);
    struct engine *g = resume(run, NULL);
    assert_int_equal(g->arm[1].arm->state.forked_at, 7);
    while (!engine_done(g)) {
        assert_ok(engine_step(g, &e), &e);
        assert_ok(engine_step(whole, &e), &e);
    }
    assert_same_arms(whole, g);
    engine_free(whole);
    engine_free(g);
    drop_run(run);
    tmp_drop(dir);
}

/* The directory is moved away while the run goes on, or another takes its place. */
static void a_directory_that_is_gone_is_made_again(void **state)
{
    (void)state;
    char dir[256], run[512], moved[512], file[600];
    struct errinfo e;
    struct settings set = run_settings(2);
    set.twin = TWIN_NONE;
    struct engine *g = start_engine(&set);
    tmp_make(dir, sizeof dir);
    tmp_path(run, dir, "run");
    tmp_path(moved, dir, "moved");
    run_to(g, 3);
    assert_ok(engine_save(g, run, &e), &e);
    assert_int_equal(rename(run, moved), 0);
    run_to(g, 5);
    assert_ok(engine_save(g, run, &e), &e);
    drop_run(run);
    assert_int_equal(mkdir(run, 0700), 0);
    snprintf(file, sizeof file, "%s/metrics.csv", run);
    assert_ok(file_write_text(file, "mine", &e), &e);
    assert_int_equal(engine_save(g, run, &e), ERR_EXISTS);
    assert_int_equal(file_size(file), 4);
    dirlocks_release(&g->locks, 0);
    engine_free(g);
    struct engine *late = resume(moved, NULL);
    assert_int_equal(engine_step_count(late), 3);
    engine_free(late);
    drop_run(moved);
    drop_run(run);
    tmp_drop(dir);
}

/* Killed between saving one arm and the other. */
static void arms_that_are_apart_come_together(void **state)
{
    (void)state;
    char dir[256], run[512];
    struct errinfo e;
    const struct settings set = run_settings(2);
    struct engine *g = start_engine(&set);
    tmp_make(dir, sizeof dir);
    tmp_path(run, dir, "run");
    run_to(g, 3);
    assert_ok(engine_save(g, run, &e), &e);
    run_to(g, 9);
    const struct arm_names names = {.others = ARM_NAME_TWIN};
    assert_ok(rundir_save(run, g->arm[0].arm, &g->arm[0].history, NULL, &names, &e),
              &e);
    run_to(g, STEPS);
    dirlocks_release(&g->locks, 0);

    struct engine *late = resume(run, NULL);
    assert_int_equal(engine_step_count(late), 3);
    assert_int_equal(arm_steps_done(late->arm[0].arm), 9);
    /* The second arm's own changes were made while the first waited. */
    while (engine_step_count(late) < 9) {
        if (engine_step_count(late) == 6) {
            tune_second(late);
        }
        assert_ok(engine_step(late, &e), &e);
    }
    run_to(late, STEPS);
    assert_same_arms(g, late);
    engine_free(late);
    engine_free(g);
    drop_run(run);
    tmp_drop(dir);
}

/* Every state in which a save can be interrupted. */
static void an_interrupted_save_is_whole_or_nothing(void **state)
{
    (void)state;
    static const char *const files[] = {"cfg.json", "sae_weights.safetensors",
                                        "metrics.csv"};
    char dir[256], run[512], a[RUNDIR_PATH + 1200], b[1200];
    struct errinfo e;
    struct settings set = run_settings(2);
    set.twin = TWIN_NONE;
    struct engine *g = start_engine(&set);
    tmp_make(dir, sizeof dir);
    tmp_path(run, dir, "run");
    run_to(g, 2);
    assert_ok(engine_save(g, run, &e), &e);
    snprintf(a, sizeof a, "%s/notes.md", run);
    assert_ok(file_write_text(a, "mine\n", &e), &e);
    run_to(g, 3);

    /* Before the rename: the old one stands. */
    char saving[RUNDIR_PATH];
    assert_ok(save_begin(run, saving, &e), &e);
    snprintf(a, sizeof a, "cp %s/config.json %s/cfg.json", run, saving);
    assert_int_equal(system(a), 0);
    assert_int_equal(step_of(run), 2);
    assert_false(rundir_is(saving));
    assert_ok(rundir_save(run, g->arm[0].arm, &g->arm[0].history, NULL, NULL, &e), &e);
    assert_int_equal(step_of(run), 3);

    /* After it, with some files moved: the new one. */
    run_to(g, 4);
    assert_ok(rundir_save(run, g->arm[0].arm, &g->arm[0].history, NULL, NULL, &e), &e);
    dirlocks_release(&g->locks, 0);
    for (size_t moved = 0; moved <= sizeof files / sizeof files[0]; moved++) {
        snprintf(
            a, sizeof a,
            "cd %s && mkdir .saved && mv *.json *.safetensors *.csv .saved && "
            "cp .saved/*.json . && sed -i 's/\"step\":.*/\"step\": 1,/' config.json",
            run);
        assert_int_equal(system(a), 0);
        for (size_t i = 0; i < moved; i++) {
            snprintf(a, sizeof a, "%s/.saved/%s", run, files[i]);
            snprintf(b, sizeof b, "%s/%s", run, files[i]);
            assert_int_equal(rename(a, b), 0);
        }
        /* A reader reads it where it is; a writer finishes the move. */
        snprintf(a, sizeof a, "%s/.saved", run);
        assert_int_equal(step_of(run), 4);
        assert_true(rundir_is(run) && file_is_dir(a));
        int lock = -1;
        assert_ok(rundir_lock(run, &lock, &e), &e);
        rundir_unlock(run, lock);
        assert_false(file_exists(a));
        assert_int_equal(step_of(run), 4);
    }
    struct engine *late = resume(run, NULL);
    assert_same_arms(g, late);
    snprintf(a, sizeof a, "%s/notes.md", run);
    assert_true(file_exists(a));
    engine_free(late);
    engine_free(g);
    drop_run(run);
    tmp_drop(dir);
}

/* Swap number 5 of a state's schedule, the steps queued, which is an index, with
 * *value. */
static void swap_queued(const char *path, double *value)
{
    struct errinfo e;
    char *data = NULL;
    size_t len = 0;
    double was;
    struct st_file *f = NULL;
    assert_ok(file_read(path, 1u << 28, &data, &len, &e), &e);
    assert_ok(st_parse((const uint8_t *)data, len, path, &f, &e), &e);
    const struct st_tensor *t = st_find(f, "schedule");
    assert_non_null(t);
    char *at = data + ((const char *)t->data - data) + 5 * sizeof was;
    memcpy(&was, at, sizeof was);
    memcpy(at, value, sizeof was);
    *value = was;
    st_close(f);
    assert_ok(file_write(path, &(struct file_piece){data, len}, 1, &e), &e);
    mem_free(data);
}

/* Swap element `at` of a tensor of floats in the file with *value. */
static void swap_element(const char *path, const char *name, size_t at, float *value)
{
    struct errinfo e;
    char *data = NULL;
    size_t len = 0;
    float was;
    struct st_file *f = NULL;
    assert_ok(file_read(path, (size_t)1 << 28, &data, &len, &e), &e);
    assert_ok(st_parse((const uint8_t *)data, len, path, &f, &e), &e);
    const struct st_tensor *t = st_find(f, name);
    assert_non_null(t);
    char *p = data + ((const char *)t->data - data) + at * sizeof was;
    memcpy(&was, p, sizeof was);
    memcpy(p, value, sizeof was);
    *value = was;
    assert_ok(file_write(path, &(struct file_piece){data, len}, 1, &e), &e);
    st_close(f);
    mem_free(data);
}

static void what_does_not_fit_is_refused(void **state)
{
    (void)state;
    char dir[256], run[512], other[600];
    struct errinfo e = {0};
    struct settings set = run_settings(2), given;
    const char *samples = getenv("SAETOP_SAMPLES");
    struct engine *g = start_engine(&set), *none = NULL;
    tmp_make(dir, sizeof dir);
    tmp_path(run, dir, "run");
    check_error(engine_resume(run, NULL, samples, NULL, &none, &e), ERR_MISSING, &e,
                "no such run directory");
    run_to(g, 2);
    assert_ok(engine_save(g, run, &e), &e);
    check_error(engine_resume(run, NULL, samples, NULL, &none, &e), ERR_USAGE, &e,
                "in use by process");
    engine_free(g);

    static const char *const wrong[][3] = {
        {"k", "5", "k is '4' in this run"},
        {"seed", "2", "seed is '1'"},
        {"hook", "blocks.0.hook_resid_post", "hook is"},
        {"corpus", "/some/text.txt", "corpus is"},
        {"steps", "10", "expected the 24 planned"},
        {"mask.rate", "0.2", "mask.rate is"},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        settings_init(&given);
        assert_ok(
            settings_set(&given, wrong[i][0], wrong[i][1], from_program("test"), &e),
            &e);
        check_error(engine_resume(run, &given, samples, NULL, &none, &e), ERR_USAGE, &e,
                    wrong[i][2]);
    }
    settings_init(&given);
    assert_ok(settings_set(&given, "steps", "40", from_program("test"), &e), &e);
    g = resume(run, &given);
    assert_int_equal(g->steps, 40);
    engine_free(g);

    /* A number in the state that no run can have, the state cut short, then gone. */
    snprintf(other, sizeof other, "%s/trainer_state.safetensors", run);
    double queued = 1e8;
    swap_queued(other, &queued);
    check_error(engine_resume(run, NULL, samples, NULL, &none, &e), ERR_FORMAT, &e,
                "trainer_state.safetensors: schedule: found");
    swap_queued(other, &queued);
    static const char *const floats[] = {"weights", "adam_m", "adam_v"};
    for (size_t i = 0; i < 3; i++) {
        char part[96];
        float none_such = NAN;
        snprintf(part, sizeof part, "trainer_state.safetensors: %s: found nan at [%zu]",
                 floats[i], 3 + i);
        swap_element(other, floats[i], 3 + i, &none_such);
        check_error(engine_resume(run, NULL, samples, NULL, &none, &e), ERR_FORMAT, &e,
                    part);
        swap_element(other, floats[i], 3 + i, &none_such);
    }
    /* A width that the file has no weights for: nothing of its size is allocated. */
    struct run_state wide = {0};
    assert_ok(runstate_open(run, &wide, &e), &e);
    wide.set.width = 4194304;
    struct inputs *in = NULL;
    struct arm *arm = NULL;
    assert_ok(inputs_new(&set, NULL, &in, &e), &e);
    check_error(runstate_arm(&wide, run, in, &arm, &e), ERR_FORMAT, &e,
                "too few for 4194304 latents");
    assert_null(arm);
    inputs_free(in);
    runstate_close(&wide);
    assert_int_equal(truncate(other, file_size(other) / 2), 0);
    check_error(engine_resume(run, NULL, samples, NULL, &none, &e), ERR_FORMAT, &e,
                "trainer_state.safetensors");
    assert_int_equal(unlink(other), 0);
    check_error(engine_resume(run, NULL, samples, NULL, &none, &e), ERR_MISSING, &e,
                "trainer_state.safetensors");
    assert_null(none);
    drop_run(run);
    tmp_drop(dir);
}

/* The state as it was written before a model's products had an order of their own,
 * which recorded none: blanks in its place. */
static void forget_products(const char *run)
{
    static const char name[] = "\"kernels\":", part[] = ", products ";
    char path[512], *data = NULL;
    struct errinfo e;
    size_t len = 0;
    assert_ok(file_read(tmp_path(path, run, "trainer_state.safetensors"), 1u << 28,
                        &data, &len, &e),
              &e);
    char *p = strstr(data + 8, name); /* behind the header's length */
    assert_non_null(p);
    p = strstr(p, part);
    assert_non_null(p);
    char *end = strchr(p, '"');
    memset(p, ' ', (size_t)(end - p) + 1);
    *p = '"';
    assert_ok(file_write(path, &(struct file_piece){data, len}, 1, &e), &e);
    mem_free(data);
}

/* Of a run that goes on with the kernels that it had nothing is said; where sums were
 * in another order it says what they were and are, and the run's events keep it. */
static void another_order_of_sums_is_said(void **state)
{
    (void)state;
    char dir[256], run[512];
    struct errinfo e;
    const struct settings set = run_settings(2);
    tmp_make(dir, sizeof dir);
    tmp_path(run, dir, "run");
    struct engine *g = start_engine(&set);
    run_to(g, 2);
    assert_ok(engine_save(g, run, &e), &e);
    engine_free(g);
    g = resume(run, NULL);
    assert_string_equal(g->warning, "");
    engine_free(g);

    forget_products(run);
    g = resume(run, NULL);
    char was[96], says[1024];
    snprintf(was, sizeof was, "%s, OpenBLAS %s", num_kern_name(), num_blas_core());
    snprintf(
        says, sizeof says,
        "%s goes on, but not to the same bytes: its kernels were %s, here they are "
        "%s, products %s",
        run, was, was, linear_name(LINEAR_F32));
    assert_string_equal(g->warning, says);
    assert_ok(engine_save(g, run, &e), &e);
    engine_free(g);
    g = resume(run, NULL);
    assert_string_equal(g->warning, "");
    for (size_t i = 0; i < g->n_arms; i++) {
        const struct history *h = &g->arm[i].history;
        size_t found = 0;
        for (size_t k = 0; k < h->events; k++) {
            found += strcmp(h->event[k].kind, "resumed") == 0 &&
                     strstr(h->event[k].detail, strstr(says, "its kernels")) != NULL;
        }
        assert_int_equal(found, 1);
    }
    engine_free(g);
    drop_run(run);
    tmp_drop(dir);
}

/* The text that a run was trained on has been edited since. */
static void changed_text_is_refused(void **state)
{
    (void)state;
    char dir[256], run[512], text[512];
    struct errinfo e = {0};
    struct settings set = run_settings(2);
    tmp_make(dir, sizeof dir);
    tmp_path(run, dir, "run");
    tmp_path(text, dir, "text.txt");
    char *words = NULL;
    size_t len = 0;
    assert_ok(mem_new(&words, 1, 60000, "text", &e), &e);
    for (int i = 0; i < 900; i++) {
        len += (size_t)sprintf(words + len, "The dog number %d ran home.\n%s", i,
                               i % 5 ? "" : "\n");
    }
    assert_ok(file_write_text(text, words, &e), &e);
    snprintf(set.corpus, sizeof set.corpus, "%s", text);
    struct engine *g = start_engine(&set), *none = NULL;
    assert_ok(engine_save(g, run, &e), &e);
    engine_free(g);
    words[5] = 'x';
    assert_ok(file_write_text(text, words, &e), &e);
    check_error(engine_resume(run, NULL, getenv("SAETOP_SAMPLES"), NULL, &none, &e),
                ERR_USAGE, &e, "text.txt has changed since");
    mem_free(words);
    unlink(text);
    drop_run(run);
    tmp_drop(dir);
}

/* Replace `was` by `is` in a file. */
static void edit(const char *path, const char *was, const char *is)
{
    struct errinfo e = {0};
    struct str s;
    char *text = NULL;
    assert_ok(file_read_text(path, (size_t)4 << 20, &text, &e), &e);
    const char *at = strstr(text, was);
    assert_non_null(at);
    str_init(&s, (size_t)8 << 20);
    str_addf(&s, "%.*s%s%s", (int)(at - text), text, is, at + strlen(was));
    assert_ok(file_write_text(path, s.p, &e), &e);
    str_free(&s);
    mem_free(text);
}

/* A grammar's tasks of probes are no part of the text that a run was trained on; of a
 * record of the file as a whole it is not known what has changed. */
static void other_probe_tasks_are_no_other_text(void **state)
{
    (void)state;
    char dir[256], run[512], text[512], command[1200];
    struct errinfo e = {0};
    struct settings set = run_settings(2);
    tmp_make(dir, sizeof dir);
    tmp_path(run, dir, "run");
    tmp_path(text, dir, "a.grammar.json");
    snprintf(command, sizeof command, "cp '%s/storybook.grammar.json' '%s'",
             getenv("SAETOP_SAMPLES"), text);
    assert_int_equal(system(command), 0);
    snprintf(set.corpus, sizeof set.corpus, "%s", text);
    snprintf(set.ood, sizeof set.ood, "%s#report", text);
    struct engine *g = start_engine(&set), *none = NULL;
    assert_ok(engine_save(g, run, &e), &e);
    engine_free(g);
    edit(text, "{\"name\": \"food\", \"yes\": \"food\"},", "");
    g = resume(run, NULL);
    struct run_record r = {0};
    struct remarks remarks = {0};
    assert_ok(rundir_load(run, &r, &e), &e);
    run_record_remarks(&r, g->in, &remarks);
    assert_int_equal(remarks.n, 0);
    r.corpus_hash++;
    run_record_remarks(&r, g->in, &remarks);
    assert_int_equal(remarks.n, 1);
    assert_non_null(strstr(remarks.line[0], "trained on another text than"));
    assert_non_null(strstr(remarks.line[0], "recorded its probe tasks too"));
    run_record_deinit(&r);
    engine_free(g);
    edit(text, "There once was {a trait}", "There was {a trait}");
    check_error(engine_resume(run, NULL, getenv("SAETOP_SAMPLES"), NULL, &none, &e),
                ERR_USAGE, &e, "a.grammar.json has changed since");
    assert_non_null(strstr(e.msg, "recorded its probe tasks too"));
    unlink(text);
    drop_run(run);
    tmp_drop(dir);
}

/* A full disk, as a limit on the size of files: the save before stays as it was. */
static void a_full_disk_loses_nothing(void **state)
{
    (void)state;
    char dir[256], run[512], path[RUNDIR_PATH];
    struct errinfo e = {0};
    const struct settings set = run_settings(2);
    struct engine *g = start_engine(&set);
    tmp_make(dir, sizeof dir);
    tmp_path(run, dir, "run");
    run_to(g, 3);
    assert_ok(engine_save(g, run, &e), &e);
    run_to(g, 5);
    struct rlimit was, tight;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &was), 0);
    (void)signal(SIGXFSZ, SIG_IGN);
    const size_t events = g->arm[0].history.events;
    for (rlim_t bytes = 0; bytes <= 40000; bytes += 8000) {
        tight = (struct rlimit){bytes, was.rlim_max};
        assert_int_equal(setrlimit(RLIMIT_FSIZE, &tight), 0);
        const enum err rc = engine_save(g, run, &e);
        assert_int_equal(setrlimit(RLIMIT_FSIZE, &was), 0);
        check_error(rc, ERR_IO, &e, run);
        assert_int_equal(step_of(run), 3);
        assert_int_equal(g->arm[0].history.events, events);
        snprintf(path, sizeof path, "%s/.saving", run);
        assert_false(file_exists(path));
    }
    assert_ok(engine_save(g, run, &e), &e);
    assert_int_equal(step_of(run), 5);
    check_error(engine_save(g, "/proc/saetop-no-such-place", &e), ERR_MISSING, &e,
                "/proc/saetop-no-such-place: can't create: ");
    engine_free(g);
    drop_run(run);
    tmp_drop(dir);
}

static void checkpoints_are_kept(void **state)
{
    (void)state;
    char dir[256], run[512], path[1200];
    struct errinfo e = {0};
    struct settings set = run_settings(2);
    set.checkpoint_every = 4;
    set.checkpoint_keep = 8;
    set.eval_every = 6;
    struct engine *g = start_engine(&set);
    struct eval_set *eval = NULL;
    tmp_make(dir, sizeof dir);
    tmp_path(run, dir, "run");
    assert_ok(engine_eval_set(g->in, g->in->h, g->in->pool, NULL, &eval, &e), &e);
    g->eval_set = eval;
    assert_ok(engine_save(g, run, &e), &e);
    while (engine_step_count(g) < 17) {
        assert_ok(engine_step(g, &e), &e);
    }
    static const struct {
        const char *name;
        int64_t step; /* -1: not there */
    } kept[] = {{"step-8", 8}, {"step-16", 16}, {"step-4", -1}, {"step-12", -1}};
    for (int arm = 0; arm < 2; arm++) {
        for (size_t i = 0; i < sizeof kept / sizeof kept[0]; i++) {
            snprintf(path, sizeof path, "%s%s/checkpoints/%s", run,
                     arm ? "/arms/twin" : "", kept[i].name);
            assert_true(rundir_is(path) == (kept[i].step >= 0));
            assert_true(kept[i].step < 0 || step_of(path) == kept[i].step);
        }
        snprintf(path, sizeof path, "%s%s/checkpoints/best", run,
                 arm ? "/arms/twin" : "");
        assert_true(step_of(path) == 6 || step_of(path) == 12);
    }
    assert_int_equal(step_of(run), 16);
    g->eval_set = NULL;
    eval_set_free(eval);
    engine_free(g);

    /* Killed while the best one was being replaced. */
    snprintf(path, sizeof path, "mv '%s/checkpoints/best' '%s/checkpoints/.old-best'",
             run, run);
    assert_int_equal(system(path), 0);
    g = resume(run, NULL);
    engine_free(g);
    snprintf(path, sizeof path, "%s/checkpoints/best", run);
    assert_true(rundir_is(path));
    g = resume(path, NULL); /* a checkpoint is a run; the best one of one arm */
    assert_int_equal(g->n_arms, 1);
    assert_non_null(strstr(g->warning, "goes on alone"));
    engine_free(g);
    snprintf(path, sizeof path, "%s/checkpoints/step-8/", run);
    g = resume(path, NULL);
    assert_int_equal(g->n_arms, 2);
    assert_int_equal(engine_step_count(g), 8);
    run_to(g, 9);
    assert_ok(engine_save(g, g->dir, &e), &e);
    engine_free(g);
    snprintf(path, sizeof path, "%s/arms/twin/checkpoints/step-8", run);
    assert_int_equal(step_of(path), 9);
    assert_int_equal(step_of(run), 16);
    drop_run(run);
    tmp_drop(dir);
}

/* An evaluation that is cut off is made up for. */
static void an_interrupted_evaluation_is_owed(void **state)
{
    (void)state;
    char dir[256], run[512];
    struct errinfo e = {0};
    struct settings set = run_settings(2);
    set.eval_every = 3;
    struct engine *g = start_engine(&set);
    struct eval_set *eval = NULL;
    atomic_bool stop = false;
    tmp_make(dir, sizeof dir);
    tmp_path(run, dir, "run");
    assert_ok(engine_eval_set(g->in, g->in->h, g->in->pool, NULL, &eval, &e), &e);
    g->eval_set = eval;
    run_to(g, 2);
    g->cancel = &stop;
    atomic_store(&stop, true);
    assert_ok(engine_step(g, &e), &e);
    assert_true(g->arm[0].arm->state.owes_eval == 1);
    assert_ok(engine_save(g, run, &e), &e);
    engine_free(g);
    g = resume(run, NULL);
    g->eval_set = eval;
    assert_ok(engine_catch_up(g, &e), &e);
    const struct history *h = &g->arm[0].history;
    assert_true(isfinite(h->row[h->rows - 1].v[METRIC_EV]));
    assert_true(fabs(h->row[h->rows - 1].v[METRIC_STEP] - 3) < 0.5);
    engine_free(g);
    eval_set_free(eval);
    drop_run(run);
    tmp_drop(dir);
}
int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_resumed_run_ends_with_the_same_bytes),
        cmocka_unit_test(every_architecture_resumes),
        cmocka_unit_test(a_fork_resumes_with_its_past),
        cmocka_unit_test(a_directory_that_is_gone_is_made_again),
        cmocka_unit_test(arms_that_are_apart_come_together),
        cmocka_unit_test(an_interrupted_save_is_whole_or_nothing),
        cmocka_unit_test(what_does_not_fit_is_refused),
        cmocka_unit_test(another_order_of_sums_is_said),
        cmocka_unit_test(changed_text_is_refused),
        cmocka_unit_test(other_probe_tasks_are_no_other_text),
        cmocka_unit_test(a_full_disk_loses_nothing),
        cmocka_unit_test(checkpoints_are_kept),
        cmocka_unit_test(an_interrupted_evaluation_is_owed),
    };
    num_init();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
