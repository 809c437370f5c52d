/* SPDX-License-Identifier: Apache-2.0 */
#include "ingest/cmd_login.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ingest/cmd.h"

bool cmd_login_secret(struct cmd_login *l, const char *what, const char *path)
{
    FILE *file = fopen(path, "re");
    bool ok = file && fgets(l->secret_text, sizeof(l->secret_text), file);
    l->secret_text[strcspn(l->secret_text, "\r\n")] = '\0';
    if (file)
        (void)fclose(file);
    if (!ok)
        (void)fprintf(stderr, "kith %s: %s: %s\n", what, path, strerror(errno));
    l->client_secret = l->secret_text;
    return ok;
}

/* "name = value" of client.conf. */
static void client_conf(struct cmd_login *l)
{
    char path[PATH_MAX];
    FILE *file = ingest_cmd_home_file("client.conf", path, sizeof(path)) ? fopen(path, "re") : NULL;
    char line[512];
    while (file && fgets(line, sizeof(line), file)) {
        (void)sscanf(line, "url = %255s", l->url_text);
        (void)sscanf(line, "client_id = %127s", l->id_text);
        (void)sscanf(line, "client_secret = %255s", l->file_secret);
    }
    if (file)
        (void)fclose(file);
}

void cmd_login_complete(struct cmd_login *l, struct kith_client *client)
{
    client_conf(l);
    const char *listen = client ? kith_client_setting(client, "ingest", "http") : NULL;
    if (!l->url_text[0] && listen)
        (void)snprintf(l->url_text, sizeof(l->url_text), "http://%s", listen);
    if (!l->url && l->url_text[0])
        l->url = l->url_text;
    if (!l->client_id)
        l->client_id = getenv("KITH_CLIENT_ID") ? getenv("KITH_CLIENT_ID") : l->id_text;
    if (!l->client_secret)
        l->client_secret =
            getenv("KITH_CLIENT_SECRET") ? getenv("KITH_CLIENT_SECRET") : l->file_secret;
}
