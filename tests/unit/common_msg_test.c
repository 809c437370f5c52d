/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "kith/bus.h"
#include "kith/clock.h"
#include "kith/msg.h"
#include "kith/v1/envelope.pb-c.h"
#include "kith/v1/records.pb-c.h"

static uint8_t id[KITH_MSG_ID] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16};
static const uint8_t no_id[KITH_MSG_ID];

static kith_envelope envelope(void)
{
    kith_envelope env = KITH__V1__ENVELOPE__INIT;
    env.msg_id = (ProtobufCBinaryData){sizeof(id), id};
    env.proto = KITH_PROTO;
    return env;
}

/* Packs without any check of ours, as a stranger would. */
static kith_err send_raw(const kith_envelope *env, kith_envelope **ret, struct kith_why *why)
{
    size_t n = kith__v1__envelope__get_packed_size(env);
    uint8_t *data = malloc(n ? n : 1);
    assert_non_null(data);
    (void)kith__v1__envelope__pack(env, data);
    kith_err err = kith_msg_unpack(data, n, ret, NULL, why);
    free(data);
    return err;
}

static void expect(const kith_envelope *env, kith_err expected, const char *text)
{
    struct kith_why why = {""};
    kith_envelope *got = NULL;
    assert_int_equal(send_raw(env, &got, &why), expected);
    if (expected == KITH_OK) {
        assert_non_null(got);
        kith_msg_free(got);
    } else {
        assert_null(got); /* untouched on failure */
        if (!strstr(why.text, text))
            fail_msg("\"%s\" does not say \"%s\"", why.text, text);
    }
}

/* One envelope from hand-written fields after a good head. */
static kith_err unpack_bytes(const void *body, size_t n, struct kith_why *why)
{
    struct kith_bytes b = {0};
    const uint8_t head[] = {0x08, KITH_PROTO, 0x12, KITH_MSG_ID};
    assert_int_equal(kith_bytes_add(&b, head, sizeof(head)), KITH_OK);
    assert_int_equal(kith_bytes_add(&b, id, sizeof(id)), KITH_OK);
    assert_int_equal(kith_bytes_add(&b, body, n), KITH_OK);
    kith_envelope *env = NULL;
    kith_err err = kith_msg_unpack(b.data, b.n, &env, NULL, why);
    assert_int_equal(err == KITH_OK, env != NULL);
    kith_msg_free(env);
    kith_bytes_done(&b);
    return err;
}

static char *text_of(size_t n)
{
    char *text = malloc(n + 1);
    assert_non_null(text);
    memset(text, 'x', n);
    text[n] = '\0';
    return text;
}

static void round_trip_keeps_everything(void **state)
{
    (void)state;
    kith_clock_set(1234567);
    Kith__V1__SchoolAttendance mark = KITH__V1__SCHOOL_ATTENDANCE__INIT;
    mark.student_unique_id = (char *)"604822";
    mark.school_id = 255901001;
    mark.session_name = (char *)"Oto\xc3\xb1o \xf0\x9f\x8d\x82";
    mark.event_date = -3;
    Kith__V1__Event event = KITH__V1__EVENT__INIT;
    event.retract = true;
    event.body_case = KITH__V1__EVENT__BODY_SCHOOL_ATTENDANCE;
    event.school_attendance = &mark;
    Kith__V1__Event *events[] = {&event};
    Kith__V1__EventBatch batch = KITH__V1__EVENT_BATCH__INIT;
    batch.seq = UINT64_MAX;
    batch.n_events = 1;
    batch.events = events;
    kith_envelope env = envelope();
    env.proto = 99; /* pack sets it */
    env.body_case = KITH__V1__ENVELOPE__BODY_EVENTS;
    env.events = &batch;
    uint8_t *data;
    size_t n;
    assert_int_equal(kith_msg_pack(&env, &data, &n), KITH_OK);

    uint8_t got_id[KITH_MSG_ID];
    kith_envelope *got;
    assert_int_equal(kith_msg_unpack(data, n, &got, got_id, NULL), KITH_OK);
    assert_memory_equal(got_id, id, sizeof(id));
    assert_int_equal(got->sent_at_us, 1234567);
    assert_int_equal(got->body_case, KITH__V1__ENVELOPE__BODY_EVENTS);
    assert_true(got->events->seq == UINT64_MAX);
    const Kith__V1__Event *e = got->events->events[0];
    assert_true(e->retract);
    assert_string_equal(e->school_attendance->session_name, "Oto\xc3\xb1o \xf0\x9f\x8d\x82");
    assert_int_equal(e->school_attendance->event_date, -3);
    kith_msg_free(got);

    /* every cut-off frame is refused, none crashes */
    for (size_t cut = 0; cut < n; cut++) {
        uint8_t *part = malloc(cut ? cut : 1);
        assert_non_null(part);
        memcpy(part, data, cut);
        struct kith_why why = {""};
        kith_err err = kith_msg_unpack(part, cut, &got, got_id, &why);
        assert_true(err == KITH_EDECODE || err == KITH_EVERSION);
        assert_true(why.text[0] != '\0');
        free(part);
    }
    free(data);
    kith_clock_set(-1);
}

static void wrong_heads(void **state)
{
    (void)state;
    Kith__V1__ListStreams list = KITH__V1__LIST_STREAMS__INIT;
    kith_envelope env = envelope();
    env.body_case = KITH__V1__ENVELOPE__BODY_LIST;
    env.list = &list;
    expect(&env, KITH_OK, NULL);
    env.proto = 0;
    expect(&env, KITH_EVERSION, "proto is 0");
    env.proto = 2;
    expect(&env, KITH_EVERSION, "proto is 2");
    env.proto = KITH_PROTO;
    env.msg_id.len = 15;
    expect(&env, KITH_EDECODE, "msg_id");
    env.msg_id.len = 0;
    expect(&env, KITH_EDECODE, "msg_id");
    env.msg_id.len = KITH_MSG_ID;
    env.body_case = KITH__V1__ENVELOPE__BODY__NOT_SET;
    expect(&env, KITH_EDECODE, "no body");
}

static void id_is_known_although_the_frame_is_wrong(void **state)
{
    (void)state;
    uint8_t got_id[KITH_MSG_ID];
    kith_envelope *env = NULL;
    uint8_t frame[] = {0x08, 7,  0x12, 16, 1,  2,  3,  4,  5, 6, 7,    8,
                       9,    10, 11,   12, 13, 14, 15, 16, 0, 0, 0xff, 0xff};
    assert_int_equal(kith_msg_unpack(frame, sizeof(frame), &env, got_id, NULL), KITH_EVERSION);
    assert_memory_equal(got_id, id, sizeof(id));
    frame[1] = KITH_PROTO;
    assert_int_equal(kith_msg_unpack(frame, sizeof(frame), &env, got_id, NULL), KITH_EDECODE);
    assert_memory_equal(got_id, id, sizeof(id));
    assert_int_equal(kith_msg_unpack(frame, 10, &env, got_id, NULL), KITH_EDECODE);
    assert_memory_equal(got_id, no_id, sizeof(no_id));
    assert_int_equal(kith_msg_unpack(frame, 0, &env, got_id, NULL), KITH_EVERSION);
    assert_memory_equal(got_id, no_id, sizeof(no_id));
    assert_null(env);
}

static void frames_above_the_limit(void **state)
{
    (void)state;
    size_t n = KITH_BUS_MAX_MESSAGE + 1;
    uint8_t *data = calloc(1, n);
    assert_non_null(data);
    kith_envelope *env = NULL;
    struct kith_why why;
    assert_int_equal(kith_msg_unpack(data, n, &env, NULL, &why), KITH_ETOOBIG);
    free(data);
}

static void one_body_and_nothing_twice(void **state)
{
    (void)state;
    struct kith_why why;
    const uint8_t two_bodies[] = {0xa2, 1, 0, 0x92, 1, 0}; /* list {}, fetch {} */
    assert_int_equal(unpack_bytes(two_bodies, sizeof(two_bodies), &why), KITH_EDECODE);
    assert_string_equal(why.text, "Envelope.fetch is given twice");
    const uint8_t same_twice[] = {0xa2, 1, 0, 0xa2, 1, 0};
    assert_int_equal(unpack_bytes(same_twice, sizeof(same_twice), &why), KITH_EDECODE);
    assert_int_equal(unpack_bytes(same_twice, 3, &why), KITH_OK);
    const uint8_t text_twice[] = {0xa2, 1, 6, 0x0a, 1, 'a', 0x0a, 1, 'b'};
    assert_int_equal(unpack_bytes(text_twice, sizeof(text_twice), &why), KITH_EDECODE);
    assert_string_equal(why.text, "ListStreams.stream is given twice");
    /* an event with two bodies: Event{item{}, section_attendance{}} */
    const uint8_t two_kinds[] = {0x82, 1, 6, 0x12, 4, 0x22, 0, 0x1a, 0};
    assert_int_equal(unpack_bytes(two_kinds, sizeof(two_kinds), &why), KITH_EDECODE);
    assert_string_equal(why.text, "element 0: Event.section_attendance is given twice");
    /* an event of a kind that only a newer version knows: its handler rejects it alone */
    const uint8_t new_kind[] = {0x82, 1, 5, 0x12, 3, 0x32, 1, 'x'};
    assert_int_equal(unpack_bytes(new_kind, sizeof(new_kind), &why), KITH_OK);
    /* a body that only a newer version knows */
    const uint8_t new_body[] = {0xca, 1, 0};
    assert_int_equal(unpack_bytes(new_body, sizeof(new_body), &why), KITH_EDECODE);
}

static void broken_wire(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        uint8_t bytes[16];
        size_t n;
    } cases[] = {
        {"field number 0", {0x02, 0}, 2},
        {"start of group", {0xa3, 1}, 2},
        {"wire type 7", {0xa7, 1}, 2},
        {"length past the end", {0xa2, 1, 5, 0}, 4},
        {"length of 2^63", {0xa2, 1, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 1}, 12},
        {"varint of 11 bytes",
         {0x28, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0},
         12},
        {"varint above 2^64", {0x28, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2}, 11},
        {"tag above 2^32", {0x80, 0x80, 0x80, 0x80, 0x80, 1, 0}, 7},
        {"body as a number", {0xa0, 1, 1}, 3},
        {"text as a number", {0xa2, 1, 2, 0x08, 1}, 5},
        {"cut fixed64", {0x19, 0, 0}, 3},
        {"cut fixed32 of an unknown field", {0x2d, 0, 0}, 3},
    };
    for (size_t i = 0; i < KITH_LEN(cases); i++) {
        struct kith_why why = {""};
        if (unpack_bytes(cases[i].bytes, cases[i].n, &why) != KITH_EDECODE)
            fail_msg("%s was taken", cases[i].name);
        assert_true(strncmp(why.text, "Envelope", 8) == 0 || strstr(why.text, "ListStreams"));
    }
}

static void text_is_utf8_without_nul(void **state)
{
    (void)state;
    static const struct {
        const char *bytes;
        size_t n;
        kith_err err;
    } cases[] = {
        {"plain", 5, KITH_OK},
        {"\xc3\xa9", 2, KITH_OK},
        {"\xe2\x82\xac", 3, KITH_OK},
        {"\xed\x9f\xbf", 3, KITH_OK},     /* the last before the surrogates */
        {"\xee\x80\x80", 3, KITH_OK},     /* the first after them */
        {"\xf4\x8f\xbf\xbf", 4, KITH_OK}, /* U+10FFFF */
        {"a\0b", 3, KITH_EDECODE},
        {"\0", 1, KITH_EDECODE},
        {"\x80", 1, KITH_EDECODE},
        {"\xc3", 1, KITH_EDECODE},
        {"\xc0\x80", 2, KITH_EDECODE}, /* overlong NUL */
        {"\xc1\xbf", 2, KITH_EDECODE},
        {"\xe0\x9f\xbf", 3, KITH_EDECODE},
        {"\xed\xa0\x80", 3, KITH_EDECODE}, /* surrogate */
        {"\xf0\x8f\xbf\xbf", 4, KITH_EDECODE},
        {"\xf4\x90\x80\x80", 4, KITH_EDECODE}, /* above U+10FFFF */
        {"\xf5\x80\x80\x80", 4, KITH_EDECODE},
        {"\xe2\x82", 2, KITH_EDECODE},
        {"\xe2\x28\xa1", 3, KITH_EDECODE},
        {"\xff", 1, KITH_EDECODE},
    };
    for (size_t i = 0; i < KITH_LEN(cases); i++) {
        uint8_t body[16] = {0xa2, 1, (uint8_t)(cases[i].n + 2), 0x0a, (uint8_t)cases[i].n};
        memcpy(body + 5, cases[i].bytes, cases[i].n);
        struct kith_why why = {""};
        if (unpack_bytes(body, cases[i].n + 5, &why) != cases[i].err)
            fail_msg("case %zu: %s", i, why.text);
    }
}

/* Sets one string of a message to KITH_TEXT_MAX and one byte more. */
static void expect_text_limit(kith_envelope *env, char **field, const char *name)
{
    char *kept = *field;
    *field = text_of(KITH_TEXT_MAX);
    expect(env, KITH_OK, NULL);
    free(*field);
    *field = text_of(KITH_TEXT_MAX + 1);
    expect(env, KITH_ETOOBIG, name);
    free(*field);
    *field = kept;
}

static void text_limits_of_events(void **state)
{
    (void)state;
    Kith__V1__AttendanceDetail detail = KITH__V1__ATTENDANCE_DETAIL__INIT;
    Kith__V1__SchoolAttendance school = KITH__V1__SCHOOL_ATTENDANCE__INIT;
    Kith__V1__SectionAttendance section = KITH__V1__SECTION_ATTENDANCE__INIT;
    Kith__V1__Item item = KITH__V1__ITEM__INIT;
    school.detail = section.detail = &detail;
    Kith__V1__Event event = KITH__V1__EVENT__INIT;
    Kith__V1__Event *events[] = {&event};
    Kith__V1__EventBatch batch = KITH__V1__EVENT_BATCH__INIT;
    batch.n_events = 1;
    batch.events = events;
    kith_envelope env = envelope();
    env.body_case = KITH__V1__ENVELOPE__BODY_EVENTS;
    env.events = &batch;

    event.body_case = KITH__V1__EVENT__BODY_SCHOOL_ATTENDANCE;
    event.school_attendance = &school;
    expect_text_limit(&env, &school.student_unique_id, "SchoolAttendance.student_unique_id");
    expect_text_limit(&env, &school.session_name, "SchoolAttendance.session_name");
    expect_text_limit(&env, &school.category, "SchoolAttendance.category");
    expect_text_limit(&env, &detail.reason, "AttendanceDetail.reason");
    expect_text_limit(&env, &detail.arrival_time, "AttendanceDetail.arrival_time");
    expect_text_limit(&env, &detail.departure_time, "AttendanceDetail.departure_time");
    expect_text_limit(&env, &detail.extra_json, "AttendanceDetail.extra_json");
    event.body_case = KITH__V1__EVENT__BODY_SECTION_ATTENDANCE;
    event.section_attendance = &section;
    expect_text_limit(&env, &section.student_unique_id, "SectionAttendance.student_unique_id");
    expect_text_limit(&env, &section.session_name, "SectionAttendance.session_name");
    expect_text_limit(&env, &section.local_course_code, "SectionAttendance.local_course_code");
    expect_text_limit(&env, &section.section_identifier, "SectionAttendance.section_identifier");
    expect_text_limit(&env, &section.category, "SectionAttendance.category");
    event.body_case = KITH__V1__EVENT__BODY_ITEM;
    event.item = &item;
    expect_text_limit(&env, &item.resource, "element 0: Item.resource");
    char *json = text_of(3000000); /* the exception: a document */
    item.json = json;
    expect(&env, KITH_OK, NULL);
    free(json);
}

static void text_limits_of_the_rest(void **state)
{
    (void)state;
    kith_envelope env = envelope();
    Kith__V1__ListStreams list = KITH__V1__LIST_STREAMS__INIT;
    env.body_case = KITH__V1__ENVELOPE__BODY_LIST;
    env.list = &list;
    expect_text_limit(&env, &list.stream, "ListStreams.stream");
    Kith__V1__Fetch fetch = KITH__V1__FETCH__INIT;
    env.body_case = KITH__V1__ENVELOPE__BODY_FETCH;
    env.fetch = &fetch;
    expect_text_limit(&env, &fetch.stream, "Fetch.stream");
    Kith__V1__LogBatch log = KITH__V1__LOG_BATCH__INIT;
    env.body_case = KITH__V1__ENVELOPE__BODY_LOG;
    env.log = &log;
    expect_text_limit(&env, &log.stream, "LogBatch.stream");
    Kith__V1__Error error = KITH__V1__ERROR__INIT;
    env.body_case = KITH__V1__ENVELOPE__BODY_ERROR;
    env.error = &error;
    expect_text_limit(&env, &error.text, "Error.text");
    Kith__V1__Rejected rejected = KITH__V1__REJECTED__INIT;
    Kith__V1__Rejected *all[] = {&rejected};
    Kith__V1__Ack ack = KITH__V1__ACK__INIT;
    ack.n_rejected = 1;
    ack.rejected = all;
    env.body_case = KITH__V1__ENVELOPE__BODY_ACK;
    env.ack = &ack;
    expect_text_limit(&env, &rejected.text, "Rejected.text");
    Kith__V1__Argument arg = KITH__V1__ARGUMENT__INIT;
    Kith__V1__Argument *args[] = {&arg};
    Kith__V1__Command command = KITH__V1__COMMAND__INIT;
    command.verb = (char *)"key.new";
    command.n_args = 1;
    command.args = args;
    env.body_case = KITH__V1__ENVELOPE__BODY_COMMAND;
    env.command = &command;
    expect_text_limit(&env, &command.verb, "Command.verb");
    expect_text_limit(&env, &arg.name, "element 0: Argument.name");
    expect_text_limit(&env, &arg.value, "element 0: Argument.value");
    command.verb = (char *)"";
    expect(&env, KITH_EDECODE, "verb is empty");
}

static void a_reply_may_be_long(void **state)
{
    (void)state;
    char *text = text_of(KITH_TEXT_MAX + 1);
    char *cells[] = {text};
    Kith__V1__Row row = KITH__V1__ROW__INIT;
    row.n_cells = 1;
    row.cells = cells;
    Kith__V1__Row *rows[] = {&row};
    Kith__V1__CommandReply reply = KITH__V1__COMMAND_REPLY__INIT;
    reply.text = text;
    reply.n_columns = 1;
    reply.columns = cells;
    reply.n_rows = 1;
    reply.rows = rows;
    kith_envelope env = envelope();
    env.body_case = KITH__V1__ENVELOPE__BODY_REPLY;
    env.reply = &reply;
    expect(&env, KITH_OK, NULL);
    free(text);
}

/* A list of `n` empty elements under `field` of `body` of the envelope. */
static kith_err unpack_list(uint32_t body, uint8_t field, size_t n, struct kith_why *why)
{
    struct kith_bytes b = {0};
    size_t list_n = 2 * n;
    uint8_t head[8] = {(uint8_t)((body << 3 | 2) | 0x80), (uint8_t)(body >> 4)};
    size_t head_n = 2;
    for (size_t left = list_n; left || head_n == 2; left >>= 7)
        head[head_n++] = (uint8_t)((left & 0x7f) | (left > 0x7f ? 0x80 : 0));
    assert_int_equal(kith_bytes_add(&b, head, head_n), KITH_OK);
    assert_int_equal(kith_bytes_reserve(&b, list_n), KITH_OK);
    for (size_t i = 0; i < n; i++) {
        b.data[b.n++] = (uint8_t)(field << 3 | 2);
        b.data[b.n++] = 0;
    }
    kith_err err = unpack_bytes(b.data, b.n, why);
    kith_bytes_done(&b);
    return err;
}

static void list_limits(void **state)
{
    (void)state;
    static const struct {
        uint32_t body;
        uint8_t field;
        size_t max;
        const char *name;
        kith_err empty; /* what elements without content are */
    } lists[] = {
        {16, 2, KITH_BATCH_MAX, "EventBatch.events", KITH_OK},
        {17, 5, KITH_BATCH_MAX, "Ack.rejected", KITH_OK},
        {19, 5, KITH_CREDIT_MAX, "LogBatch.records", KITH_EDECODE},
        {21, 1, KITH_CREDIT_MAX, "StreamList.heads", KITH_OK},
        {22, 2, KITH_COMMAND_ARGS, "Command.args", KITH_EDECODE},
        {23, 3, KITH_COMMAND_ARGS, "CommandReply.columns", KITH_OK},
        {23, 4, KITH_CREDIT_MAX, "CommandReply.rows", KITH_OK},
    };
    for (size_t i = 0; i < KITH_LEN(lists); i++) {
        struct kith_why why = {""};
        assert_int_equal(unpack_list(lists[i].body, lists[i].field, lists[i].max, &why),
                         lists[i].empty);
        assert_int_equal(unpack_list(lists[i].body, lists[i].field, lists[i].max + 1, &why),
                         KITH_ETOOBIG);
        assert_non_null(strstr(why.text, lists[i].name));
    }
}

static void numbers_and_enums(void **state)
{
    (void)state;
    Kith__V1__Fetch fetch = KITH__V1__FETCH__INIT;
    kith_envelope env = envelope();
    env.body_case = KITH__V1__ENVELOPE__BODY_FETCH;
    env.fetch = &fetch;
    fetch.credit = KITH_CREDIT_MAX;
    expect(&env, KITH_OK, NULL);
    fetch.credit = KITH_CREDIT_MAX + 1;
    expect(&env, KITH_ETOOBIG, "Fetch.credit");
    fetch.credit = 1;
    fetch.after_pos = -1;
    expect(&env, KITH_EDECODE, "Fetch.after_pos");

    Kith__V1__Record record = KITH__V1__RECORD__INIT;
    Kith__V1__Record *records[] = {&record};
    Kith__V1__LogBatch log = KITH__V1__LOG_BATCH__INIT;
    log.n_records = 1;
    log.records = records;
    env.body_case = KITH__V1__ENVELOPE__BODY_LOG;
    env.log = &log;
    expect(&env, KITH_EDECODE, "pos >= 1");
    record.pos = 1;
    expect(&env, KITH_EDECODE, "count >= 1");
    record.count = 1;
    record.type = 12345; /* a record type of a newer daemon is kept */
    expect(&env, KITH_OK, NULL);

    Kith__V1__Error error = KITH__V1__ERROR__INIT;
    env.body_case = KITH__V1__ENVELOPE__BODY_ERROR;
    env.error = &error;
    error.code = KITH__V1__ERROR__CODE__UNKNOWN_STREAM;
    expect(&env, KITH_OK, NULL);
    error.code = (Kith__V1__Error__Code)99;
    expect(&env, KITH_EDECODE, "Error.code");
}

/* Two million unknown fields in 4 MiB would cost a hundred times their bytes. */
static void memory_is_bounded(void **state)
{
    (void)state;
    size_t n = KITH_BUS_MAX_MESSAGE - 64;
    uint8_t *body = malloc(n);
    assert_non_null(body);
    body[0] = 0xa2;
    body[1] = 1;
    body[2] = 0;
    for (size_t i = 3; i + 1 < n; i += 2) {
        body[i] = 15 << 3;
        body[i + 1] = 1;
    }
    struct kith_why why = {""};
    assert_int_equal(unpack_bytes(body, n - 1, &why), KITH_ETOOBIG);
    assert_string_equal(why.text, "Envelope has too many small parts");
    free(body);
}

static void errors_are_addressed_and_coded(void **state)
{
    (void)state;
    static const struct {
        kith_err err;
        Kith__V1__Error__Code code;
    } codes[] = {
        {KITH_EDECODE, KITH__V1__ERROR__CODE__MALFORMED},
        {KITH_ETOOBIG, KITH__V1__ERROR__CODE__MALFORMED},
        {KITH_EINVAL, KITH__V1__ERROR__CODE__MALFORMED},
        {KITH_EVERSION, KITH__V1__ERROR__CODE__UNSUPPORTED_VERSION},
        {KITH_EDENIED, KITH__V1__ERROR__CODE__DENIED},
        {KITH_ENOTFOUND, KITH__V1__ERROR__CODE__UNKNOWN_STREAM},
        {KITH_EBUSY, KITH__V1__ERROR__CODE__BUSY},
        {KITH_EDB, KITH__V1__ERROR__CODE__BUSY},
        {KITH_EINTERNAL, KITH__V1__ERROR__CODE__INTERNAL},
    };
    for (size_t i = 0; i < KITH_LEN(codes); i++) {
        uint8_t *data;
        size_t n;
        assert_int_equal(
            kith_msg_pack_error(id, codes[i].err, i ? NULL : "say why", 250, &data, &n), KITH_OK);
        kith_envelope *env;
        assert_int_equal(kith_msg_unpack(data, n, &env, NULL, NULL), KITH_OK);
        assert_memory_equal(env->msg_id.data, id, sizeof(id));
        assert_int_equal(env->body_case, KITH__V1__ENVELOPE__BODY_ERROR);
        assert_int_equal(env->error->code, codes[i].code);
        assert_int_equal(env->error->retry_after_ms, 250);
        assert_string_equal(env->error->text, i ? kith_err_text(codes[i].err) : "say why");
        kith_msg_free(env);
        free(data);
    }
}

static void too_big_to_pack(void **state)
{
    (void)state;
    Kith__V1__CommandReply reply = KITH__V1__COMMAND_REPLY__INIT;
    reply.text = text_of(KITH_BUS_MAX_MESSAGE);
    kith_envelope env = envelope();
    env.body_case = KITH__V1__ENVELOPE__BODY_REPLY;
    env.reply = &reply;
    uint8_t *data = NULL;
    size_t n = 0;
    assert_int_equal(kith_msg_pack(&env, &data, &n), KITH_ETOOBIG);
    assert_null(data);
    free(reply.text);
}

static void items_concatenate_to_a_list(void **state)
{
    (void)state;
    struct kith_bytes b = {0};
    enum { COUNT = 1000 };
    for (int i = 0; i < COUNT; i++) {
        Kith__V1__SchoolChanged school = KITH__V1__SCHOOL_CHANGED__INIT;
        school.school_id = i;
        char *name = text_of((size_t)i); /* lengths of one and of two bytes */
        school.name = name;
        assert_int_equal(kith_bytes_add_item(&b, &school.base), KITH_OK);
        free(name);
    }
    Kith__V1__SchoolChangedList *list = kith__v1__school_changed_list__unpack(NULL, b.n, b.data);
    assert_non_null(list);
    assert_int_equal(list->n_items, COUNT);
    for (int i = 0; i < COUNT; i++) {
        assert_int_equal(list->items[i]->school_id, i);
        assert_int_equal(strlen(list->items[i]->name), i);
    }
    kith__v1__school_changed_list__free_unpacked(list, NULL);
    kith_bytes_done(&b);
    assert_null(b.data);
    assert_int_equal(kith_bytes_reserve(&b, SIZE_MAX), KITH_ENOMEM);
}

static void ids_differ(void **state)
{
    (void)state;
    uint8_t a[KITH_MSG_ID] = {0};
    uint8_t b[KITH_MSG_ID] = {0};
    kith_msg_new_id(a);
    kith_msg_new_id(b);
    assert_memory_not_equal(a, no_id, sizeof(a));
    assert_memory_not_equal(a, b, sizeof(a));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(round_trip_keeps_everything),
        cmocka_unit_test(wrong_heads),
        cmocka_unit_test(id_is_known_although_the_frame_is_wrong),
        cmocka_unit_test(frames_above_the_limit),
        cmocka_unit_test(one_body_and_nothing_twice),
        cmocka_unit_test(broken_wire),
        cmocka_unit_test(text_is_utf8_without_nul),
        cmocka_unit_test(text_limits_of_events),
        cmocka_unit_test(text_limits_of_the_rest),
        cmocka_unit_test(a_reply_may_be_long),
        cmocka_unit_test(list_limits),
        cmocka_unit_test(numbers_and_enums),
        cmocka_unit_test(memory_is_bounded),
        cmocka_unit_test(errors_are_addressed_and_coded),
        cmocka_unit_test(too_big_to_pack),
        cmocka_unit_test(items_concatenate_to_a_list),
        cmocka_unit_test(ids_differ),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
