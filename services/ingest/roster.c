/* SPDX-License-Identifier: Apache-2.0 */
/* Which package it is: the manifest, the files it should have, the order of reading. */
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ingest/roster_internal.h"

struct roster_table *roster_table(struct ingest_roster *r, const char *name)
{
    for (size_t i = 0; i < r->tables_n; i++)
        if (strcmp(r->tables[i].file->name, name) == 0)
            return &r->tables[i];
    return NULL;
}

const char *roster_cell(const struct roster_table *t, size_t row, const char *column)
{
    for (size_t k = 0; k < t->columns_n; k++)
        if (strcmp(t->file->columns[k].name, column) == 0)
            return t->cells[row * (t->columns_n + 1) + 1 + k];
    return "";
}

bool ingest_roster_whole(const struct ingest_roster *r)
{
    return r->whole;
}

const char *ingest_roster_origin(const struct ingest_roster *r)
{
    return r->format == INGEST_SDS_21 ? "sds" : "oneroster";
}

/* ---- the manifest ---- */

struct manifest {
    bool has_version;
    char version[16]; /* of the manifest */
    char oneroster[16];
    size_t n;
    struct {
        char name[48];
        char mode[8];
        uint64_t line;
    } files[64];
};

static void manifest_row(struct ingest_receipt *receipt, const struct ingest_row *row,
                         struct manifest *m)
{
    struct ingest_place at = {.file = "manifest.csv", .line = row->line};
    if (row->n != 2) {
        ingest_receipt_add(receipt, INGEST_ERROR, &at, "fields_few",
                           "A row of the manifest has two fields: propertyName and value.");
    } else if (strcmp(row->field[0], "manifest.version") == 0) {
        m->has_version = true;
        (void)snprintf(m->version, sizeof(m->version), "%s", row->field[1]);
    } else if (strcmp(row->field[0], "oneroster.version") == 0) {
        (void)snprintf(m->oneroster, sizeof(m->oneroster), "%s", row->field[1]);
    } else if (strncmp(row->field[0], "file.", 5) == 0 && m->n < KITH_LEN(m->files)) {
        const char *mode = row->field[1];
        if (strcmp(mode, "absent") != 0 && strcmp(mode, "bulk") != 0 && strcmp(mode, "delta") != 0)
            ingest_receipt_add(receipt, INGEST_ERROR, &at, "manifest_mode",
                               "A file must be absent, bulk or delta.");
        (void)snprintf(m->files[m->n].name, sizeof(m->files[0].name), "%s", row->field[0] + 5);
        (void)snprintf(m->files[m->n].mode, sizeof(m->files[0].mode), "%s", mode);
        m->files[m->n++].line = row->line;
    }
}

static kith_err read_manifest(struct ingest_roster *r, struct ingest_receipt *receipt,
                              struct manifest *m)
{
    kith_auto(ingest_csv) csv = NULL;
    struct ingest_row row;
    struct ingest_csv_fault fault;
    struct ingest_place at = {.file = "manifest.csv", .line = 1};
    kith_err err = ingest_package_begin(r->package, "manifest.csv");
    if (err == KITH_OK)
        err = ingest_csv_new(ingest_package_read, r->package, &csv);
    while (err == KITH_OK) {
        err = ingest_csv_next(csv, &row, &fault);
        if (err == KITH_EDECODE) {
            at.line = fault.line;
            ingest_receipt_add(receipt, INGEST_ERROR, &at, fault.code, "%s", fault.text);
            err = KITH_OK;
            continue;
        }
        if (err != KITH_OK || row.n == 0)
            break;
        if (row.line > 1)
            manifest_row(receipt, &row, m);
        else if (row.n != 2 || strcmp(row.field[0], "propertyName") != 0 ||
                 strcmp(row.field[1], "value") != 0)
            ingest_receipt_add(receipt, INGEST_ERROR, &at, "manifest_header",
                               "The header of the manifest must be propertyName,value.");
    }
    ingest_package_end(r->package);
    return err;
}

static enum ingest_severity tolerated(const struct ingest_roster *r)
{
    return r->opts.strict ? INGEST_ERROR : INGEST_WARNING;
}

static void check_versions(struct ingest_roster *r, struct ingest_receipt *receipt,
                           const struct manifest *m)
{
    struct ingest_place at = {.file = "manifest.csv"};
    if (strcmp(m->version, "1.0") != 0)
        ingest_receipt_add(receipt, tolerated(r), &at, "manifest_version",
                           m->has_version
                               ? "manifest.version must be 1.0 (a spreadsheet makes 1 of it)."
                               : "manifest.version is missing; it must be 1.0.");
    if (strcmp(m->oneroster, "1.2") == 0)
        r->format = INGEST_ONEROSTER_12;
    else if (strcmp(m->oneroster, "1.1") == 0)
        r->format = INGEST_ONEROSTER_11;
    else
        ingest_receipt_add(receipt, INGEST_ERROR, &at, "oneroster_version",
                           "oneroster.version must be 1.1 or 1.2.");
}

/* ---- files ---- */

/* The files of the format, none of them present yet. */
static void reset_tables(struct ingest_roster *r)
{
    for (size_t i = 0; i < r->tables_n; i++)
        r->tables[i].present = false;
    if (r->tables_n > 0)
        return;
    for (const struct ingest_roster_file *f = ingest_roster_files(r->format); f->name; f++) {
        struct roster_table *t = &r->tables[r->tables_n++];
        t->file = f;
        while (f->columns[t->columns_n].name)
            t->columns_n++;
        t->keep = strcmp(f->name, "enrollments") != 0 && strcmp(f->name, "results") != 0;
    }
}

static void check_declared(struct ingest_roster *r, struct ingest_receipt *receipt,
                           const struct manifest *m)
{
    for (size_t i = 0; i < m->n; i++) {
        char file[64];
        (void)snprintf(file, sizeof(file), "%s.csv", m->files[i].name);
        struct ingest_place at = {.file = file};
        bool there = ingest_package_has(r->package, file);
        bool absent = strcmp(m->files[i].mode, "absent") == 0;
        struct roster_table *t = roster_table(r, m->files[i].name);
        if (!absent && !there)
            ingest_receipt_add(receipt, INGEST_ERROR, &at, "file_missing",
                               "The manifest says %s, but the file is not in the package.",
                               m->files[i].mode);
        if (absent && there)
            ingest_receipt_add(receipt, tolerated(r), &at, "file_undeclared",
                               "The manifest says absent, but the file is in the package%s.",
                               r->opts.strict ? "" : "; it is not read");
        if (!t)
            continue;
        t->present = there && !absent;
        t->delta = strcmp(m->files[i].mode, "delta") == 0;
        if (t->present)
            (void)snprintf(ingest_receipt_file(receipt, file)->mode, 8, "%s", m->files[i].mode);
    }
}

static void check_others(struct ingest_roster *r, struct ingest_receipt *receipt,
                         const struct manifest *m)
{
    bool bulk = true;
    for (size_t k = 0; m && k < m->n; k++)
        bulk = bulk && strcmp(m->files[k].mode, "delta") != 0;
    for (size_t i = 0; i < ingest_package_n(r->package); i++) {
        char name[64];
        const char *file = ingest_package_name(r->package, i);
        struct ingest_place at = {.file = file};
        size_t n = strlen(file);
        (void)snprintf(name, sizeof(name), "%.*s", (int)(n > 4 ? n - 4 : 0), file);
        bool declared = strcmp(file, "manifest.csv") == 0 || r->format == INGEST_SDS_21;
        for (size_t k = 0; m && k < m->n; k++)
            declared = declared || strcmp(m->files[k].name, name) == 0;
        if (!roster_table(r, name) && !ingest_roster_knows(r->format, name) &&
            strcmp(file, "manifest.csv") != 0)
            ingest_receipt_add(receipt, tolerated(r), &at, "file_unknown",
                               "The format has no such file; it is not read.");
        else if (!declared)
            ingest_receipt_add(receipt, tolerated(r), &at, "file_undeclared",
                               "The manifest does not name this file; it is not read.");
    }
    for (size_t i = 0; i < r->tables_n; i++) {
        struct roster_table *t = &r->tables[i];
        char file[64];
        (void)snprintf(file, sizeof(file), "%s.csv", t->file->name);
        struct ingest_place at = {.file = file};
        if (!t->present && t->file->required && bulk)
            ingest_receipt_add(receipt, INGEST_ERROR, &at, "file_required",
                               "A roster needs this file.");
    }
}

/* ---- the whole ---- */

static kith_err detect_oneroster(struct ingest_roster *r, struct ingest_receipt *receipt)
{
    struct manifest m = {0};
    uint64_t before = receipt->errors;
    kith_err err = read_manifest(r, receipt, &m);
    if (err != KITH_OK)
        return err;
    check_versions(r, receipt, &m);
    (void)snprintf(receipt->format, sizeof(receipt->format), "oneroster-%.8s",
                   m.oneroster[0] ? m.oneroster : "?");
    if (receipt->errors > before)
        return KITH_EINVAL;
    reset_tables(r);
    check_declared(r, receipt, &m);
    check_others(r, receipt, &m);
    return KITH_OK;
}

static void detect_sds(struct ingest_roster *r, struct ingest_receipt *receipt)
{
    r->format = INGEST_SDS_21;
    (void)snprintf(receipt->format, sizeof(receipt->format), "sds-2.1");
    reset_tables(r);
    for (size_t i = 0; i < r->tables_n; i++) {
        char file[64];
        (void)snprintf(file, sizeof(file), "%s.csv", r->tables[i].file->name);
        r->tables[i].present = ingest_package_has(r->package, file);
    }
    check_others(r, receipt, NULL);
}

static kith_err detect(struct ingest_roster *r, struct ingest_receipt *receipt)
{
    static const struct ingest_place whole = {.file = ""};
    if (ingest_package_has(r->package, "manifest.csv"))
        return detect_oneroster(r, receipt);
    if (ingest_package_has(r->package, "orgs.csv") && ingest_package_has(r->package, "roles.csv")) {
        detect_sds(r, receipt);
        return KITH_OK;
    }
    ingest_receipt_add(receipt, INGEST_ERROR, &whole, "manifest_missing",
                       "There is no manifest.csv: this is no OneRoster package (nor one of School "
                       "Data Sync 2.1, which has orgs.csv and roles.csv).");
    return KITH_EINVAL;
}

bool ingest_roster_is_delta(struct ingest_package *package)
{
    kith_auto(ingest_receipt) ignored = calloc(1, sizeof(*ignored));
    kith_auto(ingest_roster) r = calloc(1, sizeof(*r));
    bool delta = false;
    if (!r || !ignored)
        return false; /* the next one who asks for memory says so */
    r->package = package;
    if (detect(r, ignored) != KITH_OK)
        return false;
    for (size_t i = 0; i < r->tables_n; i++)
        delta = delta || (r->tables[i].present && r->tables[i].delta);
    return delta;
}

/* ---- reading ---- */

static kith_err read_tables(struct ingest_roster *r, struct ingest_receipt *receipt)
{
    kith_err err = KITH_OK;
    for (size_t i = 0; i < r->tables_n && err == KITH_OK; i++) {
        struct roster_table *t = &r->tables[i];
        if (!t->present)
            continue;
        if (!t->delta) {
            roster_table_forget(t);
            for (size_t k = 0; k < r->layers_n; k++)
                for (size_t l = 0; l < ROSTER_LEAN; l++)
                    if (r->layers[k].lean[l].file == t->file)
                        roster_table_forget(&r->layers[k].lean[l]);
            t->complete = true;
        }
        t->old_n = t->n;
        err = roster_read(r, t, receipt, NULL, NULL);
        if (err == KITH_OK)
            roster_check_own(r, t, receipt);
    }
    return err;
}

/* The lean files of the package that was read go into a layer. */
static kith_err put_away(struct ingest_roster *r)
{
    struct roster_layer *layers = reallocarray(r->layers, r->layers_n + 1, sizeof(*layers));
    if (!layers)
        return KITH_ENOMEM;
    r->layers = layers;
    struct roster_layer *l = &r->layers[r->layers_n++];
    *l = (struct roster_layer){.package = r->package};
    size_t at = 0;
    for (size_t i = 0; i < r->tables_n; i++) {
        struct roster_table *t = &r->tables[i];
        if (t->keep || !t->present)
            continue;
        l->lean[at++] = *t;
        *t = (struct roster_table){
            .file = t->file, .columns_n = t->columns_n, .complete = t->complete};
    }
    return KITH_OK;
}

/* What was judged when it was taken is not judged again. */
static kith_err read_earlier(struct ingest_roster *r, const struct ingest_roster_opts *opts,
                             struct ingest_receipt *receipt)
{
    static const struct ingest_place whole = {.file = ""};
    enum ingest_roster_format format = r->format;
    struct ingest_package *package = r->package;
    bool present[ROSTER_TABLES] = {false};
    bool delta[ROSTER_TABLES] = {false};
    kith_err err = KITH_OK;
    for (size_t i = 0; i < r->tables_n; i++) {
        present[i] = r->tables[i].present;
        delta[i] = r->tables[i].delta;
    }
    r->opts.strict = false;
    for (size_t k = 0; k < opts->earlier_n && err == KITH_OK; k++) {
        kith_auto(ingest_receipt) ignored = calloc(1, sizeof(*ignored));
        r->package = opts->earlier[k];
        err = ignored ? detect(r, ignored) : KITH_ENOMEM;
        if (err == KITH_OK && r->format != format) {
            ingest_receipt_add(receipt, INGEST_ERROR, &whole, "format_changed",
                               "The packages before this delta are of another format; send a bulk "
                               "package.");
            return KITH_EINVAL;
        }
        if (err == KITH_OK)
            err = read_tables(r, ignored);
        if (err == KITH_OK)
            err = put_away(r);
    }
    r->package = package;
    r->opts.strict = opts->strict;
    for (size_t i = 0; i < r->tables_n; i++) {
        r->tables[i].present = present[i];
        r->tables[i].delta = delta[i];
    }
    return err;
}

kith_err ingest_roster_check(struct ingest_package *package, const struct ingest_roster_opts *opts,
                             struct ingest_receipt *receipt, struct ingest_roster **ret)
{
    kith_auto(ingest_roster) r = calloc(1, sizeof(*r));
    if (!r)
        return KITH_ENOMEM;
    r->package = package;
    r->opts = *opts;
    randombytes_buf(r->key, sizeof(r->key));
    bool delta = false;
    kith_err err = detect(r, receipt);
    for (size_t i = 0; i < r->tables_n; i++)
        delta = delta || (r->tables[i].present && r->tables[i].delta);
    if (err == KITH_OK && delta)
        err = read_earlier(r, opts, receipt);
    if (err == KITH_OK)
        err = read_tables(r, receipt);
    r->whole = true;
    for (size_t i = 0; i < r->tables_n && err == KITH_OK; i++) {
        struct roster_table *t = &r->tables[i];
        r->whole = r->whole && (!t->present || !t->delta || t->complete);
        if (t->keep)
            roster_table_compact(t);
    }
    if (err == KITH_OK)
        *ret = KITH_TAKE(r);
    return err;
}
