/* SPDX-License-Identifier: Apache-2.0 */
/* The resource that an input's first byte stands for: 'A' a descriptor, for all of them have the same fields; 'B' and on the others, in the
 * order of the table. */
#ifndef INGEST_CHOOSE_H
#define INGEST_CHOOSE_H

#include "ingest/resource.h"

static inline const struct ingest_resource *ingest_choose(uint8_t byte)
{
    size_t last = 0;
    while (ingest_resource_at(last + 1)->descriptor)
        last++;
    size_t n = ingest_resource_count() - last;
    return ingest_resource_at(last + (size_t)(uint8_t)(byte - 'A') % n);
}

#endif
