/* SPDX-License-Identifier: Apache-2.0 */
/* The parts of the daemon skeleton: daemon.c (start, drain, stop), daemon_options.c (command line), daemon_settings.c ([common] and
 * what follows from it), daemon_keys.c (the keys folder), daemon_requests.c (bus requests and commands), daemon_health.c (the three
 * pages), daemon_reload.c (SIGHUP), daemon_notify.c (systemd). daemon_client.c uses settings and keys too. */
#ifndef KITH_DAEMON_INTERNAL_H
#define KITH_DAEMON_INTERNAL_H

#include "kith/daemon.h"
#include "kith/log.h"

/* ---- settings ---- */

struct kith_settings {
    char *database;
    char *keys;
    char *log_level;
    char *clock_file;
    char *bus_ingest;
    char *bus_risk;
    char *bus_notification;
};
extern const struct kith_cfg_key kith_settings_keys[];

/* The skeleton's keys in the daemon's own section. */
struct kith_own_settings {
    char *http;
    uint32_t database_connections;
};
#define KITH_OWN_KEYS 3
/* `daemon` decides the default of http. */
void kith_own_settings_keys(const char *daemon, struct kith_cfg_key keys[KITH_OWN_KEYS]);

#define KITH_FOREIGN_MAX 8
/* Names of the other daemons' sections; `own` may be NULL. */
void kith_settings_foreign(const char *own, const char *foreign[KITH_FOREIGN_MAX]);
/* `option`, else $KITH_HOME/kith.conf, else NULL (environment only). The caller frees. Errors: KITH_ENOMEM. */
KITH_MUST_CHECK kith_err kith_settings_path(const char *option, char **ret);
/* What the types cannot say. Errors: KITH_ECONFIG. */
KITH_MUST_CHECK kith_err kith_settings_check(const struct kith_settings *s, struct kith_why *why);
/* Endpoint of a daemon's bus; NULL = there is no such daemon. Borrowed. */
const char *kith_settings_bus(const struct kith_settings *s, const char *daemon);
/* libpq string for the role kith_NAME. The caller frees. Errors: KITH_ENOMEM. */
KITH_MUST_CHECK kith_err kith_settings_conninfo(const struct kith_settings *s, const char *name,
                                                char **ret);
/* "127.0.0.1:7411" for ingest, and so on; any free port for an unknown name. Static storage. */
const char *kith_settings_http(const char *daemon);

/* ---- keys ---- */

struct kith_keyring;
/* Reads every NAME.pub of the folder. Errors: KITH_EIO, KITH_EUNSAFE others may write there, KITH_EINVAL no key in a file, KITH_ENOMEM. */
KITH_MUST_CHECK kith_err kith_keyring_load(const char *folder, struct kith_keyring **ret,
                                           struct kith_why *why);
/* Writes the key's user; false = not in the ring. */
bool kith_keyring_user(const struct kith_keyring *ring, const char *public_key,
                       char user[KITH_USER_MAX]);
/* The public key of NAME.pub; NULL = there is none. Borrowed. */
const char *kith_keyring_key(const struct kith_keyring *ring, const char *name);
/* Does `now` lack a key of `before`, or give it to somebody else? */
bool kith_keyring_lost(const struct kith_keyring *before, const struct kith_keyring *now);
void kith_keyring_free(struct kith_keyring *ring);
KITH_DEFINE_AUTO(kith_keyring)
/* <folder>/NAME.key. Errors: as kith_keypair_load. */
KITH_MUST_CHECK kith_err kith_keyring_own(const char *folder, const char *name,
                                          struct kith_keypair *ret, struct kith_why *why);

/* ---- systemd ---- */

/* Sends e.g. "READY=1" to $NOTIFY_SOCKET; nothing when there is none. */
void kith_notify(const char *state);
/* How often the watchdog wants to hear from this process, in ms; 0 = there is none. */
int64_t kith_notify_watchdog_ms(void);

/* ---- the daemon ---- */

struct kith_options {
    const char *config;
    bool check_config;
    bool sample_config;
};
/* Reads the command line; true = go on. Else *status is the exit status. */
bool kith_options_parse(struct kith_options *o, const struct kith_cfg_section *sections,
                        const char *name, int argc, char **argv, int *status);

enum kith_kind {
    KITH_KIND_EVENTS,
    KITH_KIND_FETCH,
    KITH_KIND_LIST,
    KITH_KIND_COMMAND,
    KITH_KIND_OTHER,
    KITH_KINDS
};
enum kith_outcome {
    KITH_OUTCOME_TAKEN, /* handed on */
    KITH_OUTCOME_DONE,
    KITH_OUTCOME_REFUSED,
    KITH_OUTCOME_DENIED,
    KITH_OUTCOMES
};

#define KITH_CONSUMED_MAX 8

struct kith_daemon {
    const struct kith_daemon_spec *spec;
    struct kith_options options;
    char *config_path; /* NULL: environment only */
    struct kith_settings settings;
    struct kith_own_settings own;
    struct kith_cfg_key own_keys[KITH_OWN_KEYS];
    struct kith_cfg_section sections[4];
    const char *foreign[KITH_FOREIGN_MAX];

    struct kith_keypair keys;
    struct kith_keyring *ring;
    char *consumed_keys[KITH_CONSUMED_MAX]; /* outlive the ring they came from */

    struct kith_loop *loop;
    struct kith_db *db;
    struct kith_owner *owner;
    struct kith_bus *bus;
    struct kith_bus_server *server;
    struct kith_http *http;
    void *http_ctxs[2];
    const struct kith_http_route *http_routes[3];
    const struct kith_stmt *tables[3];

    struct kith_timer *tick;
    struct kith_timer *clock;
    struct kith_timer *watchdog;
    struct kith_timer *drain;
    int64_t ticked_ms;
    int64_t gap_ms; /* between the last two ticks */
    int64_t drain_until_ms;
    int64_t busy_ms; /* when it last was, while draining */
    bool started;
    bool serving; /* spec.start succeeded */
    bool stop_asked;
    bool failed;

    struct kith_call *calls; /* not answered yet */
    struct kith_metric *requests[KITH_KINDS][KITH_OUTCOMES];
};

/* kith_bus_request_fn of the daemon. */
void kith_daemon_on_request(void *ctx, const struct kith_peer *peer, const uint8_t *data, size_t n);
/* Frees the commands that nobody answered. */
void kith_daemon_drop_calls(struct kith_daemon *d);
/* /healthz, /readyz, /metrics; their ctx is the daemon. */
extern const struct kith_http_route kith_daemon_pages[];
/* Keys and reloadable settings; what cannot be read leaves everything as it was, with a log line. */
void kith_daemon_reload(struct kith_daemon *d);

#endif
