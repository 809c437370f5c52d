/* SPDX-License-Identifier: Apache-2.0 */
#include "risk/store.h"

#include "risk/store_internal.h"

const struct kith_stmt risk_statements[] = {
    [RISK_READ_DAYS] = {"risk_read_days",
                        "SELECT school_id, calendar_id, date, instructional FROM calendar_day"
                        " WHERE district_id = $1 AND (school_id, calendar_id, date) > ($2, $3, $4)"
                        " ORDER BY school_id, calendar_id, date LIMIT 20000",
                        "illd", "lldb"},
    [RISK_READ_ENROLLMENTS] =
        {"risk_read_enrollments",
         "SELECT student_id, school_id, entry_date, exit_date, calendar_id FROM enrollment"
         " WHERE district_id = $1 AND (student_id, school_id, entry_date) > ($2, $3, $4)"
         " ORDER BY student_id, school_id, entry_date LIMIT 20000",
         "illd", "llddl"},
    [RISK_READ_MARKS] =
        {"risk_read_marks",
         "SELECT student_id, event_date, place_id, session_id, category_id, school_id, kind"
         " FROM mark WHERE district_id = $1 AND NOT section"
         " AND (student_id, event_date, place_id, session_id, category_id) > ($2, $3, $4, $5, $6)"
         " ORDER BY student_id, event_date, place_id, session_id, category_id LIMIT 20000",
         "ildlli", "ldllils"},
    [RISK_READ_CONTACTS] =
        {"risk_read_contacts",
         "SELECT student_id, contact_date, call_id FROM contact"
         " WHERE district_id = $1 AND (student_id, contact_date, call_id) > ($2, $3, $4)"
         " ORDER BY student_id, contact_date, call_id LIMIT 20000",
         "ildu", "ldu"},
    [RISK_READ_FLAGS] = {"risk_read_flags",
                         "SELECT student_id, school_id, rule, episode, since, value, threshold,"
                         " cleared_at IS NULL FROM flag"
                         " WHERE district_id = $1"
                         " AND (student_id, school_id, rule, episode) > ($2, $3, $4, $5)"
                         " ORDER BY student_id, school_id, rule, episode LIMIT 20000",
                         "illsi", "llsidiib"},
    [RISK_DISTRICTS] = {"risk_districts",
                        "SELECT d.district_id, d.time_zone, a.as_of, a.rules, a.swept_to,"
                        " coalesce(o.pos, 0), d.day_status"
                        " FROM district d LEFT JOIN as_of a ON a.district_id = d.district_id"
                        " LEFT JOIN consumer_offset o ON o.district_id = d.district_id"
                        " AND o.stream = 'ingest' AND o.shard = 0"
                        " WHERE $1 = 0 OR d.district_id = $1 ORDER BY d.district_id",
                        "i", "itdlllt"},
    /* midnights by the zone's own rules: a day with a change of the clock has 23 or 25 hours */
    [RISK_TODAY] = {"risk_today",
                    "SELECT t.today, t.today::timestamp AT TIME ZONE d.time_zone,"
                    " (t.today + 1)::timestamp AT TIME ZONE d.time_zone"
                    " FROM district d,"
                    " LATERAL (SELECT ($2::timestamptz AT TIME ZONE d.time_zone)::date AS today) t"
                    " WHERE d.district_id = $1",
                    "iz", "dzz"},
    [RISK_FENCE] = {"risk_fence",
                    "SELECT pos FROM stream_head WHERE district_id = $1 AND shard = 0"
                    " AND epoch = $2 FOR NO KEY UPDATE",
                    "il", "l"},
    [RISK_SWEEP_BEGIN] =
        {"risk_sweep_begin",
         "INSERT INTO as_of (district_id, as_of, rules, swept_to) VALUES ($1, $2, $3, $4)"
         " ON CONFLICT (district_id) DO UPDATE SET as_of = excluded.as_of,"
         " rules = excluded.rules, swept_to = excluded.swept_to WHERE as_of.as_of = $5",
         "idlld", ""},
    [RISK_SWEEP_TO] = {"risk_sweep_to",
                       "UPDATE as_of SET swept_to = $3 WHERE district_id = $1 AND as_of = $2"
                       " AND swept_to IS NOT NULL",
                       "idl", ""},
    [RISK_PUT_DISTRICT] = {"risk_put_district",
                           "INSERT INTO district (district_id, time_zone, day_status)"
                           " VALUES ($1, $2, $3) ON CONFLICT (district_id) DO UPDATE SET"
                           " time_zone = excluded.time_zone, day_status = excluded.day_status",
                           "itt", ""},
    [RISK_PUT_DAYS] =
        {"risk_put_days",
         "INSERT INTO calendar_day (district_id, school_id, calendar_id, date, instructional)"
         " SELECT $1::int, k.* FROM unnest($2::bigint[], $3::bigint[], $4::date[], $5::boolean[]) k"
         " ON CONFLICT (district_id, school_id, calendar_id, date) DO UPDATE SET"
         " instructional = excluded.instructional",
         "iLLDB", ""},
    [RISK_DROP_DAYS] = {"risk_drop_days",
                        "DELETE FROM calendar_day t"
                        " USING unnest($2::bigint[], $3::bigint[], $4::date[])"
                        " AS k (school_id, calendar_id, date)"
                        " WHERE t.district_id = $1 AND t.school_id = k.school_id"
                        " AND t.calendar_id = k.calendar_id AND t.date = k.date",
                        "iLLD", ""},
    [RISK_PUT_ENROLLMENTS] =
        {"risk_put_enrollments",
         "INSERT INTO enrollment"
         " (district_id, student_id, school_id, entry_date, exit_date, calendar_id)"
         " SELECT $1::int, k.* FROM"
         " unnest($2::bigint[], $3::bigint[], $4::date[], $5::date[], $6::bigint[]) k"
         " ON CONFLICT (district_id, student_id, school_id, entry_date) DO UPDATE SET"
         " exit_date = excluded.exit_date, calendar_id = excluded.calendar_id",
         "iLLDDL", ""},
    [RISK_DROP_ENROLLMENTS] = {"risk_drop_enrollments",
                               "DELETE FROM enrollment t"
                               " USING unnest($2::bigint[], $3::bigint[], $4::date[])"
                               " AS k (student_id, school_id, entry_date)"
                               " WHERE t.district_id = $1 AND t.student_id = k.student_id"
                               " AND t.school_id = k.school_id AND t.entry_date = k.entry_date",
                               "iLLD", ""},
    [RISK_PUT_MARKS] =
        {"risk_put_marks",
         "INSERT INTO mark (district_id, student_id, event_date, place_id, session_id, category_id,"
         " school_id, kind, section)"
         " SELECT $1::int, k.* FROM unnest($2::bigint[], $3::date[], $4::bigint[], $5::bigint[],"
         " $6::int[], $7::bigint[], $8::smallint[], $9::boolean[]) k"
         " ON CONFLICT (district_id, student_id, event_date, place_id, session_id, category_id)"
         " DO UPDATE SET school_id = excluded.school_id, kind = excluded.kind,"
         " section = excluded.section",
         "iLDLLILSB", ""},
    [RISK_DROP_MARKS] = {"risk_drop_marks",
                         "DELETE FROM mark t USING"
                         " unnest($2::bigint[], $3::date[], $4::bigint[], $5::bigint[], $6::int[])"
                         " AS k (student_id, event_date, place_id, session_id, category_id)"
                         " WHERE t.district_id = $1 AND t.student_id = k.student_id"
                         " AND t.event_date = k.event_date AND t.place_id = k.place_id"
                         " AND t.session_id = k.session_id AND t.category_id = k.category_id",
                         "iLDLLI", ""},
    [RISK_PUT_FLAGS] =
        {"risk_put_flags",
         "INSERT INTO flag (district_id, student_id, school_id, rule, episode, flag_id, since,"
         " value, threshold, urgency, opened_at, changed_at, cleared_at)"
         " SELECT $1::int, k.student_id, k.school_id, k.rule, k.episode, k.flag_id, k.since, "
         "k.value,"
         " k.threshold, k.urgency, $2::timestamptz, $2, CASE WHEN NOT k.open THEN $2 END"
         " FROM unnest($3::bigint[], $4::bigint[], $5::smallint[], $6::int[], $7::uuid[],"
         " $8::date[], $9::int[], $10::int[], $11::smallint[], $12::boolean[])"
         " AS k (student_id, school_id, rule, episode, flag_id, since, value, threshold, urgency,"
         " open)"
         " ON CONFLICT (district_id, student_id, school_id, rule, episode) DO UPDATE SET"
         " since = excluded.since, value = excluded.value, threshold = excluded.threshold,"
         " changed_at = excluded.changed_at, cleared_at = excluded.cleared_at",
         "izLLSIUDIISB", ""},
    [RISK_PUT_CONTACT] = {"risk_put_contact",
                          "INSERT INTO contact (district_id, student_id, contact_date, call_id,"
                          " kind, logged_by, note, logged_at)"
                          " VALUES ($1, $2, $3, $4, $5, $6, $7, $8)"
                          " ON CONFLICT (district_id, call_id) DO NOTHING",
                          "ildutttz", ""},
    {0},
};

enum { LIST_DISTRICTS, LIST_FLAGS };

const struct kith_stmt risk_console_statements[] = {
    [LIST_DISTRICTS] = {"risk_list_districts",
                        "SELECT district_id, as_of FROM risk.pub_as_of ORDER BY district_id", "",
                        "id"},
    [LIST_FLAGS] = {"risk_list_flags",
                    "SELECT student_id, school_id, rule, episode, since, value, threshold,"
                    " cleared_at IS NULL, opened_at, district_id FROM risk.pub_flag"
                    " WHERE district_id = $1 AND ($2 OR cleared_at IS NULL)"
                    " ORDER BY urgency DESC, since, student_id, school_id, rule, episode",
                    "ib", "llsidiibzi"},
    {0},
};

/* ---- districts and the date ---- */

static void on_districts(void *ctx, const struct kith_rows *rows)
{
    struct risk_district_query *q = ctx;
    for (size_t i = 0; i < kith_rows_n(rows); i++) {
        bool judged = !kith_rows_null(rows, i, 2);
        struct risk_district_row row = {
            .district = (int32_t)kith_rows_int(rows, i, 0),
            .zone = kith_rows_text(rows, i, 1),
            .as_of = judged ? (int32_t)kith_rows_int(rows, i, 2) : RISK_NO_DATE,
            .rules = judged ? kith_rows_int(rows, i, 3) : 0,
            .sweeping = judged && !kith_rows_null(rows, i, 4),
            .pos = kith_rows_int(rows, i, 5),
            .precedence = kith_rows_text(rows, i, 6),
        };
        row.swept_to = row.sweeping ? kith_rows_int(rows, i, 4) : 0;
        q->fn(q->ctx, &row);
    }
}

void risk_store_districts(struct kith_job *job, int32_t district, struct risk_district_query *q)
{
    kith_job_step(job, &risk_statements[RISK_DISTRICTS], on_districts, q);
    kith_job_i4(job, district);
}

static void on_today(void *ctx, const struct kith_rows *rows)
{
    struct risk_today *ret = ctx;
    ret->found = kith_rows_n(rows) == 1;
    if (!ret->found)
        return;
    ret->date = (int32_t)kith_rows_int(rows, 0, 0);
    ret->from_us = kith_rows_int(rows, 0, 1);
    ret->until_us = kith_rows_int(rows, 0, 2);
}

void risk_store_today(struct kith_job *job, int32_t district, int64_t now_us,
                      struct risk_today *ret)
{
    kith_job_step(job, &risk_statements[RISK_TODAY], on_today, ret);
    kith_job_i4(job, district);
    kith_job_instant(job, now_us);
}

void risk_store_fence(struct kith_job *job, int32_t district, int64_t epoch)
{
    kith_job_step(job, &risk_statements[RISK_FENCE], NULL, NULL);
    kith_job_i4(job, district);
    kith_job_i8(job, epoch);
    kith_job_guard(job, KITH_EFENCED);
}

static void date_or_null(struct kith_job *job, int32_t date, int32_t none)
{
    if (date == none)
        kith_job_null(job);
    else
        kith_job_date(job, date);
}

void risk_store_sweep_begin(struct kith_job *job, int32_t district, int32_t as_of, int64_t rules,
                            int32_t before)
{
    kith_job_step(job, &risk_statements[RISK_SWEEP_BEGIN], NULL, NULL);
    kith_job_i4(job, district);
    kith_job_date(job, as_of);
    kith_job_i8(job, rules);
    kith_job_i8(job, INT64_MIN);
    date_or_null(job, before, RISK_NO_DATE);
    kith_job_guard(job, KITH_ECHANGED);
}

void risk_store_sweep_to(struct kith_job *job, int32_t district, int32_t as_of, int64_t to,
                         bool more)
{
    kith_job_step(job, &risk_statements[RISK_SWEEP_TO], NULL, NULL);
    kith_job_i4(job, district);
    kith_job_date(job, as_of);
    if (more)
        kith_job_i8(job, to);
    else
        kith_job_null(job);
    kith_job_guard(job, KITH_ECHANGED);
}

/* ---- writing ---- */

/* The statements on a list of changes take one array for every column. */
struct column {
    size_t offset;
    void (*put)(struct kith_job *job, const void *value);
};

/* A list of changes: those that are to stay go to `put`, those removed to `drop`, which takes the first `keys` columns. */
struct list {
    const char *rows;
    uint32_t n;
    size_t size;    /* of a row */
    size_t removed; /* offset of its flag */
    enum risk_statement put, drop;
    const struct column *columns; /* {0}-terminated */
    size_t keys;
};

static void put_i8(struct kith_job *job, const void *value)
{
    kith_job_i8(job, *(const int64_t *)value);
}

static void put_i4(struct kith_job *job, const void *value)
{
    kith_job_i4(job, *(const int32_t *)value);
}

static void put_kind(struct kith_job *job, const void *value)
{
    kith_job_i2(job, *(const uint8_t *)value);
}

static void put_bool(struct kith_job *job, const void *value)
{
    kith_job_bool(job, *(const bool *)value);
}

static void put_date(struct kith_job *job, const void *value)
{
    kith_job_date(job, *(const int32_t *)value);
}

static void put_exit(struct kith_job *job, const void *value)
{
    date_or_null(job, *(const int32_t *)value, RISK_OPEN);
}

static const struct column day_columns[] = {
    {offsetof(struct risk_day_change, school_id), put_i8},
    {offsetof(struct risk_day_change, calendar_id), put_i8},
    {offsetof(struct risk_day_change, date), put_date},
    {offsetof(struct risk_day_change, instructional), put_bool},
    {0},
};
static const struct column enrollment_columns[] = {
    {offsetof(struct risk_enrollment_change, student_id), put_i8},
    {offsetof(struct risk_enrollment_change, school_id), put_i8},
    {offsetof(struct risk_enrollment_change, entry), put_date},
    {offsetof(struct risk_enrollment_change, exit), put_exit},
    {offsetof(struct risk_enrollment_change, calendar_id), put_i8},
    {0},
};
static const struct column mark_columns[] = {
    {offsetof(struct risk_mark_change, student_id), put_i8},
    {offsetof(struct risk_mark_change, mark.date), put_date},
    {offsetof(struct risk_mark_change, mark.place_id), put_i8},
    {offsetof(struct risk_mark_change, mark.session_id), put_i8},
    {offsetof(struct risk_mark_change, mark.category_id), put_i4},
    {offsetof(struct risk_mark_change, mark.school_id), put_i8},
    {offsetof(struct risk_mark_change, mark.kind), put_kind},
    {offsetof(struct risk_mark_change, section), put_bool},
    {0},
};

static void write_list(struct kith_job *job, int32_t district, const struct list *list, bool out)
{
    size_t n = 0;
    for (uint32_t i = 0; i < list->n; i++)
        n += *(const bool *)(list->rows + i * list->size + list->removed) == out;
    if (n == 0)
        return;
    kith_job_step(job, &risk_statements[out ? list->drop : list->put], NULL, NULL);
    kith_job_i4(job, district);
    for (size_t k = 0; list->columns[k].put && (!out || k < list->keys); k++) {
        kith_job_array(job, n);
        for (uint32_t i = 0; i < list->n; i++) {
            const char *row = list->rows + i * list->size;
            if (*(const bool *)(row + list->removed) == out)
                list->columns[k].put(job, row + list->columns[k].offset);
        }
    }
}

void risk_store_changes(struct kith_job *job, int32_t district, const struct risk_changes *c)
{
    const struct list lists[] = {
        {(const char *)c->days, c->n_days, sizeof(*c->days),
         offsetof(struct risk_day_change, removed), RISK_PUT_DAYS, RISK_DROP_DAYS, day_columns, 3},
        {(const char *)c->enrollments, c->n_enrollments, sizeof(*c->enrollments),
         offsetof(struct risk_enrollment_change, removed), RISK_PUT_ENROLLMENTS,
         RISK_DROP_ENROLLMENTS, enrollment_columns, 3},
        {(const char *)c->marks, c->n_marks, sizeof(*c->marks),
         offsetof(struct risk_mark_change, removed), RISK_PUT_MARKS, RISK_DROP_MARKS, mark_columns,
         5},
    };
    if (c->zone[0]) {
        kith_job_step(job, &risk_statements[RISK_PUT_DISTRICT], NULL, NULL);
        kith_job_i4(job, district);
        kith_job_text(job, c->zone);
        kith_job_text(job, c->precedence);
    }
    for (size_t i = 0; i < KITH_LEN(lists); i++) {
        write_list(job, district, &lists[i], true);
        write_list(job, district, &lists[i], false);
    }
}

struct kith_id risk_flag_id(int32_t district, const struct risk_flag *flag)
{
    struct kith_hasher h;
    kith_hash_begin(&h);
    kith_hash_text(&h, "flag");
    kith_hash_int(&h, district);
    kith_hash_int(&h, flag->student_id);
    kith_hash_int(&h, flag->school_id);
    kith_hash_int(&h, flag->rule);
    kith_hash_int(&h, flag->episode);
    return kith_hash_end(&h);
}

static void put_rule(struct kith_job *job, const void *value)
{
    kith_job_i2(job, (int16_t) * (const enum risk_rule *)value);
}

/* What stands in a flag itself, in the statement's order; its id stands
 * after the episode, its urgency after the threshold. */
static const struct column flag_columns[] = {
    {offsetof(struct risk_flag_turn, flag.student_id), put_i8},
    {offsetof(struct risk_flag_turn, flag.school_id), put_i8},
    {offsetof(struct risk_flag_turn, flag.rule), put_rule},
    {offsetof(struct risk_flag_turn, flag.episode), put_i4},
    {offsetof(struct risk_flag_turn, flag.since), put_date},
    {offsetof(struct risk_flag_turn, flag.value), put_i4},
    {offsetof(struct risk_flag_turn, flag.threshold), put_i4},
    {offsetof(struct risk_flag_turn, flag.open), put_bool},
};

static void put_flag_columns(struct kith_job *job, const struct risk_flag_turns *turns,
                             size_t first, size_t end)
{
    for (size_t k = first; k < end; k++) {
        kith_job_array(job, turns->n);
        for (uint32_t i = 0; i < turns->n; i++)
            flag_columns[k].put(job, (const char *)&turns->turn[i] + flag_columns[k].offset);
    }
}

void risk_store_flags(struct kith_job *job, int32_t district, int64_t at_us,
                      const struct risk_flag_turns *turns)
{
    if (turns->n == 0)
        return;
    kith_job_step(job, &risk_statements[RISK_PUT_FLAGS], NULL, NULL);
    kith_job_i4(job, district);
    kith_job_instant(job, at_us);
    put_flag_columns(job, turns, 0, 4);
    kith_job_array(job, turns->n);
    for (uint32_t i = 0; i < turns->n; i++) {
        struct kith_id id = risk_flag_id(district, &turns->turn[i].flag);
        kith_job_uuid(job, id.b);
    }
    put_flag_columns(job, turns, 4, 7);
    kith_job_array(job, turns->n);
    for (uint32_t i = 0; i < turns->n; i++)
        kith_job_i2(job, (int16_t)risk_urgency(turns->turn[i].flag.rule));
    put_flag_columns(job, turns, 7, KITH_LEN(flag_columns));
}

void risk_store_contact(struct kith_job *job, int32_t district, int64_t at_us,
                        const struct risk_contact *contact)
{
    kith_job_step(job, &risk_statements[RISK_PUT_CONTACT], NULL, NULL);
    kith_job_i4(job, district);
    kith_job_i8(job, contact->student_id);
    kith_job_date(job, contact->date);
    kith_job_uuid(job, contact->call_id);
    kith_job_text(job, contact->kind);
    kith_job_text(job, contact->by);
    kith_job_text(job, contact->note);
    kith_job_instant(job, at_us);
    kith_job_guard(job, KITH_EEXIST);
}

/* ---- for the command ---- */

static void on_flag_rows(void *ctx, const struct kith_rows *rows)
{
    struct risk_flag_query *q = ctx;
    for (size_t i = 0; i < kith_rows_n(rows); i++) {
        struct risk_flag_row row = {
            .flag = {.student_id = kith_rows_int(rows, i, 0),
                     .school_id = kith_rows_int(rows, i, 1),
                     .rule = (enum risk_rule)kith_rows_int(rows, i, 2),
                     .episode = (int32_t)kith_rows_int(rows, i, 3),
                     .since = (int32_t)kith_rows_int(rows, i, 4),
                     .value = (int32_t)kith_rows_int(rows, i, 5),
                     .threshold = (int32_t)kith_rows_int(rows, i, 6),
                     .open = kith_rows_bool(rows, i, 7)},
            .opened_us = kith_rows_int(rows, i, 8),
            .district = (int32_t)kith_rows_int(rows, i, 9),
        };
        q->fn(q->ctx, &row);
    }
}

void risk_store_list_flags(struct kith_job *job, int32_t district, bool all,
                           struct risk_flag_query *q)
{
    kith_job_step(job, &risk_console_statements[LIST_FLAGS], on_flag_rows, q);
    kith_job_i4(job, district);
    kith_job_bool(job, all);
}

static void on_district_list(void *ctx, const struct kith_rows *rows)
{
    struct risk_district_query *q = ctx;
    for (size_t i = 0; i < kith_rows_n(rows); i++) {
        struct risk_district_row row = {
            .district = (int32_t)kith_rows_int(rows, i, 0),
            .zone = "",
            .as_of = (int32_t)kith_rows_int(rows, i, 1),
        };
        q->fn(q->ctx, &row);
    }
}

void risk_store_list_districts(struct kith_job *job, struct risk_district_query *q)
{
    kith_job_step(job, &risk_console_statements[LIST_DISTRICTS], on_district_list, q);
}
