/* SPDX-License-Identifier: Apache-2.0 */
/* The resource table keeps its own promises. */
#include "kith_test.h"

#include "ingest/resource.h"

static void names(void **state)
{
    (void)state;
    static const char *const served[] = {"bellSchedules",
                                         "calendarDates",
                                         "calendars",
                                         "classPeriods",
                                         "cohorts",
                                         "contacts",
                                         "courseOfferings",
                                         "courseTranscripts",
                                         "courses",
                                         "disciplineActions",
                                         "disciplineIncidents",
                                         "gradebookEntries",
                                         "grades",
                                         "gradingPeriods",
                                         "graduationPlans",
                                         "localEducationAgencies",
                                         "schoolYearTypes",
                                         "schools",
                                         "sectionAttendanceTakenEvents",
                                         "sections",
                                         "sessions",
                                         "staffCohortAssociations",
                                         "staffEducationOrganizationAssignmentAssociations",
                                         "staffSchoolAssociations",
                                         "staffSectionAssociations",
                                         "staffs",
                                         "studentAcademicRecords",
                                         "studentCohortAssociations",
                                         "studentContactAssociations",
                                         "studentDisciplineIncidentBehaviorAssociations",
                                         "studentGradebookEntries",
                                         "studentSchoolAssociations",
                                         "studentSchoolAttendanceEvents",
                                         "studentSectionAssociations",
                                         "studentSectionAttendanceEvents",
                                         "students",
                                         "surveyResponses",
                                         "surveys"};
    size_t others = 0;
    for (size_t i = 0; i < ingest_resource_count(); i++)
        others += !ingest_resource_at(i)->descriptor;
    assert_int_equal(others, KITH_LEN(served));
    for (size_t i = 0; i < KITH_LEN(served); i++) {
        const struct ingest_resource *r = ingest_resource_find(served[i]);
        assert_non_null(r);
        assert_string_equal(r->name, served[i]);
    }
    assert_null(ingest_resource_find("Students"));
    assert_null(ingest_resource_find("student"));
    assert_null(ingest_resource_find(""));
}

static void numbered(void **state)
{
    (void)state;
    static const char *const expected[] = {
        "students",  "staffs",         "schools", "sessions",       "sections",
        "calendars", "cohorts",        "courses", "gradingPeriods", "disciplineIncidents",
        "surveys",   "surveyResponses"};
    size_t n = 0;
    for (size_t i = 0; i < ingest_resource_count(); i++)
        n += ingest_resource_at(i)->numbered;
    assert_int_equal(n, KITH_LEN(expected));
    for (size_t i = 0; i < KITH_LEN(expected); i++)
        assert_true(ingest_resource_find(expected[i])->numbered);
}

static const struct ingest_field *field(const struct ingest_field *fields, const char *name,
                                        size_t n)
{
    for (; fields->name; fields++) {
        if (strlen(fields->name) == n && strncmp(fields->name, name, n) == 0)
            return fields;
    }
    return NULL;
}

/* Every place that a key part names is a field of the same type and length. */
static void check_path(const struct ingest_resource *r, const struct ingest_key_part *k,
                       const char *path, bool first)
{
    const char *dot = strchr(path, '.');
    const struct ingest_field *f =
        field(r->fields, path, dot ? (size_t)(dot - path) : strlen(path));
    assert_non_null(f);
    assert_true(!first || (f->required && f->key));
    if (dot && f->type == INGEST_REFERENCE) {
        const struct ingest_part *p = f->reference->targets[0].parts;
        while (p->name && strcmp(p->name, dot + 1) != 0)
            p++;
        assert_non_null(p->name);
        assert_int_equal(ingest_reference_part(f->reference, p)->type, k->type);
        assert_int_equal(ingest_reference_part(f->reference, p)->max, k->max);
        return;
    }
    if (dot) {
        f = field(f->fields, dot + 1, strlen(dot + 1));
        assert_non_null(f);
        assert_true(f->required);
    }
    assert_int_equal(f->type, k->type);
    assert_int_equal(f->max, k->max);
}

static void keys(void **state)
{
    (void)state;
    for (size_t i = 0; i < ingest_resource_count(); i++) {
        const struct ingest_resource *r = ingest_resource_at(i);
        assert_in_range(r->key_n, 1, INGEST_KEY_MAX);
        for (size_t k = 0; k < r->key_n; k++) {
            if (k > 0)
                assert_true(strcmp(r->key[k - 1].name, r->key[k].name) < 0);
            assert_non_null(r->key[k].paths[0]);
            for (size_t p = 0; p < INGEST_KEY_PATHS && r->key[k].paths[p]; p++)
                check_path(r, &r->key[k], r->key[k].paths[p], p == 0);
        }
    }
}

static void check_reference(const struct ingest_resource *from, const struct ingest_reference *ref)
{
    for (size_t t = 0; t < INGEST_TARGETS_MAX && ref->targets[t].resource; t++) {
        const struct ingest_resource *r = ingest_resource_find(ref->targets[t].resource);
        assert_non_null(r);
        assert_true(r->order < from->order || r == from);
        size_t n = 0;
        for (const struct ingest_part *p = ref->targets[t].parts; p->name; p++, n++) {
            if (n > 0)
                assert_true(strcmp(p[-1].name, p->name) < 0);
            size_t k = 0;
            while (k < r->key_n && strcmp(r->key[k].name, p->key) != 0)
                k++;
            assert_true(k < r->key_n);
            /* all targets are fed from the same values */
            assert_string_equal(p->name, ref->targets[0].parts[n].name);
            assert_int_equal(r->key[k].type,
                             ingest_reference_part(ref, &ref->targets[0].parts[n])->type);
        }
        assert_int_equal(n, r->key_n); /* a reference holds the whole key */
        assert_true(n <= INGEST_PARTS_MAX);
    }
}

static void check_fields(const struct ingest_resource *r, const struct ingest_field *fields)
{
    for (const struct ingest_field *f = fields; f->name; f++) {
        for (const struct ingest_field *g = fields; g != f; g++)
            assert_string_not_equal(f->name, g->name);
        assert_int_equal(f->type == INGEST_LIST || f->type == INGEST_OBJECT, f->fields != NULL);
        assert_int_equal(f->type == INGEST_REFERENCE, f->reference != NULL);
        assert_true(f->type != INGEST_TEXT || f->max > 0);
        assert_true(!f->key || f->required);
        assert_string_not_equal(f->name, "id");
        if (f->fields)
            check_fields(r, f->fields);
        if (f->reference)
            check_reference(r, f->reference);
    }
}

static void fields(void **state)
{
    (void)state;
    for (size_t i = 0; i < ingest_resource_count(); i++) {
        const struct ingest_resource *r = ingest_resource_at(i);
        if (i > 0)
            assert_true(ingest_resource_at(i - 1)->order <= r->order);
        check_fields(r, r->fields);
    }
}

/* Every field that holds a descriptor has a resource that describes its values, and each of those resources is held by a field. */
static void mark_descriptors(const struct ingest_field *fields, bool *held)
{
    for (const struct ingest_field *f = fields; f->name; f++) {
        if (f->fields)
            mark_descriptors(f->fields, held);
        if (f->type != INGEST_DESCRIPTOR)
            continue;
        const struct ingest_resource *d = ingest_resource_descriptor(f->name);
        assert_non_null(d);
        size_t i = 0;
        while (ingest_resource_at(i) != d)
            i++;
        held[i] = true;
    }
}

static void descriptors(void **state)
{
    (void)state;
    bool held[256] = {0};
    size_t n = 0;
    while (ingest_resource_at(n)->descriptor)
        n++;
    assert_in_range(n, 1, KITH_LEN(held));
    for (size_t i = 0; i < ingest_resource_count(); i++) {
        assert_int_equal(ingest_resource_at(i)->descriptor, i < n);
        mark_descriptors(ingest_resource_at(i)->fields, held);
    }
    for (size_t i = 0; i < n; i++) {
        const struct ingest_resource *d = ingest_resource_at(i);
        assert_true(held[i]);
        assert_ptr_equal(ingest_resource_find(d->name), d);
        assert_true(i == 0 || strcmp(ingest_resource_at(i - 1)->name, d->name) < 0);
    }
    assert_string_equal(ingest_resource_descriptor("nextYearGradeLevelDescriptor")->name,
                        "gradeLevelDescriptors");
    assert_string_equal(ingest_resource_descriptor("additionalCreditTypeDescriptor")->name,
                        "additionalCreditTypeDescriptors");
    assert_string_equal(ingest_resource_descriptor("earnedCreditTypeDescriptor")->name,
                        "creditTypeDescriptors");
    assert_null(ingest_resource_descriptor("essexDescriptor"));
    assert_null(ingest_resource_descriptor("Descriptor"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names),  cmocka_unit_test(numbered),    cmocka_unit_test(keys),
        cmocka_unit_test(fields), cmocka_unit_test(descriptors),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
