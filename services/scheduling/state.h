/* SPDX-License-Identifier: Apache-2.0 */
/* A timetable under change: the meets with their times and resources, how busy each resource is, and the cost of every monitor. A change marks the monitors
 * that it touches; state_cost evaluates those alone. Changes since state_mark can be undone. Single-threaded; owned by its caller. Pure. */
#ifndef SCHEDULING_STATE_H
#define SCHEDULING_STATE_H

#include "scheduling/problem.h"

struct state_cost { /* smaller is better: hard first */
    int64_t hard, soft;
};

struct state_change {
    int kind, slot, place, old;
};
struct state_busy { /* a meet that a resource attends */
    int slot, place;
};
struct state_attended {
    struct state_busy *items;
    int n, size;
};

struct state {
    const struct problem *p;
    int *duration; /* by slot; 0 = the slot is not in use */
    int *start;    /* by slot; -1 = none */
    int *resource; /* by place; -1 = none */
    int *at;       /* by place: its index in attended[resource] */
    struct state_attended *attended;
    uint16_t *busy_n; /* [resource][time] */
    int64_t *
        busy_sum; /* [resource][time]: sum of the slots that are there: names the one, or the other of two */
    uint64_t *busy; /* [resource][words] */
    int *clashes;   /* by resource */
    int64_t *workload;
    int *meet_n;     /* by event */
    int64_t *cost;   /* by monitor, weighted */
    int64_t *factor; /* by monitor: what a unit of cost is to the search, in 1/1024 */
    int64_t energy;  /* sum of cost x factor, kept by state_cost */
    int *violated, *violated_at,
        violated_n; /* monitors that cost something; by monitor its place among them */
    uint8_t *dirty;
    int *dirty_list;
    int dirty_n;
    struct state_cost total;
    struct state_change *changes;
    int change_n, change_size;
    struct state_saved {
        int monitor;
        int64_t cost;
    } * saved;
    int saved_n, saved_size;
    bool failed; /* out of memory: the state is not to be used */
};

/* Nothing assigned but what is preassigned, each event one meet. Errors: KITH_ENOMEM. */
KITH_MUST_CHECK kith_err state_new(const struct problem *p, struct state **ret);
void state_free(struct state *s); /* NULL is fine */
KITH_DEFINE_AUTO(state)

void state_set_time(struct state *s, int slot, int start);
void state_set_resource(struct state *s, int slot, int task_index, int resource);
/* A free slot of the same event takes `duration` of it, without time or resources but those preassigned; its slot is returned. */
int state_split(struct state *s, int slot, int duration);
/* `from` goes into `into`, which keeps its time where it still fits, otherwise none. */
void state_merge(struct state *s, int into, int from);

struct state_cost state_cost(struct state *s);
void state_mark(struct state *s); /* from here on */
void state_undo(struct state *s); /* back to the mark */
/* Weighs the monitors anew. `hard`: what one unit of a hard constraint of weight 1 is against one unit of soft cost. Large hard weights count by their logarithm,
 * so that a search can still cross them. Call state_mark first. */
void state_weigh(struct state *s, double hard);
/* What a timetable is, without what follows from it. Made by state_shot_new, filled by state_save; state_load makes *s as it was. */
struct state_shot {
    struct state_cost cost;
    int *duration, *start, *resource;
};
KITH_MUST_CHECK kith_err state_shot_new(const struct problem *p, struct state_shot **ret);
void state_shot_free(struct state_shot *shot); /* NULL is fine */
KITH_DEFINE_AUTO(state_shot)
void state_save(struct state *s, struct state_shot *shot);
void state_load(struct state *s, const struct state_shot *shot);
/* The same cost from nothing: for tests and the printed result. */
struct state_cost state_recount(const struct state *s);

static inline bool state_less(struct state_cost a, struct state_cost b)
{
    return a.hard != b.hard ? a.hard < b.hard : a.soft < b.soft;
}
/* The weighted cost of one monitor as things stand. */
int64_t state_monitor(const struct state *s, int monitor);

#endif
