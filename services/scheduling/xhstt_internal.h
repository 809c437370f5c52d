/* SPDX-License-Identifier: Apache-2.0 */
/* What the readers of an instance share. */
#ifndef SCHEDULING_XHSTT_INTERNAL_H
#define SCHEDULING_XHSTT_INTERNAL_H

#include "scheduling/xhstt.h"
#include "scheduling/xhstt_names.h"

#define XHSTT_MOST 1000000000L

struct xhstt_groups { /* of times, resources or events: members by number of the group */
    struct xhstt_names names;
    struct problem_list *members;
};
struct xhstt_reader {
    struct problem *p;
    struct xhstt_names times, types, resources, events;
    struct xhstt_groups time_groups, resource_groups, event_groups;
    struct kith_why *why;
};

/* Says what is wrong in reader->why, with the node's line. Returns KITH_EDECODE. */
__attribute__((format(printf, 3, 4))) kith_err
xhstt_bad(struct xhstt_reader *reader, const struct xml_node *node, const char *format, ...);
/* The child's whole number, `missing` when there is no such child. */
KITH_MUST_CHECK kith_err xhstt_number(struct xhstt_reader *reader, const struct xml_node *node,
                                      const char *child, long minimum, long missing, long *ret);
/* The node's Reference as a number. */
KITH_MUST_CHECK kith_err xhstt_reference(struct xhstt_reader *reader, const struct xml_node *node,
                                         const struct xhstt_names *names, int *ret);
KITH_MUST_CHECK kith_err xhstt_constraints(struct xhstt_reader *reader,
                                           const struct xml_node *instance);

#endif
