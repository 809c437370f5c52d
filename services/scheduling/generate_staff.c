/* SPDX-License-Identifier: Apache-2.0 */
/* Who teaches what the teams do not, and where everything meets. Teachers and rooms are hired and built when no one is free: so there are
 * enough, and not many more. */
#include "scheduling/generate_internal.h"

#include <string.h>

#include "scheduling/data.h"

#define PREPS 3

int gen_teacher_add(struct gen *g, int slc, uint32_t certs, unsigned roles)
{
    if (g->n_teachers >= g->room_teachers) {
        g->full = true;
        return GEN_NONE;
    }
    g->teachers[g->n_teachers] =
        (struct gen_teacher){.slc = slc, .team = GEN_NONE, .certs = certs, .roles = roles};
    return g->n_teachers++;
}

static uint64_t cells_of(const struct gen *g, int section)
{
    return g->patterns[g->sections[section].pattern].cells;
}

static bool is_free(const struct gen *g, const struct gen_teacher *t, uint64_t cells)
{
    if ((t->busy | t->blocked) & cells)
        return false;
    for (int term = 0; term < g->n_terms; term++)
        if ((g->term_cells[term] & cells) && t->loads[term] >= g->max_load)
            return false;
    for (int day = 0; day < g->n_days; day++)
        if (__builtin_popcountll((t->busy | cells) & g->day_cells[day]) > g->day_load &&
            (cells & g->day_cells[day]))
            return false;
    return true;
}

static void teach(struct gen *g, int teacher, uint64_t cells)
{
    struct gen_teacher *t = &g->teachers[teacher];
    t->busy |= cells;
    t->n_sections++;
    for (int term = 0; term < g->n_terms; term++)
        t->loads[term] += (g->term_cells[term] & cells) != 0;
}

/* Different courses of a teacher, and is `course` one of them? */
static int preps_of(const struct gen *g, int teacher, int course, bool *has)
{
    int n = 0;
    *has = false;
    for (int i = 0; i < g->n_sections; i++) {
        if (g->sections[i].teacher != teacher || g->sections[i].dropped)
            continue;
        *has = *has || g->sections[i].course == course;
        bool first = true;
        for (int k = 0; k < i; k++)
            first = first && !(g->sections[k].teacher == teacher && !g->sections[k].dropped &&
                               g->sections[k].course == g->sections[i].course);
        n += first;
    }
    return n;
}

/* Most are certified for one subject, some for a second of the same hall. */
static uint32_t draw_certs(struct gen *g, enum gen_subject subject)
{
    static const enum gen_subject halls[] = {
        GEN_SOCIAL,  GEN_SCIENCE, GEN_MATH,   GEN_ENGLISH, GEN_HEALTH,   GEN_PE,
        GEN_FRENCH,  GEN_SPANISH, GEN_FRENCH, GEN_SPANISH, GEN_THEATRE,  GEN_THEATRE,
        GEN_ENGLISH, GEN_MATH,    GEN_CS,     GEN_CARE,    GEN_BUSINESS, GEN_SUPPORT};
    uint32_t certs = UINT32_C(1) << subject;
    double draw = gen_unit(g);
    if (draw < 0.25)
        certs |= UINT32_C(1) << halls[subject];
    if (draw < 0.05)
        certs |= UINT32_C(1) << halls[halls[subject]];
    return certs;
}

static void staff_shared(struct gen *g, int section)
{
    struct gen_section *x = &g->sections[section];
    enum gen_subject subject = g->courses[x->course].subject;
    uint64_t cells = cells_of(g, section);
    int best = GEN_NONE;
    int best_score = 0;
    for (int i = 0; i < g->n_teachers; i++) {
        const struct gen_teacher *t = &g->teachers[i];
        if ((t->certs >> subject & 1) == 0 || (t->roles & US_GENERAL) == 0 || !is_free(g, t, cells))
            continue;
        bool has;
        int preps = preps_of(g, i, x->course, &has);
        if (!has && preps >= PREPS)
            continue;
        int score = 1 + t->n_sections + (has ? 8 : 0) - 2 * preps + 16;
        if (score > best_score) {
            best_score = score;
            best = i;
        }
    }
    if (best < 0) {
        bool support = subject == GEN_SUPPORT;
        best = gen_teacher_add(g, GEN_NONE, draw_certs(g, subject),
                               support ? US_GENERAL | US_SPED : US_GENERAL);
    }
    if (best < 0)
        return;
    x->teacher = best;
    teach(g, best, cells);
}

/* The second teacher is of the community, the busiest who is free. */
static void staff_second(struct gen *g, int section)
{
    struct gen_section *x = &g->sections[section];
    unsigned role = g->courses[x->course].coteach;
    int best = GEN_NONE;
    for (int i = 0; i < g->n_teachers; i++) {
        const struct gen_teacher *t = &g->teachers[i];
        if (t->slc == x->slc && (t->roles & role) && is_free(g, t, cells_of(g, section)) &&
            (best < 0 || t->n_sections > g->teachers[best].n_sections))
            best = i;
    }
    if (best < 0)
        best = gen_teacher_add(g, x->slc, UINT32_C(1) << GEN_SUPPORT, US_GENERAL | role);
    if (best < 0)
        return;
    x->second = best;
    teach(g, best, cells_of(g, section));
}

static int build_room(struct gen *g, enum gen_room_type type, int zone)
{
    static const int caps[] = {32, 32, 60, 30, 80, 30, 32};
    if (g->n_rooms >= g->room_rooms) {
        g->full = true;
        return GEN_NONE;
    }
    g->rooms[g->n_rooms] = (struct gen_room){.type = type, .zone = zone, .cap = caps[type]};
    return g->n_rooms++;
}

/* A community's section in its zone; a shared one anywhere, first where all share. */
static void house(struct gen *g, int section)
{
    struct gen_section *x = &g->sections[section];
    enum gen_room_type type = g->courses[x->course].room;
    uint64_t cells = cells_of(g, section);
    int zone = x->slc < 0 ? g->n_slcs : x->slc;
    int best = GEN_NONE;
    for (int i = 0; i < g->n_rooms; i++) {
        const struct gen_room *room = &g->rooms[i];
        if (room->type != type || (room->busy & cells) || room->cap < g->courses[x->course].max)
            continue;
        if (room->zone == zone) {
            best = i;
            break;
        }
        if (x->slc < 0 && best < 0)
            best = i;
    }
    if (best < 0)
        best = build_room(g, type, zone);
    if (best < 0)
        return;
    x->room = best;
    g->rooms[best].busy |= cells;
}

/* Long patterns first: they fit least. */
static int hardness(const struct gen *g, int section)
{
    return __builtin_popcountll(cells_of(g, section));
}

void gen_staff(struct gen *g)
{
    for (int i = 0; i < g->n_sections; i++) {
        if (g->sections[i].slc < 0)
            continue;
        teach(g, g->sections[i].teacher, cells_of(g, i));
        house(g, i);
    }
    for (int i = 0; i < g->n_sections; i++)
        if (g->sections[i].slc >= 0 && g->sections[i].coteach)
            staff_second(g, i);
    for (int size = 4; size > 0; size--) {
        for (int c = g->first_shared; c < g->n_courses; c++) {
            for (int i = 0; i < g->n_sections; i++) {
                const struct gen_section *x = &g->sections[i];
                if (x->course != c || x->slc >= 0 || x->dropped || hardness(g, i) != size)
                    continue;
                staff_shared(g, i);
                house(g, i);
            }
        }
    }
}
