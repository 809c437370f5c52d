/* SPDX-License-Identifier: Apache-2.0 */
/* POST /oauth/token: RFC 6749 section 4.4 (client credentials) as Ed-Fi clients speak it: form or JSON body, credentials by HTTP Basic or
 * in the body, not both. Pure domain code: no I/O, no clock, no log; nothing here compares secrets. */
#ifndef INGEST_OAUTH_H
#define INGEST_OAUTH_H

#include <stddef.h>
#include <stdint.h>

#include "kith/err.h"

#define INGEST_CLIENT_ID_MAX     128
#define INGEST_CLIENT_SECRET_MAX 256

struct ingest_oauth {
    char client_id[INGEST_CLIENT_ID_MAX + 1];
    char client_secret[INGEST_CLIENT_SECRET_MAX + 1];
};

/* RFC 6749 section 5.2. */
struct ingest_oauth_error {
    int status;              /* 400, 401 */
    const char *error;       /* "invalid_client", ...; static */
    const char *description; /* one sentence; static */
};
extern const struct ingest_oauth_error
    ingest_oauth_bad_client; /* 401: unknown client or wrong secret */

/* `authorization` and `content_type`: header values or NULL. On success the credentials are in `ret` (wipe it with ingest_oauth_done());
 * on failure `ret` is untouched. Errors: KITH_EINVAL with `*error` filled. */
KITH_MUST_CHECK kith_err ingest_oauth_parse(const char *authorization, const char *content_type,
                                            const char *body, size_t n, struct ingest_oauth *ret,
                                            struct ingest_oauth_error *error);
void ingest_oauth_done(struct ingest_oauth *o); /* overwrites the secret */

/* {"access_token","expires_in","token_type":"bearer"}; the caller frees. Errors: KITH_ENOMEM. */
KITH_MUST_CHECK kith_err ingest_oauth_token_json(const char *token, int64_t expires_in_s,
                                                 char **ret);
/* {"error","error_description"}; the caller frees. Errors: KITH_ENOMEM. */
KITH_MUST_CHECK kith_err ingest_oauth_error_json(const struct ingest_oauth_error *error,
                                                 char **ret);

/* The token in an Authorization header ("Bearer xyz", scheme in any case); NULL when the header is absent or something else.
 * Points into `authorization`. */
const char *ingest_oauth_bearer(const char *authorization);

#endif
