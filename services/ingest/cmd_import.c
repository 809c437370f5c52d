/* SPDX-License-Identifier: Apache-2.0 */
/* `kith import`: a package of rosters, judged here or sent to the daemon. */
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ingest/cmd.h"
#include "ingest/package.h"
#include "ingest/roster.h"
#include "kith/table.h"

#define FINDINGS_ALIKE 5

static const char help[] =
    "Usage: kith import --check FILE [--strict] [--json]\n"
    "\n"
    "Judges a package of rosters without sending it anywhere: a OneRoster 1.1 or 1.2 zip (bulk or "
    "delta), the CSV files of Microsoft School\n"
    "Data Sync 2.1 (a zip or a folder). Prints what each file holds and, by file, line and column, "
    "what is wrong and what to do.\n"
    "Exit status: 0 the package can be taken, 1 it cannot, 2 usage.\n"
    "\n"
    "      --check        judge the package; nothing is sent, no database is needed\n"
    "      --strict       refuse what a lenient reader takes with a warning: order and spelling of "
    "columns, dates as a spreadsheet\n"
    "                     writes them, filled status columns in bulk files, rows that name what is "
    "not in the package\n"
    "      --json         one JSON object a file ({\"file\", \"mode\", \"rows\", ...}) and a "
    "finding ({\"severity\", \"file\", \"line\", ...})\n"
    "  -h, --help         this text\n";

struct import_options {
    bool check;
    bool strict;
    bool json;
    const char *file;
};

static int parse_options(int argc, char **argv, struct import_options *o)
{
    enum { CHECK = 256, STRICT, JSON };
    static const struct option options[] = {{"check", no_argument, NULL, CHECK},
                                            {"strict", no_argument, NULL, STRICT},
                                            {"json", no_argument, NULL, JSON},
                                            {"help", no_argument, NULL, 'h'},
                                            {0}};
    bool ok = true;
    for (int c; ok && (c = getopt_long(argc, argv, "h", options, NULL)) != -1;) {
        if (c == CHECK)
            o->check = true;
        else if (c == STRICT)
            o->strict = true;
        else if (c == JSON)
            o->json = true;
        else if (c == 'h') {
            (void)fputs(help, stdout);
            return CMD_DONE + 1;
        } else
            ok = false;
    }
    if (!ok || optind + 1 != argc || !o->check)
        return ingest_cmd_usage("import") + 1;
    o->file = argv[optind];
    return 0;
}

/* How many documents of each resource a package makes. */
struct made {
    size_t n;
    const struct ingest_resource *of[64];
    uint64_t count[64];
};

static bool count_made(void *ctx, const struct ingest_emitted *e)
{
    struct made *m = ctx;
    size_t i = 0;
    while (i < m->n && m->of[i] != e->doc->resource)
        i++;
    if (i == m->n && m->n < KITH_LEN(m->of))
        m->of[m->n++] = e->doc->resource;
    if (i < m->n)
        m->count[i]++;
    ingest_doc_free(e->doc);
    return true;
}

static kith_err judge(const struct import_options *o, struct ingest_receipt *receipt,
                      struct made *made)
{
    kith_auto(ingest_package) package = NULL;
    kith_auto(ingest_roster) roster = NULL;
    struct ingest_roster_opts opts = {.strict = o->strict};
    kith_err err = ingest_package_open(o->file, o->strict, receipt, &package);
    if (err == KITH_OK)
        err = ingest_roster_check(package, &opts, receipt, &roster);
    if (err == KITH_OK && receipt->errors == 0)
        err = ingest_roster_emit(roster, receipt, count_made, made);
    return err == KITH_EINVAL && receipt->errors > 0 ? KITH_OK : err;
}

/* ---- output ---- */

static kith_err print_files(const struct ingest_receipt *r)
{
    static const struct kith_column columns[] = {
        {"file", "FILE", false},           {"mode", "MODE", false},       {"rows", "ROWS", true},
        {"warned", "WITH WARNINGS", true}, {"refused", "LEFT OUT", true}, {0}};
    kith_auto(kith_table) t = NULL;
    kith_err err = kith_table_new(columns, &t);
    for (size_t i = 0; i < r->files_n && err == KITH_OK; i++) {
        const struct ingest_file_receipt *f = &r->files[i];
        char rows[24];
        char warned[24];
        char refused[24];
        (void)snprintf(rows, sizeof(rows), "%" PRIu64, f->rows);
        (void)snprintf(warned, sizeof(warned), "%" PRIu64, f->warned);
        (void)snprintf(refused, sizeof(refused), "%" PRIu64, f->refused);
        const char *const cells[] = {f->name, f->mode[0] ? f->mode : NULL, rows, warned, refused};
        err = kith_table_row(t, cells);
    }
    return err == KITH_OK ? kith_table_print(t, stdout, false, "no file was read") : err;
}

static kith_err print_made(const struct made *m)
{
    static const struct kith_column columns[] = {
        {"resource", "MAKES", false}, {"documents", "DOCUMENTS", true}, {0}};
    kith_auto(kith_table) t = NULL;
    kith_err err = kith_table_new(columns, &t);
    for (size_t i = 0; i < m->n && err == KITH_OK; i++) {
        char count[24];
        (void)snprintf(count, sizeof(count), "%" PRIu64, m->count[i]);
        const char *const cells[] = {m->of[i]->name, count};
        err = kith_table_row(t, cells);
    }
    return err == KITH_OK ? kith_table_print(t, stdout, false, NULL) : err;
}

static bool alike(const struct ingest_finding *a, const struct ingest_finding *b)
{
    return a->severity == b->severity && strcmp(a->code, b->code) == 0 &&
           strcmp(a->file, b->file) == 0 && strcmp(a->column_name, b->column_name) == 0;
}

static void print_finding(const struct ingest_finding *f)
{
    (void)printf("%s: %s", f->severity == INGEST_ERROR ? "error" : "warning",
                 f->file[0] ? f->file : "package");
    if (f->line > 0)
        (void)printf(":%" PRIu64, f->line);
    if (f->column > 0)
        (void)printf(":%u", f->column);
    (void)printf(": %s [%s]\n", f->text, f->code);
}

/* Of many of one kind the first few: --json has them all. */
static void print_findings(const struct ingest_receipt *r)
{
    uint64_t shown = 0;
    for (size_t i = 0; i < r->findings_n; i++) {
        size_t before = 0;
        for (size_t k = 0; k < i && before < FINDINGS_ALIKE; k++)
            before += alike(&r->findings[k], &r->findings[i]);
        if (before == FINDINGS_ALIKE)
            continue;
        print_finding(&r->findings[i]);
        shown++;
    }
    if (r->errors + r->warnings > shown)
        (void)printf("... and %" PRIu64 " more like these; --json lists them\n",
                     r->errors + r->warnings - shown);
}

static kith_err print_json(const struct ingest_receipt *r)
{
    json_t *root = ingest_receipt_json(r);
    static const char *const lists[] = {"files", "findings"};
    for (size_t l = 0; root && l < KITH_LEN(lists); l++) {
        size_t i;
        json_t *one;
        json_array_foreach(json_object_get(root, lists[l]), i, one)
        {
            kith_auto_mem char *text = json_dumps(one, JSON_COMPACT);
            if (text)
                (void)puts(text);
        }
    }
    bool done = root != NULL;
    json_decref(root);
    return done ? KITH_OK : KITH_ENOMEM;
}

static kith_err print_text(const struct ingest_receipt *r, const struct made *made)
{
    (void)printf("%s\n\n", r->format[0] ? r->format : "unknown format");
    kith_err err = print_files(r);
    if (made->n > 0)
        (void)putchar('\n');
    if (err == KITH_OK && made->n > 0)
        err = print_made(made);
    if (r->findings_n > 0)
        (void)putchar('\n');
    print_findings(r);
    (void)printf("\n%s: %" PRIu64 " errors, %" PRIu64 " warnings\n",
                 r->errors > 0 ? "The package cannot be taken" : "The package can be taken",
                 r->errors, r->warnings);
    return err;
}

int ingest_cmd_import(int argc, char **argv)
{
    struct import_options o = {0};
    int stop = parse_options(argc, argv, &o);
    if (stop)
        return stop - 1;
    kith_auto(ingest_receipt) receipt = calloc(1, sizeof(*receipt));
    struct made made = {0};
    kith_err err = receipt ? judge(&o, receipt, &made) : KITH_ENOMEM;
    if (err == KITH_OK)
        err = o.json ? print_json(receipt) : print_text(receipt, &made);
    if (err != KITH_OK) {
        struct kith_why why;
        kith_why_set(&why, "%s", o.file);
        return ingest_cmd_fail("import", err, &why);
    }
    return receipt->errors > 0 ? CMD_FAILED : CMD_DONE;
}
