/* SPDX-License-Identifier: Apache-2.0 */
/* What the skeleton calls. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "kith/clock.h"
#include "kith/id.h"
#include "kith/log.h"
#include "risk/district.h"
#include "risk/risk.h"
#include "risk/store.h"

#define CREDIT   5000  /* records of a Fetch: a transaction of some ten thousand rows at most */
#define START_MS 30000 /* to ask the database for the districts */

static void on_batch(void *ctx, struct kith_consumer *c, const struct kith_batch *batch)
{
    struct risk *risk = ctx;
    struct risk_district *d = NULL;
    kith_err err = risk_district_get(risk, batch->district, &d);
    if (err != KITH_OK)
        kith_consumer_done(c, batch, err, 0);
    else
        risk_district_batch(d, c, batch);
}

static void on_timer(void *ctx)
{
    struct risk *risk = ctx;
    for (struct risk_district *d = risk->districts; d; d = risk_district_next(d))
        risk_district_tick(d);
}

/* ---- start and stop ---- */

struct starting {
    struct risk *risk;
    bool done;
    kith_err err;
    struct kith_why why;
};

static void on_district(void *ctx, const struct risk_district_row *row)
{
    struct starting *s = ctx;
    struct risk_district *d = NULL;
    if (s->err == KITH_OK)
        s->err = risk_district_get(s->risk, row->district, &d);
}

static void on_districts(void *ctx, kith_err err, const struct kith_why *why)
{
    struct starting *s = ctx;
    s->done = true;
    if (s->err == KITH_OK)
        s->err = err;
    if (err != KITH_OK && why)
        s->why = *why;
}

static kith_err find_districts(struct risk *risk, struct kith_why *why)
{
    static struct starting s; /* static: a pool that answers late finds them */
    static struct risk_district_query q = {on_district, &s};
    s = (struct starting){.risk = risk};
    struct kith_job *job = NULL;
    kith_err err = kith_job_new(&job);
    if (err != KITH_OK)
        return err;
    risk_store_districts(job, 0, &q);
    err = kith_db_run(risk->db, job, on_districts, &s);
    if (err == KITH_OK)
        err = kith_loop_run_until(risk->loop, &s.done, START_MS);
    if (err == KITH_OK && s.err != KITH_OK) {
        err = s.err;
        *why = s.why;
    }
    return err;
}

kith_err risk_start(struct kith_daemon *d, void *ctx, struct kith_why *why)
{
    struct risk *risk = ctx;
    if (risk->params.low_clear_permille < risk->params.low_permille) {
        kith_why_set(why, "[risk] low_attendance_clear is below low_attendance: a flag would be "
                          "raised and cleared at once");
        return KITH_ECONFIG;
    }
    risk->daemon = d;
    risk->loop = kith_daemon_loop(d);
    risk->db = kith_daemon_db(d);
    risk->owner = kith_daemon_owner(d);
    kith_err err = kith_timer_new(risk->loop, on_timer, risk, &risk->timer);
    if (err == KITH_OK)
        err = find_districts(risk, why);
    if (err == KITH_OK)
        err = kith_daemon_consume(d, "ingest", CREDIT, on_batch, risk, &risk->ingest, why);
    if (err == KITH_OK)
        kith_timer_start(risk->timer, 0, risk->sweep_every_ms);
    return err;
}

void risk_drain(void *ctx)
{
    struct risk *risk = ctx;
    risk->draining = true;
    kith_timer_stop(risk->timer);
    kith_consumer_drain(risk->ingest);
}

bool risk_idle(void *ctx)
{
    struct risk *risk = ctx;
    for (struct risk_district *d = risk->districts; d; d = risk_district_next(d)) {
        if (!risk_district_idle(d))
            return false;
    }
    return kith_consumer_idle(risk->ingest);
}

void risk_stop(void *ctx)
{
    struct risk *risk = ctx;
    kith_timer_free(risk->timer);
    risk->timer = NULL;
    risk_districts_free(risk);
    kith_consumer_free(risk->ingest);
    risk->ingest = NULL;
}

/* ---- contact.add ---- */

/* A positive number. */
static bool number_arg(const struct kith_call *call, const char *name, int64_t max, int64_t *ret)
{
    const char *text = kith_call_arg(call, name);
    if (!text || text[0] < '1' || text[0] > '9')
        return false;
    char *end = NULL;
    errno = 0;
    long long value = strtoll(text, &end, 10);
    if (errno != 0 || *end != '\0' || value > max)
        return false;
    *ret = value;
    return true;
}

/* Between 1 and `max` bytes. */
static const char *text_arg(const struct kith_call *call, const char *name, size_t max)
{
    const char *text = kith_call_arg(call, name);
    return text && text[0] && strlen(text) <= max ? text : NULL;
}

static bool kind_ok(const char *kind)
{
    static const char *const kinds[] = {"conversation", "call", "visit", "message"};
    for (size_t i = 0; kind && i < KITH_LEN(kinds); i++) {
        if (strcmp(kind, kinds[i]) == 0)
            return true;
    }
    return false;
}

/* NULL, or what is wrong. */
static const char *read_contact(const struct kith_call *call, struct risk_contact *contact,
                                int64_t *district)
{
    const char *date = kith_call_arg(call, "date");
    if (!number_arg(call, "district", INT32_MAX, district))
        return "district: a number is needed, as in `kith district list`";
    if (!number_arg(call, "student", INT64_MAX, &contact->student_id))
        return "student: Kith's number of the student is needed, as in `kith risk list`";
    if (!date || kith_date_parse(date, &contact->date) != KITH_OK)
        return "date: a day as YYYY-MM-DD is needed";
    contact->kind = kith_call_arg(call, "kind");
    if (!kind_ok(contact->kind))
        return "kind: one of conversation, call, visit, message is needed";
    contact->by = text_arg(call, "by", 200);
    if (!contact->by)
        return "by: who spoke with the student is needed, at most 200 bytes";
    const char *note = kith_call_arg(call, "note");
    contact->note = note && note[0] ? note : NULL;
    if (contact->note && strlen(contact->note) > 2000)
        return "note: at most 2,000 bytes";
    memcpy(contact->call_id, kith_call_id(call), sizeof(contact->call_id));
    /* a sender that may send the same contact again in another call names it itself */
    const char *name = kith_call_arg(call, "id");
    struct kith_id id;
    if (name && kith_id_parse(name, &id) != KITH_OK)
        return "id: 32 hexadecimal digits";
    if (name)
        memcpy(contact->call_id, id.b, sizeof(contact->call_id));
    return NULL;
}

void risk_on_contact_add(void *ctx, struct kith_call *call)
{
    struct risk *risk = ctx;
    struct risk_contact contact = {0};
    int64_t district = 0;
    const char *wrong = read_contact(call, &contact, &district);
    if (wrong) {
        kith_call_refuse(call, KITH_EINVAL, wrong);
        return;
    }
    struct risk_district *d = risk_district_find(risk, (int32_t)district);
    if (!d)
        kith_call_refuse(call, KITH_ENOTFOUND, "risk has heard nothing of this district");
    else
        risk_district_contact(d, call, &contact);
}
