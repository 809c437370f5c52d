/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduling/run.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "kith/clock.h"

#define FIRST_ROUND 65536 /* measures how fast this problem goes */
#define RESERVE     0.3   /* seconds kept for writing the result */
#define ROUND_STEP  ((uint64_t)SEARCH_STEP)

struct run {
    const struct run_opts *opts;
    struct search *searches[RUN_THREADS_MOST];
    unsigned threads;
    double began, end; /* CPU seconds of the process; end 0: no limit */
    double told;
    uint64_t length; /* of the round under way */
    atomic_bool stop;
    atomic_uint solved; /* the first search that reached (0, 0); RUN_THREADS_MOST: none */
};
struct thread {
    struct run *run;
    struct search *search;
    unsigned index;
    kith_err err;
};

static double cpu(void)
{
    return (double)kith_clock_cpu_us() / 1e6;
}

kith_err run_rounds_parse(const char *text, struct run_rounds *ret)
{
    ret->n = 0;
    for (const char *at = text;; at++) {
        char *end;
        errno = 0;
        unsigned long long n = strtoull(at, &end, 10);
        if (end == at || errno != 0 || n == 0 || *at == '-' || ret->n == RUN_ROUNDS_MOST ||
            (*end != ',' && *end != '\0'))
            return KITH_EINVAL;
        ret->length[ret->n++] = n;
        if (*end == '\0')
            return KITH_OK;
        at = end;
    }
}

static void tell(struct run *r, uint64_t iterations, struct state_cost best)
{
    double now = cpu();
    if (!r->opts->progress || now - r->told < 1)
        return;
    r->told = now;
    struct run_progress p = {now - r->began, r->opts->cpu_seconds, iterations, best};
    r->opts->progress(r->opts->ctx, &p);
}

/* Whoever sees the end tells the others. A search that reached (0, 0) ends those behind it, whose timetable would not be taken; not those before it, so that the
 * result does not depend on who was quicker. */
static bool goes_on(void *ctx, uint64_t iterations, struct state_cost best)
{
    struct thread *t = ctx;
    struct run *r = t->run;
    if (t->index == 0)
        tell(r, iterations, best);
    if ((r->end > 0 && cpu() >= r->end) || (r->opts->stopped && r->opts->stopped(r->opts->ctx)))
        atomic_store(&r->stop, true);
    return !atomic_load(&r->stop) && atomic_load(&r->solved) >= t->index;
}

static void *thread_main(void *ctx)
{
    struct thread *t = ctx;
    t->err = search_round(t->search, t->run->length, goes_on, t);
    struct state_cost best = search_best(t->search)->cost;
    unsigned solved = atomic_load(&t->run->solved);
    while (best.hard == 0 && best.soft == 0 && t->index < solved &&
           !atomic_compare_exchange_weak(&t->run->solved, &solved, t->index))
        ;
    return NULL;
}

/* A round of every search; the first runs here. */
static kith_err round_of_all(struct run *r, uint64_t length)
{
    struct thread threads[RUN_THREADS_MOST] = {0};
    pthread_t ids[RUN_THREADS_MOST];
    bool started[RUN_THREADS_MOST] = {false};
    kith_err err = KITH_OK;
    r->length = length;
    for (unsigned i = 0; i < RUN_THREADS_MOST; i++)
        threads[i] = (struct thread){r, r->searches[i], i, KITH_OK};
    for (unsigned i = 1; i < r->threads; i++)
        started[i] = pthread_create(&ids[i], NULL, thread_main, &threads[i]) == 0;
    (void)thread_main(&threads[0]);
    for (unsigned i = 1; i < r->threads; i++) {
        if (started[i])
            (void)pthread_join(ids[i], NULL);
        else
            (void)thread_main(&threads[i]); /* no thread to be had: one after the other */
    }
    for (unsigned i = 0; i < r->threads && err == KITH_OK; i++)
        err = threads[i].err;
    return err;
}

static const struct state_shot *best_of(const struct run *r)
{
    const struct state_shot *best = search_best(r->searches[0]);
    for (unsigned i = 1; i < r->threads; i++)
        if (state_less(search_best(r->searches[i])->cost, best->cost))
            best = search_best(r->searches[i]);
    return best;
}

static bool solved(const struct run *r)
{
    struct state_cost c = best_of(r)->cost;
    return c.hard == 0 && c.soft == 0;
}

/* A short round measures the speed; the others take their share of what is left, the last all of it. */
static uint64_t next_length(const struct run *r, int round, double speed)
{
    static const double share[] = {0.2, 0.4, 0.3, 0.4};
    double left = r->end - cpu();
    if (round == 0)
        return FIRST_ROUND;
    double part = round <= (int)KITH_LEN(share) ? share[round - 1] : 0.97;
    double n = speed * left * part;
    return n < (double)ROUND_STEP ? 0 : (uint64_t)n / ROUND_STEP * ROUND_STEP;
}

static kith_err rounds_by_time(struct run *r, struct run_rounds *rounds)
{
    double speed = 0;
    kith_err err = KITH_OK;
    while (err == KITH_OK && rounds->n < RUN_ROUNDS_MOST && !solved(r) && !atomic_load(&r->stop)) {
        uint64_t length = next_length(r, rounds->n, speed);
        double before = cpu();
        uint64_t had = search_iterations(r->searches[0]);
        if (length == 0 || before >= r->end)
            break;
        rounds->length[rounds->n++] = length;
        err = round_of_all(r, length);
        double took = cpu() - before;
        if (took > 0)
            speed = (double)(search_iterations(r->searches[0]) - had) / took;
    }
    return err;
}

static kith_err open_searches(struct run *r, const struct problem *p)
{
    kith_err err = KITH_OK;
    r->threads = r->opts->threads == 2 ? 2 : 1;
    for (unsigned i = 0; i < r->threads && err == KITH_OK; i++)
        err = search_new(p, r->opts->start, r->opts->seed * RUN_THREADS_MOST + i, &r->searches[i]);
    return err;
}

static kith_err take_best(const struct run *r, const struct problem *p, struct run_result *ret)
{
    kith_auto(state) s = NULL;
    kith_err err = state_new(p, &s);
    if (err == KITH_OK)
        err = state_shot_new(p, &ret->best);
    if (err != KITH_OK)
        return err;
    state_load(s, best_of(r));
    state_save(s, ret->best);
    ret->iterations = search_iterations(r->searches[0]);
    ret->cpu_seconds = cpu() - r->began;
    return s->failed ? KITH_ENOMEM : KITH_OK;
}

kith_err run_search(const struct problem *p, const struct run_opts *opts, struct run_result *ret)
{
    struct run r = {.opts = opts, .began = cpu()};
    *ret = (struct run_result){0};
    r.told = r.began;
    atomic_init(&r.stop, false);
    atomic_init(&r.solved, RUN_THREADS_MOST);
    if (opts->cpu_seconds > 0)
        r.end = r.began + opts->cpu_seconds - (opts->cpu_seconds > 3 ? RESERVE : 0.05);
    kith_err err = open_searches(&r, p);
    if (err == KITH_OK && opts->cpu_seconds > 0)
        err = rounds_by_time(&r, &ret->rounds);
    for (int i = 0; i < opts->rounds.n && err == KITH_OK && opts->cpu_seconds <= 0 && !solved(&r) &&
                    !atomic_load(&r.stop);
         i++) {
        ret->rounds.length[ret->rounds.n++] = opts->rounds.length[i];
        err = round_of_all(&r, opts->rounds.length[i]);
    }
    if (err == KITH_OK)
        err = take_best(&r, p, ret);
    for (unsigned i = 0; i < r.threads; i++)
        search_free(r.searches[i]);
    return err;
}
