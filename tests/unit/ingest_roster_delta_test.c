/* SPDX-License-Identifier: Apache-2.0 */
/* Deltas: a bulk package and what changed since make the same documents as the bulk package of the day, for random histories; and what
 * is said of deltas alone. */
#include "ingest_roster_packages.h"

#define USERS       14
#define ENROLLMENTS 30
#define DELTAS      4

/* ---- the naive model: what there is ---- */

struct world {
    struct {
        bool there;
        int version; /* of the name */
    } users[USERS];
    struct {
        bool there;
        int user, version; /* version: of the begin date */
    } enrollments[ENROLLMENTS];
};

static void user_line(struct pkg *p, int i, const struct world *w, const char *status)
{
    char line[256];
    (void)snprintf(line, sizeof(line), "u%d,%s,true,s1,%s,x%d,,Ann,Onym-%d,,%d,,,,,09,", i, status,
                   i % 5 == 4 ? "teacher" : "student", i, w->users[i].version, 1000 + i);
    pkg_add_line(p, "users.csv", line);
}

static void enrollment_line(struct pkg *p, int i, const struct world *w, const char *status)
{
    char line[256];
    int user = w->enrollments[i].user;
    (void)snprintf(line, sizeof(line), "e%d,%s,%s,s1,u%d,%s,%s,2026-09-%02d,", i, status,
                   i % 4 == 0 ? "h1" : "k1", user, user % 5 == 4 ? "teacher" : "student",
                   user % 5 == 4 ? "true" : "", 1 + w->enrollments[i].version);
    pkg_add_line(p, "enrollments.csv", line);
}

static void empty_files(struct pkg *p)
{
    pkg_put(p, "users.csv",
            PKG_HEAD "enabledUser,orgSourcedIds,role,username,userIds,givenName,familyName,"
                     "middleName,identifier,email,sms,phone,"
                     "agentSourcedIds,grades,password\n");
    pkg_put(p, "enrollments.csv",
            PKG_HEAD
            "classSourcedId,schoolSourcedId,userSourcedId,role,primary,beginDate,endDate\n");
}

#define DELTA_STATUS(there)                                                                        \
    ((there) ? "active,2026-09-01T00:00:00.000Z" : "tobedeleted,2026-09-01T00:00:00.000Z")

static struct pkg *bulk_of(const struct world *w)
{
    struct pkg *p = calloc(1, sizeof(*p));
    assert_non_null(p);
    pkg_school(p);
    empty_files(p);
    for (int i = 0; i < USERS; i++)
        if (w->users[i].there)
            user_line(p, i, w, ",");
    for (int i = 0; i < ENROLLMENTS; i++)
        if (w->enrollments[i].there)
            enrollment_line(p, i, w, ",");
    pkg_manifest(p, "1.1", "bulk");
    return p;
}

static void random_world(uint64_t *s, struct world *w)
{
    *w = (struct world){0};
    for (int i = 0; i < USERS; i++)
        w->users[i].there = test_random(s) % 3 > 0;
    for (int i = 0; i < ENROLLMENTS; i++) {
        w->enrollments[i].there = test_random(s) % 2;
        w->enrollments[i].user = i % USERS;
    }
}

/* A few changes of the world, and the package that tells them. Sometimes one of its files is a bulk one. */
static struct pkg *change(uint64_t *s, struct world *w)
{
    struct pkg *p = calloc(1, sizeof(*p));
    assert_non_null(p);
    bool bulk = test_random(s) % 4 == 0;
    empty_files(p);
    for (int i = 0; i < USERS; i++) {
        if (test_random(s) % 4 > 0)
            continue;
        w->users[i].there = test_random(s) % 3 > 0;
        w->users[i].version++;
        user_line(p, i, w, DELTA_STATUS(w->users[i].there));
    }
    for (int i = 0; i < ENROLLMENTS; i++) {
        if (test_random(s) % 4 == 0) {
            w->enrollments[i].there = test_random(s) % 3 > 0;
            w->enrollments[i].version = (w->enrollments[i].version + 1) % 28;
            if (!bulk)
                enrollment_line(p, i, w, DELTA_STATUS(w->enrollments[i].there));
        }
        if (bulk && w->enrollments[i].there)
            enrollment_line(p, i, w, ",");
    }
    pkg_manifest(p, "1.1", "delta");
    if (bulk)
        pkg_edit(p, "manifest.csv", "file.enrollments,delta", "file.enrollments,bulk");
    return p;
}

/* ---- the same documents ---- */

static int compare_made(const void *a, const void *b)
{
    const struct ingest_doc *x = ((const struct ingest_emitted *)a)->doc;
    const struct ingest_doc *y = ((const struct ingest_emitted *)b)->doc;
    int order = strcmp(x->resource->name, y->resource->name);
    return order ? order : strcmp(x->body, y->body);
}

/* Two rows may say the same (an enrollment of one user in one class, twice). */
static size_t sorted(struct made *m)
{
    qsort(m->of, m->n, sizeof(*m->of), compare_made);
    size_t kept = 0;
    for (size_t i = 0; i < m->n; i++) {
        if (kept > 0 && compare_made(&m->of[kept - 1], &m->of[i]) == 0) {
            ingest_doc_free(m->of[i].doc);
            continue;
        }
        m->of[kept++] = m->of[i];
    }
    m->n = kept;
    return kept;
}

static void assert_equal(struct made *a, struct made *b)
{
    (void)sorted(a);
    (void)sorted(b);
    for (size_t i = 0; i < a->n && i < b->n; i++)
        if (compare_made(&a->of[i], &b->of[i]) != 0)
            fail_msg("%s\nagainst %s", a->of[i].doc->body, b->of[i].doc->body);
    assert_int_equal(a->n, b->n);
}

static void histories(void **state)
{
    (void)state;
    uint64_t s = 1998;
    for (int round = 0; round < 60; round++) {
        struct world w;
        struct pkg *packages[DELTAS + 1];
        random_world(&s, &w);
        packages[0] = bulk_of(&w);
        for (size_t n = 1; n <= DELTAS; n++) {
            kith_auto(ingest_receipt) r = calloc(1, sizeof(*r));
            struct made changed = {0};
            struct made whole = {0};
            packages[n] = change(&s, &w);
            kith_err err = pkg_run((const struct pkg *const *)packages, n + 1, false, r, &changed);
            pkg_show(r->errors > 0 ? r : &(struct ingest_receipt){0});
            assert_ok(err);
            assert_int_equal(r->errors, 0);
            kith_auto_mem struct pkg *now = bulk_of(&w);
            assert_ok(pkg_run((const struct pkg *const[]){now}, 1, false, r, &whole));
            assert_true(whole.n > 0);
            assert_equal(&changed, &whole);
            made_done(&changed);
            made_done(&whole);
        }
        for (size_t n = 0; n <= DELTAS; n++)
            free(packages[n]);
    }
}

/* ---- what is said ---- */

static struct pkg *small_delta(const char *file, const char *text)
{
    struct pkg *p = calloc(1, sizeof(*p));
    assert_non_null(p);
    pkg_put(p, file, text);
    pkg_manifest(p, "1.1", "delta");
    return p;
}

#define ENROLLMENTS_HEAD                                                                           \
    PKG_HEAD "classSourcedId,schoolSourcedId,userSourcedId,role,primary,beginDate,endDate\n"
#define AT "2026-09-01T00:00:00.000Z"

/* Alone it is judged: what it refers to may have come before. It cannot be emitted. */
static void alone(void **state)
{
    (void)state;
    kith_auto_mem struct pkg *p =
        small_delta("enrollments.csv", ENROLLMENTS_HEAD "e9,active," AT ",k1,s1,u9,student,,,\n");
    kith_auto(ingest_receipt) r = calloc(1, sizeof(*r));
    kith_auto(ingest_receipt) again = calloc(1, sizeof(*again));
    struct made m = {0};
    const struct pkg *const only[] = {p};
    assert_ok(pkg_run(only, 1, true, r, NULL));
    assert_int_equal(r->errors + r->warnings, 0);
    assert_string_equal(r->files[0].mode, "delta");
    assert_err(pkg_run(only, 1, false, again, &m), KITH_EINVAL);
    assert_string_equal(again->findings[0].code, "delta_alone");
    assert_int_equal(m.n, 0);
    made_done(&m);
}

/* With the package before it, what nobody knows is found. */
static void after_its_bulk(void **state)
{
    (void)state;
    for (int strict = 0; strict < 2; strict++) {
        kith_auto_mem struct pkg *bulk = pkg_bulk_11();
        kith_auto_mem struct pkg *p =
            small_delta("enrollments.csv", ENROLLMENTS_HEAD "e9,active," AT ",k1,s1,u9,student,,,\n"
                                                            "e1,tobedeleted," AT ",,,,,,,\n");
        kith_auto(ingest_receipt) r = calloc(1, sizeof(*r));
        struct made m = {0};
        assert_ok(pkg_run((const struct pkg *const[]){bulk, p}, 2, strict, r, &m));
        const struct ingest_finding *f = pkg_find(r, "reference_unknown");
        assert_non_null(f);
        assert_int_equal(f->line, 2);
        assert_int_equal(f->severity, strict ? INGEST_ERROR : INGEST_WARNING);
        assert_int_equal(r->errors + r->warnings, 1);
        if (!strict) /* Ann's two terms are gone, Ben's are there */
            assert_int_equal(made_count(&m, "studentSectionAssociations"), 3);
        made_done(&m);
    }
}

struct row {
    const char *row;
    const char *code; /* NULL: nothing is said */
    bool always;      /* an error also when lenient */
};

static void rows_of_a_delta(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"e9,active," AT ",k1,s1,u1,student,,,", NULL, false},
        {"e9,tobedeleted," AT ",,,,,,,", NULL, false},
        {"e9,active,,k1,s1,u1,student,,,", "modified_missing", false},
        {"e9,," AT ",k1,s1,u1,student,,,", "status_invalid", true},
        {"e9,gone," AT ",k1,s1,u1,student,,,", "status_invalid", true},
        {"e9,active,yesterday,k1,s1,u1,student,,,", "modified_invalid", false},
    };
    for (size_t i = 0; i < KITH_LEN(rows); i++)
        for (int strict = 0; strict < 2; strict++) {
            char text[512];
            (void)snprintf(text, sizeof(text), ENROLLMENTS_HEAD "%s\n", rows[i].row);
            kith_auto_mem struct pkg *p = small_delta("enrollments.csv", text);
            kith_auto(ingest_receipt) r = calloc(1, sizeof(*r));
            assert_ok(pkg_run((const struct pkg *const[]){p}, 1, strict, r, NULL));
            assert_int_equal(r->errors + r->warnings, rows[i].code ? 1 : 0);
            if (!rows[i].code)
                continue;
            assert_string_equal(r->findings[0].code, rows[i].code);
            assert_int_equal(r->findings[0].severity,
                             strict || rows[i].always ? INGEST_ERROR : INGEST_WARNING);
        }
}

/* A bulk package needs nothing before it; one of another format is no beginning. */
static void other_packages_before(void **state)
{
    (void)state;
    kith_auto_mem struct pkg *old = pkg_bulk_11();
    kith_auto_mem struct pkg *now = pkg_bulk_11();
    kith_auto_mem struct pkg *p =
        small_delta("enrollments.csv", ENROLLMENTS_HEAD "e9,active," AT ",k1,s1,u1,student,,,\n");
    kith_auto(ingest_receipt) r = calloc(1, sizeof(*r));
    struct made alone = {0};
    struct made after = {0};
    pkg_add_line(old, "orgs.csv", "s9,,,Gone,school,900,d1");
    assert_ok(pkg_run((const struct pkg *const[]){now}, 1, true, r, &alone));
    assert_ok(pkg_run((const struct pkg *const[]){old, now}, 2, true, r, &after));
    assert_equal(&alone, &after);
    assert_int_equal(r->errors, 0);
    pkg_edit(p, "manifest.csv", "oneroster.version,1.1", "oneroster.version,1.2");
    assert_err(pkg_run((const struct pkg *const[]){now, p}, 2, true, r, NULL), KITH_EINVAL);
    assert_non_null(pkg_find(r, "format_changed"));
    made_done(&alone);
    made_done(&after);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(histories),
        cmocka_unit_test(alone),
        cmocka_unit_test(after_its_bulk),
        cmocka_unit_test(rows_of_a_delta),
        cmocka_unit_test(other_packages_before),
    };
    return cmocka_run_group_tests(tests, pkg_setup, pkg_teardown);
}
