/* SPDX-License-Identifier: Apache-2.0 */
/* What a monitor finds in a timetable: its deviation, a whole number of units of its kind (durations, times, meets, resources). Pure. */
#ifndef SCHEDULING_MONITOR_H
#define SCHEDULING_MONITOR_H

#include "scheduling/state.h"

int64_t monitor_deviation(const struct state *s, const struct problem_monitor *m);
/* weight x cost function (deviation). */
int64_t monitor_cost(const struct state *s, const struct problem_monitor *m);

#endif
