/* SPDX-License-Identifier: Apache-2.0 */
/* Start and end of the daemon, the lanes, and whose turn it is in them. */
#include <stdio.h>
#include <string.h>

#include "kith/clock.h"
#include "kith/log.h"
#include "notification/route.h"
#include "notification/service_internal.h"

#define LANE_PAUSE_MS 250 /* after a failure of our own work (database away) */

/* ---- lanes ---- */

void notif_wake_at(struct notif_lane *lane, int64_t at_ms)
{
    if (lane->wake_ms != 0 && lane->wake_ms <= at_ms)
        return;
    lane->wake_ms = at_ms;
    int64_t after_ms = at_ms - kith_clock_mono_ms();
    kith_timer_start(lane->timer, after_ms > 0 ? after_ms : 0, 0);
}

static void on_lane_timer(void *ctx)
{
    struct notif_lane *lane = ctx;
    lane->wake_ms = 0;
    notif_pump(lane);
}

static struct notif_lane *find_lane(struct notif_service *s, int32_t district)
{
    for (struct notif_lane *l = s->lanes; l; l = l->next)
        if (l->district == district)
            return l;
    return NULL;
}

static kith_err need_lane(struct notif_service *s, int32_t district, struct notif_lane **ret)
{
    struct notif_lane *lane = find_lane(s, district);
    if (!lane) {
        lane = calloc(1, sizeof(*lane));
        if (!lane || kith_timer_new(kith_daemon_loop(s->daemon), on_lane_timer, lane,
                                    &lane->timer) != KITH_OK) {
            free(lane);
            return KITH_ENOMEM;
        }
        lane->service = s;
        lane->district = district;
        lane->resting.size = sizeof(struct notif_rest);
        lane->outcomes.size = sizeof(struct notif_outcome);
        lane->reload = true;
        lane->queued = true;
        lane->next = s->lanes;
        s->lanes = lane;
    }
    *ret = lane;
    return KITH_OK;
}

static void free_lane(struct notif_lane *lane)
{
    while (lane->mails)
        notif_forget_mail(lane->mails);
    for (struct notif_waiting *w = lane->ingest, *next; w; w = next) {
        next = w->next;
        free(w);
    }
    for (struct notif_waiting *w = lane->risk, *next; w; w = next) {
        next = w->next;
        free(w);
    }
    notif_list_done(&lane->resting);
    notif_list_done(&lane->outcomes);
    kith_timer_free(lane->timer);
    free(lane);
}

static void on_taken(void *ctx, kith_err err, const struct kith_why *why)
{
    struct notif_lane *lane = ctx;
    if (err == KITH_OK)
        lane->ours = true;
    notif_work_done(lane, "take_log", err, why);
}

static bool (*const turns[NOTIF_TURNS])(struct notif_lane *) = {
    [NOTIF_TURN_OUTCOMES] = notif_turn_outcomes,
    [NOTIF_TURN_INGEST] = notif_turn_ingest,
    [NOTIF_TURN_RISK] = notif_turn_risk,
    [NOTIF_TURN_MAIL] = notif_turn_mail,
};

void notif_pump(struct notif_lane *lane)
{
    struct notif_service *s = lane->service;
    if (lane->busy)
        return;
    if (lane->pause_ms > kith_clock_mono_ms()) {
        notif_wake_at(lane, lane->pause_ms);
        return;
    }
    lane->pause_ms = 0;
    lane->ours = lane->ours || kith_owner_has(s->owner, lane->district, 0);
    if (!lane->ours) {
        lane->busy = true;
        kith_owner_take(s->owner, lane->district, 0, on_taken, lane);
        return;
    }
    for (int i = 0; i < NOTIF_TURNS && !lane->busy; i++) {
        lane->turn = (lane->turn + 1) % NOTIF_TURNS;
        if (turns[lane->turn](lane))
            return;
    }
}

void notif_pump_all(struct notif_service *s)
{
    for (struct notif_lane *l = s->lanes; l; l = l->next)
        notif_pump(l);
}

void notif_work_done(struct notif_lane *lane, const char *what, kith_err err,
                     const struct kith_why *why)
{
    struct notif_service *s = lane->service;
    lane->busy = false;
    if (err == KITH_EFENCED) {
        kith_daemon_fail(s->daemon, err, "another notification daemon took over this log");
        return;
    }
    if (err != KITH_OK) {
        kith_log(KITH_LOG_WARN, "work_failed", KITH_STR("work", what),
                 KITH_INT("district", lane->district), KITH_ERR(err),
                 KITH_STR("why", why ? why->text : kith_err_text(err)));
        lane->pause_ms = kith_clock_mono_ms() + LANE_PAUSE_MS;
    }
    notif_pump(lane);
}

/* ---- batches ---- */

static kith_err wait_in(struct notif_waiting **list, const struct kith_batch *batch)
{
    struct notif_waiting *w = calloc(1, sizeof(*w));
    if (!w)
        return KITH_ENOMEM;
    w->batch = batch;
    while (*list)
        list = &(*list)->next;
    *list = w;
    return KITH_OK;
}

static void on_batch(struct notif_service *s, struct kith_consumer *c,
                     const struct kith_batch *batch, bool risk)
{
    struct notif_lane *lane = NULL;
    kith_err err = s->draining ? KITH_EBUSY : need_lane(s, batch->district, &lane);
    if (err == KITH_OK)
        err = wait_in(risk ? &lane->risk : &lane->ingest, batch);
    if (err != KITH_OK)
        kith_consumer_done(c, batch, err, batch->after_pos);
    else
        notif_pump(lane);
}

static void on_ingest_batch(void *ctx, struct kith_consumer *c, const struct kith_batch *batch)
{
    on_batch(ctx, c, batch, false);
}

static void on_risk_batch(void *ctx, struct kith_consumer *c, const struct kith_batch *batch)
{
    on_batch(ctx, c, batch, true);
}

static void give_back(struct kith_consumer *c, struct notif_waiting **list)
{
    while (*list) {
        struct notif_waiting *w = *list;
        *list = w->next;
        kith_consumer_done(c, w->batch, KITH_OK, w->batch->after_pos);
        free(w);
    }
}

/* ---- start ---- */

static void make_metrics(struct notif_metrics *m)
{
    m->open = kith_gauge("kith_notification_alerts_open", "Alerts that are open.", "");
    m->opened = kith_counter("kith_notification_alerts_opened_total", "Alerts opened.", "");
    m->resolved = kith_counter("kith_notification_alerts_resolved_total", "Alerts resolved.", "");
    m->unrouted = kith_counter("kith_notification_unrouted_total",
                               "Alerts for which not even the district's default adult has an "
                               "address; must stay 0.",
                               "");
    m->orphans = kith_counter("kith_notification_orphans_total",
                              "Flags cleared that were never raised here.", "");
    m->skipped_unknown = kith_counter("kith_notification_records_skipped_total",
                                      "Records left out.", "reason=\"unknown\"");
    m->skipped_bad = kith_counter("kith_notification_records_skipped_total", "Records left out.",
                                  "reason=\"bad\"");
    m->under_way = kith_gauge("kith_notification_mails_under_way",
                              "Mails between sending and their outcome.", "");
    m->latency = kith_histogram("kith_notification_flag_to_mail_seconds",
                                "From the record of a flag to the relay's 250 for its mail; the "
                                "oldest flag of each mail.",
                                "");
    for (int r = NOTIF_ACCEPTED; r <= NOTIF_AWAY; r++) {
        char label[64];
        (void)snprintf(label, sizeof(label), "outcome=\"%s\"",
                       notif_result_word((enum notif_result)r));
        m->results[r] =
            kith_counter("kith_notification_mails_total", "Mails by outcome of an attempt.", label);
    }
    m->cancelled = kith_counter("kith_notification_mails_total", "Mails by outcome of an attempt.",
                                "outcome=\"cancelled\"");
}

static kith_err check_settings(struct notif_service *s, struct kith_why *why)
{
    const struct notification *set = s->settings;
    if (!notif_address_ok(set->mail_from)) {
        kith_why_set(why, "[notification] mail_from: \"%s\" is not a plain address",
                     set->mail_from);
        return KITH_ECONFIG;
    }
    s->domain = set->mail_domain && set->mail_domain[0] ? set->mail_domain
                                                        : strchr(set->mail_from, '@') + 1;
    if (!notif_domain_ok(s->domain)) {
        kith_why_set(why, "[notification] mail_domain: \"%s\" is not a domain", s->domain);
        return KITH_ECONFIG;
    }
    if (!notif_link_ok(set->link_base)) {
        kith_why_set(why, "[notification] link_base: \"%s\" is not http://... or https://...",
                     set->link_base);
        return KITH_ECONFIG;
    }
    return KITH_OK;
}

struct startup {
    bool done;
    kith_err err;
    struct kith_why why;
    struct notif_read districts;
    int64_t open;
};

static void on_startup(void *ctx, kith_err err, const struct kith_why *why)
{
    struct startup *u = ctx;
    u->done = true;
    u->err = err != KITH_OK ? err : u->districts.err;
    if (why)
        u->why = *why;
}

static kith_err open_lanes(struct notif_service *s, const struct startup *u)
{
    kith_metric_set(s->metrics.open, (double)u->open);
    const int32_t *district = u->districts.list.items;
    kith_err err = KITH_OK;
    for (size_t i = 0; i < u->districts.list.n && err == KITH_OK; i++) {
        struct notif_lane *lane;
        err = need_lane(s, district[i], &lane);
    }
    return err;
}

/* A lane for each district where a former run left work. */
static kith_err take_over(struct notif_service *s, struct kith_why *why)
{
    struct startup u = {0};
    kith_auto(kith_job) job = NULL;
    kith_err err = kith_job_new(&job);
    if (err != KITH_OK)
        return err;
    notif_store_read_start(job, &u.districts, &u.open);
    err = kith_db_run(s->db, KITH_TAKE(job), on_startup, &u);
    while (err == KITH_OK && !u.done) { /* u is on the stack: no way out before on_startup */
        kith_err waited = kith_loop_run_until(kith_daemon_loop(s->daemon), &u.done, 10000);
        (void)waited; /* a database that does not answer ends the job itself */
    }
    if (err == KITH_OK && u.err != KITH_OK) {
        *why = u.why;
        err = u.err;
    }
    if (err == KITH_OK)
        err = open_lanes(s, &u);
    notif_list_done(&u.districts.list);
    return err;
}

static void on_relay_timer(void *ctx)
{
    struct notif_service *s = ctx;
    s->relay_away = false;
    notif_dispatch(s);
    notif_pump_all(s);
}

static kith_err open_service(struct notif_service *s, struct kith_why *why)
{
    const struct notification *set = s->settings;
    kith_err err = check_settings(s, why);
    if (err != KITH_OK)
        return err;
    struct notif_smtp_opts opts = {.loop = kith_daemon_loop(s->daemon),
                                   .relay = set->relay,
                                   .helo = s->domain,
                                   .user = set->smtp_user,
                                   .password_file = set->smtp_password_file,
                                   .ca_file = set->smtp_ca_file,
                                   .starttls = set->starttls,
                                   .connections = set->smtp_connections,
                                   .timeout_ms = set->smtp_timeout_ms};
    err = notif_smtp_new(&opts, &s->smtp, why);
    if (err == KITH_OK)
        err = kith_timer_new(opts.loop, on_relay_timer, s, &s->relay_timer);
    if (err == KITH_OK)
        err = take_over(s, why);
    if (err == KITH_OK)
        err = kith_daemon_consume(s->daemon, "ingest", 5000, on_ingest_batch, s, &s->ingest, why);
    if (err == KITH_OK)
        err = kith_daemon_consume(s->daemon, "risk", 1000, on_risk_batch, s, &s->risk, why);
    return err;
}

kith_err notif_start(struct kith_daemon *d, void *ctx, struct kith_why *why)
{
    struct notification *set = ctx;
    struct notif_service *s = calloc(1, sizeof(*s));
    if (!s)
        return KITH_ENOMEM;
    set->service = s;
    s->settings = set;
    s->daemon = d;
    s->db = kith_daemon_db(d);
    s->owner = kith_daemon_owner(d);
    make_metrics(&s->metrics);
    kith_err err = open_service(s, why);
    if (err != KITH_OK)
        notif_stop(set);
    else
        notif_pump_all(s);
    return err;
}

/* ---- end ---- */

void notif_drain(void *ctx)
{
    struct notif_service *s = ((struct notification *)ctx)->service;
    if (!s || !s->ingest || !s->risk)
        return; /* still starting */
    s->draining = true;
    kith_consumer_drain(s->ingest);
    kith_consumer_drain(s->risk);
    for (struct notif_lane *l = s->lanes; l; l = l->next) {
        give_back(s->ingest, &l->ingest);
        give_back(s->risk, &l->risk);
    }
    notif_drain_mails(s);
    notif_pump_all(s);
}

bool notif_idle(void *ctx)
{
    const struct notif_service *s = ((const struct notification *)ctx)->service;
    if (!s || !s->ingest || !s->risk)
        return true;
    for (const struct notif_lane *l = s->lanes; l; l = l->next)
        if (l->busy)
            return false;
    return notif_mails_idle(s) && kith_consumer_idle(s->ingest) && kith_consumer_idle(s->risk);
}

void notif_stop(void *ctx)
{
    struct notification *set = ctx;
    struct notif_service *s = set->service;
    if (!s)
        return;
    kith_consumer_free(s->ingest);
    kith_consumer_free(s->risk);
    notif_smtp_free(s->smtp);
    kith_timer_free(s->relay_timer);
    for (struct notif_lane *l = s->lanes, *next; l; l = next) {
        next = l->next;
        free_lane(l);
    }
    free(s);
    set->service = NULL;
}
