/* SPDX-License-Identifier: Apache-2.0 */
/* An Ed-Fi document: checked, coerced and brought into one canonical form, with the id made from its natural key and the ids of what it
 * refers to. Rules (as Ed-Fi's own API does): numbers and booleans may come as strings, whole numbers may stand for text; null is
 * absence; unknown properties are dropped; identity strings must not begin or end with a blank; a repeated JSON key, a NUL, depth
 * beyond 32 or invalid UTF-8 is refused. All problems are collected, not the first alone.
 * Pure domain code: no I/O, no clock, no log; any thread. */
#ifndef INGEST_DOCUMENT_H
#define INGEST_DOCUMENT_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

#include "ingest/names.h"
#include "ingest/problems.h"
#include "ingest/resource.h"
#include "kith/cleanup.h"
#include "kith/err.h"
#include "kith/id.h"

struct ingest_ref {
    const char *name; /* "sessionReference"; static */
    char path[128];   /* "$.classPeriods[0].classPeriodReference" */
    size_t n;         /* alternatives: one of them must exist */
    const struct ingest_resource *target[INGEST_TARGETS_MAX];
    struct kith_id key[INGEST_TARGETS_MAX]; /* hash of the natural key that it names */
    struct kith_id id[INGEST_TARGETS_MAX];  /* of who has that key; see ingest_doc_name */
};

struct ingest_doc {
    const struct ingest_resource *resource;
    struct kith_id key; /* hash of its natural key */
    struct kith_id id;  /* of who has that key; see ingest_doc_name */
    char *
        body; /* canonical: compact, keys sorted, coerced, no nulls, no empty lists; NUL-terminated */
    size_t body_n;
    int64_t digest; /* >= 0, of body */
    size_t refs_n;
    struct ingest_ref *
        refs; /* each (target, id) once; none of attendance resources, whose events know their targets */
};

/* Parse a POST body (an `id` in it is a problem). `*ret` is the caller's, to give to ingest_doc_free(). `why` may be NULL.
 * Errors: KITH_EDECODE not JSON or not an object, KITH_EINVAL problems found; both are described in `why`. KITH_ENOMEM. */
KITH_MUST_CHECK kith_err ingest_doc_parse(const struct ingest_resource *r, const char *json,
                                          size_t n, struct ingest_doc **ret,
                                          struct ingest_problems *why);
/* Parse a PUT body: an `id` in it must be `id`, that of the URL. the key may be another than that id has: then it was changed. */
KITH_MUST_CHECK kith_err ingest_doc_parse_put(const struct ingest_resource *r, const char *json,
                                              size_t n, const struct kith_id *id,
                                              struct ingest_doc **ret, struct ingest_problems *why);
/* A parsed document takes every key for the id itself. This gives it and what it refers to the ids by which they are kept (names.h); may
 * be done again when keys have changed. */
void ingest_doc_name(struct ingest_doc *doc, const struct ingest_names *names);
/* The hash of the natural key in a canonical body. Errors: as ingest_key_id. */
KITH_MUST_CHECK kith_err ingest_doc_key(const struct ingest_resource *r, const json_t *body,
                                        struct kith_id *ret);
void ingest_doc_free(struct ingest_doc *doc); /* NULL is fine */
KITH_DEFINE_AUTO(ingest_doc)

/* The id from the parts of the natural key as text, in the order of r->key (alphabetical by name; sections: localCourseCode,
 * schoolId, schoolYear, sectionIdentifier, sessionName), n == r->key_n. Equals what ingest_doc_parse makes. No allocation.
 * Errors: KITH_EINVAL a part is missing, blank at an end, too long or not of its type. */
KITH_MUST_CHECK kith_err ingest_key_id(const struct ingest_resource *r, const char *const *values,
                                       size_t n, struct kith_id *ret);

#endif
