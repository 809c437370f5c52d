/* SPDX-License-Identifier: Apache-2.0 */
#include "ingest/receipt.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void ingest_receipt_free(struct ingest_receipt *r)
{
    if (!r)
        return;
    free(r->findings);
    free(r);
}

struct ingest_file_receipt *ingest_receipt_file(struct ingest_receipt *r, const char *name)
{
    for (size_t i = 0; i < r->files_n; i++)
        if (strcmp(r->files[i].name, name) == 0)
            return &r->files[i];
    if (r->files_n == KITH_LEN(r->files))
        return &r->files[r->files_n - 1];
    struct ingest_file_receipt *f = &r->files[r->files_n++];
    *f = (struct ingest_file_receipt){0};
    (void)snprintf(f->name, sizeof(f->name), "%s", name);
    return f;
}

static struct ingest_finding *slot(struct ingest_receipt *r)
{
    if (r->findings_n == INGEST_FINDINGS_MAX)
        return NULL;
    if (r->findings_n == r->findings_size) {
        size_t size = r->findings_size ? r->findings_size * 2 : 16;
        struct ingest_finding *p = reallocarray(r->findings, size, sizeof(*p));
        if (!p)
            return NULL; /* counted all the same */
        r->findings = p;
        r->findings_size = size;
    }
    return &r->findings[r->findings_n++];
}

void ingest_receipt_add(struct ingest_receipt *r, enum ingest_severity severity,
                        const struct ingest_place *at, const char *code, const char *format, ...)
{
    if (severity == INGEST_ERROR)
        r->errors++;
    else
        r->warnings++;
    struct ingest_finding *f = slot(r);
    if (!f)
        return;
    *f = (struct ingest_finding){
        .severity = severity, .line = at->line, .column = at->column, .code = code};
    (void)snprintf(f->file, sizeof(f->file), "%s", at->file);
    (void)snprintf(f->column_name, sizeof(f->column_name), "%s",
                   at->column_name ? at->column_name : "");
    va_list args;
    va_start(args, format);
    (void)vsnprintf(f->text, sizeof(f->text), format, args);
    va_end(args);
}

static json_t *file_json(const struct ingest_file_receipt *f)
{
    return json_pack("{s:s, s:s*, s:I, s:I, s:I}", "file", f->name, "mode",
                     f->mode[0] ? f->mode : NULL, "rows", (json_int_t)f->rows, "warned",
                     (json_int_t)f->warned, "refused", (json_int_t)f->refused);
}

static json_t *finding_json(const struct ingest_finding *f)
{
    return json_pack("{s:s, s:s, s:I, s:i, s:s, s:s, s:s}", "severity",
                     f->severity == INGEST_ERROR ? "error" : "warning", "file", f->file, "line",
                     (json_int_t)f->line, "column", (int)f->column, "column_name", f->column_name,
                     "code", f->code, "text", f->text);
}

json_t *ingest_receipt_json(const struct ingest_receipt *r)
{
    json_t *files = json_array();
    json_t *findings = json_array();
    int bad = files && findings ? 0 : -1;
    for (size_t i = 0; i < r->files_n && bad == 0; i++)
        bad = json_array_append_new(files, file_json(&r->files[i]));
    for (size_t i = 0; i < r->findings_n && bad == 0; i++)
        bad = json_array_append_new(findings, finding_json(&r->findings[i]));
    json_t *root = bad == 0 ? json_pack("{s:s, s:I, s:I, s:O, s:O}", "format", r->format,
                                        "warnings", (json_int_t)r->warnings, "errors",
                                        (json_int_t)r->errors, "files", files, "findings", findings)
                            : NULL;
    json_decref(files);
    json_decref(findings);
    return root;
}
