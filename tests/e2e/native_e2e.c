/* SPDX-License-Identifier: Apache-2.0 */
/* Frames of a sender on the native door, good and broken, and what is answered.
 *
 * native_e2e ENDPOINT SERVER_KEY KEY_FILE SECONDS PROBE...
 *
 * Sends one frame a PROBE and prints a line for each: its name, then
 *   ack ACCEPTED UPDATED DUPLICATE [INDEX:CODE...]   (code: KITH_E* as a positive number)
 *   error CODE                                       (Error.Code of envelope.proto)
 *   closed                                           no connection came about, or it has ended
 *   silence                                          connected, but no answer within SECONDS
 * Probe `wait` sends nothing: it prints "wait" and goes on when a line comes on standard input.
 * Good events are of student S1 in school 255901001, session Fall of 2027; `good:D` is on day D after 2026-09-01. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kith/bus.h"
#include "kith/clock.h"
#include "kith/msg.h"
#include "kith/v1/envelope.pb-c.h"

#define MANY 5001
#define DAY0 20697 /* 2026-09-01 */

struct frame {
    uint8_t *data;
    size_t n;
};

struct answer {
    bool come;
    char text[256];
};

static Kith__V1__SchoolAttendance marks[MANY];
static Kith__V1__Item items[MANY];
static Kith__V1__Event events[MANY];
static Kith__V1__Event *list[MANY];
static size_t events_n;

/* ---- frames ---- */

static Kith__V1__Event *event_new(void)
{
    Kith__V1__Event *e = &events[events_n];
    kith__v1__event__init(e);
    list[events_n++] = e;
    return e;
}

static Kith__V1__SchoolAttendance *mark_new(int32_t day)
{
    Kith__V1__SchoolAttendance *m = &marks[events_n];
    kith__v1__school_attendance__init(m);
    m->student_unique_id = (char *)"S1";
    m->school_id = 255901001;
    m->school_year = 2027;
    m->session_name = (char *)"Fall";
    m->event_date = DAY0 + day;
    m->category = (char *)"Tardy";
    Kith__V1__Event *e = event_new();
    e->body_case = KITH__V1__EVENT__BODY_SCHOOL_ATTENDANCE;
    e->school_attendance = m;
    return m;
}

static void item_new(const char *resource, const char *json)
{
    Kith__V1__Item *item = &items[events_n];
    kith__v1__item__init(item);
    item->resource = (char *)resource;
    item->json = (char *)json;
    Kith__V1__Event *e = event_new();
    e->body_case = KITH__V1__EVENT__BODY_ITEM;
    e->item = item;
}

static struct frame pack(kith_envelope *env)
{
    uint8_t id[KITH_MSG_ID];
    struct frame f = {0};
    kith_msg_new_id(id);
    env->msg_id.data = id;
    env->msg_id.len = sizeof(id);
    if (kith_msg_pack(env, &f.data, &f.n) != KITH_OK)
        exit(1);
    return f;
}

static struct frame pack_events(void)
{
    Kith__V1__EventBatch batch = KITH__V1__EVENT_BATCH__INIT;
    Kith__V1__Envelope env = KITH__V1__ENVELOPE__INIT;
    batch.seq = 7;
    batch.n_events = events_n;
    batch.events = list;
    env.body_case = KITH__V1__ENVELOPE__BODY_EVENTS;
    env.events = &batch;
    return pack(&env);
}

static struct frame pack_command(void)
{
    Kith__V1__Command command = KITH__V1__COMMAND__INIT;
    Kith__V1__Envelope env = KITH__V1__ENVELOPE__INIT;
    command.verb = (char *)"key.list";
    env.body_case = KITH__V1__ENVELOPE__BODY_COMMAND;
    env.command = &command;
    return pack(&env);
}

/* What makes the named events; false when it is no such name. */
static bool fill(const char *name)
{
    if (strncmp(name, "good:", 5) == 0) {
        mark_new((int32_t)strtol(name + 5, NULL, 10));
    } else if (strcmp(name, "nobody") == 0) { /* the second event has no body */
        mark_new(30);
        event_new();
        mark_new(31);
    } else if (strcmp(name, "mixed") == 0) {
        mark_new(40);
        mark_new(41)->event_date = INT32_MAX;
        mark_new(42)->student_unique_id = (char *)"S999";
        item_new("unicorns", "{}");
        item_new("students", "{\"studentUniqueId\":");
        item_new("students", "{\"studentUniqueId\":\"S2\",\"firstName\":{}}");
        mark_new(46)->category = (char *)"";
        mark_new(47);
    } else if (strcmp(name, "many") == 0) {
        for (int32_t i = 0; i < MANY; i++)
            mark_new(100 + i);
    } else if (strcmp(name, "none") != 0) {
        return false;
    }
    return true;
}

static struct frame frame_of(const char *name)
{
    static uint8_t rubbish[1000];
    events_n = 0;
    if (fill(name))
        return pack_events();
    struct frame f = {0};
    if (strcmp(name, "empty") == 0) {
        f.data = calloc(1, 1);
    } else if (strcmp(name, "rubbish") == 0) {
        memset(rubbish, 0xff, sizeof(rubbish));
        rubbish[0] = 0x08; /* the version, so that it is read on */
        rubbish[1] = KITH_PROTO;
        f.data = malloc(sizeof(rubbish));
        f.n = sizeof(rubbish);
        if (f.data)
            memcpy(f.data, rubbish, sizeof(rubbish));
    } else if (strcmp(name, "cut") == 0) {
        mark_new(50);
        f = pack_events();
        f.n -= 5;
    } else if (strcmp(name, "version") == 0) {
        mark_new(51);
        f = pack_events();
        if (f.data[0] != 0x08 || f.data[1] != KITH_PROTO) /* field 1: Envelope.proto */
            exit(1);
        f.data[1] = KITH_PROTO + 1;
    } else if (strcmp(name, "command") == 0) {
        f = pack_command();
    } else {
        (void)fprintf(stderr, "native_e2e: no probe %s\n", name);
        exit(2);
    }
    if (!f.data)
        exit(1);
    return f;
}

/* ---- answers ---- */

static void on_reply(void *ctx, const uint8_t *data, size_t n)
{
    struct answer *a = ctx;
    kith_envelope *env = NULL;
    struct kith_why why;
    if (kith_msg_unpack(data, n, &env, NULL, &why) != KITH_OK) {
        (void)snprintf(a->text, sizeof(a->text), "no message: %.200s", why.text);
    } else if (env->body_case == KITH__V1__ENVELOPE__BODY_ACK) {
        const Kith__V1__Ack *ack = env->ack;
        int at = snprintf(a->text, sizeof(a->text), "ack %u %u %u", ack->accepted, ack->updated,
                          ack->duplicate);
        for (size_t i = 0; i < ack->n_rejected && at < 200; i++)
            at += snprintf(a->text + at, sizeof(a->text) - (size_t)at, " %u:%u",
                           ack->rejected[i]->index, ack->rejected[i]->code);
    } else if (env->body_case == KITH__V1__ENVELOPE__BODY_ERROR) {
        (void)snprintf(a->text, sizeof(a->text), "error %d", (int)env->error->code);
    } else {
        (void)snprintf(a->text, sizeof(a->text), "another message");
    }
    kith_msg_free(env);
    a->come = true;
}

static void say(const char *name, const char *text)
{
    (void)printf("%s %s\n", name, text);
    (void)fflush(stdout);
}

static void probe(struct kith_loop *loop, struct kith_bus_client *client, const char *name,
                  int64_t wait_ms, struct answer *answer)
{
    struct frame f = frame_of(name);
    int64_t end_ms = kith_clock_mono_ms() + wait_ms;
    bool never = false;
    *answer = (struct answer){0};
    /* not let in yet, or never */
    kith_err sent = kith_bus_send(client, f.data, f.n);
    while (sent != KITH_OK && kith_clock_mono_ms() < end_ms) {
        if (kith_loop_run_until(loop, &never, 20) != KITH_ETIMEOUT)
            exit(1);
        sent = kith_bus_send(client, f.data, f.n);
    }
    if (sent == KITH_OK && !answer->come &&
        kith_loop_run_until(loop, &answer->come, wait_ms) == KITH_ETIMEOUT)
        answer->come = false;
    say(name, answer->come ? answer->text : sent == KITH_OK ? "silence" : "closed");
    free(f.data);
}

int main(int argc, char **argv)
{
    if (argc < 6) {
        (void)fputs("native_e2e ENDPOINT SERVER_KEY KEY_FILE SECONDS PROBE...\n", stderr);
        return 2;
    }
    struct kith_loop *loop = NULL;
    struct kith_bus *bus = NULL;
    struct kith_bus_client *client = NULL;
    struct kith_keypair keys;
    struct kith_why why;
    struct answer answer;
    if (kith_loop_new(&loop) != KITH_OK || kith_keypair_load(argv[3], &keys, &why) != KITH_OK ||
        kith_bus_new(loop, &keys, NULL, NULL, &bus) != KITH_OK ||
        kith_bus_connect(bus, argv[1], argv[2], on_reply, &answer, &client) != KITH_OK)
        return 1;
    for (int i = 5; i < argc; i++) {
        char line[16];
        if (strcmp(argv[i], "wait") != 0) {
            probe(loop, client, argv[i], strtol(argv[4], NULL, 10) * 1000, &answer);
        } else {
            say("wait", "");
            if (!fgets(line, sizeof(line), stdin))
                return 1;
        }
    }
    kith_bus_client_free(client);
    kith_bus_free(bus);
    kith_loop_free(loop);
    return 0;
}
