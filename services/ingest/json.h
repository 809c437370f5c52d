/* SPDX-License-Identifier: Apache-2.0 */
/* JSON from outside: one object, no repeated keys, no NUL, valid UTF-8, not too deep. Pure domain code. */
#ifndef INGEST_JSON_H
#define INGEST_JSON_H

#include <jansson.h>
#include <stddef.h>

#include "ingest/problems.h"
#include "kith/err.h"

#define INGEST_DEPTH_MAX 32

/* `*ret` is the caller's. Errors: KITH_EDECODE with a sentence under "$" in `why` (may be NULL) that quotes nothing of the input, KITH_ENOMEM. */
KITH_MUST_CHECK kith_err ingest_json_load(const char *json, size_t n, json_t **ret,
                                          struct ingest_problems *why);

#endif
