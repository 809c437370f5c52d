/* SPDX-License-Identifier: Apache-2.0 */
/* The first timetable: events split as their constraints ask, then each meet at its cheapest time with its cheapest resources, those with the least choice first. Pure. */
#ifndef SCHEDULING_BUILD_H
#define SCHEDULING_BUILD_H

#include "scheduling/moves.h"

/* The state is as state_new made it and weighed. */
void build_timetable(struct moves *m);

#endif
