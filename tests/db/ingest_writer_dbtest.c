/* SPDX-License-Identifier: Apache-2.0 */
/* services/ingest/writer against the migrated schema, where what it knows and what is committed could part: an outcome that stays
 * unknown, another owner, a refused descriptor. Run by ingest_writer_test.sh with ingest's connection and the superuser's. */
#include "dbtest.h"

#include <stdlib.h>
#include <string.h>

#include "ingest/store.h"
#include "ingest/writer.h"

enum { DISTRICT = 1 };

enum {
    HOLD,
    HEAD,
    DROP,
    DROP_REFS,
    DROP_NAMES,
    KILL,
    SLEEP,
    TAKE_OVER,
    ITEMS,
    CATEGORIES,
    RENAMED,
    BY_HAND,
    NAMES_BY_HAND,
    CROWD,
    CROWD_REFS
};
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
    [DROP_REFS] = {"drop_refs", "DELETE FROM ingest.item_ref", "", ""},
    [DROP_NAMES] = {"drop_names", "DELETE FROM ingest.renamed", "", ""},
    [RENAMED] = {"renamed", "SELECT count(*) FROM ingest.renamed", "", "l"},
    /* as if a changed key had been committed */
    [BY_HAND] = {"by_hand", "UPDATE ingest.item SET digest = $2 WHERE id = $1", "ul", ""},
    [NAMES_BY_HAND] = {"names_by_hand",
                       "INSERT INTO ingest.renamed VALUES (1, $1, $2), (1, $2, $1)", "uu", ""},
    /* so many documents that refer to another */
    [CROWD] = {"crowd",
               "INSERT INTO ingest.item (district_id, resource, id, digest, body, refs, changed_at)"
               " SELECT 1, 'bellSchedules', md5(n::text)::uuid, 1, '{}', ARRAY[$1::uuid], now()"
               " FROM generate_series(1, 200001) n",
               "u", ""},
    [CROWD_REFS] = {"crowd_refs",
                    "INSERT INTO ingest.item_ref (district_id, target_id, resource, id)"
                    " SELECT 1, $1::uuid, resource, id FROM ingest.item"
                    " WHERE resource = 'bellSchedules'",
                    "u", ""},
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

/* ---- changed keys ---- */

static struct ingest_doc *parsed(const char *resource, const char *json)
{
    struct ingest_doc *doc = NULL;
    struct ingest_problems problems = {0};
    assert_int_equal(
        ingest_doc_parse(ingest_resource_find(resource), json, strlen(json), &doc, &problems),
        KITH_OK);
    return doc;
}

static struct ingest_doc *period(const char *name)
{
    char json[200];
    (void)snprintf(json, sizeof(json),
                   "{\"classPeriodName\":\"%s\",\"schoolReference\":{\"schoolId\":7}}", name);
    return parsed("classPeriods", json);
}

static void write_school(void)
{
    struct ingest_doc *school = parsed(
        "schools",
        "{\"schoolId\":7,\"nameOfInstitution\":\"Test\",\"educationOrganizationCategories\":[{"
        "\"educationOrganizationCategoryDescriptor\":\"uri://ed-fi.org/"
        "EducationOrganizationCategoryDescriptor#School\"}],\"gradeLevels\":[{"
        "\"gradeLevelDescriptor\":\"uri://ed-fi.org/GradeLevelDescriptor#Ninth grade\"}]}");
    assert_int_equal(post(school).op.err, KITH_OK);
    ingest_doc_free(school);
}

/* With nothing there, and nothing known. */
static int open_clean(void **state)
{
    int opened = open_all(state);
    struct kith_job *job = new_job();
    static const int clean[] = {DROP, DROP_REFS, DROP_NAMES};
    for (size_t i = 0; i < KITH_LEN(clean); i++)
        kith_job_step(job, &admin_statements[clean[i]], NULL, NULL);
    run_fine(admin, job);
    if (opened || close_all(state) || open_all(state))
        return -1;
    write_school();
    return 0;
}

static struct kith_id post_period(const char *name, enum ingest_outcome outcome)
{
    struct ingest_doc *doc = period(name);
    struct sent s = post(doc);
    assert_int_equal(s.op.err, KITH_OK);
    assert_int_equal(s.op.outcome, outcome);
    struct kith_id id = s.op.id;
    ingest_doc_free(doc);
    return id;
}

/* PUT; the document stays the caller's. */
static void begin_put(struct sent *s, const struct kith_id *id, const char *name)
{
    *s = (struct sent){.op = {.kind = INGEST_OP_DOCUMENT,
                              .doc = period(name),
                              .must_exist = true,
                              .has_id = true,
                              .expected = *id}};
    submit(s);
}

static kith_err put_period(const struct kith_id *id, const char *name)
{
    struct sent s;
    begin_put(&s, id, name);
    wait_for(&s.done);
    ingest_doc_free(s.op.doc);
    if (s.op.err == KITH_OK)
        assert_memory_equal(&s.op.id, id, sizeof(*id));
    return s.op.err;
}

static void assert_id(const struct kith_id *wanted, struct kith_id got)
{
    assert_memory_equal(wanted, &got, sizeof(got));
}

static void a_changed_key_keeps_the_id(void **state)
{
    (void)state;
    struct kith_id first = post_period("First", INGEST_CREATED);
    struct kith_id second = post_period("Second", INGEST_CREATED);
    assert_int_equal(put_period(&first, "Second"), KITH_EEXIST);
    assert_int_equal(put_period(&first, "Third"), KITH_OK);
    assert_int_equal(count(RENAMED), 2);
    assert_id(&first, post_period("Third", INGEST_UNCHANGED));
    struct kith_id again = post_period("First", INGEST_CREATED);
    assert_true(memcmp(&again, &first, sizeof(again)) != 0);
    assert_int_equal(put_period(&second, "Fourth"), KITH_OK);
    assert_int_equal(put_period(&again, "Second"), KITH_OK);

    /* and is read so at the start */
    kith_auto(ingest_districts) read = NULL;
    struct kith_why why = {""};
    assert_int_equal(ingest_districts_new(&read), KITH_OK);
    assert_int_equal(ingest_load(test_loop, db, read, &why), KITH_OK);
    const struct ingest_district *d[2] = {ingest_districts_find(districts, DISTRICT),
                                          ingest_districts_find(read, DISTRICT)};
    static const char *const names[] = {"First", "Second", "Third", "Fourth", "Fifth"};
    for (size_t i = 0; i < KITH_LEN(names); i++) {
        struct ingest_doc *doc = period(names[i]);
        struct kith_id ids[2] = {ingest_names_id(d[0]->names, &doc->key),
                                 ingest_names_id(d[1]->names, &doc->key)};
        assert_memory_equal(&ids[0], &ids[1], sizeof(ids[0]));
        const struct ingest_known_row *rows[2] = {ingest_known_present(d[0]->known, &ids[0]),
                                                  ingest_known_present(d[1]->known, &ids[0])};
        assert_int_equal(rows[0] != NULL, rows[1] != NULL);
        assert_int_equal(rows[0] ? rows[0]->digest : 0, rows[1] ? rows[1]->digest : 0);
        ingest_doc_free(doc);
    }
    /* what is given back leaves nothing behind: three keys that name others are what the last one's name still takes */
    assert_int_equal(put_period(&again, "Fifth"), KITH_OK);
    assert_int_equal(put_period(&second, "Second"), KITH_OK);
    assert_int_equal(put_period(&first, "First"), KITH_OK);
    assert_int_equal(count(RENAMED), 3);
}

/* Somebody holds a lock, in whose transaction the connection that waits for it is killed; `by_hand`: and does what it was about to do, as if
 * only the answer to its COMMIT had been lost. */
static void change_without_an_answer(int lock, bool by_hand)
{
    struct kith_id first = post_period("First", INGEST_CREATED);
    struct ingest_doc *to = period("Third");
    struct kith_job *job = new_job();
    kith_job_step(job, &admin_statements[lock], NULL, NULL);
    kith_job_step(job, &admin_statements[SLEEP], NULL, NULL);
    if (by_hand) {
        kith_job_step(job, &admin_statements[BY_HAND], NULL, NULL);
        kith_job_uuid(job, first.b);
        kith_job_i8(job, to->digest);
        kith_job_step(job, &admin_statements[NAMES_BY_HAND], NULL, NULL);
        kith_job_uuid(job, to->key.b);
        kith_job_uuid(job, first.b);
    }
    kith_job_step(job, &admin_statements[KILL], NULL, NULL);
    struct outcome held = {0};
    struct sent s;
    assert_int_equal(kith_db_run(admin, job, on_outcome, &held), KITH_OK);
    spin(200);
    begin_put(&s, &first, "Third");
    wait_for(&s.done);
    wait_for(&held.done);
    assert_int_equal(held.err, KITH_OK);
    assert_int_equal(s.op.err, KITH_EDB);
    assert_id(&first, post_period(by_hand ? "Third" : "First", INGEST_UNCHANGED));
    struct kith_id other = post_period(by_hand ? "First" : "Third", INGEST_CREATED);
    assert_true(memcmp(&other, &first, sizeof(other)) != 0);
    ingest_doc_free(s.op.doc);
    ingest_doc_free(to);
}

static void a_change_that_was_lost_before_its_begin(void **state)
{
    (void)state;
    change_without_an_answer(HEAD, false);
}

static void a_change_that_was_lost_in_its_middle(void **state)
{
    (void)state;
    change_without_an_answer(HOLD, false);
}

static void a_change_of_unknown_outcome_is_looked_up(void **state)
{
    (void)state;
    change_without_an_answer(HOLD, true);
}

static int open_crowded(void **state)
{
    int opened = open_clean(state);
    struct kith_id first = post_period("First", INGEST_CREATED);
    static const int crowd[] = {CROWD, CROWD_REFS};
    for (size_t i = 0; i < KITH_LEN(crowd); i++) {
        struct kith_job *job = new_job();
        kith_job_step(job, &admin_statements[crowd[i]], NULL, NULL);
        kith_job_uuid(job, first.b);
        run_fine(admin, job);
    }
    return opened || close_all(state) || open_all(state);
}

/* Nothing is changed, and the connection is not lost by it. */
static void too_many_dependents_are_refused(void **state)
{
    (void)state;
    struct ingest_doc *doc = period("First");
    struct kith_id first = doc->id;
    spin(200); /* all connections are there */
    unsigned idle = kith_db_idle(db);
    assert_int_equal(put_period(&first, "Third"), KITH_ETOOBIG);
    spin(1);
    assert_int_equal(kith_db_idle(db), idle);
    assert_int_equal(count(RENAMED), 0);
    assert_id(&first, post_period("First", INGEST_UNCHANGED));
    ingest_doc_free(doc);
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
        cmocka_unit_test_setup_teardown(a_changed_key_keeps_the_id, open_clean, close_all),
        cmocka_unit_test_setup_teardown(a_change_that_was_lost_before_its_begin, open_clean,
                                        close_all),
        cmocka_unit_test_setup_teardown(a_change_that_was_lost_in_its_middle, open_clean,
                                        close_all),
        cmocka_unit_test_setup_teardown(a_change_of_unknown_outcome_is_looked_up, open_clean,
                                        close_all),
        cmocka_unit_test_setup_teardown(too_many_dependents_are_refused, open_crowded, close_all),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
