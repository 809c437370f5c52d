/* SPDX-License-Identifier: Apache-2.0 */
/* The subcommands of `kith schedule`; argv[0] is their name. They print to stdout, complaints and progress to stderr. */
#ifndef SCHEDULING_CMD_H
#define SCHEDULING_CMD_H

#include "kith/cleanup.h"
#include "kith/err.h"

enum { CMD_DONE = 0, CMD_FAILED = 1, CMD_USAGE = 2 };

int cmd_solve(int argc, char **argv);
int cmd_evaluate(int argc, char **argv);
int cmd_generate(int argc, char **argv);
int cmd_check(int argc, char **argv);
int cmd_seat(int argc, char **argv);

#endif
