/* SPDX-License-Identifier: Apache-2.0 */
/* Searches under a limit: so many CPU seconds, or the rounds that an earlier run printed, which gives its timetable again. One or two threads, each a search of its own;
 * the better timetable counts. */
#ifndef SCHEDULING_RUN_H
#define SCHEDULING_RUN_H

#include "scheduling/search.h"

#define RUN_ROUNDS_MOST  64
#define RUN_THREADS_MOST 2

struct run_rounds { /* iterations of each round, in order */
    uint64_t length[RUN_ROUNDS_MOST];
    int n;
};
struct run_progress {
    double cpu_seconds, limit; /* limit 0: by iterations */
    uint64_t iterations;
    struct state_cost best;
};
struct run_opts {
    uint64_t seed;
    double cpu_seconds; /* 0: the rounds below */
    struct run_rounds rounds;
    unsigned threads;                                          /* 0 = 1 */
    const struct state_shot *start;                            /* NULL: built */
    void (*progress)(void *ctx, const struct run_progress *p); /* once a second; may be NULL */
    bool (*stopped)(void *ctx); /* true: end with what there is; may be NULL */
    void *ctx;
};
struct run_result {
    struct state_shot *best; /* the caller's */
    struct run_rounds
        rounds;          /* that were run, to run them again; the last may have been cut short */
    uint64_t iterations; /* of one thread */
    double cpu_seconds;
};

/* "N" or "N,N,...". Errors: KITH_EINVAL. */
KITH_MUST_CHECK kith_err run_rounds_parse(const char *text, struct run_rounds *ret);
/* Errors: KITH_ENOMEM. */
KITH_MUST_CHECK kith_err run_search(const struct problem *p, const struct run_opts *opts,
                                    struct run_result *ret);

#endif
