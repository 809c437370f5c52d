/* SPDX-License-Identifier: Apache-2.0 */
/* The engine: builds a timetable and improves it by simulated annealing over moves.h. Knows no clock: its work is counted in iterations, so that the same
 * problem, seed and rounds give the same timetable, byte for byte. One thread a search. Pure. */
#ifndef SCHEDULING_SEARCH_H
#define SCHEDULING_SEARCH_H

#include "scheduling/state.h"

struct search;

/* Asked every SEARCH_STEP iterations; false stops the round. */
#define SEARCH_STEP 1024
typedef bool (*search_goes_on)(void *ctx, uint64_t iterations, struct state_cost best);

/* `p` outlives it. `start`: a timetable to begin with, or NULL: one is built. Errors: KITH_ENOMEM. */
KITH_MUST_CHECK kith_err search_new(const struct problem *p, const struct state_shot *start,
                                    uint64_t seed, struct search **ret);
void search_free(struct search *s); /* NULL is fine */
KITH_DEFINE_AUTO(search)

/* One annealing from hot to cold in `iterations`; the first begins hottest, each later one with the best timetable so far. Ends early at cost (0, 0).
 * Errors: KITH_ENOMEM. */
KITH_MUST_CHECK kith_err search_round(struct search *s, uint64_t iterations, search_goes_on goes_on,
                                      void *ctx);
const struct state_shot *search_best(const struct search *s);
uint64_t search_iterations(const struct search *s); /* of all rounds */

#endif
