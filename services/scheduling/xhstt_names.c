/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduling/xhstt_names.h"

#include <stdlib.h>
#include <string.h>

kith_err xhstt_names_add(struct xhstt_names *names, const char *id, int number)
{
    if (names->n == names->size) {
        int size = names->size * 2 + 64;
        struct xhstt_name *items = reallocarray(names->items, (size_t)size, sizeof(*items));
        if (!items)
            return KITH_ENOMEM;
        names->items = items;
        names->size = size;
    }
    names->items[names->n++] = (struct xhstt_name){id, number};
    return KITH_OK;
}

static int by_id(const void *a, const void *b)
{
    return strcmp(((const struct xhstt_name *)a)->id, ((const struct xhstt_name *)b)->id);
}

const char *xhstt_names_sort(struct xhstt_names *names)
{
    if (names->n > 1)
        qsort(names->items, (size_t)names->n, sizeof(*names->items), by_id);
    for (int i = 1; i < names->n; i++)
        if (strcmp(names->items[i - 1].id, names->items[i].id) == 0)
            return names->items[i].id;
    return NULL;
}

int xhstt_names_find(const struct xhstt_names *names, const char *id)
{
    struct xhstt_name key = {id, 0};
    const struct xhstt_name *found =
        id && names->n > 0 ? bsearch(&key, names->items, (size_t)names->n, sizeof(key), by_id)
                           : NULL;
    return found ? found->number : -1;
}
