/* SPDX-License-Identifier: Apache-2.0 */
/* The core: each team's sections of its four subjects, and every student's way through them. */
#include "scheduling/us_generate_internal.h"

#include <string.h>

#include "scheduling/us_data.h"

#define NEED_PERCENT 50 /* of a co-taught section's max */
#define CANDIDATES   24

/* What a student wants of the core, and the ways found. */
struct want {
    int course[US_GEN_CORE_SUBJECTS]; /* US_GEN_NONE: nothing */
    bool need[US_GEN_CORE_SUBJECTS];
};
struct search {
    const struct us_gen_student *student;
    const struct want *want;
    int n[US_GEN_CORE_SUBJECTS];
    int candidates[US_GEN_CORE_SUBJECTS][CANDIDATES];
    double costs[US_GEN_CORE_SUBJECTS][CANDIDATES];
    int chosen[US_GEN_CORE_SUBJECTS], best[US_GEN_CORE_SUBJECTS];
    double best_cost; /* below 0: no way found */
};

int us_gen_section_add(struct us_gen *g, int course, int pattern)
{
    if (g->n_sections >= g->room_sections) {
        g->full = true;
        return US_GEN_NONE;
    }
    g->sections[g->n_sections] = (struct us_gen_section){.course = course,
                                                         .slc = US_GEN_NONE,
                                                         .team = US_GEN_NONE,
                                                         .pattern = pattern,
                                                         .teacher = US_GEN_NONE,
                                                         .second = US_GEN_NONE,
                                                         .room = US_GEN_NONE};
    g->courses[course].n_sections++;
    return g->n_sections++;
}

void us_gen_seat_add(struct us_gen *g, struct us_gen_student *s, int section, bool need)
{
    if (s->n_seats >= US_GEN_SEATS) {
        g->full = true;
        return;
    }
    s->seats[s->n_seats++] = (struct us_gen_seat){.section = section, .need = need};
    s->free_cells &= ~g->patterns[g->sections[section].pattern].cells;
    g->sections[section].n++;
    g->sections[section].need += need;
}

void us_gen_seat_drop(struct us_gen *g, struct us_gen_student *s, int seat)
{
    struct us_gen_section *x = &g->sections[s->seats[seat].section];
    s->free_cells |= g->patterns[x->pattern].cells;
    x->n--;
    x->need -= s->seats[seat].need;
    memmove(&s->seats[seat], &s->seats[seat + 1],
            (size_t)(s->n_seats - seat - 1) * sizeof(s->seats[0]));
    s->n_seats--;
}

/* Section i of subject j meets in the team's block i + j: so for every i there is a way through all four. The first section is honors where
 * there are enough, the last is co-taught. */
static void open_team(struct us_gen *g, int team)
{
    struct us_gen_team *t = &g->teams[team];
    for (int subject = 0; subject < US_GEN_CORE_SUBJECTS; subject++) {
        for (int i = 0; i < t->k; i++) {
            bool honors = i == 0 && t->k >= 3;
            int course = g->core_course[honors][subject][t->grade - 9];
            int at = us_gen_section_add(g, course, t->blocks[(i + subject) % t->n_blocks]);
            if (at < 0)
                return;
            struct us_gen_section *s = &g->sections[at];
            s->slc = t->slc;
            s->team = team;
            s->teacher = t->teachers[subject];
            s->coteach = i == t->k - 1 && g->courses[course].coteach != 0;
        }
    }
}

static bool has_room(const struct us_gen *g, const struct us_gen_section *x, bool need)
{
    const struct us_gen_course *c = &g->courses[x->course];
    if (x->n >= c->max)
        return false;
    return !need || (x->coteach && (x->need + 1) * 100 <= c->max * NEED_PERCENT);
}

/* Own team's sections; with `wide`, and where the team has none of the course, the community's. */
static int find_candidates(struct us_gen *g, struct search *f, int subject, bool wide)
{
    int course = f->want->course[subject];
    int n = 0;
    for (int pass = wide ? 1 : 0; pass < 2 && n == 0; pass++) {
        for (int i = 0; i < g->n_sections && n < CANDIDATES; i++) {
            const struct us_gen_section *x = &g->sections[i];
            if (x->course != course || x->slc != f->student->slc ||
                (pass == 0 && x->team != f->student->team) ||
                !has_room(g, x, f->want->need[subject]))
                continue;
            double fill = (double)x->n / g->courses[course].max;
            f->costs[subject][n] = fill * fill * fill + 0.1 * us_gen_unit(g);
            f->candidates[subject][n++] = i;
        }
    }
    return n;
}

static void descend(const struct us_gen *g, struct search *f, int subject, uint64_t busy,
                    double cost)
{
    if (f->best_cost >= 0 && cost >= f->best_cost)
        return;
    if (subject == US_GEN_CORE_SUBJECTS) {
        f->best_cost = cost;
        memcpy(f->best, f->chosen, sizeof(f->best));
        return;
    }
    if (f->want->course[subject] < 0) {
        f->chosen[subject] = US_GEN_NONE;
        descend(g, f, subject + 1, busy, cost);
        return;
    }
    for (int i = 0; i < f->n[subject]; i++) {
        int at = f->candidates[subject][i];
        uint64_t cells = g->patterns[g->sections[at].pattern].cells;
        if (cells & busy)
            continue;
        f->chosen[subject] = at;
        descend(g, f, subject + 1, busy | cells, cost + f->costs[subject][i]);
    }
}

static bool seat_core(struct us_gen *g, struct us_gen_student *s, const struct want *want,
                      bool wide)
{
    struct search f = {.student = s, .want = want, .best_cost = -1};
    for (int subject = 0; subject < US_GEN_CORE_SUBJECTS; subject++) {
        if (want->course[subject] < 0)
            continue;
        f.n[subject] = find_candidates(g, &f, subject, wide);
        if (f.n[subject] == 0)
            return false;
    }
    descend(g, &f, 0, 0, 0);
    if (f.best_cost < 0)
        return false;
    for (int subject = 0; subject < US_GEN_CORE_SUBJECTS; subject++)
        if (f.best[subject] >= 0)
            us_gen_seat_add(g, s, f.best[subject], want->need[subject]);
    return true;
}

static struct want wish(struct us_gen *g, const struct us_gen_student *s)
{
    struct want w;
    int off =
        us_gen_unit(g) < 0.10 && s->grade > 9 ? us_gen_below(g, US_GEN_CORE_SUBJECTS) : US_GEN_NONE;
    bool ahead = s->ability > 0.9 && s->grade < 12 && us_gen_unit(g) < 0.5;
    for (int subject = 0; subject < US_GEN_CORE_SUBJECTS; subject++) {
        w.need[subject] = false;
        int year = s->grade - 9;
        if (subject == off && s->ability < 0.5)
            year--;
        else if (subject == US_GEN_MATH && ahead)
            year++;
        bool honors = year == s->grade - 9 && s->ability + 0.8 * us_gen_normal(g) > 0.9;
        if ((s->flags & US_FLAG_IEP) && subject <= US_GEN_MATH)
            w.need[subject] = us_gen_unit(g) < 0.75;
        if ((s->flags & US_FLAG_ELL) && subject == US_GEN_SOCIAL)
            w.need[subject] = us_gen_unit(g) < 0.6;
        honors = honors && !w.need[subject] && g->teams[s->team].k >= 3;
        w.course[subject] = g->core_course[honors][subject][year];
    }
    return w;
}

static bool is_easy(const struct want *w)
{
    for (int subject = 0; subject < US_GEN_CORE_SUBJECTS; subject++)
        if (w->need[subject])
            return false;
    return true;
}

/* Gives up, one after the other: the own team, honors and other years, co-teaching, and then subjects. */
static void route(struct us_gen *g, struct us_gen_student *s, struct want w)
{
    if (seat_core(g, s, &w, false) || seat_core(g, s, &w, true))
        return;
    for (int subject = 0; subject < US_GEN_CORE_SUBJECTS; subject++)
        w.course[subject] = g->core_course[0][subject][s->grade - 9];
    if (seat_core(g, s, &w, false) || seat_core(g, s, &w, true))
        return;
    memset(w.need, 0, sizeof(w.need));
    if (seat_core(g, s, &w, true))
        return;
    for (int subject = US_GEN_CORE_SUBJECTS - 1; subject >= 0; subject--) {
        w.course[subject] = US_GEN_NONE;
        if (seat_core(g, s, &w, true))
            return;
    }
}

/* Those who need co-teaching first, then in any order: every second student of a list would else get what is left. */
void us_gen_core(struct us_gen *g)
{
    for (int team = 0; team < g->n_teams; team++)
        open_team(g, team);
    for (int i = 0; i < g->n_students; i++)
        g->order[i] = i;
    us_gen_shuffle(g, g->order, g->n_students);
    kith_auto_mem struct want *wants = calloc((size_t)g->n_students, sizeof(*wants));
    if (!wants) {
        g->full = true;
        return;
    }
    for (int i = 0; i < g->n_students; i++)
        wants[i] = wish(g, &g->students[i]);
    for (int easy = 0; easy < 2; easy++)
        for (int i = 0; i < g->n_students; i++)
            if (is_easy(&wants[g->order[i]]) == (easy == 1))
                route(g, &g->students[g->order[i]], wants[g->order[i]]);
}
