/* SPDX-License-Identifier: Apache-2.0 */
/* What a changed natural key means for the documents that refer to it: every reference with the old key is given the new one, wherever
 * the resource table says that a reference stands, and a part of the document's own key that stands in several places is kept the same in all.
 * Pure domain code: no I/O, no clock, no log. */
#ifndef INGEST_REKEY_H
#define INGEST_REKEY_H

#include <jansson.h>
#include <stdbool.h>

#include "ingest/document.h"

/* The parts of a natural key as text, in the order of r->key, each with its NUL. */
struct ingest_rekey_values {
    char *text;
    size_t n; /* bytes */
};
/* Those of a canonical body; the caller frees ret->text. Errors: KITH_ENOMEM; KITH_EINVAL a part is missing. */
KITH_MUST_CHECK kith_err ingest_rekey_values(const struct ingest_resource *r, const json_t *body,
                                             struct ingest_rekey_values *ret);
/* One of them by its name; NULL when r's key has no such part. Borrowed. */
const char *ingest_rekey_value(const struct ingest_resource *r,
                               const struct ingest_rekey_values *values, const char *name);

/* The new key of the document of `r` whose old key has this hash; NULL = it has not changed. */
typedef const struct ingest_rekey_values *(*ingest_rekey_find)(void *ctx,
                                                               const struct ingest_resource *r,
                                                               const struct kith_id *key);

struct ingest_rekeyed {
    bool changed; /* anything */
    bool
        others; /* a reference to something else had to follow, so it may now name another document */
};
/* Rewrites a canonical body in place. Errors: KITH_ENOMEM. */
KITH_MUST_CHECK kith_err ingest_rekey_body(const struct ingest_resource *r, json_t *body,
                                           ingest_rekey_find find, void *ctx,
                                           struct ingest_rekeyed *ret);

#endif
