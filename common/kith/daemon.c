/* SPDX-License-Identifier: Apache-2.0 */
#include "kith/daemon.h"

#include <assert.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "kith/clock.h"
#include "kith/daemon_internal.h"

enum {
    DATABASE_WAIT_MS = 60000,
    DATABASE_SAY_MS = 5000,
    DATABASE_LOOK_MS = 100,
    START_TRIES = 20,
    TAKE_LOG_MS = 30000,
    TICK_MS = 1000,
    CLOCK_MS = 100,
    DRAIN_MS = 5000,
    DRAIN_ASK_MS = 20,
    /* when a connection ends, libzmq's client drops replies that it has received and nobody has read yet */
    DRAIN_READ_MS = 100
};

/* ---- failing ---- */

void kith_daemon_fail(struct kith_daemon *d, kith_err err, const char *text)
{
    if (!d->failed)
        kith_log(KITH_LOG_ERROR, "failed", KITH_ERR(err), KITH_STR("why", text));
    d->failed = true;
    if (d->loop)
        kith_loop_stop(d->loop);
}

/* ---- configuration ---- */

static void describe_settings(struct kith_daemon *d)
{
    const struct kith_daemon_spec *spec = d->spec;
    kith_own_settings_keys(spec->name, d->own_keys);
    kith_settings_foreign(spec->name, d->foreign);
    d->sections[0] = (struct kith_cfg_section){"common", kith_settings_keys, &d->settings};
    d->sections[1] = (struct kith_cfg_section){spec->name, d->own_keys, &d->own};
    if (spec->cfg)
        d->sections[2] = (struct kith_cfg_section){spec->name, spec->cfg, spec->ctx};
}

static kith_err load_settings(struct kith_daemon *d, struct kith_why *why)
{
    kith_err err = kith_settings_path(d->options.config, &d->config_path);
    if (err == KITH_OK)
        err = kith_cfg_load(d->sections, d->config_path, d->foreign, why);
    return err == KITH_OK ? kith_settings_check(&d->settings, why) : err;
}

/* `text` is the reason, if the function that failed gave one. */
static const char *reason(const struct kith_why *why, kith_err err)
{
    return why->text[0] ? why->text : kith_err_text(err);
}

static int check_config(struct kith_daemon *d)
{
    struct kith_why why = {""};
    kith_err err = load_settings(d, &why);
    if (err != KITH_OK) {
        (void)fprintf(stderr, "kith-%s: %s\n", d->spec->name, reason(&why, err));
        return 1;
    }
    printf("kith-%s: %s is good\n", d->spec->name, d->config_path ? d->config_path : "environment");
    return 0;
}

static int sample_config(struct kith_daemon *d)
{
    kith_auto_mem char *text = NULL;
    if (kith_cfg_sample(d->sections, &text) != KITH_OK)
        return 1;
    return fputs(text, stdout) >= 0 && fflush(stdout) == 0 ? 0 : 1;
}

/* ---- signals and drain ---- */

static void on_drain(void *ctx)
{
    struct kith_daemon *d = ctx;
    bool idle = !d->calls && kith_http_in_flight(d->http) == 0 &&
                (!d->spec->idle || d->spec->idle(d->spec->ctx));
    int64_t now_ms = kith_clock_mono_ms();
    if (!idle)
        d->busy_ms = now_ms;
    bool late = now_ms >= d->drain_until_ms;
    if (late && !idle)
        kith_log(KITH_LOG_WARN, "drain_cut_short", KITH_INT("after_ms", DRAIN_MS));
    if (late || now_ms - d->busy_ms >= DRAIN_READ_MS)
        kith_loop_stop(d->loop);
}

static void begin_drain(struct kith_daemon *d)
{
    kith_log(KITH_LOG_INFO, "draining", KITH_INT("pid", getpid()));
    kith_notify("STOPPING=1");
    d->busy_ms = kith_clock_mono_ms();
    d->drain_until_ms = d->busy_ms + DRAIN_MS;
    kith_bus_pause(d->server);
    kith_http_drain(d->http);
    kith_owner_drain(d->owner);
    if (d->spec->drain)
        d->spec->drain(d->spec->ctx);
    kith_timer_start(d->drain, 0, DRAIN_ASK_MS);
}

static void on_stop_signal(void *ctx)
{
    struct kith_daemon *d = ctx;
    bool again = d->stop_asked;
    d->stop_asked = true;
    if (again && d->serving)
        kith_loop_stop(d->loop); /* asked twice: at once */
    else if (d->serving)
        begin_drain(d);
}

static void on_reload_signal(void *ctx)
{
    struct kith_daemon *d = ctx;
    if (d->serving && !d->stop_asked)
        kith_daemon_reload(d);
}

/* ---- timers ---- */

static void on_tick(void *ctx)
{
    struct kith_daemon *d = ctx;
    int64_t now_ms = kith_clock_mono_ms();
    d->gap_ms = now_ms - d->ticked_ms;
    d->ticked_ms = now_ms;
}

static void on_clock(void *ctx)
{
    (void)ctx;
    kith_clock_poll();
}

static void on_watchdog(void *ctx)
{
    (void)ctx;
    kith_notify("WATCHDOG=1");
}

static kith_err open_timers(struct kith_daemon *d)
{
    kith_err err = kith_timer_new(d->loop, on_tick, d, &d->tick);
    if (err == KITH_OK)
        err = kith_timer_new(d->loop, on_clock, d, &d->clock);
    if (err == KITH_OK)
        err = kith_timer_new(d->loop, on_watchdog, d, &d->watchdog);
    if (err == KITH_OK)
        err = kith_timer_new(d->loop, on_drain, d, &d->drain);
    if (err != KITH_OK)
        return err;
    d->ticked_ms = kith_clock_mono_ms();
    kith_timer_start(d->tick, TICK_MS, TICK_MS);
    if (d->settings.clock_file[0])
        kith_timer_start(d->clock, CLOCK_MS, CLOCK_MS);
    int64_t watchdog_ms = kith_notify_watchdog_ms();
    if (watchdog_ms)
        kith_timer_start(d->watchdog, watchdog_ms, watchdog_ms);
    return KITH_OK;
}

/* ---- the steps of a start ---- */

static kith_err open_log(struct kith_daemon *d, struct kith_why *why)
{
    enum kith_log_level level;
    kith_err err = kith_log_level_parse(d->settings.log_level, &level);
    if (err != KITH_OK)
        return err;
    kith_log_init(d->spec->name, level);
    err = kith_clock_use_file(d->settings.clock_file);
    if (err != KITH_OK)
        kith_why_set(why, "[common] clock_file: %.150s: %s", d->settings.clock_file,
                     err == KITH_EIO ? "cannot be read"
                                     : "holds no instant, as 2026-09-14T15:00:00Z");
    return err;
}

static kith_err open_keys(struct kith_daemon *d, struct kith_why *why)
{
    kith_err err = kith_keyring_own(d->settings.keys, d->spec->name, &d->keys, why);
    return err == KITH_OK ? kith_keyring_load(d->settings.keys, &d->ring, why) : err;
}

static kith_err open_loop(struct kith_daemon *d, struct kith_why *why)
{
    (void)why;
    (void)signal(SIGPIPE, SIG_IGN);
    kith_err err = kith_loop_new(&d->loop);
    if (err == KITH_OK)
        err = kith_loop_on_signal(d->loop, SIGTERM, on_stop_signal, d);
    if (err == KITH_OK)
        err = kith_loop_on_signal(d->loop, SIGINT, on_stop_signal, d);
    if (err == KITH_OK)
        err = kith_loop_on_signal(d->loop, SIGHUP, on_reload_signal, d);
    return err == KITH_OK ? open_timers(d) : err;
}

/* Waits for at most 60 s, and says every 5 s what for. */
static kith_err wait_for_database(struct kith_daemon *d, struct kith_why *why)
{
    int64_t end_ms = kith_clock_mono_ms() + DATABASE_WAIT_MS;
    int64_t say_ms = kith_clock_mono_ms() + DATABASE_SAY_MS;
    for (;;) {
        kith_err err = kith_db_wait_ready(d->db, 1000, why);
        if (err == KITH_OK || err == KITH_ESCHEMA || d->stop_asked ||
            kith_clock_mono_ms() >= end_ms)
            return err;
        /* a refusal comes at once, and the pool tries again by itself: look again soon */
        if (kith_loop_run_until(d->loop, &d->stop_asked, DATABASE_LOOK_MS) == KITH_OK)
            return err;
        if (kith_clock_mono_ms() >= say_ms) {
            kith_log(KITH_LOG_WARN, "waiting_for_database", KITH_ERR(err),
                     KITH_STR("why", why->text));
            say_ms = kith_clock_mono_ms() + DATABASE_SAY_MS;
        }
    }
}

static kith_err open_database(struct kith_daemon *d, struct kith_why *why)
{
    kith_auto_mem char *conninfo = NULL;
    kith_err err = kith_settings_conninfo(&d->settings, d->spec->name, &conninfo);
    if (err != KITH_OK)
        return err;
    size_t n = 0;
    if (d->spec->statements)
        d->tables[n++] = d->spec->statements;
    d->tables[n] = kith_stream_statements;
    struct kith_db_opts opts = {.conninfo = conninfo,
                                .search_path = d->spec->name,
                                .connections = d->own.database_connections,
                                .tables = d->tables};
    err = kith_db_new(d->loop, &opts, &d->db);
    return err == KITH_OK ? wait_for_database(d, why) : err;
}

static kith_err take_log(struct kith_daemon *d, struct kith_why *why)
{
    struct kith_owner_opts opts = {.loop = d->loop, .db = d->db, .stream = d->spec->name};
    kith_err err = kith_owner_new(&opts, &d->owner);
    return err == KITH_OK ? kith_owner_take_all(d->owner, TAKE_LOG_MS, why) : err;
}

static bool on_allow(void *ctx, const char *public_key, char user[KITH_USER_MAX])
{
    struct kith_daemon *d = ctx;
    return kith_keyring_user(d->ring, public_key, user) ||
           (d->spec->allow && d->spec->allow(d->spec->ctx, public_key, user));
}

static kith_err open_bus(struct kith_daemon *d, struct kith_why *why)
{
    kith_err err = kith_bus_new(d->loop, &d->keys, on_allow, d, &d->bus);
    if (err == KITH_EUNSAFE)
        kith_why_set(why, "this libzmq has no CURVE or cannot enforce who comes in");
    return err;
}

static kith_err open_http(struct kith_daemon *d, struct kith_why *why)
{
    d->http_routes[0] = kith_daemon_pages;
    d->http_ctxs[0] = d;
    d->http_routes[1] = d->spec->routes;
    d->http_ctxs[1] = d->spec->ctx;
    struct kith_http_opts opts = {0};
    if (d->spec->http)
        opts = *d->spec->http;
    opts.listen = d->own.http;
    opts.routes = d->http_routes;
    opts.ctxs = d->http_ctxs;
    return kith_http_new(d->loop, &opts, &d->http, why);
}

static kith_err start_service(struct kith_daemon *d, struct kith_why *why)
{
    d->started = true; /* stop is due even when start failed half-way */
    return d->spec->start ? d->spec->start(d, d->spec->ctx, why) : KITH_OK;
}

/* The doors are opened last: who comes earlier finds nobody and soon tries again, but a key refused because its service has not read
 * yet whom it knows would stay away for 5 s, and a request would meet a service that is half there. */
static kith_err open_doors(struct kith_daemon *d, struct kith_why *why)
{
    const char *endpoint = kith_settings_bus(&d->settings, d->spec->name);
    if (!endpoint) {
        kith_why_set(why, "[common] has no bus_%s", d->spec->name);
        return KITH_ECONFIG;
    }
    kith_err err = kith_bus_serve(d->bus, endpoint, kith_daemon_on_request, d, &d->server, why);
    if (err == KITH_OK)
        err = open_http(d, why);
    d->serving = err == KITH_OK;
    return err;
}

/* ---- the whole ---- */

typedef kith_err (*start_step)(struct kith_daemon *d, struct kith_why *why);

static bool goes_on(const struct kith_daemon *d, kith_err err)
{
    return err == KITH_OK && !d->failed && !d->stop_asked;
}

static kith_err take_steps(struct kith_daemon *d, const start_step *steps, size_t n,
                           struct kith_why *why)
{
    kith_err err = KITH_OK;
    for (size_t i = 0; i < n && goes_on(d, err); i++)
        err = steps[i](d, why);
    return err;
}

/* The pool first: jobs under way are called back while everything they belong to is still there. */
static void free_service(struct kith_daemon *d)
{
    kith_db_free(d->db);
    d->db = NULL;
    if (d->started && d->spec->stop)
        d->spec->stop(d->spec->ctx);
    d->started = false;
    kith_daemon_drop_calls(d);
    for (size_t i = 0; i < KITH_CONSUMED_MAX; i++) {
        free(d->consumed_keys[i]);
        d->consumed_keys[i] = NULL;
    }
}

/* A database that goes away while the service reads what is committed is waited for, as one that is not there yet. */
static kith_err start(struct kith_daemon *d, struct kith_why *why)
{
    static const start_step first[] = {load_settings, open_log, open_keys, open_loop, open_bus};
    static const start_step second[] = {take_log, start_service};
    kith_err err = take_steps(d, first, KITH_LEN(first), why);
    for (int tries = 1; goes_on(d, err); tries++) {
        err = open_database(d, why);
        if (!goes_on(d, err))
            break;
        err = take_steps(d, second, KITH_LEN(second), why);
        if (goes_on(d, err))
            return open_doors(d, why);
        if (err != KITH_EDB || d->failed || d->stop_asked || tries == START_TRIES)
            break;
        kith_log(KITH_LOG_WARN, "starting_again", KITH_ERR(err), KITH_STR("why", why->text));
        free_service(d);
        kith_owner_free(d->owner);
        d->owner = NULL;
        err = KITH_OK;
    }
    return err;
}

static void serve(struct kith_daemon *d)
{
    kith_log(KITH_LOG_INFO, "started", KITH_INT("pid", getpid()), KITH_STR("version", KITH_VERSION),
             KITH_STR("http", kith_http_address(d->http)),
             KITH_STR("bus", kith_bus_server_endpoint(d->server)));
    kith_notify("READY=1");
    if (d->stop_asked)
        begin_drain(d); /* asked while the service started */
    kith_loop_run(d->loop);
}

static void finish(struct kith_daemon *d)
{
    free_service(d);
    kith_http_free(d->http);
    kith_owner_free(d->owner);
    kith_bus_server_free(d->server);
    kith_bus_free(d->bus);
    kith_timer_free(d->tick);
    kith_timer_free(d->clock);
    kith_timer_free(d->watchdog);
    kith_timer_free(d->drain);
    kith_loop_free(d->loop);
    kith_keyring_free(d->ring);
    explicit_bzero(&d->keys, sizeof(d->keys));
}

static int run(struct kith_daemon *d)
{
    kith_log_init(d->spec->name, KITH_LOG_INFO);
    struct kith_why why = {""};
    kith_err err = start(d, &why);
    if (d->stop_asked && !d->serving)
        kith_log(KITH_LOG_INFO, "stopped_while_starting", KITH_INT("pid", getpid()));
    else if (err != KITH_OK)
        kith_daemon_fail(d, err, reason(&why, err));
    else if (!d->failed)
        serve(d);
    finish(d);
    if (!d->failed)
        kith_log(KITH_LOG_INFO, "stopped", KITH_INT("pid", getpid()));
    return d->failed ? 1 : 0;
}

int kith_daemon_main(const struct kith_daemon_spec *spec, int argc, char **argv)
{
    assert(spec && spec->name);
    static struct kith_daemon d; /* one a process */
    d.spec = spec;
    describe_settings(&d);
    int status = 0;
    if (!kith_options_parse(&d.options, d.sections, spec->name, argc, argv, &status))
        return status;
    if (d.options.sample_config)
        status = sample_config(&d);
    else if (d.options.check_config)
        status = check_config(&d);
    else
        status = run(&d);
    kith_cfg_done(d.sections);
    free(d.config_path);
    return status;
}

/* ---- what services ask for ---- */

struct kith_loop *kith_daemon_loop(struct kith_daemon *d)
{
    return d->loop;
}

struct kith_db *kith_daemon_db(struct kith_daemon *d)
{
    return d->db;
}

struct kith_bus *kith_daemon_bus(struct kith_daemon *d)
{
    return d->bus;
}

struct kith_bus_server *kith_daemon_server(struct kith_daemon *d)
{
    return d->server;
}

struct kith_http *kith_daemon_http(struct kith_daemon *d)
{
    return d->http;
}

struct kith_owner *kith_daemon_owner(struct kith_daemon *d)
{
    return d->owner;
}

/* A copy that lives as long as the daemon. */
static char *keep_key(struct kith_daemon *d, const char *key)
{
    for (size_t i = 0; i < KITH_CONSUMED_MAX; i++) {
        if (!d->consumed_keys[i]) {
            d->consumed_keys[i] = strdup(key);
            return d->consumed_keys[i];
        }
    }
    return NULL;
}

kith_err kith_daemon_consume(struct kith_daemon *d, const char *stream, uint32_t credit,
                             kith_batch_fn fn, void *ctx, struct kith_consumer **ret,
                             struct kith_why *why)
{
    const char *endpoint = kith_settings_bus(&d->settings, stream);
    const char *key = kith_keyring_key(d->ring, stream);
    if (!endpoint || !key) {
        kith_why_set(why, "[common] %s of %s is needed to read its log",
                     endpoint ? "keys: the file NAME.pub" : "bus_NAME", stream);
        return KITH_ENOTFOUND;
    }
    struct kith_consumer_opts opts = {.loop = d->loop,
                                      .bus = d->bus,
                                      .db = d->db,
                                      .stream = stream,
                                      .endpoint = endpoint,
                                      .server_key = keep_key(d, key),
                                      .credit = credit,
                                      .on_batch = fn,
                                      .ctx = ctx};
    return opts.server_key ? kith_consumer_new(&opts, ret) : KITH_ENOMEM;
}
