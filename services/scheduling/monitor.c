/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduling/monitor.h"

#include <string.h>

#define DISTINCT_MOST 256

static int64_t outside(int64_t n, int64_t minimum, int64_t maximum)
{
    return n < minimum ? minimum - n : n > maximum ? n - maximum : 0;
}

static bool holds(const uint64_t *mask, int time)
{
    return mask[time / 64] >> (time % 64) & 1;
}

static int common_times(const uint64_t *a, const uint64_t *b, int words)
{
    int n = 0;
    for (int w = 0; w < words; w++)
        n += __builtin_popcountll(a[w] & b[w]);
    return n;
}

/* ---- of events ---- */

/* The meets of an event: `slot` runs over those in use. */
#define EACH_MEET(s, e)                                                                            \
    for (int slot = (s)->p->events[e].slot0, left_ = (s)->p->events[e].duration; left_ > 0;        \
         left_ -= (s)->duration[slot], slot++)                                                     \
        if ((s)->duration[slot] > 0)

static int64_t times_missing(const struct state *s, int event)
{
    int64_t n = 0;
    EACH_MEET(s, event)
    if (s->start[slot] < 0)
        n += s->duration[slot];
    return n;
}

static int64_t times_not_preferred(const struct state *s, int event,
                                   const struct problem_constraint *c)
{
    int64_t n = 0;
    EACH_MEET(s, event)
    if (s->start[slot] >= 0 && (c->duration == 0 || c->duration == s->duration[slot]) &&
        !holds(c->groups[0].mask, s->start[slot]))
        n += s->duration[slot];
    return n;
}

/* Of the task of the monitor's event: no resource, or one that is not preferred. */
static int64_t resources_wrong(const struct state *s, const struct problem_monitor *m,
                               const struct problem_constraint *c)
{
    int64_t n = 0;
    int event = m->events[0];
    int k = m->task - s->p->events[event].task0;
    EACH_MEET(s, event)
    {
        int r = s->resource[s->p->slot_place[slot] + k];
        if (c->kind == PROBLEM_ASSIGN_RESOURCE ? r < 0 : r >= 0 && !c->preferred[r])
            n += s->duration[slot];
    }
    return n;
}

static int64_t splits_wrong(const struct state *s, int event, const struct problem_constraint *c)
{
    int64_t wrong = 0;
    int64_t n = 0;
    EACH_MEET(s, event)
    {
        int d = s->duration[slot];
        n++;
        wrong += d < c->minimum_duration || d > c->maximum_duration;
    }
    return wrong + outside(n, c->minimum, c->maximum);
}

static int64_t distribution_wrong(const struct state *s, int event,
                                  const struct problem_constraint *c)
{
    int64_t n = 0;
    EACH_MEET(s, event)
    n += s->duration[slot] == c->duration;
    return outside(n, c->minimum, c->maximum);
}

static int64_t split_assignments(const struct state *s, const struct problem_monitor *m,
                                 const struct problem_constraint *c)
{
    int seen[DISTINCT_MOST];
    int n = 0;
    for (int i = 0; i < m->event_n; i++) {
        const struct problem_event *e = &s->p->events[m->events[i]];
        for (int k = 0; k < e->task_n; k++) {
            const struct problem_task *task = &s->p->tasks[e->task0 + k];
            if (!task->role || strcmp(task->role, c->role) != 0)
                continue;
            EACH_MEET(s, m->events[i])
            {
                int r = s->resource[s->p->slot_place[slot] + k];
                int j = 0;
                while (j < n && seen[j] != r)
                    j++;
                if (r >= 0 && j == n && n < DISTINCT_MOST)
                    seen[n++] = r;
            }
        }
    }
    return n > 1 ? n - 1 : 0;
}

static int64_t spread_wrong(const struct state *s, const struct problem_monitor *m,
                            const struct problem_constraint *c)
{
    int64_t sum = 0;
    for (int g = 0; g < c->group_n; g++) {
        int n = 0;
        for (int i = 0; i < m->event_n; i++)
            EACH_MEET(s, m->events[i])
        n += s->start[slot] >= 0 && holds(c->groups[g].mask, s->start[slot]);
        sum += outside(n, c->groups[g].minimum, c->groups[g].maximum);
    }
    return sum;
}

/* The times at which some of the events run and others do not. */
static int64_t unlinked(const struct state *s, const struct problem_monitor *m)
{
    int64_t n = 0;
    for (int w = 0; w < s->p->words; w++) {
        uint64_t some = 0;
        uint64_t all = ~UINT64_C(0);
        for (int i = 0; i < m->event_n; i++) {
            uint64_t runs = 0;
            EACH_MEET(s, m->events[i])
            if (s->start[slot] >= 0)
                runs |= problem_cells(s->p, s->duration[slot], s->start[slot])[w];
            some |= runs;
            all &= runs;
        }
        n += __builtin_popcountll(some & ~all);
    }
    return n;
}

static int64_t disordered(const struct state *s, const struct problem_monitor *m,
                          const struct problem_constraint *c)
{
    int end = -1;
    int begin = -1;
    EACH_MEET(s, m->events[0])
    if (s->start[slot] >= 0 && s->start[slot] + s->duration[slot] > end)
        end = s->start[slot] + s->duration[slot];
    EACH_MEET(s, m->events[1])
    if (s->start[slot] >= 0 && (begin < 0 || s->start[slot] < begin))
        begin = s->start[slot];
    return end < 0 || begin < 0 ? 0 : outside(begin - end, c->minimum, c->maximum);
}

/* ---- of resources ---- */

static const uint64_t *busy_of(const struct state *s, int r)
{
    return s->busy + (size_t)r * (size_t)s->p->words;
}

/* Times of a group between its first and its last busy one that are not busy. */
static int idle_in(const uint64_t *busy, const uint64_t *group, int words)
{
    int first = -1;
    int last = -1;
    int n = 0;
    for (int w = 0; w < words; w++) {
        uint64_t b = busy[w] & group[w];
        if (!b)
            continue;
        if (first < 0)
            first = w * 64 + __builtin_ctzll(b);
        last = w * 64 + 63 - __builtin_clzll(b);
    }
    for (int w = first / 64; first >= 0 && w <= last / 64; w++) {
        uint64_t between = ~UINT64_C(0);
        if (w == first / 64)
            between &= ~UINT64_C(0) << (first % 64);
        if (w == last / 64)
            between &= ~UINT64_C(0) >> (63 - last % 64);
        n += __builtin_popcountll(group[w] & between & ~busy[w]);
    }
    return n;
}

static int64_t idle_times(const struct state *s, int r, const struct problem_constraint *c)
{
    int64_t n = 0;
    for (int g = 0; g < c->group_n; g++)
        n += idle_in(busy_of(s, r), c->groups[g].mask, s->p->words);
    return outside(n, c->minimum, c->maximum);
}

static int64_t busy_groups(const struct state *s, int r, const struct problem_constraint *c)
{
    int64_t n = 0;
    for (int g = 0; g < c->group_n; g++)
        n += common_times(busy_of(s, r), c->groups[g].mask, s->p->words) > 0;
    return outside(n, c->minimum, c->maximum);
}

static int64_t busy_wrong(const struct state *s, int r, const struct problem_constraint *c)
{
    int64_t sum = 0;
    for (int g = 0; g < c->group_n; g++) {
        int n = common_times(busy_of(s, r), c->groups[g].mask, s->p->words);
        sum += n > 0 ? outside(n, c->minimum, c->maximum) : 0;
    }
    return sum;
}

static int64_t workload_wrong(const struct state *s, int r, const struct problem_constraint *c)
{
    int64_t unit = s->p->workload_unit;
    return (outside(s->workload[r], c->minimum * unit, c->maximum * unit) + unit - 1) / unit;
}

int64_t monitor_deviation(const struct state *s, const struct problem_monitor *m)
{
    const struct problem_constraint *c = &s->p->constraints[m->constraint];
    switch (c->kind) {
    case PROBLEM_ASSIGN_TIME:
        return times_missing(s, m->events[0]);
    case PROBLEM_PREFER_TIMES:
        return times_not_preferred(s, m->events[0], c);
    case PROBLEM_ASSIGN_RESOURCE:
    case PROBLEM_PREFER_RESOURCES:
        return resources_wrong(s, m, c);
    case PROBLEM_SPLIT_EVENTS:
        return splits_wrong(s, m->events[0], c);
    case PROBLEM_DISTRIBUTE_SPLIT:
        return distribution_wrong(s, m->events[0], c);
    case PROBLEM_AVOID_SPLIT_ASSIGNMENTS:
        return split_assignments(s, m, c);
    case PROBLEM_SPREAD_EVENTS:
        return spread_wrong(s, m, c);
    case PROBLEM_LINK_EVENTS:
        return unlinked(s, m);
    case PROBLEM_ORDER_EVENTS:
        return disordered(s, m, c);
    case PROBLEM_AVOID_CLASHES:
        return s->clashes[m->resource];
    case PROBLEM_AVOID_UNAVAILABLE:
        return common_times(busy_of(s, m->resource), c->groups[0].mask, s->p->words);
    case PROBLEM_LIMIT_IDLE:
        return idle_times(s, m->resource, c);
    case PROBLEM_CLUSTER_BUSY:
        return busy_groups(s, m->resource, c);
    case PROBLEM_LIMIT_BUSY:
        return busy_wrong(s, m->resource, c);
    case PROBLEM_LIMIT_WORKLOAD:
        return workload_wrong(s, m->resource, c);
    case PROBLEM_KINDS:
        break;
    }
    return 0;
}

int64_t monitor_cost(const struct state *s, const struct problem_monitor *m)
{
    const struct problem_constraint *c = &s->p->constraints[m->constraint];
    int64_t d = monitor_deviation(s, m);
    if (c->cost == PROBLEM_QUADRATIC)
        d *= d;
    else if (c->cost == PROBLEM_STEP)
        d = d > 0;
    return c->weight * d;
}
