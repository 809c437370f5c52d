/* SPDX-License-Identifier: Apache-2.0 */
/* Memory that is freed all at once, and dense indices for ids: the first id added is 0, the next 1, and so on. */
#ifndef SCHEDULING_US_IDS_H
#define SCHEDULING_US_IDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kith/cleanup.h"

struct us_arena_chunk;
struct us_arena {
    struct us_arena_chunk *chunks;
};

/* n x size bytes, zeroed; NULL when memory is exhausted. n may be 0. */
void *us_arena_get(struct us_arena *a, size_t n, size_t size);
char *us_arena_text(struct us_arena *a, const char *text,
                    size_t n); /* a copy that ends with a zero */
void us_arena_done(struct us_arena *a);

struct us_ids {
    int n;
    int room;
    const char **names; /* by index */
    int32_t *slots;     /* hash table of indices, -1 = empty */
    uint32_t mask;
};

#define US_IDS_DUPLICATE (-1)
#define US_IDS_NO_MEMORY (-2)

/* Room for `room` ids, in `a`. False when memory is exhausted. */
KITH_MUST_CHECK bool us_ids_init(struct us_ids *ids, struct us_arena *a, int room);
/* The new index, or one of the two above. The name is copied. Beyond the room: US_IDS_NO_MEMORY. */
int us_ids_add(struct us_ids *ids, struct us_arena *a, const char *name, size_t n);
int us_ids_find(const struct us_ids *ids, const char *name, size_t n); /* -1 = there is none */

#endif
