/* SPDX-License-Identifier: Apache-2.0 */
/* A timetabling problem as the engine sees it: times, resources, events whose parts (meets) want a time and resources, and monitors, each of which is one
 * constraint at one point where it applies. The terms, the 16 kinds and their deviations are those of XHSTT (Post et al., "XHSTT: an XML archive for high school
 * timetabling problems in different countries", 2014). Everything is a dense index; -1 is none. Pure. */
#ifndef SCHEDULING_PROBLEM_H
#define SCHEDULING_PROBLEM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kith/cleanup.h"
#include "kith/err.h"

enum problem_kind {
    PROBLEM_ASSIGN_TIME,
    PROBLEM_ASSIGN_RESOURCE,
    PROBLEM_PREFER_TIMES,
    PROBLEM_PREFER_RESOURCES,
    PROBLEM_SPLIT_EVENTS,
    PROBLEM_DISTRIBUTE_SPLIT,
    PROBLEM_AVOID_SPLIT_ASSIGNMENTS,
    PROBLEM_SPREAD_EVENTS,
    PROBLEM_LINK_EVENTS,
    PROBLEM_ORDER_EVENTS,
    PROBLEM_AVOID_CLASHES,
    PROBLEM_AVOID_UNAVAILABLE,
    PROBLEM_LIMIT_IDLE,
    PROBLEM_CLUSTER_BUSY,
    PROBLEM_LIMIT_BUSY,
    PROBLEM_LIMIT_WORKLOAD,
    PROBLEM_KINDS
};
enum problem_cost { PROBLEM_LINEAR, PROBLEM_QUADRATIC, PROBLEM_STEP };

struct problem_task {
    char *role;   /* NULL = none */
    int resource; /* preassigned, or -1: to be chosen */
    int type;     /* of resource */
    int64_t workload;
};

struct problem_event {
    char *id;
    int duration;
    int time; /* preassigned start, or -1 */
    int task0, task_n;
    int slot0; /* its meets are slots slot0 .. slot0 + duration - 1 */
};

struct problem_group { /* of times, with the limits that a constraint sets for it */
    uint64_t *mask;    /* `words` long */
    int minimum, maximum;
};

struct problem_constraint {
    char *id;
    enum problem_kind kind;
    bool hard;
    int64_t weight;
    enum problem_cost cost;
    char *role;
    int minimum, maximum;                   /* of the sum, the amount or the number */
    int minimum_duration, maximum_duration; /* split events */
    int duration;                           /* prefer times, distribute: 0 = any */
    struct problem_group *groups; /* prefer times and unavailable: one, all of the times */
    int group_n;
    uint8_t *preferred; /* prefer resources: by resource */
};

struct problem_monitor {
    int constraint;
    int resource; /* -1 = of events */
    int *events;  /* one, a group, or the first and the second of a pair */
    int event_n;
    int task; /* assign and prefer resource: of events[0] */
};

struct problem_list { /* of ints, growing */
    int *items;
    int n, size;
};

struct problem {
    char *id;
    int time_n, words; /* words: of a mask of times */
    char **times;
    int resource_n, type_n;
    char **resources, **types;
    int *resource_type;
    int event_n, task_n, slot_n, place_n;
    struct problem_event *events;
    struct problem_task *tasks;
    int constraint_n, monitor_n;
    struct problem_constraint *constraints;
    struct problem_monitor *monitors;
    /* made by problem_finish */
    int *slot_event, *slot_place; /* slot_place: where its tasks' resources begin */
    int *place_task;
    uint64_t
        *cells; /* [duration - 1][start][words]: the times of a meet; no bit = it does not fit */
    int duration_max;
    int64_t workload_unit;         /* workloads are counted in 1 / unit */
    struct problem_list *of_event; /* monitors that a change of time or splitting touches */
    struct problem_list *of_task;  /* that a change of resource touches */
    struct problem_list *of_resource;
    struct problem_list *by_type; /* resources of a type */
};

/* Errors: KITH_ENOMEM. */
KITH_MUST_CHECK kith_err problem_new(struct problem **ret);
void problem_free(struct problem *p); /* NULL is fine */
KITH_DEFINE_AUTO(problem)
KITH_MUST_CHECK kith_err problem_push(struct problem_list *list, int value);
/* After all is filled in: makes the tables that the engine reads. Errors: KITH_ENOMEM. */
KITH_MUST_CHECK kith_err problem_finish(struct problem *p);

static inline const uint64_t *problem_cells(const struct problem *p, int duration, int start)
{
    return p->cells +
           ((size_t)(duration - 1) * (size_t)p->time_n + (size_t)start) * (size_t)p->words;
}
static inline bool problem_fits(const struct problem *p, int duration, int start)
{
    return start + duration <= p->time_n;
}

#endif
