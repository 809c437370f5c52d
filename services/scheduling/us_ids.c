/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduling/us_ids.h"

#include <stdalign.h>
#include <string.h>

#define CHUNK (64 * 1024)

struct us_arena_chunk {
    struct us_arena_chunk *next;
    size_t used, size;
    alignas(max_align_t) char bytes[];
};

void *us_arena_get(struct us_arena *a, size_t n, size_t size)
{
    size_t bytes;
    if (__builtin_mul_overflow(n, size, &bytes) || bytes > SIZE_MAX / 2)
        return NULL;
    bytes = (bytes + alignof(max_align_t)) & ~(alignof(max_align_t) - 1); /* never 0 */
    struct us_arena_chunk *c = a->chunks;
    if (!c || c->size - c->used < bytes) {
        size_t wanted = bytes > CHUNK ? bytes : CHUNK;
        c = calloc(1, sizeof(*c) + wanted);
        if (!c)
            return NULL;
        c->size = wanted;
        c->next = a->chunks;
        a->chunks = c;
    }
    void *p = c->bytes + c->used;
    c->used += bytes;
    return p;
}

char *us_arena_text(struct us_arena *a, const char *text, size_t n)
{
    char *copy = us_arena_get(a, n + 1, 1);
    if (copy && n > 0)
        memcpy(copy, text, n);
    return copy;
}

void us_arena_done(struct us_arena *a)
{
    while (a->chunks) {
        struct us_arena_chunk *next = a->chunks->next;
        free(a->chunks);
        a->chunks = next;
    }
}

/* FNV-1a */
static uint32_t hash(const char *name, size_t n)
{
    uint32_t h = UINT32_C(2166136261);
    for (size_t i = 0; i < n; i++)
        h = (h ^ (unsigned char)name[i]) * UINT32_C(16777619);
    return h;
}

bool us_ids_init(struct us_ids *ids, struct us_arena *a, int room)
{
    uint32_t slots = 16;
    while (slots < (uint32_t)room * 2)
        slots *= 2;
    *ids = (struct us_ids){.room = room, .mask = slots - 1};
    ids->names = us_arena_get(a, (size_t)room, sizeof(*ids->names));
    ids->slots = us_arena_get(a, slots, sizeof(*ids->slots));
    if (!ids->names || !ids->slots)
        return false;
    memset(ids->slots, 0xFF, slots * sizeof(*ids->slots));
    return true;
}

/* Where the name is, or the empty slot where it would be. */
static uint32_t slot_of(const struct us_ids *ids, const char *name, size_t n)
{
    uint32_t at = hash(name, n) & ids->mask;
    while (ids->slots[at] >= 0) {
        const char *there = ids->names[ids->slots[at]];
        if (strncmp(there, name, n) == 0 && there[n] == '\0')
            break;
        at = (at + 1) & ids->mask;
    }
    return at;
}

int us_ids_add(struct us_ids *ids, struct us_arena *a, const char *name, size_t n)
{
    uint32_t at = slot_of(ids, name, n);
    if (ids->slots[at] >= 0)
        return US_IDS_DUPLICATE;
    if (ids->n >= ids->room)
        return US_IDS_NO_MEMORY;
    ids->names[ids->n] = us_arena_text(a, name, n);
    if (!ids->names[ids->n])
        return US_IDS_NO_MEMORY;
    ids->slots[at] = ids->n;
    return ids->n++;
}

int us_ids_find(const struct us_ids *ids, const char *name, size_t n)
{
    return ids->slots ? ids->slots[slot_of(ids, name, n)] : -1;
}
