/* SPDX-License-Identifier: Apache-2.0 */
/* ingest/terms against a naive search through random schools, sessions and sections. */
#include "kith_test.h"

#include "ingest/terms.h"

#define SESSIONS 12
#define SECTIONS 40

struct session {
    int64_t school;
    int32_t year, begin, end;
    char name[24];
};
struct section {
    size_t session;
    char course[24], name[24];
};

struct model {
    size_t sessions_n, sections_n;
    struct session sessions[SESSIONS];
    struct section sections[SECTIONS];
};

static void random_model(uint64_t *s, struct model *m, struct ingest_terms *t)
{
    m->sessions_n = 1 + test_random(s) % SESSIONS;
    m->sections_n = test_random(s) % SECTIONS;
    for (size_t i = 0; i < m->sessions_n; i++) {
        struct session *c = &m->sessions[i];
        c->school = 1 + (int64_t)(test_random(s) % 3);
        c->year = 2027;
        c->begin = (int32_t)(test_random(s) % 20);
        c->end = c->begin + (int32_t)(test_random(s) % 10);
        (void)snprintf(c->name, sizeof(c->name), "T%zu", i); /* a school has a name once */
        assert_err(ingest_terms_add_session(t, c->school, c->year, c->name, c->begin, c->end),
                   KITH_OK);
    }
    for (size_t i = 0; i < m->sections_n; i++) {
        struct section *c = &m->sections[i];
        c->session = test_random(s) % m->sessions_n;
        (void)snprintf(c->name, sizeof(c->name), "S%d", (int)(test_random(s) % 5));
        (void)snprintf(c->course, sizeof(c->course), "C%02zu", i);
        const struct session *at = &m->sessions[c->session];
        assert_err(ingest_terms_add_section(t, at->school, at->year, at->name, c->course, c->name),
                   KITH_OK);
    }
    ingest_terms_ready(t);
}

static bool holds(const struct session *c, int64_t school, int32_t date)
{
    return c->school == school && c->begin <= date && date <= c->end;
}

static void day_of(const struct model *m, const struct ingest_terms *t, int64_t school,
                   int32_t date)
{
    const struct session *best = NULL;
    struct ingest_term term = {0};
    for (size_t i = 0; i < m->sessions_n; i++) {
        const struct session *c = &m->sessions[i];
        if (!holds(c, school, date))
            continue;
        if (!best || c->end - c->begin < best->end - best->begin ||
            (c->end - c->begin == best->end - best->begin && strcmp(c->name, best->name) < 0))
            best = c;
    }
    assert_int_equal(ingest_terms_day(t, school, date, &term), best != NULL);
    if (best)
        assert_string_equal(term.session, best->name);
}

static void section_of(const struct model *m, const struct ingest_terms *t, int64_t school,
                       int32_t date, const char *name)
{
    const struct section *best = NULL;
    struct ingest_term term = {0};
    for (size_t i = 0; i < m->sections_n; i++) {
        const struct section *c = &m->sections[i];
        const struct session *at = &m->sessions[c->session];
        if (strcmp(c->name, name) != 0 || !holds(at, school, date))
            continue;
        int32_t length =
            best ? m->sessions[best->session].end - m->sessions[best->session].begin : 0;
        if (!best || at->end - at->begin < length) /* courses are in order here */
            best = c;
    }
    assert_int_equal(ingest_terms_section(t, school, name, date, &term), best != NULL);
    if (best) {
        assert_string_equal(term.course, best->course);
        assert_string_equal(term.session, m->sessions[best->session].name);
    }
}

static void answers_as_a_search(void **state)
{
    (void)state;
    uint64_t s = 7;
    for (int round = 0; round < 200; round++) {
        kith_auto(ingest_terms) t = NULL;
        struct model m;
        assert_err(ingest_terms_new(&t), KITH_OK);
        random_model(&s, &m, t);
        for (int64_t school = 0; school < 5; school++)
            for (int32_t date = -1; date < 31; date++) {
                char name[24];
                (void)snprintf(name, sizeof(name), "S%d", (int)(test_random(&s) % 6));
                day_of(&m, t, school, date);
                section_of(&m, t, school, date, name);
            }
    }
}

static void nothing_in_nothing(void **state)
{
    (void)state;
    kith_auto(ingest_terms) t = NULL;
    struct ingest_term term;
    assert_err(ingest_terms_new(&t), KITH_OK);
    ingest_terms_ready(t);
    assert_false(ingest_terms_day(t, 1, 1, &term));
    assert_false(ingest_terms_section(t, 1, "S", 1, &term));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(answers_as_a_search),
                                       cmocka_unit_test(nothing_in_nothing)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
