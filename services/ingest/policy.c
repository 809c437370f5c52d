/* SPDX-License-Identifier: Apache-2.0 */
#include "ingest/policy.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "ingest/feed.h"

static const char default_order[] =
    "tardy,early_departure,partial,absent_excused,absent_unexcused,present";

/* Every kind that can be a day's, once. */
static bool is_order(const char *text)
{
    bool seen[INGEST_KIND_COUNT] = {false};
    char word[32];
    unsigned n = 0;
    if (strlen(text) >= INGEST_POLICY_TEXT)
        return false;
    while (*text) {
        size_t length = strcspn(text, ",");
        (void)snprintf(word, sizeof(word), "%.*s", (int)(length < 31 ? length : 31), text);
        enum ingest_kind kind = ingest_kind_find(word);
        if (kind == INGEST_KIND_UNMAPPED || kind == INGEST_KIND_IGNORE || seen[kind])
            return false;
        seen[kind] = true;
        n++;
        text += length;
        if (*text == ',' && *++text == '\0')
            return false;
    }
    return n == INGEST_KIND_COUNT - 2;
}

static bool percent(const char *text, int32_t *ret)
{
    unsigned value;
    int n = 0;
    if (strcmp(text, "off") == 0) {
        *ret = 0;
        return true;
    }
    if (sscanf(text, "%3u%%%n", &value, &n) != 1 || n == 0 || text[n] != '\0' || value < 1 ||
        value > 100)
        return false;
    *ret = (int32_t)value * 10;
    return true;
}

bool ingest_policy_take(struct ingest_policy *p, const char *name, const char *value)
{
    int32_t due;
    if (strcmp(name, "attendance_due") == 0)
        return !*value || ingest_feed_due(value, &due);
    if (strcmp(name, "attendance") == 0) {
        p->positive = strcmp(value, "positive") == 0;
        return !*value || p->positive || strcmp(value, "negative") == 0;
    }
    if (strcmp(name, "day_status") == 0) {
        if (*value && !is_order(value))
            return false;
        (void)snprintf(p->day_status, sizeof(p->day_status), "%s", value);
        return true;
    }
    return strcmp(name, "partial_absent") == 0 &&
           percent(*value ? value : "off", &p->partial_permille);
}

bool ingest_policy_valid(const char *name, const char *value, bool school)
{
    struct ingest_policy scratch = {0};
    return ingest_policy_take(&scratch, name, value) &&
           (!school || strcmp(name, "attendance_due") == 0);
}

void ingest_policy_day_status(const struct ingest_policy *p,
                              char ret[static INGEST_POLICY_TEXT + 16])
{
    bool said = p->day_status[0] || p->positive;
    (void)snprintf(ret, INGEST_POLICY_TEXT + 16, "%s%s",
                   !said              ? ""
                   : p->day_status[0] ? p->day_status
                                      : default_order,
                   p->positive ? ";positive" : "");
}

enum ingest_kind ingest_policy_kind(const struct ingest_policy *p, enum ingest_kind kind,
                                    const char *extra)
{
    if (p->partial_permille == 0 || !extra ||
        (kind != INGEST_KIND_PARTIAL && kind != INGEST_KIND_EARLY_DEPARTURE))
        return kind;
    json_t *root = json_loads(extra, 0, NULL);
    const json_t *missed = json_object_get(root, "eventDuration");
    bool absent = json_is_number(missed) && json_number_value(missed) * 1000 >= p->partial_permille;
    json_decref(root);
    return absent ? INGEST_KIND_ABSENT_EXCUSED : kind;
}
