/* SPDX-License-Identifier: Apache-2.0 */
/* The rows of a file that are kept, found by their sourcedId. */
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "ingest/roster_internal.h"

#define BLOCK 262144

struct roster_block {
    struct roster_block *next;
    char text[];
};

const char *roster_keep_text(struct ingest_roster *r, const char *text)
{
    size_t n = strlen(text) + 1;
    if (n == 1)
        return "";
    if (n > r->block_left) {
        size_t size = n > BLOCK ? n : BLOCK;
        struct roster_block *b = malloc(sizeof(*b) + size);
        if (!b)
            return NULL;
        b->next = r->blocks;
        r->blocks = b;
        r->block_at = b->text;
        r->block_left = size;
    }
    char *at = r->block_at;
    memcpy(at, text, n);
    r->block_at += n;
    r->block_left -= n;
    return at;
}

static void table_done(struct roster_table *t)
{
    free(t->cells);
    free(t->lines);
    free(t->hashes);
    free(t->slots);
}

void ingest_roster_free(struct ingest_roster *r)
{
    if (!r)
        return;
    for (size_t i = 0; i < r->tables_n; i++)
        table_done(&r->tables[i]);
    for (size_t i = 0; i < r->layers_n; i++)
        for (size_t k = 0; k < ROSTER_LEAN; k++)
            table_done(&r->layers[i].lean[k]);
    free(r->layers);
    while (r->blocks) {
        struct roster_block *b = r->blocks;
        r->blocks = b->next;
        free(b);
    }
    free(r);
}

/* ---- kept rows by sourcedId ---- */

uint64_t roster_hash(const struct ingest_roster *r, const char *id)
{
    uint64_t h;
    _Static_assert(crypto_shorthash_BYTES == sizeof(h), "a SipHash is 64 bits");
    (void)crypto_shorthash((unsigned char *)&h, (const unsigned char *)id, strlen(id), r->key);
    return h;
}

static bool slot_is(const struct roster_table *t, size_t row, uint64_t hash, const char *id)
{
    return t->lines[row] > 0 && t->hashes[row] == hash &&
           (!t->keep || strcmp(roster_id(t, row), id) == 0);
}

size_t roster_find(const struct ingest_roster *r, const struct roster_table *t, const char *id)
{
    if (!t || t->slots_n == 0)
        return SIZE_MAX;
    uint64_t hash = roster_hash(r, id);
    for (size_t i = hash & (t->slots_n - 1); t->slots[i]; i = (i + 1) & (t->slots_n - 1))
        if (slot_is(t, t->slots[i] - 1, hash, id))
            return t->slots[i] - 1;
    return SIZE_MAX;
}

static void fill_slots(const struct roster_table *t, uint32_t *slots, size_t n)
{
    for (size_t row = 0; row < t->n; row++) {
        size_t i = t->hashes[row] & (n - 1);
        while (slots[i])
            i = (i + 1) & (n - 1);
        slots[i] = (uint32_t)row + 1;
    }
}

static kith_err grow_slots(struct roster_table *t)
{
    size_t n = t->slots_n ? t->slots_n * 2 : 1024;
    uint32_t *slots = calloc(n, sizeof(*slots));
    if (!slots)
        return KITH_ENOMEM;
    fill_slots(t, slots, n);
    free(t->slots);
    t->slots = slots;
    t->slots_n = n;
    return KITH_OK;
}

static kith_err grow_rows(struct roster_table *t)
{
    size_t size = t->size ? t->size * 2 : 256;
    uint64_t *lines = reallocarray(t->lines, size, sizeof(*lines));
    if (lines)
        t->lines = lines;
    uint64_t *hashes = reallocarray(t->hashes, size, sizeof(*hashes));
    if (hashes)
        t->hashes = hashes;
    const char **cells = t->cells;
    if (t->keep) {
        cells = reallocarray(t->cells, size * (t->columns_n + 1), sizeof(*cells));
        if (cells)
            t->cells = cells;
    }
    if (!lines || !hashes || (t->keep && !cells))
        return KITH_ENOMEM;
    t->size = size;
    return KITH_OK;
}

/* Cells that nobody needs, least of all here. */
static bool unwanted(const char *column)
{
    static const char *const names[] = {"password", "sms", "phone", "subjectCodes", "userIds"};
    for (size_t i = 0; i < KITH_LEN(names); i++)
        if (strcmp(names[i], column) == 0)
            return true;
    return false;
}

kith_err roster_table_add(struct ingest_roster *r, struct roster_table *t,
                          const struct roster_row *row)
{
    size_t before = t->keep && t->old_n > 0 ? roster_find(r, t, row->sourced_id) : SIZE_MAX;
    if (before != SIZE_MAX)
        t->lines[before] = 0; /* the later package counts */
    if (t->keep && row->deleted)
        return KITH_OK;
    if ((t->n == t->size && grow_rows(t) != KITH_OK) ||
        ((t->n + 1) * 4 > t->slots_n * 3 && grow_slots(t) != KITH_OK))
        return KITH_ENOMEM;
    uint64_t hash = roster_hash(r, row->sourced_id);
    t->lines[t->n] = row->line;
    t->hashes[t->n] = hash;
    for (size_t c = 0; t->keep && c <= t->columns_n; c++) {
        const char *text = c == 0                                   ? row->sourced_id
                           : unwanted(t->file->columns[c - 1].name) ? ""
                                                                    : row->cells[c - 1];
        text = roster_keep_text(r, text);
        if (!text)
            return KITH_ENOMEM;
        t->cells[t->n * (t->columns_n + 1) + c] = text;
    }
    size_t i = hash & (t->slots_n - 1);
    while (t->slots[i])
        i = (i + 1) & (t->slots_n - 1);
    t->slots[i] = (uint32_t)++t->n;
    return KITH_OK;
}

void roster_table_forget(struct roster_table *t)
{
    for (size_t row = 0; row < t->n; row++)
        t->lines[row] = 0;
}

void roster_table_compact(struct roster_table *t)
{
    size_t width = t->columns_n + 1;
    size_t kept = 0;
    for (size_t row = 0; row < t->n; row++) {
        if (t->lines[row] == 0)
            continue;
        memmove(t->cells + kept * width, t->cells + row * width, width * sizeof(*t->cells));
        t->hashes[kept] = t->hashes[row];
        t->lines[kept++] = t->lines[row];
    }
    t->n = kept;
    if (t->slots_n > 0) {
        memset(t->slots, 0, t->slots_n * sizeof(*t->slots));
        fill_slots(t, t->slots, t->slots_n);
    }
}
