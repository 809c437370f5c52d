/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduling/us_data.h"

#include <string.h>

#include "scheduling/us_data_internal.h"

typedef kith_err (*us_table_fn)(struct us_reader *r);

/* A table comes after those that it names; sections before the requests that are locked to them. */
static const us_table_fn tables[] = {
    us_data_read_calendar, us_data_read_patterns, us_data_read_slcs,  us_data_read_rooms,
    us_data_read_courses,  us_data_read_teachers, us_data_read_teams, us_data_read_sections,
    us_data_read_students, us_data_read_requests, us_data_read_rules,
};

/* What is wrong in one table does not keep the next from being read, but one that is not there would only bring errors of sequence. */
static kith_err read_tables(struct us_reader *r)
{
    for (size_t i = 0; i < KITH_LEN(tables); i++) {
        kith_err err = tables[i](r);
        us_reader_close(r);
        if (err != KITH_OK)
            return err;
        if (r->no_memory)
            return KITH_ENOMEM;
    }
    return r->problems->n > 0 ? KITH_EDECODE : KITH_OK;
}

kith_err us_data_read_listed(const char *dir, struct us_data **ret, struct us_problems *problems)
{
    kith_auto(us_data) d = calloc(1, sizeof(*d));
    if (!d)
        return KITH_ENOMEM;
    struct us_reader r = {.dir = dir, .d = d, .arena = &d->arena, .problems = problems};
    kith_err err = read_tables(&r);
    if (err != KITH_OK)
        return err;
    *ret = KITH_TAKE(d);
    return KITH_OK;
}

kith_err us_data_read(const char *dir, struct us_data **ret, struct kith_why *why)
{
    kith_auto_mem struct us_problems *problems = calloc(1, sizeof(*problems));
    if (!problems)
        return KITH_ENOMEM;
    kith_err err = us_data_read_listed(dir, ret, problems);
    if (err == KITH_ENOMEM)
        kith_why_set(why, "out of memory while reading %s", dir);
    else if (err != KITH_OK)
        us_problems_why(problems, why);
    return err;
}

void us_data_free(struct us_data *d)
{
    if (!d)
        return;
    us_arena_done(&d->arena);
    free(d);
}
