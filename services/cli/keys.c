/* SPDX-License-Identifier: Apache-2.0 */
/* kith keys: the CURVE pairs with which the daemons and the operator know each other. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/cli.h"
#include "kith/bus.h"

static const char help[] = "Usage: kith keys init [--folder FOLDER] [NAME...]\n"
                           "\n"
                           "Makes a CURVE pair for each NAME (default: ingest risk notification "
                           "operator) that has none: FOLDER/NAME.key (secret, 0600)\n"
                           "and FOLDER/NAME.pub. FOLDER is $KITH_HOME/keys by default. A daemon "
                           "lets in every NAME.pub of its folder; on several hosts\n"
                           "each gets its own NAME.key and everybody's NAME.pub. Existing pairs "
                           "are kept; delete both files to replace one.\n";

static bool valid_name(const char *name)
{
    size_t n = strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-");
    return n > 0 && n < 32 && name[n] == '\0';
}

/* The public half, for the others; written anew whenever it is missing. */
static kith_err save_public(const char *path, const struct kith_keypair *pair)
{
    char temporary[PATH_MAX + 8];
    (void)snprintf(temporary, sizeof(temporary), "%s.new", path);
    FILE *file = fopen(temporary, "we");
    if (!file)
        return KITH_EIO;
    bool ok = fprintf(file, "%s\n", pair->public_key) > 0 && fflush(file) == 0 &&
              fsync(fileno(file)) == 0;
    ok = fclose(file) == 0 && ok;
    return ok && rename(temporary, path) == 0 ? KITH_OK : KITH_EIO;
}

static kith_err init_pair(const char *folder, const char *name, struct kith_why *why)
{
    char secret[PATH_MAX];
    char public[PATH_MAX];
    int secret_n = snprintf(secret, sizeof(secret), "%s/%s.key", folder, name);
    int public_n = snprintf(public, sizeof(public), "%s/%s.pub", folder, name);
    if (secret_n < 0 || secret_n >= PATH_MAX || public_n < 0 || public_n >= PATH_MAX)
        return KITH_EINVAL;
    struct kith_keypair pair;
    bool made = access(secret, F_OK) != 0;
    kith_err err;
    if (made) {
        err = kith_keypair_make(&pair);
        if (err == KITH_OK)
            err = kith_keypair_save(secret, &pair);
        if (err != KITH_OK)
            kith_why_set(why, "cannot write %s", secret);
    } else {
        err = kith_keypair_load(secret, &pair, why);
    }
    if (err == KITH_OK && (made || access(public, F_OK) != 0)) {
        err = save_public(public, &pair);
        if (err != KITH_OK)
            kith_why_set(why, "cannot write %s", public);
    }
    explicit_bzero(&pair, sizeof(pair));
    if (err == KITH_OK)
        printf("%s: %s\n", public, made ? "made" : "kept");
    return err;
}

static int init(const char *folder, const char *const *names, int n)
{
    static const char *const everybody[] = {"ingest", "risk", "notification", "operator"};
    if (n == 0) {
        names = everybody;
        n = (int)KITH_LEN(everybody);
    }
    for (int i = 0; i < n; i++) {
        if (!valid_name(names[i])) {
            fprintf(
                stderr,
                "kith keys init: '%s' is no name: lower-case letters, digits and '-', at most 31\n",
                names[i]);
            return CLI_USAGE;
        }
    }
    if (mkdir(folder, 0700) == 0)
        printf("%s: made\n", folder);
    for (int i = 0; i < n; i++) {
        struct kith_why why = {0};
        kith_err err = init_pair(folder, names[i], &why);
        if (err != KITH_OK)
            return cli_fail("keys init", err, &why);
    }
    return CLI_DONE;
}

int cli_keys(int argc, char **argv)
{
    static const struct option options[] = {
        {"folder", required_argument, NULL, 'f'}, {"help", no_argument, NULL, 'h'}, {0}};
    const char *folder = NULL;
    int option;
    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (option == 'h') {
            fputs(help, stdout);
            return CLI_DONE;
        }
        if (option != 'f')
            return cli_usage("keys");
        folder = optarg;
    }
    if (optind >= argc || strcmp(argv[optind], "init") != 0)
        return cli_usage("keys");
    char path[PATH_MAX];
    const char *home = getenv("KITH_HOME");
    if (!folder && !home) {
        fputs("kith keys init: set KITH_HOME or give --folder\n", stderr);
        return CLI_USAGE;
    }
    (void)snprintf(path, sizeof(path), "%s%s", folder ? folder : home, folder ? "" : "/keys");
    return init(path, (const char *const *)argv + optind + 1, argc - optind - 1);
}
