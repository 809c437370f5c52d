/* SPDX-License-Identifier: Apache-2.0 */
/* From Kith's 64-bit numbers to array indexes: open addressing, no deletion. Pure. */
#ifndef RISK_MAP_H
#define RISK_MAP_H

#include <stdint.h>

#include "kith/err.h"

#define RISK_NOWHERE UINT32_MAX

struct risk_map_slot {
    int64_t key;
    uint32_t value; /* RISK_NOWHERE = free */
};

struct risk_map {
    struct risk_map_slot *slots;
    uint32_t size; /* power of two, or 0 */
    uint32_t n;
};

/* RISK_NOWHERE when there is none. */
uint32_t risk_map_get(const struct risk_map *m, int64_t key);
/* `key` must not be there yet. Errors: KITH_ENOMEM. */
KITH_MUST_CHECK kith_err risk_map_put(struct risk_map *m, int64_t key, uint32_t value);
void risk_map_done(struct risk_map *m);

#endif
