/* SPDX-License-Identifier: Apache-2.0 */
/* The engine against a naive one: random problems with all 16 kinds, random moves; the incremental cost must be what a plain recomputation from meets, written
 * another way, says; undo and snapshots must restore it; the same seed must give the same timetable. */
#include "kith_test.h"

#include "scheduling/moves.h"
#include "scheduling/run.h"

#define TIMES     17 /* days of 6, 6, 5 */
#define EVENTS    14
#define RESOURCES 9

static uint64_t seed = 20261127;

static int below(int n)
{
    return (int)(test_random(&seed) % (uint64_t)n);
}

/* ---- a random problem ---- */

static struct problem_group group_of(int from, int to, int minimum, int maximum)
{
    struct problem_group g = {calloc(1, sizeof(uint64_t)), minimum, maximum};
    for (int t = from; t < to; t++)
        *g.mask |= UINT64_C(1) << t;
    return g;
}

static void days(struct problem_constraint *c)
{
    c->groups = calloc(3, sizeof(*c->groups));
    c->group_n = 3;
    for (int i = 0; i < 3; i++)
        c->groups[i] = group_of(i * 6, i == 2 ? TIMES : i * 6 + 6, below(2), 1 + below(4));
}

static void some_times(struct problem_constraint *c)
{
    int from = below(TIMES - 4);
    c->groups = calloc(1, sizeof(*c->groups));
    c->group_n = 1;
    c->groups[0] = group_of(from, from + 4, 0, 0);
}

static void add_monitor(struct problem *p, int c, int resource, int a, int b, int n, int task)
{
    int *events = calloc(3, sizeof(int));
    events[0] = a;
    events[1] = b;
    events[2] = (b + 1) % EVENTS == a ? (b + 2) % EVENTS : (b + 1) % EVENTS;
    p->monitors[p->monitor_n++] = (struct problem_monitor){
        .constraint = c, .resource = resource, .events = events, .event_n = n, .task = task};
}

static void add_constraint(struct problem *p, enum problem_kind kind)
{
    int c = p->constraint_n++;
    struct problem_constraint *k = &p->constraints[c];
    *k = (struct problem_constraint){.kind = kind,
                                     .hard = below(2),
                                     .weight = 1 + below(5),
                                     .cost = (enum problem_cost)below(3),
                                     .role = strdup("role"),
                                     .minimum = below(3),
                                     .maximum = 2 + below(4),
                                     .minimum_duration = 1 + below(2),
                                     .maximum_duration = 2 + below(2),
                                     .duration = 1 + below(2)};
    if (kind == PROBLEM_PREFER_TIMES || kind == PROBLEM_AVOID_UNAVAILABLE)
        some_times(k);
    if (kind == PROBLEM_SPREAD_EVENTS || kind == PROBLEM_LIMIT_IDLE ||
        kind == PROBLEM_CLUSTER_BUSY || kind == PROBLEM_LIMIT_BUSY)
        days(k);
    if (kind == PROBLEM_PREFER_RESOURCES) {
        k->preferred = calloc(RESOURCES, 1);
        for (int r = 0; r < RESOURCES; r++)
            k->preferred[r] = below(2) == 1;
    }
    for (int i = 0; i < 6; i++) {
        int a = below(EVENTS);
        int b = (a + 1 + below(EVENTS - 2)) % EVENTS;
        int task = p->events[a].task0 + 1; /* each event's second task is the open one */
        if (kind >= PROBLEM_AVOID_CLASHES)
            add_monitor(p, c, below(RESOURCES), 0, 0, 0, -1);
        else if (kind == PROBLEM_ORDER_EVENTS)
            add_monitor(p, c, -1, a, b, 2, -1);
        else if (kind >= PROBLEM_AVOID_SPLIT_ASSIGNMENTS)
            add_monitor(p, c, -1, a, b, 3, -1);
        else
            add_monitor(p, c, -1, a, b, 1, task);
    }
}

static struct problem *random_problem(void)
{
    struct problem *p;
    assert_ok(problem_new(&p));
    p->id = strdup("random");
    p->time_n = TIMES;
    p->words = 1;
    p->resource_n = RESOURCES;
    p->type_n = 2;
    p->resource_type = calloc(RESOURCES, sizeof(int));
    for (int r = 0; r < RESOURCES; r++)
        p->resource_type[r] = r % 2;
    p->event_n = EVENTS;
    p->events = calloc(EVENTS, sizeof(*p->events));
    p->tasks = calloc(EVENTS * 2, sizeof(*p->tasks));
    for (int e = 0; e < EVENTS; e++) {
        p->events[e] = (struct problem_event){.id = strdup("e"),
                                              .duration = 1 + below(4),
                                              .time = e == 3 ? below(10) : -1,
                                              .task0 = e * 2,
                                              .task_n = 2};
        p->tasks[e * 2] = (struct problem_task){.resource = below(RESOURCES), .workload = below(7)};
        p->tasks[e * 2 + 1] = (struct problem_task){
            .role = strdup("role"), .resource = -1, .type = e % 2, .workload = 3};
    }
    p->task_n = EVENTS * 2;
    p->constraints = calloc(PROBLEM_KINDS, sizeof(*p->constraints));
    p->monitors = calloc((size_t)PROBLEM_KINDS * 6, sizeof(*p->monitors));
    for (int kind = 0; kind < PROBLEM_KINDS; kind++)
        add_constraint(p, (enum problem_kind)kind);
    assert_ok(problem_finish(p));
    return p;
}

/* ---- the naive evaluator: by tables of [event][time] and [resource][time] made from the meets ---- */

struct naive {
    const struct state *s;
    int running[EVENTS][TIMES];
    int busy[RESOURCES][TIMES];
};

static void look(struct naive *n, const struct state *s)
{
    *n = (struct naive){.s = s};
    for (int slot = 0; slot < s->p->slot_n; slot++)
        for (int t = s->start[slot]; t >= 0 && t < s->start[slot] + s->duration[slot]; t++) {
            n->running[s->p->slot_event[slot]][t]++;
            for (int k = 0; k < 2; k++)
                if (s->resource[s->p->slot_place[slot] + k] >= 0)
                    n->busy[s->resource[s->p->slot_place[slot] + k]][t]++;
        }
}

static int outside(int n, int low, int high)
{
    return n < low ? low - n : n > high ? n - high : 0;
}

static bool in(const struct problem_group *g, int t)
{
    return *g->mask >> t & 1;
}

static int of_meets(const struct naive *n, const struct problem_monitor *m,
                    const struct problem_constraint *c)
{
    const struct state *s = n->s;
    int sum = 0;
    int meets = 0;
    int fitting = 0;
    bool used[RESOURCES] = {false};
    int in_day[3] = {0};
    for (int slot = 0; slot < s->p->slot_n; slot++)
        for (int i = 0; i < m->event_n; i++) {
            int d = s->duration[slot];
            int r = s->resource[s->p->slot_place[slot] + 1];
            if (d == 0 || s->p->slot_event[slot] != m->events[i])
                continue;
            meets++;
            fitting += d == c->duration;
            if (c->kind == PROBLEM_ASSIGN_TIME)
                sum += s->start[slot] < 0 ? d : 0;
            if (c->kind == PROBLEM_ASSIGN_RESOURCE)
                sum += r < 0 ? d : 0;
            if (c->kind == PROBLEM_PREFER_TIMES && s->start[slot] >= 0 && d == c->duration)
                sum += in(&c->groups[0], s->start[slot]) ? 0 : d;
            if (c->kind == PROBLEM_PREFER_RESOURCES && r >= 0)
                sum += c->preferred[r] ? 0 : d;
            if (c->kind == PROBLEM_SPLIT_EVENTS)
                sum += d < c->minimum_duration || d > c->maximum_duration;
            if (r >= 0)
                used[r] = true;
            for (int g = 0; c->kind == PROBLEM_SPREAD_EVENTS && g < 3; g++)
                in_day[g] += s->start[slot] >= 0 && in(&c->groups[g], s->start[slot]);
        }
    if (c->kind == PROBLEM_SPLIT_EVENTS)
        sum += outside(meets, c->minimum, c->maximum);
    if (c->kind == PROBLEM_DISTRIBUTE_SPLIT)
        sum = outside(fitting, c->minimum, c->maximum);
    if (c->kind == PROBLEM_AVOID_SPLIT_ASSIGNMENTS) {
        for (int r = 0; r < RESOURCES; r++)
            sum += used[r];
        sum = sum > 1 ? sum - 1 : 0;
    }
    for (int g = 0; c->kind == PROBLEM_SPREAD_EVENTS && g < 3; g++)
        sum += outside(in_day[g], c->groups[g].minimum, c->groups[g].maximum);
    return sum;
}

static int of_times(const struct naive *n, const struct problem_monitor *m,
                    const struct problem_constraint *c)
{
    int sum = 0;
    if (c->kind == PROBLEM_LINK_EVENTS) {
        for (int t = 0; t < TIMES; t++) {
            int runs = 0;
            for (int i = 0; i < m->event_n; i++)
                runs += n->running[m->events[i]][t] > 0;
            sum += runs > 0 && runs < m->event_n;
        }
        return sum;
    }
    int last = -1;
    int first = -1;
    for (int t = 0; t < TIMES; t++)
        if (n->running[m->events[0]][t])
            last = t;
    for (int t = TIMES - 1; t >= 0; t--)
        if (n->running[m->events[1]][t])
            first = t;
    return last < 0 || first < 0 ? 0 : outside(first - last - 1, c->minimum, c->maximum);
}

static int idle(const int *busy, const struct problem_group *g)
{
    int first = TIMES;
    int last = -1;
    int sum = 0;
    for (int t = 0; t < TIMES; t++)
        if (in(g, t) && busy[t]) {
            first = t < first ? t : first;
            last = t;
        }
    for (int t = first; t < last; t++)
        sum += in(g, t) && !busy[t];
    return sum;
}

static int of_resource(const struct naive *n, const struct problem_monitor *m,
                       const struct problem_constraint *c)
{
    const int *busy = n->busy[m->resource];
    int sum = 0;
    for (int t = 0; t < TIMES; t++) {
        if (c->kind == PROBLEM_AVOID_CLASHES)
            sum += busy[t] > 1 ? busy[t] - 1 : 0;
        if (c->kind == PROBLEM_AVOID_UNAVAILABLE)
            sum += busy[t] && in(&c->groups[0], t);
    }
    for (int g = 0; c->kind >= PROBLEM_LIMIT_IDLE && g < c->group_n; g++) {
        int hours = 0;
        for (int t = 0; t < TIMES; t++)
            hours += busy[t] && in(&c->groups[g], t);
        if (c->kind == PROBLEM_LIMIT_IDLE)
            sum += idle(busy, &c->groups[g]);
        if (c->kind == PROBLEM_CLUSTER_BUSY)
            sum += hours > 0;
        if (c->kind == PROBLEM_LIMIT_BUSY && hours > 0)
            sum += outside(hours, c->minimum, c->maximum);
    }
    if (c->kind == PROBLEM_LIMIT_IDLE || c->kind == PROBLEM_CLUSTER_BUSY)
        sum = outside(sum, c->minimum, c->maximum);
    return sum;
}

/* In twelfths: durations are 1 to 4. */
static int workload(const struct naive *n, const struct problem_monitor *m,
                    const struct problem_constraint *c)
{
    const struct state *s = n->s;
    int twelfths = 0;
    for (int slot = 0; slot < s->p->slot_n; slot++)
        for (int k = 0; k < 2; k++) {
            const struct problem_event *e = &s->p->events[s->p->slot_event[slot]];
            if (s->resource[s->p->slot_place[slot] + k] == m->resource)
                twelfths +=
                    (int)s->p->tasks[e->task0 + k].workload * s->duration[slot] * 12 / e->duration;
        }
    return (outside(twelfths, c->minimum * 12, c->maximum * 12) + 11) / 12;
}

static struct state_cost naive_cost(const struct state *s)
{
    struct naive n;
    struct state_cost sum = {0, 0};
    look(&n, s);
    for (int i = 0; i < s->p->monitor_n; i++) {
        const struct problem_monitor *m = &s->p->monitors[i];
        const struct problem_constraint *c = &s->p->constraints[m->constraint];
        int64_t d = c->kind == PROBLEM_LIMIT_WORKLOAD ? workload(&n, m, c)
                    : m->resource >= 0                ? of_resource(&n, m, c)
                    : c->kind == PROBLEM_LINK_EVENTS || c->kind == PROBLEM_ORDER_EVENTS
                        ? of_times(&n, m, c)
                        : of_meets(&n, m, c);
        d = c->cost == PROBLEM_QUADRATIC ? d * d : c->cost == PROBLEM_STEP ? d > 0 : d;
        *(c->hard ? &sum.hard : &sum.soft) += c->weight * d;
    }
    return sum;
}

/* ---- the tests ---- */

static void expect_same(struct state_cost a, struct state_cost b)
{
    assert_int_equal(a.hard, b.hard);
    assert_int_equal(a.soft, b.soft);
}

static void walk(struct problem *p)
{
    kith_auto(domain) d = NULL;
    kith_auto(state) s = NULL;
    kith_auto(moves) m = NULL;
    kith_auto(state_shot) shot = NULL;
    struct random random;
    random_seed(&random, test_random(&seed));
    assert_ok(domain_new(p, &d));
    assert_ok(state_new(p, &s));
    assert_ok(moves_new(d, s, &random, &m));
    assert_ok(state_shot_new(p, &shot));
    state_weigh(s, 10);
    state_save(s, shot);
    for (int i = 0; i < 400; i++) {
        state_mark(s);
        struct state_cost before = s->total;
        int64_t energy = s->energy;
        expect_same(before, naive_cost(s));
        moves_random(m);
        expect_same(state_cost(s), naive_cost(s));
        if (below(3) > 0)
            continue;
        state_undo(s);
        expect_same(s->total, before);
        assert_int_equal(s->energy, energy);
        expect_same(s->total, naive_cost(s));
        if (below(20) == 0)
            state_load(s, shot);
        else if (below(20) == 0)
            state_save(s, shot);
        expect_same(state_cost(s), naive_cost(s));
    }
    state_load(s, shot);
    expect_same(s->total, shot->cost);
    expect_same(s->total, naive_cost(s));
    assert_false(s->failed);
}

static void as_a_naive_one(void **unused)
{
    (void)unused;
    for (int i = 0; i < 40; i++) {
        kith_auto(problem) p = random_problem();
        walk(p);
    }
}

static void same_seed_same_timetable(void **unused)
{
    (void)unused;
    kith_auto(problem) p = random_problem();
    struct run_result r[3];
    for (int i = 0; i < 3; i++) {
        struct run_opts opts = {.seed = 7, .threads = i == 2 ? 2 : 1};
        assert_ok(run_rounds_parse("20480,30720", &opts.rounds));
        assert_ok(run_search(p, &opts, &r[i]));
        kith_auto(state) s = NULL;
        assert_ok(state_new(p, &s));
        state_load(s, r[i].best);
        expect_same(r[i].best->cost, naive_cost(s));
    }
    assert_memory_equal(r[0].best->start, r[1].best->start, (size_t)p->slot_n * sizeof(int));
    assert_memory_equal(r[0].best->duration, r[1].best->duration, (size_t)p->slot_n * sizeof(int));
    assert_memory_equal(r[0].best->resource, r[1].best->resource, (size_t)p->place_n * sizeof(int));
    assert_false(state_less(r[0].best->cost, r[2].best->cost)); /* two threads: not worse */
    for (int i = 0; i < 3; i++)
        state_shot_free(r[i].best);
}

static void rounds(void **unused)
{
    (void)unused;
    static const char *const wrong[] = {
        "", "0", "-1", "1,", ",1", "1,,2", "1 2", "x", "99999999999999999999"};
    struct run_rounds r;
    assert_ok(run_rounds_parse("5,70", &r));
    assert_int_equal(r.n, 2);
    assert_int_equal(r.length[1], 70);
    for (size_t i = 0; i < KITH_LEN(wrong); i++)
        assert_err(run_rounds_parse(wrong[i], &r), KITH_EINVAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(as_a_naive_one),
                                       cmocka_unit_test(same_seed_same_timetable),
                                       cmocka_unit_test(rounds)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
