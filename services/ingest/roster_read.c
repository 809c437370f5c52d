/* SPDX-License-Identifier: Apache-2.0 */
/* One file of a package, row by row: header, cells, sourcedIds, references. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "ingest/roster_internal.h"

/* ---- a file being read ---- */

#define BASE 3 /* sourcedId, status, dateLastModified */
static const char *const base_names[BASE] = {"sourcedId", "status", "dateLastModified"};

struct reading {
    struct ingest_roster *r;
    struct roster_table *t;
    struct ingest_receipt *receipt;
    char name[64];
    size_t header_n;
    int place[BASE + ROSTER_COLUMNS]; /* of each column in a row; -1: not there */
    bool based;                       /* has the three columns */
    bool said_status;
    bool warned; /* the row */
    bool refused;
};

__attribute__((format(printf, 7, 8))) static void say(struct reading *f,
                                                      enum ingest_severity severity, uint64_t line,
                                                      int column, const char *name,
                                                      const char *code, const char *format, ...)
{
    if (!f->receipt)
        return;
    char text[256];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    struct ingest_place at = {.file = f->name,
                              .line = line,
                              .column = column < 0 ? 0 : (unsigned)column + 1,
                              .column_name = name};
    ingest_receipt_add(f->receipt, severity, &at, code, "%s", text);
}

/* What a strict reader refuses and a lenient one takes. */
static enum ingest_severity tolerated(const struct reading *f)
{
    return f->r->opts.strict ? INGEST_ERROR : INGEST_WARNING;
}

/* ---- header ---- */

static int find_column(const struct ingest_row *header, const char *name)
{
    for (size_t i = 0; i < header->n; i++)
        if (strcmp(header->field[i], name) == 0)
            return (int)i;
    return -1;
}

static int find_any_case(const struct ingest_row *header, const char *name)
{
    for (size_t i = 0; i < header->n; i++)
        if (strcasecmp(header->field[i], name) == 0)
            return (int)i;
    return -1;
}

static int place_of(struct reading *f, const struct ingest_row *header, const char *name,
                    const char *old, bool required)
{
    int at = find_column(header, name);
    int other = at < 0 && old ? find_column(header, old) : -1;
    if (other < 0 && at < 0)
        other = find_any_case(header, name);
    if (at < 0 && other >= 0) {
        say(f, tolerated(f), 1, other, name, "column_spelling", "The column should be named %s.",
            name);
        return other;
    }
    /* School Data Sync lets optional columns out */
    if (at < 0 && (required || f->based))
        say(f, required ? INGEST_ERROR : tolerated(f), 1, -1, name, "column_missing",
            "The column %s is missing.", name);
    return at;
}

/* Columns that the format does not have. */
static void check_extra(struct reading *f, const struct ingest_row *header)
{
    size_t known = (f->based ? BASE : 0) + f->t->columns_n;
    int last = -1;
    bool ordered = true;
    for (size_t i = 0; i < header->n; i++) {
        int which = -1;
        for (size_t k = 0; k < known; k++)
            if (f->place[f->based ? k : k + BASE] == (int)i)
                which = (int)k;
        for (size_t k = 0; k < i; k++)
            if (strcmp(header->field[k], header->field[i]) == 0)
                say(f, INGEST_ERROR, 1, (int)i, header->field[i], "column_twice",
                    "There are two columns of this name.");
        if (which < 0 && strncmp(header->field[i], "metadata.", 9) != 0)
            say(f, tolerated(f), 1, (int)i, NULL, "column_unknown",
                "The format has no such column; further ones must be named metadata.NAME.");
        ordered = ordered && (which < 0 || which > last);
        last = which < 0 ? last : which;
    }
    if (!ordered)
        say(f, tolerated(f), 1, -1, NULL, "column_order",
            "The columns are not in the order of the format.");
}

static bool read_header(struct reading *f, const struct ingest_row *header)
{
    uint64_t before = f->receipt ? f->receipt->errors : 0;
    f->header_n = header->n;
    f->based = f->r->format != INGEST_SDS_21;
    if (header->n == 1 && strchr(header->field[0], ';')) {
        say(f, INGEST_ERROR, 1, -1, NULL, "semicolon",
            "Fields are separated by semicolons; separate them by commas.");
        return false;
    }
    for (size_t k = 0; k < BASE; k++)
        f->place[k] = f->based ? place_of(f, header, base_names[k],
                                          k == 0 && strcmp(f->t->file->name, "demographics") == 0
                                              ? "userSourcedId"
                                              : NULL,
                                          k == 0 || f->t->delta)
                               : -1;
    for (size_t k = 0; k < f->t->columns_n; k++)
        f->place[BASE + k] = place_of(f, header, f->t->file->columns[k].name,
                                      f->t->file->columns[k].old, f->t->file->columns[k].required);
    check_extra(f, header);
    return !f->receipt || f->receipt->errors == before;
}

/* ---- rows ---- */

static const char *at_place(const struct ingest_row *in, int place)
{
    return place >= 0 && (size_t)place < in->n ? in->field[place] : "";
}

static bool check_status(struct reading *f, const struct ingest_row *in, struct roster_row *row)
{
    const char *status = at_place(in, f->place[1]);
    static const struct ingest_roster_column modified_column = {
        .name = "dateLastModified", .cell = INGEST_CELL_DATETIME, .required = true};
    const char *modified = at_place(in, f->place[2]);
    char fixed[32];
    struct kith_why why;
    row->deleted = strcmp(status, "tobedeleted") == 0;
    if (f->t->delta) {
        if (!row->deleted && strcmp(status, "active") != 0 && strcmp(status, "inactive") != 0) {
            say(f, INGEST_ERROR, in->line, f->place[1], "status", "status_invalid",
                "In a delta file status must be active or tobedeleted.");
            return false;
        }
        row->deleted = row->deleted || strcmp(status, "inactive") == 0;
        if (ingest_roster_cell(&modified_column, modified, fixed, &why) != KITH_OK) {
            say(f, tolerated(f), in->line, f->place[2], "dateLastModified",
                *modified ? "modified_invalid" : "modified_missing",
                "In a delta file dateLastModified %s.", why.text);
            f->warned = true;
        }
        return true;
    }
    if ((*status || *modified) && !f->said_status) {
        say(f, tolerated(f), in->line, f->place[1], "status", "status_in_bulk",
            "In a bulk file status and dateLastModified must be empty; here and perhaps below they "
            "are not.");
        f->said_status = true;
    }
    /* a snapshot says who is there: whoever is to be deleted is not */
    return !row->deleted && strcmp(status, "inactive") != 0;
}

/* One sourcedId of a reference; false: the row must be left out. */
static bool check_reference(struct reading *f, uint64_t line, size_t k, const char *id)
{
    const struct ingest_roster_column *c = &f->t->file->columns[k];
    struct roster_table *to = roster_table(f->r, c->refers);
    /* Of a file that is not complete here, a row may have come with an earlier package; where rows are in error, what names them is not. */
    if (!to || !to->complete || to->faulty || to == f->t || roster_find(f->r, to, id) != SIZE_MAX)
        return true;
    say(f, tolerated(f), line, f->place[BASE + k], c->name, "reference_unknown",
        "%s names a row that is not in %s.csv%s.", c->name, c->refers,
        f->r->opts.strict ? "" : "; the row is left out");
    return false;
}

static bool check_references(struct reading *f, uint64_t line, size_t k, const char *text)
{
    const struct ingest_roster_column *c = &f->t->file->columns[k];
    if (c->cell == INGEST_CELL_REF)
        return check_reference(f, line, k, text);
    char one[256];
    bool good = true;
    while (*text) {
        text += strspn(text, " ,");
        size_t n = strcspn(text, ",");
        (void)snprintf(one, sizeof(one), "%.*s", (int)n, text);
        good = (!*one || check_reference(f, line, k, one)) && good;
        text += n;
    }
    return good;
}

static bool check_cell(struct reading *f, const struct ingest_row *in, size_t k, char fixed[32],
                       const char **cell)
{
    const struct ingest_roster_column *c = &f->t->file->columns[k];
    struct kith_why why = {""};
    int place = f->place[BASE + k];
    const char *text = at_place(in, place);
    *cell = text;
    if (ingest_roster_cell(c, text, fixed, &why) != KITH_OK) {
        say(f, INGEST_ERROR, in->line, place, c->name, *text ? "value_invalid" : "value_missing",
            "%s %s.", c->name, why.text);
        return false;
    }
    if (fixed[0] && !f->based && c->cell == INGEST_CELL_BOOL) {
        *cell = fixed; /* School Data Sync writes TRUE */
    } else if (fixed[0]) {
        say(f, tolerated(f), in->line, place, c->name, "value_form",
            "%s was understood, but is not written as the format asks (a spreadsheet?).", c->name);
        f->warned = true;
        *cell = fixed;
    }
    if (*text && c->refers && !check_references(f, in->line, k, text)) {
        f->refused = true;
        return false;
    }
    return true;
}

/* False: the row is left out or refused. */
static bool make_row(struct reading *f, const struct ingest_row *in, char fixed[][32],
                     struct roster_row *row)
{
    *row = (struct roster_row){.sourced_id = "", .line = in->line};
    f->warned = false;
    f->refused = false;
    if (in->n != f->header_n) {
        say(f, INGEST_ERROR, in->line, -1, NULL, in->n < f->header_n ? "fields_few" : "fields_many",
            "The row has %zu fields, the header %zu.", in->n, f->header_n);
        return false;
    }
    bool good = !f->based || check_status(f, in, row);
    bool left_out = f->based && !good && !f->t->delta;
    row->sourced_id = f->based ? at_place(in, f->place[0]) : "";
    /* of a row that goes only the name matters */
    for (size_t k = 0; k < f->t->columns_n && !left_out && !row->deleted; k++)
        good = check_cell(f, in, k, fixed[k], &row->cells[k]) && good;
    if (!f->based && f->t->file->keyed)
        row->sourced_id = row->cells[0] ? row->cells[0] : ""; /* it is among the columns */
    if (good && f->t->file->keyed && !*row->sourced_id) {
        say(f, INGEST_ERROR, in->line, f->place[0], "sourcedId", "value_missing",
            "sourcedId is required.");
        good = false;
    }
    return good;
}

static bool check_unique(struct reading *f, const struct roster_row *row)
{
    if (!f->t->file->keyed || !f->receipt)
        return true;
    size_t before = roster_find(f->r, f->t, row->sourced_id);
    if (before == SIZE_MAX || before < f->t->old_n)
        return true;
    say(f, INGEST_ERROR, row->line, f->place[0], "sourcedId", "id_twice",
        "The sourcedId is that of line %llu too.", (unsigned long long)f->t->lines[before]);
    return false;
}

static kith_err take_row(struct reading *f, const struct ingest_row *in,
                         bool (*fn)(void *ctx, const struct roster_row *row), void *ctx)
{
    char fixed[ROSTER_COLUMNS][32];
    struct roster_row row;
    struct ingest_file_receipt *counts =
        f->receipt ? ingest_receipt_file(f->receipt, f->name) : NULL;
    if (counts)
        counts->rows++;
    if (!make_row(f, in, fixed, &row) || !check_unique(f, &row)) {
        if (counts)
            counts->refused++;
        /* left out for what it refers to, it takes the place of an earlier one all the same */
        row.deleted = f->refused;
        return counts && f->refused && *row.sourced_id ? roster_table_add(f->r, f->t, &row)
                                                       : KITH_OK;
    }
    if (counts)
        counts->warned += f->warned;
    /* judged for the first time: kept */
    if (f->receipt && roster_table_add(f->r, f->t, &row) != KITH_OK)
        return KITH_ENOMEM;
    return !fn || fn(ctx, &row) ? KITH_OK : KITH_EBUSY;
}

static kith_err read_rows(struct reading *f, struct ingest_csv *csv,
                          bool (*fn)(void *ctx, const struct roster_row *row), void *ctx)
{
    struct ingest_row in;
    struct ingest_csv_fault fault;
    bool headed = false;
    for (;;) {
        kith_err err = ingest_csv_next(csv, &in, &fault);
        if (err == KITH_EDECODE) {
            say(f, INGEST_ERROR, fault.line, -1, NULL, fault.code, "%s", fault.text);
            if (f->receipt)
                ingest_receipt_file(f->receipt, f->name)->refused++;
            if (!headed)
                return KITH_OK; /* without a header no row can be read */
            continue;
        }
        if (err != KITH_OK)
            return err;
        if (in.n == 0)
            break;
        if (headed)
            err = take_row(f, &in, fn, ctx);
        else if (!read_header(f, &in))
            return KITH_OK;
        headed = true;
        if (err != KITH_OK)
            return err;
    }
    if (!headed)
        say(f, INGEST_ERROR, 1, -1, NULL, "file_empty", "The file has no header.");
    return KITH_OK;
}

kith_err roster_read(struct ingest_roster *r, struct roster_table *t,
                     struct ingest_receipt *receipt,
                     bool (*fn)(void *ctx, const struct roster_row *row), void *ctx)
{
    struct reading f = {.r = r, .t = t, .receipt = receipt};
    (void)snprintf(f.name, sizeof(f.name), "%s.csv", t->file->name);
    kith_auto(ingest_csv) csv = NULL;
    uint64_t before = receipt ? receipt->errors : 0;
    kith_err err = ingest_package_begin(r->package, f.name);
    if (err == KITH_OK)
        err = ingest_csv_new(ingest_package_read, r->package, &csv);
    if (err == KITH_OK)
        err = read_rows(&f, csv, fn, ctx);
    const char *text = "";
    const char *code = ingest_package_fault(r->package, &text);
    if (err == KITH_EIO && code && receipt) {
        say(&f, INGEST_ERROR, 0, -1, NULL, code, "%s", text);
        err = KITH_OK;
    }
    ingest_package_end(r->package);
    t->faulty = t->faulty || (receipt && receipt->errors > before);
    return err;
}

void roster_check_own(struct ingest_roster *r, struct roster_table *t,
                      struct ingest_receipt *receipt)
{
    struct reading f = {.r = r, .t = t, .receipt = receipt};
    (void)snprintf(f.name, sizeof(f.name), "%s.csv", t->file->name);
    for (size_t k = 0; k < t->columns_n && t->keep && t->complete; k++) {
        const struct ingest_roster_column *c = &t->file->columns[k];
        if (!c->refers || strcmp(c->refers, t->file->name) != 0 || c->cell != INGEST_CELL_REF)
            continue;
        for (size_t row = t->old_n; row < t->n; row++) {
            const char *id = t->cells[row * (t->columns_n + 1) + 1 + k];
            if (*id && roster_find(r, t, id) == SIZE_MAX)
                say(&f, tolerated(&f), t->lines[row], -1, c->name, "reference_unknown",
                    "%s names a row that is not in %s.csv.", c->name, c->refers);
        }
    }
}
