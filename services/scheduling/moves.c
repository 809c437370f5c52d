/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduling/moves.h"

#include <stdlib.h>

#define MOVES_FOCUS  0.6 /* of the moves begin at what is wrong */
#define MOVES_LINKED 256 /* linked meets that are moved at once */

/* ---- picking ---- */

static int below(struct moves *m, int n)
{
    return random_below(m->random, n);
}

static bool chance(struct moves *m, double p)
{
    return random_unit(m->random) < p;
}

static int pick(struct moves *m, const struct problem_list *list)
{
    return list->items[below(m, list->n)];
}

static int pick_meet(struct moves *m, int event)
{
    int slot = m->s->p->events[event].slot0;
    for (int k = below(m, m->s->meet_n[event]);; slot++)
        if (m->s->duration[slot] > 0 && k-- == 0)
            return slot;
}

/* A meet that a monitor which costs something sees; -1: none. */
static int pick_violated(struct moves *m)
{
    struct state *s = m->s;
    if (s->violated_n == 0)
        return -1;
    const struct problem_monitor *v = &s->p->monitors[s->violated[below(m, s->violated_n)]];
    if (v->resource < 0 && v->event_n == 0)
        return -1; /* an empty group: nothing can be done about it */
    if (v->resource < 0)
        return pick_meet(m, v->events[below(m, v->event_n)]);
    const struct state_attended *all = &s->attended[v->resource];
    return all->n > 0 ? all->items[below(m, all->n)].slot : -1;
}

/* A meet whose time is open: now and then one that is part of what is wrong. */
static int pick_open(struct moves *m)
{
    int slot = chance(m, MOVES_FOCUS) ? pick_violated(m) : -1;
    return slot >= 0 && m->s->p->events[m->s->p->slot_event[slot]].time < 0
               ? slot
               : pick_meet(m, pick(m, &m->d->open));
}

/* A meet and one of its open tasks, likewise. */
static int pick_open_task(struct moves *m, int *slot)
{
    int task = pick(m, &m->d->open_tasks);
    *slot = chance(m, MOVES_FOCUS) ? pick_violated(m) : -1;
    if (*slot >= 0) {
        const struct problem_event *e = &m->s->p->events[m->s->p->slot_event[*slot]];
        for (int i = 0, first = e->task_n ? below(m, e->task_n) : 0; i < e->task_n; i++) {
            int t = e->task0 + (first + i) % e->task_n;
            if (m->d->resources[t].n > 0)
                return t;
        }
    }
    *slot = pick_meet(m, m->d->task_event[task]);
    return task;
}

static bool pick_start(struct moves *m, int slot, int *start)
{
    const struct problem_list *list =
        domain_starts(m->d, m->s->p->slot_event[slot], m->s->duration[slot]);
    if (!list || list->n == 0)
        return false;
    *start = pick(m, list);
    return true;
}

static int task_count(const struct moves *m, int slot)
{
    return m->s->p->events[m->s->p->slot_event[slot]].task_n;
}

static bool overlap(const struct state *s, int a, int b)
{
    return s->start[a] >= 0 && s->start[b] >= 0 && s->start[a] < s->start[b] + s->duration[b] &&
           s->start[b] < s->start[a] + s->duration[a];
}

static bool is_free(const struct state *s, int r, int duration, int start)
{
    const uint64_t *cells = problem_cells(s->p, duration, start);
    const uint64_t *busy = s->busy + (size_t)r * (size_t)s->p->words;
    for (int w = 0; w < s->p->words; w++)
        if (cells[w] & busy[w])
            return false;
    return true;
}

/* ---- times ---- */

/* The meet of a linked event that runs with (start, duration); -1: none. */
static int partner(const struct state *s, int event, int start, int duration)
{
    const struct problem_event *e = &s->p->events[event];
    if (e->time >= 0)
        return -1;
    for (int slot = e->slot0; slot < e->slot0 + e->duration; slot++)
        if (s->duration[slot] == duration && s->start[slot] == start)
            return slot;
    return -1;
}

/* Moves the meet and those linked to it. The moved ones are put into `moved`; returns how many; 0: more than `most`, none was moved. */
static int move_linked(struct moves *m, int slot, int start, int *moved, int most)
{
    struct state *s = m->s;
    const struct problem_list *linked = &m->d->linked[s->p->slot_event[slot]];
    int from = s->start[slot];
    int n = 0;
    moved[n++] = slot;
    m->seen[slot] = m->stamp;
    for (int i = 0; i < linked->n; i++) {
        int other = partner(s, linked->items[i], from, s->duration[slot]);
        if (other >= 0 && m->seen[other] != m->stamp) {
            if (n == most)
                return 0;
            m->seen[other] = m->stamp;
            moved[n++] = other;
        }
    }
    for (int i = 0; i < n; i++)
        state_set_time(s, moved[i], start);
    return n;
}

/* Among the meets of `r` one that overlaps with this one and did not move yet; -1: none. */
static int displaced_among(const struct moves *m, int slot, int r)
{
    const struct state_attended *all = &m->s->attended[r];
    for (int i = 0; i < all->n; i++)
        if (m->seen[all->items[i].slot] != m->stamp && overlap(m->s, slot, all->items[i].slot))
            return all->items[i].slot;
    return -1;
}

/* A meet that this one displaces: it shares a resource and a time with it, and did not move yet. -1: none. */
static int displaced_by(const struct moves *m, int slot)
{
    const struct state *s = m->s;
    for (int k = 0; k < task_count(m, slot); k++) {
        int r = s->resource[s->p->slot_place[slot] + k];
        if (r < 0 || s->clashes[r] == 0)
            continue;
        size_t row = (size_t)r * (size_t)s->p->time_n;
        for (int t = s->start[slot]; t < s->start[slot] + s->duration[slot]; t++) {
            int n = s->busy_n[row + (size_t)t];
            int other = n == 2  ? (int)(s->busy_sum[row + (size_t)t] - slot)
                        : n > 2 ? displaced_among(m, slot, r)
                                : -1;
            if (other >= 0 && m->seen[other] != m->stamp)
                return other;
        }
    }
    return -1;
}

bool moves_chain(struct moves *m, int slot, int start)
{
    struct state *s = m->s;
    int queue[MOVES_CHAIN];
    int shift[MOVES_CHAIN]; /* where those that a meet displaces go, relative to it */
    m->stamp++;
    int by = s->start[slot] < 0 ? 0 : s->start[slot] - start;
    int steps = 0;
    int n = move_linked(m, slot, start, queue, MOVES_CHAIN);
    for (int i = 0; i < n; i++)
        shift[i] = by;
    for (int i = 0; i < n; i++) {
        int other;
        while (shift[i] != 0 && (other = displaced_by(m, queue[i])) >= 0) {
            int to = s->start[other] + shift[i];
            m->seen[other] = m->stamp;
            if (to < 0 || !problem_fits(s->p, s->duration[other], to) ||
                s->p->events[s->p->slot_event[other]].time >= 0)
                continue;
            int k = ++steps < MOVES_STEPS && n < MOVES_CHAIN
                        ? move_linked(m, other, to, queue + n, MOVES_CHAIN - n)
                        : 0;
            if (k == 0)
                return false;
            for (; k > 0; k--, n++)
                shift[n] = -shift[i];
        }
    }
    return true;
}

void moves_mend(struct moves *m, int slot)
{
    struct state *s = m->s;
    const struct problem_event *e = &s->p->events[s->p->slot_event[slot]];
    for (int k = 0; k < e->task_n && s->start[slot] >= 0; k++) {
        const struct problem_list *choice = &m->d->resources[e->task0 + k];
        int r = s->resource[s->p->slot_place[slot] + k];
        if (choice->n == 0 || s->p->tasks[e->task0 + k].resource >= 0 ||
            (r >= 0 && s->clashes[r] == 0))
            continue;
        if (r >= 0) { /* is it this meet that clashes? */
            const uint16_t *busy = s->busy_n + (size_t)r * (size_t)s->p->time_n;
            int t = s->start[slot];
            while (t < s->start[slot] + s->duration[slot] && busy[t] < 2)
                t++;
            if (t == s->start[slot] + s->duration[slot])
                continue;
        }
        for (int i = 0, first = below(m, choice->n); i < choice->n; i++) {
            int other = choice->items[(first + i) % choice->n];
            if (is_free(s, other, s->duration[slot], s->start[slot])) {
                state_set_resource(s, slot, k, other);
                break;
            }
        }
    }
}

static void try_time(struct moves *m)
{
    int moved[MOVES_LINKED];
    int slot = pick_open(m);
    int start;
    m->stamp++;
    if (!pick_start(m, slot, &start))
        return;
    int n = move_linked(m, slot, start, moved, MOVES_LINKED);
    bool mend = m->d->open_tasks.n > 0 && chance(m, 0.7);
    for (int i = 0; i < n && mend; i++)
        moves_mend(m, moved[i]);
}

static void try_chain(struct moves *m)
{
    int slot = pick_open(m);
    int start;
    if (!pick_start(m, slot, &start) || start == m->s->start[slot])
        return;
    if (!moves_chain(m, slot, start))
        state_undo(m->s); /* too many would move */
    else if (m->d->open_tasks.n > 0 && chance(m, 0.5))
        moves_mend(m, slot);
}

/* Another meet of one of this meet's resources; -1: none. */
static int neighbour(struct moves *m, int slot)
{
    struct state *s = m->s;
    int n = task_count(m, slot);
    if (n == 0)
        return pick_meet(m, pick(m, &m->d->open));
    int r = s->resource[s->p->slot_place[slot] + below(m, n)];
    if (r < 0 || s->attended[r].n < 2)
        return -1;
    int other = s->attended[r].items[below(m, s->attended[r].n)].slot;
    return other == slot || s->p->events[s->p->slot_event[other]].time >= 0 ? -1 : other;
}

/* Two meets change places; of different lengths and side by side, they change their order. */
static void try_swap(struct moves *m)
{
    struct state *s = m->s;
    int a = pick_open(m);
    int b = neighbour(m, a);
    int moved[MOVES_LINKED];
    if (b < 0 || s->start[a] < 0 || s->start[b] < 0)
        return;
    if (s->start[b] < s->start[a]) {
        int c = a;
        a = b;
        b = c;
    }
    int to_a = s->start[b];
    int to_b = s->start[a];
    if (s->start[a] + s->duration[a] == s->start[b])
        to_a = s->start[a] + s->duration[b];
    if (!problem_fits(s->p, s->duration[a], to_a) || !problem_fits(s->p, s->duration[b], to_b))
        return;
    m->stamp++;
    (void)move_linked(m, a, to_a, moved, MOVES_LINKED);
    if (m->seen[b] != m->stamp)
        (void)move_linked(m, b, to_b, moved, MOVES_LINKED);
}

/* ---- resources ---- */

/* The meet's task gets `r`; who had `r` at that time in an open task of this type gets the old one. */
static void give(struct moves *m, int slot, int k, int r, bool swap)
{
    struct state *s = m->s;
    int old = s->resource[s->p->slot_place[slot] + k];
    if (old == r)
        return;
    if (swap && r >= 0 && old >= 0) {
        const struct state_attended *all = &s->attended[r];
        for (int i = all->n - 1; i >= 0; i--) {
            struct state_busy it = all->items[i];
            int task = s->p->place_task[it.place];
            if (it.slot != slot && s->p->tasks[task].resource < 0 && overlap(s, slot, it.slot))
                state_set_resource(s, it.slot, it.place - s->p->slot_place[it.slot], old);
        }
    }
    state_set_resource(s, slot, k, r);
}

static void give_event(struct moves *m, int task, int r, bool swap)
{
    const struct problem_event *e = &m->s->p->events[m->d->task_event[task]];
    for (int slot = e->slot0; slot < e->slot0 + e->duration; slot++)
        if (m->s->duration[slot] > 0)
            give(m, slot, task - e->task0, r, swap);
}

static void try_resource(struct moves *m)
{
    int slot;
    int task = pick_open_task(m, &slot);
    int event = m->d->task_event[task];
    int r = pick(m, &m->d->resources[task]);
    bool swap = chance(m, 0.5);
    if (chance(m, 0.5))
        give(m, slot, task - m->s->p->events[event].task0, r, swap);
    else
        give_event(m, task, r, swap);
}

/* A resource for all meets that should have the same. */
static void try_together(struct moves *m)
{
    int slot;
    int task = pick_open_task(m, &slot);
    int r = pick(m, &m->d->resources[task]);
    bool swap = chance(m, 0.5);
    const struct problem_list *others = &m->d->together[task];
    give_event(m, task, r, swap);
    for (int i = 0; i < others->n; i++)
        give_event(m, others->items[i], r, swap);
}

/* Every meet of the task, and of those that should have the same, that has `from` gets `to`. */
static void replace_all(struct moves *m, int task, int from, int to)
{
    const struct problem_list *others = &m->d->together[task];
    for (int i = -1; i < others->n; i++) {
        int t = i < 0 ? task : others->items[i];
        const struct problem_event *e = &m->s->p->events[m->d->task_event[t]];
        for (int slot = e->slot0; slot < e->slot0 + e->duration; slot++)
            if (m->s->duration[slot] > 0 &&
                m->s->resource[m->s->p->slot_place[slot] + t - e->task0] == from)
                state_set_resource(m->s, slot, t - e->task0, to);
    }
}

/* Two resources change their duties at two places: what each has to do in sum stays about the same. */
static void try_exchange(struct moves *m)
{
    struct state *s = m->s;
    int slot;
    int task = pick_open_task(m, &slot);
    int k = task - s->p->events[s->p->slot_event[slot]].task0;
    int mine = s->resource[s->p->slot_place[slot] + k];
    int other = pick(m, &m->d->resources[task]);
    if (mine < 0 || other == mine || s->attended[other].n == 0)
        return;
    struct state_busy at = s->attended[other].items[below(m, s->attended[other].n)];
    int theirs = s->p->place_task[at.place];
    if (s->p->tasks[theirs].resource >= 0)
        return;
    if (chance(m, 0.3)) {
        state_set_resource(s, slot, k, other);
        state_set_resource(s, at.slot, at.place - s->p->slot_place[at.slot], mine);
    } else {
        replace_all(m, task, mine, other);
        replace_all(m, theirs, other, mine);
    }
}

/* ---- splitting ---- */

/* The same of each linked event, so that they still run together. */
static void split_linked(struct moves *m, int slot, int duration, int start)
{
    struct state *s = m->s;
    int event = s->p->slot_event[slot];
    int was = s->start[slot];
    int length = s->duration[slot];
    const struct problem_list *linked = &m->d->linked[event];
    state_set_time(s, state_split(s, slot, duration), start);
    for (int i = 0; i < linked->n; i++) {
        int other = partner(s, linked->items[i], was, length);
        if (other >= 0)
            state_set_time(s, state_split(s, other, duration), start);
    }
}

static void merge_linked(struct moves *m, int a, int b)
{
    struct state *s = m->s;
    const struct problem_list *linked = &m->d->linked[s->p->slot_event[a]];
    int at[2] = {s->start[a], s->start[b]};
    int length[2] = {s->duration[a], s->duration[b]};
    state_merge(s, a, b);
    for (int i = 0; i < linked->n; i++) {
        int c = partner(s, linked->items[i], at[0], length[0]);
        int d = partner(s, linked->items[i], at[1], length[1]);
        if (c >= 0 && d >= 0 && c != d)
            state_merge(s, c, d);
    }
}

static void try_split(struct moves *m)
{
    struct state *s = m->s;
    int event = pick(m, &m->d->splittable);
    int slot = pick_meet(m, event);
    int start;
    bool split = s->meet_n[event] == 1 || chance(m, 0.3);
    if (!split) {
        int other = pick_meet(m, event);
        if (other == slot)
            return;
        merge_linked(m, slot, other);
        if (s->start[slot] < 0 && pick_start(m, slot, &start)) {
            int moved[MOVES_LINKED];
            m->stamp++;
            (void)move_linked(m, slot, start, moved, MOVES_LINKED);
        }
        split = chance(m, 0.6);
    }
    if (!split || s->duration[slot] < 2)
        return;
    int duration = 1 + below(m, s->duration[slot] - 1);
    const struct problem_list *list = domain_starts(m->d, event, duration);
    if (list && list->n > 0)
        split_linked(m, slot, duration, pick(m, list));
}

/* ---- the table ---- */

static const struct {
    void (*try)(struct moves *m);
    double weight;
} all[] = {{try_time, 30},     {try_chain, 30},   {try_swap, 25}, {try_resource, 20},
           {try_exchange, 15}, {try_together, 5}, {try_split, 4}};

void moves_random(struct moves *m)
{
    double at = random_unit(m->random) * m->sum;
    size_t i = 0;
    while (i + 1 < KITH_LEN(all) && at >= m->weight[i])
        at -= m->weight[i++];
    if (m->weight[i] > 0)
        all[i].try(m);
}

kith_err moves_new(struct domain *d, struct state *s, struct random *random, struct moves **ret)
{
    struct moves *m = calloc(1, sizeof(*m));
    if (!m)
        return KITH_ENOMEM;
    *m = (struct moves){.d = d, .s = s, .random = random};
    m->seen = calloc((size_t)s->p->slot_n + 1, sizeof(*m->seen));
    if (!m->seen) {
        moves_free(m);
        return KITH_ENOMEM;
    }
    bool together = false;
    for (int t = 0; t < s->p->task_n; t++)
        together = together || d->together[t].n > 0;
    for (size_t i = 0; i < KITH_LEN(all); i++) {
        bool known = i < 3    ? d->open.n > 0
                     : i < 5  ? d->open_tasks.n > 0
                     : i == 5 ? together
                              : d->splittable.n > 0;
        m->weight[i] = known ? all[i].weight : 0;
        m->sum += m->weight[i];
    }
    *ret = m;
    return KITH_OK;
}

void moves_free(struct moves *m)
{
    if (!m)
        return;
    free(m->seen);
    free(m);
}
