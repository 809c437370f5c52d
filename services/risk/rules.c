/* SPDX-License-Identifier: Apache-2.0 */
#include "risk/rules.h"

#include <string.h>

#include "kith/id.h"

struct risk_verdict risk_consecutive_unexcused(const struct risk_params *p,
                                               const struct risk_day *days, size_t n)
{
    /* Backwards: the first qualifying run met is the latest, and K days after the end of the next one settle it. */
    size_t run = 0;
    for (size_t i = n; i-- > 0;) {
        if (days[i].status != RISK_ABSENT_UNEXCUSED) {
            run = 0;
            if (n - i >= p->consecutive_clear_days)
                break;
            continue;
        }
        run++;
        bool starts_here = i == 0 || days[i - 1].status != RISK_ABSENT_UNEXCUSED;
        if (starts_here && run >= p->consecutive_days)
            return (struct risk_verdict){true, days[i].date, (int32_t)run};
    }
    return (struct risk_verdict){.on = false};
}

struct risk_verdict risk_low_attendance(const struct risk_params *p, const struct risk_day *days,
                                        size_t n)
{
    struct risk_verdict verdict = {.on = false};
    uint64_t attended = 0;
    for (size_t i = 0; i < n; i++) {
        uint64_t enrolled = i + 1;
        if (days[i].status != RISK_ABSENT_EXCUSED && days[i].status != RISK_ABSENT_UNEXCUSED)
            attended++;
        verdict.value = (int32_t)(attended * 1000 / enrolled);
        if (enrolled < p->min_days)
            continue;
        bool was_on = verdict.on;
        if (attended * 1000 < enrolled * p->low_permille)
            verdict.on = true;
        else if (attended * 1000 >= enrolled * p->low_clear_permille)
            verdict.on = false;
        if (verdict.on && !was_on)
            verdict.since = days[i].date;
    }
    return verdict;
}

struct risk_verdict risk_no_contact(const struct risk_params *p, int32_t since,
                                    uint32_t school_days)
{
    return (struct risk_verdict){
        .on = school_days >= p->no_contact_days,
        .since = since,
        .value = (int32_t)school_days,
    };
}

int32_t risk_threshold(const struct risk_params *p, enum risk_rule rule)
{
    switch (rule) {
    case RISK_CONSECUTIVE_UNEXCUSED:
        return (int32_t)p->consecutive_days;
    case RISK_LOW_ATTENDANCE:
        return (int32_t)p->low_permille;
    case RISK_NO_CONTACT:
        return (int32_t)p->no_contact_days;
    }
    return 0;
}

int32_t risk_urgency(enum risk_rule rule)
{
    switch (rule) {
    case RISK_CONSECUTIVE_UNEXCUSED:
        return 3;
    case RISK_LOW_ATTENDANCE:
        return 2;
    case RISK_NO_CONTACT:
        return 1;
    }
    return 0;
}

const char *risk_rule_name(enum risk_rule rule)
{
    switch (rule) {
    case RISK_CONSECUTIVE_UNEXCUSED:
        return "consecutive_unexcused";
    case RISK_LOW_ATTENDANCE:
        return "low_attendance";
    case RISK_NO_CONTACT:
        return "no_contact";
    }
    return "unknown";
}

int64_t risk_params_digest(const struct risk_params *p, const struct risk_precedence *precedence)
{
    struct kith_hasher h;
    kith_hash_begin(&h);
    kith_hash_int(&h, p->consecutive_days);
    kith_hash_int(&h, p->consecutive_clear_days);
    kith_hash_int(&h, p->low_permille);
    kith_hash_int(&h, p->low_clear_permille);
    kith_hash_int(&h, p->min_days);
    kith_hash_int(&h, p->no_contact_days);
    bool usual = memcmp(precedence->rank, risk_default_precedence.rank, RISK_KINDS) == 0;
    if (!usual || precedence->positive) {
        kith_hash_bytes(&h, precedence->rank, RISK_KINDS);
        kith_hash_int(&h, precedence->positive);
    }
    struct kith_id id = kith_hash_end(&h);
    uint64_t digest = 0;
    for (size_t i = 0; i < 8; i++)
        digest = digest << 8 | id.b[i];
    return (int64_t)digest;
}
