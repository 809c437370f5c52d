/* SPDX-License-Identifier: Apache-2.0 */
/* Plays ingest and risk for the notification daemon: owns both logs (with the real owner code), serves them on the bus, and appends what it
 * is told on stdin, one command a line. Says "ok POSITION" after each COMMIT, "bad" to what it does not understand.
 *
 *   notification_logs_dbtest CONNINFO KEYS-FOLDER INGEST-ENDPOINT RISK-ENDPOINT
 *
 *   district D ZONE EMAIL          staff D STAFF EMAIL             role D STAFF SCHOOL ROLE BEGIN END
 *   school D SCHOOL NAME           enroll D STUDENT SCHOOL ENTRY   cohort D COHORT ADVISORY
 *   student D COHORT STUDENT       advises D COHORT STAFF          gone-staff D STAFF
 *   raised|updated|cleared D FIRST N STUDENT SCHOOL URGENCY VALUE CAUSE
 *        N flags numbered from FIRST, of students numbered from STUDENT; CAUSE: position of ingest's log
 *   broken D                       a payload that does not decode, in risk's log
 * "-" stands for an empty word. Dates are days since 1970-01-01. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "kith/bus.h"
#include "kith/clock.h"
#include "kith/stream.h"
#include "kith/v1/envelope.pb-c.h"
#include "kith/v1/records.pb-c.h"

#define WORDS 10

struct log_owner {
    const char *name;
    struct kith_db *db;
    struct kith_bus *bus;
    struct kith_bus_server *server;
    struct kith_owner *owner;
};

static struct kith_loop *loop;
static struct log_owner ingest = {.name = "ingest"};
static struct log_owner risk = {.name = "risk"};
static char consumer_key[KITH_KEY_TEXT];
static const struct kith_stmt head_statement = {
    "head", "SELECT pos FROM stream_head WHERE district_id = $1 AND shard = 0", "i", "l"};
static const struct kith_stmt extra_statements[] = {
    {"head", "SELECT pos FROM stream_head WHERE district_id = $1 AND shard = 0", "i", "l"}, {0}};
static const struct kith_stmt *const tables[] = {kith_stream_statements, extra_statements, NULL};

static void die(const char *what, kith_err err, const struct kith_why *why)
{
    fprintf(stderr, "notification_logs: %s: %s %s\n", what, kith_err_text(err),
            why ? why->text : "");
    exit(1);
}

/* ---- serving ---- */

static bool allow(void *ctx, const char *public_key, char user[KITH_USER_MAX])
{
    (void)ctx;
    (void)snprintf(user, KITH_USER_MAX, "service:notification");
    return strcmp(public_key, consumer_key) == 0;
}

static void on_request(void *ctx, const struct kith_peer *peer, const uint8_t *data, size_t n)
{
    struct log_owner *o = ctx;
    kith_envelope *env = NULL;
    uint8_t msg_id[KITH_MSG_ID];
    if (kith_msg_unpack(data, n, &env, msg_id, NULL) != KITH_OK)
        return;
    (void)kith_owner_on_request(o->owner, o->server, peer, env);
    kith_msg_free(env);
}

static void open_log(struct log_owner *o, const char *conninfo, const char *keys,
                     const char *endpoint)
{
    char text[512];
    struct kith_why why = {""};
    (void)snprintf(text, sizeof(text), "%s user=kith_%s", conninfo, o->name);
    struct kith_db_opts opts = {
        .conninfo = text, .search_path = o->name, .connections = 2, .tables = tables};
    kith_err err = kith_db_new(loop, &opts, &o->db);
    if (err == KITH_OK)
        err = kith_db_wait_ready(o->db, 10000, &why);
    if (err != KITH_OK)
        die("database", err, &why);
    struct kith_keypair pair;
    (void)snprintf(text, sizeof(text), "%s/%s.key", keys, o->name);
    err = kith_keypair_load(text, &pair, &why);
    if (err == KITH_OK)
        err = kith_bus_new(loop, &pair, allow, NULL, &o->bus);
    if (err == KITH_OK)
        err = kith_bus_serve(o->bus, endpoint, on_request, o, &o->server, &why);
    struct kith_owner_opts owner_opts = {.loop = loop, .db = o->db, .stream = o->name};
    if (err == KITH_OK)
        err = kith_owner_new(&owner_opts, &o->owner);
    if (err == KITH_OK)
        err = kith_owner_take_all(o->owner, 10000, &why);
    if (err != KITH_OK)
        die(o->name, err, &why);
}

/* ---- appending ---- */

struct wait {
    bool done;
    kith_err err;
    struct kith_why why;
    int64_t pos;
};

static void on_done(void *ctx, kith_err err, const struct kith_why *why)
{
    struct wait *w = ctx;
    w->done = true;
    w->err = err;
    if (why)
        w->why = *why;
}

static void on_head(void *ctx, const struct kith_rows *rows)
{
    ((struct wait *)ctx)->pos = kith_rows_n(rows) ? kith_rows_int(rows, 0, 0) : 0;
}

static void finish(struct wait *w, const char *what)
{
    while (!w->done) {
        kith_err waited = kith_loop_run_until(loop, &w->done, 10000);
        if (waited != KITH_OK)
            die(what, waited, NULL);
    }
    if (w->err != KITH_OK)
        die(what, w->err, &w->why);
}

static void append(struct log_owner *o, int32_t district, int32_t type, int32_t count,
                   const struct kith_bytes *payload)
{
    if (!kith_owner_has(o->owner, district, 0)) {
        struct wait w = {0};
        kith_owner_take(o->owner, district, 0, on_done, &w);
        finish(&w, "take");
    }
    struct wait w = {0};
    struct kith_job *job = NULL;
    if (kith_job_new(&job) != KITH_OK)
        exit(1);
    kith_owner_append(o->owner, job, district, 0, type, count, kith_clock_now_us(), payload->data,
                      payload->n);
    kith_job_step(job, &head_statement, on_head, &w);
    kith_job_i4(job, district);
    kith_err err = kith_db_run(o->db, job, on_done, &w);
    if (err != KITH_OK)
        die("append", err, NULL);
    finish(&w, "append");
    kith_owner_committed(o->owner, district, 0, 0);
    printf("ok %" PRId64 "\n", w.pos);
    (void)fflush(stdout);
}

static void append_one(int32_t district, int32_t type, const ProtobufCMessage *item)
{
    struct kith_bytes payload = {0};
    if (kith_bytes_add_item(&payload, item) != KITH_OK)
        exit(1);
    append(&ingest, district, type, 1, &payload);
    kith_bytes_done(&payload);
}

/* ---- commands ---- */

static int64_t number(const char *word)
{
    return strtoll(word, NULL, 10);
}

static char *text(char *word)
{
    return strcmp(word, "-") == 0 ? (char *)"" : word;
}

static void on_district(int32_t d, char **w)
{
    Kith__V1__DistrictChanged m = KITH__V1__DISTRICT_CHANGED__INIT;
    m.time_zone = text(w[2]);
    m.default_email = text(w[3]);
    append_one(d, KITH__V1__RECORD_TYPE__DISTRICT_CHANGED, &m.base);
}

static void on_school(int32_t d, char **w)
{
    Kith__V1__SchoolChanged m = KITH__V1__SCHOOL_CHANGED__INIT;
    m.school_id = number(w[2]);
    m.name = text(w[3]);
    append_one(d, KITH__V1__RECORD_TYPE__SCHOOL_CHANGED, &m.base);
}

static void on_staff(int32_t d, char **w)
{
    Kith__V1__StaffChanged m = KITH__V1__STAFF_CHANGED__INIT;
    m.staff_id = number(w[2]);
    m.email = w[3] ? text(w[3]) : (char *)"";
    m.removed = !w[3];
    append_one(d, KITH__V1__RECORD_TYPE__STAFF_CHANGED, &m.base);
}

static void on_role(int32_t d, char **w)
{
    Kith__V1__StaffRoleChanged m = KITH__V1__STAFF_ROLE_CHANGED__INIT;
    m.staff_id = number(w[2]);
    m.school_id = number(w[3]);
    m.role = text(w[4]);
    m.begin_date = (int32_t)number(w[5]);
    m.end_date = (int32_t)number(w[6]);
    append_one(d, KITH__V1__RECORD_TYPE__STAFF_ROLE_CHANGED, &m.base);
}

static void on_enroll(int32_t d, char **w)
{
    Kith__V1__EnrollmentChanged m = KITH__V1__ENROLLMENT_CHANGED__INIT;
    m.student_id = number(w[2]);
    m.school_id = number(w[3]);
    m.entry_date = (int32_t)number(w[4]);
    append_one(d, KITH__V1__RECORD_TYPE__ENROLLMENT_CHANGED, &m.base);
}

static void on_cohort(int32_t d, char **w)
{
    Kith__V1__CohortChanged m = KITH__V1__COHORT_CHANGED__INIT;
    m.cohort_id = number(w[2]);
    m.advisory = number(w[3]) != 0;
    append_one(d, KITH__V1__RECORD_TYPE__COHORT_CHANGED, &m.base);
}

static void on_student(int32_t d, char **w)
{
    Kith__V1__CohortMemberChanged m = KITH__V1__COHORT_MEMBER_CHANGED__INIT;
    m.cohort_id = number(w[2]);
    m.student_id = number(w[3]);
    append_one(d, KITH__V1__RECORD_TYPE__COHORT_MEMBER_CHANGED, &m.base);
}

static void on_advises(int32_t d, char **w)
{
    Kith__V1__CohortMemberChanged m = KITH__V1__COHORT_MEMBER_CHANGED__INIT;
    m.cohort_id = number(w[2]);
    m.staff_id = number(w[3]);
    append_one(d, KITH__V1__RECORD_TYPE__COHORT_MEMBER_CHANGED, &m.base);
}

static void append_flags(int32_t d, int32_t type, char **w)
{
    struct kith_bytes payload = {0};
    int64_t first = number(w[2]);
    int64_t n = number(w[3]);
    for (int64_t i = 0; i < n; i++) {
        uint8_t id[16] = {(uint8_t)d};
        for (int k = 0; k < 8; k++)
            id[8 + k] = (uint8_t)((first + i) >> (56 - 8 * k));
        Kith__V1__Flag m = KITH__V1__FLAG__INIT;
        m.flag_id = (ProtobufCBinaryData){sizeof(id), id};
        m.student_id = number(w[4]) + i;
        m.school_id = number(w[5]);
        m.rule = KITH__V1__RISK_RULE__CONSECUTIVE_UNEXCUSED;
        m.episode = 1;
        m.since = 20700;
        m.urgency = (int32_t)number(w[6]);
        m.value = (int32_t)number(w[7]);
        m.threshold = 3;
        m.cause_pos = number(w[8]);
        if (kith_bytes_add_item(&payload, &m.base) != KITH_OK)
            exit(1);
    }
    append(&risk, d, type, (int32_t)n, &payload);
    kith_bytes_done(&payload);
}

static void on_raised(int32_t d, char **w)
{
    append_flags(d, KITH__V1__RECORD_TYPE__FLAG_RAISED, w);
}

static void on_updated(int32_t d, char **w)
{
    append_flags(d, KITH__V1__RECORD_TYPE__FLAG_UPDATED, w);
}

static void on_cleared(int32_t d, char **w)
{
    append_flags(d, KITH__V1__RECORD_TYPE__FLAG_CLEARED, w);
}

static void on_broken(int32_t d, char **w)
{
    (void)w;
    struct kith_bytes payload = {0};
    if (kith_bytes_add(&payload, "\x0a\xff\xff", 3) != KITH_OK)
        exit(1);
    append(&risk, d, KITH__V1__RECORD_TYPE__FLAG_RAISED, 1, &payload);
    kith_bytes_done(&payload);
}

static const struct {
    const char *name;
    int words;
    void (*fn)(int32_t d, char **w);
} commands[] = {
    {"district", 4, on_district}, {"school", 4, on_school},   {"staff", 4, on_staff},
    {"gone-staff", 3, on_staff},  {"role", 7, on_role},       {"enroll", 5, on_enroll},
    {"cohort", 4, on_cohort},     {"student", 4, on_student}, {"advises", 4, on_advises},
    {"raised", 9, on_raised},     {"updated", 9, on_updated}, {"cleared", 9, on_cleared},
    {"broken", 2, on_broken},
};

static void run_line(char *line)
{
    char *words[WORDS] = {NULL};
    int n = 0;
    char *rest = NULL;
    for (char *w = strtok_r(line, " \n", &rest); w && n < WORDS; w = strtok_r(NULL, " \n", &rest))
        words[n++] = w;
    for (size_t i = 0; i < KITH_LEN(commands); i++) {
        if (n == commands[i].words && strcmp(words[0], commands[i].name) == 0) {
            commands[i].fn((int32_t)number(words[1]), words);
            return;
        }
    }
    printf("bad\n");
    (void)fflush(stdout);
}

static char input[8192];
static size_t input_n;
static bool ended;
static bool running; /* a command runs the loop itself */

static void on_input(void *ctx, int events)
{
    (void)ctx;
    (void)events;
    if (running)
        return;
    ssize_t n = read(STDIN_FILENO, input + input_n, sizeof(input) - 1 - input_n);
    if (n <= 0) {
        ended = true;
        return;
    }
    input_n += (size_t)n;
    input[input_n] = '\0';
}

int main(int argc, char **argv)
{
    if (argc != 5 || kith_loop_new(&loop) != KITH_OK)
        return 2;
    char path[512];
    (void)snprintf(path, sizeof(path), "%s/notification.pub", argv[2]);
    FILE *file = fopen(path, "re");
    if (!file || fscanf(file, "%40s", consumer_key) != 1)
        die(path, KITH_EIO, NULL);
    (void)fclose(file);
    open_log(&ingest, argv[1], argv[2], argv[3]);
    open_log(&risk, argv[1], argv[2], argv[4]);
    struct kith_watch *watch = NULL;
    if (kith_watch_new(loop, STDIN_FILENO, on_input, NULL, &watch) != KITH_OK)
        die("stdin", KITH_EIO, NULL);
    kith_watch_set(watch, KITH_READABLE);
    printf("ready\n");
    (void)fflush(stdout);
    static const bool never;
    while (!ended) {
        char *end = memchr(input, '\n', input_n);
        if (!end) {
            kith_err waited = kith_loop_run_until(loop, &never, 20);
            (void)waited;
            continue;
        }
        *end = '\0';
        size_t used = (size_t)(end - input) + 1;
        running = true;
        run_line(input);
        running = false;
        memmove(input, input + used, input_n - used);
        input_n -= used;
    }
    struct log_owner *both[] = {&ingest, &risk};
    kith_watch_free(watch);
    for (int i = 0; i < 2; i++) {
        kith_db_free(both[i]->db);
        kith_owner_free(both[i]->owner);
        kith_bus_server_free(both[i]->server);
        kith_bus_free(both[i]->bus);
    }
    kith_loop_free(loop);
    return 0;
}
