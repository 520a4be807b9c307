#define _XOPEN_SOURCE 700 /* realpath */
#include "sweep_script.h"

#include "base/file.h"
#include "shell_word.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define PATH_BYTES 4096

static void add_comment(const char *takes, struct str *out)
{
    if (takes[0]) {
        str_addf(out, "# %s\n", takes);
    }
}

void sweep_script_lines(const char *dir, const struct sweep_plan *p,
                        const struct sweep_result *results, const char *takes,
                        struct str *out)
{
    add_comment(takes, out);
    for (size_t i = 0; i < p->n_cells; i++) {
        if (!results[i].done) {
            str_add(out, "saetop sweep --quiet --out ");
            shell_word_add(out, dir);
            str_add(out, " --cell ");
            shell_word_add(out, p->cell[i].name);
            str_addc(out, '\n');
        }
    }
}

static enum err absolute(const char *path, char out[PATH_BYTES], struct errinfo *e)
{
    return realpath(path, out) ? OK : file_fail(e, path, "find where it is", errno);
}

/* The job opens its logs itself: Slurm's own directives treat % and quotes in a path
 * specially. */
static const char slurm_head[] =
    "#!/bin/bash\n"
    "# sbatch takes this as it is; more for it on its line: sbatch --mem=4G FILE\n";
static const char slurm_job[] = "#SBATCH --job-name=saetop-sweep\n"
                                "#SBATCH --output=/dev/null\n"
                                "#SBATCH --nodes=1\n"
                                "#SBATCH --ntasks=1\n";
static const char slurm_tail[] =
    "log=$dir/slurm-$SLURM_ARRAY_JOB_ID-$SLURM_ARRAY_TASK_ID.log\n"
    "exec >\"$log\" 2>&1\n"
    "# After all tasks, whether they succeed or not: the tables of what is finished.\n"
    "if [ \"$SLURM_ARRAY_TASK_ID\" = 0 ]; then\n"
    "    export saetop dir log=\"$dir/slurm-$SLURM_ARRAY_JOB_ID-collect.log\"\n"
    "    sbatch --dependency=afterany:\"$SLURM_ARRAY_JOB_ID\" --export=ALL \\\n"
    "        --job-name=saetop-collect --output=/dev/null --ntasks=1 \\\n"
    "        --wrap='exec \"$saetop\" sweep --out \"$dir\" --collect >\"$log\" 2>&1'\n"
    "fi\n"
    "status=0\n"
    "for ((i = SLURM_ARRAY_TASK_ID; i < ${#cells[@]}; i += tasks)); do\n"
    "    \"$saetop\" sweep --quiet --out \"$dir\" --cell \"${cells[i]}\" \\\n"
    "        --threads \"${SLURM_CPUS_PER_TASK:-1}\" || status=$?\n"
    "done\n"
    "exit $status\n";

enum err sweep_script_slurm(const char *dir, const struct sweep_plan *p,
                            const struct sweep_result *results, const char *takes,
                            struct str *out, struct errinfo *e)
{
    char saetop[PATH_BYTES], full[PATH_BYTES];
    size_t left = 0;
    for (size_t i = 0; i < p->n_cells; i++) {
        left += results[i].done ? 0 : 1;
    }
    if (left == 0) {
        return err_set(
            e, ERR_USAGE,
            "%s: every run is done; sweep --out %s --collect makes the tables", dir,
            dir);
    }
    const size_t tasks = left < SWEEP_TASKS_MAX ? left : SWEEP_TASKS_MAX;
    TRY(absolute("/proc/self/exe", saetop, e));
    TRY(absolute(dir, full, e));
    str_add(out, slurm_head);
    add_comment(takes, out);
    str_add(out, slurm_job);
    str_addf(out, "#SBATCH --cpus-per-task=%lld\n",
             p->base.threads > 0 ? (long long)p->base.threads : 1LL);
    str_addf(out, "#SBATCH --array=0-%zu\nset -u\ntasks=%zu\nsaetop=", tasks - 1,
             tasks);
    shell_word_add(out, saetop);
    str_add(out, "\ndir=");
    shell_word_add(out, full);
    str_add(out, "\ncells=(\n");
    for (size_t i = 0; i < p->n_cells; i++) {
        if (!results[i].done) {
            str_add(out, "    ");
            shell_word_add(out, p->cell[i].name);
            str_addc(out, '\n');
        }
    }
    str_addf(out, ")\n%s", slurm_tail);
    return str_err(out, "the script", e);
}
