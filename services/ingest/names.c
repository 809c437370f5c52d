/* SPDX-License-Identifier: Apache-2.0 */
#include "ingest/names.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

struct name {
    struct kith_id key;
    struct kith_id id;
    bool used;
};

/* Open addressing, linear probing, at most three quarters full. */
struct ingest_names {
    const struct ingest_names *base;
    struct name *slots;
    size_t size; /* power of two */
    size_t filled;
};

static struct name *slot_of(const struct ingest_names *n, const struct kith_id *key)
{
    uint64_t h;
    memcpy(&h, key->b, sizeof(h)); /* keys are hashes already */
    size_t i = (size_t)h & (n->size - 1);
    while (n->slots[i].used && memcmp(n->slots[i].key.b, key->b, sizeof(key->b)) != 0)
        i = (i + 1) & (n->size - 1);
    return &n->slots[i];
}

static kith_err resize(struct ingest_names *n, size_t size)
{
    struct ingest_names old = *n;
    struct name *slots = calloc(size, sizeof(*slots));
    if (!slots)
        return KITH_ENOMEM;
    n->slots = slots;
    n->size = size;
    for (size_t i = 0; i < old.size; i++)
        if (old.slots[i].used)
            *slot_of(n, &old.slots[i].key) = old.slots[i];
    free(old.slots);
    return KITH_OK;
}

kith_err ingest_names_new(const struct ingest_names *base, struct ingest_names **ret)
{
    kith_auto(ingest_names) n = calloc(1, sizeof(*n));
    if (!n || resize(n, 16) != KITH_OK)
        return KITH_ENOMEM;
    n->base = base;
    *ret = KITH_TAKE(n);
    return KITH_OK;
}

void ingest_names_free(struct ingest_names *n)
{
    if (!n)
        return;
    free(n->slots);
    free(n);
}

struct kith_id ingest_names_id(const struct ingest_names *n, const struct kith_id *key)
{
    for (; n; n = n->base) {
        const struct name *slot = n->filled > 0 ? slot_of(n, key) : NULL;
        if (slot && slot->used)
            return slot->id;
    }
    return *key;
}

kith_err ingest_names_reserve(struct ingest_names *n, size_t more)
{
    size_t size = n->size;
    while ((n->filled + more) * 4 > size * 3)
        size *= 2;
    return size == n->size ? KITH_OK : resize(n, size);
}

kith_err ingest_names_put(struct ingest_names *n, const struct kith_id *key,
                          const struct kith_id *id)
{
    struct name *slot = slot_of(n, key);
    if (!slot->used) {
        kith_err err = ingest_names_reserve(n, 1);
        if (err != KITH_OK)
            return err;
        slot = slot_of(n, key);
        n->filled++;
    }
    *slot = (struct name){.key = *key, .id = *id, .used = true};
    return KITH_OK;
}

kith_err ingest_names_swap(struct ingest_names *n, const struct kith_id *a, const struct kith_id *b)
{
    struct kith_id of_a = ingest_names_id(n, a);
    struct kith_id of_b = ingest_names_id(n, b);
    kith_err err = ingest_names_reserve(n, 2);
    if (err == KITH_OK)
        err = ingest_names_put(n, a, &of_b);
    if (err == KITH_OK)
        err = ingest_names_put(n, b, &of_a);
    return err;
}

void ingest_names_each(const struct ingest_names *n,
                       void (*fn)(void *ctx, const struct kith_id *key, const struct kith_id *id),
                       void *ctx)
{
    for (size_t i = 0; i < n->size; i++)
        if (n->slots[i].used)
            fn(ctx, &n->slots[i].key, &n->slots[i].id);
}

size_t ingest_names_count(const struct ingest_names *n)
{
    return n->filled;
}
