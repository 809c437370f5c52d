/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduling/us_check.h"

#include <stdarg.h>
#include <string.h>

#include "scheduling/us_check_internal.h"

const struct us_rule us_check_hard = {.on = true, .hard = true, .weight = 1};

const char *us_kind_name(enum us_kind kind)
{
    static const char *const names[] = {
#define XX(name, weight) #name,
        US_KIND_MAP(XX)
#undef XX
    };
    return kind < US_KINDS ? names[kind] : "?";
}

struct us_rule us_check_soft(enum us_kind kind)
{
    static const int weights[] = {
#define XX(name, weight) (weight),
        US_KIND_MAP(XX)
#undef XX
    };
    return (struct us_rule){.on = true, .weight = weights[kind]};
}

void us_check_add(struct us_check *c, enum us_kind kind, struct us_rule rule, int64_t units,
                  const char *format, ...)
{
    if (!rule.on || units <= 0)
        return;
    struct us_count *count = &c->report->counts[kind];
    if (count->hard == 0 && count->soft == 0) {
        va_list args;
        va_start(args, format);
        (void)vsnprintf(count->example, sizeof(count->example), format, args);
        va_end(args);
    }
    if (rule.hard) {
        count->hard += units;
        c->report->hard += units;
    } else {
        count->soft += units;
        count->cost += units * rule.weight;
        c->report->soft_cost += units * rule.weight;
    }
}

const struct us_course *us_check_course(const struct us_check *c, const struct us_check_section *s)
{
    return &c->d->courses[s->course];
}

bool us_check_fills(const struct us_check *c, const struct us_check_seat *seat)
{
    if (seat->request < 0)
        return false;
    const struct us_request *q = &c->d->requests[seat->request];
    int course = c->sections[seat->section].course;
    if (q->student != seat->student)
        return false;
    if (q->course == course)
        return true;
    for (int i = 0; i < q->alternates.n; i++)
        if (q->alternates.at[i] == course)
            return true;
    return false;
}

bool us_check_teaches(const struct us_check_section *s, int teacher)
{
    for (int i = 0; i < s->teachers.n; i++)
        if (s->teachers.at[i] == teacher)
            return true;
    return false;
}

double us_report_purity(const struct us_report *r, int grade)
{
    return r->owned_seats[grade] ? 100.0 * r->own_seats[grade] / r->owned_seats[grade] : 100.0;
}

kith_err us_check_listed(const struct us_data *d, const char *dir, struct us_report *ret,
                         struct us_problems *problems)
{
    kith_auto_mem struct us_report *report = calloc(1, sizeof(*report));
    if (!report)
        return KITH_ENOMEM;
    struct us_check c = {.d = d, .report = report};
    kith_err err = us_check_read(&c, dir, problems);
    if (err == KITH_OK) {
        us_check_hard_sections(&c);
        us_check_hard_people(&c);
        us_check_soft_all(&c);
        us_check_figures(&c);
        *ret = *report;
    }
    us_check_done(&c);
    return err;
}

kith_err us_check(const struct us_data *d, const char *dir, struct us_report *ret,
                  struct kith_why *why)
{
    kith_auto_mem struct us_problems *problems = calloc(1, sizeof(*problems));
    if (!problems)
        return KITH_ENOMEM;
    kith_err err = us_check_listed(d, dir, ret, problems);
    if (err == KITH_ENOMEM)
        kith_why_set(why, "out of memory while checking %s", dir);
    else if (err != KITH_OK)
        us_problems_why(problems, why);
    return err;
}
