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

/* Different courses that a teacher has in the terms of `cells` (in the fuller one), and is `course` one of them? */
static int preps_of(const struct gen *g, int teacher, int course, uint64_t cells, bool *has)
{
    int most = 0;
    *has = false;
    for (int term = 0; term < g->n_terms; term++) {
        bool seen[512] = {false};
        int n = 0;
        uint64_t mask = g->term_cells[term];
        for (int i = 0; (mask & cells) && i < g->n_sections; i++) {
            const struct gen_section *x = &g->sections[i];
            if (x->teacher != teacher || x->dropped || (cells_of(g, i) & mask) == 0)
                continue;
            n += !seen[x->course];
            seen[x->course] = true;
        }
        *has = *has || seen[course];
        most = n > most ? n : most;
    }
    return most;
}

/* A subject's hall: what its teachers are also certified for. */
static enum gen_subject hall_of(enum gen_subject subject)
{
    static const enum gen_subject halls[] = {
        GEN_THEATRE, GEN_CS,      GEN_HEALTH,  GEN_BUSINESS, GEN_HEALTH, GEN_PE,
        GEN_FRENCH,  GEN_SPANISH, GEN_SPANISH, GEN_FRENCH,   GEN_CS,     GEN_THEATRE,
        GEN_ENGLISH, GEN_MATH,    GEN_SOCIAL,  GEN_CARE,     GEN_SHOP,   GEN_SUPPORT};
    return halls[subject];
}

static bool may_learn(const struct gen_teacher *t, enum gen_subject subject)
{
    if (__builtin_popcount(t->certs) != 1)
        return false;
    enum gen_subject own = (enum gen_subject)__builtin_ctz(t->certs);
    return hall_of(own) == subject || hall_of(subject) == own;
}

/* The busiest teacher of the subject who has not too many courses already; with `learn`, one of another subject of its hall. */
static int find_teacher(const struct gen *g, int course, uint64_t cells, bool learn)
{
    enum gen_subject subject = g->courses[course].subject;
    int best = GEN_NONE;
    int best_score = 0;
    for (int i = 0; i < g->n_teachers; i++) {
        const struct gen_teacher *t = &g->teachers[i];
        bool able = learn ? may_learn(t, subject) : (t->certs >> subject & 1) != 0;
        if (!able || (t->roles & US_GENERAL) == 0 || !is_free(g, t, cells))
            continue;
        bool has;
        int preps = preps_of(g, i, course, cells, &has);
        if (!has && preps >= PREPS)
            continue;
        int score = 17 + t->n_sections + (has ? 8 : 0) - 2 * preps;
        if (score > best_score) {
            best_score = score;
            best = i;
        }
    }
    return best;
}

static void staff_shared(struct gen *g, int section)
{
    struct gen_section *x = &g->sections[section];
    enum gen_subject subject = g->courses[x->course].subject;
    uint64_t cells = cells_of(g, section);
    int best = find_teacher(g, x->course, cells, false);
    if (best < 0) {
        best = find_teacher(g, x->course, cells, true);
        if (best >= 0)
            g->teachers[best].certs |= UINT32_C(1) << subject;
    }
    if (best < 0)
        best = gen_teacher_add(g, GEN_NONE, UINT32_C(1) << subject,
                               subject == GEN_SUPPORT ? US_GENERAL | US_SPED : US_GENERAL);
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
