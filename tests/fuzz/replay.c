/* SPDX-License-Identifier: Apache-2.0 */
/* Runs a fuzz target over files and folders given as arguments, so that corpora are ordinary tests under any compiler. */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static int run_file(const char *path)
{
    FILE *file = fopen(path, "rb");
    if (!file) {
        perror(path);
        return -1;
    }
    static uint8_t data[8 * 1024 * 1024];
    size_t n = fread(data, 1, sizeof(data), file);
    (void)fclose(file);
    /* an exact heap copy, so that the sanitizer sees a read past the end */
    uint8_t *copy = malloc(n ? n : 1);
    if (!copy)
        return -1;
    for (size_t i = 0; i < n; i++)
        copy[i] = data[i];
    (void)LLVMFuzzerTestOneInput(copy, n);
    free(copy);
    return 1;
}

static int run_folder(const char *path)
{
    struct dirent **entries;
    int found = scandir(path, &entries, NULL, alphasort);
    int ran = 0;
    for (int i = 0; i < found; i++) {
        char file[4096];
        (void)snprintf(file, sizeof(file), "%s/%s", path, entries[i]->d_name);
        if (entries[i]->d_name[0] != '.' && ran >= 0) {
            int one = run_file(file);
            ran = one < 0 ? -1 : ran + one;
        }
        free(entries[i]);
    }
    if (found >= 0)
        free(entries);
    return found < 0 ? -1 : ran;
}

int main(int argc, char **argv)
{
    int ran = 0;
    for (int i = 1; i < argc; i++) {
        struct stat st;
        if (stat(argv[i], &st) != 0) {
            perror(argv[i]);
            return 1;
        }
        int one = S_ISDIR(st.st_mode) ? run_folder(argv[i]) : run_file(argv[i]);
        if (one < 0)
            return 1;
        ran += one;
    }
    printf("%d inputs replayed\n", ran);
    return ran > 0 ? 0 : 1; /* an empty corpus proves nothing */
}
