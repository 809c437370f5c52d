/* SPDX-License-Identifier: Apache-2.0 */
/* What Ed-Fi Data Standard 4 called `parents` and `studentParentAssociations` is `contacts` and `studentContactAssociations` in 5. Clients of 4
 * push and read under the old names; documents are kept under the new ones. Pure domain code: no I/O, no clock, no log; any thread. */
#ifndef INGEST_ALIAS_H
#define INGEST_ALIAS_H

#include <stdbool.h>
#include <stddef.h>

#include "ingest/problems.h"
#include "ingest/resource.h"
#include "kith/err.h"

/* The resource that an old name stands for; NULL when `name` is none. */
const struct ingest_resource *ingest_alias_find(const char *name);
/* Old names, in an order in which they may be pushed; `i` < ingest_alias_count(). */
const char *ingest_alias_at(size_t i);
size_t ingest_alias_count(void);

/* The present name of a field or query argument; `name` itself when it was not renamed. Static or `name`. */
const char *ingest_alias_field(const char *name);

/* A JSON object of n bytes with its fields renamed, at any depth: into the present names, or back. `*ret` is NUL-terminated and the
 * caller's. What is not JSON comes back as it is, for the parser to refuse. Errors: KITH_ENOMEM. */
KITH_MUST_CHECK kith_err ingest_alias_body(const char *json, size_t n, bool back, char **ret);
/* Paths and sentences of problems, back to the old names. */
void ingest_alias_problems(struct ingest_problems *problems);

#endif
