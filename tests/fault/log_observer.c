/* SPDX-License-Identifier: Apache-2.0 */
/* A reader for the fault tests: follows a log by position, as a daemon does but without a database, and writes down every position in the
 * order seen. A position that appears later at or below one that was passed is a hole; the test compares with the log at the end.
 * With KITH_HOME. Runs until SIGTERM; one JSON line then. */
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kith/clock.h"
#include "kith/daemon.h"
#include "kith/msg.h"
#include "kith/v1/envelope.pb-c.h"

enum { WAIT_MS = 300, SILENCE_MS = 800, TICK_MS = 20, CREDIT = 500 };

static struct observer {
    const char *stream;
    int32_t district;
    FILE *seen;
    struct kith_bus_client *client;
    int64_t pos;
    int64_t head;
    uint8_t asked[KITH_MSG_ID];
    int64_t due_ms;
    size_t records;
    size_t fetches;
    size_t backwards;
    bool done;
} observer;

static void die(const char *what, const char *detail)
{
    (void)fprintf(stderr, "log_observer: %s: %s\n", what, detail);
    exit(1);
}

static void ask(void *ctx)
{
    (void)ctx;
    int64_t now = kith_clock_mono_ms();
    if (now < observer.due_ms)
        return;
    Kith__V1__Fetch fetch = KITH__V1__FETCH__INIT;
    fetch.stream = (char *)observer.stream;
    fetch.district_id = observer.district;
    fetch.after_pos = observer.pos;
    fetch.credit = CREDIT;
    fetch.wait_ms = WAIT_MS;
    kith_msg_new_id(observer.asked);
    kith_envelope env = KITH__V1__ENVELOPE__INIT;
    env.msg_id = (ProtobufCBinaryData){sizeof(observer.asked), observer.asked};
    env.body_case = KITH__V1__ENVELOPE__BODY_FETCH;
    env.fetch = &fetch;
    uint8_t *data = NULL;
    size_t n = 0;
    if (kith_msg_pack(&env, &data, &n) != KITH_OK)
        die("Fetch", "cannot be packed");
    bool sent = kith_bus_send(observer.client, data, n) == KITH_OK;
    free(data);
    observer.fetches += sent;
    observer.due_ms = now + (sent ? SILENCE_MS : TICK_MS);
}

static void on_log(const Kith__V1__LogBatch *log)
{
    observer.head = log->head_pos;
    for (size_t i = 0; i < log->n_records; i++) {
        int64_t pos = log->records[i]->pos;
        observer.backwards += pos <= observer.pos;
        observer.pos = pos;
        observer.records++;
        (void)fprintf(observer.seen, "%" PRId64 "\n", pos);
    }
}

static void on_reply(void *ctx, const uint8_t *data, size_t n)
{
    (void)ctx;
    kith_envelope *env = NULL;
    struct kith_why why = {""};
    if (kith_msg_unpack(data, n, &env, NULL, &why) != KITH_OK)
        die("reply", why.text);
    bool ours = env->msg_id.len == KITH_MSG_ID &&
                memcmp(env->msg_id.data, observer.asked, KITH_MSG_ID) == 0;
    /* of a question that was given up nothing is taken: its records come again */
    if (ours && env->body_case == KITH__V1__ENVELOPE__BODY_LOG) {
        on_log(env->log);
        observer.due_ms = 0;
        ask(NULL);
    } else if (ours && env->body_case == KITH__V1__ENVELOPE__BODY_ERROR &&
               env->error->code == KITH__V1__ERROR__CODE__DENIED)
        die("Fetch", env->error->text);
    kith_msg_free(env);
}

static void on_stop(void *ctx)
{
    (void)ctx;
    observer.done = true;
}

int main(int argc, char **argv)
{
    if (argc != 4) {
        (void)fputs("Usage: log_observer STREAM DISTRICT FILE\n", stderr);
        return 2;
    }
    observer.stream = argv[1];
    observer.district = (int32_t)strtol(argv[2], NULL, 10);
    observer.seen = fopen(argv[3], "we");
    struct kith_client *home = NULL;
    struct kith_timer *tick = NULL;
    struct kith_why why = {""};
    const char *endpoint = NULL;
    const char *key = NULL;
    if (!observer.seen || kith_client_open(NULL, &home, &why) != KITH_OK ||
        kith_client_peer(home, observer.stream, &endpoint, &key) != KITH_OK)
        die("KITH_HOME", why.text);
    struct kith_loop *loop = kith_client_loop(home);
    if (kith_bus_connect(kith_client_bus(home), endpoint, key, on_reply, NULL, &observer.client) !=
            KITH_OK ||
        kith_timer_new(loop, ask, NULL, &tick) != KITH_OK ||
        kith_loop_on_signal(loop, SIGTERM, on_stop, NULL) != KITH_OK)
        die(endpoint, "cannot connect");
    kith_timer_start(tick, 0, TICK_MS);
    while (!observer.done)
        (void)!kith_loop_run_until(loop, &observer.done, 1000);
    printf("{\"records\":%zu,\"pos\":%" PRId64 ",\"fetches\":%zu,\"backwards\":%zu}\n",
           observer.records, observer.pos, observer.fetches, observer.backwards);
    (void)fclose(observer.seen);
    kith_timer_free(tick);
    kith_bus_client_free(observer.client);
    kith_client_free(home);
    return observer.backwards == 0 ? 0 : 1;
}
