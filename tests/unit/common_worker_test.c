/* SPDX-License-Identifier: Apache-2.0 */
#include "kith/worker.h"

#include <unistd.h>

#include "kith_test.h"

struct probe {
    struct kith_loop *loop;
    struct kith_worker *worker;
    int give;  /* pieces that the thread gives */
    int given; /* read after the thread has returned */
    int seen;  /* pieces in order */
    int dropped;
    int in_hand; /* pieces that exist: at most the one being made, the one waiting and the one in work */
    int most;
    bool slow;
    bool over;
    struct kith_timer *timer;
};

static struct probe *dropping;

static void run(void *ctx, struct kith_worker *w)
{
    struct probe *p = ctx;
    for (int i = 1; i <= p->give; i++) {
        int *piece = malloc(sizeof(*piece));
        if (!piece)
            abort();
        *piece = i;
        int n = __atomic_add_fetch(&p->in_hand, 1, __ATOMIC_SEQ_CST);
        if (n > __atomic_load_n(&p->most, __ATOMIC_SEQ_CST))
            __atomic_store_n(&p->most, n, __ATOMIC_SEQ_CST);
        if (!kith_worker_give(w, piece)) {
            free(piece);
            return;
        }
        p->given = i;
    }
}

static void on_piece(void *ctx, void *piece)
{
    struct probe *p = ctx;
    assert_int_equal(*(int *)piece, ++p->seen);
    free(piece);
    __atomic_sub_fetch(&p->in_hand, 1, __ATOMIC_SEQ_CST);
    if (p->slow)
        kith_timer_start(p->timer, 1, 0);
    else
        kith_worker_next(p->worker);
}

static void on_timer(void *ctx)
{
    struct probe *p = ctx;
    kith_worker_next(p->worker);
}

static void on_drop(void *piece)
{
    free(piece);
    dropping->dropped++;
}

static void on_done(void *ctx)
{
    struct probe *p = ctx;
    p->over = true;
    kith_worker_free(KITH_TAKE(p->worker));
}

static void start(struct probe *p)
{
    dropping = p;
    assert_ok(kith_loop_new(&p->loop));
    assert_ok(kith_timer_new(p->loop, on_timer, p, &p->timer));
    struct kith_worker_opts opts = {
        .loop = p->loop, .run = run, .piece = on_piece, .drop = on_drop, .done = on_done, .ctx = p};
    assert_ok(kith_worker_new(&opts, &p->worker));
}

static void stop(struct probe *p)
{
    kith_worker_free(p->worker);
    kith_timer_free(p->timer);
    kith_loop_free(p->loop);
}

static void test_in_order(void **state)
{
    (void)state;
    static const int counts[] = {0, 1, 2, 1000};
    for (size_t i = 0; i < KITH_LEN(counts); i++) {
        struct probe p = {.give = counts[i]};
        start(&p);
        assert_ok(kith_loop_run_until(p.loop, &p.over, 20000));
        assert_int_equal(p.seen, counts[i]);
        assert_int_equal(p.dropped, 0);
        stop(&p);
    }
}

static void test_bounded(void **state)
{
    (void)state;
    struct probe p = {.give = 50, .slow = true};
    start(&p);
    assert_ok(kith_loop_run_until(p.loop, &p.over, 20000));
    assert_int_equal(p.seen, 50);
    assert_true(p.most <= 3);
    stop(&p);
}

static void test_stopped(void **state)
{
    (void)state;
    struct probe p = {.give = 1000000, .slow = true};
    start(&p);
    bool never = false;
    assert_err(kith_loop_run_until(p.loop, &never, 30), KITH_ETIMEOUT);
    kith_worker_free(KITH_TAKE(p.worker));
    assert_true(p.seen > 0);
    assert_int_equal(p.given, p.seen + p.dropped);
    assert_false(p.over);
    stop(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_in_order),
        cmocka_unit_test(test_bounded),
        cmocka_unit_test(test_stopped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
