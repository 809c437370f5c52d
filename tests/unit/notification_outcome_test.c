/* SPDX-License-Identifier: Apache-2.0 */
#include "kith_test.h"

#include "notification/outcome.h"

static void classification(void **state)
{
    (void)state;
    static const struct {
        struct notif_dialogue d;
        enum notif_result expected;
    } cases[] = {
        {{NOTIF_END_DONE, 250, true, true}, NOTIF_ACCEPTED},
        /* refusals of this mail */
        {{NOTIF_END_REFUSED, 550, true, false}, NOTIF_FAILED},
        {{NOTIF_END_REFUSED, 450, true, false}, NOTIF_DEFERRED},
        {{NOTIF_END_REFUSED, 554, true, true}, NOTIF_FAILED},
        {{NOTIF_END_REFUSED, 451, true, true}, NOTIF_DEFERRED},
        /* the relay's own trouble */
        {{NOTIF_END_REFUSED, 421, true, false}, NOTIF_AWAY},
        {{NOTIF_END_BROKEN, 0, false, false}, NOTIF_AWAY},
        {{NOTIF_END_BROKEN, 535, false, false}, NOTIF_AWAY},  /* the login */
        {{NOTIF_END_REFUSED, 554, false, false}, NOTIF_AWAY}, /* its greeting */
        {{NOTIF_END_REFUSED, 550, false, false}, NOTIF_AWAY}, /* it refuses the sender */
        {{NOTIF_END_BROKEN, 250, true, false}, NOTIF_AWAY},   /* lost before the body */
        /* lost after it: the reply is stale and says nothing */
        {{NOTIF_END_BROKEN, 250, true, true}, NOTIF_LOST},
        {{NOTIF_END_BROKEN, 354, true, true}, NOTIF_LOST},
        {{NOTIF_END_BROKEN, 550, true, true}, NOTIF_LOST},
        {{NOTIF_END_REFUSED, 354, true, true}, NOTIF_LOST},
    };
    for (size_t i = 0; i < KITH_LEN(cases); i++)
        if (notif_classify(&cases[i].d) != cases[i].expected)
            fail_msg("case %zu: %s, not %s", i, notif_result_word(notif_classify(&cases[i].d)),
                     notif_result_word(cases[i].expected));
}

/* Whatever happens: never accepted unless the relay took it, never failed before the recipient was named, never lost before the body. */
static void classification_is_safe(void **state)
{
    (void)state;
    for (int ending = NOTIF_END_DONE; ending <= NOTIF_END_BROKEN; ending++)
        for (long reply = 0; reply < 600; reply++)
            for (int stage = 0; stage < 3; stage++) {
                struct notif_dialogue d = {(enum notif_ending)ending, reply, stage >= 1,
                                           stage >= 2};
                enum notif_result r = notif_classify(&d);
                assert_int_equal(r == NOTIF_ACCEPTED, ending == NOTIF_END_DONE);
                if (r == NOTIF_FAILED)
                    assert_true(stage >= 1 && reply >= 500);
                if (r == NOTIF_DEFERRED)
                    assert_true(stage >= 1 && reply / 100 == 4);
                if (r == NOTIF_LOST)
                    assert_true(stage == 2);
            }
}

static void ladder(void **state)
{
    (void)state;
    static const int64_t rungs_s[] = {30, 120, 600, 1800, 3600, 7200, 14400, 14400, 14400};
    uint64_t seed = 5;
    for (uint32_t step = 1; step <= KITH_LEN(rungs_s); step++) {
        int64_t least = INT64_MAX;
        int64_t most = 0;
        for (int i = 0; i < 2000; i++) {
            struct kith_id id;
            for (size_t k = 0; k < sizeof(id.b); k++)
                id.b[k] = (uint8_t)test_random(&seed);
            int64_t ms = notif_retry_ms(step, &id);
            assert_int_equal(ms, notif_retry_ms(step, &id));
            least = ms < least ? ms : least;
            most = ms > most ? ms : most;
        }
        int64_t rung = rungs_s[step - 1];
        assert_true(least >= rung * 800 && least < rung * 820); /* the whole of -20 % .. */
        assert_true(most <= rung * 1200 && most > rung * 1180); /* .. +20 % is used */
    }
}

static void ladder_ends_after_about_five_days(void **state)
{
    (void)state;
    struct kith_id id = {{1}};
    struct notif_progress p = {.state = NOTIF_MAIL_SENDING};
    int64_t sum_ms = 0;
    int64_t wait_ms;
    while ((wait_ms = notif_follow_up(&p, NOTIF_DEFERRED, &id, 0)) >= 0) {
        assert_int_equal(p.state, NOTIF_MAIL_DEFERRED);
        sum_ms += wait_ms;
    }
    assert_int_equal(p.state, NOTIF_MAIL_FAILED);
    int64_t day_ms = INT64_C(86400000);
    assert_true(sum_ms > 4 * day_ms && sum_ms < 6 * day_ms);
}

static void what_follows(void **state)
{
    (void)state;
    struct kith_id id = {{2}};
    struct notif_progress p = {.state = NOTIF_MAIL_SENDING};
    assert_int_equal(notif_follow_up(&p, NOTIF_AWAY, &id, 750), 750);
    assert_int_equal(p.state, NOTIF_MAIL_DEFERRED);
    assert_int_equal(p.deferrals, 0); /* not the mail's fault */
    assert_int_equal(notif_follow_up(&p, NOTIF_ACCEPTED, &id, 0), -1);
    assert_int_equal(p.state, NOTIF_MAIL_ACCEPTED);

    p = (struct notif_progress){.state = NOTIF_MAIL_SENDING};
    assert_int_equal(notif_follow_up(&p, NOTIF_FAILED, &id, 0), -1);
    assert_int_equal(p.state, NOTIF_MAIL_FAILED);

    /* lost: once more, then left as it is; what comes between does not hide it */
    p = (struct notif_progress){.state = NOTIF_MAIL_SENDING};
    assert_int_equal(notif_follow_up(&p, NOTIF_LOST, &id, 0), notif_retry_ms(1, &id));
    assert_int_equal(p.state, NOTIF_MAIL_UNKNOWN);
    assert_int_equal(notif_follow_up(&p, NOTIF_AWAY, &id, 500), 500);
    assert_int_equal(p.state, NOTIF_MAIL_UNKNOWN);
    assert_int_equal(notif_follow_up(&p, NOTIF_DEFERRED, &id, 0), notif_retry_ms(1, &id));
    assert_int_equal(p.state, NOTIF_MAIL_UNKNOWN);
    assert_int_equal(notif_follow_up(&p, NOTIF_LOST, &id, 0), -1);
    assert_int_equal(p.state, NOTIF_MAIL_UNKNOWN);
}

static void relay_pauses(void **state)
{
    (void)state;
    static const int64_t expected[] = {500,  500,   1000,  2000,  4000,
                                       8000, 16000, 32000, 60000, 60000};
    for (uint32_t i = 0; i < KITH_LEN(expected); i++)
        assert_int_equal(notif_relay_pause_ms(i), expected[i]);
    assert_int_equal(notif_relay_pause_ms(UINT32_MAX), 60000);
}

static void words(void **state)
{
    (void)state;
    assert_string_equal(notif_result_word(NOTIF_LOST), "unknown");
    assert_string_equal(notif_result_word(NOTIF_AWAY), "relay_away");
    assert_string_equal(notif_mail_state_word(NOTIF_MAIL_SENDING), "sending");
    assert_string_equal(notif_mail_state_word(NOTIF_MAIL_CANCELLED), "cancelled");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(classification), cmocka_unit_test(classification_is_safe),
        cmocka_unit_test(ladder),         cmocka_unit_test(ladder_ends_after_about_five_days),
        cmocka_unit_test(what_follows),   cmocka_unit_test(relay_pauses),
        cmocka_unit_test(words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
