/* SPDX-License-Identifier: Apache-2.0 */
/* common/kith/stream with a real PostgreSQL (schemas and roles as migrated) and the real bus; run by stream_test.sh.
 * The owner is ingest, the reader is risk. */
#include "dbtest.h"

#include <stdlib.h>
#include <string.h>

#include "kith/bus.h"
#include "kith/clock.h"
#include "kith/metrics.h"
#include "kith/stream.h"
#include "kith/v1/envelope.pb-c.h"

static const struct kith_stmt owner_statements[] = {
    {"sleep", "SELECT pg_sleep($1)::text", "f", "t"},
    {"log_n", "SELECT count(*) FROM log WHERE district_id = $1", "i", "l"},
    {"log_sum", "SELECT coalesce(sum(pos), 0)::int8 FROM log WHERE district_id = $1", "i", "l"},
    {"epoch_falls",
     "SELECT count(*) FROM (SELECT epoch < lag(epoch) OVER (ORDER BY pos) AS falls FROM log "
     "WHERE district_id = $1) e WHERE falls",
     "i", "l"},
    /* what must not be done, to see that the test below finds it: positions from a sequence */
    {"by_sequence",
     "INSERT INTO log (district_id, shard, pos, count, type, epoch, at, payload) "
     "SELECT $1, 0, nextval('public.wrong_pos'), 1, 1, 1, '2026-01-01', '' RETURNING pos",
     "i", "l"},
    {"head_follows",
     "UPDATE stream_head SET pos = (SELECT max(pos) FROM log WHERE district_id = $1) "
     "WHERE district_id = $1",
     "i", ""},
    {"pids",
     "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
     "WHERE usename = 'kith_risk' OR (usename = 'kith_ingest' AND pid <> pg_backend_pid())",
     "", "b"},
    {0}};
static const struct kith_stmt reader_statements[] = {
    {"offset_rows", "SELECT count(*) FROM consumer_offset WHERE district_id = $1", "i", "l"}, {0}};
static const struct kith_stmt *const owner_tables[] = {owner_statements, kith_stream_statements,
                                                       NULL};
static const struct kith_stmt *const reader_tables[] = {reader_statements, kith_stream_statements,
                                                        NULL};

static const struct kith_stmt *stmt(const struct kith_stmt *table, const char *name)
{
    for (const struct kith_stmt *s = table; s->name; s++)
        if (strcmp(s->name, name) == 0)
            return s;
    fail_msg("no statement %s", name);
    return NULL;
}

static struct kith_db *pool_as(const char *role, const char *schema, unsigned connections,
                               const struct kith_stmt *const *tables)
{
    char conninfo[512];
    (void)snprintf(conninfo, sizeof(conninfo), "%s user=%s", test_conninfo, role);
    struct kith_db *db = open_pool(conninfo, schema, connections, 0, tables);
    struct kith_why why = {""};
    if (kith_db_wait_ready(db, 10000, &why) != KITH_OK)
        fail_msg("not ready: %s", why.text);
    while (kith_db_idle(db) < connections)
        spin(1);
    return db;
}

static void see_int(void *ctx, const struct kith_rows *rows)
{
    if (kith_rows_n(rows))
        *(int64_t *)ctx = kith_rows_int(rows, 0, 0);
}

static int64_t query_int(struct kith_db *db, const struct kith_stmt *s, int32_t district)
{
    int64_t value = -1;
    struct kith_job *job = new_job();
    kith_job_step(job, s, see_int, &value);
    kith_job_i4(job, district);
    run_fine(db, job);
    return value;
}

/* ---- a district per test, an owner behind a bus, a consumer that notes what it gets ---- */

static int32_t next_district = 1;
static struct kith_keypair server_keys, client_keys, stranger_keys;
static struct kith_db *owner_db, *reader_db;
static struct kith_bus *server_bus, *client_bus;
static struct kith_bus_server *server;
static struct kith_owner *owner;

static bool allow(void *ctx, const char *public_key, char user[KITH_USER_MAX])
{
    (void)ctx;
    bool known = strcmp(public_key, client_keys.public_key) == 0;
    (void)snprintf(user, KITH_USER_MAX, "%s", known ? "service:risk" : "client:1:sis");
    return true;
}

static void on_request(void *ctx, const struct kith_peer *peer, const uint8_t *data, size_t n)
{
    (void)ctx;
    kith_envelope *env = NULL;
    uint8_t msg_id[KITH_MSG_ID];
    assert_int_equal(kith_msg_unpack(data, n, &env, msg_id, NULL), KITH_OK);
    if (owner)
        assert_true(kith_owner_on_request(owner, server, peer, env));
    kith_msg_free(env);
}

static void open_owner(void)
{
    struct kith_owner_opts opts = {.loop = test_loop, .db = owner_db, .stream = "ingest"};
    struct kith_why why = {""};
    assert_int_equal(kith_owner_new(&opts, &owner), KITH_OK);
    if (kith_owner_take_all(owner, 10000, &why) != KITH_OK)
        fail_msg("%s", why.text);
}

static int open_all(void **state)
{
    if (make_loop(state) != 0)
        return -1;
    assert_int_equal(kith_keypair_make(&server_keys), KITH_OK);
    assert_int_equal(kith_keypair_make(&client_keys), KITH_OK);
    assert_int_equal(kith_keypair_make(&stranger_keys), KITH_OK);
    owner_db = pool_as("kith_ingest", "ingest", 3, owner_tables);
    reader_db = pool_as("kith_risk", "risk", 2, reader_tables);
    struct kith_why why = {""};
    assert_int_equal(kith_bus_new(test_loop, &server_keys, allow, NULL, &server_bus), KITH_OK);
    assert_int_equal(kith_bus_new(test_loop, &client_keys, NULL, NULL, &client_bus), KITH_OK);
    if (kith_bus_serve(server_bus, "tcp://127.0.0.1:*", on_request, NULL, &server, &why) != KITH_OK)
        fail_msg("%s", why.text);
    open_owner();
    return 0;
}

static int close_all(void **state)
{
    kith_owner_free(KITH_TAKE(owner));
    kith_bus_server_free(server);
    kith_bus_free(server_bus);
    kith_bus_free(client_bus);
    kith_db_free(owner_db);
    kith_db_free(reader_db);
    return free_loop(state);
}

static void take(struct kith_owner *o, int32_t district)
{
    struct outcome out = {0};
    kith_owner_take(o, district, 0, on_outcome, &out);
    assert_false(out.done);
    wait_for(&out.done);
    assert_int_equal(out.err, KITH_OK);
    assert_true(kith_owner_has(o, district, 0));
}

static int32_t new_district(void)
{
    take(owner, next_district);
    return next_district++;
}

static void append(int32_t district, int32_t count, const void *payload, size_t n)
{
    struct kith_job *job = new_job();
    kith_owner_append(owner, job, district, 0, 8, count, kith_clock_now_us(), payload, n);
    run_fine(owner_db, job);
    kith_owner_committed(owner, district, 0, 0);
}

enum { SEEN_MAX = 4096 };

struct reader {
    struct kith_consumer *consumer;
    int32_t district; /* others are left alone */
    int64_t seen[SEEN_MAX];
    size_t n;
    size_t batches;
    size_t largest;   /* records in a batch */
    size_t fail_next; /* this many batches are given back with an error */
    int64_t hold_ms;  /* for the next batch */
    bool keep;        /* do not run the job; the test does */
    size_t busy;
    const struct kith_batch *kept;
    int64_t last_us; /* when the last batch came */
    size_t last_n;
    uint8_t last_byte;
};

struct handling {
    struct reader *r;
    const struct kith_batch *batch;
    int64_t pos;
};

static void on_handled(void *ctx, kith_err err, const struct kith_why *why)
{
    (void)why;
    struct handling *h = ctx;
    h->r->busy--;
    if (!err)
        for (size_t i = 0; i < h->batch->n; i++)
            h->r->seen[h->r->n++] = h->batch->records[i].pos;
    kith_consumer_done(h->r->consumer, h->batch, err, h->pos);
    free(h);
}

static void on_batch(void *ctx, struct kith_consumer *c, const struct kith_batch *batch)
{
    struct reader *r = ctx;
    if (batch->district != r->district) { /* what other tests left */
        kith_consumer_hold(c, batch, 60000);
        kith_consumer_done(c, batch, KITH_OK, batch->after_pos);
        return;
    }
    const struct kith_record *last = &batch->records[batch->n - 1];
    assert_int_equal(r->busy, 0);
    assert_true(r->n + batch->n < SEEN_MAX);
    r->batches++;
    r->last_us = kith_clock_mono_us();
    r->largest = batch->n > r->largest ? batch->n : r->largest;
    r->last_n = last->n;
    r->last_byte = last->n ? last->payload[last->n - 1] : 0;
    if (r->hold_ms) {
        kith_consumer_hold(c, batch, r->hold_ms);
        r->hold_ms = 0;
        kith_consumer_done(c, batch, KITH_OK, batch->after_pos);
        return;
    }
    if (r->fail_next) {
        r->fail_next--;
        kith_consumer_done(c, batch, KITH_EDB, 0);
        return;
    }
    r->busy++;
    if (r->keep) {
        r->kept = batch;
        return;
    }
    struct handling *h = calloc(1, sizeof(*h));
    assert_non_null(h);
    *h = (struct handling){r, batch, last->pos};
    struct kith_job *job = new_job();
    kith_consumer_advance(c, job, batch, last->pos);
    if (kith_db_run(reader_db, job, on_handled, h) != KITH_OK) {
        r->busy--;
        free(h);
        kith_consumer_done(c, batch, KITH_EDB, 0);
    }
}

static void open_reader(struct reader *r, int32_t district, uint32_t credit)
{
    r->district = district;
    struct kith_consumer_opts opts = {.loop = test_loop,
                                      .bus = client_bus,
                                      .db = reader_db,
                                      .stream = "ingest",
                                      .endpoint = kith_bus_server_endpoint(server),
                                      .server_key = server_keys.public_key,
                                      .credit = credit,
                                      .on_batch = on_batch,
                                      .ctx = r};
    assert_int_equal(kith_consumer_new(&opts, &r->consumer), KITH_OK);
}

static void close_reader(struct reader *r)
{
    kith_consumer_drain(r->consumer);
    for (int i = 0; i < 2000 && !kith_consumer_idle(r->consumer); i++)
        spin(5);
    assert_true(kith_consumer_idle(r->consumer));
    kith_consumer_free(KITH_TAKE(r->consumer));
}

static void wait_seen(const struct reader *r, size_t n)
{
    for (int i = 0; i < 4000 && r->n < n; i++)
        spin(5);
    if (r->n != n)
        fail_msg("%zu records came, %zu were expected", r->n, n);
}

static double lag_of(int32_t district)
{
    char labels[64];
    (void)snprintf(labels, sizeof(labels), "stream=\"ingest\",district=\"%d\"", district);
    return kith_metric_value(kith_gauge("kith_stream_lag_records", "", labels));
}

/* ---- tests ---- */

static void records_arrive_once_and_soon(void **state)
{
    (void)state;
    int32_t district = new_district();
    struct reader *r = calloc(1, sizeof(*r));
    append(district, 1, "a", 1);
    append(district, 3, "bc", 2);
    open_reader(r, district, 0);
    wait_seen(r, 2);
    assert_true(r->seen[0] == 1 && r->seen[1] == 4);
    assert_int_equal(r->last_n, 2);
    assert_int_equal(r->last_byte, 'c');
    spin(300); /* a Fetch is parked now */
    for (size_t i = 0; i < 20; i++) {
        int64_t start_us = kith_clock_mono_us();
        append(district, 1, "", 0);
        wait_seen(r, 3 + i);
        /* woken by the commit, not by the end of the long poll (1 s) */
        assert_true(r->last_us - start_us < 500000);
    }
    for (size_t i = 1; i < r->n; i++)
        assert_true(r->seen[i] > r->seen[i - 1]);
    while (kith_consumer_pos(r->consumer, district, 0) < 24)
        spin(5);
    spin(1500);
    assert_int_equal(r->n, 22); /* nothing came twice */
    assert_true(lag_of(district) == 0);
    close_reader(r);
    free(r);
}

static void a_restart_resumes_at_the_offset(void **state)
{
    (void)state;
    int32_t district = new_district();
    struct reader *r = calloc(1, sizeof(*r));
    append(district, 1, "", 0);
    append(district, 1, "", 0);
    open_reader(r, district, 1);
    wait_seen(r, 2);
    close_reader(r);
    append(district, 1, "", 0);
    kith_owner_free(owner); /* the owner starts again too */
    open_owner();
    assert_int_equal(kith_owner_epoch(owner, district, 0), 2);
    open_reader(r, district, 0);
    wait_seen(r, 3);
    assert_int_equal(r->seen[2], 3);
    assert_int_equal(r->batches, 3);
    close_reader(r);
    free(r);
}

static void credit_and_size_bound_a_batch(void **state)
{
    (void)state;
    int32_t district = new_district();
    struct reader *r = calloc(1, sizeof(*r));
    for (int i = 0; i < 9; i++)
        append(district, 3, "xyz", 3);
    open_reader(r, district, 10);
    wait_seen(r, 9);
    assert_int_equal(r->largest, 4); /* 0, 3, 6, 9 records before: four runs */
    assert_int_equal(r->batches, 3);
    close_reader(r);

    r->largest = 0;
    char *large = calloc(1, KITH_RECORD_MAX);
    assert_non_null(large);
    large[KITH_RECORD_MAX - 1] = 7;
    append(district, 1, large, KITH_RECORD_MAX); /* alone, whatever its size */
    for (int i = 0; i < 4; i++)
        append(district, 1, large + KITH_RECORD_MAX - 1500000, 1500000);
    open_reader(r, district, 0);
    wait_seen(r, 14);
    assert_int_equal(r->largest, 2);
    assert_int_equal(r->last_n, 1500000);
    assert_int_equal(r->last_byte, 7);
    free(large);
    close_reader(r);
    free(r);
}

static void failed_batches_come_again(void **state)
{
    (void)state;
    int32_t district = new_district();
    struct reader *r = calloc(1, sizeof(*r));
    r->fail_next = 2;
    append(district, 1, "", 0);
    int64_t start_ms = kith_clock_mono_ms();
    open_reader(r, district, 0);
    wait_seen(r, 1);
    assert_int_equal(r->batches, 3);
    assert_true(kith_clock_mono_ms() - start_ms >= 300); /* 100 + 200 ms of pauses */
    r->hold_ms = 400;
    append(district, 1, "", 0);
    start_ms = kith_clock_mono_ms();
    wait_seen(r, 2);
    assert_int_equal(r->batches, 5);
    assert_true(kith_clock_mono_ms() - start_ms >= 400);
    close_reader(r);
    free(r);
}

/* Somebody else moved the offset while we had the batch. */
static void an_offset_moves_once(void **state)
{
    (void)state;
    int32_t district = new_district();
    struct reader *r = calloc(1, sizeof(*r));
    r->keep = true;
    append(district, 1, "", 0);
    append(district, 1, "", 0);
    open_reader(r, district, 1);
    for (int round = 0; round < 2; round++) { /* from position 0, then from another */
        r->kept = NULL;
        while (!r->kept)
            spin(5);
        const struct kith_batch *batch = r->kept;
        struct kith_job *job = new_job();
        kith_consumer_advance(r->consumer, job, batch, round + 1);
        run_fine(reader_db, job);
        job = new_job();
        kith_consumer_advance(r->consumer, job, batch, round + 1);
        struct outcome o = run_job(reader_db, job);
        assert_int_equal(o.err, KITH_ECHANGED);
        r->busy--;
        /* as a handler would: the offset is read again and the next record comes, not this one */
        kith_consumer_done(r->consumer, batch, o.err, 0);
    }
    spin(400);
    assert_int_equal(kith_consumer_pos(r->consumer, district, 0), 2);
    assert_int_equal(r->batches, 2);
    assert_int_equal(query_int(reader_db, stmt(reader_statements, "offset_rows"), district), 1);
    close_reader(r);
    free(r);
}

static void an_old_owner_is_fenced(void **state)
{
    (void)state;
    int32_t district = new_district();
    struct kith_db *db2 = pool_as("kith_ingest", "ingest", 1, owner_tables);
    struct kith_owner *owner2 = NULL;
    struct kith_owner_opts opts = {.loop = test_loop, .db = db2, .stream = "ingest"};
    assert_int_equal(kith_owner_new(&opts, &owner2), KITH_OK);

    struct kith_job *job = new_job(); /* never taken */
    kith_owner_append(owner2, job, district, 0, 8, 1, 0, "", 0);
    assert_int_equal(run_job(db2, job).err, KITH_EFENCED);

    append(district, 1, "", 0);
    take(owner2, district);
    assert_int_equal(kith_owner_epoch(owner2, district, 0), 2);
    for (int steps = 1; steps <= 2; steps++) { /* one statement, and within a transaction */
        job = new_job();
        for (int i = 0; i < steps; i++)
            kith_owner_append(owner, job, district, 0, 8, 1, 0, "", 0);
        assert_int_equal(run_job(owner_db, job).err, KITH_EFENCED);
    }
    assert_int_equal(query_int(owner_db, stmt(owner_statements, "log_n"), district), 1);
    job = new_job();
    kith_owner_append(owner2, job, district, 0, 8, 1, 0, "", 0);
    run_fine(db2, job);
    take(owner, district); /* and back again */
    append(district, 1, "", 0);
    job = new_job();
    kith_owner_append(owner2, job, district, 0, 8, 1, 0, "", 0);
    assert_int_equal(run_job(db2, job).err, KITH_EFENCED);
    assert_int_equal(query_int(owner_db, stmt(owner_statements, "log_n"), district), 3);
    assert_int_equal(query_int(owner_db, stmt(owner_statements, "epoch_falls"), district), 0);
    kith_owner_free(owner2);
    kith_db_free(db2);
}

/* ---- I5: no hole, whatever the order in which transactions end ---- */

enum { WRITES = 300 };

struct appender {
    int32_t district;
    bool by_sequence;
    int left;
    int running;
    uint32_t random;
    int64_t pos[2];
    bool done;
};

static void append_next(struct appender *a);

static void on_appended(void *ctx, kith_err err, const struct kith_why *why)
{
    struct appender *a = ctx;
    if (err)
        fail_msg("%s", why->text);
    a->running--;
    kith_owner_committed(owner, a->district, 0, 0);
    append_next(a);
    a->done = a->running == 0;
}

/* An append whose transaction stays open for 0 to 8 ms after it got its position. */
static void append_next(struct appender *a)
{
    while (a->left > 0 && a->running < 2) {
        struct kith_job *job = new_job();
        if (a->by_sequence) {
            kith_job_step(job, stmt(owner_statements, "by_sequence"), NULL, NULL);
            kith_job_i4(job, a->district);
        } else {
            kith_owner_append(owner, job, a->district, 0, 8, 1, 0, "", 0);
        }
        a->random = a->random * 1664525 + 1013904223;
        kith_job_step(job, stmt(owner_statements, "sleep"), NULL, NULL);
        kith_job_f8(job, (double)(a->random >> 29) / 1000);
        if (a->by_sequence) {
            kith_job_step(job, stmt(owner_statements, "head_follows"), NULL, NULL);
            kith_job_i4(job, a->district);
        }
        a->left--;
        a->running++;
        assert_int_equal(kith_db_run(owner_db, job, on_appended, a), KITH_OK);
    }
}

/* How many of the log's rows the reader never saw. */
static int64_t holes(bool by_sequence)
{
    int32_t district = new_district();
    struct reader *r = calloc(1, sizeof(*r));
    struct appender a = {
        .district = district, .by_sequence = by_sequence, .left = WRITES, .random = 12345};
    open_reader(r, district, 0);
    spin(200);
    append_next(&a);
    wait_for(&a.done);
    spin(1500); /* everything that would come has come */
    int64_t sum = 0;
    for (size_t i = 0; i < r->n; i++) {
        assert_true(i == 0 || r->seen[i] > r->seen[i - 1]);
        sum += r->seen[i];
    }
    int64_t rows = query_int(owner_db, stmt(owner_statements, "log_n"), district);
    assert_int_equal(rows, WRITES);
    if (r->n == WRITES)
        assert_int_equal(sum, query_int(owner_db, stmt(owner_statements, "log_sum"), district));
    int64_t missed = rows - (int64_t)r->n;
    close_reader(r);
    free(r);
    return missed;
}

static void a_reader_sees_no_hole(void **state)
{
    (void)state;
    assert_int_equal(holes(false), 0);
}

static void a_sequence_would_make_holes(void **state)
{
    (void)state;
    assert_true(holes(true) > 0);
}

/* ---- trouble ---- */

static void lost_connections_cost_nothing(void **state)
{
    (void)state;
    int32_t district = new_district();
    struct reader *r = calloc(1, sizeof(*r));
    open_reader(r, district, 1);
    for (int i = 0; i < 50; i++)
        append(district, 1, "", 0);
    while (r->n < 5)
        spin(1);
    struct kith_job *job = new_job();
    kith_job_step(job, stmt(owner_statements, "pids"), NULL, NULL);
    run_fine(owner_db, job);
    wait_seen(r, 50);
    struct kith_why why = {""};
    assert_int_equal(kith_db_wait_ready(owner_db, 10000, &why), KITH_OK);
    for (size_t i = 1; i < r->n; i++)
        assert_true(r->seen[i] > r->seen[i - 1]);
    close_reader(r);
    free(r);
}

/* ---- the protocol, seen from outside ---- */

struct answer {
    bool done;
    kith_envelope *env;
};

static void on_answer(void *ctx, const uint8_t *data, size_t n)
{
    struct answer *a = ctx;
    assert_false(a->done);
    assert_int_equal(kith_msg_unpack(data, n, &a->env, NULL, NULL), KITH_OK);
    a->done = true;
}

static void send_fetch(struct kith_bus_client *client, const char *stream, int32_t district,
                       int64_t after_pos, uint32_t wait_ms)
{
    Kith__V1__Fetch fetch = KITH__V1__FETCH__INIT;
    fetch.stream = (char *)stream;
    fetch.district_id = district;
    fetch.after_pos = after_pos;
    fetch.credit = 10;
    fetch.wait_ms = wait_ms;
    uint8_t id[KITH_MSG_ID];
    kith_msg_new_id(id);
    kith_envelope env = KITH__V1__ENVELOPE__INIT;
    env.msg_id = (ProtobufCBinaryData){sizeof(id), id};
    env.body_case = KITH__V1__ENVELOPE__BODY_FETCH;
    env.fetch = &fetch;
    uint8_t *data = NULL;
    size_t n = 0;
    assert_int_equal(kith_msg_pack(&env, &data, &n), KITH_OK);
    kith_err err = KITH_EBUSY;
    for (int i = 0; i < 500 && err == KITH_EBUSY; i++) {
        err = kith_bus_send(client, data, n);
        if (err)
            spin(10);
    }
    assert_int_equal(err, KITH_OK);
    free(data);
}

static void expect_error(struct answer *a, int code)
{
    wait_for(&a->done);
    if (!a->env) {
        fail();
        return;
    }
    assert_int_equal(a->env->body_case, KITH__V1__ENVELOPE__BODY_ERROR);
    assert_int_equal(a->env->error->code, code);
    kith_msg_free(a->env);
    *a = (struct answer){0};
}

static void expect_empty(struct answer *a)
{
    wait_for(&a->done);
    if (!a->env) {
        fail();
        return;
    }
    assert_int_equal(a->env->body_case, KITH__V1__ENVELOPE__BODY_LOG);
    assert_int_equal(a->env->log->n_records, 0);
    kith_msg_free(a->env);
    *a = (struct answer){0};
}

static void strangers_read_nothing(void **state)
{
    (void)state;
    int32_t district = new_district();
    append(district, 1, "", 0);
    struct kith_bus *bus = NULL;
    struct kith_bus_client *client = NULL;
    struct answer a = {0};
    assert_int_equal(kith_bus_new(test_loop, &stranger_keys, NULL, NULL, &bus), KITH_OK);
    assert_int_equal(kith_bus_connect(bus, kith_bus_server_endpoint(server), server_keys.public_key,
                                      on_answer, &a, &client),
                     KITH_OK);
    send_fetch(client, "ingest", district, 0, 0);
    expect_error(&a, KITH__V1__ERROR__CODE__DENIED);
    kith_bus_client_free(client);
    kith_bus_free(bus);
}

static void long_polls_end(void **state)
{
    (void)state;
    int32_t district = new_district();
    append(district, 1, "", 0);
    struct kith_bus_client *client = NULL;
    struct answer a = {0};
    assert_int_equal(kith_bus_connect(client_bus, kith_bus_server_endpoint(server),
                                      server_keys.public_key, on_answer, &a, &client),
                     KITH_OK);
    send_fetch(client, "risk", district, 0, 0);
    expect_error(&a, KITH__V1__ERROR__CODE__UNKNOWN_STREAM);
    send_fetch(client, "ingest", 999999, 0, 0);
    expect_error(&a, KITH__V1__ERROR__CODE__UNKNOWN_STREAM);
    send_fetch(client, "ingest", district, 1, 0);
    expect_empty(&a);
    int64_t start_ms = kith_clock_mono_ms();
    send_fetch(client, "ingest", district, 1, 400);
    expect_empty(&a);
    int64_t took_ms = kith_clock_mono_ms() - start_ms;
    assert_true(took_ms >= 400 && took_ms < 1500);

    /* a commit that nobody told the owner of (its outcome was unknown) is found when the time is up */
    send_fetch(client, "ingest", district, 1, 400);
    struct kith_job *job = new_job();
    kith_owner_append(owner, job, district, 0, 8, 1, 0, "", 0);
    run_fine(owner_db, job);
    wait_for(&a.done);
    if (!a.env) {
        fail();
        return;
    }
    assert_int_equal(a.env->log->n_records, 1);
    assert_int_equal(a.env->log->head_pos, 2);
    kith_msg_free(a.env);
    a = (struct answer){0};

    start_ms = kith_clock_mono_ms();
    send_fetch(client, "ingest", district, 2, 20000);
    spin(300);
    assert_false(a.done);
    kith_owner_drain(owner);
    expect_empty(&a);
    send_fetch(client, "ingest", district, 2, 20000); /* not held any more */
    expect_empty(&a);
    assert_true(kith_clock_mono_ms() - start_ms < 5000);
    kith_owner_free(owner);
    open_owner();

    /* more than 1,000 parked: the first ones are sent home */
    for (int i = 0; i < 1001; i++)
        send_fetch(client, "ingest", district, 2, 20000);
    expect_empty(&a);
    spin(200);
    assert_false(a.done);
    kith_bus_client_free(client);
}

int main(int argc, char **argv)
{
    if (argc != 2) {
        (void)fprintf(stderr, "usage: stream_dbtest CONNINFO (without a user)\n");
        return 2;
    }
    test_conninfo = argv[1];
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(records_arrive_once_and_soon),
        cmocka_unit_test(a_restart_resumes_at_the_offset),
        cmocka_unit_test(credit_and_size_bound_a_batch),
        cmocka_unit_test(failed_batches_come_again),
        cmocka_unit_test(an_offset_moves_once),
        cmocka_unit_test(an_old_owner_is_fenced),
        cmocka_unit_test(a_reader_sees_no_hole),
        cmocka_unit_test(a_sequence_would_make_holes),
        cmocka_unit_test(lost_connections_cost_nothing),
        cmocka_unit_test(strangers_read_nothing),
        cmocka_unit_test(long_polls_end),
    };
    return cmocka_run_group_tests_name("stream", tests, open_all, close_all);
}
