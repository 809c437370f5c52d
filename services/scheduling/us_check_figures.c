/* SPDX-License-Identifier: Apache-2.0 */
/* The figures of a report that are no violations: shares, bounds, sizes. */
#include "scheduling/us_check_internal.h"

static void met(struct us_check *c)
{
    struct us_report *r = c->report;
    for (int i = 0; i < c->d->n_requests; i++) {
        const struct us_request *q = &c->d->requests[i];
        int seat = c->request_seat[i];
        r->requests++;
        r->met += seat >= 0;
        r->first_choice += seat >= 0 && c->sections[c->seats[seat].section].course == q->course;
        r->core += q->priority == US_CORE;
        r->core_met += q->priority == US_CORE && seat >= 0;
        r->graduation += q->priority == US_GRADUATION;
        r->graduation_met += q->priority == US_GRADUATION && seat >= 0;
    }
    for (int i = 0; i < c->d->n_students; i++) {
        const struct us_list *mine = &c->d->students[i].requests;
        bool full = true;
        for (int k = 0; k < mine->n; k++)
            full = full && c->request_seat[mine->at[k]] >= 0;
        r->students += mine->n > 0;
        r->students_full += mine->n > 0 && full;
    }
    r->met_share = r->requests ? (double)r->met / r->requests : 1;
    r->core_met_share = r->core ? (double)r->core_met / r->core : 1;
    r->full_share = r->students ? (double)r->students_full / r->students : 1;
}

static void reasons(struct us_check *c)
{
    struct us_report *r = c->report;
    int *const counts[] = {&r->unmet_not_offered, &r->unmet_full, &r->unmet_conflict,
                           &r->unmet_rule};
    for (int i = 0; i < c->d->n_requests; i++) {
        if (c->request_seat[i] >= 0)
            continue;
        if (c->request_reason[i] < 0)
            r->unmet_unsaid++;
        else
            (*counts[c->request_reason[i]])++;
    }
}

static void seat_bound(struct us_check *c)
{
    int64_t bound = 0;
    for (int course = 0; course < c->d->n_courses; course++) {
        int64_t demand = 0;
        int64_t seats = 0;
        for (int i = 0; i < c->d->n_requests; i++)
            demand += c->d->requests[i].course == course;
        for (int i = 0; i < c->n_sections; i++)
            seats += c->sections[i].course == course ? c->d->courses[course].max : 0;
        bound += demand < seats ? demand : seats;
    }
    c->report->seat_bound = c->d->n_requests ? (double)bound / c->d->n_requests : 1;
}

static void sizes(struct us_check *c)
{
    struct us_report *r = c->report;
    for (int i = 0; i < c->n_sections; i++) {
        int n = c->sections[i].seats.n;
        r->sections += n > 0;
        r->sections_empty += n == 0;
        r->size_under += n > 0 && n < 18;
        r->size_good += n >= 18 && n <= 30;
        r->size_over += n > 30;
        r->sizes[n < US_SIZES_MAX ? n : US_SIZES_MAX - 1]++;
    }
    for (int course = 0; course < c->d->n_courses; course++) {
        int n = 0;
        for (int i = 0; i < c->n_sections; i++)
            n += c->sections[i].course == course && c->sections[i].seats.n > 0;
        r->singletons += n == 1;
    }
}

void us_check_figures(struct us_check *c)
{
    met(c);
    reasons(c);
    seat_bound(c);
    sizes(c);
}
