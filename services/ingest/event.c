/* SPDX-License-Identifier: Apache-2.0 */
#include "ingest/event.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ingest/canon.h"
#include "ingest/document.h"
#include "ingest/json.h"
#include "ingest/scalar.h"
#include "kith/cleanup.h"
#include "kith/clock.h"

#define BARE_NAMESPACE "uri://ed-fi.org/AttendanceEventCategoryDescriptor"

/* What has a column of its own or is part of the key; the rest is `extra`. */
static const char *const typed[] = {
    "attendanceEventCategoryDescriptor",
    "eventDate",
    "studentReference",
    "schoolReference",
    "sessionReference",
    "sectionReference",
    "attendanceEventReason",
    "arrivalTime",
    "departureTime",
};

/* The texts that the natural key is made of. */
struct key_texts {
    const char *student;
    const char *school;
    const char *year;
    const char *session;
    const char *course;
    const char *section;
};

static kith_err student_id(const char *unique_id, struct ingest_event *ret)
{
    return ingest_key_id(ingest_resource_find("students"), &unique_id, 1, &ret->student);
}

static kith_err session_ids(const struct key_texts *t, struct ingest_event *ret)
{
    const char *session[] = {t->school, t->year, t->session};
    kith_err err = ingest_key_id(ingest_resource_find("schools"), &t->school, 1, &ret->school);
    return err == KITH_OK
               ? ingest_key_id(ingest_resource_find("sessions"), session, 3, &ret->session)
               : err;
}

static kith_err section_id(const struct key_texts *t, struct ingest_event *ret)
{
    const char *place[] = {t->course, t->school, t->year, t->section, t->session};
    return ingest_key_id(ingest_resource_find("sections"), place, 5, &ret->place_section);
}

static kith_err key_ids(bool section, const struct key_texts *t, struct ingest_event *ret)
{
    ret->section = section;
    ret->place_section = (struct kith_id){{0}};
    kith_err err = student_id(t->student, ret);
    if (err == KITH_OK)
        err = session_ids(t, ret);
    return err == KITH_OK && section ? section_id(t, ret) : err;
}

void ingest_event_set_digest(struct ingest_event *e)
{
    struct kith_hasher h;
    kith_hash_begin(&h);
    kith_hash_int(&h, e->reason != NULL);
    kith_hash_text(&h, e->reason ? e->reason : "");
    kith_hash_int(&h, e->arrival_us);
    kith_hash_int(&h, e->departure_us);
    kith_hash_text(&h, e->extra ? e->extra : "");
    struct kith_id hash = kith_hash_end(&h);
    e->digest = ingest_digest(&hash);
}

/* "" is none. The length was checked before. */
static kith_err set_reason(struct ingest_event *e, const char *text)
{
    e->reason = text && *text ? strdup(text) : NULL;
    return text && *text && !e->reason ? KITH_ENOMEM : KITH_OK;
}

/* `*ret`: text of what is left in `body` beyond the typed fields; NULL when nothing is. */
static kith_err take_extra(json_t *body, char **ret)
{
    for (size_t i = 0; i < KITH_LEN(typed); i++)
        (void)json_object_del(body, typed[i]);
    *ret = NULL;
    if (json_object_size(body) == 0)
        return KITH_OK;
    *ret = ingest_canon_dump(body);
    return *ret ? KITH_OK : KITH_ENOMEM;
}

kith_err ingest_event_category(const char *text, char ret[static INGEST_CATEGORY_SIZE])
{
    assert(text);
    size_t n = strlen(text);
    char full[INGEST_CATEGORY_SIZE];
    if (n > 0 && !memchr(text, '#', n)) {
        int made = snprintf(full, sizeof(full), BARE_NAMESPACE "#%s", text);
        if ((size_t)made >= sizeof(full))
            return KITH_EINVAL;
        text = full;
        n = (size_t)made;
    }
    struct ingest_scalar s;
    if (n >= INGEST_CATEGORY_SIZE)
        return KITH_EINVAL;
    kith_err err = ingest_scalar_parse(INGEST_DESCRIPTOR, 0, true, text, n, &s, NULL);
    if (err == KITH_OK)
        memcpy(ret, text, n + 1);
    return err;
}

/* ---- from JSON ---- */

static int64_t canon_time(const json_t *body, const char *name)
{
    const char *text = json_string_value(json_object_get(body, name));
    struct ingest_scalar s;
    if (!text ||
        ingest_scalar_parse(INGEST_TIME, 0, false, text, strlen(text), &s, NULL) != KITH_OK)
        return INGEST_TIME_NONE;
    return s.integer;
}

static kith_err from_canon(const struct ingest_resource *r, json_t *body, struct ingest_event *e,
                           struct ingest_problems *why)
{
    bool section = r->attendance == INGEST_ATTENDANCE_SECTION;
    const char *place = section ? "sectionReference" : "sessionReference";
    char school[24];
    char year[24];
    const json_t *in = json_object_get(body, place);
    struct key_texts texts = {
        .student = json_string_value(
            json_object_get(json_object_get(body, "studentReference"), "studentUniqueId")),
        .school = ingest_canon_text(in, "schoolId", school),
        .year = ingest_canon_text(in, "schoolYear", year),
        .session = json_string_value(json_object_get(in, "sessionName")),
        .course = json_string_value(json_object_get(in, "localCourseCode")),
        .section = json_string_value(json_object_get(in, "sectionIdentifier")),
    };
    const char *date = json_string_value(json_object_get(body, "eventDate"));
    if (!date || kith_date_parse(date, &e->date) != KITH_OK ||
        key_ids(section, &texts, e) != KITH_OK)
        return KITH_EINTERNAL; /* the canonical form guarantees them */
    e->school_id = json_integer_value(json_object_get(in, "schoolId"));
    if (ingest_event_category(
            json_string_value(json_object_get(body, "attendanceEventCategoryDescriptor")),
            e->category) != KITH_OK) {
        ingest_problems_add(why, "$.attendanceEventCategoryDescriptor",
                            "attendanceEventCategoryDescriptor must have at most %d bytes.",
                            INGEST_CATEGORY_SIZE - 1);
        return KITH_EINVAL;
    }
    e->arrival_us = canon_time(body, "arrivalTime");
    e->departure_us = canon_time(body, "departureTime");
    kith_err err = set_reason(e, json_string_value(json_object_get(body, "attendanceEventReason")));
    if (err == KITH_OK)
        err = take_extra(body, &e->extra);
    if (err == KITH_OK)
        ingest_event_set_digest(e);
    else
        free(e->reason);
    return err;
}

static kith_err parse(const struct ingest_resource *r, const char *json, size_t n,
                      const struct kith_id *id, struct ingest_event *ret,
                      struct ingest_problems *why)
{
    assert(r && r->attendance != INGEST_ATTENDANCE_NONE && ret);
    struct ingest_canon c;
    kith_err err = ingest_canon_parse(r, json, n, id, &c, why);
    if (err != KITH_OK)
        return err;
    struct ingest_event e;
    err = from_canon(r, c.body, &e, why);
    ingest_canon_done(&c);
    if (err == KITH_OK)
        *ret = e;
    return err;
}

kith_err ingest_event_parse(const struct ingest_resource *r, const char *json, size_t n,
                            struct ingest_event *ret, struct ingest_problems *why)
{
    return parse(r, json, n, NULL, ret, why);
}

kith_err ingest_event_parse_put(const struct ingest_resource *r, const char *json, size_t n,
                                const struct kith_id *id, struct ingest_event *ret,
                                struct ingest_problems *why)
{
    assert(id);
    return parse(r, json, n, id, ret, why);
}

/* ---- from the native door ---- */

static kith_err native_time(const char *text, const char *name, int64_t *ret, struct kith_why *why)
{
    *ret = INGEST_TIME_NONE;
    if (!text || text[0] == '\0')
        return KITH_OK;
    struct ingest_scalar s;
    kith_err err = ingest_scalar_parse(INGEST_TIME, 0, false, text, strlen(text), &s, NULL);
    if (err == KITH_OK)
        *ret = s.integer;
    else
        kith_why_set(why, "%s must be a time as HH:MM:SS", name);
    return err;
}

static kith_err native_extra(const struct ingest_native *in, char **ret, struct kith_why *why)
{
    *ret = NULL;
    if (!in->extra_json || in->extra_json[0] == '\0')
        return KITH_OK;
    const struct ingest_resource *r = ingest_resource_find(
        in->section ? "studentSectionAttendanceEvents" : "studentSchoolAttendanceEvents");
    struct ingest_problems problems = {0};
    json_t *body = NULL;
    kith_err err = ingest_canon_part(r, in->extra_json, strlen(in->extra_json), &body, &problems);
    if (err == KITH_OK) {
        err = take_extra(body, ret);
        json_decref(body);
    } else if (err != KITH_ENOMEM) {
        err = KITH_EINVAL;
        struct kith_why inner;
        ingest_problems_why(&problems, &inner);
        kith_why_set(why, "extra_json: %s", inner.text);
    }
    return err;
}

static bool remembered(const char *memo, const char *text)
{
    return text && strcmp(memo, text) == 0;
}

/* False: too long to be remembered. */
static bool remember(char memo[static INGEST_MEMO_TEXT], const char *text)
{
    size_t n = strlen(text);
    if (n >= INGEST_MEMO_TEXT)
        return false;
    memcpy(memo, text, n + 1);
    return true;
}

/* The native message has numbers where the key has texts. */
struct number_texts {
    char school[24];
    char year[24];
};

static struct key_texts texts_of(const struct ingest_native *in, struct number_texts *n)
{
    (void)snprintf(n->school, sizeof(n->school), "%" PRId64, in->school_id);
    (void)snprintf(n->year, sizeof(n->year), "%" PRId32, in->school_year);
    return (struct key_texts){
        in->student_unique_id, n->school, n->year, in->session_name, in->local_course_code,
        in->section_identifier};
}

static kith_err memo_session(const struct ingest_native *in, struct ingest_memo *memo,
                             struct ingest_event *e)
{
    if (memo->has_session && memo->school_id == in->school_id &&
        memo->school_year == in->school_year && remembered(memo->session_name, in->session_name)) {
        e->school = memo->school;
        e->session = memo->session;
        return KITH_OK;
    }
    struct number_texts numbers;
    struct key_texts texts = texts_of(in, &numbers);
    kith_err err = session_ids(&texts, e);
    if (err != KITH_OK)
        return err;
    memo->has_section = false; /* its key holds the session's */
    memo->has_session = remember(memo->session_name, in->session_name);
    memo->school_id = in->school_id;
    memo->school_year = in->school_year;
    memo->school = e->school;
    memo->session = e->session;
    return KITH_OK;
}

static kith_err memo_section(const struct ingest_native *in, struct ingest_memo *memo,
                             struct ingest_event *e)
{
    if (memo->has_section && remembered(memo->local_course_code, in->local_course_code) &&
        remembered(memo->section_identifier, in->section_identifier)) {
        e->place_section = memo->section;
        return KITH_OK;
    }
    struct number_texts numbers;
    struct key_texts texts = texts_of(in, &numbers);
    kith_err err = section_id(&texts, e);
    if (err != KITH_OK)
        return err;
    memo->has_section = memo->has_session &&
                        remember(memo->local_course_code, in->local_course_code) &&
                        remember(memo->section_identifier, in->section_identifier);
    memo->section = e->place_section;
    return KITH_OK;
}

static kith_err native_ids(const struct ingest_native *in, struct ingest_event *e)
{
    struct ingest_memo none = {0};
    struct ingest_memo *memo = in->memo ? in->memo : &none;
    /* a number 0 is a field that was not set */
    if (in->school_id <= 0 || in->school_year <= 0)
        return KITH_EINVAL;
    e->section = in->section;
    e->place_section = (struct kith_id){{0}};
    kith_err err = student_id(in->student_unique_id, e);
    if (err == KITH_OK)
        err = memo_session(in, memo, e);
    return err == KITH_OK && in->section ? memo_section(in, memo, e) : err;
}

static kith_err native_key(const struct ingest_native *in, struct ingest_event *e,
                           struct kith_why *why)
{
    if (native_ids(in, e) != KITH_OK) {
        kith_why_set(why,
                     "student, school, school year, session%s: a part of the key is missing, "
                     "too long, or begins or ends with a blank",
                     in->section ? ", course or section" : "");
        return KITH_EINVAL;
    }
    if (in->date < kith_date_from_civil(1, 1, 1) || in->date > kith_date_from_civil(9999, 12, 31)) {
        kith_why_set(why, "event_date is out of range");
        return KITH_EINVAL;
    }
    e->school_id = in->school_id;
    e->date = in->date;
    if (ingest_event_category(in->category ? in->category : "", e->category) != KITH_OK) {
        kith_why_set(why, "category must be a descriptor as namespace#code, or its code");
        return KITH_EINVAL;
    }
    return KITH_OK;
}

/* Most events have nothing but their key, so the same digest. */
static void native_digest(struct ingest_memo *memo, struct ingest_event *e)
{
    bool plain = !e->reason && !e->extra && e->arrival_us == INGEST_TIME_NONE &&
                 e->departure_us == INGEST_TIME_NONE;
    if (!plain || !memo) {
        ingest_event_set_digest(e);
        return;
    }
    if (!memo->has_plain)
        ingest_event_set_digest(e);
    else
        e->digest = memo->plain;
    memo->has_plain = true;
    memo->plain = e->digest;
}

kith_err ingest_event_from_native(const struct ingest_native *in, struct ingest_event *ret,
                                  struct kith_why *why)
{
    assert(in && ret);
    struct ingest_event e;
    kith_err err = native_key(in, &e, why);
    if (err != KITH_OK)
        return err;
    const char *reason = in->reason ? in->reason : "";
    if (ingest_characters(reason, strlen(reason)) > 255 || strlen(reason) >= INGEST_REASON_SIZE) {
        kith_why_set(why, "reason must have at most 255 characters");
        return KITH_EINVAL;
    }
    e.extra = NULL;
    err = set_reason(&e, reason);
    if (err == KITH_OK)
        err = native_time(in->arrival_time, "arrival_time", &e.arrival_us, why);
    if (err == KITH_OK)
        err = native_time(in->departure_time, "departure_time", &e.departure_us, why);
    if (err == KITH_OK)
        err = native_extra(in, &e.extra, why);
    if (err != KITH_OK) {
        free(e.reason);
        return err;
    }
    native_digest(in->memo, &e);
    *ret = e;
    return KITH_OK;
}

void ingest_event_done(struct ingest_event *e)
{
    free(e->reason);
    free(e->extra);
    e->reason = NULL;
    e->extra = NULL;
}

/* ---- to JSON ---- */

static json_t *session_reference(const struct ingest_event_view *v)
{
    return json_pack("{s:I, s:i, s:s}", "schoolId", (json_int_t)v->school_id, "schoolYear",
                     (int)v->school_year, "sessionName", v->session_name);
}

static json_t *section_reference(const struct ingest_event_view *v)
{
    return json_pack("{s:s, s:I, s:i, s:s, s:s}", "localCourseCode", v->local_course_code,
                     "schoolId", (json_int_t)v->school_id, "schoolYear", (int)v->school_year,
                     "sectionIdentifier", v->section_identifier, "sessionName", v->session_name);
}

static int set_time(json_t *body, const char *name, int64_t us)
{
    if (us < 0)
        return 0;
    char text[16];
    ingest_time_format(us, text);
    return json_object_set_new(body, name, json_string(text));
}

static int set_optional(json_t *body, const char *name, const char *text)
{
    return text ? json_object_set_new(body, name, json_string(text)) : 0;
}

/* 0 = done; anything else = out of memory */
static int fill(const struct ingest_event_view *v, json_t *body)
{
    char date[11];
    kith_date_format(v->date, date);
    int bad = set_optional(body, "id", v->id);
    bad |= set_optional(body, "attendanceEventCategoryDescriptor", v->category);
    bad |= set_optional(body, "eventDate", date);
    if (v->section) {
        bad |= json_object_set_new(body, "sectionReference", section_reference(v));
    } else {
        bad |= json_object_set_new(body, "schoolReference",
                                   json_pack("{s:I}", "schoolId", (json_int_t)v->school_id));
        bad |= json_object_set_new(body, "sessionReference", session_reference(v));
    }
    bad |= json_object_set_new(body, "studentReference",
                               json_pack("{s:s}", "studentUniqueId", v->student_unique_id));
    bad |= set_optional(body, "attendanceEventReason", v->reason);
    bad |= set_time(body, "arrivalTime", v->arrival_us);
    bad |= set_time(body, "departureTime", v->departure_us);
    return bad;
}

kith_err ingest_event_json(const struct ingest_event_view *v, char **ret)
{
    assert(v && v->student_unique_id && v->session_name && v->category && ret);
    assert(!v->section || (v->local_course_code && v->section_identifier));
    json_t *extra = NULL;
    if (v->extra) {
        kith_err err = ingest_json_load(v->extra, strlen(v->extra), &extra, NULL);
        if (err != KITH_OK)
            return err == KITH_ENOMEM ? err : KITH_EINVAL;
    }
    json_t *body = json_object();
    int bad = body ? fill(v, body) : -1;
    if (bad == 0 && extra)
        bad = json_object_update_missing(body, extra);
    if (bad == 0)
        bad = set_optional(body, "_etag", v->etag);
    char *text =
        bad == 0 ? json_dumps(body, JSON_COMPACT | JSON_PRESERVE_ORDER | JSON_REAL_PRECISION(15))
                 : NULL;
    json_decref(extra);
    json_decref(body);
    if (!text)
        return KITH_ENOMEM;
    *ret = text;
    return KITH_OK;
}
