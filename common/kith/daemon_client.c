/* SPDX-License-Identifier: Apache-2.0 */
#include <assert.h>
#include <ctype.h>
#include <ini.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kith/clock.h"
#include "kith/daemon_internal.h"
#include "kith/v1/envelope.pb-c.h"

enum { CONNECT_MS = 5000, COMMAND_MS = 10000, BUSY_PAUSE_MS = 10, DATABASE_MS = 10000 };

/* One setting as it stands in the file; also those of the daemons' own sections, whose tables this process does not know. */
struct raw {
    struct raw *next;
    char *section;
    char *key;
    char *value;
};

/* A pool borrows its list of tables for life. */
struct tables {
    struct tables *next;
    const struct kith_stmt *list[2];
};

struct kith_client {
    char *path;
    struct kith_settings settings;
    struct kith_cfg_section sections[2];
    struct raw *raw;
    struct kith_keypair keys;
    struct kith_keyring *ring;
    struct kith_loop *loop;
    struct kith_bus *bus;
    struct tables *tables;
};

/* ---- settings of any section ---- */

static void raw_free(struct raw *r)
{
    free(r->section);
    free(r->key);
    free(r->value);
    free(r);
}

static struct raw *raw_find(struct kith_client *c, const char *section, const char *key)
{
    for (struct raw *r = c->raw; r; r = r->next)
        if (strcmp(r->section, section) == 0 && strcmp(r->key, key) == 0)
            return r;
    return NULL;
}

/* A value that goes on in the next line comes as the same key again. */
static int raw_join(struct raw *r, const char *value)
{
    char *longer;
    if (asprintf(&longer, "%s %s", r->value, value) < 0)
        return 0;
    free(r->value);
    r->value = longer;
    return 1;
}

static int on_pair(void *ctx, const char *section, const char *key, const char *value)
{
    struct kith_client *c = ctx;
    struct raw *r = raw_find(c, section, key);
    if (r)
        return raw_join(r, value);
    r = calloc(1, sizeof(*r));
    if (!r)
        return 0;
    r->section = strdup(section);
    r->key = strdup(key);
    r->value = strdup(value);
    if (!r->section || !r->key || !r->value) {
        raw_free(r);
        return 0;
    }
    r->next = c->raw;
    c->raw = r;
    return 1;
}

static const char *from_environment(const char *section, const char *key)
{
    char name[128];
    (void)snprintf(name, sizeof(name), "KITH_%s_%s", section, key);
    for (char *p = name; *p; p++)
        *p = (char)toupper((unsigned char)*p);
    return getenv(name);
}

static const char *fallback_of(const char *section, const char *key)
{
    if (strcmp(section, "common") == 0) {
        for (const struct kith_cfg_key *k = kith_settings_keys; k->name; k++)
            if (strcmp(k->name, key) == 0)
                return k->fallback;
        return NULL;
    }
    return strcmp(key, "http") == 0 ? kith_settings_http(section) : NULL;
}

const char *kith_client_setting(struct kith_client *c, const char *section, const char *key)
{
    const char *value = from_environment(section, key);
    if (value)
        return value;
    const struct raw *r = raw_find(c, section, key);
    return r ? r->value : fallback_of(section, key);
}

/* ---- opening ---- */

static kith_err load_settings(struct kith_client *c, const char *config, struct kith_why *why)
{
    const char *foreign[KITH_FOREIGN_MAX];
    kith_settings_foreign(NULL, foreign);
    c->sections[0] = (struct kith_cfg_section){"common", kith_settings_keys, &c->settings};
    kith_err err = kith_settings_path(config, &c->path);
    if (err == KITH_OK && !c->path && !getenv("KITH_COMMON_KEYS")) {
        kith_why_set(why, "set KITH_HOME to the folder that holds kith.conf");
        err = KITH_ECONFIG;
    }
    if (err == KITH_OK)
        err = kith_cfg_load(c->sections, c->path, foreign, why);
    if (err == KITH_OK)
        err = kith_settings_check(&c->settings, why);
    if (err == KITH_OK && c->path && ini_parse(c->path, on_pair, c) != 0) {
        kith_why_set(why, "%s: cannot be read", c->path);
        err = KITH_EIO;
    }
    return err;
}

static kith_err open_client(struct kith_client *c, const char *config, struct kith_why *why)
{
    kith_err err = load_settings(c, config, why);
    if (err == KITH_OK)
        err = kith_clock_use_file(c->settings.clock_file);
    if (err == KITH_OK)
        err = kith_keyring_own(c->settings.keys, "operator", &c->keys, why);
    if (err == KITH_OK)
        err = kith_keyring_load(c->settings.keys, &c->ring, why);
    if (err == KITH_OK)
        err = kith_loop_new(&c->loop);
    if (err == KITH_OK)
        err = kith_bus_new(c->loop, &c->keys, NULL, NULL, &c->bus);
    if (err != KITH_OK && why && !why->text[0])
        kith_why_set(why, "%s", kith_err_text(err));
    return err;
}

kith_err kith_client_open(const char *config, struct kith_client **ret, struct kith_why *why)
{
    struct kith_client *c = calloc(1, sizeof(*c));
    if (!c)
        return KITH_ENOMEM;
    kith_why_set(why, "%s", "");
    kith_err err = open_client(c, config, why);
    if (err != KITH_OK) {
        kith_client_free(c);
        return err;
    }
    *ret = c;
    return KITH_OK;
}

void kith_client_free(struct kith_client *c)
{
    if (!c)
        return;
    kith_bus_free(c->bus);
    kith_loop_free(c->loop);
    kith_keyring_free(c->ring);
    explicit_bzero(&c->keys, sizeof(c->keys));
    for (struct raw *r = c->raw; r;) {
        struct raw *next = r->next;
        raw_free(r);
        r = next;
    }
    for (struct tables *t = c->tables; t;) {
        struct tables *next = t->next;
        free(t);
        t = next;
    }
    kith_cfg_done(c->sections);
    free(c->path);
    free(c);
}

struct kith_loop *kith_client_loop(struct kith_client *c)
{
    return c->loop;
}

struct kith_bus *kith_client_bus(struct kith_client *c)
{
    return c->bus;
}

kith_err kith_client_peer(struct kith_client *c, const char *daemon, const char **endpoint,
                          const char **public_key)
{
    const char *where = kith_settings_bus(&c->settings, daemon);
    const char *key = kith_keyring_key(c->ring, daemon);
    if (!where || !key)
        return KITH_ENOTFOUND;
    *endpoint = where;
    *public_key = key;
    return KITH_OK;
}

kith_err kith_client_db(struct kith_client *c, const struct kith_stmt *statements,
                        struct kith_db **ret, struct kith_why *why)
{
    kith_auto_mem char *conninfo = NULL;
    kith_err err = kith_settings_conninfo(&c->settings, "console", &conninfo);
    if (err != KITH_OK)
        return err;
    struct tables *tables = calloc(1, sizeof(*tables));
    if (!tables)
        return KITH_ENOMEM;
    tables->list[0] = statements;
    tables->next = c->tables;
    c->tables = tables;
    /* statements name schemas themselves: the console's role reads across them */
    struct kith_db_opts opts = {.conninfo = conninfo,
                                .search_path = "pg_catalog",
                                .connections = 1,
                                .tables = tables->list};
    struct kith_db *db = NULL;
    err = kith_db_new(c->loop, &opts, &db);
    if (err == KITH_OK)
        err = kith_db_wait_ready(db, DATABASE_MS, why);
    if (err != KITH_OK) {
        kith_db_free(db);
        return err;
    }
    *ret = db;
    return KITH_OK;
}

/* ---- commands ---- */

struct question {
    const char *daemon;
    struct kith_why *why;
    uint8_t id[KITH_MSG_ID];
    kith_envelope *reply;
    kith_err err;
    bool done;
};

static kith_err err_of(Kith__V1__Error__Code code)
{
    switch (code) {
    case KITH__V1__ERROR__CODE__MALFORMED:
        return KITH_EINVAL;
    case KITH__V1__ERROR__CODE__UNSUPPORTED_VERSION:
        return KITH_EVERSION;
    case KITH__V1__ERROR__CODE__DENIED:
        return KITH_EDENIED;
    case KITH__V1__ERROR__CODE__BUSY:
        return KITH_EBUSY;
    case KITH__V1__ERROR__CODE__UNKNOWN_STREAM:
        return KITH_ENOTFOUND;
    default:
        return KITH_EINTERNAL;
    }
}

static void on_reply(void *ctx, const uint8_t *data, size_t n)
{
    struct question *q = ctx;
    kith_envelope *env = NULL;
    uint8_t id[KITH_MSG_ID];
    kith_err err = kith_msg_unpack(data, n, &env, id, q->why);
    if (q->done || memcmp(id, q->id, sizeof(id)) != 0) {
        kith_msg_free(env);
        return;
    }
    q->done = true;
    q->err = err;
    if (env && env->body_case == KITH__V1__ENVELOPE__BODY_REPLY) {
        q->reply = env;
        return;
    }
    if (env && env->body_case == KITH__V1__ENVELOPE__BODY_ERROR) {
        q->err = err_of(env->error->code);
        kith_why_set(q->why, "%s: %.200s", q->daemon, env->error->text);
    } else if (env) {
        q->err = KITH_EDECODE;
        kith_why_set(q->why, "%s answered with something else than a reply", q->daemon);
    }
    kith_msg_free(env);
}

static kith_err pack_command(struct question *q, const char *verb, const char *const *args,
                             uint8_t **ret, size_t *ret_n)
{
    Kith__V1__Argument arguments[KITH_COMMAND_ARGS];
    Kith__V1__Argument *list[KITH_COMMAND_ARGS];
    Kith__V1__Command command = KITH__V1__COMMAND__INIT;
    command.verb = (char *)verb; /* packing only reads */
    command.args = list;
    for (; args && args[0] && args[1]; args += 2) {
        assert(command.n_args < KITH_COMMAND_ARGS);
        Kith__V1__Argument *arg = &arguments[command.n_args];
        kith__v1__argument__init(arg);
        arg->name = (char *)args[0];
        arg->value = (char *)args[1];
        list[command.n_args++] = arg;
    }
    kith_envelope env = KITH__V1__ENVELOPE__INIT;
    kith_msg_new_id(q->id);
    env.msg_id = (ProtobufCBinaryData){sizeof(q->id), q->id};
    env.body_case = KITH__V1__ENVELOPE__BODY_COMMAND;
    env.command = &command;
    return kith_msg_pack(&env, ret, ret_n);
}

/* Sent once: when it gets lost the person decides whether to ask again. */
static kith_err ask(struct kith_client *c, struct kith_bus_client *line, struct question *q,
                    const uint8_t *data, size_t n)
{
    int64_t end_ms = kith_clock_mono_ms() + CONNECT_MS;
    kith_err err = kith_bus_send(line, data, n);
    bool never = false;
    while (err == KITH_EBUSY && kith_clock_mono_ms() < end_ms)
        if (kith_loop_run_until(c->loop, &never, BUSY_PAUSE_MS) == KITH_ETIMEOUT)
            err = kith_bus_send(line, data, n);
    if (err == KITH_EBUSY) {
        kith_why_set(q->why, "%s does not let us in: is it running, and does it have operator.pub?",
                     q->daemon);
        return KITH_ETIMEOUT;
    }
    if (err == KITH_OK)
        err = kith_loop_run_until(c->loop, &q->done, COMMAND_MS);
    if (err == KITH_ETIMEOUT)
        kith_why_set(q->why, "%s took the command and did not answer within %d s", q->daemon,
                     COMMAND_MS / 1000);
    return err;
}

kith_err kith_client_command(struct kith_client *c, const char *daemon, const char *verb,
                             const char *const *args, kith_envelope **ret, struct kith_why *why)
{
    const char *endpoint;
    const char *key;
    kith_err err = kith_client_peer(c, daemon, &endpoint, &key);
    if (err != KITH_OK) {
        kith_why_set(why, "there is no daemon %s in kith.conf, or no %s.pub in the keys folder",
                     daemon, daemon);
        return err;
    }
    struct question q = {.daemon = daemon, .why = why};
    kith_auto_mem uint8_t *data = NULL;
    size_t n = 0;
    err = pack_command(&q, verb, args, &data, &n);
    if (err != KITH_OK)
        return err;
    struct kith_bus_client *line = NULL;
    err = kith_bus_connect(c->bus, endpoint, key, on_reply, &q, &line);
    if (err != KITH_OK) {
        kith_why_set(why, "cannot connect to %s", endpoint);
        return err;
    }
    err = ask(c, line, &q, data, n);
    kith_bus_client_free(line);
    if (err == KITH_OK)
        err = q.err;
    if (err == KITH_OK)
        *ret = q.reply;
    return err;
}
