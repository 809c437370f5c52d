/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduling/us_seats.h"

#include <stdlib.h>
#include <string.h>

#include "scheduling/us_seats_internal.h"

#define ROUNDS 80
#define NEAR   1e-6 /* of the bound: proved equal */

struct finding {
    struct seats s;
    int *order; /* of students */
    int *best;  /* by request: the best seating */
    double best_value, bound;
    double step; /* of the prices, as a share of Polyak's */
    int *usage, *usage_coteach;
};

/* ---- seatings ---- */

static double total(const struct seats *s)
{
    double sum = 0;
    for (int q = 0; q < s->d->n_requests; q++)
        for (int k = s->option0[q]; s->seat[q] >= 0 && k < s->option0[q + 1]; k++)
            if (s->options[k].section == s->seat[q]) {
                sum += s->options[k].value;
                break;
            }
    return sum;
}

static void keep_best(struct finding *f)
{
    double value = total(&f->s);
    if (value <= f->best_value && f->best_value >= 0)
        return;
    f->best_value = value;
    memcpy(f->best, f->s.seat, (size_t)f->s.d->n_requests * sizeof(int));
}

static void shuffle(struct finding *f)
{
    for (int i = f->s.d->n_students - 1; i > 0; i--) {
        int k = random_below(&f->s.random, i + 1);
        int t = f->order[i];
        f->order[i] = f->order[k];
        f->order[k] = t;
    }
}

/* Each student anew, in random order, beside what the others have: never worse for anybody's own worth, but for ties that prices decide. */
static bool improve(struct finding *f, double price)
{
    struct seats *s = &f->s;
    int had[SEATS_REQUESTS];
    int pick[SEATS_REQUESTS];
    bool better = false;
    shuffle(f);
    for (int i = 0; i < s->d->n_students; i++) {
        int student = f->order[i];
        us_seats_leave(s, student, had);
        (void)us_seats_best(s, student, (struct seats_choice){price, true, US_NONE}, pick);
        double gain = us_seats_value(s, student, pick) - us_seats_value(s, student, had);
        better = better || gain > 0;
        us_seats_take(s, student, gain >= 0 ? pick : had);
    }
    return better;
}

static void empty(struct seats *s)
{
    memset(s->load, 0, (size_t)s->n * sizeof(int));
    memset(s->load_coteach, 0, (size_t)s->n * sizeof(int));
    for (int q = 0; q < s->d->n_requests; q++)
        s->seat[q] = US_NONE;
}

/* A seating from nothing at the present prices. */
static void seat_all(struct finding *f)
{
    empty(&f->s);
    (void)improve(f, 0.9);
    for (int i = 0; i < 3 && improve(f, i < 2 ? 0.3 : 0.01); i++)
        ;
    keep_best(f);
}

/* ---- ejection: a student gets a full section's seat, and one who sits there finds another timetable ---- */

/* One of those in section x other than `student` gives way if both together gain. True: done. */
static bool eject_from(struct finding *f, int student, int x, double gain)
{
    struct seats *s = &f->s;
    int had[SEATS_REQUESTS];
    int pick[SEATS_REQUESTS];
    for (int q = 0; q < s->d->n_requests; q++) {
        int other = s->d->requests[q].student;
        if (s->seat[q] != x || other == student)
            continue;
        us_seats_leave(s, other, had);
        /* now x is exactly full without this one */
        if (s->load[x] > s->cap[x] || s->load_coteach[x] > s->cap_coteach[x]) {
            us_seats_take(s, other, had);
            continue;
        }
        (void)us_seats_best(s, other, (struct seats_choice){0.01, true, US_NONE}, pick);
        double lost = us_seats_value(s, other, had) - us_seats_value(s, other, pick);
        if (lost < gain) {
            us_seats_take(s, other, pick);
            return true;
        }
        us_seats_take(s, other, had);
    }
    return false;
}

static bool eject_for(struct finding *f, int q)
{
    struct seats *s = &f->s;
    int student = s->d->requests[q].student;
    int had[SEATS_REQUESTS];
    int pick[SEATS_REQUESTS];
    for (int k = s->option0[q]; k < s->option0[q + 1]; k++) {
        int x = s->options[k].section;
        if (s->load[x] < s->cap[x])
            continue;
        us_seats_leave(s, student, had);
        (void)us_seats_best(s, student, (struct seats_choice){0, true, x}, pick);
        double gain = us_seats_value(s, student, pick) - us_seats_value(s, student, had);
        us_seats_take(s, student, gain > 0 ? pick : had);
        if (gain <= 0)
            continue;
        if (s->load[x] <= s->cap[x] && s->load_coteach[x] <= s->cap_coteach[x])
            return true; /* another way was free */
        if (eject_from(f, student, x, gain))
            return true;
        us_seats_leave(s, student, pick);
        us_seats_take(s, student, had);
    }
    return false;
}

static void polish(struct finding *f)
{
    struct seats *s = &f->s;
    int pick[SEATS_REQUESTS];
    empty(s);
    for (int i = 0; i < s->d->n_students; i++) {
        const struct us_list *r = &s->d->students[i].requests;
        for (int k = 0; k < r->n; k++)
            pick[k] = f->best[r->at[k]];
        us_seats_take(s, i, pick);
    }
    for (bool again = true, more = true; again; again = more) {
        more = improve(f, 0.01);
        for (int q = 0; q < s->d->n_requests; q++)
            if (s->seat[q] < 0 && s->option0[q] < s->option0[q + 1])
                more = eject_for(f, q) || more;
    }
    keep_best(f);
}

/* ---- prices ---- */

static double norm(struct finding *f, double *worth_of_seats)
{
    struct seats *s = &f->s;
    double sum = 0;
    *worth_of_seats = 0;
    for (int x = 0; x < s->n; x++) {
        double over = f->usage[x] - s->cap[x];
        double over2 = f->usage_coteach[x] - s->cap_coteach[x];
        *worth_of_seats += s->price[x] * s->cap[x] + s->price_coteach[x] * s->cap_coteach[x];
        sum += over > 0 || s->price[x] > 0 ? over * over : 0;
        sum += over2 > 0 || s->price_coteach[x] > 0 ? over2 * over2 : 0;
    }
    return sum;
}

static double moved(double price, double by)
{
    return price + by > 0 ? price + by : 0;
}

/* The bound at the present prices, and better prices (subgradient with Polyak's step towards the best seating). */
static void price_round(struct finding *f)
{
    struct seats *s = &f->s;
    int pick[SEATS_REQUESTS];
    double sum = 0;
    memset(f->usage, 0, (size_t)s->n * sizeof(int));
    memset(f->usage_coteach, 0, (size_t)s->n * sizeof(int));
    for (int i = 0; i < s->d->n_students; i++) {
        const struct us_list *r = &s->d->students[i].requests;
        sum += us_seats_best(s, i, (struct seats_choice){1, false, US_NONE}, pick);
        for (int k = 0; k < r->n; k++)
            if (pick[k] >= 0) {
                f->usage[pick[k]]++;
                f->usage_coteach[pick[k]] += s->d->requests[r->at[k]].coteach;
            }
    }
    double seats;
    double length = norm(f, &seats);
    if (sum + seats < f->bound)
        f->bound = sum + seats;
    else
        f->step *= 0.9;
    double by = length > 0 ? f->step * (sum + seats - f->best_value) / length : 0;
    for (int x = 0; x < s->n; x++) {
        s->price[x] = moved(s->price[x], by * (f->usage[x] - s->cap[x]));
        s->price_coteach[x] =
            moved(s->price_coteach[x], by * (f->usage_coteach[x] - s->cap_coteach[x]));
    }
}

/* ---- the whole ---- */

static void set_caps(struct seats *s)
{
    const struct us_rules *rules = &s->d->rules;
    for (int x = 0; x < s->n; x++) {
        int max = s->d->courses[s->sections[x].course].max;
        bool share = rules->coteach_share.on && rules->coteach_share.hard;
        s->cap[x] = max < SEATS_FREE / 100 ? max : s->d->n_students;
        s->cap_coteach[x] = share ? s->cap[x] * rules->coteach_percent / 100 : s->cap[x];
    }
    for (int i = 0; i < rules->n_apart; i++)
        if (rules->apart[i].rule.hard)
            s->apart[rules->apart[i].a] = s->apart[rules->apart[i].b] = true;
}

static kith_err make(struct finding *f, const int *locked)
{
    struct seats *s = &f->s;
    size_t n = (size_t)s->n + 1;
    size_t requests = (size_t)s->d->n_requests + 1;
    s->cap = calloc(n, sizeof(int));
    s->cap_coteach = calloc(n, sizeof(int));
    s->load = calloc(n, sizeof(int));
    s->load_coteach = calloc(n, sizeof(int));
    s->price = calloc(n, sizeof(double));
    s->price_coteach = calloc(n, sizeof(double));
    s->seat = calloc(requests, sizeof(int));
    s->apart = calloc((size_t)s->d->n_students + 1, sizeof(bool));
    f->order = calloc((size_t)s->d->n_students + 1, sizeof(int));
    f->best = calloc(requests, sizeof(int));
    f->usage = calloc(n, sizeof(int));
    f->usage_coteach = calloc(n, sizeof(int));
    if (!s->cap || !s->cap_coteach || !s->load || !s->load_coteach || !s->price ||
        !s->price_coteach || !s->seat || !s->apart || !f->order || !f->best || !f->usage ||
        !f->usage_coteach)
        return KITH_ENOMEM;
    for (int i = 0; i < s->d->n_students; i++)
        f->order[i] = i;
    set_caps(s);
    return us_seats_options(s, locked);
}

static void finding_done(struct finding *f)
{
    struct seats *s = &f->s;
    void *const all[] = {s->cap,           s->cap_coteach,   s->load,    s->load_coteach, s->price,
                         s->price_coteach, s->seat,          s->apart,   f->order,        f->best,
                         f->usage,         f->usage_coteach, s->option0, s->options};
    for (size_t i = 0; i < KITH_LEN(all); i++)
        free(all[i]);
}

static void find(struct finding *f, const struct us_seats_opts *opts)
{
    int rounds = opts->rounds > 0 ? opts->rounds : ROUNDS;
    f->step = 1;
    f->best_value = -1;
    f->bound = 1e300;
    seat_all(f);
    for (int i = 0; i < rounds && f->bound > f->best_value * (1 + NEAR); i++) {
        price_round(f);
        if (i % 10 == 9)
            seat_all(f);
        if (opts->progress)
            opts->progress(opts->ctx, i + 1, f->best_value, f->bound);
    }
    polish(f);
}

static int kept_locks(const struct us_data *d, const int *locked, const int *seat)
{
    int n = 0;
    for (int q = 0; q < d->n_requests; q++)
        n += locked && d->requests[q].locked >= 0 && locked[d->requests[q].locked] >= 0 &&
             seat[q] >= 0;
    return n;
}

kith_err us_seats_find(const struct us_data *d, const struct us_seats_section *sections, int n,
                       const int *locked, const struct us_seats_opts *opts, struct us_seats **ret)
{
    struct finding f = {.s = {.d = d, .sections = sections, .n = n}};
    kith_auto(us_seats) result = calloc(1, sizeof(*result));
    random_seed(&f.s.random, opts->seed);
    kith_err err = result ? KITH_OK : KITH_ENOMEM;
    for (int i = 0; i < d->n_students && err == KITH_OK; i++)
        err = d->students[i].requests.n > SEATS_REQUESTS ? KITH_ETOOBIG : KITH_OK;
    if (err == KITH_OK)
        err = make(&f, locked);
    if (err == KITH_OK) {
        find(&f, opts);
        result->section = f.best;
        f.best = NULL;
        double locks = kept_locks(d, locked, result->section) * (double)SEATS_LOCKED;
        result->value = f.best_value - locks;
        result->bound = f.bound - locks;
        *ret = KITH_TAKE(result);
    }
    finding_done(&f);
    return err;
}

void us_seats_free(struct us_seats *s)
{
    if (!s)
        return;
    free(s->section);
    free(s);
}
