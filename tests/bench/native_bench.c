/* SPDX-License-Identifier: Apache-2.0 */
/* Load on the native door: attendance events packed beforehand, a fixed number of batches outstanding, counted when acknowledged.
 *
 * native_bench ENDPOINT SERVER_KEY KEY_FILE STUDENTS EVENTS BATCH OUTSTANDING FIRST_DAY
 *   STUDENTS  file of "studentUniqueId schoolId schoolYear sessionName" lines; event i is student i % n on day FIRST_DAY + i / n
 * Prints one JSON object: events, seconds, per_second, p50_ms, p99_ms (of a batch, sent to acknowledged), rejected. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kith/bus.h"
#include "kith/clock.h"
#include "kith/msg.h"
#include "kith/v1/envelope.pb-c.h"

#define RESEND_US 5000000

struct student {
    char id[40];
    long long school;
    int year;
    char session[80];
};

struct frame {
    uint8_t *data;
    size_t n;
    int64_t sent_us;
    bool acked;
};

struct bench {
    struct kith_bus_client *client;
    struct frame *frames;
    size_t n;
    size_t next;
    size_t open;
    size_t outstanding;
    size_t acked;
    size_t rejected;
    int64_t *latency_us;
    bool done;
};

static struct student *read_students(const char *path, size_t *n)
{
    FILE *file = fopen(path, "re");
    struct student *all = NULL;
    struct student s;
    *n = 0;
    while (file &&
           fscanf(file, "%39s %lld %d %79[^\n]", s.id, &s.school, &s.year, s.session) == 4) {
        struct student *bigger = realloc(all, (*n + 1) * sizeof(s));
        if (!bigger)
            exit(1);
        all = bigger;
        all[(*n)++] = s;
    }
    if (file)
        (void)fclose(file);
    return all;
}

static void pack(struct frame *f, uint64_t seq, const struct student *students, size_t n,
                 size_t first, size_t count, int32_t first_day)
{
    Kith__V1__Event *events = calloc(count, sizeof(*events));
    Kith__V1__SchoolAttendance *bodies = calloc(count, sizeof(*bodies));
    Kith__V1__Event **list = calloc(count, sizeof(struct Kith__V1__Event *));
    if (!events || !bodies || !list)
        exit(1);
    for (size_t i = 0; i < count; i++) {
        const struct student *s = &students[(first + i) % n];
        kith__v1__event__init(&events[i]);
        kith__v1__school_attendance__init(&bodies[i]);
        bodies[i].student_unique_id = (char *)s->id;
        bodies[i].school_id = s->school;
        bodies[i].school_year = s->year;
        bodies[i].session_name = (char *)s->session;
        bodies[i].event_date = first_day + (int32_t)((first + i) / n);
        bodies[i].category = (char *)"uri://ed-fi.org/AttendanceEventCategoryDescriptor#Tardy";
        events[i].body_case = KITH__V1__EVENT__BODY_SCHOOL_ATTENDANCE;
        events[i].school_attendance = &bodies[i];
        list[i] = &events[i];
    }
    uint8_t id[KITH_MSG_ID];
    kith_msg_new_id(id);
    Kith__V1__EventBatch batch = KITH__V1__EVENT_BATCH__INIT;
    batch.seq = seq;
    batch.n_events = count;
    batch.events = list;
    Kith__V1__Envelope env = KITH__V1__ENVELOPE__INIT;
    env.msg_id.data = id;
    env.msg_id.len = sizeof(id);
    env.body_case = KITH__V1__ENVELOPE__BODY_EVENTS;
    env.events = &batch;
    if (kith_msg_pack(&env, &f->data, &f->n) != KITH_OK)
        exit(1);
    free(events);
    free(bodies);
    free(list);
}

static void fill(struct bench *b)
{
    while (b->open < b->outstanding && b->next < b->n) {
        struct frame *f = &b->frames[b->next];
        if (kith_bus_send(b->client, f->data, f->n) != KITH_OK)
            return;
        f->sent_us = kith_clock_mono_us();
        b->next++;
        b->open++;
    }
}

static void on_reply(void *ctx, const uint8_t *data, size_t n)
{
    struct bench *b = ctx;
    kith_envelope *env = NULL;
    struct kith_why why;
    if (kith_msg_unpack(data, n, &env, NULL, &why) != KITH_OK)
        return;
    if (env->body_case == KITH__V1__ENVELOPE__BODY_ACK && env->ack->seq < b->n &&
        env->ack->retry_after_ms == 0 && !b->frames[env->ack->seq].acked) {
        struct frame *f = &b->frames[env->ack->seq];
        f->acked = true;
        b->latency_us[b->acked++] = kith_clock_mono_us() - f->sent_us;
        b->rejected += env->ack->n_rejected;
        b->open--;
    } else if (env->body_case == KITH__V1__ENVELOPE__BODY_ERROR)
        (void)fprintf(stderr, "native_bench: %s\n", env->error->text);
    kith_msg_free(env);
    fill(b);
    b->done = b->acked == b->n;
}

static void tick(void *ctx)
{
    struct bench *b = ctx;
    int64_t now = kith_clock_mono_us();
    for (size_t i = 0; i < b->next; i++) {
        struct frame *f = &b->frames[i];
        if (!f->acked && now - f->sent_us > RESEND_US &&
            kith_bus_send(b->client, f->data, f->n) == KITH_OK)
            f->sent_us = now;
    }
    fill(b);
}

static int compare(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a;
    int64_t y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

int main(int argc, char **argv)
{
    if (argc != 9) {
        (void)fputs("native_bench ENDPOINT SERVER_KEY KEY_FILE STUDENTS EVENTS BATCH OUTSTANDING "
                    "FIRST_DAY\n",
                    stderr);
        return 2;
    }
    size_t students_n = 0;
    struct student *students = read_students(argv[4], &students_n);
    size_t events = strtoul(argv[5], NULL, 10);
    size_t size = strtoul(argv[6], NULL, 10);
    int32_t first_day = 0;
    struct bench b = {.outstanding = strtoul(argv[7], NULL, 10)};
    b.n = (events + size - 1) / size;
    b.frames = calloc(b.n, sizeof(*b.frames));
    b.latency_us = calloc(b.n, sizeof(*b.latency_us));
    if (!b.frames || !b.latency_us || students_n == 0 ||
        kith_date_parse(argv[8], &first_day) != KITH_OK)
        return 1;
    for (size_t i = 0; i < b.n; i++) {
        size_t count = i + 1 < b.n ? size : events - i * size;
        pack(&b.frames[i], i, students, students_n, i * size, count, first_day);
    }
    struct kith_loop *loop = NULL;
    struct kith_bus *bus = NULL;
    struct kith_timer *timer = NULL;
    struct kith_keypair keys;
    struct kith_why why;
    if (kith_loop_new(&loop) != KITH_OK || kith_keypair_load(argv[3], &keys, &why) != KITH_OK ||
        kith_bus_new(loop, &keys, NULL, NULL, &bus) != KITH_OK ||
        kith_bus_connect(bus, argv[1], argv[2], on_reply, &b, &b.client) != KITH_OK ||
        kith_timer_new(loop, tick, &b, &timer) != KITH_OK)
        return 1;
    bool never = false;
    if (kith_loop_run_until(loop, &never, 300) != KITH_ETIMEOUT) /* the handshake */
        return 1;
    int64_t start = kith_clock_mono_us();
    fill(&b);
    kith_timer_start(timer, 200, 200);
    kith_err err = kith_loop_run_until(loop, &b.done, 300000);
    double seconds = (double)(kith_clock_mono_us() - start) / 1e6;
    qsort(b.latency_us, b.acked, sizeof(*b.latency_us), compare);
    int64_t p50_us = b.latency_us[b.acked / 2];
    int64_t p99_us = b.latency_us[b.acked * 99 / 100];
    printf("{\"events\":%zu,\"seconds\":%.3f,\"per_second\":%.0f,\"p50_ms\":%.2f,\"p99_ms\":%.2f,"
           "\"rejected\":%zu}\n",
           events, seconds, (double)events / seconds, (double)p50_us / 1e3, (double)p99_us / 1e3,
           b.rejected);
    return err == KITH_OK ? 0 : 1;
}
