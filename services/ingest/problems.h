/* SPDX-License-Identifier: Apache-2.0 */
/* What is wrong with a document or a query, as Ed-Fi's validationErrors: {"$.sessionReference.schoolYear": ["sentence", ...]}.
 * Sentences name fields and rules, never values, so that they may be logged and kept.
 * Pure domain code: no I/O, no clock, no log; fixed size, no ownership; start from {0}. */
#ifndef INGEST_PROBLEMS_H
#define INGEST_PROBLEMS_H

#include <jansson.h>
#include <stddef.h>

#include "kith/err.h"

#define INGEST_PROBLEMS_MAX 20

struct ingest_problem {
    char path[128]; /* "$", "$.classPeriods[3].classPeriodReference.schoolId" */
    char text[160]; /* one sentence */
};

struct ingest_problems {
    size_t n;    /* kept, at most INGEST_PROBLEMS_MAX */
    size_t more; /* found beyond those */
    struct ingest_problem items[INGEST_PROBLEMS_MAX];
};

/* `p` may be NULL. Both texts are cut, never overrun. */
void ingest_problems_add(struct ingest_problems *p, const char *path, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* {"path": ["sentence", ...], ...}; a last entry under "$" says how many more there are. NULL: out of memory. The caller's. */
json_t *ingest_problems_json(const struct ingest_problems *p);

/* "$.x: sentence (and 3 more)", for Rejected.text and quarantine. */
void ingest_problems_why(const struct ingest_problems *p, struct kith_why *why);

#endif
