/* SPDX-License-Identifier: Apache-2.0 */
/* Ids of one sort and their numbers. */
#ifndef SCHEDULING_XHSTT_NAMES_H
#define SCHEDULING_XHSTT_NAMES_H

#include "scheduling/problem.h"

struct xhstt_name {
    const char *id;
    int number;
};
struct xhstt_names {
    struct xhstt_name *items; /* sorted after xhstt_names_sort */
    int n, size;
};

KITH_MUST_CHECK kith_err xhstt_names_add(struct xhstt_names *names, const char *id, int number);
/* An id that is there twice is returned; NULL: none. */
const char *xhstt_names_sort(struct xhstt_names *names);
int xhstt_names_find(const struct xhstt_names *names, const char *id); /* -1 = none */

#endif
