/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduling/search.h"

#include <math.h>
#include <stdlib.h>

#include "scheduling/build.h"

#define HARD   10.0 /* a unit of hard cost is worth so many of the greatest soft weight */
#define HOT    2.0  /* the first temperature, in the greatest soft weight */
#define COLD   0.25 /* of the least soft weight: below it nothing uphill is accepted */
#define HARDER 1.5  /* where hard cost is left after a round */
#define REHEAT 0.35 /* of the first temperature */

struct search {
    const struct problem *p;
    struct random random;
    struct domain *domain;
    struct state *state;
    struct moves *moves;
    struct state_shot *best;
    uint64_t iterations;
    double hard;      /* weight of hard against soft */
    double hot, cold; /* temperatures, in 1/1024 of a soft unit */
    int rounds;
};

/* Soft costs decide what a hard one must outweigh. */
static void choose_scale(struct search *s)
{
    double most = 0;
    double least = 0;
    for (int m = 0; m < s->p->monitor_n; m++) {
        const struct problem_constraint *c = &s->p->constraints[s->p->monitors[m].constraint];
        double weight = (double)c->weight;
        if (c->hard || weight <= 0)
            continue;
        most = weight > most ? weight : most;
        least = least == 0 || weight < least ? weight : least;
    }
    if (most == 0)
        most = least = 1;
    s->hard = HARD * most;
    s->hot = 1024 * HOT * most;
    s->cold = 1024 * COLD * least;
}

kith_err search_new(const struct problem *p, const struct state_shot *start, uint64_t seed,
                    struct search **ret)
{
    kith_auto(search) s = calloc(1, sizeof(*s));
    if (!s)
        return KITH_ENOMEM;
    s->p = p;
    random_seed(&s->random, seed);
    kith_err err = domain_new(p, &s->domain);
    if (err == KITH_OK)
        err = state_new(p, &s->state);
    if (err == KITH_OK)
        err = state_shot_new(p, &s->best);
    if (err == KITH_OK)
        err = moves_new(s->domain, s->state, &s->random, &s->moves);
    if (err != KITH_OK)
        return err;
    choose_scale(s);
    state_weigh(s->state, s->hard);
    if (start)
        state_load(s->state, start);
    else
        build_timetable(s->moves);
    state_save(s->state, s->best);
    if (s->state->failed)
        return KITH_ENOMEM;
    *ret = KITH_TAKE(s);
    return KITH_OK;
}

void search_free(struct search *s)
{
    if (!s)
        return;
    moves_free(s->moves);
    state_shot_free(s->best);
    state_free(s->state);
    domain_free(s->domain);
    free(s);
}

static void step(struct search *s, double temperature)
{
    struct state *state = s->state;
    state_mark(state);
    int64_t before = state->energy;
    moves_random(s->moves);
    struct state_cost now = state_cost(state);
    double worse = (double)(state->energy - before);
    if (worse > 0 && random_unit(&s->random) >= exp(-worse / temperature)) {
        state_undo(state);
        return;
    }
    if (state_less(now, s->best->cost))
        state_save(state, s->best);
}

static bool is_zero(struct state_cost c)
{
    return c.hard == 0 && c.soft == 0;
}

kith_err search_round(struct search *s, uint64_t iterations, search_goes_on goes_on, void *ctx)
{
    double hot = s->rounds == 0 ? s->hot : s->hot * REHEAT;
    double temperature = hot;
    double factor = pow(s->cold / hot, 1.0 / ((double)iterations / SEARCH_STEP + 1));
    if (s->rounds++ > 0) {
        state_load(s->state, s->best);
        if (s->best->cost.hard > 0) { /* the last round gave it away too cheaply */
            s->hard *= HARDER;
            state_weigh(s->state, s->hard);
        }
    }
    for (uint64_t i = 0; i < iterations && !is_zero(s->best->cost); i += SEARCH_STEP) {
        if (!goes_on(ctx, s->iterations, s->best->cost))
            break;
        for (int k = 0; k < SEARCH_STEP; k++)
            step(s, temperature);
        s->iterations += SEARCH_STEP;
        temperature *= factor;
    }
    return s->state->failed ? KITH_ENOMEM : KITH_OK;
}

const struct state_shot *search_best(const struct search *s)
{
    return s->best;
}

uint64_t search_iterations(const struct search *s)
{
    return s->iterations;
}
