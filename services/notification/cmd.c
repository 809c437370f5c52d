/* SPDX-License-Identifier: Apache-2.0 */
/* kith-notification-cmd: run by `kith` for `kith alerts`. Reads the views that this service publishes, with the console's role. */
#include <getopt.h>
#include <jansson.h>
#include <locale.h>
#include <stdio.h>
#include <string.h>

#include "kith/clock.h"
#include "kith/daemon.h"
#include "kith/id.h"
#include "kith/table.h"
#include "notification/store.h"

enum { DONE = 0, FAILED = 1, USAGE = 2 };

static const char help[] =
    "Usage: kith alerts list [--open | --all] [--district N] [--json]\n"
    "       kith alerts show ALERT [--district N] [--json]\n"
    "\n"
    "What adults were told. `list` shows the open alerts, the most urgent first (--all: also the "
    "resolved ones);\n"
    "`show` one of them: to whom it was routed and why, in whose inbox it is, and every attempt to "
    "mail it.\n"
    "A student is Kith's own number here; adult 0 is the district's default adult. Times are "
    "UTC.\n";

struct request {
    struct kith_client *client;
    struct kith_db *db;
    bool all;
    bool json;
    int32_t district; /* 0 = every district */
    int32_t districts[1024];
    size_t n_districts;
    struct kith_id alert_id;
};

static int fail(const char *what, kith_err err, const struct kith_why *why)
{
    (void)fprintf(stderr, "kith alerts: %s: %s (`kith explain %s`)\n", what,
                  why && why->text[0] ? why->text : kith_err_text(err), kith_err_name(err));
    return FAILED;
}

/* ---- rows to JSON ---- */

static const char *rule_word(int64_t rule)
{
    static const char *const words[] = {"unknown", "consecutive_unexcused", "low_attendance",
                                        "no_contact"};
    if (rule == NOTIF_RULE_FEED_LATE)
        return "feed_late";
    if (rule == NOTIF_RULE_IMPORT_QUARANTINED)
        return "import_quarantined";
    return words[rule >= 1 && rule <= 3 ? rule : 0];
}

static const char *urgency_word(int64_t urgency)
{
    static const char *const words[] = {"routine", "soon", "urgent"};
    return words[urgency >= 1 && urgency <= 3 ? urgency - 1 : 0];
}

static json_t *id_json(const struct kith_rows *r, size_t row, size_t col)
{
    size_t n = 0;
    const uint8_t *bytes = kith_rows_bytes(r, row, col, &n);
    struct kith_id id;
    char text[33];
    if (kith_rows_null(r, row, col) || n != sizeof(id.b))
        return json_null();
    memcpy(id.b, bytes, n);
    kith_id_format(&id, text);
    return json_string(text);
}

static json_t *time_json(const struct kith_rows *r, size_t row, size_t col)
{
    char text[25];
    if (kith_rows_null(r, row, col))
        return json_null();
    kith_instant_format(kith_rows_int(r, row, col), text);
    return json_string(text);
}

static json_t *date_json(const struct kith_rows *r, size_t row, size_t col)
{
    char text[11];
    kith_date_format((int32_t)kith_rows_int(r, row, col), text);
    return json_string(text);
}

static json_t *number_json(const struct kith_rows *r, size_t row, size_t col)
{
    return kith_rows_null(r, row, col) ? json_null() : json_integer(kith_rows_int(r, row, col));
}

static json_t *text_json(const struct kith_rows *r, size_t row, size_t col)
{
    return kith_rows_null(r, row, col) ? json_null() : json_string(kith_rows_text(r, row, col));
}

static void on_districts(void *ctx, const struct kith_rows *r)
{
    struct request *q = ctx;
    for (size_t i = 0; i < kith_rows_n(r) && q->n_districts < KITH_LEN(q->districts); i++)
        q->districts[q->n_districts++] = (int32_t)kith_rows_int(r, i, 0);
}

static void on_alerts(void *ctx, const struct kith_rows *r)
{
    for (size_t i = 0; i < kith_rows_n(r); i++)
        (void)json_array_append_new(
            ctx, json_pack("{so so so so so ss so ss so so so so so so so so}", "alert",
                           id_json(r, i, 0), "district", number_json(r, i, 1), "student",
                           number_json(r, i, 2), "school_id", number_json(r, i, 3), "school",
                           text_json(r, i, 4), "rule", rule_word(kith_rows_int(r, i, 5)), "episode",
                           number_json(r, i, 6), "urgency", urgency_word(kith_rows_int(r, i, 7)),
                           "since", date_json(r, i, 8), "value", number_json(r, i, 9), "threshold",
                           number_json(r, i, 10), "state", text_json(r, i, 11), "opened",
                           time_json(r, i, 12), "resolved", time_json(r, i, 13), "adult",
                           number_json(r, i, 14), "reason", text_json(r, i, 15)));
}

static void on_inbox(void *ctx, const struct kith_rows *r)
{
    for (size_t i = 0; i < kith_rows_n(r); i++)
        (void)json_array_append_new(
            ctx, json_pack("{so so}", "adult", number_json(r, i, 0), "at", time_json(r, i, 1)));
}

static void on_deliveries(void *ctx, const struct kith_rows *r)
{
    for (size_t i = 0; i < kith_rows_n(r); i++)
        (void)json_array_append_new(
            ctx,
            json_pack("{so so so so so so so so so so}", "adult", number_json(r, i, 0), "channel",
                      text_json(r, i, 1), "step", number_json(r, i, 2), "state", text_json(r, i, 3),
                      "queued", time_json(r, i, 4), "mail", id_json(r, i, 5), "address",
                      text_json(r, i, 6), "alerts_in_mail", number_json(r, i, 7), "attempts",
                      number_json(r, i, 8), "next_try", time_json(r, i, 9)));
}

static void on_attempts(void *ctx, const struct kith_rows *r)
{
    for (size_t i = 0; i < kith_rows_n(r); i++)
        (void)json_array_append_new(ctx, json_pack("{so so so so so so}", "mail", id_json(r, i, 0),
                                                   "attempt", number_json(r, i, 1), "started",
                                                   time_json(r, i, 2), "ended", time_json(r, i, 3),
                                                   "outcome", text_json(r, i, 4), "reply",
                                                   text_json(r, i, 5)));
}

/* ---- JSON to a table ---- */

static const char *cell(const json_t *value, char number[static 24])
{
    if (json_is_string(value))
        return json_string_value(value);
    if (!json_is_integer(value))
        return NULL;
    (void)snprintf(number, 24, "%lld", (long long)json_integer_value(value));
    return number;
}

#define COLUMNS_MAX 16

static kith_err print_rows(const struct kith_column *columns, const json_t *rows, bool json,
                           const char *empty)
{
    kith_auto(kith_table) table = NULL;
    kith_err err = kith_table_new(columns, &table);
    size_t i;
    json_t *row;
    json_array_foreach(rows, i, row)
    {
        const char *cells[COLUMNS_MAX];
        char numbers[COLUMNS_MAX][24];
        for (size_t k = 0; columns[k].name && k < COLUMNS_MAX; k++)
            cells[k] = cell(json_object_get(row, columns[k].name), numbers[k]);
        if (err == KITH_OK)
            err = kith_table_row(table, cells);
    }
    return err == KITH_OK ? kith_table_print(table, stdout, json, empty) : err;
}

static const struct kith_column alert_columns[] = {
    {"alert", "ALERT", false},
    {"district", "DISTRICT", true},
    {"student", "STUDENT", true},
    {"school", "SCHOOL", false},
    {"rule", "RULE", false},
    {"urgency", "URGENCY", false},
    {"since", "SINCE", false},
    {"value", "VALUE", true},
    {"state", "STATE", false},
    {"opened", "OPENED", false},
    {"adult", "ADULT", true},
    {"reason", "REASON", false},
    {0},
};
/* With --json the whole of it. */
static const struct kith_column alert_columns_all[] = {
    {"alert", "", false},
    {"district", "", true},
    {"student", "", true},
    {"school_id", "", true},
    {"school", "", false},
    {"rule", "", false},
    {"episode", "", true},
    {"urgency", "", false},
    {"since", "", false},
    {"value", "", true},
    {"threshold", "", true},
    {"state", "", false},
    {"opened", "", false},
    {"resolved", "", false},
    {"adult", "", true},
    {"reason", "", false},
    {0},
};
static const struct kith_column inbox_columns[] = {
    {"adult", "IN THE INBOX OF ADULT", true},
    {"at", "SINCE", false},
    {0},
};
static const struct kith_column delivery_columns[] = {
    {"adult", "TO ADULT", true},
    {"channel", "BY", false},
    {"state", "STATE", false},
    {"queued", "QUEUED", false},
    {"mail", "MAIL", false},
    {"address", "ADDRESS", false},
    {"alerts_in_mail", "ALERTS IN IT", true},
    {"attempts", "ATTEMPTS", true},
    {"next_try", "NEXT TRY", false},
    {0},
};
static const struct kith_column attempt_columns[] = {
    {"mail", "MAIL", false},
    {"attempt", "ATTEMPT", true},
    {"started", "STARTED", false},
    {"ended", "ENDED", false},
    {"outcome", "OUTCOME", false},
    {"reply", "THE RELAY SAID", false},
    {0},
};

/* ---- asking the database ---- */

struct wait {
    bool done;
    kith_err err;
    struct kith_why why;
};

static void on_done(void *ctx, kith_err err, const struct kith_why *why)
{
    struct wait *w = ctx;
    w->done = true;
    w->err = err;
    if (why)
        w->why = *why;
}

static kith_err run(struct request *q, struct kith_job *job, struct kith_why *why)
{
    struct wait w = {0};
    kith_err err = kith_db_run(q->db, job, on_done, &w);
    while (err == KITH_OK && !w.done) { /* w is on the stack: the job always ends */
        kith_err waited = kith_loop_run_until(kith_client_loop(q->client), &w.done, 1000);
        (void)waited;
    }
    *why = w.why;
    return err == KITH_OK ? w.err : err;
}

static kith_err find_districts(struct request *q, struct kith_why *why)
{
    if (q->district) {
        q->districts[0] = q->district;
        q->n_districts = 1;
        return KITH_OK;
    }
    struct kith_job *job = NULL;
    kith_err err = kith_job_new(&job);
    if (err != KITH_OK)
        return err;
    notif_cmd_read_districts(job, on_districts, q);
    return run(q, job, why);
}

static kith_err list(struct request *q, struct kith_why *why)
{
    struct kith_job *job = NULL;
    kith_err err = kith_job_new(&job);
    if (err != KITH_OK)
        return err;
    json_t *alerts = json_array();
    kith_job_scope(job, q->districts, q->n_districts);
    notif_cmd_read_alerts(job, q->districts, q->n_districts, q->all, on_alerts, alerts);
    err = run(q, job, why);
    if (err == KITH_OK)
        err = print_rows(q->json ? alert_columns_all : alert_columns, alerts, q->json,
                         q->all ? "No alerts." : "No open alerts (--all shows the resolved ones).");
    json_decref(alerts);
    return err;
}

/* Prints {alert..., "inbox": [...], "deliveries": [...], "attempts": [...]}. */
static kith_err print_one_json(json_t *alert, json_t *inbox, json_t *deliveries, json_t *attempts)
{
    (void)json_object_set(alert, "inbox", inbox);
    (void)json_object_set(alert, "deliveries", deliveries);
    (void)json_object_set(alert, "attempts", attempts);
    return json_dumpf(alert, stdout, JSON_COMPACT) == 0 && fputc('\n', stdout) != EOF ? KITH_OK
                                                                                      : KITH_EIO;
}

static kith_err print_one(const json_t *alerts, const json_t *inbox, const json_t *deliveries,
                          const json_t *attempts)
{
    kith_err err = print_rows(alert_columns, alerts, false, NULL);
    (void)putchar('\n');
    if (err == KITH_OK)
        err = print_rows(inbox_columns, inbox, false, "In nobody's inbox.");
    (void)putchar('\n');
    if (err == KITH_OK)
        err = print_rows(delivery_columns, deliveries, false, "Nothing was to be delivered.");
    (void)putchar('\n');
    if (err == KITH_OK)
        err = print_rows(attempt_columns, attempts, false, "No attempt yet.");
    return err;
}

static kith_err show(struct request *q, struct kith_why *why)
{
    struct kith_job *job = NULL;
    kith_err err = kith_job_new(&job);
    if (err != KITH_OK)
        return err;
    json_t *alerts = json_array();
    json_t *inbox = json_array();
    json_t *deliveries = json_array();
    json_t *attempts = json_array();
    kith_job_scope(job, q->districts, q->n_districts);
    notif_cmd_read_alert(job, q->districts, q->n_districts, &q->alert_id, on_alerts, alerts);
    notif_cmd_read_inbox(job, q->districts, q->n_districts, &q->alert_id, on_inbox, inbox);
    notif_cmd_read_deliveries(job, q->districts, q->n_districts, &q->alert_id, on_deliveries,
                              deliveries);
    notif_cmd_read_attempts(job, q->districts, q->n_districts, &q->alert_id, on_attempts, attempts);
    err = run(q, job, why);
    if (err == KITH_OK && json_array_size(alerts) == 0) {
        kith_why_set(why, "there is no such alert; `kith alerts list --all` shows all");
        err = KITH_ENOTFOUND;
    } else if (err == KITH_OK && q->json) {
        err = print_one_json(json_array_get(alerts, 0), inbox, deliveries, attempts);
    } else if (err == KITH_OK) {
        err = print_one(alerts, inbox, deliveries, attempts);
    }
    json_decref(alerts);
    json_decref(inbox);
    json_decref(deliveries);
    json_decref(attempts);
    return err;
}

/* ---- options ---- */

static int usage(const char *what)
{
    (void)fprintf(stderr, "kith alerts: %s\nTry: kith alerts --help\n", what);
    return USAGE;
}

static bool parse_district(const char *text, int32_t *ret)
{
    char *end;
    long n = strtol(text, &end, 10);
    if (end == text || *end || n < 1 || n > INT32_MAX)
        return false;
    *ret = (int32_t)n;
    return true;
}

/* -1: go on; else the exit status. */
static int parse(struct request *q, int argc, char **argv)
{
    static const struct option options[] = {
        {"open", no_argument, NULL, 'o'}, {"all", no_argument, NULL, 'a'},
        {"json", no_argument, NULL, 'j'}, {"district", required_argument, NULL, 'd'},
        {"help", no_argument, NULL, 'h'}, {0},
    };
    int c;
    while ((c = getopt_long(argc, argv, "h", options, NULL)) != -1) {
        if (c == 'h') {
            (void)fputs(help, stdout);
            return DONE;
        }
        if (c == 'o' || c == 'a')
            q->all = c == 'a';
        else if (c == 'j')
            q->json = true;
        else if (c != 'd')
            return usage("unknown option");
        else if (!parse_district(optarg, &q->district))
            return usage("--district wants a district's number");
    }
    return -1;
}

static int run_request(kith_err (*fn)(struct request *, struct kith_why *), struct request *q)
{
    struct kith_why why = {""};
    const char *what = "configuration";
    kith_err err = kith_client_open(NULL, &q->client, &why);
    if (err == KITH_OK) {
        what = "database";
        err = kith_client_db(q->client, notification_cmd_statements, &q->db, &why);
    }
    if (err == KITH_OK)
        err = find_districts(q, &why);
    if (err == KITH_OK)
        err = fn(q, &why);
    kith_db_free(q->db);
    kith_client_free(q->client);
    return err == KITH_OK ? DONE : fail(err == KITH_ENOTFOUND ? "show" : what, err, &why);
}

int main(int argc, char **argv)
{
    (void)setlocale(LC_ALL, "");
    struct request q = {0};
    /* argv: kith alerts list ... */
    int status = argc > 1 ? parse(&q, argc - 1, argv + 1) : usage("wants list or show");
    if (status >= 0)
        return status;
    char **words = argv + 1 + optind;
    int n = argc - 1 - optind;
    if (n >= 1 && strcmp(words[0], "list") == 0)
        return n == 1 ? run_request(list, &q) : usage("list takes no argument");
    if (n < 1 || strcmp(words[0], "show") != 0)
        return usage("wants list or show");
    if (n != 2 || kith_id_parse(words[1], &q.alert_id) != KITH_OK)
        return usage("show wants an alert's id: 32 hex digits, as list prints them");
    return run_request(show, &q);
}
