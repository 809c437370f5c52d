/* SPDX-License-Identifier: Apache-2.0 */
/* What documents a district has, by id: Kith's number of each and the digest of its content. ingest is the only writer of its tables
 * (epoch-fenced), so this is not a cache that may be wrong but the committed state in memory: it answers "does the student that this event
 * names exist, under which number" without a look at the database.
 * Pure: no I/O, no clock, no log. Ids are hashes already, so their first bytes place them. */
#ifndef INGEST_KNOWN_H
#define INGEST_KNOWN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kith/cleanup.h"
#include "kith/err.h"
#include "kith/id.h"

struct ingest_known;

#define INGEST_ABSENT (-1) /* digest of a row that keeps only its number */

struct ingest_known_row {
    struct kith_id id;
    int64_t num;    /* 0: resources that are not numbered */
    int64_t digest; /* >= 0; INGEST_ABSENT: deleted, the number stays reserved */
};

KITH_MUST_CHECK kith_err ingest_known_new(struct ingest_known **ret);
void ingest_known_free(struct ingest_known *k);
KITH_DEFINE_AUTO(ingest_known)

/* The row, also an absent one; NULL when the id was never seen. Borrowed until the next put. */
const struct ingest_known_row *ingest_known_find(const struct ingest_known *k,
                                                 const struct kith_id *id);
/* As find, but only what is there now. */
const struct ingest_known_row *ingest_known_present(const struct ingest_known *k,
                                                    const struct kith_id *id);
/* Add or replace. Errors: KITH_ENOMEM, nothing changed. */
KITH_MUST_CHECK kith_err ingest_known_put(struct ingest_known *k, const struct kith_id *id,
                                          int64_t num, int64_t digest);
/* Room for `n` more rows, so that as many puts cannot fail. Errors: KITH_ENOMEM. */
KITH_MUST_CHECK kith_err ingest_known_reserve(struct ingest_known *k, size_t n);
/* Every row, absent ones too, in no order. `fn` must not put into k. */
void ingest_known_each(const struct ingest_known *k,
                       void (*fn)(void *ctx, const struct ingest_known_row *row), void *ctx);
/* The largest number there is; 0 = none. */
int64_t ingest_known_top(const struct ingest_known *k);
size_t ingest_known_count(const struct ingest_known *k); /* present ones */

#endif
