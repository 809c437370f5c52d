/* SPDX-License-Identifier: Apache-2.0 */
/* A daemon with hardly anything in it, to test the skeleton: it calls itself risk, to have a schema, a role and an endpoint.
 *
 *   daemon_dbtest [options of a daemon]               the daemon
 *   daemon_dbtest ask DAEMON VERB [NAME VALUE]...     a command through kith_client_command
 *   daemon_dbtest send KEYFILE <FRAME                 a frame with any key; prints what came back
 *   daemon_dbtest settings                            what a client sees of configuration and database
 *   daemon_dbtest pack command|events|error           a frame of that kind on standard output
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kith/clock.h"
#include "kith/daemon.h"
#include "kith/v1/envelope.pb-c.h"

struct probe {
    uint32_t limit;
    char *word;
    struct kith_daemon *daemon;
    struct kith_timer *later;
    struct kith_call *waiting;
    int64_t busy_until_ms;
};

static const struct kith_cfg_key settings[] = {
    {"limit", KITH_CFG_UINT, offsetof(struct probe, limit), "3", "A number.", 1, 10, true},
    {"word", KITH_CFG_STRING, offsetof(struct probe, word), "none", "A word."},
    {0},
};

static void echo(void *ctx, struct kith_call *call)
{
    (void)ctx;
    const char *text = kith_call_arg(call, "text");
    if (text)
        kith_call_done(call, text);
    else
        kith_call_refuse(call, KITH_EINVAL, "echo needs text");
}

static void show(void *ctx, struct kith_call *call)
{
    const struct probe *p = ctx;
    char limit[16];
    (void)snprintf(limit, sizeof(limit), "%u", p->limit);
    kith_call_columns(call, (const char *const[]){"limit", "word", NULL});
    kith_call_row(call, (const char *const[]){limit, p->word, NULL});
    kith_call_row(call, (const char *const[]){"second", "row", NULL});
    kith_call_done(call, NULL);
}

static void big(void *ctx, struct kith_call *call)
{
    (void)ctx;
    static char cell[64 * 1024];
    memset(cell, 'x', sizeof(cell) - 1);
    kith_call_columns(call, (const char *const[]){"cell", NULL});
    for (int i = 0; i < 70; i++)
        kith_call_row(call, (const char *const[]){cell, NULL});
    kith_call_done(call, "everything");
}

static void fail(void *ctx, struct kith_call *call)
{
    struct probe *p = ctx;
    kith_call_done(call, "failing");
    kith_daemon_fail(p->daemon, KITH_EFENCED, "the probe was told to fail");
}

static void on_later(void *ctx)
{
    struct probe *p = ctx;
    kith_call_done(KITH_TAKE(p->waiting), "late but here");
}

static void slow(void *ctx, struct kith_call *call)
{
    struct probe *p = ctx;
    p->waiting = call;
    kith_timer_start(p->later, 1000, 0);
}

/* Never answers. */
static void forget(void *ctx, struct kith_call *call)
{
    (void)ctx;
    (void)call;
}

static const struct kith_command commands[] = {
    {"echo", echo}, {"show", show},     {"big", big}, {"fail", fail},
    {"slow", slow}, {"forget", forget}, {0},
};

static void page(void *ctx, struct kith_req *req)
{
    const struct probe *p = ctx;
    kith_req_reply(req, 200, "text/plain", p->word, strlen(p->word));
}

static const struct kith_http_route routes[] = {{"GET", "/probe", page}, {0}};

static void on_events(void *ctx, const struct kith_peer *peer, const kith_envelope *env)
{
    struct probe *p = ctx;
    Kith__V1__Ack ack = KITH__V1__ACK__INIT;
    ack.seq = env->events->seq;
    ack.accepted = (uint32_t)env->events->n_events;
    kith_envelope answer = KITH__V1__ENVELOPE__INIT;
    answer.msg_id = env->msg_id;
    answer.body_case = KITH__V1__ENVELOPE__BODY_ACK;
    answer.ack = &ack;
    uint8_t *data = NULL;
    size_t n = 0;
    if (kith_msg_pack(&answer, &data, &n) == KITH_OK)
        (void)kith_bus_reply(kith_daemon_server(p->daemon), peer, data, n);
    free(data);
}

static kith_err start(struct kith_daemon *d, void *ctx, struct kith_why *why)
{
    struct probe *p = ctx;
    p->daemon = d;
    if (strcmp(p->word, "refuse") == 0) {
        kith_why_set(why, "the probe does not want to start");
        return KITH_EINVAL;
    }
    return kith_timer_new(kith_daemon_loop(d), on_later, p, &p->later);
}

static void drain(void *ctx)
{
    struct probe *p = ctx;
    const char *busy_ms = getenv("PROBE_BUSY_MS");
    p->busy_until_ms = kith_clock_mono_ms() + (busy_ms ? strtol(busy_ms, NULL, 10) : 0);
}

static bool idle(void *ctx)
{
    const struct probe *p = ctx;
    return kith_clock_mono_ms() >= p->busy_until_ms;
}

static void stop(void *ctx)
{
    struct probe *p = ctx;
    kith_timer_free(p->later);
    (void)fprintf(stderr, "probe: stopped\n");
}

/* ---- the other roles ---- */

static int ask(int argc, char **argv)
{
    kith_auto(kith_client) client = NULL;
    struct kith_why why = {""};
    kith_envelope *reply = NULL;
    kith_err err = argc < 4 ? KITH_EINVAL : kith_client_open(NULL, &client, &why);
    if (err == KITH_OK)
        err = kith_client_command(client, argv[2], argv[3], (const char *const *)argv + 4, &reply,
                                  &why);
    if (err != KITH_OK) {
        printf("%s: %s\n", kith_err_name(err), why.text);
        return 1;
    }
    printf("status %u: %s\n", reply->reply->status, reply->reply->text);
    for (size_t i = 0; i < reply->reply->n_columns; i++)
        printf("%s%s", i ? " " : "columns ", reply->reply->columns[i]);
    for (size_t i = 0; i < reply->reply->n_rows; i++) {
        const Kith__V1__Row *row = reply->reply->rows[i];
        printf("\nrow");
        for (size_t k = 0; k < row->n_cells; k++)
            printf(" %s", row->cells[k]);
    }
    printf("\n");
    kith_msg_free(reply);
    return 0;
}

static const struct kith_stmt client_statements[] = {
    {"probe_whoami", "SELECT current_user::text", "", "t"},
    {0},
};

static void on_whoami(void *ctx, const struct kith_rows *rows)
{
    (void)ctx;
    printf("role %s\n", kith_rows_text(rows, 0, 0));
}

static void on_whoami_done(void *ctx, kith_err err, const struct kith_why *why)
{
    (void)why;
    if (err == KITH_OK)
        *(bool *)ctx = true;
}

static int settings_of_client(void)
{
    kith_auto(kith_client) client = NULL;
    kith_auto(kith_db) db = NULL;
    struct kith_why why = {""};
    kith_err err = kith_client_open(NULL, &client, &why);
    if (err == KITH_OK)
        err = kith_client_db(client, client_statements, &db, &why);
    if (err != KITH_OK) {
        printf("%s: %s\n", kith_err_name(err), why.text);
        return 1;
    }
    static const char *const wanted[][2] = {{"common", "log_level"}, {"common", "bus_ingest"},
                                            {"risk", "http"},        {"ingest", "http"},
                                            {"ingest", "this"},      {"risk", "limit"}};
    for (size_t i = 0; i < KITH_LEN(wanted); i++) {
        const char *value = kith_client_setting(client, wanted[i][0], wanted[i][1]);
        printf("%s %s %s\n", wanted[i][0], wanted[i][1], value ? value : "(unset)");
    }
    bool done = false;
    struct kith_job *job = NULL;
    err = kith_job_new(&job);
    if (err == KITH_OK) {
        kith_job_step(job, &client_statements[0], on_whoami, NULL);
        err = kith_db_run(db, job, on_whoami_done, &done);
    }
    if (err == KITH_OK)
        err = kith_loop_run_until(kith_client_loop(client), &done, 5000);
    return err == KITH_OK ? 0 : 1;
}

static bool answered;

static void on_answer(void *ctx, const uint8_t *data, size_t n)
{
    (void)ctx;
    kith_envelope *env = NULL;
    struct kith_why why = {""};
    if (kith_msg_unpack(data, n, &env, NULL, &why) != KITH_OK)
        printf("undecodable: %s\n", why.text);
    else if (env->body_case == KITH__V1__ENVELOPE__BODY_ERROR)
        printf("error %d: %s\n", (int)env->error->code, env->error->text);
    else if (env->body_case == KITH__V1__ENVELOPE__BODY_ACK)
        printf("ack %u\n", env->ack->accepted);
    else
        printf("body %d\n", (int)env->body_case);
    kith_msg_free(env);
    answered = true;
}

static kith_err send_frame(struct kith_client *client, const struct kith_keypair *keys)
{
    static uint8_t frame[KITH_BUS_MAX_MESSAGE];
    size_t n = fread(frame, 1, sizeof(frame), stdin);
    const char *endpoint = NULL;
    const char *key = NULL;
    struct kith_bus *bus = NULL;
    struct kith_bus_client *line = NULL;
    bool never = false;
    kith_err err = kith_client_peer(client, "risk", &endpoint, &key);
    if (err == KITH_OK)
        err = kith_bus_new(kith_client_loop(client), keys, NULL, NULL, &bus);
    if (err == KITH_OK)
        err = kith_bus_connect(bus, endpoint, key, on_answer, NULL, &line);
    const char *patience_ms = getenv("PROBE_PATIENCE_MS");
    int64_t end_ms = kith_clock_mono_ms() + (patience_ms ? strtol(patience_ms, NULL, 10) : 5000);
    if (err == KITH_OK)
        err = KITH_EBUSY;
    while (err == KITH_EBUSY && kith_clock_mono_ms() < end_ms) {
        if (kith_loop_run_until(kith_client_loop(client), &never, 10) == KITH_ETIMEOUT)
            err = kith_bus_send(line, frame, n);
    }
    if (err == KITH_OK)
        err = kith_loop_run_until(kith_client_loop(client), &answered, 2000);
    kith_bus_client_free(line);
    kith_bus_free(bus);
    return err;
}

static int send_as(const char *key_file)
{
    kith_auto(kith_client) client = NULL;
    struct kith_why why = {""};
    struct kith_keypair keys;
    kith_err err = kith_client_open(NULL, &client, &why);
    if (err == KITH_OK)
        err = kith_keypair_load(key_file, &keys, &why);
    if (err == KITH_OK)
        err = send_frame(client, &keys);
    if (err != KITH_OK)
        printf("%s: %s\n", kith_err_name(err), why.text);
    return err == KITH_OK ? 0 : 1;
}

static int pack(const char *kind)
{
    uint8_t id[KITH_MSG_ID];
    kith_msg_new_id(id);
    kith_envelope env = KITH__V1__ENVELOPE__INIT;
    env.msg_id = (ProtobufCBinaryData){sizeof(id), id};
    Kith__V1__Command command = KITH__V1__COMMAND__INIT;
    command.verb = (char *)"echo";
    Kith__V1__EventBatch events = KITH__V1__EVENT_BATCH__INIT;
    Kith__V1__Ack ack = KITH__V1__ACK__INIT;
    if (strcmp(kind, "command") == 0) {
        env.body_case = KITH__V1__ENVELOPE__BODY_COMMAND;
        env.command = &command;
    } else if (strcmp(kind, "events") == 0) {
        env.body_case = KITH__V1__ENVELOPE__BODY_EVENTS;
        env.events = &events;
    } else {
        env.body_case = KITH__V1__ENVELOPE__BODY_ACK;
        env.ack = &ack;
    }
    uint8_t *data = NULL;
    size_t n = 0;
    if (kith_msg_pack(&env, &data, &n) != KITH_OK)
        return 1;
    bool written = fwrite(data, 1, n, stdout) == n;
    free(data);
    return written ? 0 : 1;
}

int main(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], "ask") == 0)
        return ask(argc, argv);
    if (argc == 2 && strcmp(argv[1], "settings") == 0)
        return settings_of_client();
    if (argc == 3 && strcmp(argv[1], "send") == 0)
        return send_as(argv[2]);
    if (argc == 3 && strcmp(argv[1], "pack") == 0)
        return pack(argv[2]);
    static struct probe probe;
    return kith_daemon_main(&(struct kith_daemon_spec){.name = "risk",
                                                       .ctx = &probe,
                                                       .cfg = settings,
                                                       .commands = commands,
                                                       .routes = routes,
                                                       .on_request = on_events,
                                                       .start = start,
                                                       .drain = drain,
                                                       .idle = idle,
                                                       .stop = stop},
                            argc, argv);
}
