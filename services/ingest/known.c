/* SPDX-License-Identifier: Apache-2.0 */
#include "ingest/known.h"

#include <stdlib.h>
#include <string.h>

/* Open addressing, linear probing, at most three quarters full; a slot with num 0 and digest 0 and a zero id is never stored, so
 * `used` tells free slots. Rows are never taken out, only made absent. */
struct ingest_known {
    struct ingest_known_row *rows;
    bool *used;
    size_t size; /* power of two */
    size_t filled;
    size_t present;
    int64_t top;
};

static size_t slot_of(const struct ingest_known *k, const struct kith_id *id)
{
    uint64_t h;
    memcpy(&h, id->b, sizeof(h));
    size_t i = (size_t)h & (k->size - 1);
    while (k->used[i] && memcmp(k->rows[i].id.b, id->b, sizeof(id->b)) != 0)
        i = (i + 1) & (k->size - 1);
    return i;
}

static kith_err resize(struct ingest_known *k, size_t size)
{
    struct ingest_known_row *rows = calloc(size, sizeof(*rows));
    bool *used = calloc(size, sizeof(*used));
    if (!rows || !used) {
        free(rows);
        free(used);
        return KITH_ENOMEM;
    }
    struct ingest_known old = *k;
    k->rows = rows;
    k->used = used;
    k->size = size;
    for (size_t i = 0; i < old.size; i++) {
        if (!old.used[i])
            continue;
        size_t to = slot_of(k, &old.rows[i].id);
        k->rows[to] = old.rows[i];
        k->used[to] = true;
    }
    free(old.rows);
    free(old.used);
    return KITH_OK;
}

kith_err ingest_known_new(struct ingest_known **ret)
{
    kith_auto(ingest_known) k = calloc(1, sizeof(*k));
    if (!k || resize(k, 1024) != KITH_OK)
        return KITH_ENOMEM;
    *ret = KITH_TAKE(k);
    return KITH_OK;
}

void ingest_known_free(struct ingest_known *k)
{
    if (!k)
        return;
    free(k->rows);
    free(k->used);
    free(k);
}

const struct ingest_known_row *ingest_known_find(const struct ingest_known *k,
                                                 const struct kith_id *id)
{
    size_t i = slot_of(k, id);
    return k->used[i] ? &k->rows[i] : NULL;
}

const struct ingest_known_row *ingest_known_present(const struct ingest_known *k,
                                                    const struct kith_id *id)
{
    const struct ingest_known_row *row = ingest_known_find(k, id);
    return row && row->digest != INGEST_ABSENT ? row : NULL;
}

kith_err ingest_known_put(struct ingest_known *k, const struct kith_id *id, int64_t num,
                          int64_t digest)
{
    size_t i = slot_of(k, id);
    if (!k->used[i] && (k->filled + 1) * 4 > k->size * 3) {
        kith_err err = resize(k, k->size * 2);
        if (err != KITH_OK)
            return err;
        i = slot_of(k, id);
    }
    if (!k->used[i]) {
        k->used[i] = true;
        k->filled++;
    } else if (k->rows[i].digest != INGEST_ABSENT) {
        k->present--;
    }
    k->rows[i] = (struct ingest_known_row){.id = *id, .num = num, .digest = digest};
    if (digest != INGEST_ABSENT)
        k->present++;
    if (num > k->top)
        k->top = num;
    return KITH_OK;
}

kith_err ingest_known_reserve(struct ingest_known *k, size_t n)
{
    size_t size = k->size;
    while ((k->filled + n) * 4 > size * 3)
        size *= 2;
    return size == k->size ? KITH_OK : resize(k, size);
}

void ingest_known_each(const struct ingest_known *k,
                       void (*fn)(void *ctx, const struct ingest_known_row *row), void *ctx)
{
    for (size_t i = 0; i < k->size; i++)
        if (k->used[i])
            fn(ctx, &k->rows[i]);
}

int64_t ingest_known_top(const struct ingest_known *k)
{
    return k->top;
}

size_t ingest_known_count(const struct ingest_known *k)
{
    return k->present;
}
