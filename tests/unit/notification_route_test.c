/* SPDX-License-Identifier: Apache-2.0 */
#include "kith_test.h"

#include "notification/route.h"

static const char *const addresses[] = {
    "a@school.example",      "", "b.c+d@x.example", "no at sign", "e@f", "two@at@x.example",
    "nl\r\nBcc: x@y.example"};

/* ---- the naive model: write down everybody, strike out who may not, take the first by a stated order ---- */

struct model_candidate {
    int rank; /* 0 advisor, 1 principal */
    int64_t cohort_id;
    int64_t staff_id;
};

static bool model_in(int32_t begin, int32_t end, int32_t today)
{
    if (end == 0)
        end = INT32_MAX;
    return today >= begin && today <= end;
}

static int model_order(const void *a, const void *b)
{
    const struct model_candidate *x = a;
    const struct model_candidate *y = b;
    if (x->rank != y->rank)
        return x->rank - y->rank;
    if (x->cohort_id != y->cohort_id)
        return x->cohort_id < y->cohort_id ? -1 : 1;
    return (x->staff_id > y->staff_id) - (x->staff_id < y->staff_id);
}

static int64_t model_school(const struct notif_people *p, int64_t student_id, int64_t school_id)
{
    for (int64_t s = 1; school_id == 0 && s < 10; s++)
        for (size_t i = 0; i < p->n_places; i++)
            if (p->places[i].student_id == student_id && p->places[i].school_id == s &&
                model_in(p->places[i].begin_date, p->places[i].end_date, p->today))
                school_id = s;
    return school_id;
}

static int64_t model_route(const struct notif_people *p, int64_t student_id, int64_t school_id,
                           int *rank)
{
    struct model_candidate all[64];
    size_t n = 0;
    for (size_t i = 0; i < p->n_advisers; i++)
        if (p->advisers[i].student_id == student_id &&
            model_in(p->advisers[i].begin_date, p->advisers[i].end_date, p->today) &&
            notif_address_ok(p->advisers[i].address))
            all[n++] =
                (struct model_candidate){0, p->advisers[i].cohort_id, p->advisers[i].staff_id};
    school_id = model_school(p, student_id, school_id);
    for (size_t i = 0; i < p->n_principals; i++)
        if (p->principals[i].school_id == school_id &&
            model_in(p->principals[i].begin_date, p->principals[i].end_date, p->today) &&
            notif_address_ok(p->principals[i].address))
            all[n++] = (struct model_candidate){1, 0, p->principals[i].staff_id};
    if (n == 0) {
        *rank = 2;
        return 0;
    }
    qsort(all, n, sizeof(all[0]), model_order);
    *rank = all[0].rank;
    return all[0].staff_id;
}

static int32_t some_date(uint64_t *seed)
{
    return 20000 + (int32_t)(test_random(seed) % 9) - 4;
}

static int32_t some_end(uint64_t *seed)
{
    return test_random(seed) % 3 == 0 ? 0 : some_date(seed);
}

static const char *some_address(uint64_t *seed)
{
    return addresses[test_random(seed) % KITH_LEN(addresses)];
}

static void route_equals_the_model(void **state)
{
    (void)state;
    uint64_t seed = 20261123;
    int seen[3] = {0};
    for (int round = 0; round < 20000; round++) {
        struct notif_adviser advisers[12];
        struct notif_principal principals[12];
        struct notif_place places[6];
        struct notif_people p = {.advisers = advisers,
                                 .principals = principals,
                                 .places = places,
                                 .n_advisers = test_random(&seed) % 12,
                                 .n_principals = test_random(&seed) % 12,
                                 .n_places = test_random(&seed) % 6,
                                 .today = 20000,
                                 .default_address = some_address(&seed)};
        for (size_t i = 0; i < p.n_advisers; i++)
            advisers[i] = (struct notif_adviser){(int64_t)(test_random(&seed) % 4),
                                                 (int64_t)(test_random(&seed) % 3),
                                                 (int64_t)(test_random(&seed) % 5) + 1,
                                                 some_date(&seed),
                                                 some_end(&seed),
                                                 some_address(&seed)};
        for (size_t i = 0; i < p.n_principals; i++)
            principals[i] = (struct notif_principal){
                (int64_t)(test_random(&seed) % 4) + 1, (int64_t)(test_random(&seed) % 5) + 1,
                some_date(&seed), some_end(&seed), some_address(&seed)};
        for (size_t i = 0; i < p.n_places; i++)
            places[i] = (struct notif_place){(int64_t)(test_random(&seed) % 4),
                                             (int64_t)(test_random(&seed) % 4) + 1,
                                             some_date(&seed), some_end(&seed)};
        int64_t student_id = (int64_t)(test_random(&seed) % 4);
        int64_t school_id = (int64_t)(test_random(&seed) % 5);
        int rank = -1;
        int64_t expected = model_route(&p, student_id, school_id, &rank);
        struct notif_route route = notif_route(&p, student_id, school_id);
        assert_int_equal(route.staff_id, expected);
        static const char *const words[] = {"advisor", "principal", "district default"};
        assert_string_equal(route.reason, words[rank]);
        if (rank < 2)
            assert_true(notif_address_ok(route.address));
        else
            assert_string_equal(route.address,
                                notif_address_ok(p.default_address) ? p.default_address : "");
        seen[rank]++;
    }
    for (int i = 0; i < 3; i++)
        assert_true(seen[i] > 500); /* the generator reaches every rank */
}

static void somebody_even_when_nothing_is_known(void **state)
{
    (void)state;
    struct notif_people nobody = {.default_address = ""};
    struct notif_route route = notif_route(&nobody, 7, 0);
    assert_int_equal(route.staff_id, 0);
    assert_string_equal(route.reason, "district default");
    assert_string_equal(route.address, "");
}

static void addresses_good_and_bad(void **state)
{
    (void)state;
    static const char *const good[] = {"a@b",
                                       "first.last@district.example",
                                       "x+tag@sub.domain.example",
                                       "o'neil@x.example",
                                       "1@2.example",
                                       "a_b-c@x-y.example",
                                       "!#$%&'*+-/=?^_`{|}~@x.example"};
    static const char *const bad[] = {
        "",       "a",       "@x.example", "a@",          "a@.x",
        "a@x.",   "a@x..y",  ".a@x",       "a.@x",        "a..b@x",
        "a b@x",  "a@x y",   "a@-x",       "a@x-",        "<a@x>",
        "a@x>",   "\"a\"@x", "a@x\n",      "a@x\r\nB: c", "a\n@x",
        "a,b@x",  "a;b@x",   "a@x,b@y",    "a@b@c",       "a(c)@x",
        "a\\b@x", "a:b@x",   "\xc3\xa4@x", "a@\xc3\xa4",  "a@[127.0.0.1]",
        "a@x\t",  " a@x",    "a@x_y"};
    for (size_t i = 0; i < KITH_LEN(good); i++)
        if (!notif_address_ok(good[i]))
            fail_msg("refused: %s", good[i]);
    for (size_t i = 0; i < KITH_LEN(bad); i++)
        if (notif_address_ok(bad[i]))
            fail_msg("let in: %s", bad[i]);
    assert_false(notif_address_ok(NULL));
}

static void address_lengths(void **state)
{
    (void)state;
    char text[400];
    for (size_t local = 60; local <= 68; local++) {
        memset(text, 'a', local);
        strcpy(text + local, "@x.example");
        assert_int_equal(notif_address_ok(text), local <= 64);
    }
    for (size_t labels = 1; labels < 140; labels++) { /* "a@" and labels "b." */
        strcpy(text, "a@");
        for (size_t i = 0; i < labels; i++)
            strcat(text, "b.");
        strcat(text, "c");
        assert_int_equal(notif_address_ok(text), strlen(text) <= 254);
    }
    memset(text, 'a', 2);
    strcpy(text, "a@");
    memset(text + 2, 'b', 63);
    text[65] = '\0';
    assert_true(notif_address_ok(text));
    strcpy(text + 65, "b");
    assert_false(notif_address_ok(text)); /* a label of 64 */
}

static void reasons_are_static(void **state)
{
    (void)state;
    assert_string_equal(notif_reason("advisor"), "advisor");
    assert_string_equal(notif_reason("principal"), "principal");
    assert_string_equal(notif_reason("district default"), "district default");
    assert_string_equal(notif_reason("something newer"), "district default");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(route_equals_the_model),
        cmocka_unit_test(somebody_even_when_nothing_is_known),
        cmocka_unit_test(addresses_good_and_bad),
        cmocka_unit_test(address_lengths),
        cmocka_unit_test(reasons_are_static),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
