/* SPDX-License-Identifier: Apache-2.0 */
/* A sender for the fault tests: pushes events through the native door and writes down what was acknowledged (the client's history).
 * Batches of 1 to 39 events, a window of them unacknowledged, each sent again (the same bytes) after half a second of silence. Some
 * batches are sent a second time after their Ack: whatever is new in those was acknowledged and lost.
 * With KITH_HOME it finds ingest by itself. SIGUSR1: as fast as it goes from now on. SIGTERM: stop early. One JSON line at the end. */
#include <getopt.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kith/clock.h"
#include "kith/daemon.h"
#include "kith/msg.h"
#include "kith/v1/envelope.pb-c.h"

enum { TICK_MS = 10, SILENCE_MS = 500, BATCH_MOST = 39, WINDOW_MOST = 1024, FIELDS = 6 };

static const char usage[] =
    "Usage: push_storm --key FILE --events FILE.tsv --acked FILE [--endpoint E] [--window N]\n"
    "                  [--rate EVENTS_PER_S] [--again PERMILLE] [--seed N] [--deadline SECONDS]\n"
    "A line of FILE.tsv: student, school, school year, session, day since 1970, category.\n";

struct event {
    char *field[FIELDS];
};

struct slot {
    uint8_t *frame; /* NULL: free */
    size_t frame_n;
    size_t first;
    size_t n;
    uint64_t seq;
    int64_t due_ms;
    bool sent;
    bool again; /* it was acknowledged before */
};

static struct storm {
    /* options */
    const char *key_file;
    const char *events_file;
    const char *acked_file;
    const char *endpoint;
    unsigned window;
    unsigned rate; /* events a second; 0 = as fast as it goes */
    unsigned again_permille;
    unsigned deadline_s;
    uint64_t random;
    /* input */
    struct event *events;
    size_t n;
    size_t next; /* first event that is in no batch yet */
    /* the wire */
    struct kith_client *home;
    struct kith_loop *loop;
    struct kith_bus *bus;
    struct kith_bus_client *client;
    struct kith_timer *tick;
    struct slot slots[WINDOW_MOST];
    unsigned open;
    uint64_t seq;
    int64_t begin_ms;
    int64_t last_ack_ms;
    FILE *acked;
    bool done;
    bool stopped;
    bool late;
    /* what happened */
    size_t acked_n;
    size_t batches;
    size_t resends;
    size_t told_to_wait;
    size_t blocked;
    size_t repeated;
    size_t lost;
    size_t rejected;
    int64_t longest_gap_ms;
} storm = {.window = 16, .again_permille = 50, .deadline_s = 600, .random = 1};

static void die(const char *what, const char *detail)
{
    (void)fprintf(stderr, "push_storm: %s: %s\n", what, detail);
    exit(1);
}

/* Knuth's MMIX generator; the high bits are good. */
static uint32_t draw(uint32_t below)
{
    storm.random = storm.random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)(storm.random >> 33) % below;
}

/* ---- input ---- */

static void read_events(void)
{
    FILE *in = fopen(storm.events_file, "re");
    if (!in)
        die(storm.events_file, "cannot be read");
    char *line = NULL;
    size_t size = 0;
    size_t room = 0;
    while (getline(&line, &size, in) > 0) {
        if (storm.n == room) {
            room = room ? room * 2 : 1024;
            storm.events = reallocarray(storm.events, room, sizeof(*storm.events));
            if (!storm.events)
                die("events", "out of memory");
        }
        struct event *e = &storm.events[storm.n++];
        line[strcspn(line, "\n")] = '\0';
        char *rest = line;
        for (int i = 0; i < FIELDS; i++) {
            char *field = strsep(&rest, "\t");
            if (!field)
                die(storm.events_file, "a line has less than six fields");
            e->field[i] = strdup(field);
        }
    }
    free(line);
    (void)fclose(in);
    if (storm.n == 0)
        die(storm.events_file, "is empty");
}

static void pack(struct slot *s)
{
    Kith__V1__Event events[BATCH_MOST];
    Kith__V1__SchoolAttendance bodies[BATCH_MOST];
    Kith__V1__Event *list[BATCH_MOST];
    for (size_t i = 0; i < s->n; i++) {
        char *const *field = storm.events[s->first + i].field;
        kith__v1__school_attendance__init(&bodies[i]);
        bodies[i].student_unique_id = field[0];
        bodies[i].school_id = strtoll(field[1], NULL, 10);
        bodies[i].school_year = (int32_t)strtol(field[2], NULL, 10);
        bodies[i].session_name = field[3];
        bodies[i].event_date = (int32_t)strtol(field[4], NULL, 10);
        bodies[i].category = field[5];
        kith__v1__event__init(&events[i]);
        events[i].body_case = KITH__V1__EVENT__BODY_SCHOOL_ATTENDANCE;
        events[i].school_attendance = &bodies[i];
        list[i] = &events[i];
    }
    Kith__V1__EventBatch batch = KITH__V1__EVENT_BATCH__INIT;
    s->seq = ++storm.seq;
    batch.seq = s->seq;
    batch.n_events = s->n;
    batch.events = list;
    uint8_t id[KITH_MSG_ID];
    kith_msg_new_id(id);
    Kith__V1__Envelope env = KITH__V1__ENVELOPE__INIT;
    env.msg_id = (ProtobufCBinaryData){sizeof(id), id};
    env.body_case = KITH__V1__ENVELOPE__BODY_EVENTS;
    env.events = &batch;
    if (kith_msg_pack(&env, &s->frame, &s->frame_n) != KITH_OK)
        die("batch", "cannot be packed");
}

/* ---- sending ---- */

static void transmit(struct slot *s)
{
    int64_t now = kith_clock_mono_ms();
    if (kith_bus_send(storm.client, s->frame, s->frame_n) != KITH_OK) {
        storm.blocked++; /* not connected, or the pipe is full: back-pressure */
        s->due_ms = now + TICK_MS;
        return;
    }
    storm.resends += s->sent;
    s->sent = true;
    s->due_ms = now + SILENCE_MS;
}

static void open_slot(struct slot *s, size_t first, size_t n, bool again)
{
    *s = (struct slot){.first = first, .n = n, .again = again};
    pack(s);
    if (storm.open++ == 0)
        storm.last_ack_ms = kith_clock_mono_ms();
    storm.batches++;
    transmit(s);
}

static size_t allowed(void)
{
    if (storm.rate == 0)
        return storm.n;
    int64_t passed_ms = kith_clock_mono_ms() - storm.begin_ms;
    return (size_t)passed_ms * storm.rate / 1000 + 1;
}

static void turn(void *ctx)
{
    (void)ctx;
    int64_t now = kith_clock_mono_ms();
    size_t limit = allowed();
    for (unsigned i = 0; i < storm.window; i++) {
        struct slot *s = &storm.slots[i];
        if (s->frame && now >= s->due_ms)
            transmit(s);
        if (s->frame || storm.next >= storm.n || storm.next >= limit)
            continue;
        size_t n = 1 + draw(BATCH_MOST);
        n = n < storm.n - storm.next ? n : storm.n - storm.next;
        open_slot(s, storm.next, n, false);
        storm.next += n;
    }
    storm.late = now - storm.begin_ms > storm.deadline_s * 1000LL;
    storm.done = storm.late || (storm.open == 0 && storm.next == storm.n);
}

static void on_ack(const Kith__V1__Ack *ack)
{
    struct slot *s = NULL;
    for (unsigned i = 0; i < storm.window; i++)
        if (storm.slots[i].frame && storm.slots[i].seq == ack->seq)
            s = &storm.slots[i];
    if (!s)
        return; /* the second Ack of a batch that was sent twice */
    int64_t now = kith_clock_mono_ms();
    if (ack->retry_after_ms > 0) {
        storm.told_to_wait++;
        s->due_ms = now + ack->retry_after_ms;
        return;
    }
    if (now - storm.last_ack_ms > storm.longest_gap_ms)
        storm.longest_gap_ms = now - storm.last_ack_ms;
    storm.last_ack_ms = now;
    for (size_t i = 0; i < ack->n_rejected; i++)
        (void)fprintf(stderr, "push_storm: event %zu was refused: %s\n",
                      s->first + ack->rejected[i]->index, ack->rejected[i]->text);
    storm.rejected += ack->n_rejected;
    if (ack->accepted + ack->updated + ack->duplicate + ack->n_rejected != s->n)
        die("Ack", "its numbers do not add up to the batch");
    if (s->again)
        storm.lost += ack->accepted + ack->updated;
    free(s->frame);
    s->frame = NULL;
    storm.open--;
    if (s->again) {
        storm.repeated++;
        return;
    }
    for (size_t i = 0; i < s->n; i++)
        (void)fprintf(storm.acked, "%zu\n", s->first + i);
    (void)fflush(storm.acked);
    storm.acked_n += s->n;
    if (draw(1000) < storm.again_permille)
        open_slot(s, s->first, s->n, true);
}

static void on_reply(void *ctx, const uint8_t *data, size_t n)
{
    (void)ctx;
    kith_envelope *env = NULL;
    struct kith_why why = {""};
    if (kith_msg_unpack(data, n, &env, NULL, &why) != KITH_OK)
        die("reply", why.text);
    if (env->body_case == KITH__V1__ENVELOPE__BODY_ACK)
        on_ack(env->ack);
    else if (env->body_case == KITH__V1__ENVELOPE__BODY_ERROR &&
             env->error->code == KITH__V1__ERROR__CODE__BUSY)
        storm.told_to_wait++; /* sent again when its time is up */
    else
        die("reply",
            env->body_case == KITH__V1__ENVELOPE__BODY_ERROR ? env->error->text : "not an Ack");
    kith_msg_free(env);
    turn(NULL);
}

/* ---- signals and options ---- */

static void on_hurry(void *ctx)
{
    (void)ctx;
    storm.rate = 0;
}

static void on_stop(void *ctx)
{
    (void)ctx;
    storm.stopped = true;
    storm.done = true;
}

static unsigned number(const char *text)
{
    char *end;
    unsigned long value = strtoul(text, &end, 10);
    if (*end != '\0' || value > UINT32_MAX)
        die(text, "is not a number");
    return (unsigned)value;
}

static void parse_options(int argc, char **argv)
{
    static const struct option options[] = {
        {"key", required_argument, NULL, 'k'},      {"events", required_argument, NULL, 'e'},
        {"acked", required_argument, NULL, 'a'},    {"endpoint", required_argument, NULL, 'p'},
        {"window", required_argument, NULL, 'w'},   {"rate", required_argument, NULL, 'r'},
        {"again", required_argument, NULL, 'g'},    {"seed", required_argument, NULL, 's'},
        {"deadline", required_argument, NULL, 'd'}, {0}};
    for (int c; (c = getopt_long(argc, argv, "", options, NULL)) != -1;) {
        if (c == 'k')
            storm.key_file = optarg;
        else if (c == 'e')
            storm.events_file = optarg;
        else if (c == 'a')
            storm.acked_file = optarg;
        else if (c == 'p')
            storm.endpoint = optarg;
        else if (c == 'w')
            storm.window = number(optarg);
        else if (c == 'r')
            storm.rate = number(optarg);
        else if (c == 'g')
            storm.again_permille = number(optarg);
        else if (c == 's')
            storm.random = number(optarg);
        else if (c == 'd')
            storm.deadline_s = number(optarg);
    }
    if (!storm.key_file || !storm.events_file || !storm.acked_file || optind != argc ||
        storm.window < 1 || storm.window > WINDOW_MOST) {
        (void)fputs(usage, stderr);
        exit(2);
    }
}

static void connect_all(void)
{
    struct kith_why why = {""};
    struct kith_keypair keys;
    const char *endpoint = NULL;
    const char *server_key = NULL;
    if (kith_client_open(NULL, &storm.home, &why) != KITH_OK ||
        kith_client_peer(storm.home, "ingest", &endpoint, &server_key) != KITH_OK ||
        kith_keypair_load(storm.key_file, &keys, &why) != KITH_OK)
        die("KITH_HOME", why.text);
    storm.loop = kith_client_loop(storm.home);
    endpoint = storm.endpoint ? storm.endpoint : endpoint;
    if (kith_bus_new(storm.loop, &keys, NULL, NULL, &storm.bus) != KITH_OK ||
        kith_bus_connect(storm.bus, endpoint, server_key, on_reply, NULL, &storm.client) != KITH_OK)
        die(endpoint, "cannot connect");
    if (kith_timer_new(storm.loop, turn, NULL, &storm.tick) != KITH_OK ||
        kith_loop_on_signal(storm.loop, SIGUSR1, on_hurry, NULL) != KITH_OK ||
        kith_loop_on_signal(storm.loop, SIGTERM, on_stop, NULL) != KITH_OK)
        die("loop", "out of memory");
}

static void close_all(void)
{
    (void)fclose(storm.acked);
    for (unsigned i = 0; i < storm.window; i++)
        free(storm.slots[i].frame);
    for (size_t i = 0; i < storm.n; i++)
        for (int k = 0; k < FIELDS; k++)
            free(storm.events[i].field[k]);
    free(storm.events);
    kith_timer_free(storm.tick);
    kith_bus_client_free(storm.client);
    kith_bus_free(storm.bus);
    kith_client_free(storm.home);
}

int main(int argc, char **argv)
{
    parse_options(argc, argv);
    read_events();
    connect_all();
    storm.acked = fopen(storm.acked_file, "we");
    if (!storm.acked)
        die(storm.acked_file, "cannot be written");
    storm.begin_ms = kith_clock_mono_ms();
    kith_timer_start(storm.tick, 0, TICK_MS);
    while (!storm.done)
        (void)!kith_loop_run_until(storm.loop, &storm.done, 1000);
    bool good = storm.lost == 0 && storm.rejected == 0 && (storm.stopped || !storm.late);
    printf("{\"acked\":%zu,\"of\":%zu,\"batches\":%zu,\"resends\":%zu,\"repeated\":%zu,"
           "\"told_to_wait\":%zu,\"blocked\":%zu,\"longest_gap_ms\":%" PRId64
           ",\"lost\":%zu,\"rejected\":%zu,\"ms\":%" PRId64 "}\n",
           storm.acked_n, storm.n, storm.batches, storm.resends, storm.repeated, storm.told_to_wait,
           storm.blocked, storm.longest_gap_ms, storm.lost, storm.rejected,
           kith_clock_mono_ms() - storm.begin_ms);
    close_all();
    return good ? 0 : 1;
}
