/* SPDX-License-Identifier: Apache-2.0 */
/* Commands of the operator: districts, keys, meanings of descriptors, quarantine. Each is answered after its COMMIT. */
#include <ctype.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ingest/handlers_feeds.h"
#include "ingest/ingest.h"
#include "ingest/store.h"
#include "kith/clock.h"
#include "kith/msg.h"
#include "kith/v1/records.pb-c.h"

/* Until connections are ended after a key is revoked: the operator's own would end with its answer unread. */
#define EXPEL_MS 250

struct admin {
    struct ingest *ingest;
    struct kith_call *call;
    /* district.create */
    struct ingest_district shape; /* borrowed strings of the call */
    /* key.new, key.revoke */
    struct ingest_client client;
    char secret[44];
    /* meaning.set */
    int32_t district;
};

static struct admin *admin_begin(void *ctx, struct kith_call *call)
{
    struct admin *a = calloc(1, sizeof(*a));
    if (!a) {
        kith_call_refuse(call, KITH_ENOMEM, "out of memory");
        return NULL;
    }
    a->ingest = ctx;
    a->call = call;
    return a;
}

static void admin_end(struct admin *a)
{
    sodium_memzero(a->secret, sizeof(a->secret));
    free(a);
}

static void refuse(struct admin *a, kith_err err, const char *text)
{
    kith_call_refuse(a->call, err, text);
    admin_end(a);
}

/* For what one transaction writes. It is fenced: a daemon that was replaced would tell its own memory and not its successor's. NULL: the
 * call was refused. */
static struct admin *admin_job(void *ctx, struct kith_call *call, int32_t district,
                               struct kith_job **job)
{
    struct admin *a = admin_begin(ctx, call);
    if (!a)
        return NULL;
    if (kith_job_new(job) != KITH_OK) {
        refuse(a, KITH_ENOMEM, "out of memory");
        return NULL;
    }
    struct kith_owner *owner = kith_daemon_owner(a->ingest->daemon);
    ingest_store_owned(*job, district, kith_owner_epoch(owner, district, 0));
    return a;
}

static const char *text_arg(struct kith_call *call, const char *name, size_t max)
{
    const char *text = kith_call_arg(call, name);
    return text && *text && strlen(text) <= max ? text : NULL;
}

static int32_t int_arg(struct kith_call *call, const char *name)
{
    const char *text = kith_call_arg(call, name);
    char *end = NULL;
    long value = text ? strtol(text, &end, 10) : 0;
    return end && *end == '\0' && value > 0 && value < INT32_MAX ? (int32_t)value : 0;
}

static struct ingest_district *district_arg(struct ingest *ingest, struct kith_call *call)
{
    struct ingest_district *d = ingest_districts_find(ingest->districts, int_arg(call, "district"));
    if (!d)
        kith_call_refuse(call, KITH_ENOTFOUND,
                         "no such district; `kith district list` shows those there are");
    return d;
}

static void run(struct admin *a, struct kith_job *job, kith_db_done_fn done)
{
    kith_err err = kith_db_run(kith_daemon_db(a->ingest->daemon), job, done, a);
    if (err != KITH_OK)
        refuse(a, err, kith_err_advice(err));
}

/* ---- districts ---- */

static void district_row(struct kith_call *call, const struct ingest_district *d)
{
    char id[16];
    (void)snprintf(id, sizeof(id), "%d", d->id);
    kith_call_row(call, (const char *const[]){id, d->name, d->time_zone, d->default_email, NULL});
}

static const char *const district_columns[] = {"district", "name", "time_zone", "default_email",
                                               NULL};

static void district_list(void *ctx, struct kith_call *call)
{
    struct ingest *ingest = ctx;
    kith_call_columns(call, district_columns);
    for (size_t i = 0; i < ingest_districts_n(ingest->districts); i++)
        district_row(call, ingest_districts_at(ingest->districts, i));
    kith_call_done(call, "");
}

static void district_created(void *ctx, kith_err err, const struct kith_why *why)
{
    struct admin *a = ctx;
    struct ingest_district *d = NULL;
    if (err != KITH_OK) {
        refuse(a, err,
               err == KITH_EINVAL ? "the time zone is not one that PostgreSQL knows, or the "
                                    "district exists; use a name such as America/Chicago"
                                  : why->text);
        return;
    }
    err = ingest_districts_add(a->ingest->districts, a->shape.id, a->shape.name, a->shape.time_zone,
                               a->shape.default_email, &d);
    for (size_t i = 0; ingest_default_meanings[i].kind && err == KITH_OK; i++)
        err = ingest_district_set_meaning(d, ingest_default_meanings[i].kind,
                                          ingest_default_meanings[i].code,
                                          ingest_default_meanings[i].meaning);
    if (err == KITH_OK)
        err = ingest_writer_add(a->ingest->writer, d);
    if (err !=
        KITH_OK) { /* committed, but this process cannot hold it: start again from the database */
        kith_daemon_fail(a->ingest->daemon, err, "a new district could not be taken into memory");
        refuse(a, err, "created; the daemon starts again");
        return;
    }
    kith_owner_committed(kith_daemon_owner(a->ingest->daemon), d->id, 0, 0);
    kith_call_columns(a->call, district_columns);
    district_row(a->call, d);
    kith_call_done(a->call, "created");
    admin_end(a);
}

/* The shard is ours: write the district, its meanings and its first log record together. */
static void district_taken(void *ctx, kith_err err, const struct kith_why *why)
{
    struct admin *a = ctx;
    struct kith_job *job = NULL;
    struct kith_bytes record = {0};
    if (err == KITH_OK)
        err = kith_job_new(&job);
    if (err == KITH_OK)
        err = ingest_record_district(&a->shape, &record);
    if (err != KITH_OK) {
        kith_job_free(job);
        refuse(a, err, why ? why->text : kith_err_text(err));
        return;
    }
    int64_t now = kith_clock_now_us();
    ingest_store_zone_exists(job, a->shape.time_zone);
    ingest_store_district_insert(job, &a->shape, now);
    ingest_store_default_meanings(job, a->shape.id);
    kith_owner_append(kith_daemon_owner(a->ingest->daemon), job, a->shape.id, 0,
                      KITH__V1__RECORD_TYPE__DISTRICT_CHANGED, 1, now, record.data, record.n);
    kith_bytes_done(&record);
    run(a, job, district_created);
}

static int32_t next_district(struct ingest *ingest)
{
    int32_t top = 0;
    for (size_t i = 0; i < ingest_districts_n(ingest->districts); i++)
        if (ingest_districts_at(ingest->districts, i)->id > top)
            top = ingest_districts_at(ingest->districts, i)->id;
    return top + 1;
}

/* Idempotent by name: the same district again answers with the one there is. */
static void district_create(void *ctx, struct kith_call *call)
{
    struct ingest *ingest = ctx;
    const char *name = text_arg(call, "name", 200);
    const char *zone = text_arg(call, "time_zone", 64);
    const char *email = text_arg(call, "default_email", 254);
    if (!name || !zone || !email || !strchr(email, '@')) {
        kith_call_refuse(call, KITH_EINVAL,
                         "a district needs a name, a time zone and the e-mail address of the adult "
                         "of last resort");
        return;
    }
    for (size_t i = 0; i < ingest_districts_n(ingest->districts); i++) {
        struct ingest_district *d = ingest_districts_at(ingest->districts, i);
        if (strcmp(d->name, name) != 0)
            continue;
        kith_call_columns(call, district_columns);
        district_row(call, d);
        kith_call_done(call, "exists");
        return;
    }
    struct admin *a = admin_begin(ctx, call);
    if (!a)
        return;
    int32_t asked = int_arg(call, "district");
    a->shape = (struct ingest_district){.id = asked ? asked : next_district(ingest),
                                        .name = (char *)name,
                                        .time_zone = (char *)zone,
                                        .default_email = (char *)email};
    if (ingest_districts_find(ingest->districts, a->shape.id))
        refuse(a, KITH_EEXIST, "this district number is taken");
    else
        kith_owner_take(kith_daemon_owner(ingest->daemon), a->shape.id, 0, district_taken, a);
}

/* ---- keys ---- */

static const char *const key_columns[] = {"client_id", "kind",  "district", "label",
                                          "created",   "state", NULL};

static void key_row(struct kith_call *call, const struct ingest_client *c)
{
    char district[16];
    char created[25];
    (void)snprintf(district, sizeof(district), "%d", c->district);
    kith_instant_format(c->created_us, created);
    kith_call_row(call, (const char *const[]){c->id, c->native ? "zmq" : "http", district, c->label,
                                              created, c->revoked ? "revoked" : "active", NULL});
}

static void key_list(void *ctx, struct kith_call *call)
{
    struct ingest *ingest = ctx;
    kith_call_columns(call, key_columns);
    for (size_t i = 0; i < ingest_clients_n(ingest->districts); i++)
        key_row(call, ingest_clients_at(ingest->districts, i));
    kith_call_done(call, "");
}

static void key_made(void *ctx, kith_err err, const struct kith_why *why)
{
    struct admin *a = ctx;
    if (err == KITH_OK)
        err = ingest_clients_put(a->ingest->districts, &a->client);
    if (err != KITH_OK) {
        refuse(a, err, why ? why->text : kith_err_text(err));
        return;
    }
    kith_call_columns(a->call, (const char *const[]){"client_id", "client_secret", "kind", NULL});
    kith_call_row(a->call, (const char *const[]){a->client.id,
                                                 a->client.native ? a->client.curve_key : a->secret,
                                                 a->client.native ? "zmq" : "http", NULL});
    kith_call_done(a->call, a->client.native
                                ? "registered"
                                : "keep the secret: it is shown once and stored only as a hash");
    admin_end(a);
}

static bool label_ok(const char *label)
{
    for (; label && *label; label++)
        if (!isalnum((unsigned char)*label) && !strchr(" -_.", *label))
            return false;
    return label != NULL;
}

/* kind http: a client id and secret are made; kind zmq: the sender's public CURVE key is registered (made and kept by the sender). */
static void key_new(void *ctx, struct kith_call *call)
{
    struct ingest *ingest = ctx;
    struct ingest_district *d = district_arg(ingest, call);
    if (!d)
        return;
    const char *label = text_arg(call, "label", INGEST_CLIENT - 1);
    const char *curve = kith_call_arg(call, "curve_key");
    if (!label_ok(label) || (curve && strlen(curve) != KITH_KEY_TEXT - 1)) {
        kith_call_refuse(
            call, KITH_EINVAL,
            "a key needs a label of letters, digits, blank, dot, dash or underscore; a "
            "CURVE key has 40 characters of Z85");
        return;
    }
    if (curve && ingest_clients_by_key(ingest->districts, curve)) {
        kith_call_refuse(call, KITH_EEXIST, "this CURVE key is registered already");
        return;
    }
    struct kith_job *job = NULL;
    struct admin *a = admin_job(ctx, call, d->id, &job);
    if (!a)
        return;
    unsigned char random[8];
    char hex[17];
    randombytes_buf(random, sizeof(random));
    (void)sodium_bin2hex(hex, sizeof(hex), random, sizeof(random));
    a->client.district = d->id;
    (void)snprintf(a->client.id, sizeof(a->client.id), "d%d-%s", d->id, hex);
    (void)snprintf(a->client.label, sizeof(a->client.label), "%s", label);
    a->client.native = curve != NULL;
    a->client.created_us = kith_clock_now_us();
    if (curve)
        (void)snprintf(a->client.curve_key, sizeof(a->client.curve_key), "%s", curve);
    else {
        ingest_secret_make(a->secret);
        ingest_secret_hash(a->secret, a->client.secret);
    }
    ingest_store_client_insert(job, &a->client);
    run(a, job, key_made);
}

void ingest_expel(void *ctx)
{
    struct ingest *ingest = ctx;
    kith_err err = kith_bus_rehandshake(kith_daemon_server(ingest->daemon));
    if (err != KITH_OK)
        kith_daemon_fail(ingest->daemon, err, "cannot listen for messages again");
}

static void key_revoked(void *ctx, kith_err err, const struct kith_why *why)
{
    struct admin *a = ctx;
    if (err == KITH_OK) {
        a->client.revoked = true;
        err = ingest_clients_put(a->ingest->districts, &a->client);
    }
    /* from now on its batches are refused; its open connection ends when the operator has this answer */
    if (err == KITH_OK && a->client.native)
        kith_timer_start(a->ingest->expel, EXPEL_MS, 0);
    if (err != KITH_OK) {
        refuse(a, err, why ? why->text : kith_err_text(err));
        return;
    }
    kith_call_done(a->call, "revoked");
    admin_end(a);
}

static void key_revoke(void *ctx, struct kith_call *call)
{
    struct ingest *ingest = ctx;
    const char *id = kith_call_arg(call, "client_id");
    const struct ingest_client *c = id ? ingest_clients_find(ingest->districts, id) : NULL;
    if (!c) {
        kith_call_refuse(call, KITH_ENOTFOUND,
                         "no such key; `kith key list` shows those there are");
        return;
    }
    struct kith_job *job = NULL;
    struct admin *a = admin_job(ctx, call, c->district, &job);
    if (!a)
        return;
    a->client = *c;
    ingest_store_client_revoke(job, c->district, c->id, kith_clock_now_us());
    run(a, job, key_revoked);
}

/* ---- meanings ---- */

static void meaning_set_done(void *ctx, kith_err err, const struct kith_why *why)
{
    struct admin *a = ctx;
    struct ingest_district *d = ingest_districts_find(a->ingest->districts, a->district);
    if (err == KITH_OK)
        err = ingest_district_set_meaning(d, kith_call_arg(a->call, "kind"),
                                          kith_call_arg(a->call, "code"),
                                          kith_call_arg(a->call, "meaning"));
    if (err != KITH_OK) {
        refuse(a, err, why ? why->text : kith_err_text(err));
        return;
    }
    kith_call_done(a->call, "set; it holds for what is pushed from now on");
    admin_end(a);
}

static void meaning_set(void *ctx, struct kith_call *call)
{
    struct ingest_district *d = district_arg(ctx, call);
    if (!d)
        return;
    const char *kind = text_arg(call, "kind", 20);
    const char *code = text_arg(call, "code", 50);
    const char *meaning = text_arg(call, "meaning", 40);
    if (!kind || !code || !meaning || !ingest_meaning_valid(kind, meaning)) {
        kith_call_refuse(
            call, KITH_EINVAL,
            "give kind (attendance, calendar, staff, cohort), a descriptor's code and a "
            "meaning that this kind has, e.g. attendance \"Suspended\" absent_excused");
        return;
    }
    struct kith_job *job = NULL;
    struct admin *a = admin_job(ctx, call, d->id, &job);
    if (!a)
        return;
    a->district = d->id;
    ingest_store_meaning(job, d->id, kind, code, meaning);
    run(a, job, meaning_set_done);
}

/* ---- students ---- */

/* Kith's number of a student whom an operator names as the SIS does; only numbers go further. */
static void student_find(void *ctx, struct kith_call *call)
{
    struct ingest_district *d = district_arg(ctx, call);
    if (!d)
        return;
    const char *unique = text_arg(call, "student_unique_id", 32);
    const struct ingest_resource *r = ingest_resource_find("students");
    struct kith_id id;
    const struct ingest_known_row *row = NULL;
    if (unique && ingest_key_id(r, &unique, 1, &id) == KITH_OK)
        row = ingest_district_present(d, &id);
    if (!row) {
        kith_call_refuse(call, KITH_ENOTFOUND, "no student with this studentUniqueId was sent");
        return;
    }
    char num[24];
    (void)snprintf(num, sizeof(num), "%lld", (long long)row->num);
    kith_call_columns(call, (const char *const[]){"student_id", NULL});
    kith_call_row(call, (const char *const[]){num, NULL});
    kith_call_done(call, "");
}

const struct kith_command ingest_commands[] = {
    {"district.create", district_create},
    {"district.list", district_list},
    {"key.new", key_new},
    {"key.list", key_list},
    {"key.revoke", key_revoke},
    {"meaning.set", meaning_set},
    {"student.find", student_find},
    {"ingest.health", ingest_feeds_health},
    {"ingest.counts", ingest_feeds_counts},
    {"policy.set", ingest_feeds_policy_set},
    {"policy.list", ingest_feeds_policy_list},
    {0},
};
