/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduling/state.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "scheduling/monitor.h"

enum { CHANGE_TIME, CHANGE_RESOURCE, CHANGE_DURATION };

/* ---- the tables, without monitors ---- */

/* The resource begins (+1) or ceases (-1) to be busy at the times of a meet. */
static void occupy(struct state *s, int r, int slot, int start, int by)
{
    int words = s->p->words;
    const uint64_t *cells = problem_cells(s->p, s->duration[slot], start);
    uint16_t *busy_n = s->busy_n + (size_t)r * (size_t)s->p->time_n;
    int64_t *busy_sum = s->busy_sum + (size_t)r * (size_t)s->p->time_n;
    for (int w = 0; w < words; w++)
        for (uint64_t left = cells[w]; left; left &= left - 1) {
            int t = w * 64 + __builtin_ctzll(left);
            uint64_t bit = left & -left;
            busy_sum[t] += by * slot;
            uint64_t *busy = &s->busy[(size_t)r * (size_t)words + (size_t)w];
            if (by > 0) {
                s->clashes[r] += busy_n[t] > 0;
                *busy |= bit;
                busy_n[t]++;
            } else {
                busy_n[t]--;
                s->clashes[r] -= busy_n[t] > 0;
                *busy &= busy_n[t] ? ~UINT64_C(0) : ~bit;
            }
        }
}

static int64_t share_of_workload(const struct state *s, int place, int slot)
{
    const struct problem_event *e = &s->p->events[s->p->slot_event[slot]];
    return s->p->tasks[s->p->place_task[place]].workload * s->p->workload_unit * s->duration[slot] /
           e->duration;
}

static void attend(struct state *s, int slot, int place)
{
    int r = s->resource[place];
    struct state_attended *list = &s->attended[r];
    if (list->n == list->size) {
        int size = list->size ? list->size * 2 : 16;
        struct state_busy *items = reallocarray(list->items, (size_t)size, sizeof(*items));
        if (!items) {
            s->failed = true;
            return;
        }
        list->items = items;
        list->size = size;
    }
    s->at[place] = list->n;
    list->items[list->n++] = (struct state_busy){slot, place};
    s->workload[r] += share_of_workload(s, place, slot);
    if (s->start[slot] >= 0)
        occupy(s, r, slot, s->start[slot], 1);
}

static void leave(struct state *s, int slot, int place)
{
    int r = s->resource[place];
    struct state_attended *list = &s->attended[r];
    struct state_busy last = list->items[--list->n];
    list->items[s->at[place]] = last;
    s->at[last.place] = s->at[place];
    s->workload[r] -= share_of_workload(s, place, slot);
    if (s->start[slot] >= 0)
        occupy(s, r, slot, s->start[slot], -1);
}

/* The places of a slot's tasks: `place` runs over them. */
#define EACH_PLACE(s, slot)                                                                        \
    for (int place = (s)->p->slot_place[slot],                                                     \
             end_ = place + (s)->p->events[(s)->p->slot_event[slot]].task_n;                       \
         place < end_; place++)

static void put_time(struct state *s, int slot, int start)
{
    EACH_PLACE(s, slot)
    if (s->resource[place] >= 0 && s->duration[slot] > 0) {
        if (s->start[slot] >= 0)
            occupy(s, s->resource[place], slot, s->start[slot], -1);
        if (start >= 0)
            occupy(s, s->resource[place], slot, start, 1);
    }
    s->start[slot] = start;
}

static void put_resource(struct state *s, int slot, int place, int r)
{
    if (s->resource[place] >= 0 && s->duration[slot] > 0)
        leave(s, slot, place);
    s->resource[place] = r;
    if (r >= 0 && s->duration[slot] > 0)
        attend(s, slot, place);
}

static void put_duration(struct state *s, int slot, int duration)
{
    EACH_PLACE(s, slot)
    if (s->resource[place] >= 0 && s->duration[slot] > 0)
        leave(s, slot, place);
    s->meet_n[s->p->slot_event[slot]] += (duration > 0) - (s->duration[slot] > 0);
    s->duration[slot] = duration;
    EACH_PLACE(s, slot)
    if (s->resource[place] >= 0 && duration > 0)
        attend(s, slot, place);
}

/* A monitor's cost, in all that is kept about it. */
static void put_cost(struct state *s, int m, int64_t cost)
{
    bool hard = s->p->constraints[s->p->monitors[m].constraint].hard;
    *(hard ? &s->total.hard : &s->total.soft) += cost - s->cost[m];
    s->energy += (cost - s->cost[m]) * s->factor[m];
    if (cost > 0 && s->cost[m] == 0) {
        s->violated_at[m] = s->violated_n;
        s->violated[s->violated_n++] = m;
    } else if (cost == 0 && s->cost[m] > 0) {
        int last = s->violated[--s->violated_n];
        s->violated[s->violated_at[m]] = last;
        s->violated_at[last] = s->violated_at[m];
    }
    s->cost[m] = cost;
}

/* ---- changes ---- */

static void remember(struct state *s, int kind, int slot, int place, int old)
{
    if (s->change_n == s->change_size) {
        int size = s->change_size * 2 + 64;
        struct state_change *changes = reallocarray(s->changes, (size_t)size, sizeof(*changes));
        if (!changes) {
            s->failed = true;
            return;
        }
        s->changes = changes;
        s->change_size = size;
    }
    s->changes[s->change_n++] = (struct state_change){kind, slot, place, old};
}

static void touch(struct state *s, const struct problem_list *list)
{
    for (int i = 0; i < list->n; i++)
        if (!s->dirty[list->items[i]]) {
            s->dirty[list->items[i]] = 1;
            s->dirty_list[s->dirty_n++] = list->items[i];
        }
}

static void touch_resources(struct state *s, int slot)
{
    EACH_PLACE(s, slot)
    if (s->resource[place] >= 0)
        touch(s, &s->p->of_resource[s->resource[place]]);
}

void state_set_time(struct state *s, int slot, int start)
{
    if (s->start[slot] == start)
        return;
    remember(s, CHANGE_TIME, slot, 0, s->start[slot]);
    put_time(s, slot, start);
    touch(s, &s->p->of_event[s->p->slot_event[slot]]);
    touch_resources(s, slot);
}

void state_set_resource(struct state *s, int slot, int task_index, int resource)
{
    int place = s->p->slot_place[slot] + task_index;
    int old = s->resource[place];
    if (old == resource)
        return;
    remember(s, CHANGE_RESOURCE, slot, place, old);
    put_resource(s, slot, place, resource);
    touch(s, &s->p->of_task[s->p->place_task[place]]);
    if (old >= 0)
        touch(s, &s->p->of_resource[old]);
    if (resource >= 0)
        touch(s, &s->p->of_resource[resource]);
}

static void set_duration(struct state *s, int slot, int duration)
{
    int e = s->p->slot_event[slot];
    if (s->start[slot] >= 0 && duration > 0 && !problem_fits(s->p, duration, s->start[slot]))
        state_set_time(s, slot, -1);
    remember(s, CHANGE_DURATION, slot, 0, s->duration[slot]);
    put_duration(s, slot, duration);
    touch(s, &s->p->of_event[e]);
    for (int k = 0; k < s->p->events[e].task_n; k++)
        touch(s, &s->p->of_task[s->p->events[e].task0 + k]);
    touch_resources(s, slot);
}

int state_split(struct state *s, int slot, int duration)
{
    const struct problem_event *e = &s->p->events[s->p->slot_event[slot]];
    int other = e->slot0;
    while (s->duration[other] > 0)
        other++;
    set_duration(s, slot, s->duration[slot] - duration);
    state_set_time(s, other, e->time);
    for (int k = 0; k < e->task_n; k++) /* as it was, as a beginning */
        state_set_resource(s, other, k, s->resource[s->p->slot_place[slot] + k]);
    set_duration(s, other, duration);
    return other;
}

void state_merge(struct state *s, int into, int from)
{
    int duration = s->duration[from];
    set_duration(s, from, 0);
    set_duration(s, into, s->duration[into] + duration);
}

void state_mark(struct state *s)
{
    (void)state_cost(s);
    s->change_n = 0;
    s->saved_n = 0;
}

void state_undo(struct state *s)
{
    for (int i = s->change_n - 1; i >= 0; i--) {
        const struct state_change *c = &s->changes[i];
        if (c->kind == CHANGE_TIME)
            put_time(s, c->slot, c->old);
        else if (c->kind == CHANGE_RESOURCE)
            put_resource(s, c->slot, c->place, c->old);
        else
            put_duration(s, c->slot, c->old);
    }
    for (int i = s->saved_n - 1; i >= 0; i--)
        put_cost(s, s->saved[i].monitor, s->saved[i].cost);
    for (int i = 0; i < s->dirty_n; i++)
        s->dirty[s->dirty_list[i]] = 0;
    s->dirty_n = s->change_n = s->saved_n = 0;
}

/* ---- cost ---- */

static void save(struct state *s, int monitor)
{
    if (s->saved_n == s->saved_size) {
        int size = s->saved_size * 2 + 64;
        struct state_saved *saved = reallocarray(s->saved, (size_t)size, sizeof(*saved));
        if (!saved) {
            s->failed = true;
            return;
        }
        s->saved = saved;
        s->saved_size = size;
    }
    s->saved[s->saved_n++] = (struct state_saved){monitor, s->cost[monitor]};
}

struct state_cost state_cost(struct state *s)
{
    for (int i = 0; i < s->dirty_n; i++) {
        int m = s->dirty_list[i];
        int64_t cost = monitor_cost(s, &s->p->monitors[m]);
        s->dirty[m] = 0;
        if (cost == s->cost[m])
            continue;
        save(s, m);
        put_cost(s, m, cost);
    }
    s->dirty_n = 0;
    return s->total;
}

void state_weigh(struct state *s, double hard)
{
    s->energy = 0;
    for (int m = 0; m < s->p->monitor_n; m++) {
        const struct problem_constraint *c = &s->p->constraints[s->p->monitors[m].constraint];
        double weight = c->weight > 0 ? (double)c->weight : 1;
        s->factor[m] = c->hard ? llround(1024 * hard * (1 + log2(weight)) / weight) : 1024;
        s->energy += s->cost[m] * s->factor[m];
    }
}

struct state_cost state_recount(const struct state *s)
{
    struct state_cost sum = {0, 0};
    for (int m = 0; m < s->p->monitor_n; m++) {
        bool hard = s->p->constraints[s->p->monitors[m].constraint].hard;
        *(hard ? &sum.hard : &sum.soft) += monitor_cost(s, &s->p->monitors[m]);
    }
    return sum;
}

int64_t state_monitor(const struct state *s, int monitor)
{
    return monitor_cost(s, &s->p->monitors[monitor]);
}

/* ---- life ---- */

static bool make_tables(struct state *s)
{
    const struct problem *p = s->p;
    size_t r = (size_t)p->resource_n + 1;
    size_t slots = (size_t)p->slot_n + 1;
    size_t places = (size_t)p->place_n + 1;
    size_t monitors = (size_t)p->monitor_n + 1;
    s->duration = calloc(slots, sizeof(int));
    s->start = calloc(slots, sizeof(int));
    s->resource = calloc(places, sizeof(int));
    s->at = calloc(places, sizeof(int));
    s->attended = calloc(r, sizeof(*s->attended));
    s->busy_n = calloc(r * (size_t)p->time_n, sizeof(*s->busy_n));
    s->busy_sum = calloc(r * (size_t)p->time_n, sizeof(*s->busy_sum));
    s->busy = calloc(r * (size_t)p->words, sizeof(*s->busy));
    s->clashes = calloc(r, sizeof(int));
    s->workload = calloc(r, sizeof(*s->workload));
    s->meet_n = calloc((size_t)p->event_n + 1, sizeof(int));
    s->cost = calloc(monitors, sizeof(*s->cost));
    s->factor = calloc(monitors, sizeof(*s->factor));
    s->violated = calloc(monitors, sizeof(int));
    s->violated_at = calloc(monitors, sizeof(int));
    s->dirty = calloc(monitors, 1);
    s->dirty_list = calloc(monitors, sizeof(int));
    return s->duration && s->start && s->resource && s->at && s->attended && s->busy_n &&
           s->busy_sum && s->busy && s->clashes && s->workload && s->meet_n && s->cost &&
           s->factor && s->violated && s->violated_at && s->dirty && s->dirty_list;
}

kith_err state_new(const struct problem *p, struct state **ret)
{
    kith_auto(state) s = calloc(1, sizeof(*s));
    if (!s)
        return KITH_ENOMEM;
    s->p = p;
    if (!make_tables(s))
        return KITH_ENOMEM;
    for (int slot = 0; slot < p->slot_n; slot++) {
        s->start[slot] = -1;
        EACH_PLACE(s, slot)
        s->resource[place] = p->tasks[p->place_task[place]].resource;
    }
    for (int e = 0; e < p->event_n; e++) {
        s->start[p->events[e].slot0] = p->events[e].time;
        put_duration(s, p->events[e].slot0, p->events[e].duration);
    }
    for (int m = 0; m < p->monitor_n; m++) {
        s->dirty[m] = 1;
        s->dirty_list[s->dirty_n++] = m;
    }
    state_mark(s);
    if (s->failed)
        return KITH_ENOMEM;
    *ret = KITH_TAKE(s);
    return KITH_OK;
}

void state_free(struct state *s)
{
    if (!s)
        return;
    for (int r = 0; s->attended && r < s->p->resource_n; r++)
        free(s->attended[r].items);
    void *const all[] = {s->duration, s->start,      s->resource, s->at,       s->attended,
                         s->busy_n,   s->busy_sum,   s->busy,     s->clashes,  s->workload,
                         s->meet_n,   s->cost,       s->factor,   s->violated, s->violated_at,
                         s->dirty,    s->dirty_list, s->changes,  s->saved};
    for (size_t i = 0; i < KITH_LEN(all); i++)
        free(all[i]);
    free(s);
}

/* ---- snapshots ---- */

kith_err state_shot_new(const struct problem *p, struct state_shot **ret)
{
    kith_auto(state_shot) shot = calloc(1, sizeof(*shot));
    if (!shot)
        return KITH_ENOMEM;
    shot->duration = calloc((size_t)p->slot_n + 1, sizeof(int));
    shot->start = calloc((size_t)p->slot_n + 1, sizeof(int));
    shot->resource = calloc((size_t)p->place_n + 1, sizeof(int));
    if (!shot->duration || !shot->start || !shot->resource)
        return KITH_ENOMEM;
    *ret = KITH_TAKE(shot);
    return KITH_OK;
}

void state_shot_free(struct state_shot *shot)
{
    if (!shot)
        return;
    free(shot->duration);
    free(shot->start);
    free(shot->resource);
    free(shot);
}

void state_save(struct state *s, struct state_shot *shot)
{
    shot->cost = state_cost(s);
    memcpy(shot->duration, s->duration, (size_t)s->p->slot_n * sizeof(int));
    memcpy(shot->start, s->start, (size_t)s->p->slot_n * sizeof(int));
    memcpy(shot->resource, s->resource, (size_t)s->p->place_n * sizeof(int));
}

void state_load(struct state *s, const struct state_shot *shot)
{
    for (int slot = 0; slot < s->p->slot_n; slot++) {
        bool same = s->duration[slot] == shot->duration[slot];
        if (!same) {
            state_set_time(s, slot, -1);
            set_duration(s, slot, 0);
        }
        EACH_PLACE(s, slot)
        state_set_resource(s, slot, place - s->p->slot_place[slot], shot->resource[place]);
        if (!same)
            set_duration(s, slot, shot->duration[slot]);
        state_set_time(s, slot, shot->start[slot]);
    }
    state_mark(s);
}
