/* SPDX-License-Identifier: Apache-2.0 */
/* kith-ingest-cmd: run by `kith` for the subcommands that ingest owns. */
#include "ingest/cmd.h"

#include <locale.h>
#include <stdio.h>
#include <string.h>

static const struct {
    const char *name;
    int (*run)(int argc, char **argv);
} commands[] = {
    {"push", ingest_cmd_push},
    {"import", ingest_cmd_import},
    {"key", ingest_cmd_key},
    {"district", ingest_cmd_district},
    {"meaning", ingest_cmd_meaning},
    {"student", ingest_cmd_student},
    {"quarantine", ingest_cmd_quarantine},
    {"ingest", ingest_cmd_ingest},
};

int main(int argc, char **argv)
{
    (void)setlocale(LC_ALL, "");
    for (size_t i = 0; argc > 1 && i < KITH_LEN(commands); i++)
        if (strcmp(commands[i].name, argv[1]) == 0)
            return commands[i].run(argc - 1, argv + 1);
    (void)fputs("This is a part of the kith command; run `kith --help`.\n", stderr);
    return CMD_USAGE;
}
