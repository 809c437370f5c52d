/* SPDX-License-Identifier: Apache-2.0 */
/* Plays ingest for a real risk daemon: a random history of two districts through a real log, while risk_test.sh kills the daemon
 * and PostgreSQL; then compares what risk holds with the model. Modes:
 *   keys FOLDER                                     CURVE pairs for ingest, risk and operator
 *   play CONNINFO FOLDER ENDPOINT SEED ROUNDS       feed; ends when risk has read everything and holds what the model says */
#include "dbtest.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "kith/bus.h"
#include "kith/clock.h"
#include "kith/id.h"
#include "kith/msg.h"
#include "kith/stream.h"
#include "kith/v1/envelope.pb-c.h"
#include "kith/v1/records.pb-c.h"
#include "kith_test.h"
#include "risk_model.h"

enum { DISTRICTS = 2, STUDENTS = 25, SCHOOLS = 3, DAYS = 60, SETTLE_MS = 60000 };

/* As risk_test.sh configures them: small, so that short histories cross them often. */
static const struct risk_params small = {3, 2, 800, 850, 6, 8};

static const struct kith_stmt reader_statements[] = {
    {"offset", "SELECT pos FROM consumer_offset WHERE district_id = $1 AND stream = 'ingest'", "i",
     "l"},
    {"as_of", "SELECT as_of FROM as_of WHERE district_id = $1 AND swept_to IS NULL", "i", "d"},
    {"flags",
     "SELECT student_id, school_id, rule, since, value, flag_id FROM flag"
     " WHERE district_id = $1 AND cleared_at IS NULL",
     "i", "llsdiu"},
    {"contacts", "SELECT student_id, contact_date FROM contact WHERE district_id = $1", "i", "ld"},
    {"log", "SELECT type, payload, epoch FROM log WHERE district_id = $1 ORDER BY pos", "i", "iyl"},
    {"marks", "SELECT count(*) FROM mark WHERE district_id = $1", "i", "l"},
    {"head", "SELECT max(pos) FROM ingest.log WHERE district_id = $1", "i", "l"},
    {0}};
enum { OFFSET, AS_OF, FLAGS, CONTACTS, LOG, MARKS, HEAD };
static const struct kith_stmt *const reader_tables[] = {reader_statements, NULL};
static const struct kith_stmt *const owner_tables[] = {kith_stream_statements, NULL};

static struct kith_db *owner_db, *reader_db;
static struct kith_owner *owner;
static struct kith_bus_server *server;
static struct model models[DISTRICTS + 1];
static int64_t heads[DISTRICTS + 1];
static uint64_t seed;
static int32_t base;

static unsigned pick(unsigned n)
{
    return (unsigned)(test_random(&seed) % n);
}

/* ---- ingest's side ---- */

static bool allow(void *ctx, const char *public_key, char user[KITH_USER_MAX])
{
    (void)ctx;
    (void)public_key;
    (void)snprintf(user, KITH_USER_MAX, "service:risk");
    return true;
}

static void on_request(void *ctx, const struct kith_peer *peer, const uint8_t *data, size_t n)
{
    (void)ctx;
    kith_envelope *env = NULL;
    uint8_t msg_id[KITH_MSG_ID];
    if (kith_msg_unpack(data, n, &env, msg_id, NULL) != KITH_OK)
        return;
    (void)kith_owner_on_request(owner, server, peer, env);
    kith_msg_free(env);
}

/* Until it is committed. PostgreSQL may die under it: the outcome is unknown then and the same is appended again, which must not
 * matter to a reader. */
static void append(int32_t district, int32_t type, int32_t count, struct kith_bytes *payload)
{
    for (int attempt = 0; attempt < 600; attempt++) {
        struct outcome o = {0};
        struct kith_job *job = new_job();
        kith_owner_append(owner, job, district, 0, type, count, kith_clock_now_us(), payload->data,
                          payload->n);
        if (kith_db_run(owner_db, job, on_outcome, &o) == KITH_OK) {
            wait_for(&o.done);
            if (o.err == KITH_OK) {
                kith_owner_committed(owner, district, 0, 0);
                kith_bytes_done(payload);
                return;
            }
            if (o.err != KITH_EDB)
                fail_msg("append: %s: %s", kith_err_name(o.err), o.why.text);
        }
        spin(100);
    }
    fail_msg("PostgreSQL does not come back");
}

static void add(struct kith_bytes *payload, const ProtobufCMessage *item)
{
    assert_int_equal(kith_bytes_add_item(payload, item), KITH_OK);
}

static void tell_calendar(int32_t district)
{
    struct kith_bytes payload = {0};
    for (int64_t school = 10; school < 10 + SCHOOLS; school++) {
        for (int32_t i = 0; i < DAYS; i++) {
            Kith__V1__CalendarChanged item = KITH__V1__CALENDAR_CHANGED__INIT;
            item.school_id = school;
            item.calendar_id = 1 + i % 2; /* two calendars that share the days between them */
            item.date = base + i;
            item.instructional = i % 7 < 5;
            add(&payload, &item.base);
            model_day(&models[district],
                      (struct risk_day_change){school, item.calendar_id, item.date,
                                               item.instructional, false, 0});
        }
    }
    append(district, KITH__V1__RECORD_TYPE__CALENDAR_CHANGED, SCHOOLS * DAYS, &payload);
}

static void tell_enrollment(int32_t district, int64_t student, int64_t school, int32_t entry,
                            int32_t exit, bool removed)
{
    struct kith_bytes payload = {0};
    Kith__V1__EnrollmentChanged item = KITH__V1__ENROLLMENT_CHANGED__INIT;
    item.student_id = student;
    item.school_id = school;
    item.entry_date = entry;
    item.exit_date = exit;
    item.calendar_id = pick(4) ? 0 : 1;
    item.removed = removed;
    add(&payload, &item.base);
    append(district, KITH__V1__RECORD_TYPE__ENROLLMENT_CHANGED, 1, &payload);
    model_enrollment(&models[district],
                     (struct risk_enrollment_change){student, school, item.calendar_id, entry,
                                                     exit ? exit : RISK_OPEN, removed, 0});
}

/* A run of marks around a day; a third of the time it takes some back. */
static void tell_marks(int32_t district, int32_t around)
{
    struct kith_bytes payload = {0};
    bool removed = pick(3) == 0;
    int32_t n = 1 + (int32_t)pick(40);
    for (int32_t i = 0; i < n; i++) {
        Kith__V1__AttendanceMark item = KITH__V1__ATTENDANCE_MARK__INIT;
        item.student_id = 100 + pick(STUDENTS);
        item.school_id = 10 + item.student_id % SCHOOLS;
        item.place_id = item.school_id;
        item.session_id = 1;
        item.kind = (Kith__V1__AttendanceKind)(pick(2) ? 3 : pick(8));
        item.category_id = (int32_t)item.kind;
        item.date = base + (int32_t)((unsigned)around + pick(8)) % DAYS;
        item.section = pick(20) == 0;
        if (item.section)
            item.place_id = 5000;
        add(&payload, &item.base);
        model_mark(&models[district],
                   (struct risk_mark_change){.student_id = item.student_id,
                                             .mark = {.school_id = item.school_id,
                                                      .place_id = item.place_id,
                                                      .session_id = 1,
                                                      .category_id = item.category_id,
                                                      .date = item.date,
                                                      .kind = (uint8_t)item.kind},
                                             .section = item.section,
                                             .removed = removed});
    }
    append(district,
           removed ? KITH__V1__RECORD_TYPE__ATTENDANCE_RETRACTED
                   : KITH__V1__RECORD_TYPE__ATTENDANCE_RECORDED,
           n, &payload);
}

static void tell_noise(int32_t district)
{
    struct kith_bytes payload = {0};
    assert_int_equal(kith_bytes_add(&payload, "?", 1), KITH_OK);
    append(district, 4711, 1, &payload); /* a type of a later version */
}

/* A district of another zone each: the same instant is another day there. */
static void tell_district(int32_t district)
{
    static const char *const zones[] = {"", "America/Chicago", "Pacific/Kiritimati"};
    struct kith_bytes payload = {0};
    Kith__V1__DistrictChanged item = KITH__V1__DISTRICT_CHANGED__INIT;
    item.time_zone = (char *)zones[district];
    item.default_email = (char *)"office@example.org";
    add(&payload, &item.base);
    append(district, KITH__V1__RECORD_TYPE__DISTRICT_CHANGED, 1, &payload);
}

/* 15:00 UTC: the same day in Chicago, the next one in Kiritimati (UTC+14). */
static void set_clock(const char *folder, int32_t day)
{
    char path[512];
    char temporary[520];
    char date[11];
    (void)snprintf(path, sizeof(path), "%s/clock", folder);
    (void)snprintf(temporary, sizeof(temporary), "%s.new", path);
    kith_date_format(base + day, date);
    FILE *f = fopen(temporary, "w");
    assert_non_null(f);
    (void)fprintf(f, "%sT15:00:00Z\n", date);
    assert_int_equal(fclose(f), 0);
    assert_int_equal(rename(temporary, path), 0);
    models[1].as_of = base + day;
    models[2].as_of = base + day + 1;
}

static void history(const char *folder, int rounds)
{
    for (int32_t d = 1; d <= DISTRICTS; d++) {
        tell_district(d);
        tell_calendar(d);
        for (int64_t s = 100; s < 100 + STUDENTS; s++)
            tell_enrollment(d, s, 10 + s % SCHOOLS, base + (int32_t)pick(5), 0, false);
    }
    for (int i = 0; i < rounds; i++) {
        int32_t day = 3 + i * (DAYS - 6) / rounds;
        int32_t d = 1 + (int32_t)pick(DISTRICTS);
        int64_t student = 100 + pick(STUDENTS);
        set_clock(folder, day);
        tell_marks(d, day > 6 ? day - 6 : 0);
        if (pick(10) == 0)
            tell_enrollment(d, student, 10 + student % SCHOOLS, base + (int32_t)pick(5),
                            pick(2) ? 0 : base + day + 3, pick(4) == 0);
        if (pick(20) == 0)
            tell_noise(d);
        spin(pick(25));
    }
}

/* ---- risk's side ---- */

static void see(struct kith_db *db, int statement, int32_t district, kith_db_rows_fn fn, void *ctx)
{
    struct kith_job *job = new_job();
    kith_job_step(job, &reader_statements[statement], fn, ctx);
    kith_job_i4(job, district);
    run_fine(db, job);
}

static void on_int(void *ctx, const struct kith_rows *rows)
{
    *(int64_t *)ctx = kith_rows_n(rows) ? kith_rows_int(rows, 0, 0) : -1;
}

static void settle(int32_t district)
{
    int64_t end = kith_clock_mono_ms() + SETTLE_MS;
    for (;;) {
        int64_t pos = 0;
        int64_t as_of = 0;
        see(reader_db, OFFSET, district, on_int, &pos);
        see(reader_db, AS_OF, district, on_int, &as_of);
        if (pos == heads[district] && as_of == models[district].as_of)
            return;
        if (kith_clock_mono_ms() > end)
            fail_msg("district %d: risk is at %lld of %lld, day %lld of %d", district,
                     (long long)pos, (long long)heads[district], (long long)as_of,
                     models[district].as_of);
        spin(50);
    }
}

static void on_contacts(void *ctx, const struct kith_rows *rows)
{
    for (size_t i = 0; i < kith_rows_n(rows); i++)
        model_contact(ctx, kith_rows_int(rows, i, 0), (int32_t)kith_rows_int(rows, i, 1));
}

struct seen {
    struct risk_verdict table[STUDENTS][SCHOOLS][RISK_RULES];
    struct kith_id id[STUDENTS][SCHOOLS][RISK_RULES];
    struct risk_verdict log[STUDENTS][SCHOOLS]
                           [RISK_RULES]; /* as a reader of risk's log sees them */
    struct kith_id log_id[STUDENTS][SCHOOLS][RISK_RULES];
    int32_t episode[STUDENTS][SCHOOLS][RISK_RULES];
    int64_t cause, epoch;
    size_t raised, updated, cleared, contacts;
};

static void on_flags(void *ctx, const struct kith_rows *rows)
{
    struct seen *seen = ctx;
    for (size_t i = 0; i < kith_rows_n(rows); i++) {
        int64_t s = kith_rows_int(rows, i, 0) - 100;
        int64_t c = kith_rows_int(rows, i, 1) - 10;
        int64_t r = kith_rows_int(rows, i, 2) - 1;
        size_t n = 0;
        seen->table[s][c][r] = (struct risk_verdict){true, (int32_t)kith_rows_int(rows, i, 3),
                                                     (int32_t)kith_rows_int(rows, i, 4)};
        memcpy(seen->id[s][c][r].b, kith_rows_bytes(rows, i, 5, &n), 16);
    }
}

static void on_flag_record(struct seen *seen, int32_t type, const Kith__V1__Flag *f)
{
    int64_t s = f->student_id - 100;
    int64_t c = f->school_id - 10;
    int64_t r = (int64_t)f->rule - 1;
    struct risk_verdict *v = &seen->log[s][c][r];
    bool raised = type == KITH__V1__RECORD_TYPE__FLAG_RAISED;
    assert_int_equal(v->on, !raised); /* never raised twice, never cleared before it was raised */
    int32_t before = seen->episode[s][c][r];
    assert_int_equal(f->episode, before + (raised && (before == 0 || v->since != f->since)));
    assert_true(f->cause_pos >= seen->cause); /* judged by ever more of ingest's log */
    seen->cause = f->cause_pos;
    seen->episode[s][c][r] = f->episode;
    seen->raised += raised;
    seen->updated += type == KITH__V1__RECORD_TYPE__FLAG_UPDATED;
    seen->cleared += type == KITH__V1__RECORD_TYPE__FLAG_CLEARED;
    *v = (struct risk_verdict){type != KITH__V1__RECORD_TYPE__FLAG_CLEARED, f->since, f->value};
    memcpy(seen->log_id[s][c][r].b, f->flag_id.data, 16);
}

static void on_log(void *ctx, const struct kith_rows *rows)
{
    struct seen *seen = ctx;
    for (size_t i = 0; i < kith_rows_n(rows); i++) {
        int32_t type = (int32_t)kith_rows_int(rows, i, 0);
        size_t n = 0;
        const uint8_t *payload = kith_rows_bytes(rows, i, 1, &n);
        int64_t epoch = kith_rows_int(rows, i, 2);
        assert_true(epoch >= seen->epoch);
        seen->epoch = epoch;
        if (type == KITH__V1__RECORD_TYPE__CONTACT_LOGGED) {
            seen->contacts++;
            continue;
        }
        Kith__V1__FlagList *list = kith__v1__flag_list__unpack(NULL, n, payload);
        assert_non_null(list);
        for (size_t k = 0; k < list->n_items; k++)
            on_flag_record(seen, type, list->items[k]);
        kith__v1__flag_list__free_unpacked(list, NULL);
    }
}

static void compare(int32_t district)
{
    static struct seen seen;
    seen = (struct seen){0};
    struct model *m = &models[district];
    int64_t marks = 0;
    see(reader_db, CONTACTS, district, on_contacts, m);
    see(reader_db, FLAGS, district, on_flags, &seen);
    see(reader_db, LOG, district, on_log, &seen);
    see(reader_db, MARKS, district, on_int, &marks);
    assert_int_equal(marks, m->n_marks);
    assert_int_equal(seen.contacts, m->n_contacts);
    int open = 0;
    for (int s = 0; s < STUDENTS; s++) {
        for (int c = 0; c < SCHOOLS; c++) {
            for (int r = 0; r < RISK_RULES; r++) {
                struct risk_verdict want = model_judge(m, &small, 100 + s, 10 + c, r + 1);
                struct risk_verdict got[] = {seen.table[s][c][r], seen.log[s][c][r]};
                for (int k = 0; k < 2; k++) {
                    if (got[k].on != want.on ||
                        (want.on && (got[k].since != want.since || got[k].value != want.value)))
                        fail_msg("district %d student %d school %d rule %d, %s: %d %d %d, model "
                                 "%d %d %d",
                                 district, s, c, r + 1, k ? "log" : "table", got[k].on,
                                 got[k].since, got[k].value, want.on, want.since, want.value);
                }
                if (want.on)
                    assert_memory_equal(&seen.id[s][c][r], &seen.log_id[s][c][r], 16);
                open += want.on;
            }
        }
    }
    printf("district %d: %d open flags as the model says; raised %zu updated %zu cleared %zu, "
           "contacts %zu, epoch %lld\n",
           district, open, seen.raised, seen.updated, seen.cleared, seen.contacts,
           (long long)seen.epoch);
    assert_true(seen.raised > 10 && seen.cleared > 10 && open > 0);
}

/* ---- modes ---- */

static struct kith_db *pool_as(const char *role, const char *schema,
                               const struct kith_stmt *const *tables)
{
    char conninfo[512];
    (void)snprintf(conninfo, sizeof(conninfo), "%s user=%s", test_conninfo, role);
    struct kith_db *db = open_pool(conninfo, schema, 2, 0, tables);
    struct kith_why why = {""};
    if (kith_db_wait_ready(db, 10000, &why) != KITH_OK)
        fail_msg("not ready: %s", why.text);
    return db;
}

static const char *play_folder, *play_endpoint;
static int play_rounds;

static void a_real_daemon_holds_what_the_model_says(void **state)
{
    (void)state;
    char path[512];
    struct kith_keypair keys;
    struct kith_why why = {""};
    struct kith_bus *bus = NULL;
    base = kith_date_from_civil(2026, 1, 5);
    for (int32_t d = 1; d <= DISTRICTS; d++)
        models[d].base = base;
    (void)snprintf(path, sizeof(path), "%s/keys/ingest.key", play_folder);
    assert_int_equal(kith_keypair_load(path, &keys, &why), KITH_OK);
    owner_db = pool_as("kith_ingest", "ingest", owner_tables);
    reader_db = pool_as("kith", "risk", reader_tables);
    struct kith_owner_opts opts = {.loop = test_loop, .db = owner_db, .stream = "ingest"};
    assert_int_equal(kith_owner_new(&opts, &owner), KITH_OK);
    for (int32_t d = 1; d <= DISTRICTS; d++) {
        struct outcome o = {0};
        kith_owner_take(owner, d, 0, on_outcome, &o);
        wait_for(&o.done);
        assert_int_equal(o.err, KITH_OK);
    }
    assert_int_equal(kith_bus_new(test_loop, &keys, allow, NULL, &bus), KITH_OK);
    if (kith_bus_serve(bus, play_endpoint, on_request, NULL, &server, &why) != KITH_OK)
        fail_msg("%s", why.text);

    history(play_folder, play_rounds);
    /* the head is where risk must come to; records appended twice by a lost answer are in it */
    for (int32_t d = 1; d <= DISTRICTS; d++)
        tell_noise(d);
    (void)snprintf(path, sizeof(path), "%s/fed", play_folder);
    FILE *fed = fopen(path, "w");
    assert_non_null(fed);
    assert_int_equal(fclose(fed), 0);
    (void)snprintf(path, sizeof(path), "%s/calm", play_folder); /* the script stops killing */
    for (int i = 0; i < 600 && access(path, F_OK) != 0; i++)
        spin(100);
    for (int32_t d = 1; d <= DISTRICTS; d++) {
        see(reader_db, HEAD, d, on_int, &heads[d]);
        settle(d);
        compare(d);
    }
    kith_owner_free(owner);
    kith_bus_server_free(server);
    kith_bus_free(bus);
    kith_db_free(owner_db);
    kith_db_free(reader_db);
}

static int make_keys(const char *folder)
{
    static const char *const names[] = {"ingest", "risk", "operator"};
    for (size_t i = 0; i < KITH_LEN(names); i++) {
        struct kith_keypair pair;
        char path[512];
        (void)snprintf(path, sizeof(path), "%s/%s.key", folder, names[i]);
        if (kith_keypair_make(&pair) != KITH_OK || kith_keypair_save(path, &pair) != KITH_OK)
            return 1;
        (void)snprintf(path, sizeof(path), "%s/%s.pub", folder, names[i]);
        FILE *f = fopen(path, "w");
        if (!f || fprintf(f, "%s\n", pair.public_key) < 0 || fclose(f) != 0)
            return 1;
    }
    return 0;
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_real_daemon_holds_what_the_model_says),
    };
    if (argc == 3 && strcmp(argv[1], "keys") == 0)
        return make_keys(argv[2]);
    if (argc == 7 && strcmp(argv[1], "play") == 0) {
        test_conninfo = argv[2];
        play_folder = argv[3];
        play_endpoint = argv[4];
        seed = strtoull(argv[5], NULL, 10);
        play_rounds = (int)strtol(argv[6], NULL, 10);
        return cmocka_run_group_tests(tests, make_loop, free_loop);
    }
    return 2;
}
