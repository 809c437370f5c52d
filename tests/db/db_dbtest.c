/* SPDX-License-Identifier: Apache-2.0 */
/* common/kith/db against a real PostgreSQL; run by db_test.sh, which makes schema "dbtest". */
#include "dbtest.h"

#include <stdlib.h>
#include <string.h>

#include "kith/metrics.h"

static const struct kith_stmt statements[] = {
    {"sums",
     "SELECT count(*), sum(a)::int8, sum(b)::int8, sum(length(t))::int8 "
     "FROM unnest($1::int4[], $2::int8[], $3::text[]) AS u(a, b, t)",
     "ILT", "llll"},
    {"insert", "INSERT INTO item (id, label) VALUES ($1, $2)", "it", ""},
    {"update", "UPDATE item SET label = $2 WHERE id = $1", "it", ""},
    {"read", "SELECT label FROM item WHERE id = $1", "i", "t"},
    {"count", "SELECT count(*) FROM item", "", "l"},
    {"clear", "DELETE FROM item", "", ""},
    {"defer", "INSERT INTO child (id, parent) VALUES ($1, $2)", "ii", ""},
    {"divide", "SELECT 1 / $1::int4", "i", "i"},
    {"raise", "SELECT fail_with($1)", "t", "t"},
    {"as_date", "SELECT $1::text::date", "t", "d"},
    {"sleep", "SELECT pg_sleep($1)::text", "f", "t"},
    {"pid", "SELECT pg_backend_pid()", "", "i"},
    {"kill", "SELECT pg_terminate_backend($1)", "i", "b"},
    {"scope", "SELECT coalesce(current_setting('kith.districts', true), '')", "", "t"},
    {"settings", "SELECT current_setting('search_path'), current_setting('TimeZone')", "", "tt"},
    {0}};
static const struct kith_stmt *const tables[] = {statements, NULL};

static const struct kith_stmt *stmt(const char *name)
{
    for (const struct kith_stmt *s = statements; s->name; s++)
        if (strcmp(s->name, name) == 0)
            return s;
    fail_msg("no statement %s", name);
    return NULL;
}

static int64_t query_int(struct kith_db *db, const char *name)
{
    struct came_back seen = {0};
    struct kith_job *job = new_job();
    kith_job_step(job, stmt(name), answer_int, &seen);
    run_fine(db, job);
    assert_int_equal(seen.calls, 1);
    return seen.number;
}

static void add_insert(struct kith_job *job, int32_t id, const char *label)
{
    kith_job_step(job, stmt("insert"), NULL, NULL);
    kith_job_i4(job, id);
    kith_job_text(job, label);
}

static void clear(struct kith_db *db)
{
    struct kith_job *job = new_job();
    kith_job_step(job, stmt("clear"), NULL, NULL);
    run_fine(db, job);
}

/* ---- transactions ---- */

static void steps_commit_together(void **state)
{
    (void)state;
    struct kith_db *db = ready_pool("dbtest", 1, tables);
    clear(db);
    struct came_back count = {0};
    struct kith_job *job = new_job();
    add_insert(job, 1, "one");
    add_insert(job, 2, "two");
    kith_job_step(job, stmt("count"), answer_int, &count);
    run_fine(db, job); /* without a guard: COMMIT goes along */
    assert_int_equal(count.number, 2);

    struct came_back updated = {0};
    job = new_job();
    kith_job_step(job, stmt("update"), answer_affected, &updated);
    kith_job_i4(job, 1);
    kith_job_text(job, "uno");
    kith_job_guard(job, KITH_EFENCED);
    kith_job_step(job, stmt("read"), answer_text, &count);
    kith_job_i4(job, 1);
    kith_job_guard(job, KITH_ENOTFOUND);
    run_fine(db, job);
    assert_int_equal(updated.affected, 1);
    assert_string_equal(count.text, "uno");
    assert_int_equal(query_int(db, "count"), 2);
    kith_db_free(db);
}

/* The pool is ready with its first connection; the others come later. */
static void wait_idle(struct kith_db *db, unsigned n)
{
    for (int i = 0; i < 100 && kith_db_idle(db) < n; i++)
        spin(50);
    assert_int_equal(kith_db_idle(db), n);
}

static struct outcome run_inside(struct kith_tx *tx, struct kith_job *job, bool commit)
{
    struct outcome o = {0};
    assert_int_equal(kith_tx_run(tx, job, commit, on_outcome, &o), KITH_OK);
    assert_false(o.done);
    wait_for(&o.done);
    return o;
}

static struct kith_tx *begun(struct kith_db *db, int32_t first)
{
    struct kith_tx *tx = NULL;
    assert_int_equal(kith_tx_new(db, 20000, &tx), KITH_OK);
    struct kith_job *job = new_job();
    add_insert(job, first, "first");
    assert_int_equal(run_inside(tx, job, false).err, KITH_OK);
    return tx;
}

static void jobs_of_one_transaction(void **state)
{
    (void)state;
    struct kith_db *db = ready_pool("dbtest", 2, tables);
    clear(db);
    struct kith_tx *tx = begun(db, 1);
    assert_int_equal(query_int(db, "count"), 0); /* by the other connection */
    struct kith_job *job = new_job();
    struct came_back count = {0};
    add_insert(job, 2, "second");
    kith_job_step(job, stmt("count"), answer_int, &count);
    kith_job_guard(job, KITH_ENOTFOUND);
    assert_int_equal(run_inside(tx, job, false).err, KITH_OK);
    assert_int_equal(count.number, 2);
    assert_int_equal(query_int(db, "count"), 0);
    job = new_job();
    add_insert(job, 3, "third");
    assert_int_equal(run_inside(tx, job, true).err, KITH_OK);
    assert_int_equal(query_int(db, "count"), 3);
    job = new_job();
    add_insert(job, 4, "too late");
    assert_int_equal(kith_tx_run(tx, job, false, on_outcome, NULL), KITH_EDB);
    kith_tx_free(tx);
    kith_db_free(db);
}

static void a_transaction_given_up(void **state)
{
    (void)state;
    struct kith_db *db = ready_pool("dbtest", 2, tables);
    clear(db);
    kith_tx_free(begun(db, 1));
    assert_int_equal(query_int(db, "count"), 0);
    /* the row can be written again at once: nothing holds it */
    struct kith_job *job = new_job();
    add_insert(job, 1, "again");
    run_fine(db, job);
    wait_idle(db, 2);
    kith_db_free(db);
}

static void an_error_ends_a_transaction(void **state)
{
    (void)state;
    struct kith_db *db = ready_pool("dbtest", 2, tables);
    clear(db);
    struct kith_tx *tx = begun(db, 1);
    struct kith_job *job = new_job();
    kith_job_step(job, stmt("divide"), NULL, NULL);
    kith_job_i4(job, 0);
    assert_int_equal(run_inside(tx, job, false).err, KITH_EINVAL);
    assert_int_equal(kith_tx_run(tx, new_job(), true, on_outcome, NULL), KITH_EDB);
    assert_int_equal(query_int(db, "count"), 0);
    wait_idle(db, 2);
    kith_tx_free(tx);
    /* a guard that does not hold is one too */
    tx = begun(db, 1);
    job = new_job();
    kith_job_step(job, stmt("update"), NULL, NULL);
    kith_job_i4(job, 99);
    kith_job_text(job, "nobody");
    kith_job_guard(job, KITH_EFENCED);
    assert_int_equal(run_inside(tx, job, true).err, KITH_EFENCED);
    assert_int_equal(query_int(db, "count"), 0);
    kith_tx_free(tx);
    kith_db_free(db);
}

static void a_transaction_loses_its_connection(void **state)
{
    (void)state;
    struct kith_db *db = ready_pool("dbtest", 2, tables);
    clear(db);
    struct kith_tx *tx = begun(db, 1);
    struct came_back pid = {0};
    struct kith_job *job = new_job();
    kith_job_step(job, stmt("pid"), answer_int, &pid);
    assert_int_equal(run_inside(tx, job, false).err, KITH_OK);
    job = new_job();
    kith_job_step(job, stmt("kill"), NULL, NULL);
    kith_job_i4(job, (int32_t)pid.number);
    run_fine(db, job);
    spin(200);
    assert_int_equal(kith_tx_run(tx, new_job(), true, on_outcome, NULL), KITH_EDB);
    assert_int_equal(query_int(db, "count"), 0);
    kith_tx_free(tx);
    /* and one that the pool's end takes along */
    tx = begun(db, 1);
    kith_db_free(db);
    kith_tx_free(tx);
}

static void a_guard_rolls_back(void **state)
{
    (void)state;
    struct kith_db *db = ready_pool("dbtest", 1, tables);
    clear(db);
    struct came_back after = {0};
    struct kith_job *job = new_job();
    add_insert(job, 1, "one");
    kith_job_step(job, stmt("update"), NULL, NULL);
    kith_job_i4(job, 99);
    kith_job_text(job, "nobody");
    kith_job_guard(job, KITH_ECHANGED);
    kith_job_step(job, stmt("count"), answer_int, &after);
    struct outcome o = run_job(db, job);
    assert_int_equal(o.err, KITH_ECHANGED);
    assert_non_null(strstr(o.why.text, "update"));
    assert_int_equal(after.calls, 0); /* what follows a broken guard is not shown */
    assert_int_equal(query_int(db, "count"), 0);

    job = new_job(); /* a guard on the only step */
    kith_job_step(job, stmt("read"), NULL, NULL);
    kith_job_i4(job, 99);
    kith_job_guard(job, KITH_ENOTFOUND);
    assert_int_equal(run_job(db, job).err, KITH_ENOTFOUND);
    assert_int_equal(query_int(db, "count"), 0); /* the connection is fine */
    kith_db_free(db);
}

static void an_error_rolls_back(void **state)
{
    (void)state;
    struct kith_db *db = ready_pool("dbtest", 1, tables);
    clear(db);
    for (int guarded = 0; guarded < 2; guarded++) {
        struct came_back after = {0};
        struct kith_job *job = new_job();
        add_insert(job, 1, "one");
        if (guarded)
            kith_job_guard(job, KITH_ECHANGED);
        add_insert(job, 1, "twice");
        kith_job_step(job, stmt("count"), answer_int, &after);
        struct outcome o = run_job(db, job);
        assert_int_equal(o.err, KITH_EINVAL);
        assert_non_null(strstr(o.why.text, "23505"));
        assert_null(strstr(o.why.text, "(1)")); /* no content of a row in a message */
        assert_int_equal(after.calls, 0);
        assert_int_equal(query_int(db, "count"), 0);
    }
    kith_db_free(db);
}

/* A constraint that is checked at COMMIT: the failure must not look like success. */
static void an_error_at_commit(void **state)
{
    (void)state;
    struct kith_db *db = ready_pool("dbtest", 1, tables);
    clear(db);
    for (int guarded = 0; guarded < 2; guarded++) {
        struct kith_job *job = new_job();
        add_insert(job, 5, "five");
        kith_job_step(job, stmt("defer"), NULL, NULL);
        kith_job_i4(job, 1);
        kith_job_i4(job, 12345);
        if (guarded)
            kith_job_guard(job, KITH_ECHANGED);
        struct outcome o = run_job(db, job);
        assert_int_equal(o.err, KITH_EINVAL);
        assert_non_null(strstr(o.why.text, "23503"));
        assert_int_equal(query_int(db, "count"), 0);
    }
    kith_db_free(db);
}

static kith_err err_of_state(struct kith_db *db, const char *sqlstate)
{
    struct kith_job *job = new_job();
    kith_job_step(job, stmt("raise"), NULL, NULL);
    kith_job_text(job, sqlstate);
    return run_job(db, job).err;
}

static void errors_have_classes(void **state)
{
    (void)state;
    struct kith_db *db = ready_pool("dbtest", 1, tables);
    assert_int_equal(err_of_state(db, "40001"), KITH_EDB);
    assert_int_equal(err_of_state(db, "40P01"), KITH_EDB);
    assert_int_equal(err_of_state(db, "53100"), KITH_EDB);
    assert_int_equal(err_of_state(db, "57014"), KITH_EDB);
    assert_int_equal(err_of_state(db, "22003"), KITH_EINVAL);
    assert_int_equal(err_of_state(db, "23514"), KITH_EINVAL);
    assert_int_equal(err_of_state(db, "42501"), KITH_EINTERNAL);
    struct kith_job *job = new_job();
    kith_job_step(job, stmt("divide"), NULL, NULL);
    kith_job_i4(job, 0);
    assert_int_equal(run_job(db, job).err, KITH_EINVAL);
    kith_db_free(db);
}

/* PostgreSQL's own sentence would be: invalid input syntax for type date: "Dwight". */
static void a_data_error_quotes_nothing(void **state)
{
    (void)state;
    struct kith_db *db = ready_pool("dbtest", 1, tables);
    struct kith_job *job = new_job();
    kith_job_step(job, stmt("as_date"), NULL, NULL);
    kith_job_text(job, "Dwight");
    struct outcome o = run_job(db, job);
    assert_int_equal(o.err, KITH_EINVAL);
    assert_non_null(strstr(o.why.text, "as_date: 22007"));
    assert_null(strstr(o.why.text, "Dwight"));
    kith_db_free(db);
}

static void the_scope_is_local(void **state)
{
    (void)state;
    struct kith_db *db = ready_pool("dbtest", 1, tables);
    struct came_back seen = {0};
    struct kith_job *job = new_job();
    kith_job_scope(job, (const int32_t[]){1, -7, INT32_MIN}, 3);
    kith_job_step(job, stmt("scope"), answer_text, &seen);
    run_fine(db, job);
    assert_string_equal(seen.text, "{1,-7,-2147483648}");
    job = new_job();
    kith_job_step(job, stmt("scope"), answer_text, &seen);
    run_fine(db, job);
    assert_string_equal(seen.text, ""); /* gone with its transaction */
    job = new_job();
    kith_job_scope(job, NULL, 0);
    kith_job_step(job, stmt("scope"), answer_text, &seen);
    run_fine(db, job);
    assert_string_equal(seen.text, "{}");
    kith_db_free(db);
}

/* ---- mistakes of the caller ---- */

static void expect_mistake(struct kith_db *db, struct kith_job *job, const char *words)
{
    struct outcome o = run_job(db, job);
    assert_int_equal(o.err, KITH_EINTERNAL);
    if (!strstr(o.why.text, words))
        fail_msg("\"%s\" does not say \"%s\"", o.why.text, words);
}

static void mistakes_are_told(void **state)
{
    (void)state;
    struct kith_db *db = ready_pool("dbtest", 1, tables);
    expect_mistake(db, new_job(), "without a step");
    struct kith_job *job = new_job();
    kith_job_step(job, stmt("insert"), NULL, NULL);
    kith_job_i8(job, 1);
    expect_mistake(db, job, "insert: parameter $1 is 'i' in the table, 'l' was given");
    job = new_job();
    kith_job_step(job, stmt("insert"), NULL, NULL);
    kith_job_i4(job, 1);
    kith_job_step(job, stmt("count"), NULL, NULL);
    expect_mistake(db, job, "insert: 1 parameters given, 2 needed");
    job = new_job();
    kith_job_step(job, stmt("count"), NULL, NULL);
    kith_job_i4(job, 1);
    expect_mistake(db, job, "more than 0 parameters");
    job = new_job();
    kith_job_step(job, stmt("sums"), NULL, NULL);
    kith_job_array(job, 2);
    kith_job_i4(job, 1);
    expect_mistake(db, job, "lacks 1 array elements");
    job = new_job();
    kith_job_step(job, stmt("sums"), NULL, NULL);
    kith_job_array(job, 2);
    kith_job_text(job, "no number");
    expect_mistake(db, job, "has elements 'i', 't' was given");
    job = new_job();
    kith_job_step(job, stmt("insert"), NULL, NULL);
    kith_job_array(job, 2);
    expect_mistake(db, job, "no array");
    job = new_job();
    kith_job_step(job, stmt("count"), NULL, NULL);
    kith_job_scope(job, NULL, 0);
    expect_mistake(db, job, "must be first");
    kith_db_free(db);
}

static void expect_schema_error(const struct kith_stmt *wrong, const char *words)
{
    const struct kith_stmt *const list[] = {wrong, NULL};
    struct kith_db *db = open_pool(test_conninfo, "dbtest", 2, 0, list);
    struct kith_why why = {""};
    assert_int_equal(kith_db_wait_ready(db, 10000, &why), KITH_ESCHEMA);
    if (!strstr(why.text, words))
        fail_msg("\"%s\" does not say \"%s\"", why.text, words);
    assert_false(kith_db_ready(db));
    assert_true(kith_db_away_ms(db) > 0);
    kith_db_free(db);
}

static void differences_stop_the_start(void **state)
{
    (void)state;
    expect_schema_error(
        (const struct kith_stmt[]){{"w1", "SELECT label FROM item WHERE id = $1", "l", "t"}, {0}},
        "w1: parameter 1 is int4 in the database, int8 ('l') in the program");
    expect_schema_error((const struct kith_stmt[]){{"w2", "SELECT id, label FROM item", "", "it"},
                                                   {"w3", "SELECT id, label FROM item", "", "iT"},
                                                   {0}},
                        "w3: column 2 label is text in the database, text[] ('T') in the program");
    expect_schema_error((const struct kith_stmt[]){{"w4", "SELECT id FROM item", "", "ii"}, {0}},
                        "w4: 0 parameters and 1 columns in the database, 0 and 2");
    expect_schema_error(
        (const struct kith_stmt[]){{"w5", "SELECT wrong_name FROM item", "", "i"}, {0}},
        "w5: 42703");
    expect_schema_error((const struct kith_stmt[]){{"w6", "SELECT odd FROM item", "", "t"}, {0}},
                        "OID 1043");
}

/* ---- the queue and lost connections ---- */

static void add_sleep(struct kith_job *job, double seconds)
{
    kith_job_step(job, stmt("sleep"), NULL, NULL);
    kith_job_f8(job, seconds);
}

static void count_idle(void *ctx)
{
    (*(unsigned *)ctx)++;
}

static void the_queue_is_bounded(void **state)
{
    (void)state;
    struct kith_db *db = open_pool(test_conninfo, "dbtest", 2, 3, tables);
    unsigned idle_calls = 0;
    kith_db_on_idle(db, count_idle, &idle_calls);
    assert_int_equal(kith_db_run(db, new_job(), NULL, NULL), KITH_OK); /* a mistake, told later */
    struct kith_job *job = new_job();
    add_sleep(job, 0);
    assert_int_equal(kith_db_run(db, job, NULL, NULL), KITH_EDB); /* not connected yet */
    struct kith_why why;
    assert_int_equal(kith_db_wait_ready(db, 10000, &why), KITH_OK);
    while (kith_db_idle(db) < 2)
        spin(1);
    assert_int_equal(idle_calls, 2);

    struct outcome o[5] = {0};
    for (size_t i = 0; i < KITH_LEN(o); i++) {
        job = new_job();
        add_sleep(job, 0.05);
        assert_int_equal(kith_db_run(db, job, on_outcome, &o[i]), KITH_OK);
    }
    assert_int_equal(kith_db_idle(db), 0);
    job = new_job();
    add_sleep(job, 0);
    assert_int_equal(kith_db_run(db, job, on_outcome, NULL), KITH_EBUSY);
    wait_for(&o[4].done);
    for (size_t i = 0; i < 4; i++)
        assert_true(o[i].done && !o[i].err); /* the last one ran alone */
    assert_int_equal(idle_calls, 4);         /* not while jobs waited */
    kith_db_free(db);
}

static void kill_backend(struct kith_db *killer, int64_t pid)
{
    struct kith_job *job = new_job();
    kith_job_step(job, stmt("kill"), NULL, NULL);
    kith_job_i4(job, (int32_t)pid);
    run_fine(killer, job);
}

static void lost_connections_come_back(void **state)
{
    (void)state;
    struct kith_db *killer = ready_pool("dbtest", 1, tables);
    struct kith_db *db = ready_pool("dbtest", 1, tables);
    struct kith_metric *reconnects = kith_counter("kith_db_reconnects_total", "", "");
    struct kith_metric *ready = kith_gauge("kith_db_connections_ready", "", "");
    double before = kith_metric_value(reconnects);
    assert_true(kith_metric_value(ready) == 2);

    /* while it runs a transaction, with another one waiting */
    clear(db);
    int64_t pid = query_int(db, "pid");
    struct outcome running = {0};
    struct outcome waiting = {0};
    struct kith_job *job = new_job();
    add_insert(job, 1, "lost");
    add_sleep(job, 10);
    assert_int_equal(kith_db_run(db, job, on_outcome, &running), KITH_OK);
    job = new_job();
    add_insert(job, 2, "never sent");
    assert_int_equal(kith_db_run(db, job, on_outcome, &waiting), KITH_OK);
    kill_backend(killer, pid);
    wait_for(&running.done);
    assert_int_equal(running.err, KITH_EDB);
    assert_int_equal(waiting.err, KITH_EDB);
    assert_false(kith_db_ready(db));
    struct kith_why why;
    assert_int_equal(kith_db_wait_ready(db, 10000, &why), KITH_OK);
    assert_int_equal(kith_db_away_ms(db), 0);
    assert_int_equal(query_int(db, "count"), 0);

    /* while it is idle */
    kill_backend(killer, query_int(db, "pid"));
    while (kith_db_ready(db))
        spin(1);
    spin(5);
    assert_true(kith_db_away_ms(db) > 0);
    assert_int_equal(kith_db_wait_ready(db, 10000, &why), KITH_OK);
    assert_true(kith_metric_value(reconnects) == before + 2);
    assert_true(kith_metric_value(ready) == 2);
    kith_db_free(db);
    kith_db_free(killer);
    assert_true(kith_metric_value(ready) == 0);
}

static void no_server_is_told(void **state)
{
    (void)state;
    struct kith_db *db = open_pool("host=/nonexistent dbname=kith", "dbtest", 2, 0, tables);
    struct kith_why why = {""};
    assert_int_equal(kith_db_wait_ready(db, 300, &why), KITH_EDB);
    assert_non_null(strstr(why.text, "/nonexistent"));
    kith_db_free(db);
}

static void see_settings(void *ctx, const struct kith_rows *r)
{
    struct came_back *seen = ctx;
    seen->calls++;
    assert_string_equal(kith_rows_text(r, 0, 0), "dbtest");
    assert_string_equal(kith_rows_text(r, 0, 1), "UTC");
}

static void sessions_are_set_up(void **state)
{
    (void)state;
    struct kith_db *db = ready_pool("dbtest", 1, tables);
    struct came_back seen = {0};
    struct kith_job *job = new_job();
    kith_job_step(job, stmt("settings"), see_settings, &seen);
    run_fine(db, job);
    assert_int_equal(seen.calls, 1);
    kith_db_free(db);
}

struct freeing {
    struct kith_db *db;
    struct outcome o;
};

static void free_in_done(void *ctx, kith_err err, const struct kith_why *why)
{
    struct freeing *f = ctx;
    on_outcome(&f->o, err, why);
    kith_db_free(f->db);
}

static void freeing_ends_all_jobs(void **state)
{
    (void)state;
    struct kith_db *db = ready_pool("dbtest", 1, tables);
    struct outcome o[3] = {0};
    for (size_t i = 0; i < 2; i++) {
        struct kith_job *job = new_job();
        add_sleep(job, 10);
        assert_int_equal(kith_db_run(db, job, on_outcome, &o[i]), KITH_OK);
    }
    assert_int_equal(kith_db_run(db, new_job(), on_outcome, &o[2]), KITH_OK);
    kith_db_free(db);
    assert_int_equal(o[0].err, KITH_EDB);
    assert_int_equal(o[1].err, KITH_EDB);
    assert_int_equal(o[2].err, KITH_EINTERNAL);

    struct freeing f = {.db = ready_pool("dbtest", 2, tables)};
    struct outcome waiting = {0};
    struct kith_job *job = new_job();
    add_sleep(job, 0);
    assert_int_equal(kith_db_run(f.db, job, free_in_done, &f), KITH_OK);
    job = new_job();
    add_sleep(job, 10);
    assert_int_equal(kith_db_run(f.db, job, on_outcome, &waiting), KITH_OK);
    wait_for(&f.o.done);
    spin(1);
    assert_int_equal(waiting.err, KITH_EDB);
}

/* ---- a server that crashes: run by db_test.sh, which stops it at once and starts it again, twice ---- */

enum { CRASH_MS = 6000, CRASH_JOBS = 1 << 20 };

struct storm {
    struct kith_db *db;
    int32_t next;
    unsigned running;
    unsigned failed;
    int32_t acked_n;
    int32_t *acked;
    bool stopping;
};

struct storm_job {
    struct storm *storm;
    int32_t id;
};

static void storm_on(void *ctx);

static void on_stored(void *ctx, kith_err err, const struct kith_why *why)
{
    struct storm_job *j = ctx;
    struct storm *storm = j->storm;
    storm->running--;
    if (!err)
        storm->acked[storm->acked_n++] = j->id;
    else if (err != KITH_EDB)
        fail_msg("%s: %s", kith_err_name(err), why->text);
    else
        storm->failed++;
    free(j);
    storm_on(storm);
}

/* One row a job, some in one statement and some in a transaction; four at a time. */
static void storm_on(void *ctx)
{
    struct storm *storm = ctx;
    while (!storm->stopping && storm->running < 4 && storm->next < CRASH_JOBS) {
        struct storm_job *j = calloc(1, sizeof(*j));
        if (!j)
            return;
        *j = (struct storm_job){storm, ++storm->next};
        struct kith_job *job = new_job();
        add_insert(job, j->id, "kept");
        if (j->id % 3 == 0) {
            kith_job_guard(job, KITH_ECHANGED);
            kith_job_step(job, stmt("read"), NULL, NULL);
            kith_job_i4(job, j->id);
            kith_job_guard(job, KITH_ECHANGED);
        }
        if (kith_db_run(storm->db, job, on_stored, j) != KITH_OK) {
            free(j);
            return; /* on_idle goes on when a connection is back */
        }
        storm->running++;
    }
}

static void acked_rows_survive_crashes(void **state)
{
    (void)state;
    struct storm storm = {.db = ready_pool("dbtest", 2, tables)};
    storm.acked = calloc(CRASH_JOBS, sizeof(*storm.acked));
    assert_non_null(storm.acked);
    clear(storm.db);
    kith_db_on_idle(storm.db, storm_on, &storm);
    (void)puts("ready"); /* for the script */
    (void)fflush(stdout);
    storm_on(&storm);
    spin(CRASH_MS);
    storm.stopping = true;
    struct kith_why why = {""};
    assert_int_equal(kith_db_wait_ready(storm.db, 20000, &why), KITH_OK);
    while (storm.running)
        spin(5);
    assert_true(storm.failed > 0); /* the crashes did hit */
    assert_true(storm.acked_n > 100);
    int64_t rows = query_int(storm.db, "count");
    assert_true(rows >= storm.acked_n);
    /* without an answer a job may have been stored or not, but no more than those */
    assert_true(rows <= storm.acked_n + (int64_t)storm.failed);
    for (int32_t i = 0; i < storm.acked_n; i += 1 + storm.acked_n / 500) {
        struct came_back seen = {0};
        struct kith_job *job = new_job();
        kith_job_step(job, stmt("read"), answer_text, &seen);
        kith_job_i4(job, storm.acked[i]);
        run_fine(storm.db, job);
        assert_string_equal(seen.text, "kept");
    }
    free(storm.acked);
    kith_db_free(storm.db);
}

int main(int argc, char **argv)
{
    bool crash = argc == 3 && strcmp(argv[2], "crash") == 0;
    if (argc != 2 && !crash) {
        (void)fprintf(stderr, "usage: db_dbtest CONNINFO [crash]\n");
        return 2;
    }
    test_conninfo = argv[1];
    const struct CMUnitTest crash_tests[] = {cmocka_unit_test(acked_rows_survive_crashes)};
    if (crash)
        return cmocka_run_group_tests_name("db_crash", crash_tests, make_loop, free_loop);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sessions_are_set_up),
        cmocka_unit_test(jobs_of_one_transaction),
        cmocka_unit_test(a_transaction_given_up),
        cmocka_unit_test(an_error_ends_a_transaction),
        cmocka_unit_test(a_transaction_loses_its_connection),
        cmocka_unit_test(steps_commit_together),
        cmocka_unit_test(a_guard_rolls_back),
        cmocka_unit_test(an_error_rolls_back),
        cmocka_unit_test(an_error_at_commit),
        cmocka_unit_test(a_data_error_quotes_nothing),
        cmocka_unit_test(errors_have_classes),
        cmocka_unit_test(the_scope_is_local),
        cmocka_unit_test(mistakes_are_told),
        cmocka_unit_test(differences_stop_the_start),
        cmocka_unit_test(the_queue_is_bounded),
        cmocka_unit_test(lost_connections_come_back),
        cmocka_unit_test(no_server_is_told),
        cmocka_unit_test(freeing_ends_all_jobs),
    };
    return cmocka_run_group_tests_name("db", tests, make_loop, free_loop);
}
