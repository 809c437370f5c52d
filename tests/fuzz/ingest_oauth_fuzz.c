/* SPDX-License-Identifier: Apache-2.0 */
/* Authorization header, Content-Type and body, each on a line of its own (the body is the rest). An empty header line = no header. */
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "ingest/oauth.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void check(bool good)
{
    if (!good)
        abort();
}

/* A copy of the line without its end; advances past it. */
static char *line(const uint8_t **data, size_t *n)
{
    const uint8_t *end = *n > 0 ? memchr(*data, '\n', *n) : NULL;
    size_t length = end ? (size_t)(end - *data) : *n;
    char *text = calloc(
        1, length + 1); /* not strndup: under strict_string_checks it wants a NUL in the input */
    if (text)
        memcpy(text, *data, length);
    length += end ? 1 : 0;
    *data += length;
    *n -= length;
    return text;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    char *authorization = line(&data, &n);
    char *type = line(&data, &n);
    if (authorization && type) {
        struct ingest_oauth o;
        struct ingest_oauth_error error = {0};
        kith_err err = ingest_oauth_parse(authorization[0] ? authorization : NULL,
                                          type[0] ? type : NULL, (const char *)data, n, &o, &error);
        if (err == KITH_OK) {
            check(strlen(o.client_id) <= INGEST_CLIENT_ID_MAX &&
                  strlen(o.client_secret) <= INGEST_CLIENT_SECRET_MAX);
            ingest_oauth_done(&o);
        } else {
            char *text = NULL;
            check(err == KITH_EINVAL && (error.status == 400 || error.status == 401));
            check(ingest_oauth_error_json(&error, &text) == KITH_OK);
            free(text);
        }
        const char *token = ingest_oauth_bearer(authorization);
        check(!token || token[0] != '\0');
    }
    free(authorization);
    free(type);
    return 0;
}
