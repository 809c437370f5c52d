/* SPDX-License-Identifier: Apache-2.0 */
/* services/risk/store against the migrated schema; run by risk_store_test.sh with the daemon's and the console's connection. */
#include "dbtest.h"

#include <stdlib.h>
#include <string.h>

#include "risk/store.h"
#include "risk_model.h"

static const struct kith_stmt *const tables[] = {risk_statements, NULL};
static const struct kith_stmt *const console_tables[] = {risk_console_statements, NULL};
static const char *console_conninfo;
static struct kith_db *db;

static const struct risk_params params = {3, 3, 900, 920, 20, 20};

enum { DISTRICT = 1, STUDENTS = 30000, BASE = 19000 };

static int open_db(void **state)
{
    int failed = make_loop(state);
    if (!failed)
        db = ready_pool("risk", 1, tables);
    return failed;
}

static int close_db(void **state)
{
    kith_db_free(db);
    return free_loop(state);
}

static struct risk_world *read_back(int32_t as_of)
{
    struct risk_world *world = NULL;
    struct risk_reading reading;
    assert_int_equal(risk_world_new(&params, &risk_default_precedence, &world), KITH_OK);
    risk_world_set_as_of(world, as_of);
    risk_reading_start(&reading, world, DISTRICT);
    while (!reading.done) {
        struct kith_job *job = new_job();
        risk_store_read(job, &reading);
        run_fine(db, job);
        assert_int_equal(reading.err, KITH_OK);
    }
    risk_world_loaded(world);
    return world;
}

static void write_changes(struct risk_changes *c)
{
    struct kith_job *job = new_job();
    risk_changes_settle(c);
    risk_store_changes(job, DISTRICT, c);
    run_fine(db, job);
    risk_changes_done(c);
}

/* More rows than a page holds, every kind of fact; what is read back is judged as what was written. */
static void a_district_is_read_back_whole(void **state)
{
    (void)state;
    struct risk_changes c = {0};
    struct risk_world *written = NULL;
    assert_int_equal(risk_world_new(&params, &risk_default_precedence, &written), KITH_OK);
    (void)strcpy(c.zone, "America/Chicago");
    for (int32_t i = 0; i < 30; i++)
        assert_int_equal(
            risk_changes_day(&c, (struct risk_day_change){900, 5, BASE + i, i % 7 < 5, false, 0}),
            KITH_OK);
    for (int64_t s = 1; s <= STUDENTS; s++) {
        struct risk_enrollment_change e = {
            .student_id = s,
            .school_id = 900,
            .calendar_id = s % 2 ? 5 : 0,
            .entry = BASE,
            .exit = s % 3 ? RISK_OPEN : BASE + 20,
        };
        assert_int_equal(risk_changes_enrollment(&c, e), KITH_OK);
        for (int32_t i = 0; i < 2; i++) {
            struct risk_mark_change m = {
                .student_id = s,
                .mark = {900, 900, 7, 1, BASE + 18 + (int32_t)(s % 5) + i, RISK_ABSENT_UNEXCUSED},
            };
            assert_int_equal(risk_changes_mark(&c, m), KITH_OK);
        }
    }
    risk_changes_settle(&c);
    assert_int_equal(risk_world_apply(written, &c), KITH_OK);
    write_changes(&c);

    risk_world_set_as_of(written, BASE + 25);
    struct risk_flag_turns turns = {0};
    assert_int_equal(risk_world_judge(written, &turns), KITH_OK);
    assert_true(turns.n > 1000);
    struct kith_job *job = new_job();
    risk_store_flags(job, DISTRICT, 1000000, &turns);
    run_fine(db, job);

    struct risk_world *back = read_back(BASE + 25);
    struct risk_tally a = risk_world_tally(written);
    struct risk_tally b = risk_world_tally(back);
    assert_int_equal(b.students, STUDENTS);
    assert_int_equal(a.marks, b.marks);
    assert_int_equal(a.orphans, b.orphans);
    assert_memory_equal(a.open, b.open, sizeof(a.open));
    turns.n = 0;
    int64_t last = INT64_MIN;
    bool more = true;
    assert_int_equal(risk_world_sweep(back, INT64_MIN, UINT32_MAX, &turns, &last, &more), KITH_OK);
    assert_int_equal(turns.n, 0); /* every fact and flag came back: nothing turns */
    free(turns.turn);
    risk_world_free(written);
    risk_world_free(back);
}

static void what_is_taken_back_is_gone(void **state)
{
    (void)state;
    struct risk_changes c = {0};
    for (int64_t s = 1; s <= STUDENTS; s++) {
        struct risk_mark_change m = {
            .student_id = s,
            .mark = {900, 900, 7, 1, BASE + 18 + (int32_t)(s % 5), RISK_UNMAPPED},
            .removed = true,
        };
        assert_int_equal(risk_changes_mark(&c, m), KITH_OK);
        if (s % 2)
            assert_int_equal(
                risk_changes_enrollment(&c, (struct risk_enrollment_change){.student_id = s,
                                                                            .school_id = 900,
                                                                            .entry = BASE,
                                                                            .removed = true}),
                KITH_OK);
    }
    assert_int_equal(risk_changes_day(&c, (struct risk_day_change){900, 5, BASE, false, true, 0}),
                     KITH_OK);
    write_changes(&c);
    struct risk_world *back = read_back(BASE + 25);
    struct risk_tally tally = risk_world_tally(back);
    assert_int_equal(tally.marks, STUDENTS);
    /* those whose enrollment was taken back, and those who had left before their last mark */
    size_t orphans = 0;
    for (int64_t s = 1; s <= STUDENTS; s++)
        orphans += s % 2 == 1 || (s % 3 == 0 && 18 + s % 5 + 1 > 20);
    assert_int_equal(tally.orphans, orphans);
    risk_world_free(back);
}

static void a_contact_is_logged_once(void **state)
{
    (void)state;
    struct risk_contact contact = {.student_id = 7,
                                   .date = BASE + 3,
                                   .kind = "call",
                                   .by = "somebody",
                                   .note = "a note",
                                   .call_id = {1, 2, 3}};
    struct kith_job *job = new_job();
    risk_store_contact(job, DISTRICT, 5000000, &contact);
    run_fine(db, job);
    job = new_job();
    risk_store_contact(job, DISTRICT, 6000000, &contact);
    assert_int_equal(run_job(db, job).err, KITH_EEXIST);
    contact.call_id[0] = 9;
    contact.note = NULL;
    job = new_job();
    risk_store_contact(job, DISTRICT, 6000000, &contact);
    run_fine(db, job);
}

struct row {
    unsigned calls;
    struct risk_district_row row;
};

static void on_row(void *ctx, const struct risk_district_row *row)
{
    struct row *r = ctx;
    r->calls++;
    r->row = *row;
}

static struct row district_row(void)
{
    struct row r = {0};
    struct risk_district_query q = {on_row, &r};
    struct kith_job *job = new_job();
    risk_store_districts(job, DISTRICT, &q);
    run_fine(db, job);
    assert_int_equal(r.calls, 1);
    return r;
}

static void a_sweep_keeps_its_place(void **state)
{
    (void)state;
    assert_int_equal(district_row().row.as_of, RISK_NO_DATE);
    struct kith_job *job = new_job();
    risk_store_sweep_begin(job, DISTRICT, BASE, 77, RISK_NO_DATE);
    run_fine(db, job);
    struct row r = district_row();
    assert_int_equal(r.row.as_of, BASE);
    assert_int_equal(r.row.rules, 77);
    assert_true(r.row.sweeping);
    assert_true(r.row.swept_to == INT64_MIN);
    job = new_job();
    risk_store_sweep_to(job, DISTRICT, BASE, 1000, true);
    run_fine(db, job);
    assert_int_equal(district_row().row.swept_to, 1000);
    /* somebody who believes in another day is refused */
    job = new_job();
    risk_store_sweep_to(job, DISTRICT, BASE - 1, 2000, true);
    assert_int_equal(run_job(db, job).err, KITH_ECHANGED);
    job = new_job();
    risk_store_sweep_begin(job, DISTRICT, BASE + 1, 77, BASE - 1);
    assert_int_equal(run_job(db, job).err, KITH_ECHANGED);
    job = new_job();
    risk_store_sweep_to(job, DISTRICT, BASE, 2000, false);
    run_fine(db, job);
    assert_false(district_row().row.sweeping);
    /* a finished sweep is not gone on with */
    job = new_job();
    risk_store_sweep_to(job, DISTRICT, BASE, 3000, true);
    assert_int_equal(run_job(db, job).err, KITH_ECHANGED);
    job = new_job();
    risk_store_sweep_begin(job, DISTRICT, BASE + 1, 77, BASE);
    run_fine(db, job);
    assert_int_equal(district_row().row.as_of, BASE + 1);
}

static void the_local_date_follows_the_zone(void **state)
{
    (void)state;
    /* 2026-03-08 is 23 hours long in Chicago (06:00 UTC to 05:00 UTC) */
    int32_t day = 20520;
    int64_t midnight = ((int64_t)day * 24 + 6) * 3600 * 1000000;
    struct risk_today today = {0};
    struct kith_job *job = new_job();
    risk_store_today(job, DISTRICT, midnight, &today);
    run_fine(db, job);
    assert_true(today.found);
    assert_int_equal(today.date, day);
    assert_true(today.from_us == midnight);
    assert_true(today.until_us == midnight + INT64_C(23) * 3600 * 1000000);
    job = new_job();
    risk_store_today(job, DISTRICT, midnight - 1, &today);
    run_fine(db, job);
    assert_int_equal(today.date, day - 1);
    job = new_job();
    risk_store_today(job, 99, midnight, &today);
    run_fine(db, job);
    assert_false(today.found);

    struct risk_changes c = {.zone = "Nowhere/Atall"};
    write_changes(&c);
    job = new_job();
    risk_store_today(job, DISTRICT, midnight, &today);
    assert_int_equal(run_job(db, job).err, KITH_EINVAL);
}

static void on_flag(void *ctx, const struct risk_flag_row *row)
{
    size_t *n = ctx;
    assert_int_equal(row->district, DISTRICT);
    assert_true(row->flag.open);
    assert_int_equal(row->flag.episode, 1);
    (*n)++;
}

static void the_console_lists_flags_in_its_scope(void **state)
{
    (void)state;
    struct kith_db *console = open_pool(console_conninfo, "risk", 1, 0, console_tables);
    struct kith_why why = {""};
    if (kith_db_wait_ready(console, 10000, &why) != KITH_OK)
        fail_msg("not ready: %s", why.text);
    size_t n = 0;
    struct risk_flag_query q = {on_flag, &n};
    struct kith_job *job = new_job();
    risk_store_list_flags(job, DISTRICT, false, &q);
    run_fine(console, job);
    assert_int_equal(n, 0); /* no scope, no row */
    job = new_job();
    kith_job_scope(job, &(int32_t){DISTRICT}, 1);
    risk_store_list_flags(job, DISTRICT, false, &q);
    run_fine(console, job);
    assert_true(n > 1000);
    struct row r = {0};
    struct risk_district_query dq = {on_row, &r};
    job = new_job();
    risk_store_list_districts(job, &dq);
    run_fine(console, job);
    assert_int_equal(r.calls, 1);
    assert_int_equal(r.row.district, DISTRICT);
    kith_db_free(console);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_district_is_read_back_whole),
        cmocka_unit_test(what_is_taken_back_is_gone),
        cmocka_unit_test(a_contact_is_logged_once),
        cmocka_unit_test(a_sweep_keeps_its_place),
        cmocka_unit_test(the_local_date_follows_the_zone),
        cmocka_unit_test(the_console_lists_flags_in_its_scope),
    };
    if (argc != 3)
        return 2;
    test_conninfo = argv[1];
    console_conninfo = argv[2];
    return cmocka_run_group_tests(tests, open_db, close_db);
}
