/* SPDX-License-Identifier: Apache-2.0 */
/* Which document a natural key names. A document's id is made from the key that it came with and never changes after, because clients
 * keep it; a key may (PUT of another key). So what a key's hash names is that hash itself, but for keys that have been changed: those
 * are here. Changing a key exchanges what the old and the new key name, so the whole stays one to one: the old key names an id
 * that nobody has, for whoever comes under it next, and changing back leaves nothing behind.
 * Pure: no I/O, no clock, no log. */
#ifndef INGEST_NAMES_H
#define INGEST_NAMES_H

#include <stddef.h>

#include "kith/cleanup.h"
#include "kith/err.h"
#include "kith/id.h"

struct ingest_names;

/* `base` NULL, or what holds where this one says nothing; borrowed, must not be put into meanwhile. */
KITH_MUST_CHECK kith_err ingest_names_new(const struct ingest_names *base,
                                          struct ingest_names **ret);
void ingest_names_free(struct ingest_names *n);
KITH_DEFINE_AUTO(ingest_names)

/* The id of the document that has this key, or would have it. */
struct kith_id ingest_names_id(const struct ingest_names *n, const struct kith_id *key);
/* Errors: KITH_ENOMEM, nothing changed; not when there is room. */
KITH_MUST_CHECK kith_err ingest_names_put(struct ingest_names *n, const struct kith_id *key,
                                          const struct kith_id *id);
/* Exchange what two keys name. Errors: as put. */
KITH_MUST_CHECK kith_err ingest_names_swap(struct ingest_names *n, const struct kith_id *a,
                                           const struct kith_id *b);
/* Room for so many more. Errors: KITH_ENOMEM. */
KITH_MUST_CHECK kith_err ingest_names_reserve(struct ingest_names *n, size_t more);
/* What was put here (not the base's), also keys that name themselves again, in no order. `fn` must not put into n. */
void ingest_names_each(const struct ingest_names *n,
                       void (*fn)(void *ctx, const struct kith_id *key, const struct kith_id *id),
                       void *ctx);
size_t ingest_names_count(const struct ingest_names *n); /* of those */

#endif
