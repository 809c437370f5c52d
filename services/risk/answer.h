/* SPDX-License-Identifier: Apache-2.0 */
/* A daemon's answer to a command, without protobuf. For cmd.c. */
#ifndef RISK_ANSWER_H
#define RISK_ANSWER_H

#include "kith/daemon.h"

struct risk_answer {
    bool done;      /* false: refused */
    char text[512]; /* what the daemon said */
};

/* Send one command to the risk daemon and wait for its answer; args are name, value, ..., NULL.
 * Errors: as kith_client_command; KITH_EDECODE the answer is no answer. */
KITH_MUST_CHECK kith_err risk_ask(struct kith_client *client, const char *verb,
                                  const char *const *args, struct risk_answer *ret,
                                  struct kith_why *why);

#endif
