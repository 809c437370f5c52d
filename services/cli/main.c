/* SPDX-License-Identifier: Apache-2.0 */
/* `kith`: one command for everything. As git does, it runs the program of the service that owns a subcommand. */
#include <errno.h>
#include <locale.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/suggest.h"

struct subcommand {
    const char *group;
    const char *name;
    const char *program;              /* run this, with the whole argv */
    int (*fn)(int argc, char **argv); /* or call this */
    const char *help;
};

static const struct subcommand subcommands[] = {
    {"See", "status", NULL, cli_status, "health, lag and counts of a running Kith"},
    {"See", "alerts", "kith-notification-cmd", NULL, "what adults were told"},
    {"See", "risk", "kith-risk-cmd", NULL, "open flags and why"},
    {"See", "ingest", "kith-ingest-cmd", NULL,
     "what each school's feed sent today, and what is late"},
    {"See", "quarantine", "kith-ingest-cmd", NULL, "what could not be understood"},
    {"See", "student", "kith-ingest-cmd", NULL, "Kith's number of a student"},
    {"See", "stream", NULL, cli_stream, "read the daemons' logs by position"},
    {"Feed", "push", "kith-ingest-cmd", NULL, "send a folder of Ed-Fi JSON lines, as a SIS does"},
    {"Feed", "import", "kith-ingest-cmd", NULL, "send or judge rosters and attendance files"},
    {"Feed", "contact", "kith-risk-cmd", NULL, "record that somebody spoke with a student"},
    {"Plan", "schedule", "kith-scheduling-cmd", NULL,
     "solve, judge and read timetables and master schedules"},
    {"Set up", "district", "kith-ingest-cmd", NULL, "create and list districts"},
    {"Set up", "key", "kith-ingest-cmd", NULL, "who may push: make, list and revoke keys"},
    {"Set up", "meaning", "kith-ingest-cmd", NULL, "what a descriptor means in a district"},
    {"Set up", "keys", NULL, cli_keys, "make the CURVE pairs of the daemons and the operator"},
    {"Set up", "check-config", NULL, cli_check_config, "check kith.conf with every daemon"},
    {"Help", "explain", NULL, cli_explain, "what an error means and what to do"},
};

static void print_help(FILE *out)
{
    fputs("Usage: kith SUBCOMMAND [ARGUMENT...]     kith SUBCOMMAND --help     kith --version\n",
          out);
    const char *group = "";
    for (size_t i = 0; i < KITH_LEN(subcommands); i++) {
        const struct subcommand *s = &subcommands[i];
        if (strcmp(s->group, group) != 0)
            fprintf(out, "\n%s\n", s->group);
        group = s->group;
        fprintf(out, "  %-14s %s\n", s->name, s->help);
    }
    fputs("\nKITH_HOME names the folder of the running system (its kith.conf).\n"
          "Exit status: 0 done, 1 refused or failed, 2 usage.\n",
          out);
}

static int run_program(const struct subcommand *s, char **argv)
{
    char path[PATH_MAX];
    kith_err err = cli_program(s->program, path);
    if (err != KITH_OK) {
        fprintf(stderr, "kith %s: the program %s is not installed beside kith\n", s->name,
                s->program);
        return CLI_FAILED;
    }
    execv(path, argv);
    fprintf(stderr, "kith %s: cannot run %s: %s\n", s->name, path, strerror(errno));
    return CLI_FAILED;
}

static int unknown(const char *word)
{
    const char *names[KITH_LEN(subcommands) + 1] = {NULL};
    for (size_t i = 0; i < KITH_LEN(subcommands); i++)
        names[i] = subcommands[i].name;
    const char *nearest = cli_nearest(word, names);
    fprintf(stderr, "kith: there is no subcommand '%s'.", word);
    if (nearest)
        fprintf(stderr, " Did you mean '%s'?", nearest);
    fputs(" `kith --help` lists all.\n", stderr);
    return CLI_USAGE;
}

int main(int argc, char **argv)
{
    (void)setlocale(LC_ALL, "");
    if (argc < 2) {
        print_help(stderr);
        return CLI_USAGE;
    }
    const char *word = argv[1];
    if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0 || strcmp(word, "help") == 0) {
        print_help(stdout);
        return CLI_DONE;
    }
    if (strcmp(word, "--version") == 0) {
        puts("kith " KITH_VERSION);
        return CLI_DONE;
    }
    cli_find_home();
    for (size_t i = 0; i < KITH_LEN(subcommands); i++) {
        const struct subcommand *s = &subcommands[i];
        if (strcmp(word, s->name) == 0)
            return s->fn ? s->fn(argc - 1, argv + 1) : run_program(s, argv);
    }
    return unknown(word);
}
