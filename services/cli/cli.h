/* SPDX-License-Identifier: Apache-2.0 */
/* The `kith` command. Its own subcommands are functions here; the others are run as programs of the service that owns them.
 * A subcommand gets argc and argv beginning at its own name and returns the exit status: 0 done, 1 refused or failed (said on
 * stderr: what and where), 2 usage. */
#ifndef CLI_CLI_H
#define CLI_CLI_H

#include <limits.h>
#include <stdbool.h>

#include "kith/err.h"

enum { CLI_DONE = 0, CLI_FAILED = 1, CLI_USAGE = 2 };

int cli_status(int argc, char **argv);
int cli_stream(int argc, char **argv);
int cli_explain(int argc, char **argv);
int cli_check_config(int argc, char **argv);
int cli_keys(int argc, char **argv);

/* The daemons, NULL-terminated: "ingest", "risk", "notification". */
extern const char *const cli_daemons[];

/* Path of a program of Kith ("kith-risk-cmd"): next to this one, else in ../libexec/kith. Errors: KITH_ENOTFOUND. */
KITH_MUST_CHECK kith_err cli_program(const char *name, char path[static PATH_MAX]);

/* When KITH_HOME is not set: set it to the home that this program belongs to, if there is one: the folder above (or, in a
 * build, the repository's var) that holds a kith.conf. */
void cli_find_home(void);

/* "kith: WHAT: why.text" on stderr; returns CLI_FAILED. */
int cli_fail(const char *what, kith_err err, const struct kith_why *why);

/* `getopt_long` met something unknown (it has said so): name the help; returns CLI_USAGE. */
int cli_usage(const char *subcommand);

#endif
