/* SPDX-License-Identifier: Apache-2.0 */
/* The subcommands of `kith` that ingest owns. Each gets argc and argv beginning at its own name and returns the exit status: 0 done,
 * 1 refused or failed (said on stderr), 2 usage. */
#ifndef INGEST_CMD_H
#define INGEST_CMD_H

#include <stdbool.h>

#include "kith/daemon.h"

enum { CMD_DONE = 0, CMD_FAILED = 1, CMD_USAGE = 2 };

int ingest_cmd_push(int argc, char **argv);
int ingest_cmd_import(int argc, char **argv);
int ingest_cmd_key(int argc, char **argv);
int ingest_cmd_district(int argc, char **argv);
int ingest_cmd_meaning(int argc, char **argv);
int ingest_cmd_student(int argc, char **argv);
int ingest_cmd_quarantine(int argc, char **argv);
int ingest_cmd_ingest(int argc, char **argv);

/* "kith WHAT: sentence" and what to do, on stderr; returns CMD_FAILED. */
int ingest_cmd_fail(const char *what, kith_err err, const struct kith_why *why);
/* Names the help; returns CMD_USAGE. */
int ingest_cmd_usage(const char *what);

/* Where `kith push` finds its credentials when none are given, and `kith key new --save` puts them: $KITH_HOME/client.conf (url, client_id,
 * client_secret; 0600) and $KITH_HOME/client.key (CURVE pair). false: KITH_HOME is not set or the path is too long. */
bool ingest_cmd_home_file(const char *name, char *path, size_t size);

#endif
