/* SPDX-License-Identifier: Apache-2.0 */
/* Random changes of a timetable: each takes the state from one whole timetable to a neighbour. Which they are is in moves.c's table. Pure. */
#ifndef SCHEDULING_MOVES_H
#define SCHEDULING_MOVES_H

#include "scheduling/domain.h"
#include "scheduling/random.h"
#include "scheduling/state.h"

#define MOVES_CHAIN                                                                                \
    16 /* meets that one chain moves at most: longer ones are hardly ever an improvement */

struct moves {
    struct domain *d;
    struct state *s;
    struct random *random;
    unsigned *seen, stamp; /* by slot: displaced in this move */
    double sum;            /* of the weights of the moves that this problem knows */
    double weight[8];
};

KITH_MUST_CHECK kith_err moves_new(struct domain *d, struct state *s, struct random *random,
                                   struct moves **ret);
void moves_free(struct moves *m); /* NULL is fine */
KITH_DEFINE_AUTO(moves)
/* One random move, not evaluated yet. */
void moves_random(struct moves *m);
/* `slot` goes to `start`, with those linked to it; what it displaces goes where it came from, and so on (a Kempe chain).
 * false: more than MOVES_CHAIN would move; state_undo is due. */
bool moves_chain(struct moves *m, int slot, int start);
/* Each open task of the meet whose resource is not free at its time gets one that is, if there is one. */
void moves_mend(struct moves *m, int slot);

#endif
