/* SPDX-License-Identifier: Apache-2.0 */
#include "kith_test.h"

#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include "kith/clock.h"
#include "kith/loop.h"

struct fixture {
    struct kith_loop *loop;
    struct kith_timer *timer;
    struct kith_watch *watch;
    int pair[2];
    int calls;
    int events;
    int until;
    bool done;
};

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));
    if (!f || kith_loop_new(&f->loop) != KITH_OK ||
        socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, f->pair) != 0)
        return -1;
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    kith_watch_free(f->watch);
    kith_timer_free(f->timer);
    kith_loop_free(f->loop);
    for (int i = 0; i < 2; i++)
        if (f->pair[i] >= 0)
            (void)close(f->pair[i]);
    free(f);
    return 0;
}

static void count(void *ctx)
{
    struct fixture *f = ctx;
    f->calls++;
    if (f->calls >= f->until)
        f->done = true;
}

static void timer_fires_once_and_not_early(void **state)
{
    struct fixture *f = *state;
    assert_ok(kith_timer_new(f->loop, count, f, &f->timer));
    int64_t before = kith_clock_mono_us();
    kith_timer_start(f->timer, 20, 0);
    assert_ok(kith_loop_run_until(f->loop, &f->done, 2000));
    assert_true(kith_clock_mono_us() - before >= 19000); /* libuv counts whole milliseconds */
    f->done = false;
    assert_err(kith_loop_run_until(f->loop, &f->done, 30), KITH_ETIMEOUT);
    assert_int_equal(f->calls, 1);
}

static void timer_counts_from_its_start_not_from_the_turn(void **state)
{
    struct fixture *f = *state;
    assert_ok(kith_timer_new(f->loop, count, f, &f->timer));
    (void)usleep(30000); /* the loop has not looked at the time meanwhile */
    int64_t before = kith_clock_mono_us();
    kith_timer_start(f->timer, 20, 0);
    assert_ok(kith_loop_run_until(f->loop, &f->done, 2000));
    assert_true(kith_clock_mono_us() - before >= 19000);
}

static void timer_repeats_until_stopped(void **state)
{
    struct fixture *f = *state;
    f->until = 5;
    assert_ok(kith_timer_new(f->loop, count, f, &f->timer));
    kith_timer_start(f->timer, 1, 1);
    assert_ok(kith_loop_run_until(f->loop, &f->done, 2000));
    kith_timer_stop(f->timer);
    int calls = f->calls;
    f->done = false;
    assert_err(kith_loop_run_until(f->loop, &f->done, 10), KITH_ETIMEOUT);
    assert_int_equal(f->calls, calls);
}

static void timer_restart_replaces_the_former_start(void **state)
{
    struct fixture *f = *state;
    assert_ok(kith_timer_new(f->loop, count, f, &f->timer));
    kith_timer_start(f->timer, 1, 1);
    kith_timer_start(f->timer, 10000, 0);
    assert_err(kith_loop_run_until(f->loop, &f->done, 20), KITH_ETIMEOUT);
    assert_int_equal(f->calls, 0);
}

static void free_own_timer(void *ctx)
{
    struct fixture *f = ctx;
    kith_timer_free(KITH_TAKE(f->timer));
    f->done = true;
}

static void timer_may_free_itself(void **state)
{
    struct fixture *f = *state;
    assert_ok(kith_timer_new(f->loop, free_own_timer, f, &f->timer));
    kith_timer_start(f->timer, 0, 1);
    assert_ok(kith_loop_run_until(f->loop, &f->done, 2000));
    f->done = false;
    assert_err(kith_loop_run_until(f->loop, &f->done, 5), KITH_ETIMEOUT);
}

static void restart_with_zero(void *ctx)
{
    struct fixture *f = ctx;
    f->calls++;
    kith_timer_start(f->timer, 0, 0);
}

/* Were the timer run again in the same turn, the time limit would never be looked at and this test would hang. */
static void timer_that_restarts_itself_at_once_starves_nobody(void **state)
{
    struct fixture *f = *state;
    assert_ok(kith_timer_new(f->loop, restart_with_zero, f, &f->timer));
    kith_timer_start(f->timer, 0, 0);
    assert_err(kith_loop_run_until(f->loop, &f->done, 20), KITH_ETIMEOUT);
    assert_true(f->calls >= 2);
}

/* libuv runs timers that are due before it polls; the poll must then not wait for something else. */
static void a_timer_due_at_once_ends_the_wait_at_once(void **state)
{
    struct fixture *f = *state;
    assert_ok(kith_timer_new(f->loop, count, f, &f->timer));
    int64_t before_ms = kith_clock_mono_ms();
    kith_timer_start(f->timer, 0, 0);
    assert_ok(kith_loop_run_until(f->loop, &f->done, 3000));
    assert_true(kith_clock_mono_ms() - before_ms < 1500);
}

static void note_events(void *ctx, int events)
{
    struct fixture *f = ctx;
    f->events |= events;
    f->calls++;
    if (f->calls >= f->until)
        f->done = true;
}

static void watch_is_level_triggered(void **state)
{
    struct fixture *f = *state;
    f->until = 3;
    assert_ok(kith_watch_new(f->loop, f->pair[0], note_events, f, &f->watch));
    assert_int_equal(write(f->pair[1], "x", 1), 1);
    assert_err(kith_loop_run_until(f->loop, &f->done, 10), KITH_ETIMEOUT);
    assert_int_equal(f->calls, 0); /* nothing was asked for */
    kith_watch_set(f->watch, KITH_READABLE);
    assert_ok(kith_loop_run_until(f->loop, &f->done, 2000)); /* three times for one unread byte */
    assert_int_equal(f->events, KITH_READABLE);
    kith_watch_set(f->watch, 0);
    int calls = f->calls;
    f->done = false;
    assert_err(kith_loop_run_until(f->loop, &f->done, 10), KITH_ETIMEOUT);
    assert_int_equal(f->calls, calls);
}

static void watch_tells_readable_from_writable(void **state)
{
    struct fixture *f = *state;
    assert_ok(kith_watch_new(f->loop, f->pair[0], note_events, f, &f->watch));
    kith_watch_set(f->watch, KITH_READABLE | KITH_WRITABLE);
    assert_ok(kith_loop_run_until(f->loop, &f->done, 2000));
    assert_int_equal(f->events, KITH_WRITABLE);
    f->done = false;
    f->events = 0;
    assert_int_equal(write(f->pair[1], "x", 1), 1);
    assert_ok(kith_loop_run_until(f->loop, &f->done, 2000));
    assert_int_equal(f->events, KITH_READABLE | KITH_WRITABLE);
}

static void watch_sees_the_other_end_close(void **state)
{
    struct fixture *f = *state;
    assert_ok(kith_watch_new(f->loop, f->pair[0], note_events, f, &f->watch));
    kith_watch_set(f->watch, KITH_READABLE);
    (void)close(f->pair[1]);
    f->pair[1] = -1;
    assert_ok(kith_loop_run_until(f->loop, &f->done, 2000));
    assert_true(f->events & KITH_READABLE);
}

/* A pipe whose reader has gone shows an error and nothing else; it must be seen, and seen again. */
static void watch_reports_an_error_as_readiness(void **state)
{
    struct fixture *f = *state;
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    f->until = 2;
    assert_ok(kith_watch_new(f->loop, ends[1], note_events, f, &f->watch));
    kith_watch_set(f->watch, KITH_WRITABLE);
    (void)close(ends[0]);
    assert_ok(kith_loop_run_until(f->loop, &f->done, 2000));
    assert_int_equal(f->events, KITH_WRITABLE);
    kith_watch_free(KITH_TAKE(f->watch));
    (void)close(ends[1]);
}

static void free_own_watch(void *ctx, int events)
{
    struct fixture *f = ctx;
    f->events = events;
    kith_watch_free(KITH_TAKE(f->watch));
    f->done = true;
}

static void watch_may_free_itself_and_be_made_again(void **state)
{
    struct fixture *f = *state;
    for (int i = 0; i < 3; i++) {
        f->done = false;
        assert_ok(kith_watch_new(f->loop, f->pair[0], free_own_watch, f, &f->watch));
        kith_watch_set(f->watch, KITH_WRITABLE);
        assert_ok(kith_loop_run_until(f->loop, &f->done, 2000));
        assert_null(f->watch);
    }
}

static void watch_refuses_what_cannot_be_watched(void **state)
{
    struct fixture *f = *state;
    struct kith_watch *untouched = (struct kith_watch *)f;
    struct kith_watch *w = untouched;
    assert_err(kith_watch_new(f->loop, 99999, note_events, f, &w), KITH_EIO);
    assert_ptr_equal(w, untouched);
    assert_ok(kith_watch_new(f->loop, f->pair[0], note_events, f, &f->watch));
    kith_watch_set(f->watch, KITH_READABLE);
    assert_err(kith_watch_new(f->loop, f->pair[0], note_events, f, &w), KITH_EEXIST);
}

static void defer_count(void *ctx)
{
    struct fixture *f = ctx;
    assert_int_equal(f->calls, 0);
    assert_ok(kith_loop_defer(f->loop, count, f));
    assert_int_equal(f->calls, 0); /* never from inside */
}

static void deferred_call_comes_after_the_callback(void **state)
{
    struct fixture *f = *state;
    assert_ok(kith_timer_new(f->loop, defer_count, f, &f->timer));
    kith_timer_start(f->timer, 1, 0);
    assert_ok(kith_loop_run_until(f->loop, &f->done, 2000));
    assert_int_equal(f->calls, 1);
}

static void deferred_call_does_not_wait_for_an_event(void **state)
{
    struct fixture *f = *state;
    int64_t before = kith_clock_mono_ms();
    assert_ok(kith_loop_defer(f->loop, count, f));
    assert_ok(kith_loop_run_until(f->loop, &f->done, 5000));
    assert_true(kith_clock_mono_ms() - before < 1000);
}

struct order {
    int seen[100];
    int n;
};
struct ordered {
    struct order *order;
    int number;
};

static void note_order(void *ctx)
{
    struct ordered *o = ctx;
    o->order->seen[o->order->n++] = o->number;
}

static void deferred_calls_keep_their_order(void **state)
{
    struct fixture *f = *state;
    struct order order = {.n = 0};
    struct ordered calls[100];
    for (int i = 0; i < 100; i++) {
        calls[i] = (struct ordered){&order, i};
        assert_ok(kith_loop_defer(f->loop, note_order, &calls[i]));
    }
    assert_ok(kith_loop_defer(f->loop, count, f));
    assert_ok(kith_loop_run_until(f->loop, &f->done, 2000));
    assert_int_equal(order.n, 100);
    for (int i = 0; i < 100; i++)
        assert_int_equal(order.seen[i], i);
}

static void defer_itself(void *ctx)
{
    struct fixture *f = ctx;
    f->calls++;
    assert_ok(kith_loop_defer(f->loop, f->until ? count : defer_itself, f));
}

static void deferred_call_that_defers_itself_starves_nobody(void **state)
{
    struct fixture *f = *state;
    assert_ok(kith_loop_defer(f->loop, defer_itself, f));
    assert_err(kith_loop_run_until(f->loop, &f->done, 20), KITH_ETIMEOUT);
    assert_true(f->calls >= 2);
    f->until = 1; /* let it end, or the loop could never be freed */
    assert_ok(kith_loop_run_until(f->loop, &f->done, 2000));
}

static void deferred_memory_is_freed_with_the_loop(void **state)
{
    (void)state;
    struct kith_loop *loop = NULL;
    assert_ok(kith_loop_new(&loop));
    assert_ok(kith_loop_defer(loop, free, malloc(32)));
    kith_loop_free(loop);
    kith_loop_free(NULL);
}

static void stop(void *ctx)
{
    struct fixture *f = ctx;
    f->calls++;
    kith_loop_stop(f->loop);
}

static void run_ends_by_stop_also_when_it_came_first(void **state)
{
    struct fixture *f = *state;
    assert_ok(kith_timer_new(f->loop, stop, f, &f->timer));
    kith_timer_start(f->timer, 1, 0);
    kith_loop_run(f->loop);
    assert_int_equal(f->calls, 1);
    kith_loop_stop(f->loop);
    kith_loop_run(f->loop);           /* returns at once; would hang otherwise */
    kith_timer_start(f->timer, 0, 0); /* stopped before the poll: would hang, too */
    kith_loop_run(f->loop);
    assert_int_equal(f->calls, 2);
}

static void signal_calls_back(void **state)
{
    struct fixture *f = *state;
    f->until = 2;
    assert_ok(kith_loop_on_signal(f->loop, SIGUSR1, count, f));
    assert_ok(kith_loop_on_signal(f->loop, SIGUSR2, count, f));
    assert_int_equal(raise(SIGUSR1), 0);
    assert_int_equal(raise(SIGUSR2), 0);
    assert_ok(kith_loop_run_until(f->loop, &f->done, 2000));
    assert_int_equal(f->calls, 2);
}

static void run_until_with_no_time_still_turns_once(void **state)
{
    struct fixture *f = *state;
    assert_ok(kith_loop_defer(f->loop, count, f));
    assert_ok(kith_loop_run_until(f->loop, &f->done, 0));
    f->done = false;
    assert_err(kith_loop_run_until(f->loop, &f->done, 0), KITH_ETIMEOUT);
}

#define LOOP_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        LOOP_TEST(timer_fires_once_and_not_early),
        LOOP_TEST(timer_counts_from_its_start_not_from_the_turn),
        LOOP_TEST(timer_repeats_until_stopped),
        LOOP_TEST(timer_restart_replaces_the_former_start),
        LOOP_TEST(timer_may_free_itself),
        LOOP_TEST(timer_that_restarts_itself_at_once_starves_nobody),
        LOOP_TEST(a_timer_due_at_once_ends_the_wait_at_once),
        LOOP_TEST(watch_is_level_triggered),
        LOOP_TEST(watch_tells_readable_from_writable),
        LOOP_TEST(watch_sees_the_other_end_close),
        LOOP_TEST(watch_reports_an_error_as_readiness),
        LOOP_TEST(watch_may_free_itself_and_be_made_again),
        LOOP_TEST(watch_refuses_what_cannot_be_watched),
        LOOP_TEST(deferred_call_comes_after_the_callback),
        LOOP_TEST(deferred_call_does_not_wait_for_an_event),
        LOOP_TEST(deferred_calls_keep_their_order),
        LOOP_TEST(deferred_call_that_defers_itself_starves_nobody),
        cmocka_unit_test(deferred_memory_is_freed_with_the_loop),
        LOOP_TEST(run_ends_by_stop_also_when_it_came_first),
        LOOP_TEST(signal_calls_back),
        LOOP_TEST(run_until_with_no_time_still_turns_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
