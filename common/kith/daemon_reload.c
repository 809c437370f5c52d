/* SPDX-License-Identifier: Apache-2.0 */
/* SIGHUP. The configuration is read into fresh targets; only when all of it is good do the reloadable values change places with
 * the running ones. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kith/daemon_internal.h"

static size_t size_of(enum kith_cfg_type type)
{
    switch (type) {
    case KITH_CFG_STRING:
        return sizeof(char *);
    case KITH_CFG_BOOL:
        return sizeof(bool);
    case KITH_CFG_UINT:
    case KITH_CFG_PERMILLE:
        return sizeof(uint32_t);
    default:
        return sizeof(int64_t);
    }
}

static bool same(const struct kith_cfg_key *key, const void *a, const void *b)
{
    if (key->type != KITH_CFG_STRING)
        return memcmp(a, b, size_of(key->type)) == 0;
    return strcmp(*(char *const *)a, *(char *const *)b) == 0;
}

static void exchange(const struct kith_cfg_key *key, void *a, void *b)
{
    char kept[sizeof(int64_t)];
    size_t n = size_of(key->type);
    memcpy(kept, a, n);
    memcpy(a, b, n);
    memcpy(b, kept, n);
}

static void take_over(const struct kith_cfg_section *running, const struct kith_cfg_section *fresh)
{
    for (const struct kith_cfg_key *k = running->keys; k->name; k++) {
        char *now = (char *)running->target + k->offset;
        char *next = (char *)fresh->target + k->offset;
        if (same(k, now, next))
            continue;
        if (k->reloadable) {
            exchange(k, now, next);
            kith_log(KITH_LOG_INFO, "setting_changed", KITH_STR("section", running->name),
                     KITH_STR("setting", k->name));
        } else {
            kith_log(KITH_LOG_WARN, "setting_needs_restart", KITH_STR("section", running->name),
                     KITH_STR("setting", k->name));
        }
    }
}

/* How far the keys of a target reach. */
static size_t extent(const struct kith_cfg_key *keys)
{
    size_t n = sizeof(int64_t);
    for (const struct kith_cfg_key *k = keys; k->name; k++)
        if (k->offset + sizeof(int64_t) > n)
            n = k->offset + sizeof(int64_t);
    return n;
}

static kith_err read_settings(struct kith_daemon *d, struct kith_cfg_section *fresh,
                              struct kith_why *why)
{
    for (size_t i = 0; d->sections[i].name; i++) {
        fresh[i] = d->sections[i];
        fresh[i].target = calloc(1, extent(fresh[i].keys));
        if (!fresh[i].target) {
            fresh[i] = (struct kith_cfg_section){0};
            return KITH_ENOMEM;
        }
    }
    kith_err err = kith_cfg_load(fresh, d->config_path, d->foreign, why);
    return err == KITH_OK ? kith_settings_check(fresh[0].target, why) : err;
}

static void reload_settings(struct kith_daemon *d)
{
    struct kith_cfg_section fresh[KITH_LEN(d->sections)] = {0};
    struct kith_why why = {""};
    kith_err err = read_settings(d, fresh, &why);
    if (err == KITH_OK) {
        for (size_t i = 0; fresh[i].name; i++)
            take_over(&d->sections[i], &fresh[i]);
        enum kith_log_level level;
        if (kith_log_level_parse(d->settings.log_level, &level) == KITH_OK)
            kith_log_init(d->spec->name, level);
    } else {
        kith_log(KITH_LOG_ERROR, "settings_kept", KITH_ERR(err), KITH_STR("why", why.text));
    }
    kith_cfg_done(fresh);
    for (size_t i = 0; fresh[i].name; i++)
        free(fresh[i].target);
}

static void reload_keys(struct kith_daemon *d)
{
    struct kith_why why = {""};
    struct kith_keyring *ring = NULL;
    kith_err err = kith_keyring_load(d->settings.keys, &ring, &why);
    if (err != KITH_OK) {
        kith_log(KITH_LOG_ERROR, "keys_kept", KITH_ERR(err), KITH_STR("why", why.text));
        return;
    }
    bool lost = kith_keyring_lost(d->ring, ring);
    kith_keyring_free(d->ring);
    d->ring = ring;
    kith_log(KITH_LOG_INFO, "keys_read", KITH_BOOL("revoked", lost));
    if (lost && kith_bus_rehandshake(d->server) != KITH_OK)
        kith_daemon_fail(d, KITH_EIO, "the bus could not be opened again after a key was revoked");
}

void kith_daemon_reload(struct kith_daemon *d)
{
    reload_settings(d);
    reload_keys(d);
}
