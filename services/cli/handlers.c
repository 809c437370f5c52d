/* SPDX-License-Identifier: Apache-2.0 */
/* kith stream: reads the daemons' logs as a daemon does, by ListStreams and Fetch, with the operator's key. */
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/records.h"
#include "kith/bus.h"
#include "kith/clock.h"
#include "kith/daemon.h"
#include "kith/msg.h"
#include "kith/table.h"
#include "kith/v1/envelope.pb-c.h"

#define ANSWER_MS  5000  /* beyond the wait of a Fetch */
#define FOLLOW_MS  10000 /* one shard: wait of a Fetch that follows */
#define TURN_MS    500   /* several shards are asked in turn */
#define TAIL_SHOWN 20    /* positions shown without --from */
#define CREDIT     500

static const char help[] =
    "Usage: kith stream heads [STREAM] [--json]\n"
    "       kith stream tail STREAM [--district N] [--from POS] [--follow] [--json]\n"
    "\n"
    "STREAM is the log of a daemon: ingest, risk or notification. `heads` shows how far each log "
    "goes. `tail` shows its records:\n"
    "the last 20 positions, or all after POS (0 = from the beginning); with --follow also those "
    "that come. Records hold Kith's own\n"
    "numbers of students, never a name.\n";

struct options {
    const char *stream;
    int32_t district; /* 0 = all */
    int64_t from;     /* -1 = the last few */
    bool follow;
    bool json;
};

/* One connection to the owner of a log; at most one question is open. */
struct line {
    struct kith_client *client;
    struct kith_bus_client *bus;
    uint8_t msg_id[KITH_MSG_ID];
    kith_envelope *reply;
    bool answered;
};

static void line_free(struct line *line)
{
    if (!line)
        return;
    kith_msg_free(line->reply);
    kith_bus_client_free(line->bus);
    free(line);
}
KITH_DEFINE_AUTO(line)

static void on_reply(void *ctx, const uint8_t *data, size_t n)
{
    struct line *line = ctx;
    kith_envelope *reply = NULL;
    if (line->answered || kith_msg_unpack(data, n, &reply, NULL, NULL) != KITH_OK)
        return;
    if (memcmp(reply->msg_id.data, line->msg_id, KITH_MSG_ID) != 0) {
        kith_msg_free(reply); /* the answer to a question that was given up */
        return;
    }
    line->reply = reply;
    line->answered = true;
}

static kith_err line_open(struct kith_client *client, const char *stream, struct line **ret,
                          struct kith_why *why)
{
    const char *endpoint;
    const char *key;
    kith_err err = kith_client_peer(client, stream, &endpoint, &key);
    if (err != KITH_OK) {
        kith_why_set(why, "there is no daemon '%s' in kith.conf with a public key", stream);
        return err;
    }
    kith_auto(line) line = calloc(1, sizeof(*line));
    if (!line)
        return KITH_ENOMEM;
    line->client = client;
    err = kith_bus_connect(kith_client_bus(client), endpoint, key, on_reply, line, &line->bus);
    if (err != KITH_OK)
        return err;
    *ret = KITH_TAKE(line);
    return KITH_OK;
}

/* Hand the question over, waiting for the connection when there is none yet. */
static kith_err line_send(struct line *line, const uint8_t *data, size_t n)
{
    int64_t end = kith_clock_mono_ms() + ANSWER_MS;
    kith_err err;
    while ((err = kith_bus_send(line->bus, data, n)) == KITH_EBUSY && kith_clock_mono_ms() < end) {
        bool never = false;
        if (kith_loop_run_until(kith_client_loop(line->client), &never, 20) != KITH_ETIMEOUT)
            break;
    }
    return err == KITH_EBUSY ? KITH_ETIMEOUT : err;
}

/* Ask and wait `wait_ms` + ANSWER_MS. The answer stays in line->reply until the next question. */
static kith_err line_ask(struct line *line, kith_envelope *question, int64_t wait_ms,
                         struct kith_why *why)
{
    kith_msg_free(line->reply);
    line->reply = NULL;
    line->answered = false;
    kith_msg_new_id(line->msg_id);
    question->msg_id = (ProtobufCBinaryData){.len = KITH_MSG_ID, .data = line->msg_id};
    uint8_t *data = NULL;
    size_t n = 0;
    kith_err err = kith_msg_pack(question, &data, &n);
    if (err != KITH_OK)
        return err;
    err = line_send(line, data, n);
    free(data);
    if (err == KITH_OK)
        err = kith_loop_run_until(kith_client_loop(line->client), &line->answered,
                                  wait_ms + ANSWER_MS);
    if (err == KITH_ETIMEOUT)
        kith_why_set(why, "the daemon does not answer; `kith status` shows whether it runs");
    if (err != KITH_OK)
        return err;
    if (line->reply->body_case == KITH__V1__ENVELOPE__BODY_ERROR) {
        kith_why_set(why, "%s", line->reply->error->text);
        return KITH_EDENIED;
    }
    return KITH_OK;
}

static kith_err list_heads(struct line *line, const char *stream, struct kith_why *why)
{
    Kith__V1__ListStreams list = KITH__V1__LIST_STREAMS__INIT;
    list.stream = (char *)stream;
    kith_envelope question = KITH__V1__ENVELOPE__INIT;
    question.body_case = KITH__V1__ENVELOPE__BODY_LIST;
    question.list = &list;
    kith_err err = line_ask(line, &question, 0, why);
    if (err == KITH_OK && line->reply->body_case != KITH__V1__ENVELOPE__BODY_STREAMS) {
        kith_why_set(why, "the answer of %s is no StreamList", stream);
        err = KITH_EDECODE;
    }
    return err;
}

/* ---- heads ---- */

static const struct kith_column head_columns[] = {{"stream", "STREAM", false},
                                                  {"district_id", "DISTRICT", true},
                                                  {"shard", "SHARD", true},
                                                  {"head_pos", "POSITION", true},
                                                  {0}};

static kith_err add_heads(struct kith_client *client, const char *stream, struct kith_table *table,
                          struct kith_why *why)
{
    kith_auto(line) line = NULL;
    kith_err err = line_open(client, stream, &line, why);
    if (err == KITH_OK)
        err = list_heads(line, stream, why);
    for (size_t i = 0; err == KITH_OK && i < line->reply->streams->n_heads; i++) {
        const Kith__V1__StreamHead *head = line->reply->streams->heads[i];
        char district[16], shard[16], pos[24];
        (void)snprintf(district, sizeof(district), "%" PRId32, head->district_id);
        (void)snprintf(shard, sizeof(shard), "%" PRId32, head->shard);
        (void)snprintf(pos, sizeof(pos), "%" PRId64, head->head_pos);
        err = kith_table_row(table, (const char *const[]){stream, district, shard, pos});
    }
    return err;
}

static int heads(struct kith_client *client, const struct options *options)
{
    struct kith_why why = {0};
    kith_auto(kith_table) table = NULL;
    kith_err err = kith_table_new(head_columns, &table);
    for (const char *const *name = cli_daemons; *name && err == KITH_OK; name++)
        if (!options->stream || strcmp(options->stream, *name) == 0)
            err = add_heads(client, *name, table, &why);
    if (err == KITH_OK)
        err = kith_table_print(table, stdout, options->json, "No district yet.");
    return err == KITH_OK ? CLI_DONE : cli_fail("stream heads", err, &why);
}

/* ---- tail ---- */

struct shard {
    int32_t district;
    int32_t shard;
    int64_t pos;
};

static json_t *record_json(const char *stream, const struct shard *shard,
                           const Kith__V1__Record *record, const char *type)
{
    char at[25];
    kith_instant_format(record->at_us, at);
    json_t *items = cli_record_items(record->type, record->payload.data, record->payload.len);
    return json_pack("{s:s, s:i, s:i, s:I, s:i, s:s, s:s, s:o?}", "stream", stream, "district_id",
                     (int)shard->district, "shard", (int)shard->shard, "pos",
                     (json_int_t)record->pos, "count", (int)record->count, "type", type, "at", at,
                     "items", items);
}

static void print_text(const json_t *record)
{
    printf("%" JSON_INTEGER_FORMAT "/%" JSON_INTEGER_FORMAT "  %" JSON_INTEGER_FORMAT "  %s  %s\n",
           json_integer_value(json_object_get(record, "district_id")),
           json_integer_value(json_object_get(record, "shard")),
           json_integer_value(json_object_get(record, "pos")),
           json_string_value(json_object_get(record, "at")),
           json_string_value(json_object_get(record, "type")));
    const json_t *items = json_object_get(record, "items");
    size_t i;
    json_t *item;
    json_array_foreach(items, i, item)
    {
        char *text = json_dumps(item, JSON_COMPACT);
        printf("    %s\n", text ? text : "(out of memory)");
        free(text);
    }
}

static void print_record(const struct options *options, const struct shard *shard,
                         const Kith__V1__Record *record)
{
    char unknown[32];
    (void)snprintf(unknown, sizeof(unknown), "type %" PRId32, record->type);
    const char *name = cli_record_name(record->type);
    json_t *json = record_json(options->stream, shard, record, name ? name : unknown);
    if (options->json) {
        char *text = json_dumps(json, JSON_COMPACT);
        puts(text ? text : "{}");
        free(text);
    } else {
        print_text(json);
    }
    json_decref(json);
}

/* Print what comes after shard->pos and move it; `*ret_n` is the number of records. */
static kith_err fetch_once(struct line *line, const struct options *options, struct shard *shard,
                           uint32_t wait_ms, size_t *ret_n, struct kith_why *why)
{
    Kith__V1__Fetch fetch = KITH__V1__FETCH__INIT;
    fetch.stream = (char *)options->stream;
    fetch.district_id = shard->district;
    fetch.shard = shard->shard;
    fetch.after_pos = shard->pos;
    fetch.credit = CREDIT;
    fetch.wait_ms = wait_ms;
    kith_envelope question = KITH__V1__ENVELOPE__INIT;
    question.body_case = KITH__V1__ENVELOPE__BODY_FETCH;
    question.fetch = &fetch;
    kith_err err = line_ask(line, &question, wait_ms, why);
    if (err != KITH_OK)
        return err;
    if (line->reply->body_case != KITH__V1__ENVELOPE__BODY_LOG) {
        kith_why_set(why, "the answer of %s is no LogBatch", options->stream);
        return KITH_EDECODE;
    }
    const Kith__V1__LogBatch *batch = line->reply->log;
    for (size_t i = 0; i < batch->n_records; i++) {
        print_record(options, shard, batch->records[i]);
        shard->pos = batch->records[i]->pos;
    }
    *ret_n = batch->n_records;
    return KITH_OK;
}

/* The shards asked for, each with the position to start after. */
static kith_err choose_shards(struct line *line, const struct options *options, struct shard **ret,
                              size_t *ret_n, struct kith_why *why)
{
    kith_err err = list_heads(line, options->stream, why);
    if (err != KITH_OK)
        return err;
    const Kith__V1__StreamList *list = line->reply->streams;
    struct shard *shards = calloc(list->n_heads + 1, sizeof(*shards));
    if (!shards)
        return KITH_ENOMEM;
    size_t n = 0;
    for (size_t i = 0; i < list->n_heads; i++) {
        const Kith__V1__StreamHead *head = list->heads[i];
        if (options->district != 0 && options->district != head->district_id)
            continue;
        int64_t last = head->head_pos > TAIL_SHOWN ? head->head_pos - TAIL_SHOWN : 0;
        shards[n++] = (struct shard){.district = head->district_id,
                                     .shard = head->shard,
                                     .pos = options->from >= 0 ? options->from : last};
    }
    if (n == 0) {
        free(shards);
        kith_why_set(why, "%s has no log of that district", options->stream);
        return KITH_ENOTFOUND;
    }
    *ret = shards;
    *ret_n = n;
    return KITH_OK;
}

static int tail(struct kith_client *client, const struct options *options)
{
    struct kith_why why = {0};
    kith_auto(line) line = NULL;
    struct shard *shards = NULL;
    size_t n = 0;
    kith_err err = line_open(client, options->stream, &line, &why);
    if (err == KITH_OK)
        err = choose_shards(line, options, &shards, &n, &why);
    uint32_t wait_ms = !options->follow ? 0 : n == 1 ? FOLLOW_MS : TURN_MS;
    bool more = err == KITH_OK;
    while (more && err == KITH_OK) {
        more = options->follow;
        for (size_t i = 0; i < n && err == KITH_OK; i++) {
            size_t came = 0;
            err = fetch_once(line, options, &shards[i], wait_ms, &came, &why);
            more = more || came > 0;
        }
        (void)fflush(stdout);
    }
    free(shards);
    return err == KITH_OK ? CLI_DONE : cli_fail("stream tail", err, &why);
}

/* ---- arguments ---- */

static bool whole_number(const char *text, int64_t max, int64_t *ret)
{
    char *end;
    long long value = strtoll(text, &end, 10);
    if (end == text || *end != '\0' || value < 0 || value > max)
        return false;
    *ret = value;
    return true;
}

static bool take_option(int option, const char *value, struct options *ret)
{
    int64_t number = 0;
    switch (option) {
    case 'd':
        if (!whole_number(value, INT32_MAX, &number) || number == 0) {
            fprintf(stderr, "kith stream: --district %s is no district number\n", value);
            return false;
        }
        ret->district = (int32_t)number;
        return true;
    case 'p':
        if (!whole_number(value, INT64_MAX, &ret->from)) {
            fprintf(stderr, "kith stream: --from %s is no position (a whole number from 0)\n",
                    value);
            return false;
        }
        return true;
    case 'f':
        ret->follow = true;
        return true;
    case 'j':
        ret->json = true;
        return true;
    default:
        return false;
    }
}

static bool known_stream(const char *name)
{
    for (const char *const *daemon = cli_daemons; *daemon; daemon++)
        if (strcmp(name, *daemon) == 0)
            return true;
    fprintf(stderr, "kith stream: there is no log '%s'; there are ingest, risk and notification\n",
            name);
    return false;
}

int cli_stream(int argc, char **argv)
{
    static const struct option names[] = {
        {"district", required_argument, NULL, 'd'}, {"from", required_argument, NULL, 'p'},
        {"follow", no_argument, NULL, 'f'},         {"json", no_argument, NULL, 'j'},
        {"help", no_argument, NULL, 'h'},           {0}};
    struct options options = {.from = -1};
    int option;
    while ((option = getopt_long(argc, argv, "", names, NULL)) != -1) {
        if (option == 'h') {
            fputs(help, stdout);
            return CLI_DONE;
        }
        if (!take_option(option, optarg, &options))
            return cli_usage("stream");
    }
    const char *verb = optind < argc ? argv[optind] : "";
    bool is_tail = strcmp(verb, "tail") == 0;
    if ((!is_tail && strcmp(verb, "heads") != 0) || argc - optind > 2 ||
        (is_tail && argc - optind != 2))
        return cli_usage("stream");
    options.stream = argc - optind == 2 ? argv[optind + 1] : NULL;
    if (options.stream && !known_stream(options.stream))
        return CLI_USAGE;
    struct kith_why why = {0};
    kith_auto(kith_client) client = NULL;
    kith_err err = kith_client_open(NULL, &client, &why);
    if (err != KITH_OK)
        return cli_fail("stream", err, &why);
    return is_tail ? tail(client, &options) : heads(client, &options);
}
