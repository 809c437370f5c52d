/* SPDX-License-Identifier: Apache-2.0 */
/* Where Kith's programs and the running system's folder are. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/cli.h"

const char *const cli_daemons[] = {"ingest", "risk", "notification", NULL};

/* The folder of this program, without a slash at its end; false when unknown. */
static bool own_folder(char path[static PATH_MAX])
{
    ssize_t n = readlink("/proc/self/exe", path, PATH_MAX - 1);
    if (n <= 0)
        return false;
    path[n] = '\0';
    char *slash = strrchr(path, '/');
    if (!slash)
        return false;
    *slash = '\0';
    return true;
}

/* Fits "FOLDER/REST" into path; false when too long. */
static bool join(char path[static PATH_MAX], const char *folder, const char *rest)
{
    int n = snprintf(path, PATH_MAX, "%s/%s", folder, rest);
    return n > 0 && n < PATH_MAX;
}

kith_err cli_program(const char *name, char path[static PATH_MAX])
{
    char folder[PATH_MAX];
    char rest[128];
    if (!own_folder(folder))
        return KITH_ENOTFOUND;
    if (join(path, folder, name) && access(path, X_OK) == 0)
        return KITH_OK;
    (void)snprintf(rest, sizeof(rest), "../libexec/kith/%s", name);
    if (join(path, folder, rest) && access(path, X_OK) == 0)
        return KITH_OK;
    return KITH_ENOTFOUND;
}

static bool holds_config(const char *folder, char path[static PATH_MAX])
{
    return join(path, folder, "kith.conf") && access(path, F_OK) == 0;
}

void cli_find_home(void)
{
    if (getenv("KITH_HOME"))
        return;
    char folder[PATH_MAX];
    if (!own_folder(folder))
        return;
    /* HOME/bin/kith, or REPOSITORY/build/PRESET/bin/kith with REPOSITORY/var as home */
    for (int up = 0; up < 3; up++) {
        char *slash = strrchr(folder, '/');
        if (!slash || slash == folder)
            return;
        *slash = '\0';
        char var[PATH_MAX];
        char file[PATH_MAX];
        if (holds_config(folder, file)) {
            (void)setenv("KITH_HOME", folder, 1);
            return;
        }
        if (join(var, folder, "var") && holds_config(var, file)) {
            (void)setenv("KITH_HOME", var, 1);
            return;
        }
    }
}

int cli_fail(const char *what, kith_err err, const struct kith_why *why)
{
    fprintf(stderr, "kith %s: %s (%s; `kith explain %s`)\n", what,
            why && why->text[0] ? why->text : kith_err_text(err), kith_err_text(err),
            kith_err_name(err));
    return CLI_FAILED;
}

int cli_usage(const char *subcommand)
{
    fprintf(stderr, "Try: kith %s --help\n", subcommand);
    return CLI_USAGE;
}

/* Run `kith-NAME --check-config`; its messages go through. Returns its exit status, or -1. */
static int check_daemon(const char *name, const char *config)
{
    char program[64];
    char path[PATH_MAX];
    (void)snprintf(program, sizeof(program), "kith-%s", name);
    if (cli_program(program, path) != KITH_OK) {
        fprintf(stderr, "kith check-config: %s is not installed beside kith\n", program);
        return -1;
    }
    pid_t pid = fork();
    if (pid < 0) {
        perror("kith check-config: fork");
        return -1;
    }
    if (pid == 0) {
        if (config)
            execl(path, program, "--config", config, "--check-config", (char *)NULL);
        else
            execl(path, program, "--check-config", (char *)NULL);
        perror(path);
        _exit(127);
    }
    int status = 0;
    if (waitpid(pid, &status, 0) != pid || !WIFEXITED(status))
        return -1;
    return WEXITSTATUS(status);
}

int cli_check_config(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], "--help") == 0) {
        puts(
            "Usage: kith check-config [FILE]\n\n"
            "Checks FILE (default: $KITH_HOME/kith.conf) with every daemon, without starting one.");
        return CLI_DONE;
    }
    if (argc > 2 || (argc == 2 && argv[1][0] == '-'))
        return cli_usage("check-config");
    int result = CLI_DONE;
    for (const char *const *name = cli_daemons; *name; name++)
        if (check_daemon(*name, argc == 2 ? argv[1] : NULL) != 0)
            result = CLI_FAILED;
    return result;
}
