/* SPDX-License-Identifier: Apache-2.0 */
#include "kith/cfg_internal.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

struct unit {
    const char *name;
    int64_t factor;
};

/* Largest first: a value is shown in the largest unit that fits it exactly. */
static const struct unit durations[] = {{"d", 86400000}, {"h", 3600000}, {"min", 60000},
                                        {"s", 1000},     {"ms", 1},      {0}};
static const struct unit sizes[] = {
    {"GiB", 1 << 30}, {"MiB", 1 << 20}, {"KiB", 1 << 10}, {"B", 1}, {0}};

const char *kith_cfg_type_text(enum kith_cfg_type type)
{
    switch (type) {
    case KITH_CFG_STRING:
        return "text";
    case KITH_CFG_UINT:
        return "whole number";
    case KITH_CFG_BOOL:
        return "true or false";
    case KITH_CFG_MS:
        return "duration with unit ms, s, min, h or d";
    case KITH_CFG_BYTES:
        return "size with unit B, KiB, MiB or GiB";
    case KITH_CFG_PERMILLE:
        return "percentage such as 90% or 87.5%";
    }
    assert(false && "type of key");
    return "";
}

/* ---- values as text ---- */

static void show_with_unit(const struct unit *units, int64_t v, char *text, size_t room)
{
    const struct unit *u = units;
    while (v % u->factor != 0 || (v == 0 && u->factor != 1))
        u++;
    (void)snprintf(text, room, "%" PRId64 "%s", v / u->factor, u->name);
}

static void show(enum kith_cfg_type type, int64_t v, char *text, size_t room)
{
    if (type == KITH_CFG_MS)
        show_with_unit(durations, v, text, room);
    else if (type == KITH_CFG_BYTES)
        show_with_unit(sizes, v, text, room);
    else if (type == KITH_CFG_PERMILLE && v % 10 != 0)
        (void)snprintf(text, room, "%" PRId64 ".%" PRId64 "%%", v / 10, v % 10);
    else if (type == KITH_CFG_PERMILLE)
        (void)snprintf(text, room, "%" PRId64 "%%", v / 10);
    else
        (void)snprintf(text, room, "%" PRId64, v);
}

void kith_cfg_range(const struct kith_cfg_key *key, char text[static KITH_CFG_RANGE_TEXT])
{
    text[0] = '\0';
    if (key->min == 0 && key->max == 0)
        return;
    char least[24];
    char most[24];
    show(key->type, key->min, least, sizeof(least));
    show(key->type, key->max, most, sizeof(most));
    (void)snprintf(text, KITH_CFG_RANGE_TEXT, "%s to %s%s", least, most,
                   key->type == KITH_CFG_STRING ? " bytes" : "");
}

static kith_err check_range(const struct kith_cfg_key *key, int64_t v, struct kith_why *why)
{
    if ((key->min == 0 && key->max == 0) || (v >= key->min && v <= key->max))
        return KITH_OK;
    char range[KITH_CFG_RANGE_TEXT];
    kith_cfg_range(key, range);
    kith_why_set(why, "out of range; allowed is %s", range);
    return KITH_EINVAL;
}

/* ---- text as values ---- */

static kith_err refuse(const struct kith_cfg_key *key, const char *text, struct kith_why *why)
{
    if (*text == '\0')
        kith_why_set(why, "has no value; needs a %s", kith_cfg_type_text(key->type));
    else
        kith_why_set(why, "\"%.40s\" is no %s", text, kith_cfg_type_text(key->type));
    return KITH_EINVAL;
}

static kith_err refuse_size(struct kith_why *why)
{
    kith_why_set(why, "is too large a number");
    return KITH_EINVAL;
}

/* Decimal digits at *at, which moves behind them. KITH_ETOOBIG beyond int64, KITH_EINVAL when there is no digit. */
static kith_err read_digits(const char **at, int64_t *ret)
{
    int64_t v = 0;
    bool fits = true;
    const char *p = *at;
    for (; *p >= '0' && *p <= '9'; p++)
        fits =
            fits && !__builtin_mul_overflow(v, 10, &v) && !__builtin_add_overflow(v, *p - '0', &v);
    if (p == *at)
        return KITH_EINVAL;
    *at = p;
    *ret = v;
    return fits ? KITH_OK : KITH_ETOOBIG;
}

static kith_err read_uint(const struct kith_cfg_key *key, const char *text, int64_t *ret,
                          struct kith_why *why)
{
    const char *p = text;
    kith_err err = read_digits(&p, ret);
    if (err == KITH_EINVAL || *p != '\0')
        return refuse(key, text, why);
    return err == KITH_OK && *ret <= UINT32_MAX ? KITH_OK : refuse_size(why);
}

static kith_err read_with_unit(const struct kith_cfg_key *key, const struct unit *units,
                               const char *text, int64_t *ret, struct kith_why *why)
{
    const char *p = text;
    kith_err err = read_digits(&p, ret);
    if (err == KITH_EINVAL)
        return refuse(key, text, why);
    if (*p == '\0') {
        kith_why_set(why, "\"%.40s\" needs a unit: it is a %s", text,
                     kith_cfg_type_text(key->type));
        return KITH_EINVAL;
    }
    const struct unit *u = units;
    while (u->name && strcmp(u->name, p) != 0)
        u++;
    if (!u->name)
        return refuse(key, text, why);
    if (err != KITH_OK || __builtin_mul_overflow(*ret, u->factor, ret))
        return refuse_size(why);
    return KITH_OK;
}

static kith_err read_permille(const struct kith_cfg_key *key, const char *text, int64_t *ret,
                              struct kith_why *why)
{
    const char *p = text;
    kith_err err = read_digits(&p, ret);
    if (err == KITH_EINVAL)
        return refuse(key, text, why);
    int tenths = 0;
    if (p[0] == '.' && p[1] >= '0' && p[1] <= '9') {
        tenths = p[1] - '0';
        p += 2;
    }
    if (strcmp(p, "%") != 0)
        return refuse(key, text, why);
    if (err != KITH_OK || *ret > (UINT32_MAX - 9) / 10)
        return refuse_size(why);
    *ret = *ret * 10 + tenths;
    return KITH_OK;
}

static kith_err read_bool(const struct kith_cfg_key *key, const char *text, bool *ret,
                          struct kith_why *why)
{
    static const char *const words[] = {"false", "true", "no", "yes", "off", "on"};
    for (size_t i = 0; i < KITH_LEN(words); i++) {
        if (strcasecmp(text, words[i]) == 0) {
            *ret = i % 2 != 0;
            return KITH_OK;
        }
    }
    return refuse(key, text, why);
}

static kith_err store_string(const struct kith_cfg_key *key, const char *text, char **at,
                             struct kith_why *why)
{
    kith_err err = check_range(key, (int64_t)strlen(text), why);
    if (err != KITH_OK)
        return err;
    char *copy = strdup(text);
    if (!copy)
        return KITH_ENOMEM;
    free(*at);
    *at = copy;
    return KITH_OK;
}

static kith_err read_number(const struct kith_cfg_key *key, const char *text, int64_t *ret,
                            struct kith_why *why)
{
    if (key->type == KITH_CFG_UINT)
        return read_uint(key, text, ret, why);
    if (key->type == KITH_CFG_PERMILLE)
        return read_permille(key, text, ret, why);
    return read_with_unit(key, key->type == KITH_CFG_MS ? durations : sizes, text, ret, why);
}

kith_err kith_cfg_parse(const struct kith_cfg_key *key, const char *text, void *target,
                        struct kith_why *why)
{
    assert(key && text && target);
    void *at = (char *)target + key->offset;
    if (key->type == KITH_CFG_STRING)
        return store_string(key, text, at, why);
    if (key->type == KITH_CFG_BOOL)
        return read_bool(key, text, at, why);
    int64_t v;
    kith_err err = read_number(key, text, &v, why);
    if (err == KITH_OK)
        err = check_range(key, v, why);
    if (err != KITH_OK)
        return err;
    if (key->type == KITH_CFG_UINT || key->type == KITH_CFG_PERMILLE)
        *(uint32_t *)at = (uint32_t)v;
    else
        *(int64_t *)at = v;
    return KITH_OK;
}
