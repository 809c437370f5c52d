/* SPDX-License-Identifier: Apache-2.0 */
/* Real input: the JSON lines of Ed-Fi's fictional Grand Bend schools, which are not part of the repository. $KITH_SHARED is the folder that
 * holds data/ingest; without it the folder beside the source tree is used. */
#include "kith_test.h"

#include <jansson.h>
#include <unistd.h>

#include "ingest/document.h"
#include "ingest/event.h"
#include "ingest/resource.h"

#define LINES_MAX 4096

static char folder[4096];

struct line {
    char *text;
    size_t n;
};

struct file {
    const struct ingest_resource *resource;
    size_t n;
    struct line lines[LINES_MAX];
};

static void read_file(const char *resource, struct file *f)
{
    char path[4200];
    (void)snprintf(path, sizeof(path), "%s/%s.jsonl", folder, resource);
    FILE *in = fopen(path, "r");
    if (!in)
        fail_msg("%s is missing", path);
    f->resource = ingest_resource_find(resource);
    assert_non_null(f->resource);
    f->n = 0;
    char *text = NULL;
    size_t size = 0;
    ssize_t n;
    while ((n = getline(&text, &size, in)) > 0) {
        assert_true(f->n < LINES_MAX);
        f->lines[f->n++] = (struct line){strndup(text, (size_t)n), (size_t)n};
    }
    free(text);
    (void)fclose(in);
}

static void free_file(struct file *f)
{
    for (size_t i = 0; i < f->n; i++)
        free(f->lines[i].text);
}

static void show(const struct file *f, size_t i, const struct ingest_problems *why)
{
    for (size_t p = 0; p < why->n; p++)
        print_error("%s line %zu: %s %s\n", f->resource->name, i + 1, why->items[p].path,
                    why->items[p].text);
}

/* Numbers and lists compare by value: 1 and 1.0 are equal. */
static bool same(const json_t *a, const json_t *b)
{
    if (json_is_number(a) && json_is_number(b))
        return json_number_value(a) == json_number_value(b);
    if (json_typeof(a) != json_typeof(b))
        return false;
    if (json_is_array(a)) {
        bool good = json_array_size(a) == json_array_size(b);
        for (size_t i = 0; good && i < json_array_size(a); i++)
            good = same(json_array_get(a, i), json_array_get(b, i));
        return good;
    }
    if (!json_is_object(a))
        return json_equal(a, b) == 1;
    bool good = json_object_size(a) == json_object_size(b);
    const char *name;
    json_t *value;
    json_object_foreach((json_t *)a, name, value)
    {
        const json_t *other = json_object_get(b, name);
        good = good && other && same(value, other);
    }
    return good;
}

static int compare_ids(const void *a, const void *b)
{
    return memcmp(a, b, sizeof(struct kith_id));
}

static void assert_distinct(struct kith_id *ids, size_t n)
{
    qsort(ids, n, sizeof(*ids), compare_ids);
    for (size_t i = 1; i < n; i++)
        assert_memory_not_equal(&ids[i - 1], &ids[i], sizeof(*ids));
}

static const struct {
    const char *resource;
    size_t rows;
} expected[] = {
    {"schools", 2},           {"students", 896}, {"staffs", 53},
    {"classPeriods", 14},     {"courses", 56},   {"disciplineIncidents", 7},
    {"gradingPeriods", 12},   {"sessions", 4},   {"staffSchoolAssociations", 41},
    {"courseOfferings", 112}, {"sections", 376}, {"staffSectionAssociations", 372},
};

static bool has(const struct kith_id *ids, size_t n, const struct kith_id *id)
{
    return bsearch(id, ids, n, sizeof(*ids), compare_ids) != NULL;
}

struct seen {
    size_t n;
    struct kith_id ids[LINES_MAX];
};
static struct seen seen[KITH_LEN(expected)];

static const struct seen *seen_of(const struct ingest_resource *r)
{
    for (size_t i = 0; i < KITH_LEN(expected); i++) {
        if (strcmp(expected[i].resource, r->name) == 0)
            return &seen[i];
    }
    return NULL;
}

/* Every line parses, nothing of it is lost, keys are distinct, every reference points at a line that came before. */
static void documents(void **state)
{
    (void)state;
    static struct file f;
    for (size_t k = 0; k < KITH_LEN(expected); k++) {
        read_file(expected[k].resource, &f);
        assert_int_equal(f.n, expected[k].rows);
        for (size_t i = 0; i < f.n; i++) {
            struct ingest_problems why = {0};
            kith_auto(ingest_doc) doc = NULL;
            kith_err err = ingest_doc_parse(f.resource, f.lines[i].text, f.lines[i].n, &doc, &why);
            show(&f, i, &why);
            assert_ok(err);
            json_t *in = json_loadb(f.lines[i].text, f.lines[i].n, 0, NULL);
            json_t *out = json_loadb(doc->body, doc->body_n, 0, NULL);
            assert_true(same(in, out));
            json_decref(in);
            json_decref(out);
            seen[k].ids[seen[k].n++] = doc->id;
            for (size_t r = 0; r < doc->refs_n; r++) {
                const struct ingest_ref *ref = &doc->refs[r];
                bool found = false;
                for (size_t t = 0; t < ref->n; t++) {
                    const struct seen *s = seen_of(ref->target[t]);
                    found = found || (s && has(s->ids, s->n, &ref->id[t]));
                }
                if (!found)
                    fail_msg("%s line %zu: %s", f.resource->name, i + 1, ref->path);
            }
        }
        assert_distinct(seen[k].ids, seen[k].n);
        free_file(&f);
    }
}

static struct kith_id event_key(const struct ingest_event *e)
{
    struct kith_hasher h;
    kith_hash_begin(&h);
    kith_hash_bytes(&h, &e->student, sizeof(e->student));
    kith_hash_bytes(&h, &e->school, sizeof(e->school));
    kith_hash_bytes(&h, &e->session, sizeof(e->session));
    kith_hash_bytes(&h, &e->place_section, sizeof(e->place_section));
    kith_hash_int(&h, e->date);
    kith_hash_text(&h, e->category);
    return kith_hash_end(&h);
}

/* The view of the document as it stands in the file, rendered and parsed again. */
static void round_trip(const struct ingest_resource *r, const struct line *line,
                       const struct ingest_event *e)
{
    json_t *in = json_loadb(line->text, line->n, 0, NULL);
    const json_t *place = json_object_get(in, e->section ? "sectionReference" : "sessionReference");
    struct ingest_event_view view = {
        .section = e->section,
        .student_unique_id = json_string_value(
            json_object_get(json_object_get(in, "studentReference"), "studentUniqueId")),
        .school_id = json_integer_value(json_object_get(place, "schoolId")),
        .school_year = (int32_t)json_integer_value(json_object_get(place, "schoolYear")),
        .session_name = json_string_value(json_object_get(place, "sessionName")),
        .local_course_code = json_string_value(json_object_get(place, "localCourseCode")),
        .section_identifier = json_string_value(json_object_get(place, "sectionIdentifier")),
        .category = e->category,
        .date = e->date,
        .reason = e->reason,
        .arrival_us = e->arrival_us,
        .departure_us = e->departure_us,
        .extra = e->extra,
    };
    char *text = NULL;
    assert_ok(ingest_event_json(&view, &text));
    json_t *out = json_loads(text, 0, NULL);
    assert_true(same(in, out));
    struct ingest_event again;
    assert_ok(ingest_event_parse(r, text, strlen(text), &again, NULL));
    struct kith_id a = event_key(e);
    struct kith_id b = event_key(&again);
    assert_memory_equal(&a, &b, sizeof(a));
    assert_int_equal(e->digest, again.digest);
    ingest_event_done(&again);
    free(text);
    json_decref(in);
    json_decref(out);
}

static void events_of(const char *resource, size_t rows)
{
    static struct file f;
    static struct kith_id keys[LINES_MAX];
    read_file(resource, &f);
    assert_int_equal(f.n, rows);
    for (size_t i = 0; i < f.n; i++) {
        struct ingest_problems why = {0};
        struct ingest_event e;
        kith_err err = ingest_event_parse(f.resource, f.lines[i].text, f.lines[i].n, &e, &why);
        show(&f, i, &why);
        assert_ok(err);
        keys[i] = event_key(&e);
        const struct seen *students = seen_of(ingest_resource_find("students"));
        const struct seen *schools = seen_of(ingest_resource_find("schools"));
        const struct seen *sessions = seen_of(ingest_resource_find("sessions"));
        const struct seen *sections = seen_of(ingest_resource_find("sections"));
        assert_true(has(students->ids, students->n, &e.student));
        assert_true(has(schools->ids, schools->n, &e.school));
        assert_true(has(sessions->ids, sessions->n, &e.session));
        assert_true(!e.section || has(sections->ids, sections->n, &e.place_section));
        round_trip(f.resource, &f.lines[i], &e);
        ingest_event_done(&e);
    }
    assert_distinct(keys, f.n); /* no event stands twice in the files */
    free_file(&f);
}

static void events(void **state)
{
    (void)state;
    events_of("studentSchoolAttendanceEvents", 1297);
    events_of("studentSectionAttendanceEvents", 66);
}

int main(void)
{
    const char *shared = getenv("KITH_SHARED");
    if (shared) {
        (void)snprintf(folder, sizeof(folder), "%s/data/ingest/edfi-ds52-jsonl", shared);
    } else {
        (void)snprintf(folder, sizeof(folder), "%s", __FILE__);
        for (int up = 0; up < 3 && strrchr(folder, '/');
             up++) /* tests/unit/x.c -> the source tree */
            *strrchr(folder, '/') = '\0';
        (void)strncat(folder, "/../shared/data/ingest/edfi-ds52-jsonl",
                      sizeof(folder) - strlen(folder) - 1);
    }
    if (access(folder, R_OK) != 0) {
        print_message("SKIPPED: %s is not there; set KITH_SHARED to run over the real lines\n",
                      folder);
        return 77;
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(documents), /* first: events look up what it saw */
        cmocka_unit_test(events),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
