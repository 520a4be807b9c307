/* Runs a fuzz target over files and folders of inputs without a fuzzer, so that the
 * seed corpora and every past finding are part of the plain tests. */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int run_file(const char *path)
{
    FILE *f = fopen(path, "rb");
    if (!f) {
        return 0;
    }
    uint8_t *data = malloc(1u << 22);
    if (!data) {
        fclose(f);
        return 0;
    }
    const size_t n = fread(data, 1, 1u << 22, f);
    fclose(f);
    /* An exact-size copy lets the address sanitizer see reads past the end. */
    uint8_t *exact = malloc(n ? n : 1);
    if (exact) {
        memcpy(exact, data, n);
        LLVMFuzzerTestOneInput(exact, n);
    }
    free(exact);
    free(data);
    return 1;
}

int main(int argc, char **argv)
{
    int count = 0;
    for (int i = 1; i < argc; i++) {
        DIR *dir = opendir(argv[i]);
        if (!dir) {
            count += run_file(argv[i]);
            continue;
        }
        for (struct dirent *d = readdir(dir); d; d = readdir(dir)) {
            char path[4096];
            const int n = snprintf(path, sizeof path, "%s/%s", argv[i], d->d_name);
            if (d->d_name[0] != '.' && n > 0 && (size_t)n < sizeof path) {
                count += run_file(path);
            }
        }
        closedir(dir);
    }
    printf("%d inputs\n", count);
    return count > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
