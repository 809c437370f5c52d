/* SPDX-License-Identifier: Apache-2.0 */
/* kith status: is everything up, where do records wait, how much is there. */
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <curl/curl.h>
#include <jansson.h>

#include "cli/cli.h"
#include "cli/store.h"
#include "kith/clock.h"
#include "kith/daemon.h"
#include "kith/table.h"

#define HEALTH_MS 2000
#define WATCH_MS  2000

static const char help[] =
    "Usage: kith status [--json] [--watch]\n"
    "\n"
    "Shows each daemon's health, how far each reader is behind each log (in records, and in "
    "seconds since the oldest unread one was\n"
    "accepted), and what there is of each district. --json prints one object on one line. --watch "
    "repeats every 2 s.\n"
    "Exit status 1 when a daemon is not ready or the database does not answer.\n";

/* Everything is gathered into one JSON object; the tables are printed from it. */
struct report {
    json_t *root;
    json_t *districts;
    int64_t now_us;
    bool ready;
};

/* ---- gathering ---- */

/* "ready", "not ready" (it answers, but not 200), "down" */
static const char *daemon_health(const char *address)
{
    char url[256];
    (void)snprintf(url, sizeof(url), "http://%s/readyz", address);
    CURL *easy = curl_easy_init();
    if (!easy)
        return "down";
    (void)curl_easy_setopt(easy, CURLOPT_URL, url);
    (void)curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)HEALTH_MS);
    (void)curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    (void)curl_easy_setopt(easy, CURLOPT_PROXY, "");
    (void)curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
    long status = 0;
    if (curl_easy_perform(easy) == CURLE_OK)
        (void)curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
    curl_easy_cleanup(easy);
    return status == 200 ? "ready" : status != 0 ? "not ready" : "down";
}

static void gather_daemons(struct report *report, struct kith_client *client)
{
    json_t *list = json_array();
    for (const char *const *name = cli_daemons; *name; name++) {
        const char *address = kith_client_setting(client, *name, "http");
        const char *health = address ? daemon_health(address) : "not configured";
        report->ready = report->ready && strcmp(health, "ready") == 0;
        json_t *daemon =
            json_pack("{s:s, s:s, s:s?}", "daemon", *name, "health", health, "http", address);
        (void)json_array_append_new(list, daemon);
    }
    (void)json_object_set_new(report->root, "daemons", list);
}

static json_t *district_of(struct report *report, int32_t number)
{
    size_t i;
    json_t *district;
    json_array_foreach(report->districts, i, district)
    {
        if (json_integer_value(json_object_get(district, "district_id")) == number)
            return district;
    }
    return NULL;
}

static void on_district(void *ctx, int32_t number, const char *name)
{
    struct report *report = ctx;
    json_t *district = json_pack("{s:i, s:s}", "district_id", (int)number, "name", name);
    (void)json_array_append_new(report->districts, district);
}

static void on_lag(void *ctx, const struct cli_lag *lag)
{
    struct report *report = ctx;
    int64_t behind_us = lag->oldest_us ? report->now_us - lag->oldest_us : 0;
    json_t *json = json_pack("{s:i, s:s, s:i, s:s?, s:I, s:I, s:I, s:f}", "district_id",
                             (int)lag->district, "stream", lag->stream, "shard", (int)lag->shard,
                             "consumer", lag->consumer, "head", (json_int_t)lag->head, "pos",
                             (json_int_t)lag->pos, "lag_records", (json_int_t)lag->records,
                             "lag_seconds", behind_us > 0 ? (double)behind_us / 1e6 : 0.0);
    (void)json_array_append_new(json_object_get(report->root, "streams"), json);
}

static const char *rule_name(const char *number)
{
    static const char *const names[] = {NULL, "consecutive_unexcused", "low_attendance",
                                        "no_contact"}; /* RiskRule of records.proto */
    long rule = strtol(number, NULL, 10);
    return rule > 0 && rule < (long)KITH_LEN(names) ? names[rule] : number;
}

static void on_count(void *ctx, const struct cli_count *count)
{
    struct report *report = ctx;
    json_t *district = district_of(report, count->district);
    if (!district)
        return;
    json_t *group = json_object_get(district, count->group);
    if (!group) {
        group = json_object();
        (void)json_object_set_new(district, count->group, group);
    }
    const char *what = strcmp(count->group, "flags") == 0 ? rule_name(count->what) : count->what;
    (void)json_object_set_new(group, what, json_integer(count->n));
}

static kith_err gather_database(struct report *report, struct kith_client *client,
                                struct kith_why *why)
{
    kith_auto(cli_store) store = NULL;
    kith_err err = cli_store_open(client, &store, why);
    if (err == KITH_OK)
        err = cli_store_districts(store, on_district, report, why);
    if (err == KITH_OK)
        err = cli_store_lags(store, on_lag, report, why);
    if (err == KITH_OK)
        err = cli_store_counts(store, on_count, report, why);
    return err;
}

/* The system's clock may be driven by a file (a demonstration): ages are in its time. */
static int64_t driven_now(struct kith_client *client)
{
    const char *clock_file = kith_client_setting(client, "common", "clock_file");
    if (clock_file && clock_file[0] && kith_clock_use_file(clock_file) != KITH_OK)
        fprintf(stderr, "kith status: clock file %s cannot be read\n", clock_file);
    return kith_clock_now_us();
}

/* ---- printing ---- */

/* A cell of a JSON object as text, in `buffer` when it is a number. */
static const char *cell(const json_t *object, const char *key, char buffer[static 32])
{
    const json_t *value = json_object_get(object, key);
    if (json_is_string(value))
        return json_string_value(value);
    if (json_is_integer(value))
        (void)snprintf(buffer, 32, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
    else if (json_is_real(value))
        (void)snprintf(buffer, 32, "%.1f", json_real_value(value));
    else
        return NULL;
    return buffer;
}

/* An array of objects as a table; column names are the keys. */
static kith_err print_table(const json_t *list, const struct kith_column *columns,
                            const char *empty)
{
    kith_auto(kith_table) table = NULL;
    kith_err err = kith_table_new(columns, &table);
    size_t i;
    json_t *row;
    json_array_foreach(list, i, row)
    {
        char buffers[8][32];
        const char *cells[8] = {NULL};
        for (size_t c = 0; c < KITH_LEN(cells) && columns[c].name; c++)
            cells[c] = cell(row, columns[c].name, buffers[c]);
        if (err == KITH_OK)
            err = kith_table_row(table, cells);
    }
    return err == KITH_OK ? kith_table_print(table, stdout, false, empty) : err;
}

static void print_group(const char *name, const json_t *group)
{
    printf("  %-11s", name);
    const char *key;
    json_t *value;
    const char *separator = "";
    json_object_foreach((json_t *)group, key, value)
    {
        printf("%s%s %" JSON_INTEGER_FORMAT, separator, key, json_integer_value(value));
        separator = ", ";
    }
    putchar('\n');
}

static void print_districts(const json_t *districts)
{
    static const char *const groups[] = {"items", "attendance", "quarantine", "risk",
                                         "flags", "alerts",     "deliveries", "mails"};
    size_t i;
    json_t *district;
    json_array_foreach(districts, i, district)
    {
        printf("\nDistrict %" JSON_INTEGER_FORMAT ", %s\n",
               json_integer_value(json_object_get(district, "district_id")),
               json_string_value(json_object_get(district, "name")));
        for (size_t g = 0; g < KITH_LEN(groups); g++) {
            const json_t *group = json_object_get(district, groups[g]);
            if (group)
                print_group(groups[g], group);
        }
    }
}

static kith_err print_text(const struct report *report)
{
    static const struct kith_column daemons[] = {
        {"daemon", "DAEMON", false}, {"health", "HEALTH", false}, {"http", "HTTP", false}, {0}};
    static const struct kith_column streams[] = {
        {"district_id", "DISTRICT", true}, {"stream", "LOG", false},
        {"consumer", "READER", false},     {"head", "HEAD", true},
        {"pos", "READ TO", true},          {"lag_records", "BEHIND", true},
        {"lag_seconds", "SECONDS", true},  {0}};
    kith_err err = print_table(json_object_get(report->root, "daemons"), daemons, NULL);
    if (err != KITH_OK || !json_object_get(report->root, "streams"))
        return err;
    putchar('\n');
    err = print_table(json_object_get(report->root, "streams"), streams,
                      "No district yet: `kith district create --help`.");
    print_districts(report->districts);
    return err;
}

static kith_err print_json(const struct report *report)
{
    kith_auto_mem char *text = json_dumps(report->root, JSON_COMPACT);
    if (!text)
        return KITH_ENOMEM;
    puts(text);
    return KITH_OK;
}

static int show(struct kith_client *client, bool json)
{
    struct kith_why why = {0};
    struct report report = {.root = json_object(), .districts = json_array(), .ready = true};
    report.now_us = driven_now(client);
    gather_daemons(&report, client);
    (void)json_object_set_new(report.root, "streams", json_array());
    (void)json_object_set(report.root, "districts", report.districts);
    kith_err err = gather_database(&report, client, &why);
    if (err != KITH_OK) /* half an answer would look like an empty district */
        (void)json_object_del(report.root, "streams");
    (void)json_object_set_new(report.root, "database",
                              json_string(err == KITH_OK ? "ready" : "down"));
    kith_err printed = json ? print_json(&report) : print_text(&report);
    (void)fflush(stdout);
    json_decref(report.districts);
    json_decref(report.root);
    if (err != KITH_OK)
        return cli_fail("status", err, &why);
    if (printed != KITH_OK)
        return cli_fail("status", printed, NULL);
    if (!report.ready)
        fputs("kith status: a daemon is not ready; its log says why\n", stderr);
    return report.ready ? CLI_DONE : CLI_FAILED;
}

static int watch(struct kith_client *client, bool json)
{
    bool never = false;
    for (;;) {
        if (!json)
            fputs("\033[H\033[2J", stdout);
        (void)show(client, json);
        if (kith_loop_run_until(kith_client_loop(client), &never, WATCH_MS) != KITH_ETIMEOUT)
            return CLI_FAILED;
        kith_clock_poll();
    }
}

int cli_status(int argc, char **argv)
{
    static const struct option names[] = {{"json", no_argument, NULL, 'j'},
                                          {"watch", no_argument, NULL, 'w'},
                                          {"help", no_argument, NULL, 'h'},
                                          {0}};
    bool json = false;
    bool repeat = false;
    int option;
    while ((option = getopt_long(argc, argv, "", names, NULL)) != -1) {
        if (option == 'h') {
            fputs(help, stdout);
            return CLI_DONE;
        }
        if (option != 'j' && option != 'w')
            return cli_usage("status");
        json = json || option == 'j';
        repeat = repeat || option == 'w';
    }
    if (optind != argc)
        return cli_usage("status");
    struct kith_why why = {0};
    kith_auto(kith_client) client = NULL;
    kith_err err = kith_client_open(NULL, &client, &why);
    if (err != KITH_OK)
        return cli_fail("status", err, &why);
    return repeat ? watch(client, json) : show(client, json);
}
