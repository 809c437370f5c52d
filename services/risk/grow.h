/* SPDX-License-Identifier: Apache-2.0 */
/* Growing arrays of the domain files. */
#ifndef RISK_GROW_H
#define RISK_GROW_H

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "kith/err.h"

/* Room for one element more than `n` in *array, which has room for *size elements. Doubles; contents stay.
 * Errors: KITH_ENOMEM, nothing changed. */
#define RISK_GROW(array, size, n) risk_grow((void **)&(array), &(size), (n), sizeof(*(array)))

KITH_MUST_CHECK static inline kith_err risk_grow(void **array, uint32_t *size, uint32_t n,
                                                 size_t element)
{
    if (n < *size)
        return KITH_OK;
    if (n > UINT32_MAX / 2 - 8)
        return KITH_ENOMEM;
    uint32_t more = n < 4 ? 4 : n * 2;
    void *grown = reallocarray(*array, more, element);
    if (!grown)
        return KITH_ENOMEM;
    *array = grown;
    *size = more;
    return KITH_OK;
}

#endif
