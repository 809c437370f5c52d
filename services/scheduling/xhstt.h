/* SPDX-License-Identifier: Apache-2.0 */
/* XHSTT archives (High School Timetabling in XML, the 2011-2014 format of the University of Twente's archive) as problems and states of the engine. */
#ifndef SCHEDULING_XHSTT_H
#define SCHEDULING_XHSTT_H

#include "scheduling/problem.h"
#include "scheduling/state.h"
#include "scheduling/xml.h"

/* The archive's instance: the first, or the one with this id. Errors, said in `why` with the line: KITH_EDECODE, KITH_ENOTFOUND, KITH_ENOMEM. */
KITH_MUST_CHECK kith_err xhstt_problem(const struct xml_node *archive, const char *id,
                                       struct problem **ret, struct kith_why *why);

/* A <Solution>: the first of the archive for this problem, and the next one. NULL: none. */
const struct xml_node *xhstt_first(const struct xml_node *archive, const struct problem *p);
const struct xml_node *xhstt_next(const struct xml_node *solution, const struct problem *p);
const char *xhstt_contributor(const struct xml_node *solution); /* "" = not said */
KITH_MUST_CHECK kith_err xhstt_state(const struct problem *p, const struct xml_node *solution,
                                     struct state **ret, struct kith_why *why);

/* The state as an archive with one solution and no instance. */
void xhstt_write(FILE *to, const struct state *s, const char *description);

#endif
