/* SPDX-License-Identifier: Apache-2.0 */
/* One student: options and the exact search for the best timetable. */
#include <stdlib.h>

#include "scheduling/us_seats_internal.h"

static const int worth[] = {[US_CORE] = 100, [US_GRADUATION] = 60, [US_ELECTIVE] = 10};

#define ALTERNATE 4
#define FOREIGN   5
#define BALANCE   0.1 /* all of a student's sections together weigh less than a whole unit */

/* ---- options ---- */

static bool barred(const struct seats *s, int student, const struct us_seats_section *x)
{
    const struct us_data *d = s->d;
    const struct us_student *who = &d->students[student];
    if (x->cells == 0 || !(d->courses[x->course].grades >> who->grade & 1))
        return true;
    if (x->slc >= 0 && x->slc != who->slc &&
        (d->slcs[x->slc].autonomous || (who->slc >= 0 && d->slcs[who->slc].autonomous)))
        return true;
    for (int i = 0; i < d->rules.n_not_with; i++) {
        const struct us_pair *pair = &d->rules.not_with[i];
        if (pair->a == student && pair->rule.hard &&
            (pair->b == x->teachers[0] || pair->b == x->teachers[1]))
            return true;
    }
    return false;
}

/* Counts the request's options; stores them where `to` is. */
static int options_of(const struct seats *s, int q, const int *first, const int *by_course,
                      const int *locked, struct seats_option *to)
{
    const struct us_request *r = &s->d->requests[q];
    int only = r->locked >= 0 && locked ? locked[r->locked] : US_NONE;
    int n = 0;
    for (int a = -1; a < r->alternates.n; a++) {
        int course = a < 0 ? r->course : r->alternates.at[a];
        for (int i = first[course]; i < first[course + 1]; i++) {
            const struct us_seats_section *x = &s->sections[by_course[i]];
            int value =
                worth[r->priority] - (a < 0 ? 0 : ALTERNATE) + (only >= 0 ? SEATS_LOCKED : 0);
            if (x->slc >= 0 && x->slc != s->d->students[r->student].slc)
                value -= FOREIGN;
            if (value <= 0 || (r->coteach && !x->coteach) || barred(s, r->student, x) ||
                (only >= 0 && by_course[i] != only))
                continue;
            if (to)
                to[n] = (struct seats_option){by_course[i], value};
            n++;
        }
    }
    return n;
}

/* Sections in the order of their courses; first[course] is where they begin. */
static kith_err sort_sections(const struct seats *s, int **first, int **by_course)
{
    *first = calloc((size_t)s->d->n_courses + 2, sizeof(int));
    *by_course = calloc((size_t)s->n + 1, sizeof(int));
    if (!*first || !*by_course)
        return KITH_ENOMEM;
    for (int i = 0; i < s->n; i++)
        (*first)[s->sections[i].course + 2]++;
    for (int c = 1; c <= s->d->n_courses; c++)
        (*first)[c + 1] += (*first)[c];
    for (int i = 0; i < s->n; i++)
        (*by_course)[(*first)[s->sections[i].course + 1]++] = i;
    return KITH_OK;
}

kith_err us_seats_options(struct seats *s, const int *locked)
{
    kith_auto_mem int *first = NULL;
    kith_auto_mem int *by_course = NULL;
    kith_err err = sort_sections(s, &first, &by_course);
    s->option0 = calloc((size_t)s->d->n_requests + 1, sizeof(int));
    if (err != KITH_OK || !s->option0)
        return KITH_ENOMEM;
    for (int q = 0; q < s->d->n_requests; q++)
        s->option0[q + 1] = s->option0[q] + options_of(s, q, first, by_course, locked, NULL);
    s->options = calloc((size_t)s->option0[s->d->n_requests] + 1, sizeof(*s->options));
    if (!s->options)
        return KITH_ENOMEM;
    for (int q = 0; q < s->d->n_requests; q++)
        (void)options_of(s, q, first, by_course, locked, s->options + s->option0[q]);
    return KITH_OK;
}

/* ---- the search ---- */

#define OPTIONS 128 /* of a request that are looked at: the best */

#define NODES 20000 /* of one search, before it is given up */

struct candidate {
    int section;
    double worth;
};
struct wish {
    int at; /* which of the student's requests */
    int n;
    struct candidate list[OPTIONS]; /* best first */
};
struct dfs {
    const struct seats *s;
    struct wish wishes[SEATS_REQUESTS];
    const struct wish *order[SEATS_REQUESTS];
    double rest[SEATS_REQUESTS + 1]; /* what wishes from here on could bring at most */
    int n;
    int now[SEATS_REQUESTS], best[SEATS_REQUESTS];
    double best_worth;
    long left; /* nodes */
};

/* Somebody to be kept from sits there. */
static bool meets_apart(const struct seats *s, int student, int section)
{
    for (int i = 0; s->apart[student] && i < s->d->rules.n_apart; i++) {
        const struct us_pair *pair = &s->d->rules.apart[i];
        int other = pair->a == student ? pair->b : pair->b == student ? pair->a : US_NONE;
        for (int k = 0; other >= 0 && k < s->d->students[other].requests.n; k++)
            if (s->seat[s->d->students[other].requests.at[k]] == section)
                return true;
    }
    return false;
}

static bool has_seat(const struct seats *s, const struct us_request *r, int x, int spare)
{
    return x == spare ||
           (s->load[x] < s->cap[x] && (!r->coteach || s->load_coteach[x] < s->cap_coteach[x]));
}

/* Puts an option among the others, best first. Of those of one course that meet at the same cells only the best is kept: it is never worse to have. False: there are
 * more than are looked at. */
static bool add_candidate(const struct seats *s, struct wish *w, int section, double value)
{
    const struct us_seats_section *x = &s->sections[section];
    int k = 0;
    for (; k < w->n; k++) {
        const struct us_seats_section *y = &s->sections[w->list[k].section];
        if (y->cells == x->cells && y->course == x->course)
            break;
    }
    if (k < w->n && w->list[k].worth >= value)
        return true;
    bool fits = k < w->n || w->n < OPTIONS;
    if (k == w->n)
        k = fits ? w->n++ : OPTIONS - 1;
    for (; k > 0 && w->list[k - 1].worth < value; k--)
        w->list[k] = w->list[k - 1];
    w->list[k] = (struct candidate){section, value};
    return fits;
}

/* False: there are more options than are looked at. */
static bool fill_wish(const struct seats *s, int student, int at, struct seats_choice how,
                      struct wish *w)
{
    int q = s->d->students[student].requests.at[at];
    const struct us_request *r = &s->d->requests[q];
    bool all = true;
    w->at = at;
    w->n = 0;
    for (int i = s->option0[q]; i < s->option0[q + 1]; i++) {
        int x = s->options[i].section;
        double value = s->options[i].value -
                       how.price * (s->price[x] + (r->coteach ? s->price_coteach[x] : 0));
        if (value <= 0 ||
            (how.limited && (!has_seat(s, r, x, how.spare) || meets_apart(s, student, x))))
            continue;
        if (how.limited) /* among equals the emptier one */
            value -= BALANCE * s->load[x] / (s->cap[x] + 1);
        all = add_candidate(s, w, x, value) && all;
    }
    return all;
}

static void descend(struct dfs *f, int depth, uint64_t cells, double sum)
{
    if (sum > f->best_worth) {
        f->best_worth = sum;
        for (int i = 0; i < f->n; i++)
            f->best[i] = i < depth ? f->now[i] : US_NONE;
    }
    if (depth == f->n || sum + f->rest[depth] <= f->best_worth + 1e-9 || f->left-- <= 0)
        return;
    const struct wish *w = f->order[depth];
    for (int i = 0; i < w->n; i++) {
        const struct us_seats_section *x = &f->s->sections[w->list[i].section];
        if (sum + w->list[i].worth + f->rest[depth + 1] <= f->best_worth + 1e-9)
            break;
        bool taken = x->cells & cells;
        for (int k = 0; k < depth && !taken; k++)
            taken = f->now[k] >= 0 && f->s->sections[f->now[k]].course == x->course;
        if (taken)
            continue;
        f->now[depth] = w->list[i].section;
        descend(f, depth + 1, cells | x->cells, sum + w->list[i].worth);
    }
    f->now[depth] = US_NONE;
    descend(f, depth + 1, cells, sum);
}

double us_seats_best(struct seats *s, int student, struct seats_choice how, int *pick)
{
    struct dfs f; /* large: filled as far as it is used */
    const struct us_list *requests = &s->d->students[student].requests;
    bool whole = true;
    f.s = s;
    f.n = requests->n < SEATS_REQUESTS ? requests->n : SEATS_REQUESTS; /* us_seats_find saw to it */
    f.best_worth = 0;
    f.left = NODES;
    for (int i = 0; i < SEATS_REQUESTS; i++) {
        f.order[i] = &f.wishes[i];
        f.best[i] = f.now[i] = US_NONE;
        f.wishes[i].at = i;
        f.wishes[i].n = 0;
    }
    for (int i = 0; i < f.n; i++)
        whole = fill_wish(s, student, i, how, &f.wishes[i]) && whole;
    for (int i = 1; i < f.n; i++) /* few options first: the dear ones fail early */
        for (int k = i; k > 0 && f.order[k]->n < f.order[k - 1]->n; k--) {
            const struct wish *w = f.order[k];
            f.order[k] = f.order[k - 1];
            f.order[k - 1] = w;
        }
    f.rest[f.n] = 0;
    for (int i = f.n - 1; i >= 0; i--)
        f.rest[i] = f.rest[i + 1] + (f.order[i]->n > 0 ? f.order[i]->list[0].worth : 0);
    descend(&f, 0, 0, 0);
    for (int i = 0; i < f.n; i++)
        pick[f.order[i]->at] = f.best[i];
    /* for the bound: a search that was given up counts as if all were granted */
    return whole && f.left > 0 ? f.best_worth : f.rest[0];
}

double us_seats_value(const struct seats *s, int student, const int *pick)
{
    const struct us_list *requests = &s->d->students[student].requests;
    double sum = 0;
    for (int i = 0; i < requests->n; i++)
        for (int k = s->option0[requests->at[i]];
             pick[i] >= 0 && k < s->option0[requests->at[i] + 1]; k++)
            if (s->options[k].section == pick[i]) {
                sum += s->options[k].value;
                break;
            }
    return sum;
}

void us_seats_take(struct seats *s, int student, const int *pick)
{
    const struct us_list *requests = &s->d->students[student].requests;
    for (int i = 0; i < requests->n; i++) {
        s->seat[requests->at[i]] = pick[i];
        if (pick[i] < 0)
            continue;
        s->load[pick[i]]++;
        s->load_coteach[pick[i]] += s->d->requests[requests->at[i]].coteach;
    }
}

void us_seats_leave(struct seats *s, int student, int *pick)
{
    const struct us_list *requests = &s->d->students[student].requests;
    for (int i = 0; i < requests->n; i++) {
        pick[i] = s->seat[requests->at[i]];
        s->seat[requests->at[i]] = US_NONE;
        if (pick[i] < 0)
            continue;
        s->load[pick[i]]--;
        s->load_coteach[pick[i]] -= s->d->requests[requests->at[i]].coteach;
    }
}
