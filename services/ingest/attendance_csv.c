/* SPDX-License-Identifier: Apache-2.0 */
/* Columns and values as Clever documents its attendance.csv (dev.clever.com, "Attendance"). */
#include "ingest/attendance_csv.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "ingest/csv.h"
#include "ingest/identity.h"
#include "ingest/oneroster.h"
#include "kith/clock.h"

enum column { STUDENT, SCHOOL, SECTION, DATE, TYPE, STATUS, CODE, SIS_ID, COLUMNS };
const char *const ingest_attendance_columns[] = {
    "Student_id",      "School_id",       "Section_id",
    "Attendance_date", "Attendance_type", "Attendance_status",
    "Excuse_code",     "Sis_id",          NULL};
static const bool required[COLUMNS] = {
    [STUDENT] = true, [SCHOOL] = true, [DATE] = true, [TYPE] = true, [STATUS] = true};

#define ID_MAX   128 /* characters of an id, as SISs have them */
#define CODE_MAX 40  /* with "Absent " it is a descriptor's code, which has 50 */

struct reading {
    const char *file;
    bool strict;
    struct ingest_receipt *receipt;
    struct ingest_file_receipt *counts;
    size_t header_n;
    int place[COLUMNS];
    bool warned; /* the row */
    char student[33];
};

__attribute__((format(printf, 6, 7))) static void say(struct reading *f,
                                                      enum ingest_severity severity, uint64_t line,
                                                      int column, const char *code,
                                                      const char *format, ...)
{
    if (!f->receipt)
        return;
    char text[256];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    int at = column >= 0 ? f->place[column] : -1;
    struct ingest_place place = {.file = f->file,
                                 .line = line,
                                 .column = at < 0 ? 0 : (unsigned)at + 1,
                                 .column_name =
                                     column < 0 ? NULL : ingest_attendance_columns[column]};
    ingest_receipt_add(f->receipt, severity, &place, code, "%s", text);
    f->warned = f->warned || severity == INGEST_WARNING;
}

static enum ingest_severity tolerated(const struct reading *f)
{
    return f->strict ? INGEST_ERROR : INGEST_WARNING;
}

/* ---- header ---- */

static bool read_header(struct reading *f, const struct ingest_row *header)
{
    bool good = true;
    f->header_n = header->n;
    if (header->n == 1 && strchr(header->field[0], ';')) {
        say(f, INGEST_ERROR, 1, -1, "semicolon",
            "Fields are separated by semicolons; separate them by commas.");
        return false;
    }
    for (int c = 0; c < COLUMNS; c++) {
        const char *name = ingest_attendance_columns[c];
        f->place[c] = -1;
        for (size_t i = 0; i < header->n; i++) {
            if (strcasecmp(header->field[i], name) != 0)
                continue;
            if (f->place[c] >= 0) {
                say(f, INGEST_ERROR, 1, c, "column_twice", "There are two columns of this name.");
                good = false;
            }
            f->place[c] = (int)i;
            if (strcmp(header->field[i], name) != 0)
                say(f, tolerated(f), 1, c, "column_spelling", "The column should be named %s.",
                    name);
        }
        if (f->place[c] < 0 && required[c]) {
            say(f, INGEST_ERROR, 1, c, "column_missing", "The column %s is missing.", name);
            good = false;
        }
    }
    for (size_t i = 0; i < header->n; i++) {
        bool known = false;
        for (int c = 0; c < COLUMNS; c++)
            known = known || f->place[c] == (int)i;
        if (!known)
            say(f, tolerated(f), 1, -1, "column_unknown", "Column %zu is none of the eight.",
                i + 1);
    }
    return good;
}

/* ---- rows ---- */

static const char *cell(const struct reading *f, const struct ingest_row *in, enum column c)
{
    int at = f->place[c];
    return at >= 0 && (size_t)at < in->n ? in->field[at] : "";
}

static bool read_id(struct reading *f, const struct ingest_row *in, enum column c)
{
    const char *text = cell(f, in, c);
    size_t n = strlen(text);
    const char *name = ingest_attendance_columns[c];
    if (n == 0 && c != SECTION) {
        say(f, INGEST_ERROR, in->line, c, "value_missing", "%s is required.", name);
        return false;
    }
    if (n > ID_MAX || (n > 0 && (strchr(" \t", text[0]) || strchr(" \t", text[n - 1])))) {
        say(f, INGEST_ERROR, in->line, c, "value_invalid",
            "%s must be an id of at most %d characters without blanks at its ends.", name, ID_MAX);
        return false;
    }
    return true;
}

static bool read_date(struct reading *f, const struct ingest_row *in, int32_t *ret)
{
    static const struct ingest_roster_column column = {
        .name = "Attendance_date", .cell = INGEST_CELL_DATE, .required = true};
    const char *text = cell(f, in, DATE);
    char fixed[32] = "";
    struct kith_why why = {""};
    if (ingest_roster_cell(&column, text, fixed, &why) != KITH_OK) {
        say(f, INGEST_ERROR, in->line, DATE, *text ? "value_invalid" : "value_missing",
            "Attendance_date %s.", why.text);
        return false;
    }
    if (fixed[0])
        say(f, tolerated(f), in->line, DATE, "value_form",
            "Attendance_date was understood, but is not written as YYYY-MM-DD (a spreadsheet?).");
    return kith_date_parse(fixed[0] ? fixed : text, ret) == KITH_OK;
}

static bool is_word(struct reading *f, uint64_t line, enum column c, const char *text, size_t n,
                    const char *word)
{
    if (n != strlen(word) || strncasecmp(text, word, n) != 0)
        return false;
    if (strncmp(text, word, n) != 0)
        say(f, tolerated(f), line, c, "value_form", "%s should be written in small letters.",
            ingest_attendance_columns[c]);
    return true;
}

static bool read_status(struct reading *f, const struct ingest_row *in, unsigned *said)
{
    static const char *const words[] = {"absent", "tardy", "present"};
    const char *text = cell(f, in, STATUS);
    bool good = *text != '\0';
    *said = 0;
    while (*text && good) {
        size_t n = strcspn(text, ",");
        unsigned one = 0;
        for (unsigned k = 0; k < 3; k++)
            if (is_word(f, in->line, STATUS, text, n, words[k]))
                one = 1u << k;
        good = one != 0;
        *said |= one;
        text += n;
        text += strspn(text, ", ");
    }
    if (!good)
        say(f, INGEST_ERROR, in->line, STATUS,
            *cell(f, in, STATUS) ? "value_invalid" : "value_missing",
            "Attendance_status must be absent, tardy or present.");
    return good;
}

static bool read_type(struct reading *f, const struct ingest_row *in, bool *section)
{
    const char *text = cell(f, in, TYPE);
    size_t n = strlen(text);
    *section = is_word(f, in->line, TYPE, text, n, "section");
    if (*section || is_word(f, in->line, TYPE, text, n, "daily"))
        return true;
    say(f, INGEST_ERROR, in->line, TYPE, n ? "value_invalid" : "value_missing",
        "Attendance_type must be daily or section.");
    return false;
}

static bool read_row(struct reading *f, const struct ingest_row *in, struct ingest_said_row *row)
{
    bool section = false;
    *row = (struct ingest_said_row){.line = in->line, .section = "", .code = cell(f, in, CODE)};
    if (in->n != f->header_n) {
        say(f, INGEST_ERROR, in->line, -1, in->n < f->header_n ? "fields_few" : "fields_many",
            "The row has %zu fields, the header %zu.", in->n, f->header_n);
        return false;
    }
    bool good = read_id(f, in, STUDENT);
    good = read_id(f, in, SCHOOL) && good;
    good = read_id(f, in, SECTION) && good;
    good = read_date(f, in, &row->date) && good;
    good = read_status(f, in, &row->said) && good;
    good = read_type(f, in, &section) && good;
    if (strlen(row->code) > CODE_MAX) {
        say(f, INGEST_ERROR, in->line, CODE, "value_invalid", "Excuse_code may have %d characters.",
            CODE_MAX);
        good = false;
    }
    if (section && !*cell(f, in, SECTION)) {
        say(f, INGEST_ERROR, in->line, SECTION, "value_missing",
            "A row of the type section needs a Section_id.");
        good = false;
    }
    if (!good)
        return false;
    if (section)
        row->section = cell(f, in, SECTION);
    ingest_identity_fit(cell(f, in, STUDENT), sizeof(f->student) - 1, f->student);
    row->student = f->student;
    row->school = ingest_identity_number(cell(f, in, SCHOOL), cell(f, in, SCHOOL));
    return true;
}

/* ---- the file ---- */

static kith_err read_rows(struct reading *f, struct ingest_csv *csv, ingest_said_fn fn, void *ctx)
{
    struct ingest_row in;
    struct ingest_csv_fault fault;
    struct ingest_said_row row;
    kith_err err = ingest_csv_next(csv, &in, &fault);
    if (err == KITH_EDECODE || (err == KITH_OK && in.n == 0)) {
        say(f, INGEST_ERROR, err == KITH_OK ? 0 : fault.line, -1,
            err == KITH_OK ? "file_empty" : fault.code, "%s",
            err == KITH_OK ? "The file has no header." : fault.text);
        return KITH_EINVAL;
    }
    if (err == KITH_OK && !read_header(f, &in))
        return KITH_EINVAL;
    while (err == KITH_OK) {
        err = ingest_csv_next(csv, &in, &fault);
        if (err == KITH_OK && in.n == 0)
            break;
        f->warned = false;
        if (f->counts && (err == KITH_OK || err == KITH_EDECODE))
            f->counts->rows++;
        bool good = err == KITH_OK && read_row(f, &in, &row);
        if (f->counts) {
            f->counts->refused += !good;
            f->counts->warned += good && f->warned;
        }
        if (err == KITH_EDECODE) {
            say(f, INGEST_ERROR, fault.line, -1, fault.code, "%s", fault.text);
            err = KITH_OK;
        } else if (good && fn && !fn(ctx, &row)) {
            err = KITH_EBUSY;
        }
    }
    return err;
}

kith_err ingest_attendance_csv_read(struct ingest_package *package, const char *file, bool strict,
                                    struct ingest_receipt *receipt, ingest_said_fn fn, void *ctx)
{
    kith_auto(ingest_csv) csv = NULL;
    struct reading f = {.file = file, .strict = strict, .receipt = receipt};
    const char *text = NULL;
    if (receipt) {
        (void)snprintf(receipt->format, sizeof(receipt->format), "attendance");
        f.counts = ingest_receipt_file(receipt, file);
    }
    kith_err err = ingest_package_begin(package, file);
    if (err == KITH_OK)
        err = ingest_csv_new(ingest_package_read, package, &csv);
    if (err == KITH_OK)
        err = read_rows(&f, csv, fn, ctx);
    if (err == KITH_EIO && receipt && ingest_package_fault(package, &text)) {
        say(&f, INGEST_ERROR, 0, -1, ingest_package_fault(package, &text), "%s", text);
        err = KITH_EINVAL;
    }
    ingest_package_end(package);
    return err;
}

/* Is it one of a roster's files? */
static bool is_roster_file(const char *file)
{
    static const enum ingest_roster_format formats[] = {INGEST_ONEROSTER_11, INGEST_ONEROSTER_12,
                                                        INGEST_SDS_21};
    char name[64];
    size_t n = strlen(file);
    (void)snprintf(name, sizeof(name), "%.*s", (int)(n > 4 && n < 64 ? n - 4 : 0), file);
    for (size_t i = 0; i < KITH_LEN(formats); i++) {
        if (ingest_roster_knows(formats[i], name))
            return true;
        for (const struct ingest_roster_file *f = ingest_roster_files(formats[i]); f->name; f++)
            if (strcmp(f->name, name) == 0)
                return true;
    }
    return false;
}

static bool is_csv(const char *file)
{
    size_t n = strlen(file);
    return n > 4 && strcasecmp(file + n - 4, ".csv") == 0;
}

const char *ingest_attendance_csv_in(struct ingest_package *package)
{
    if (ingest_package_has(package, "manifest.csv"))
        return NULL;
    for (size_t i = 0; i < ingest_package_n(package); i++)
        if (strcasecmp(ingest_package_name(package, i), "attendance.csv") == 0)
            return ingest_package_name(package, i);
    const char *only = ingest_package_n(package) == 1 ? ingest_package_name(package, 0) : NULL;
    return only && is_csv(only) && !is_roster_file(only) ? only : NULL;
}

/* ---- meaning ---- */

#define EDFI "uri://ed-fi.org/AttendanceEventCategoryDescriptor#"

size_t ingest_said_categories(const struct ingest_said_row *row,
                              char ret[static 3][INGEST_CATEGORY_SIZE])
{
    size_t n = 0;
    if (row->said & INGEST_SAID_ABSENT) {
        if (!*row->code || strcasecmp(row->code, "unexcused") == 0)
            (void)snprintf(ret[n++], INGEST_CATEGORY_SIZE, EDFI "Unexcused Absence");
        else if (strcasecmp(row->code, "excused") == 0)
            (void)snprintf(ret[n++], INGEST_CATEGORY_SIZE, EDFI "Excused Absence");
        else
            (void)snprintf(ret[n++], INGEST_CATEGORY_SIZE,
                           "uri://kith.local/AttendanceEventCategoryDescriptor#Absent %s",
                           row->code);
    }
    if (row->said & INGEST_SAID_TARDY)
        (void)snprintf(ret[n++], INGEST_CATEGORY_SIZE, EDFI "Tardy");
    if (row->said & INGEST_SAID_PRESENT)
        (void)snprintf(ret[n++], INGEST_CATEGORY_SIZE, EDFI "In Attendance");
    return n;
}
