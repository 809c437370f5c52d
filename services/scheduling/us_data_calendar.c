/* SPDX-License-Identifier: Apache-2.0 */
/* calendar, pattern, slc and room.csv */
#include "scheduling/us_data_internal.h"

#include <string.h>

enum { C_TERM, C_DAY, C_SLOT, C_MINUTES };

static int order_of_cells(const void *a, const void *b)
{
    const struct us_cell *x = a;
    const struct us_cell *y = b;
    return x->day != y->day ? (x->day < y->day ? -1 : 1)
                            : (x->slot > y->slot) - (x->slot < y->slot);
}

/* One row: its term and day get an index, the order of days is made later. */
static void read_cell(struct us_reader *r, struct us_cell *c)
{
    struct us_data *d = r->d;
    c->term = us_reader_name(r, C_TERM, &d->terms);
    c->slot = us_reader_int(r, C_SLOT, 0, 999, -1);
    c->minutes = us_reader_int(r, C_MINUTES, 0, 1440, 0);
    const char *day = us_reader_text(r, C_DAY);
    if (c->term < 0 || c->slot < 0 || !*day) {
        us_reader_problem(r, "a cell needs term, day and slot");
        return;
    }
    char id[128];
    int n = snprintf(id, sizeof(id), "%.40s/%.40s", us_reader_text(r, C_TERM), day);
    c->day = us_ids_find(&d->day_ids, id, (size_t)n);
    if (c->day < 0) {
        c->day = us_ids_add(&d->day_ids, r->arena, id, (size_t)n);
        if (c->day < 0)
            r->no_memory = true;
        else
            d->days[c->day] = (struct us_day){.id = d->day_ids.names[c->day], .term = c->term};
    }
}

static void number_cells(struct us_reader *r)
{
    struct us_data *d = r->d;
    for (int i = 0; i < d->n_cells; i++) {
        struct us_cell *c = &d->cells[i];
        char id[160];
        int n = snprintf(id, sizeof(id), "%s/%d", d->days[c->day].id, c->slot);
        int at = us_ids_add(&d->cell_ids, r->arena, id, (size_t)n);
        if (at == US_IDS_DUPLICATE) {
            us_problems_add(r->problems, "calendar.csv: the cell %s is there twice", id);
            return;
        }
        if (at < 0) {
            r->no_memory = true;
            return;
        }
        c->id = d->cell_ids.names[at];
        struct us_day *day = &d->days[c->day];
        if (day->n++ == 0)
            day->first = i;
        day->mask |= UINT64_C(1) << i;
        d->term_cells[c->term] |= UINT64_C(1) << i;
        d->all_cells |= UINT64_C(1) << i;
    }
}

kith_err us_data_read_calendar(struct us_reader *r)
{
    static const char *const columns[] = {"term", "day", "slot", "?minutes", NULL};
    struct us_data *d = r->d;
    kith_err err = us_reader_open(r, "calendar.csv", columns, false);
    if (err != KITH_OK)
        return err;
    int n = us_reader_rows(r);
    if (n < 1 || n > US_CELLS_MAX) {
        us_problems_add(r->problems, "calendar.csv: %d cells; there must be 1 to %d", n,
                        US_CELLS_MAX);
        return KITH_EDECODE;
    }
    if (!us_reader_init(r, &d->terms, n) || !us_reader_init(r, &d->day_ids, n) ||
        !us_reader_init(r, &d->cell_ids, n))
        return KITH_ENOMEM;
    d->cells = us_reader_get(r, n, sizeof(*d->cells));
    d->days = us_reader_get(r, n, sizeof(*d->days));
    d->term_cells = us_reader_get(r, n, sizeof(*d->term_cells));
    if (r->no_memory)
        return KITH_ENOMEM;
    d->n_cells = n;
    for (int i = 0; i < n; i++) {
        us_reader_at(r, i);
        read_cell(r, &d->cells[i]);
    }
    if (r->no_memory || r->problems->n > 0)
        return r->no_memory ? KITH_ENOMEM : KITH_EDECODE;
    d->n_terms = d->terms.n;
    d->n_days = d->day_ids.n;
    qsort(d->cells, (size_t)n, sizeof(*d->cells), order_of_cells);
    number_cells(r);
    return KITH_OK;
}

kith_err us_data_read_patterns(struct us_reader *r)
{
    static const char *const columns[] = {"id", "cells", NULL};
    struct us_data *d = r->d;
    kith_err err = us_reader_open(r, "pattern.csv", columns, false);
    if (err != KITH_OK)
        return err;
    int n = us_reader_rows(r);
    d->patterns = us_reader_get(r, n, sizeof(*d->patterns));
    if (!us_reader_init(r, &d->pattern_ids, n))
        return KITH_ENOMEM;
    for (int i = 0; i < n; i++) {
        us_reader_at(r, i);
        int at = us_reader_id(r, 0, &d->pattern_ids, "pattern");
        struct us_list cells = us_reader_refs(r, 1, &d->cell_ids, "cell");
        if (at < 0)
            continue;
        d->patterns[at].id = d->pattern_ids.names[at];
        for (int k = 0; k < cells.n; k++)
            d->patterns[at].cells |= UINT64_C(1) << cells.at[k];
        if (cells.n == 0)
            us_reader_problem(r, "the pattern has no cell");
    }
    d->n_patterns = d->pattern_ids.n;
    return KITH_OK;
}

kith_err us_data_read_slcs(struct us_reader *r)
{
    static const char *const columns[] = {"id", "zone", "?min", "?max", "?autonomous", NULL};
    struct us_data *d = r->d;
    kith_err err = us_reader_open(r, "slc.csv", columns, true);
    if (err != KITH_OK)
        return err;
    int n = us_reader_rows(r);
    d->slcs = us_reader_get(r, n, sizeof(*d->slcs));
    if (!us_reader_init(r, &d->slc_ids, n) || !us_reader_init(r, &d->zones, 4096))
        return KITH_ENOMEM;
    for (int i = 0; i < n; i++) {
        us_reader_at(r, i);
        int at = us_reader_id(r, 0, &d->slc_ids, "community");
        if (at < 0)
            continue;
        struct us_slc *s = &d->slcs[at];
        s->id = d->slc_ids.names[at];
        s->zone = us_reader_name(r, 1, &d->zones);
        s->min = us_reader_int(r, 2, 0, 1000000, 0);
        s->max = us_reader_int(r, 3, 0, 1000000, US_NO_LIMIT);
        s->autonomous = us_reader_bool(r, 4);
    }
    d->n_slcs = d->slc_ids.n;
    return KITH_OK;
}

kith_err us_data_read_rooms(struct us_reader *r)
{
    static const char *const columns[] = {"id", "type", "cap", "?zone", "?building", NULL};
    struct us_data *d = r->d;
    kith_err err = us_reader_open(r, "room.csv", columns, false);
    if (err != KITH_OK)
        return err;
    int n = us_reader_rows(r);
    d->rooms = us_reader_get(r, n, sizeof(*d->rooms));
    if (!us_reader_init(r, &d->room_ids, n) || !us_reader_init(r, &d->room_types, 4096) ||
        !us_reader_init(r, &d->buildings, 4096))
        return KITH_ENOMEM;
    for (int i = 0; i < n; i++) {
        us_reader_at(r, i);
        int at = us_reader_id(r, 0, &d->room_ids, "room");
        if (at < 0)
            continue;
        struct us_room *room = &d->rooms[at];
        room->id = d->room_ids.names[at];
        room->type = us_reader_name(r, 1, &d->room_types);
        room->cap = us_reader_int(r, 2, 0, 100000, US_NO_LIMIT);
        room->zone = us_reader_name(r, 3, &d->zones);
        room->building = us_reader_name(r, 4, &d->buildings);
    }
    d->n_rooms = d->room_ids.n;
    return KITH_OK;
}
