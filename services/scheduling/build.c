/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduling/build.h"

#include <stdlib.h>

#define PARTS_MOST 64
#define TRIED_MOST 400 /* partitions of one event */

/* ---- splitting ---- */

struct partition {
    int part[PARTS_MOST], n;
};
struct splitting {
    struct moves *m;
    int event, tried;
    int64_t best_energy;
    struct partition best, now;
};

static void apply(struct state *s, int event, const struct partition *p)
{
    int slot = s->p->events[event].slot0;
    for (int i = 1; i < p->n; i++)
        (void)state_split(s, slot, p->part[i]);
}

static void judge(struct splitting *sp)
{
    struct state *s = sp->m->s;
    state_mark(s);
    apply(s, sp->event, &sp->now);
    (void)state_cost(s);
    sp->tried++;
    if (sp->best.n == 0 || s->energy < sp->best_energy) {
        sp->best = sp->now;
        sp->best_energy = s->energy;
    }
    state_undo(s);
}

/* All partitions of `left` into parts not larger than `most`, large parts first. */
static void partitions(struct splitting *sp, int left, int most)
{
    if (left == 0)
        judge(sp);
    for (int part = left < most ? left : most;
         part > 0 && left > 0 && sp->now.n < PARTS_MOST && sp->tried < TRIED_MOST; part--) {
        sp->now.part[sp->now.n++] = part;
        partitions(sp, left - part, part);
        sp->now.n--;
    }
}

static void split_event(struct moves *m, int event)
{
    struct splitting sp = {.m = m, .event = event};
    int duration = m->s->p->events[event].duration;
    /* equal parts first: long events have more partitions than can be tried */
    for (int part = duration; part > 0; part--) {
        sp.now.n = 0;
        for (int left = duration; left > 0 && sp.now.n < PARTS_MOST;
             left -= sp.now.part[sp.now.n - 1])
            sp.now.part[sp.now.n++] = left < part ? left : part;
        int sum = 0;
        for (int i = 0; i < sp.now.n; i++)
            sum += sp.now.part[i];
        if (sum == duration)
            judge(&sp);
    }
    sp.tried = sp.now.n = 0;
    partitions(&sp, duration, duration);
    apply(m->s, event, &sp.best);
    state_mark(m->s);
}

/* ---- assigning ---- */

static void best_start(struct moves *m, int slot)
{
    struct state *s = m->s;
    const struct problem_list *starts =
        domain_starts(m->d, s->p->slot_event[slot], s->duration[slot]);
    int64_t best = INT64_MAX;
    int at = -1;
    int ties = 0;
    for (int i = 0; starts && i < starts->n; i++) {
        state_mark(s);
        state_set_time(s, slot, starts->items[i]);
        moves_mend(m, slot);
        (void)state_cost(s);
        ties = s->energy == best ? ties + 1 : 1;
        if (s->energy < best || (s->energy == best && random_below(m->random, ties) == 0)) {
            best = s->energy;
            at = starts->items[i];
        }
        state_undo(s);
    }
    if (at >= 0) {
        state_set_time(s, slot, at);
        moves_mend(m, slot);
    }
    state_mark(s);
}

static void best_resource(struct moves *m, int slot, int k)
{
    struct state *s = m->s;
    const struct problem_event *e = &s->p->events[s->p->slot_event[slot]];
    const struct problem_list *choice = &m->d->resources[e->task0 + k];
    int64_t best = INT64_MAX;
    int r = -1;
    int ties = 0;
    for (int i = 0; i < choice->n; i++) {
        state_mark(s);
        state_set_resource(s, slot, k, choice->items[i]);
        (void)state_cost(s);
        ties = s->energy == best ? ties + 1 : 1;
        if (s->energy < best || (s->energy == best && random_below(m->random, ties) == 0)) {
            best = s->energy;
            r = choice->items[i];
        }
        state_undo(s);
    }
    if (r >= 0)
        state_set_resource(s, slot, k, r);
    state_mark(s);
}

/* Long meets and those of much asked resources are hard to place. */
static int64_t urgency(const struct state *s, int slot)
{
    const struct problem_event *e = &s->p->events[s->p->slot_event[slot]];
    int64_t asked = 0;
    for (int k = 0; k < e->task_n; k++) {
        int r = s->resource[s->p->slot_place[slot] + k];
        if (r >= 0 && s->attended[r].n > asked)
            asked = s->attended[r].n;
    }
    return (int64_t)s->duration[slot] * 1000 + asked * 20 + e->task_n;
}

struct place_order {
    int64_t urgency;
    int slot;
};

static int most_urgent(const void *a, const void *b)
{
    const struct place_order *x = a;
    const struct place_order *y = b;
    if (x->urgency != y->urgency)
        return x->urgency > y->urgency ? -1 : 1;
    return x->slot - y->slot;
}

void build_timetable(struct moves *m)
{
    struct state *s = m->s;
    int n = 0;
    kith_auto_mem struct place_order *order = calloc((size_t)s->p->slot_n + 1, sizeof(*order));
    if (!order) {
        s->failed = true;
        return;
    }
    for (int i = 0; i < m->d->splittable.n; i++)
        split_event(m, m->d->splittable.items[i]);
    for (int slot = 0; slot < s->p->slot_n; slot++)
        if (s->duration[slot] > 0)
            order[n++] = (struct place_order){urgency(s, slot), slot};
    qsort(order, (size_t)n, sizeof(*order), most_urgent);
    for (int i = 0; i < n; i++) {
        int slot = order[i].slot;
        const struct problem_event *e = &s->p->events[s->p->slot_event[slot]];
        if (e->time < 0 && s->start[slot] < 0)
            best_start(m, slot);
        for (int k = 0; k < e->task_n; k++)
            if (s->p->tasks[e->task0 + k].resource < 0)
                best_resource(m, slot, k);
    }
}
