/* SPDX-License-Identifier: Apache-2.0 */
/* kith explain: the error table, for people. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "kith/table.h"

static const kith_err all[] = {
#define XX(name, value, retryable, text, advice) name,
    KITH_ERR_MAP(XX)
#undef XX
};

static const struct kith_column columns[] = {
    {"code", "CODE", false},
    {"number", "NUMBER", true},
    {"retry", "MAY WORK LATER", false},
    {"text", "TEXT", false},
    {0},
};

static int list(bool json)
{
    kith_auto(kith_table) table = NULL;
    kith_err err = kith_table_new(columns, &table);
    for (size_t i = 0; i < KITH_LEN(all) && err == KITH_OK; i++) {
        char number[16];
        (void)snprintf(number, sizeof(number), "%d", abs((int)all[i]));
        const char *cells[] = {kith_err_name(all[i]), number,
                               kith_err_retryable(all[i]) ? "yes" : "no", kith_err_text(all[i])};
        err = kith_table_row(table, cells);
    }
    if (err == KITH_OK)
        err = kith_table_print(table, stdout, json, NULL);
    return err == KITH_OK ? CLI_DONE : cli_fail("explain", err, NULL);
}

int cli_explain(int argc, char **argv)
{
    const char *word = argc == 2 ? argv[1] : "";
    if (strcmp(word, "--help") == 0) {
        puts("Usage: kith explain CODE     kith explain --list [--json]\n\n"
             "CODE is a name or number as in a message or log line: KITH_EDB, edb, 6.");
        return CLI_DONE;
    }
    if (argc >= 2 && argc <= 3 && strcmp(argv[1], "--list") == 0 &&
        (argc == 2 || strcmp(argv[2], "--json") == 0))
        return list(argc == 3);
    if (argc != 2 || (word[0] == '-' && (word[1] < '0' || word[1] > '9')))
        return cli_usage("explain");
    kith_err err;
    if (!kith_err_find(word, &err)) {
        fprintf(stderr, "kith explain: there is no error '%s'; `kith explain --list` shows all\n",
                word);
        return CLI_FAILED;
    }
    printf("%s (%d): %s\n%s\n%s\n", kith_err_name(err), abs((int)err), kith_err_text(err),
           kith_err_advice(err),
           kith_err_retryable(err) ? "The same may work later." : "The same will fail again.");
    return CLI_DONE;
}
