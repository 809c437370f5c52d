/* SPDX-License-Identifier: Apache-2.0 */
/* What a SIS calls people, schools and things in its files, as identifiers of Ed-Fi: the same for the same text, whatever file it stands
 * in, so that a roster and an attendance file meet. Pure domain code; no allocation. */
#ifndef INGEST_IDENTITY_H
#define INGEST_IDENTITY_H

#include <stddef.h>
#include <stdint.h>

/* An id of at most `max` bytes (32 or more): itself when it fits, a GUID without its dashes, else the hash of it (32 hex digits).
 * ret: max + 1 bytes. */
void ingest_identity_fit(const char *id, size_t max, char *ret);

/* A schoolId: `identifier` when it is 1 to 15 digits, else the first 52 bits of the hash of `sourced_id`, a number that JSON carries whole. */
int64_t ingest_identity_number(const char *identifier, const char *sourced_id);

#endif
