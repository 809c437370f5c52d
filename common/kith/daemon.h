/* SPDX-License-Identifier: Apache-2.0 */
/* The skeleton of a daemon: a daemon's main is data. Order of start: options, configuration, log, keys, loop, database (statements
 * checked), log taken over, bus (to others), spec.start, then the doors: own bus and http, sd_notify READY. SIGTERM/SIGINT drain (at most 5 s), SIGHUP reloads keys and
 * reloadable settings. /healthz (the loop turned within 5 s), /readyz (database reachable), /metrics on its http listener.
 *
 * Options: --config FILE (default $KITH_HOME/kith.conf), --check-config, --sample-config, --version, --help.
 * Stop: the pool is freed first (jobs under way are called back with KITH_EDB), then spec.stop, then the rest.
 * Configuration [common]: database, keys, log_level, clock_file, bus_ingest, bus_risk, bus_notification; in the daemon's own section:
 * http (listen address), database_connections, and the keys of spec.cfg.
 * Keys: <keys>/NAME.key (own pair, 0600); every NAME.pub there ("Z85 public key" on one line) is let in as "service:NAME", operator.pub as
 * "operator". */
#ifndef KITH_DAEMON_H
#define KITH_DAEMON_H

#include "kith/bus.h"
#include "kith/cfg.h"
#include "kith/db.h"
#include "kith/http.h"
#include "kith/loop.h"
#include "kith/stream.h"

struct kith_daemon;

/* ---- commands over the bus (proto Command), from peers whose user is "operator" ---- */
struct kith_call; /* one command being answered */
typedef void (*kith_command_fn)(void *ctx, struct kith_call *call);
struct kith_command {
    const char *verb;
    kith_command_fn fn;
};
/* Argument by name; NULL when absent. Borrowed until answered. */
const char *kith_call_arg(const struct kith_call *call, const char *name);
const uint8_t *
kith_call_id(const struct kith_call *call); /* 16 bytes: the client's id, for idempotency */
/* Build a table row by row: first the column names, then rows; NULL-terminated lists, copied. */
void kith_call_columns(struct kith_call *call, const char *const *names);
void kith_call_row(struct kith_call *call, const char *const *cells);
/* Answer; once; the call is gone after it. */
void kith_call_done(struct kith_call *call, const char *text);
void kith_call_refuse(struct kith_call *call, kith_err err, const char *text);

struct kith_daemon_spec {
    const char *name;                     /* "risk": section, key, schema, stream and log name */
    void *ctx;                            /* target of cfg, argument of all hooks */
    const struct kith_cfg_key *cfg;       /* NULL = none */
    const struct kith_stmt *statements;   /* the store's table, {0}-terminated */
    const struct kith_command *commands;  /* {0}-terminated; NULL = none */
    const struct kith_http_route *routes; /* {0}-terminated; NULL = none */
    /* Only the limits; listen and routes are set by the skeleton. May lie in ctx: settings are read before it is. NULL = defaults. */
    const struct kith_http_opts *http;
    /* Extra bus requests (EventBatch); NULL = answered with Error{MALFORMED}. */
    void (*on_request)(void *ctx, const struct kith_peer *peer, const kith_envelope *env);
    /* The undecodable frame of a peer that may push (for quarantine); NULL = only answered with Error. */
    void (*on_undecodable)(void *ctx, const struct kith_peer *peer, const uint8_t *data, size_t n,
                           kith_err err, const char *why);
    /* May a public key that is not in the keys folder come in? As kith_bus_allow_fn; NULL = no. */
    bool (*allow)(void *ctx, const char *public_key, char user[KITH_USER_MAX]);
    /* Everything of the skeleton is up but the doors: kith_daemon_server() and kith_daemon_http() are NULL until start has
     * returned. Fail with `why` to stop. */
    kith_err (*start)(struct kith_daemon *d, void *ctx, struct kith_why *why);
    /* SIGTERM: take no more work. Called once; then `idle` is asked every 20 ms until true or 5 s passed. */
    void (*drain)(void *ctx);
    bool (*idle)(void *ctx);
    void (*stop)(void *ctx); /* free everything that start made */
};

int kith_daemon_main(const struct kith_daemon_spec *spec, int argc, char **argv);

struct kith_loop *kith_daemon_loop(struct kith_daemon *d);
struct kith_db *kith_daemon_db(struct kith_daemon *d);
struct kith_bus *kith_daemon_bus(struct kith_daemon *d);
struct kith_bus_server *kith_daemon_server(struct kith_daemon *d);
struct kith_http *kith_daemon_http(struct kith_daemon *d);
struct kith_owner *kith_daemon_owner(struct kith_daemon *d); /* of this daemon's log */
/* Make a consumer of another daemon's log ("ingest"), with endpoint and key from the configuration. */
KITH_MUST_CHECK kith_err kith_daemon_consume(struct kith_daemon *d, const char *stream,
                                             uint32_t credit, kith_batch_fn fn, void *ctx,
                                             struct kith_consumer **ret, struct kith_why *why);
/* End the process with status 1 and this sentence (fenced, unrecoverable). Returns; the loop stops. */
void kith_daemon_fail(struct kith_daemon *d, kith_err err, const char *text);

/* ---- for command-line programs of a service: the same configuration and keys, as a client ---- */
struct kith_client;
/* Loads $KITH_HOME/kith.conf (or `config`), makes a loop and a bus with the operator's key. Errors: KITH_ECONFIG, KITH_EIO, KITH_EUNSAFE. */
KITH_MUST_CHECK kith_err kith_client_open(const char *config, struct kith_client **ret,
                                          struct kith_why *why);
struct kith_loop *kith_client_loop(struct kith_client *c);
struct kith_bus *kith_client_bus(struct kith_client *c);
/* A setting of [common] or of another section as text ("common", "database"), from environment, file or default; NULL when the
 * client knows none (defaults of a service's own settings). Borrowed. */
const char *kith_client_setting(struct kith_client *c, const char *section, const char *key);
/* Endpoint and public key (Z85) of a daemon's bus. Errors: KITH_ENOTFOUND. */
KITH_MUST_CHECK kith_err kith_client_peer(struct kith_client *c, const char *daemon,
                                          const char **endpoint, const char **public_key);
/* A pool with the console's role and these statements, ready; to be freed before the client. */
KITH_MUST_CHECK kith_err kith_client_db(struct kith_client *c, const struct kith_stmt *statements,
                                        struct kith_db **ret, struct kith_why *why);
/* Send one command (waiting 5 s for the daemon to let us in) and wait 10 s for its reply: args are name, value, ..., NULL. Returns KITH_OK also when the daemon refused: look at
 * reply status. The caller gives the envelope to kith_msg_free(). Sent once: after KITH_ETIMEOUT it may have been done or not.
 * Errors: KITH_ETIMEOUT the daemon does not answer, KITH_ENOTFOUND there is none, KITH_EDENIED. */
KITH_MUST_CHECK kith_err kith_client_command(struct kith_client *c, const char *daemon,
                                             const char *verb, const char *const *args,
                                             kith_envelope **ret, struct kith_why *why);
void kith_client_free(struct kith_client *c);
KITH_DEFINE_AUTO(kith_client)

#endif
