/* SPDX-License-Identifier: Apache-2.0 */
/* Requests out of what the students got: a row of request.csv and of roster.csv for each seat, and a few wishes that the planted schedule
 * does not meet. */
#include "scheduling/us_generate_internal.h"

#include <string.h>

#include "scheduling/us_data.h"

#define UNMET_PERMILLE 12   /* of all requests, at most */
#define SWAP           0.01 /* of electives: the seat is an alternate's */

struct writer {
    struct us_gen *g;
    FILE *requests, *roster, *unmet;
    int n, n_unmet;
};

static bool asks_for(const int *list, int n, int course)
{
    for (int i = 0; i < n; i++)
        if (list[i] == course)
            return true;
    return false;
}

/* Courses that are offered and neither taken nor in the list yet, by interest; fills list[n..] up to `most`. */
static int add_wishes(struct us_gen *g, const struct us_gen_student *s, int *list, int n, int most)
{
    while (n < most) {
        double sum = 0;
        int wish = US_GEN_NONE;
        for (int c = g->first_shared; c < g->n_courses; c++) {
            double interest = us_gen_interest(g, s, c);
            if (interest <= 0 || g->courses[c].n_sections == 0 || us_gen_has_course(g, s, c) ||
                asks_for(list, n, c))
                continue;
            sum += interest;
            if (us_gen_unit(g) * sum < interest)
                wish = c;
        }
        if (wish < 0)
            break;
        list[n++] = wish;
    }
    return n;
}

static const char *priority_of(const struct us_gen_course *c)
{
    return c->owned ? "core" : c->flags & US_GEN_F_GRADUATION ? "graduation" : "elective";
}

/* `courses`: the first is asked for, the rest are alternates. */
static void write_request(struct writer *w, const struct us_gen_student *s, const int *courses,
                          int n, const char *priority, bool need)
{
    (void)fprintf(w->requests, "r%06d,s%05d,%s,%s,", ++w->n, (int)(s - w->g->students) + 1,
                  w->g->courses[courses[0]].id, priority);
    for (int i = 1; i < n; i++)
        (void)fprintf(w->requests, "%s%s", i > 1 ? " " : "", w->g->courses[courses[i]].id);
    (void)fprintf(w->requests, ",%d,\n", need);
}

static void write_seat(struct writer *w, const struct us_gen_student *s,
                       const struct us_gen_seat *seat)
{
    struct us_gen *g = w->g;
    const struct us_gen_section *x = &g->sections[seat->section];
    const struct us_gen_course *c = &g->courses[x->course];
    int courses[5] = {x->course};
    int n = 1;
    const char *priority = priority_of(c);
    if (!c->owned)
        n = add_wishes(g, s, courses, n, 2 + us_gen_below(g, 3));
    if (n > 1 && strcmp(priority, "elective") == 0 && us_gen_unit(g) < SWAP) {
        courses[0] = courses[1];
        courses[1] = x->course;
    }
    write_request(w, s, courses, n, priority, seat->need);
    (void)fprintf(w->roster, "s%05d,x%05d,r%06d\n", (int)(s - g->students) + 1, seat->section + 1,
                  w->n);
}

/* A seat of the course that the student could take is free, but for the student's other classes? */
static bool has_seat(const struct us_gen *g, int course)
{
    for (int i = 0; i < g->n_sections; i++)
        if (g->sections[i].course == course && !g->sections[i].dropped &&
            g->sections[i].n < g->courses[course].max)
            return true;
    return false;
}

/* A student with an empty cell wanted something for it. */
static void write_unmet(struct writer *w, const struct us_gen_student *s)
{
    struct us_gen *g = w->g;
    if (s->free_cells == 0 || (int64_t)w->n_unmet * 1000 >= (int64_t)w->n * UNMET_PERMILLE)
        return;
    int courses[3];
    int n = add_wishes(g, s, courses, 0, 1);
    if (n == 0)
        return;
    const struct us_gen_course *c = &g->courses[courses[0]];
    write_request(w, s, courses, n, priority_of(c), false);
    bool conflict = has_seat(g, courses[0]);
    (void)fprintf(w->unmet, "r%06d,%s,%s\n", w->n, conflict ? "conflict" : "full",
                  conflict ? "no section fits beside the other classes" : "every seat is taken");
    w->n_unmet++;
}

kith_err us_gen_write_requests(struct us_gen *g, FILE *requests, FILE *roster, FILE *unmet)
{
    struct writer w = {.g = g, .requests = requests, .roster = roster, .unmet = unmet};
    (void)fputs("id,student,course,priority,alternates,coteach,locked\n", requests);
    (void)fputs("student,section,request\n", roster);
    (void)fputs("request,reason,detail\n", unmet);
    for (int i = 0; i < g->n_students; i++) {
        for (int k = 0; k < g->students[i].n_seats; k++)
            write_seat(&w, &g->students[i], &g->students[i].seats[k]);
        write_unmet(&w, &g->students[i]);
    }
    return ferror(requests) || ferror(roster) || ferror(unmet) ? KITH_EIO : KITH_OK;
}
