/* SPDX-License-Identifier: Apache-2.0 */
/* The common part of documents and attendance events: a body brought into canonical form by the resource table, as a JSON tree.
 * Pure domain code. */
#ifndef INGEST_CANON_H
#define INGEST_CANON_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ingest/document.h"

struct ingest_canon {
    json_t *body; /* known fields only, coerced, no nulls, no empty texts, lists or objects */
    size_t refs_n;
    struct ingest_ref *refs; /* in the order of the table, repeats included; none of attendance */
};

/* `put_id`: see ingest_doc_parse_put; NULL = an `id` is a problem. On success `ret` goes to ingest_canon_done(); on failure it is untouched.
 * Errors: as ingest_doc_parse. */
KITH_MUST_CHECK kith_err ingest_canon_parse(const struct ingest_resource *r, const char *json,
                                            size_t n, const struct kith_id *put_id,
                                            struct ingest_canon *ret, struct ingest_problems *why);
/* A part of a body: fields required at its top may be missing, references are checked but not gathered. `*ret` is the caller's. */
KITH_MUST_CHECK kith_err ingest_canon_part(const struct ingest_resource *r, const char *json,
                                           size_t n, json_t **ret, struct ingest_problems *why);
void ingest_canon_done(struct ingest_canon *c);

/* The value at "schoolReference.schoolId" in a canonical body as text; NULL when absent. Integers are written into buf. Borrowed. */
const char *ingest_canon_text(const json_t *body, const char *path, char buf[static 24]);

/* The hash of the key that a reference's values give in one of its targets, which is `r`. Errors: KITH_EINVAL they are no key. */
KITH_MUST_CHECK kith_err ingest_canon_target(const struct ingest_target *t,
                                             const struct ingest_resource *r, const json_t *values,
                                             struct kith_id *ret);

/* Is there a value at that path? */
bool ingest_canon_has(const json_t *body, const char *path);

/* Whole numbers have one notation, so that 1 and 1.0 have one digest. NULL: out of memory. */
json_t *ingest_canon_number(double v);

/* Canonical text, decimals with 15 digits (what a double keeps of them); malloc'ed, the caller frees. NULL: out of memory. */
char *ingest_canon_dump(const json_t *body);

/* The first 63 bits of a hash. */
int64_t ingest_digest(const struct kith_id *id);

#endif
