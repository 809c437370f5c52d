/* SPDX-License-Identifier: Apache-2.0 */
/* services/ingest/writer against the migrated schema, where what it knows and what is committed could part: an outcome that stays
 * unknown, another owner, a refused descriptor. Run by ingest_writer_test.sh with ingest's connection and the superuser's. */
#include "dbtest.h"

#include <stdlib.h>
#include <string.h>

#include "ingest/store.h"
#include "ingest/writer.h"

enum { DISTRICT = 1 };

enum { HOLD, HEAD, DROP, KILL, SLEEP, TAKE_OVER, ITEMS, CATEGORIES };
static const struct kith_stmt admin_statements[] = {
    [HOLD] = {"hold", "SELECT 1 FROM ingest.item FOR UPDATE", "", "i"},
    [HEAD] = {"head", "SELECT pos FROM ingest.stream_head FOR UPDATE", "", "l"},
    [DROP] = {"drop", "DELETE FROM ingest.item", "", ""},
    [KILL] = {"kill",
              "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
              " WHERE usename = 'kith_ingest' AND wait_event_type = 'Lock'",
              "", "l"},
    [SLEEP] = {"sleep", "SELECT pg_sleep(0.7)::text", "", "t"},
    [TAKE_OVER] = {"take_over", "UPDATE ingest.stream_head SET epoch = epoch + 1", "", ""},
    [ITEMS] = {"items", "SELECT count(*) FROM ingest.item", "", "l"},
    [CATEGORIES] = {"categories", "SELECT count(*) FROM ingest.category", "", "l"},
    {0},
};
static const struct kith_stmt *const admin_tables[] = {admin_statements, NULL};
static const struct kith_stmt *const tables[] = {ingest_statements, kith_stream_statements, NULL};
static const char *admin_conninfo;

static struct kith_db *db;
static struct kith_db *admin;
static struct kith_owner *owner;
static struct ingest_districts *districts;
static struct ingest_writer *writer;
static bool fenced;

static void on_room(void *ctx, bool room)
{
    (void)ctx;
    (void)room;
}

static void on_fenced(void *ctx)
{
    (void)ctx;
    fenced = true;
}

static void make_district(void)
{
    struct ingest_district shape = {.id = DISTRICT,
                                    .name = (char *)"Test",
                                    .time_zone = (char *)"America/Chicago",
                                    .default_email = (char *)"a@b.example"};
    struct kith_job *job = new_job();
    ingest_store_district_insert(job, &shape, 0);
    struct outcome inserted = run_job(db, job);
    assert_true(inserted.err == KITH_OK || inserted.err == KITH_EINVAL); /* it is there already */
    struct outcome taken = {0};
    kith_owner_take(owner, DISTRICT, 0, on_outcome, &taken);
    wait_for(&taken.done);
    assert_int_equal(taken.err, KITH_OK);
}

static int open_all(void **state)
{
    if (make_loop(state))
        return -1;
    struct kith_why why = {""};
    fenced = false;
    db = ready_pool("ingest", 2, tables);
    admin = open_pool(admin_conninfo, "ingest", 1, 0, admin_tables);
    assert_int_equal(kith_db_wait_ready(admin, 10000, &why), KITH_OK);
    struct kith_owner_opts owner_opts = {.loop = test_loop, .db = db, .stream = "ingest"};
    assert_int_equal(kith_owner_new(&owner_opts, &owner), KITH_OK);
    make_district();
    assert_int_equal(ingest_districts_new(&districts), KITH_OK);
    assert_int_equal(ingest_load(test_loop, db, districts, &why), KITH_OK);
    struct ingest_writer_opts opts = {.loop = test_loop,
                                      .db = db,
                                      .owner = owner,
                                      .districts = districts,
                                      .queue_bytes = 1 << 20,
                                      .on_room = on_room,
                                      .on_fenced = on_fenced};
    assert_int_equal(ingest_writer_new(&opts, &writer), KITH_OK);
    return 0;
}

static int close_all(void **state)
{
    kith_db_free(db);
    kith_db_free(admin);
    ingest_writer_free(writer);
    ingest_districts_free(districts);
    kith_owner_free(owner);
    return free_loop(state);
}

/* ---- operations ---- */

struct sent {
    struct ingest_op op;
    bool done;
};

static void on_done(void *ctx, struct ingest_op *op)
{
    (void)op;
    ((struct sent *)ctx)->done = true;
}

static void submit(struct sent *s)
{
    s->op.district = DISTRICT;
    s->op.size = 1000;
    s->op.done = on_done;
    s->op.ctx = s;
    assert_int_equal(ingest_writer_submit(writer, &s->op), KITH_OK);
}

static const struct ingest_resource *agencies(void)
{
    return ingest_resource_find("localEducationAgencies");
}

/* A document without a number, references or a record in the log. */
static struct ingest_doc *agency(void)
{
    static const char json[] =
        "{\"localEducationAgencyId\":255901,\"nameOfInstitution\":\"Test\","
        "\"categories\":[{\"educationOrganizationCategoryDescriptor\":\"uri://ed-fi.org/"
        "EducationOrganizationCategoryDescriptor#Local Education Agency\"}],"
        "\"localEducationAgencyCategoryDescriptor\":\"uri://ed-fi.org/"
        "LocalEducationAgencyCategoryDescriptor#Independent\"}";
    struct ingest_doc *doc = NULL;
    struct ingest_problems problems = {0};
    struct kith_why why = {""};
    if (ingest_doc_parse(agencies(), json, strlen(json), &doc, &problems) != KITH_OK) {
        ingest_problems_why(&problems, &why);
        fail_msg("%s", why.text);
    }
    return doc;
}

static struct sent post(struct ingest_doc *doc)
{
    struct sent s = {.op = {.kind = INGEST_OP_DOCUMENT, .doc = doc}};
    submit(&s);
    wait_for(&s.done);
    return s;
}

static void on_number(void *ctx, const struct kith_rows *rows)
{
    *(int64_t *)ctx = kith_rows_int(rows, 0, 0);
}

static int64_t count(int statement)
{
    int64_t n = -1;
    struct kith_job *job = new_job();
    kith_job_step(job, &admin_statements[statement], on_number, &n);
    run_fine(admin, job);
    return n;
}

/* ---- the tests ---- */

/* Somebody else does these steps in one transaction, in which the connection that was about to delete the document is killed and the
 * document deleted. What is sent again must be written, not taken for known. */
static void deletion_without_an_answer(const int *steps, size_t n)
{
    struct ingest_doc *doc = agency();
    assert_int_equal(post(doc).op.err, KITH_OK);
    assert_int_equal(count(ITEMS), 1);
    struct kith_job *job = new_job();
    for (size_t i = 0; i < n; i++)
        kith_job_step(job, &admin_statements[steps[i]], NULL, NULL);
    struct outcome held = {0};
    assert_int_equal(kith_db_run(admin, job, on_outcome, &held), KITH_OK);
    spin(200);
    struct sent gone = {
        .op = {.kind = INGEST_OP_DOCUMENT_DELETE, .resource = agencies(), .id = doc->id}};
    submit(&gone);
    wait_for(&gone.done);
    assert_int_equal(gone.op.err, KITH_EDB);

    struct sent again = post(doc);
    wait_for(&held.done);
    assert_int_equal(again.op.err, KITH_OK);
    assert_int_equal(again.op.outcome, INGEST_CREATED);
    assert_int_equal(count(ITEMS), 1);
    ingest_doc_free(doc);
}

/* The deletion took place, but nobody said so. */
static void a_deletion_of_unknown_outcome_is_looked_up(void **state)
{
    (void)state;
    static const int steps[] = {HOLD, SLEEP, DROP, KILL};
    deletion_without_an_answer(steps, KITH_LEN(steps));
}

/* The deletion takes place only after its outcome became unknown, as a COMMIT does that waits for a standby. */
static void a_deletion_under_way_is_waited_for(void **state)
{
    (void)state;
    static const int steps[] = {HEAD, SLEEP, KILL, SLEEP, DROP};
    deletion_without_an_answer(steps, KITH_LEN(steps));
}

/* A new owner takes the shard while a document is being written that leaves no record in the log: the old one must not commit it. */
static void a_document_without_a_record_is_fenced(void **state)
{
    (void)state;
    struct kith_job *job = new_job();
    kith_job_step(job, &admin_statements[DROP], NULL, NULL);
    run_fine(admin, job);
    struct ingest_known_row none = {.digest = INGEST_ABSENT};
    struct ingest_doc *doc = agency();
    assert_int_equal(ingest_known_put(ingest_districts_find(districts, DISTRICT)->known, &doc->id,
                                      none.num, none.digest),
                     KITH_OK);
    job = new_job();
    kith_job_step(job, &admin_statements[TAKE_OVER], NULL, NULL);
    kith_job_step(job, &admin_statements[SLEEP], NULL, NULL);
    struct outcome taken = {0};
    assert_int_equal(kith_db_run(admin, job, on_outcome, &taken), KITH_OK);
    spin(200);
    struct sent late = post(doc);
    wait_for(&taken.done);
    assert_int_equal(late.op.err, KITH_EBUSY);
    assert_true(fenced);
    assert_int_equal(count(ITEMS), 0);
    ingest_doc_free(doc);
}

static struct ingest_event event(const char *category)
{
    struct ingest_native in = {.student_unique_id = "604821",
                               .school_id = 255901001,
                               .school_year = 2026,
                               .session_name = "Fall",
                               .date = 20000,
                               .category = category};
    struct ingest_event e = {0};
    struct kith_why why = {""};
    assert_int_equal(ingest_event_from_native(&in, &e, &why), KITH_OK);
    return e;
}

/* A descriptor of a refused event must not be remembered: it is not in the table, and the next one would get its number. */
static void a_refused_event_leaves_no_category(void **state)
{
    (void)state;
    struct ingest_district *d = ingest_districts_find(districts, DISTRICT);
    struct sent s = {.op = {.kind = INGEST_OP_EVENT, .event = event("Absent")}};
    const struct ingest_event *e = &s.op.event;
    assert_int_equal(ingest_known_put(d->known, &e->student, 1, 0), KITH_OK);
    assert_int_equal(ingest_known_put(d->known, &e->school, 2, 0), KITH_OK);
    assert_int_equal(ingest_known_put(d->known, &e->session, 3, 0), KITH_OK);
    /* the last number that fits into an event's id */
    assert_int_equal(ingest_district_add_category(d, (1 << 15) - 1, "uri://x#last"), KITH_OK);
    submit(&s);
    wait_for(&s.done);
    assert_int_equal(s.op.err, KITH_EINVAL);
    assert_int_equal(d->categories_n, 1);
    assert_int_equal(count(CATEGORIES), 0);

    ingest_district_forget_category(d);
    struct sent fine = {.op = {.kind = INGEST_OP_EVENT, .event = event("Absent")}};
    submit(&fine);
    wait_for(&fine.done);
    assert_int_equal(fine.op.err, KITH_OK);
    assert_int_equal(count(CATEGORIES), 1);
    ingest_event_done(&s.op.event);
    ingest_event_done(&fine.op.event);
}

int main(int argc, char **argv)
{
    if (argc != 3) {
        (void)fprintf(stderr, "usage: ingest_writer_dbtest CONNINFO ADMIN_CONNINFO\n");
        return 2;
    }
    test_conninfo = argv[1];
    admin_conninfo = argv[2];
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_deletion_of_unknown_outcome_is_looked_up, open_all,
                                        close_all),
        cmocka_unit_test_setup_teardown(a_deletion_under_way_is_waited_for, open_all, close_all),
        cmocka_unit_test_setup_teardown(a_document_without_a_record_is_fenced, open_all, close_all),
        cmocka_unit_test_setup_teardown(a_refused_event_leaves_no_category, open_all, close_all),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
