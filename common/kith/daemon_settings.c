/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kith/daemon_internal.h"

const struct kith_cfg_key kith_settings_keys[] = {
    {"database", KITH_CFG_STRING, offsetof(struct kith_settings, database), NULL,
     "PostgreSQL, as libpq's \"key=value ...\"; each daemon adds its own user (kith_ingest, ...).",
     1, 2000},
    {"keys", KITH_CFG_STRING, offsetof(struct kith_settings, keys), NULL,
     "Folder with NAME.key (own pair, mode 600) and NAME.pub (who is let in).", 1, 3000},
    {"log_level", KITH_CFG_STRING, offsetof(struct kith_settings, log_level), "info",
     "debug, info, warn or error.", 0, 0, true},
    {"clock_file", KITH_CFG_STRING, offsetof(struct kith_settings, clock_file), "",
     "For tests and simulations: a file that holds the time of day; empty = the system's clock."},
    {"bus_ingest", KITH_CFG_STRING, offsetof(struct kith_settings, bus_ingest),
     "tcp://127.0.0.1:7421", "Where ingest listens for messages, and others find it.", 1, 200},
    {"bus_risk", KITH_CFG_STRING, offsetof(struct kith_settings, bus_risk), "tcp://127.0.0.1:7422",
     "The same of risk.", 1, 200},
    {"bus_notification", KITH_CFG_STRING, offsetof(struct kith_settings, bus_notification),
     "tcp://127.0.0.1:7423", "The same of notification.", 1, 200},
    {0},
};

static const struct {
    const char *name;
    const char *http;
} daemons[] = {
    {"ingest", "127.0.0.1:7411"},       {"risk", "127.0.0.1:7412"},
    {"notification", "127.0.0.1:7413"}, {"scheduling", "127.0.0.1:7414"},
    {"console", "127.0.0.1:7415"},
};
_Static_assert(KITH_LEN(daemons) < KITH_FOREIGN_MAX, "the list ends with NULL");

const char *kith_settings_http(const char *daemon)
{
    for (size_t i = 0; i < KITH_LEN(daemons); i++)
        if (strcmp(daemons[i].name, daemon) == 0)
            return daemons[i].http;
    return "127.0.0.1:0";
}

void kith_own_settings_keys(const char *daemon, struct kith_cfg_key keys[KITH_OWN_KEYS])
{
    keys[0] = (struct kith_cfg_key){"http",
                                    KITH_CFG_STRING,
                                    offsetof(struct kith_own_settings, http),
                                    kith_settings_http(daemon),
                                    "Where to listen for HTTP: address:port.",
                                    1,
                                    200};
    keys[1] = (struct kith_cfg_key){"database_connections",
                                    KITH_CFG_UINT,
                                    offsetof(struct kith_own_settings, database_connections),
                                    "2",
                                    "Connections to PostgreSQL.",
                                    1,
                                    16};
    keys[2] = (struct kith_cfg_key){0};
}

void kith_settings_foreign(const char *own, const char *foreign[KITH_FOREIGN_MAX])
{
    size_t n = 0;
    for (size_t i = 0; i < KITH_LEN(daemons); i++)
        if (!own || strcmp(daemons[i].name, own) != 0)
            foreign[n++] = daemons[i].name;
    foreign[n] = NULL;
}

kith_err kith_settings_path(const char *option, char **ret)
{
    const char *home = getenv("KITH_HOME");
    char *path = NULL;
    if (option) {
        path = strdup(option);
        if (!path)
            return KITH_ENOMEM;
    } else if (home && *home && asprintf(&path, "%s/kith.conf", home) < 0) {
        return KITH_ENOMEM;
    }
    *ret = path;
    return KITH_OK;
}

static bool is_endpoint(const char *text)
{
    return strncmp(text, "tcp://", 6) == 0 || strncmp(text, "ipc://", 6) == 0;
}

kith_err kith_settings_check(const struct kith_settings *s, struct kith_why *why)
{
    enum kith_log_level level;
    if (kith_log_level_parse(s->log_level, &level) != KITH_OK) {
        kith_why_set(why, "[common] log_level: '%.20s' is none of debug, info, warn, error",
                     s->log_level);
        return KITH_ECONFIG;
    }
    if (strstr(s->database, "://")) {
        kith_why_set(why,
                     "[common] database: write it as \"host=... dbname=...\", not as a URI, so "
                     "that each daemon can add its user");
        return KITH_ECONFIG;
    }
    const char *endpoints[][2] = {
        {"ingest", s->bus_ingest}, {"risk", s->bus_risk}, {"notification", s->bus_notification}};
    for (size_t i = 0; i < KITH_LEN(endpoints); i++) {
        if (is_endpoint(endpoints[i][1]))
            continue;
        kith_why_set(why, "[common] bus_%s: '%.60s' is neither tcp://address:port nor ipc:///path",
                     endpoints[i][0], endpoints[i][1]);
        return KITH_ECONFIG;
    }
    return KITH_OK;
}

const char *kith_settings_bus(const struct kith_settings *s, const char *daemon)
{
    if (strcmp(daemon, "ingest") == 0)
        return s->bus_ingest;
    if (strcmp(daemon, "risk") == 0)
        return s->bus_risk;
    if (strcmp(daemon, "notification") == 0)
        return s->bus_notification;
    return NULL;
}

kith_err kith_settings_conninfo(const struct kith_settings *s, const char *name, char **ret)
{
    char *text;
    /* of a keyword given twice libpq takes the last */
    if (asprintf(&text, "%s user=kith_%s fallback_application_name=kith-%s", s->database, name,
                 name) < 0)
        return KITH_ENOMEM;
    *ret = text;
    return KITH_OK;
}
