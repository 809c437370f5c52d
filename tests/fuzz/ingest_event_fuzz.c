/* SPDX-License-Identifier: Apache-2.0 */
/* The first byte chooses resource and door: 'a' school, 'b' section (the rest is a body); 'c', 'd' the same by the native door (the rest is
 * lines: student, session, course, section, category, reason, arrival, departure, extra JSON, school, year). */
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "ingest/event.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void check(bool good)
{
    if (!good)
        abort();
}

static void check_event(const struct ingest_event *e)
{
    check(e->digest >= 0 && memchr(e->category, '\0', sizeof(e->category)) &&
          (!e->reason || (e->reason[0] && strlen(e->reason) < INGEST_REASON_SIZE)));
    struct ingest_event_view view = {
        .section = e->section,
        .student_unique_id = "1",
        .school_id = e->school_id,
        .school_year = 2027,
        .session_name = "Fall",
        .local_course_code = "A",
        .section_identifier = "A-1",
        .category = e->category,
        .date = e->date,
        .reason = e->reason,
        .arrival_us = e->arrival_us,
        .departure_us = e->departure_us,
        .extra = e->extra,
    };
    char *text = NULL;
    check(ingest_event_json(&view, &text) == KITH_OK);
    const struct ingest_resource *r = ingest_resource_find(
        e->section ? "studentSectionAttendanceEvents" : "studentSchoolAttendanceEvents");
    struct ingest_event again;
    check(ingest_event_parse(r, text, strlen(text), &again, NULL) == KITH_OK);
    check(again.digest == e->digest && again.date == e->date &&
          strcmp(again.category, e->category) == 0);
    ingest_event_done(&again);
    free(text);
}

/* protobuf strings hold valid UTF-8: kith_msg_unpack has checked. Here the JSON parser of a plain text does. */
static bool valid_utf8(const char *text, size_t n)
{
    json_t *s = json_stringn(text, n);
    json_decref(s);
    return s != NULL;
}

static void native(bool section, char *text)
{
    const char *lines[11];
    for (size_t i = 0; i < 11; i++)
        lines[i] = text ? strsep(&text, "\n") : "";
    struct ingest_native in = {
        .section = section,
        .student_unique_id = lines[0],
        .session_name = lines[1],
        .local_course_code = lines[2],
        .section_identifier = lines[3],
        .category = lines[4],
        .reason = lines[5],
        .arrival_time = lines[6],
        .departure_time = lines[7],
        .extra_json = lines[8],
        .school_id = strtoll(lines[9], NULL, 10),
        .school_year = (int32_t)strtol(lines[10], NULL, 10),
        .date = 20000,
    };
    struct ingest_event e;
    struct kith_why why = {.text = ""};
    if (ingest_event_from_native(&in, &e, &why) != KITH_OK) {
        check(why.text[0] != '\0');
        return;
    }
    check_event(&e);
    ingest_event_done(&e);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    if (n == 0)
        return 0;
    unsigned which = (unsigned)(data[0] - 'a') % 4;
    bool section = which % 2;
    if (which >= 2) {
        char *text =
            calloc(1, n); /* not strndup: under strict_string_checks it wants a NUL in the input */
        if (text)
            memcpy(text, data + 1, n - 1);
        if (text && valid_utf8(text, strlen(text)))
            native(section, text);
        free(text);
        return 0;
    }
    const struct ingest_resource *r = ingest_resource_find(
        section ? "studentSectionAttendanceEvents" : "studentSchoolAttendanceEvents");
    struct ingest_event e;
    struct ingest_problems why = {0};
    if (ingest_event_parse(r, (const char *)data + 1, n - 1, &e, &why) != KITH_OK) {
        check(why.n > 0);
        return 0;
    }
    check_event(&e);
    ingest_event_done(&e);
    return 0;
}
