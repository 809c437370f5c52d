/* SPDX-License-Identifier: Apache-2.0 */
/* Student sectioning against every seating there is: tiny random schools, whose best value is found by trying all. The bound must not be below it, what was found
 * not above it, nearly always equal to it, and allowed. */
#include "kith_test.h"

#include "scheduling/us_seats.h"

#define COURSES  4
#define SECTIONS 6
#define STUDENTS 4
#define REQUESTS 3 /* of each student */
#define CELLS    3
#define LOCKED   10000 /* more than all else together */

static uint64_t seed = 4711;

static int below(int n)
{
    return (int)(test_random(&seed) % (uint64_t)n);
}

struct school {
    struct us_data d;
    struct us_course courses[COURSES];
    struct us_slc slcs[2];
    struct us_student students[STUDENTS];
    struct us_request requests[STUDENTS * REQUESTS];
    int numbers[STUDENTS][REQUESTS], alternates[STUDENTS * REQUESTS];
    struct us_seats_section sections[SECTIONS];
};

static void make_students(struct school *s)
{
    for (int i = 0; i < STUDENTS; i++) {
        s->students[i] = (struct us_student){.grade = 9 + below(2),
                                             .slc = below(2),
                                             .team = US_NONE,
                                             .advisor = US_NONE,
                                             .requests = {REQUESTS, s->numbers[i]}};
        int first = below(COURSES);
        for (int k = 0; k < REQUESTS; k++) {
            int q = i * REQUESTS + k;
            s->numbers[i][k] = q;
            s->alternates[q] = below(COURSES);
            s->requests[q] = (struct us_request){.student = i,
                                                 .course = (first + k) % COURSES,
                                                 .priority = (enum us_priority)below(3),
                                                 .alternates = {below(2), &s->alternates[q]},
                                                 .coteach = below(5) == 0,
                                                 .locked = below(6) ? US_NONE : below(SECTIONS)};
        }
    }
}

static void make(struct school *s)
{
    *s = (struct school){0};
    for (int c = 0; c < COURSES; c++)
        s->courses[c] = (struct us_course){.grades = below(6) ? 0x600 : 0x200, .max = 1 + below(3)};
    for (int i = 0; i < 2; i++)
        s->slcs[i].autonomous = below(6) == 0;
    for (int x = 0; x < SECTIONS; x++)
        s->sections[x] =
            (struct us_seats_section){.course = x < COURSES ? x : below(COURSES),
                                      .slc = below(3) - 1,
                                      .coteach = below(3) == 0,
                                      .cells = below(8) ? UINT64_C(1) << below(CELLS) : 3,
                                      .teachers = {US_NONE, US_NONE}};
    make_students(s);
    s->d.rules.coteach_share = (struct us_rule){true, true, 0};
    s->d.rules.coteach_percent = 50;
    s->d.n_courses = COURSES;
    s->d.n_slcs = 2;
    s->d.n_students = STUDENTS;
    s->d.n_requests = STUDENTS * REQUESTS;
    s->d.courses = s->courses;
    s->d.slcs = s->slcs;
    s->d.students = s->students;
    s->d.requests = s->requests;
}

/* What a seat is worth, from the header's words; 0: not allowed. */
static int worth(const struct school *s, int q, int x)
{
    const struct us_request *r = &s->requests[q];
    const struct us_student *who = &s->students[r->student];
    const struct us_seats_section *section = &s->sections[x];
    int value = r->priority == US_CORE ? 100 : r->priority == US_GRADUATION ? 60 : 10;
    bool foreign = section->slc >= 0 && section->slc != who->slc;
    if (section->course != r->course) {
        if (r->alternates.n == 0 || r->alternates.at[0] != section->course)
            return 0;
        value -= 4;
    }
    if (!(s->courses[section->course].grades >> who->grade & 1) ||
        (r->coteach && !section->coteach))
        return 0;
    if (foreign && (s->slcs[section->slc].autonomous || s->slcs[who->slc].autonomous))
        return 0;
    if (r->locked >= 0 && r->locked != x)
        return 0;
    return (foreign ? value - 5 : value) + (r->locked >= 0 ? LOCKED : 0);
}

static bool collides(const struct school *s, const int *seat, int q)
{
    int from = q / REQUESTS * REQUESTS;
    for (int other = from; other < q; other++)
        if (seat[other] >= 0 && (s->sections[seat[other]].cells & s->sections[seat[q]].cells ||
                                 s->sections[seat[other]].course == s->sections[seat[q]].course))
            return true;
    return false;
}

static bool too_full(const struct school *s, const int *seat, int q)
{
    int n = 0;
    int coteach = 0;
    int max = s->courses[s->sections[seat[q]].course].max;
    for (int other = 0; other <= q; other++)
        if (seat[other] == seat[q]) {
            n++;
            coteach += s->requests[other].coteach;
        }
    return n > max || coteach > max * 50 / 100;
}

static int most_of(const struct school *s, int q)
{
    static const int most[] = {[US_CORE] = 100, [US_GRADUATION] = 60, [US_ELECTIVE] = 10};
    return most[s->requests[q].priority] + (s->requests[q].locked >= 0 ? LOCKED : 0);
}

/* Every seating, request by request. */
static void try_all(const struct school *s, int *seat, int q, int sum, int rest, int *best)
{
    if (sum > *best)
        *best = sum;
    if (q == STUDENTS * REQUESTS || sum + rest <= *best)
        return;
    int most = most_of(s, q);
    for (int x = 0; x < SECTIONS; x++) {
        seat[q] = x;
        int value = worth(s, q, x);
        if (value > 0 && !collides(s, seat, q) && !too_full(s, seat, q))
            try_all(s, seat, q + 1, sum + value, rest - most, best);
    }
    seat[q] = US_NONE;
    try_all(s, seat, q + 1, sum, rest - most, best);
}

static void against_all_seatings(void **unused)
{
    (void)unused;
    static const int locked[SECTIONS] = {0, 1, 2, 3, 4, 5};
    int optimal = 0;
    for (int run = 0; run < 300; run++) {
        static struct school s;
        int seat[STUDENTS * REQUESTS];
        int best = 0;
        int sum = 0;
        kith_auto(us_seats) found = NULL;
        struct us_seats_opts opts = {.seed = (uint64_t)run};
        make(&s);
        int rest = 0;
        int kept = 0;
        for (int q = 0; q < STUDENTS * REQUESTS; q++)
            rest += most_of(&s, q);
        try_all(&s, seat, 0, 0, rest, &best);
        assert_ok(us_seats_find(&s.d, s.sections, SECTIONS, locked, &opts, &found));
        memcpy(seat, found->section, sizeof(seat));
        for (int q = 0; q < STUDENTS * REQUESTS; q++) {
            if (seat[q] < 0)
                continue;
            assert_true(worth(&s, q, seat[q]) > 0);
            assert_false(collides(&s, seat, q));
            assert_false(too_full(&s, seat, q));
            sum += worth(&s, q, seat[q]);
            kept += s.requests[q].locked >= 0;
        }
        assert_int_equal(sum - kept * LOCKED, (int)found->value);
        assert_int_equal(kept, best / LOCKED); /* no lock is given up that can be kept */
        assert_true(found->bound >= best - kept * LOCKED - 1e-6);
        assert_true(sum <= best);
        optimal += sum == best;
    }
    assert_in_range(optimal, 270, 300);
}

static void too_many_requests(void **unused)
{
    (void)unused;
    static struct school s;
    static int numbers[US_SEATS_REQUESTS + 1];
    struct us_seats_opts opts = {0};
    kith_auto(us_seats) found = NULL;
    make(&s);
    s.students[0].requests = (struct us_list){US_SEATS_REQUESTS + 1, numbers};
    assert_err(us_seats_find(&s.d, s.sections, SECTIONS, NULL, &opts, &found), KITH_ETOOBIG);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(against_all_seatings),
                                       cmocka_unit_test(too_many_requests)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
