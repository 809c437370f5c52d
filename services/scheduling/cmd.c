/* SPDX-License-Identifier: Apache-2.0 */
/* kith-scheduling-cmd: the subcommands of `kith` that scheduling owns. */
#include <stdio.h>
#include <string.h>

#include "scheduling/cmd.h"

static const struct {
    const char *name;
    int (*fn)(int argc, char **argv);
    const char *help;
} subcommands[] = {
    {"solve", cmd_solve, "build a timetable from an XHSTT instance"},
    {"evaluate", cmd_evaluate, "print what XHSTT solutions cost, and why"},
    {"seat", cmd_seat, "seat the students in the sections of a master schedule, with a bound"},
    {"generate", cmd_generate, "write a synthetic school with a planted schedule"},
    {"check", cmd_check, "judge a schedule of a school from its files"},
};

static void print_help(FILE *to)
{
    (void)fputs(
        "Usage: kith schedule SUBCOMMAND [ARGUMENT...]     kith schedule SUBCOMMAND --help\n\n",
        to);
    for (size_t i = 0; i < KITH_LEN(subcommands); i++)
        (void)fprintf(to, "  %-10s %s\n", subcommands[i].name, subcommands[i].help);
    (void)fputs("\nExit status: 0 done, 1 refused or failed, 2 usage.\n", to);
}

int main(int argc, char **argv)
{
    const char *word = argc > 2                                     ? argv[2]
                       : argc > 1 && strcmp(argv[1], "--help") == 0 ? argv[1]
                                                                    : "";
    if (argc < 2 || strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0 ||
        strcmp(word, "help") == 0) {
        print_help(argc < 2 ? stderr : stdout);
        return argc < 2 ? CMD_USAGE : CMD_DONE;
    }
    for (size_t i = 0; i < KITH_LEN(subcommands); i++)
        if (strcmp(word, subcommands[i].name) == 0)
            return subcommands[i].fn(argc - 2, argv + 2);
    if (word[0])
        (void)fprintf(stderr, "kith schedule: there is no subcommand '%s'\n", word);
    print_help(stderr);
    return CMD_USAGE;
}
