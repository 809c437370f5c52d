/* SPDX-License-Identifier: Apache-2.0 */
/* What all share: as many sections of each course as the interests want, spread to where students are free, and every student's way through
 * them. What few chose is given up again, and what many lack is opened. */
#include "scheduling/us_generate_internal.h"

#include <string.h>

#include "scheduling/us_data.h"

#define CANDIDATES 1024
#define SMALL      10 /* a section with fewer is given up */
#define ROUNDS     4
#define EAGER      0.8 /* chance to go for a course of the own niche before all else */
#define OPEN_MIN   7   /* students who lack a class in a cell: a section is opened */

/* Expected seats by course and grade, and by cell and grade the students not yet provided for. */
struct supply {
    double demand[512][4];
    double lack[4][US_GEN_CELLS];
};

static void join_ensembles(struct us_gen *g)
{
    int list[8];
    int n = 0;
    for (int i = g->first_shared; i < g->n_courses && n < 8; i++)
        if (g->courses[i].flags & US_GEN_F_ENSEMBLE)
            list[n++] = i;
    for (int i = 0; n > 0 && i < g->n_students; i++) {
        struct us_gen_student *s = &g->students[i];
        if (us_gen_unit(g) < (s->profiles & US_GEN_P_ARTS ? 0.3 : 0.04))
            s->ensemble = list[us_gen_below(g, n)];
    }
}

static int cells_of(const struct us_gen *g, int course)
{
    int list[48];
    (void)us_gen_patterns_of(g, g->courses[course].kind, list);
    return __builtin_popcountll(g->patterns[list[0]].cells);
}

/* A course once taken is not taken again: no student counts for more than one seat of it. */
static void expect(struct us_gen *g, struct supply *u)
{
    for (int i = 0; i < g->n_students; i++) {
        const struct us_gen_student *s = &g->students[i];
        double sum = 0;
        for (int c = g->first_shared; c < g->n_courses; c++)
            sum += us_gen_interest(g, s, c) * cells_of(g, c);
        int cells = __builtin_popcountll(s->free_cells);
        for (int c = g->first_shared; c < g->n_courses && sum > 0; c++) {
            double seats = us_gen_interest(g, s, c) * cells / sum;
            u->demand[c][s->grade - 9] += seats < 0.95 ? seats : 0.95;
        }
        for (int cell = 0; cell < g->n_cells; cell++)
            u->lack[s->grade - 9][cell] += (double)((s->free_cells >> cell) & 1);
    }
}

static double total(const double grades[4])
{
    return grades[0] + grades[1] + grades[2] + grades[3];
}

/* Where the grades that the course is for lack most; sections of one course keep apart. */
static int best_pattern(struct us_gen *g, const struct supply *u, int course)
{
    int list[48];
    int n = us_gen_patterns_of(g, g->courses[course].kind, list);
    int best = list[0];
    double best_score = -1e30;
    for (int i = 0; i < n; i++) {
        uint64_t cells = g->patterns[list[i]].cells;
        double score = 0;
        for (int cell = 0; cell < g->n_cells; cell++)
            for (int grade = 0; (cells >> cell & 1) && grade < 4; grade++)
                score += u->lack[grade][cell] * u->demand[course][grade];
        score /= __builtin_popcountll(cells) * (total(u->demand[course]) + 1e-9);
        for (int k = 0; k < g->n_sections; k++)
            if (g->sections[k].course == course &&
                (g->patterns[g->sections[k].pattern].cells & cells))
                score -= 15;
        score += us_gen_unit(g);
        if (score > best_score) {
            best_score = score;
            best = list[i];
        }
    }
    return best;
}

static void open_section(struct us_gen *g, struct supply *u, int course)
{
    int pattern = best_pattern(g, u, course);
    if (us_gen_section_add(g, course, pattern) < 0)
        return;
    double all = total(u->demand[course]) + 1e-9;
    for (int cell = 0; cell < g->n_cells; cell++)
        for (int grade = 0; (g->patterns[pattern].cells >> cell & 1) && grade < 4; grade++)
            u->lack[grade][cell] -= g->courses[course].ideal * u->demand[course][grade] / all;
}

/* Round by round, so that the courses of one section choose their cell before the many-sectioned ones fill up what is left. */
static void open_sections(struct us_gen *g, struct supply *u)
{
    int most = 1;
    for (int round = 1; round <= most; round++) {
        for (int c = g->n_courses - 1; c >= g->first_shared; c--) {
            int wanted = (int)(total(u->demand[c]) / g->courses[c].ideal + 0.5);
            if (wanted > most)
                most = wanted;
            if (round == 1 ? total(u->demand[c]) >= 6 : wanted >= round)
                open_section(g, u, c);
        }
    }
}

static bool can_join(const struct us_gen *g, const struct us_gen_student *s, int section)
{
    const struct us_gen_section *x = &g->sections[section];
    uint64_t cells = g->patterns[x->pattern].cells;
    return x->slc < 0 && !x->dropped && x->n < g->courses[x->course].max &&
           (cells & ~s->free_cells) == 0 && !us_gen_has_course(g, s, x->course);
}

/* One seat in the free cell that offers least; false when no cell offers any. */
static bool join_one(struct us_gen *g, struct us_gen_student *s)
{
    int sections[CANDIDATES];
    double interests[CANDIDATES];
    int n = 0;
    int per_cell[US_GEN_CELLS] = {0};
    for (int i = 0; i < g->n_sections && n < CANDIDATES; i++) {
        if (!can_join(g, s, i))
            continue;
        double interest = us_gen_interest(g, s, g->sections[i].course);
        if (interest <= 0)
            continue;
        sections[n] = i;
        interests[n++] = interest;
        for (int cell = 0; cell < g->n_cells; cell++)
            per_cell[cell] += (g->patterns[g->sections[i].pattern].cells >> cell & 1) != 0;
    }
    int scarce = US_GEN_NONE;
    for (int cell = 0; cell < g->n_cells; cell++)
        if (per_cell[cell] > 0 && (scarce < 0 || per_cell[cell] < per_cell[scarce]))
            scarce = cell;
    if (scarce < 0)
        return false;
    double sum = 0;
    for (int i = 0; i < n; i++)
        sum += g->patterns[g->sections[sections[i]].pattern].cells >> scarce & 1 ? interests[i] : 0;
    double left = sum * us_gen_unit(g);
    int taken = US_GEN_NONE;
    for (int i = 0; i < n && (taken < 0 || left > 0); i++) {
        if ((g->patterns[g->sections[sections[i]].pattern].cells >> scarce & 1) == 0)
            continue;
        taken = sections[i];
        left -= interests[i];
    }
    us_gen_seat_add(g, s, taken, false);
    return true;
}

/* What a student is bent on (a language, an ensemble, support) before what is only liked. */
static void join_first(struct us_gen *g, struct us_gen_student *s)
{
    for (int c = g->first_shared; c < g->n_courses; c++) {
        const struct us_gen_course *x = &g->courses[c];
        bool bent = (x->language_level > 0 && s->language_level > 0) ||
                    (x->flags & (US_GEN_F_ENSEMBLE | US_GEN_F_SUPPORT)) ||
                    (x->niche == s->niche && us_gen_unit(g) < EAGER);
        if (!bent || us_gen_interest(g, s, c) <= 0 || us_gen_has_course(g, s, c))
            continue;
        int best = US_GEN_NONE;
        for (int i = 0; i < g->n_sections; i++)
            if (g->sections[i].course == c && can_join(g, s, i) &&
                (best < 0 || g->sections[i].n < g->sections[best].n))
                best = i;
        if (best >= 0)
            us_gen_seat_add(g, s, best, false);
    }
}

static void join_all(struct us_gen *g)
{
    us_gen_shuffle(g, g->order, g->n_students);
    for (int i = 0; i < g->n_students; i++)
        join_first(g, &g->students[g->order[i]]);
    for (int i = 0; i < g->n_students; i++)
        while (join_one(g, &g->students[g->order[i]]))
            ;
}

static void empty_dropped(struct us_gen *g)
{
    for (int i = 0; i < g->n_students; i++)
        for (int k = g->students[i].n_seats - 1; k >= 0; k--)
            if (g->sections[g->students[i].seats[k].section].dropped)
                us_gen_seat_drop(g, &g->students[i], k);
}

static void drop_small(struct us_gen *g, int least)
{
    for (int i = 0; i < g->n_sections; i++) {
        struct us_gen_section *x = &g->sections[i];
        const struct us_gen_course *c = &g->courses[x->course];
        if (x->slc >= 0 || x->dropped || x->n >= (c->min < least ? c->min : least))
            continue;
        x->dropped = true;
        g->courses[x->course].n_sections--;
    }
    empty_dropped(g);
}

/* Who has the cell (and the rest of the pattern) free and may want the course; the sum of their interests. */
static int lacking(const struct us_gen *g, int course, uint64_t cells, double *sum)
{
    int n = 0;
    *sum = 0;
    for (int i = 0; i < g->n_students; i++) {
        const struct us_gen_student *s = &g->students[i];
        if ((cells & ~s->free_cells) || us_gen_has_course(g, s, course))
            continue;
        double interest = us_gen_interest(g, s, course);
        n += interest > 0;
        *sum += interest < 1 ? interest : 1;
    }
    return n;
}

/* The best new section for those who lack a class at these cells; false when too few do. */
static bool open_one(struct us_gen *g, int pattern)
{
    uint64_t cells = g->patterns[pattern].cells;
    int free_students = 0;
    for (int i = 0; i < g->n_students; i++)
        free_students += (cells & ~g->students[i].free_cells) == 0;
    if (free_students < OPEN_MIN)
        return false;
    int best = US_GEN_NONE;
    double best_score = 0;
    for (int c = g->first_shared; c < g->n_courses; c++) {
        int list[48];
        int n = us_gen_patterns_of(g, g->courses[c].kind, list);
        bool allowed = false;
        for (int i = 0; i < n; i++)
            allowed = allowed || list[i] == pattern;
        if (!allowed || g->courses[c].flags & (US_GEN_F_ENSEMBLE | US_GEN_F_SUPPORT))
            continue;
        double sum;
        int wanting = lacking(g, c, cells, &sum);
        double reach = wanting < g->courses[c].max ? wanting : g->courses[c].max;
        double score = wanting < OPEN_MIN ? 0 : reach + sum;
        if (score > best_score) {
            best_score = score;
            best = c;
        }
    }
    return best >= 0 && us_gen_section_add(g, best, pattern) >= 0;
}

/* One section at a time, filled before the next is thought of. */
static void open_lacking(struct us_gen *g)
{
    for (int pattern = 0; pattern < g->n_patterns; pattern++) {
        while (open_one(g, pattern)) {
            int section = g->n_sections - 1;
            int course = g->sections[section].course;
            for (int i = 0; i < g->n_students; i++) {
                struct us_gen_student *s = &g->students[g->order[i]];
                if (can_join(g, s, section) && us_gen_interest(g, s, course) > 0)
                    us_gen_seat_add(g, s, section, false);
            }
        }
    }
}

void us_gen_shared(struct us_gen *g)
{
    kith_auto_mem struct supply *u = calloc(1, sizeof(*u));
    if (!u) {
        g->full = true;
        return;
    }
    join_ensembles(g);
    expect(g, u);
    open_sections(g, u);
    for (int round = 0; round < ROUNDS; round++) {
        join_all(g);
        open_lacking(g);
        if (round < ROUNDS - 1)
            drop_small(g, SMALL);
    }
    drop_small(g, OPEN_MIN);
    join_all(g);
}
