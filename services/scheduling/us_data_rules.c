/* SPDX-License-Identifier: Apache-2.0 */
/* rule.csv over the defaults of README.md */
#include "scheduling/us_data_internal.h"

#include <string.h>

enum { C_TYPE, C_ARGS, C_HARD, C_WEIGHT };

static struct us_rule told(struct us_reader *r, struct us_rule rule)
{
    rule.on = true;
    rule.hard = us_reader_int(r, C_HARD, 0, 1, rule.hard) == 1;
    rule.weight = us_reader_int(r, C_WEIGHT, 0, 1000000, rule.weight);
    return rule;
}

/* `n` numbers of at least `min`; false with a problem said. */
static bool numbers(struct us_reader *r, int n, int min, int *ret)
{
    const char *at = us_reader_text(r, C_ARGS);
    size_t length;
    for (int i = 0; i < n; i++) {
        const char *item = us_reader_item(&at, &length);
        char *end;
        long v = item ? strtol(item, &end, 10) : -1;
        if (!item || end != item + length || v < min || v > 1000000) {
            us_reader_problem(r, "the rule %s has %d arguments, whole numbers from %d",
                              us_reader_text(r, C_TYPE), n, min);
            return false;
        }
        ret[i] = (int)v;
    }
    return true;
}

static void read_purity(struct us_reader *r)
{
    int args[2];
    if (!numbers(r, 2, 0, args))
        return;
    if (args[0] >= US_GRADES || args[1] > 100) {
        us_reader_problem(r, "purity has a grade up to %d and a floor up to 100", US_GRADES - 1);
        return;
    }
    struct us_purity *p = &r->d->rules.purity[args[0]];
    p->floor = args[1];
    p->rule = told(r, p->rule);
}

/* Two ids: a student and (apart) a student or (not_with) a teacher. */
static void read_pair(struct us_reader *r, const struct us_ids *second, const char *what,
                      struct us_pair *pairs, int *n)
{
    const char *at = us_reader_text(r, C_ARGS);
    int found[2] = {US_NONE, US_NONE};
    const struct us_ids *ids[2] = {&r->d->student_ids, second};
    const char *names[2] = {"student", what};
    for (int i = 0; i < 2; i++) {
        size_t length;
        const char *item = us_reader_item(&at, &length);
        found[i] = item ? us_ids_find(ids[i], item, length) : US_NONE;
        if (found[i] < 0) {
            us_reader_problem(r, "there is no %s '%.*s' (rule %s)", names[i],
                              item ? (int)(length < 40 ? length : 40) : 0, item ? item : "",
                              us_reader_text(r, C_TYPE));
            return;
        }
    }
    struct us_rule rule = told(r, (struct us_rule){.on = true, .hard = true, .weight = 1});
    pairs[(*n)++] = (struct us_pair){.a = found[0], .b = found[1], .rule = rule};
}

static void read_numbered(struct us_reader *r, const char *type)
{
    struct us_rules *u = &r->d->rules;
    struct {
        const char *type;
        struct us_rule *rule;
        int n, min;
        int *to[3];
    } kinds[] = {
        {"planning", &u->planning, 0, 0, {0}},
        {"coteach_share", &u->coteach_share, 1, 0, {&u->coteach_percent}},
        {"zone", &u->zone, 0, 0, {0}},
        {"preps", &u->preps, 1, 1, {&u->preps_max}},
        {"travel", &u->travel, 0, 0, {0}},
        {"lunch", &u->lunch, 3, 1, {&u->lunch_slot, &u->lunch_waves, &u->lunch_seats}},
        {"advisory", &u->advisory, 2, 1, {&u->advisory_min, &u->advisory_max}},
        {"load_day", &u->load_day, 1, 0, {&u->load_day_max}},
    };
    for (size_t i = 0; i < KITH_LEN(kinds); i++) {
        if (strcmp(kinds[i].type, type) != 0)
            continue;
        int args[3];
        if (!numbers(r, kinds[i].n, kinds[i].min, args))
            return;
        for (int k = 0; k < kinds[i].n; k++)
            *kinds[i].to[k] = args[k];
        *kinds[i].rule = told(r, *kinds[i].rule);
        return;
    }
    us_reader_problem(r, "there is no rule '%.40s'", type);
}

static void set_defaults(struct us_rules *u)
{
    const struct us_rule hard = {.on = true, .hard = true, .weight = 1};
    const struct us_rule absent = {.hard = true, .weight = 1};
    u->planning = hard;
    u->coteach_share = hard;
    u->coteach_percent = 50;
    u->zone = (struct us_rule){.on = true, .weight = 1};
    u->preps = (struct us_rule){.on = true, .weight = 1};
    u->preps_max = 3;
    u->travel = (struct us_rule){.on = true, .weight = 5};
    u->lunch = absent;
    u->advisory = absent;
    u->load_day = absent;
    for (int grade = 0; grade < US_GRADES; grade++)
        u->purity[grade] =
            (struct us_purity){.floor = grade == 9 ? 90 : 80, .rule = {.on = true, .weight = 5}};
}

kith_err us_data_read_rules(struct us_reader *r)
{
    static const char *const columns[] = {"type", "args", "?hard", "?weight", NULL};
    struct us_rules *u = &r->d->rules;
    set_defaults(u);
    kith_err err = us_reader_open(r, "rule.csv", columns, true);
    if (err != KITH_OK)
        return err;
    int n = us_reader_rows(r);
    u->apart = us_reader_get(r, n, sizeof(*u->apart));
    u->not_with = us_reader_get(r, n, sizeof(*u->not_with));
    if (r->no_memory)
        return KITH_ENOMEM;
    for (int i = 0; i < n; i++) {
        us_reader_at(r, i);
        const char *type = us_reader_text(r, C_TYPE);
        if (strcmp(type, "purity") == 0)
            read_purity(r);
        else if (strcmp(type, "apart") == 0)
            read_pair(r, &r->d->student_ids, "student", u->apart, &u->n_apart);
        else if (strcmp(type, "not_with") == 0)
            read_pair(r, &r->d->teacher_ids, "teacher", u->not_with, &u->n_not_with);
        else
            read_numbered(r, type);
    }
    return KITH_OK;
}
