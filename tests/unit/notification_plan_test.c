/* SPDX-License-Identifier: Apache-2.0 */
#include "kith_test.h"

#include "notification/plan.h"

#define FLAGS 12

static struct kith_id flag_id(unsigned i)
{
    return (struct kith_id){{(uint8_t)i, 7, 9}};
}

static struct notif_flag flag(enum notif_flag_kind kind, unsigned i, int64_t pos)
{
    return (struct notif_flag){.kind = kind,
                               .flag_id = flag_id(i),
                               .student_id = 100 + i,
                               .school_id = 1,
                               .urgency = 2,
                               .value = (int32_t)pos,
                               .pos = pos,
                               .at_us = 1000 + pos};
}

static struct notif_alert *find(struct notif_alerts *a, unsigned i)
{
    struct kith_id f = flag_id(i);
    struct kith_id id = notif_alert_id(&f);
    struct notif_alert *alert = a->list.items;
    for (size_t k = 0; k < a->list.n; k++)
        if (memcmp(&alert[k].alert_id, &id, sizeof(id)) == 0)
            return &alert[k];
    return NULL;
}

/* ---- a database of one table, and the naive model beside it ---- */

struct row {
    bool exists;
    bool open;
    int64_t pos;
    int32_t value;
    unsigned opened; /* log records */
    unsigned resolved;
};

static void store(struct row *rows, struct notif_alerts *a)
{
    for (unsigned i = 0; i < FLAGS; i++) {
        struct notif_alert *alert = find(a, i);
        if (!alert || !(alert->opened || alert->changed))
            continue;
        assert_int_equal(alert->is_new, !rows[i].exists);
        assert_true(!alert->opened || !rows[i].exists); /* opened once */
        assert_int_equal(alert->reopened, rows[i].exists && !rows[i].open && alert->open);
        rows[i].exists = true;
        rows[i].open = alert->open;
        rows[i].pos = alert->flag.pos;
        rows[i].value = alert->flag.value;
        rows[i].opened += alert->opened;
        rows[i].resolved += alert->resolved;
    }
}

static void run_batch(struct row *rows, const struct notif_flag *flags, size_t n)
{
    struct notif_alerts a;
    assert_ok(notif_alerts_gather(&a, flags, n));
    for (unsigned i = 0; i < FLAGS; i++) {
        struct kith_id f = flag_id(i);
        struct kith_id id = notif_alert_id(&f);
        if (rows[i].exists)
            notif_alerts_known(&a, &id, rows[i].pos, rows[i].open, 5, "advisor");
    }
    notif_alerts_apply(&a, flags, n);
    store(rows, &a);
    notif_alerts_done(&a);
}

/* Flag by flag: the newest record that is not a clearing of nothing wins. */
static void run_model(struct row *rows, const struct notif_flag *f)
{
    struct row *r = &rows[f->flag_id.b[0]];
    if (r->exists && f->pos <= r->pos)
        return;
    if (!r->exists && f->kind == NOTIF_FLAG_CLEARED)
        return;
    if (!r->exists)
        r->opened++;
    r->exists = true;
    r->open = f->kind != NOTIF_FLAG_CLEARED;
    r->pos = f->pos;
    r->value = f->value;
}

static void however_the_log_is_cut(void **state)
{
    (void)state;
    uint64_t seed = 31;
    for (int round = 0; round < 3000; round++) {
        struct notif_flag log[40];
        size_t n = test_random(&seed) % 40 + 1;
        for (size_t i = 0; i < n; i++)
            log[i] = flag((enum notif_flag_kind)(test_random(&seed) % 3),
                          (unsigned)(test_random(&seed) % FLAGS), (int64_t)i + 1);
        struct row rows[FLAGS] = {{0}};
        struct row model[FLAGS] = {{0}};
        for (size_t i = 0; i < n; i++)
            run_model(model, &log[i]);
        for (size_t at = 0; at < n;) {
            size_t cut = test_random(&seed) % (n - at) + 1;
            run_batch(rows, log + at, cut);
            at += cut;
            if (test_random(&seed) % 4 == 0) { /* replay from the start, up to here */
                struct row before[FLAGS];
                memcpy(before, rows, sizeof(rows));
                run_batch(rows, log, at);
                assert_memory_equal(before, rows, sizeof(rows));
            }
        }
        for (unsigned i = 0; i < FLAGS; i++) {
            assert_int_equal(rows[i].exists, model[i].exists);
            assert_int_equal(rows[i].open, model[i].open);
            assert_int_equal(rows[i].pos, model[i].pos);
            assert_int_equal(rows[i].value, model[i].value);
            assert_int_equal(rows[i].opened, model[i].opened);
            if (rows[i].exists && !rows[i].open)
                assert_true(rows[i].resolved >= 1);
        }
    }
}

static void records_of_one_run_share_a_position(void **state)
{
    (void)state;
    struct row rows[FLAGS] = {{0}};
    struct notif_flag log[] = {flag(NOTIF_FLAG_RAISED, 1, 5), flag(NOTIF_FLAG_UPDATED, 1, 8),
                               flag(NOTIF_FLAG_UPDATED, 1, 8)};
    log[2].value = 99;
    run_batch(rows, log, 1);
    run_batch(rows, log + 1, 2);
    assert_int_equal(rows[1].value, 99); /* the second of the run counts */
    run_batch(rows, log, 3);
    assert_int_equal(rows[1].value, 99);
    assert_int_equal(rows[1].opened, 1);
}

static void orphans_and_routes(void **state)
{
    (void)state;
    struct notif_flag log[] = {flag(NOTIF_FLAG_CLEARED, 1, 5), flag(NOTIF_FLAG_RAISED, 2, 6)};
    struct notif_alerts a;
    assert_ok(notif_alerts_gather(&a, log, 2));
    notif_alerts_apply(&a, log, 2);
    assert_int_equal(a.orphans, 1);
    struct notif_adviser adviser = {.student_id = 102, .staff_id = 9, .address = "a@x.example"};
    struct notif_people people = {
        .advisers = &adviser, .n_advisers = 1, .default_address = "d@x.example", .today = 1};
    notif_alerts_route(&a, &people);
    assert_int_equal(find(&a, 2)->route.staff_id, 9);
    assert_false(find(&a, 1)->opened);
    notif_alerts_done(&a);
    assert_ok(notif_alerts_gather(&a, NULL, 0));
    notif_alerts_apply(&a, NULL, 0);
    notif_alerts_done(&a);
}

static void ids_are_made_from_content(void **state)
{
    (void)state;
    struct kith_id f = flag_id(1);
    struct kith_id a = notif_alert_id(&f);
    struct kith_id again = notif_alert_id(&f);
    assert_memory_equal(&a, &again, sizeof(a));
    struct kith_id d[] = {notif_delivery_id(&a, 5, "email", 0),
                          notif_delivery_id(&a, 6, "email", 0),
                          notif_delivery_id(&a, 5, "email", 1), notif_delivery_id(&a, 5, "sms", 0),
                          notif_delivery_id(&f, 5, "email", 0)};
    for (size_t i = 0; i < KITH_LEN(d); i++)
        for (size_t k = 0; k < i; k++)
            assert_memory_not_equal(&d[i], &d[k], sizeof(d[0]));
    struct kith_id one[] = {d[0], d[1], d[2]};
    struct kith_id two[] = {d[2], d[0], d[1]};
    struct kith_id m = notif_mail_id(one, 3);
    struct kith_id n = notif_mail_id(two, 3);
    assert_memory_equal(&m, &n, sizeof(m)); /* whatever the order */
    n = notif_mail_id(two, 2);
    assert_memory_not_equal(&m, &n, sizeof(m));
}

static void one_mail_a_person(void **state)
{
    (void)state;
    uint64_t seed = 8;
    for (int round = 0; round < 2000; round++) {
        struct notif_queued queued[30] = {{{{0}}}};
        size_t n = test_random(&seed) % 31;
        for (size_t i = 0; i < n; i++) {
            queued[i].delivery_id.b[0] = (uint8_t)i;
            queued[i].staff_id = (int64_t)(test_random(&seed) % 6);
            (void)snprintf(queued[i].address, sizeof(queued[i].address), "p%d@x.example",
                           (int)queued[i].staff_id * 10 + (test_random(&seed) % 8 == 0));
            queued[i].urgency = (int32_t)(test_random(&seed) % 3) + 1;
            queued[i].flag_us = (int64_t)(test_random(&seed) % 1000);
        }
        struct notif_bundle *b = NULL;
        size_t bundles = 0;
        assert_ok(notif_bundle(queued, n, &b, &bundles));
        unsigned people = 0;
        for (int64_t person = 0; person < 6; person++) {
            size_t theirs = 0;
            for (size_t i = 0; i < n; i++)
                theirs += queued[i].staff_id == person;
            people += theirs > 0;
        }
        assert_int_equal(bundles, people); /* each once, nobody forgotten */
        for (size_t i = 0; i < bundles; i++) {
            assert_true(i == 0 || b[i].staff_id > b[i - 1].staff_id);
            int32_t urgency = 0;
            uint32_t top = 0;
            int64_t oldest = INT64_MAX;
            for (size_t k = b[i].first; k < b[i].first + b[i].items; k++) {
                assert_int_equal(queued[k].staff_id, b[i].staff_id);
                assert_string_equal(queued[k].address, b[i].address);
                urgency = queued[k].urgency > urgency ? queued[k].urgency : urgency;
                oldest = queued[k].flag_us < oldest ? queued[k].flag_us : oldest;
            }
            for (size_t k = b[i].first; k < b[i].first + b[i].items; k++)
                top += queued[k].urgency == urgency;
            assert_int_equal(b[i].urgency, urgency);
            assert_int_equal(b[i].top_items, top);
            assert_int_equal(b[i].flag_us, oldest);
        }
        free(b);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(however_the_log_is_cut),
        cmocka_unit_test(records_of_one_run_share_a_position),
        cmocka_unit_test(orphans_and_routes),
        cmocka_unit_test(ids_are_made_from_content),
        cmocka_unit_test(one_mail_a_person),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
