/* SPDX-License-Identifier: Apache-2.0 */
#include "risk/map.h"

#include <assert.h>
#include <stdlib.h>

/* Fibonacci hashing (Knuth, TAOCP 6.4): numbers given one after the other spread evenly. */
static uint32_t slot_of(const struct risk_map *m, int64_t key)
{
    uint32_t i = (uint32_t)(((uint64_t)key * UINT64_C(11400714819323198485)) >> 32) & (m->size - 1);
    while (m->slots[i].value != RISK_NOWHERE && m->slots[i].key != key)
        i = (i + 1) & (m->size - 1);
    return i;
}

uint32_t risk_map_get(const struct risk_map *m, int64_t key)
{
    return m->size == 0 ? RISK_NOWHERE : m->slots[slot_of(m, key)].value;
}

static kith_err resize(struct risk_map *m)
{
    if (m->size >= UINT32_C(1) << 30)
        return KITH_ENOMEM;
    struct risk_map bigger = {.size = m->size == 0 ? 64 : m->size * 2};
    bigger.slots = reallocarray(NULL, bigger.size, sizeof(*bigger.slots));
    if (!bigger.slots)
        return KITH_ENOMEM;
    for (uint32_t i = 0; i < bigger.size; i++)
        bigger.slots[i] = (struct risk_map_slot){.value = RISK_NOWHERE};
    for (uint32_t i = 0; i < m->size; i++) {
        if (m->slots[i].value != RISK_NOWHERE)
            bigger.slots[slot_of(&bigger, m->slots[i].key)] = m->slots[i];
    }
    bigger.n = m->n;
    free(m->slots);
    *m = bigger;
    return KITH_OK;
}

kith_err risk_map_put(struct risk_map *m, int64_t key, uint32_t value)
{
    assert(value != RISK_NOWHERE);
    if (m->n >= m->size / 4 * 3) {
        kith_err err = resize(m);
        if (err != KITH_OK)
            return err;
    }
    uint32_t i = slot_of(m, key);
    assert(m->slots[i].value == RISK_NOWHERE);
    m->slots[i] = (struct risk_map_slot){key, value};
    m->n++;
    return KITH_OK;
}

void risk_map_done(struct risk_map *m)
{
    free(m->slots);
    *m = (struct risk_map){0};
}
