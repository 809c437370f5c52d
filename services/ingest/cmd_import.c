/* SPDX-License-Identifier: Apache-2.0 */
/* `kith import`: a package of rosters, judged here or sent to the daemon. */
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ingest/attendance_csv.h"
#include "ingest/cmd.h"
#include "ingest/cmd_pack.h"
#include "ingest/cmd_upload.h"
#include "ingest/package.h"
#include "ingest/roster.h"
#include "kith/table.h"

#define FINDINGS_ALIKE 5

static const char help[] =
    "Usage: kith import [options] FILE...\n"
    "       kith import --check FILE... [--map MAP] [--strict] [--json]\n"
    "       kith import --list | --confirm ID | --discard ID\n"
    "\n"
    "Sends a package to ingest, waits and prints what became of it:\n"
    "  rosters     a OneRoster 1.1 or 1.2 zip (bulk or delta), or a zip of the CSV files of "
    "Microsoft School Data Sync 2.1. Applied whole or not\n"
    "              at all; the same again changes nothing. A bulk package that lacks more than a "
    "district loses in a day is quarantined:\n"
    "              look at it, then confirm or discard it.\n"
    "  attendance  a CSV file with the columns Student_id, School_id, Section_id, Attendance_date, "
    "Attendance_type (daily, section),\n"
    "              Attendance_status (absent, tardy, present), Excuse_code, Sis_id. A row says how "
    "a day or meeting is now. Rows that name\n"
    "              what is not known yet wait and are tried again after every import.\n"
    "Files with other columns or codes go through a map: kith import --map MAP FILE...; "
    "services/ingest/README.md shows how to write one.\n"
    "FILE may be a folder of CSV files.\n"
    "\n"
    "      --check             judge the package here: nothing is sent, no database is needed\n"
    "      --map MAP           how the files' columns and codes are to be read\n"
    "      --strict            refuse what a lenient reader takes with a warning: order and "
    "spelling of columns, dates as a spreadsheet\n"
    "                          writes them, filled status columns in bulk files, rows that name "
    "what is not in the package\n"
    "      --list              the last imports and their states\n"
    "      --confirm ID        apply a quarantined package all the same\n"
    "      --discard ID        drop a quarantined package\n"
    "      --url URL           base URL of ingest (default: client.conf of KITH_HOME, else "
    "kith.conf)\n"
    "      --client-id ID      OAuth2 client (default: KITH_CLIENT_ID, else client.conf)\n"
    "      --secret-file FILE  its secret (default: KITH_CLIENT_SECRET, else client.conf)\n"
    "      --json              one JSON object a file, finding and resource (--list: an import)\n"
    "  -h, --help              this text\n"
    "\n"
    "Exit status: 0 applied (--check: the package can be taken), 1 refused, quarantined or not "
    "sent, 2 usage.\n";

struct import_options {
    bool check;
    bool strict;
    bool json;
    bool list;
    int64_t confirm;
    int64_t discard;
    const char *map;
    const char *const *files;
    size_t files_n;
    const char *file; /* what is judged or sent: of the files, or made of them */
    struct cmd_login login;
};

static bool number(const char *text, int64_t *ret)
{
    char *end;
    *ret = strtoll(text, &end, 10);
    return *text && *end == '\0' && *ret > 0;
}

enum { CHECK = 256, MAP, STRICT, JSON, LIST, CONFIRM, DISCARD, URL, ID, SECRET };
static const struct option long_options[] = {{"check", no_argument, NULL, CHECK},
                                             {"map", required_argument, NULL, MAP},
                                             {"strict", no_argument, NULL, STRICT},
                                             {"json", no_argument, NULL, JSON},
                                             {"list", no_argument, NULL, LIST},
                                             {"confirm", required_argument, NULL, CONFIRM},
                                             {"discard", required_argument, NULL, DISCARD},
                                             {"url", required_argument, NULL, URL},
                                             {"client-id", required_argument, NULL, ID},
                                             {"secret-file", required_argument, NULL, SECRET},
                                             {"help", no_argument, NULL, 'h'},
                                             {0}};

static bool take_option(struct import_options *o, int c)
{
    switch (c) {
    case CHECK:
        return o->check = true;
    case MAP:
        return (o->map = optarg) != NULL;
    case STRICT:
        return o->strict = true;
    case JSON:
        return o->json = true;
    case LIST:
        return o->list = true;
    case CONFIRM:
        return number(optarg, &o->confirm);
    case DISCARD:
        return number(optarg, &o->discard);
    case URL:
        return (o->login.url = optarg) != NULL;
    case ID:
        return (o->login.client_id = optarg) != NULL;
    default:
        return false;
    }
}

/* 0 go on; else an exit status + 1 */
static int parse_options(int argc, char **argv, struct import_options *o)
{
    bool ok = true;
    for (int c; ok && (c = getopt_long(argc, argv, "h", long_options, NULL)) != -1;) {
        if (c == 'h') {
            (void)fputs(help, stdout);
            return CMD_DONE + 1;
        }
        if (c == SECRET && !cmd_login_secret(&o->login, "import", optarg))
            return CMD_FAILED + 1;
        ok = c == SECRET || take_option(o, c);
    }
    int whats = o->list + (o->confirm > 0) + (o->discard > 0);
    bool fits = whats == 0 ? optind < argc : whats == 1 && optind == argc && !o->check && !o->map;
    if (!ok || !fits)
        return ingest_cmd_usage("import") + 1;
    o->files = (const char *const *)argv + optind;
    o->files_n = (size_t)(argc - optind);
    o->file = whats == 0 ? argv[optind] : NULL;
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

static kith_err judge_roster(const struct import_options *o, struct ingest_package *package,
                             struct ingest_receipt *receipt, struct made *made)
{
    kith_auto(ingest_roster) roster = NULL;
    struct ingest_roster_opts opts = {.strict = o->strict};
    kith_err err = ingest_roster_check(package, &opts, receipt, &roster);
    if (err == KITH_OK && receipt->errors == 0)
        err = ingest_roster_emit(roster, receipt, count_made, made);
    return err;
}

static kith_err judge(const struct import_options *o, struct ingest_receipt *receipt,
                      struct made *made)
{
    kith_auto(ingest_package) package = NULL;
    kith_err err = ingest_package_open(o->file, o->strict, receipt, &package);
    const char *attendance = err == KITH_OK ? ingest_attendance_csv_in(package) : NULL;
    if (err == KITH_OK)
        err = attendance
                  ? ingest_attendance_csv_read(package, attendance, o->strict, receipt, NULL, NULL)
                  : judge_roster(o, package, receipt, made);
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

static void print_list(const json_t *root, const char *name)
{
    size_t i;
    json_t *one;
    json_array_foreach(json_object_get(root, name), i, one)
    {
        kith_auto_mem char *text = json_dumps(one, JSON_COMPACT);
        if (text)
            (void)puts(text);
    }
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

static int check(const struct import_options *o)
{
    kith_auto(ingest_receipt) receipt = calloc(1, sizeof(*receipt));
    struct made made = {0};
    kith_err err = receipt ? judge(o, receipt, &made) : KITH_ENOMEM;
    if (err == KITH_OK && o->json) {
        json_t *root = ingest_receipt_json(receipt);
        print_list(root, "files");
        print_list(root, "findings");
        err = root ? KITH_OK : KITH_ENOMEM;
        json_decref(root);
    } else if (err == KITH_OK)
        err = print_text(receipt, &made);
    if (err != KITH_OK) {
        struct kith_why why;
        kith_why_set(&why, "%s: %s", o->file,
                     err == KITH_ENOTFOUND ? "there is no such file" : "it cannot be read");
        return ingest_cmd_fail("import", err == KITH_ENOTFOUND ? KITH_EIO : err, &why);
    }
    return receipt->errors > 0 ? CMD_FAILED : CMD_DONE;
}

/* ---- sending ---- */

static kith_err print_table(const json_t *list, const struct kith_column *columns,
                            const char *empty, bool json)
{
    kith_auto(kith_table) t = NULL;
    size_t i;
    json_t *one;
    kith_err err = kith_table_new(columns, &t);
    json_array_foreach(list, i, one)
    {
        char numbers[8][24];
        const char *cells[8] = {0};
        for (size_t c = 0; columns[c].name && err == KITH_OK; c++) {
            const json_t *value = json_object_get(one, columns[c].name);
            (void)snprintf(numbers[c], sizeof(numbers[c]), "%lld",
                           (long long)json_integer_value(value));
            cells[c] = json_is_integer(value) ? numbers[c] : json_string_value(value);
        }
        if (err == KITH_OK)
            err = kith_table_row(t, cells);
    }
    return err == KITH_OK ? kith_table_print(t, stdout, json, empty) : err;
}

static void print_sent_findings(const json_t *receipt)
{
    size_t i;
    json_t *f;
    json_array_foreach(json_object_get(receipt, "findings"), i, f)
    {
        if (i == 50) {
            (void)printf("... and %zu more; --json lists them\n",
                         json_array_size(json_object_get(receipt, "findings")) - i);
            break;
        }
        const char *file = json_string_value(json_object_get(f, "file"));
        (void)printf("%s: %s:%lld: %s [%s]\n", json_string_value(json_object_get(f, "severity")),
                     file && *file ? file : "package",
                     (long long)json_integer_value(json_object_get(f, "line")),
                     json_string_value(json_object_get(f, "text")),
                     json_string_value(json_object_get(f, "code")));
    }
}

static const struct kith_column resource_columns[] = {{"resource", "RESOURCE", false},
                                                      {"created", "NEW", true},
                                                      {"updated", "CHANGED", true},
                                                      {"unchanged", "UNCHANGED", true},
                                                      {"removed", "REMOVED", true},
                                                      {"missing", "MISSING", true},
                                                      {0}};

/* What became of a package; its exit status. */
static int report(const json_t *import, bool json)
{
    const char *state = json_string_value(json_object_get(import, "state"));
    const json_t *receipt = json_object_get(import, "receipt");
    long long id = (long long)json_integer_value(json_object_get(import, "id"));
    kith_err err = KITH_OK;
    if (json) {
        print_list(receipt, "files");
        print_list(receipt, "findings");
        print_list(receipt, "resources");
        (void)printf("{\"id\":%lld,\"state\":\"%s\"}\n", id, state);
    } else {
        err = print_table(json_object_get(receipt, "resources"), resource_columns,
                          "nothing was taken", false);
        (void)putchar('\n');
        print_sent_findings(receipt);
        (void)printf("Import %lld: %s\n", id, state);
        if (strcmp(state, "quarantined") == 0)
            (void)printf(
                "Nothing was changed. If this is right: kith import --confirm %lld; if the "
                "export broke off: kith import --discard %lld\n",
                id, id);
    }
    bool good =
        err == KITH_OK && (strcmp(state, "applied") == 0 || strcmp(state, "discarded") == 0);
    return good ? CMD_DONE : CMD_FAILED;
}

static bool complete(const struct cmd_login *l)
{
    const char *missing = !l->url || !l->url[0] ? "--url, or KITH_HOME of the running system"
                          : !l->client_id[0] || !l->client_secret[0]
                              ? "--client-id and --secret-file; `kith key new` makes them"
                              : NULL;
    if (missing)
        (void)fprintf(stderr, "kith import: missing: %s\n", missing);
    return !missing;
}

static int list_imports(const struct import_options *o, struct kith_why *why)
{
    static const struct kith_column columns[] = {
        {"id", "ID", true},        {"name", "FILE", false},
        {"state", "STATE", false}, {"created", "RECEIVED", false},
        {"done", "DONE", false},   {0}};
    json_t *root = NULL;
    kith_err err = cmd_upload_list(&o->login, &root, why);
    if (err == KITH_OK)
        err = print_table(root, columns, "nothing was imported", o->json);
    json_decref(root);
    return err == KITH_OK ? CMD_DONE : ingest_cmd_fail("import", err, why);
}

static int send(struct import_options *o)
{
    kith_auto(kith_client) client = NULL;
    struct kith_why why = {""};
    json_t *root = NULL;
    if (getenv("KITH_HOME") && kith_client_open(NULL, &client, &why) != KITH_OK)
        client = NULL; /* options may say it all */
    cmd_login_complete(&o->login, client);
    if (!complete(&o->login))
        return CMD_FAILED;
    if (o->list)
        return list_imports(o, &why);
    kith_err err = o->file
                       ? cmd_upload_send(&o->login, o->file, o->files[0], o->strict, &root, &why)
                       : cmd_upload_decide(&o->login, o->confirm ? o->confirm : o->discard,
                                           o->confirm > 0, &root, &why);
    int status = err == KITH_OK ? report(root, o->json) : ingest_cmd_fail("import", err, &why);
    json_decref(root);
    return status;
}

int ingest_cmd_import(int argc, char **argv)
{
    struct import_options o = {0};
    int stop = parse_options(argc, argv, &o);
    if (stop)
        return stop - 1;
    char *packed = NULL;
    struct kith_why why = {""};
    if (o.file && cmd_pack_needed(o.files, o.files_n, o.map)) {
        kith_err err = cmd_pack_zip(o.files, o.files_n, o.map, &packed, &why);
        if (err != KITH_OK)
            return ingest_cmd_fail("import", err, &why);
        o.file = packed;
    }
    int status = o.check ? check(&o) : send(&o);
    if (packed)
        (void)unlink(packed);
    free(packed);
    return status;
}
