/* SPDX-License-Identifier: Apache-2.0 */
/* Where `kith push` and `kith import` send to and as whom: options first, then KITH_CLIENT_ID and KITH_CLIENT_SECRET, then client.conf of
 * KITH_HOME, then kith.conf for the address. */
#ifndef INGEST_CMD_LOGIN_H
#define INGEST_CMD_LOGIN_H

#include <stdbool.h>

#include "kith/daemon.h"

struct cmd_login {
    const char *url; /* borrowed or of the buffers; NULL or "" = unknown */
    const char *client_id;
    const char *client_secret;
    char url_text[256];
    char id_text[128];
    char secret_text[256];
    char file_secret[256];
};

/* The secret out of a file, without its line end. False: said on stderr, as `kith WHAT: ...`. */
bool cmd_login_secret(struct cmd_login *l, const char *what, const char *path);
/* Fill what no option gave. `client` NULL: no kith.conf. */
void cmd_login_complete(struct cmd_login *l, struct kith_client *client);

#endif
