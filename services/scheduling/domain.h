/* SPDX-License-Identifier: Apache-2.0 */
/* Where the meets of a problem may go: the starts and resources that no hard constraint excludes for good, and which events go together. Pure. */
#ifndef SCHEDULING_DOMAIN_H
#define SCHEDULING_DOMAIN_H

#include "scheduling/problem.h"

struct domain {
    const struct problem *p;
    struct problem_list *starts; /* by [event's first slot + duration - 1]; filled when asked for */
    struct problem_list *resources; /* by task that is open */
    struct problem_list *linked;    /* by event: those that run at the same time as it */
    struct problem_list
        *together; /* by task: tasks of other events that should have the same resource */
    struct problem_list open;       /* events whose time is open */
    struct problem_list open_tasks; /* events with an open task, once for each: task numbers */
    struct problem_list splittable; /* open events longer than 1 */
    int *task_event;
};

/* Errors: KITH_ENOMEM. */
KITH_MUST_CHECK kith_err domain_new(const struct problem *p, struct domain **ret);
void domain_free(struct domain *d); /* NULL is fine */
KITH_DEFINE_AUTO(domain)
/* Never empty where an event of that length fits at all. NULL: out of memory. */
const struct problem_list *domain_starts(struct domain *d, int event, int duration);

#endif
