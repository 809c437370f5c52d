/* SPDX-License-Identifier: Apache-2.0 */
/* One value of an Ed-Fi document, given as text: checked and brought into its canonical form. Documents, natural keys and query
 * arguments all go through here, so that they agree. Pure domain code; no allocation. */
#ifndef INGEST_SCALAR_H
#define INGEST_SCALAR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ingest/resource.h"
#include "kith/err.h"

#define INGEST_NAMESPACE_MAX 255 /* characters of a descriptor before '#' */
#define INGEST_CODE_MAX      50  /* and after it */

struct ingest_scalar {
    const char *text; /* canonical: the input itself or buf; n bytes, not always NUL-terminated */
    size_t n;
    int64_t integer; /* INT64; DATE: days since 1970-01-01; TIME: microseconds since midnight */
    double number;   /* NUMBER */
    bool boolean;    /* BOOL */
    char buf[32];
};

/* `type` is none of LIST, OBJECT, REFERENCE. `max` as in ingest_field. `identity`: part of a natural key, so that blanks at an end
 * and emptiness are refused. Accepts for INT64 "42"; NUMBER decimal notation; BOOL "true" "false" in any case; DATE "YYYY-MM-DD",
 * also followed by a midnight ("T00:00:00", with zeroes of a fraction and "Z"), never shifted; TIME "HH:MM", "HH:MM:SS" with up to 7 digits
 * of a fraction (the 7th is cut); DESCRIPTOR "namespace#code".
 * Errors: KITH_EINVAL, `why` (may be NULL) completes the sentence "<field> ...". */
KITH_MUST_CHECK kith_err ingest_scalar_parse(enum ingest_type type, int64_t max, bool identity,
                                             const char *text, size_t n, struct ingest_scalar *ret,
                                             struct kith_why *why);

/* "HH:MM:SS" or "HH:MM:SS.ffffff" without zeroes at its end, and a NUL. `us`: 0..86,399,999,999. */
void ingest_time_format(int64_t us, char text[static 16]);

/* Characters (code points) of n bytes of valid UTF-8. */
size_t ingest_characters(const char *text, size_t n);

#endif
