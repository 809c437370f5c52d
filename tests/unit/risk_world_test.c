/* SPDX-License-Identifier: Apache-2.0 */
#include "kith_test.h"

#include "risk_model.h"

/* Small thresholds, so that short random histories cross them often. */
static const struct risk_params small = {
    .consecutive_days = 3,
    .consecutive_clear_days = 2,
    .low_permille = 800,
    .low_clear_permille = 850,
    .min_days = 6,
    .no_contact_days = 8,
};

enum { STUDENTS = 3, SCHOOLS = 2, CALENDARS = 2, DAYS = 40 };

struct fixture {
    struct risk_world *world;
    struct model model;
    struct risk_flag open[STUDENTS][SCHOOLS][RISK_RULES]; /* as a reader of the turns sees them */
    uint64_t seed;
    int turns[RISK_TURNS];
};

static unsigned pick(struct fixture *f, unsigned n)
{
    return (unsigned)(test_random(&f->seed) % n);
}

static void a_random_fact(struct fixture *f, struct risk_changes *c)
{
    unsigned what = pick(f, 20);
    int64_t student = 100 + pick(f, STUDENTS);
    int64_t school = 10 + pick(f, SCHOOLS);
    int32_t date = (int32_t)pick(f, DAYS);
    if (what == 0) {
        struct risk_day_change d = {.school_id = school,
                                    .calendar_id = 1 + pick(f, CALENDARS),
                                    .date = date,
                                    .instructional = pick(f, 4) > 0,
                                    .removed = pick(f, 4) == 0};
        assert_ok(risk_changes_day(c, d));
        model_day(&f->model, d);
    } else if (what < 3) {
        struct risk_enrollment_change e = {.student_id = student,
                                           .school_id = school,
                                           .calendar_id = pick(f, CALENDARS + 1),
                                           .entry = (int32_t)pick(f, 12),
                                           .exit =
                                               pick(f, 2) ? RISK_OPEN : (int32_t)(10 + pick(f, 30)),
                                           .removed = pick(f, 6) == 0};
        assert_ok(risk_changes_enrollment(c, e));
        model_enrollment(&f->model, e);
    } else {
        struct risk_mark_change m = {
            .student_id = student,
            .mark = {.school_id = school,
                     .place_id = school,
                     .session_id = 1,
                     .category_id = 0,
                     .date = date,
                     .kind = (uint8_t)(pick(f, 2) ? RISK_ABSENT_UNEXCUSED : pick(f, 10))},
            .section = pick(f, 15) == 0,
            .removed = pick(f, 5) == 0,
        };
        m.mark.category_id = m.mark.kind;
        if (m.section)
            m.mark.place_id = 1000;
        assert_ok(risk_changes_mark(c, m));
        model_mark(&f->model, m);
    }
}

static void follow(struct fixture *f, const struct risk_flag_turns *turns)
{
    for (uint32_t i = 0; i < turns->n; i++) {
        const struct risk_flag *now = &turns->turn[i].flag;
        struct risk_flag *was = &f->open[now->student_id - 100][now->school_id - 10][now->rule - 1];
        f->turns[turns->turn[i].turn]++;
        assert_int_equal(now->open, turns->turn[i].turn != RISK_CLEARED);
        assert_int_equal(was->open, turns->turn[i].turn != RISK_RAISED);
        assert_int_equal(now->episode, was->episode + (!was->open && (was->episode == 0 ||
                                                                      was->since != now->since)));
        if (turns->turn[i].turn == RISK_UPDATED)
            assert_true(now->since != was->since || now->value != was->value);
        *was = *now;
    }
}

static void compare(struct fixture *f)
{
    uint64_t open = 0;
    for (int64_t s = 0; s < STUDENTS; s++) {
        for (int64_t c = 0; c < SCHOOLS; c++) {
            for (int rule = 1; rule <= RISK_RULES; rule++) {
                const struct risk_flag *flag = &f->open[s][c][rule - 1];
                struct risk_verdict v = model_judge(&f->model, &small, 100 + s, 10 + c, rule);
                if (flag->open != v.on ||
                    (v.on && (flag->since != v.since || flag->value != v.value)))
                    fail_msg("student %d school %d rule %d: %d since %d value %d, model %d %d %d",
                             (int)s, (int)c, rule, flag->open, flag->since, flag->value, v.on,
                             v.since, v.value);
                open += v.on;
            }
        }
    }
    struct risk_tally tally = risk_world_tally(f->world);
    assert_int_equal(tally.open[1] + tally.open[2] + tally.open[3], open);
    assert_int_equal(tally.orphans, model_orphans(&f->model));
}

static void judge(struct fixture *f)
{
    struct risk_flag_turns turns = {0};
    assert_ok(risk_world_judge(f->world, &turns));
    follow(f, &turns);
    free(turns.turn);
}

/* As the daemon does on a new day: in pieces, with batches between. */
static void new_day(struct fixture *f, int32_t as_of)
{
    f->model.as_of = as_of;
    risk_world_set_as_of(f->world, as_of);
    int64_t last = 0;
    for (bool more = true; more;) {
        struct risk_flag_turns turns = {0};
        assert_ok(risk_world_sweep(f->world, last, 2, &turns, &last, &more));
        follow(f, &turns);
        free(turns.turn);
    }
}

static void start(struct fixture *f, uint64_t seed)
{
    memset(f, 0, sizeof(*f));
    f->seed = seed;
    assert_ok(risk_world_new(&small, &risk_default_precedence, &f->world));
    struct risk_changes c = {0};
    for (int64_t school = 10; school < 10 + SCHOOLS; school++) {
        for (int32_t date = 0; date < DAYS; date++) {
            struct risk_day_change d = {school, 1, date, date % 7 < 5, false, 0};
            assert_ok(risk_changes_day(&c, d));
            model_day(&f->model, d);
        }
    }
    risk_changes_settle(&c);
    assert_ok(risk_world_apply(f->world, &c));
    risk_changes_done(&c);
}

static void random_histories_equal_the_model(void **state)
{
    (void)state;
    static struct fixture f;
    int turns[RISK_TURNS] = {0};
    for (uint64_t seed = 1; seed <= 60; seed++) {
        start(&f, seed * UINT64_C(7919));
        new_day(&f, 20);
        for (int batch = 0; batch < 25; batch++) {
            struct risk_changes c = {0};
            for (unsigned i = 1 + pick(&f, 12); i > 0; i--)
                a_random_fact(&f, &c);
            risk_changes_settle(&c);
            assert_ok(risk_world_apply(f.world, &c));
            risk_changes_done(&c);
            if (pick(&f, 4) == 0) {
                int64_t student = 100 + pick(&f, STUDENTS);
                int32_t date = (int32_t)pick(&f, DAYS); /* also in the future: it waits */
                assert_ok(risk_world_contact(f.world, student, date));
                model_contact(&f.model, student, date);
            }
            judge(&f);
            compare(&f);
            if (pick(&f, 3) == 0) {
                new_day(&f, (int32_t)pick(&f, DAYS));
                compare(&f);
            }
        }
        for (int i = 0; i < RISK_TURNS; i++)
            turns[i] += f.turns[i];
        risk_world_free(f.world);
    }
    for (int i = 0; i < RISK_TURNS; i++)
        assert_true(turns[i] > 100); /* the histories were not idle */
}

/* The open flags of the same facts, told in another order and in other batches, with marks sent and taken back between. */
static void the_order_of_the_facts_does_not_matter(void **state)
{
    (void)state;
    static struct fixture f;
    for (uint64_t seed = 1; seed <= 30; seed++) {
        start(&f, seed * UINT64_C(104729));
        new_day(&f, 35);
        struct risk_changes c = {0};
        for (int i = 0; i < 150; i++)
            a_random_fact(&f, &c);
        risk_changes_settle(&c);
        assert_ok(risk_world_apply(f.world, &c));
        judge(&f);
        compare(&f);

        struct model model = f.model;
        struct fixture *g = calloc(1, sizeof(*g));
        assert_non_null(g);
        start(g, seed);
        new_day(g, 35);
        while (model.n_marks + model.n_enrollments + model.n_days > 0) {
            struct risk_changes part = {0};
            unsigned list = pick(g, 3);
            if (list == 0 && model.n_marks > 0) {
                size_t i = pick(g, (unsigned)model.n_marks);
                struct risk_mark_change never = model.marks[i];
                never.mark.category_id += 100; /* sent here, taken back in the next batch */
                assert_ok(risk_changes_mark(&part, never));
                assert_ok(risk_changes_mark(&part, model.marks[i]));
                risk_changes_settle(&part);
                assert_ok(risk_world_apply(g->world, &part));
                judge(g);
                risk_changes_done(&part);
                never.removed = true;
                assert_ok(risk_changes_mark(&part, never));
                model.marks[i] = model.marks[--model.n_marks];
            } else if (list == 1 && model.n_enrollments > 0) {
                size_t i = pick(g, (unsigned)model.n_enrollments);
                assert_ok(risk_changes_enrollment(&part, model.enrollments[i]));
                model.enrollments[i] = model.enrollments[--model.n_enrollments];
            } else if (list == 2 && model.n_days > 0) {
                size_t i = pick(g, (unsigned)model.n_days);
                assert_ok(risk_changes_day(&part, model.days[i]));
                model.days[i] = model.days[--model.n_days];
            }
            risk_changes_settle(&part);
            assert_ok(risk_world_apply(g->world, &part));
            judge(g);
            risk_changes_done(&part);
        }
        /* days that the first history removed are still in the second's calendar */
        for (uint32_t i = 0; i < c.n_days; i++) {
            struct risk_changes part = {0};
            assert_ok(risk_changes_day(&part, c.days[i]));
            assert_ok(risk_world_apply(g->world, &part));
            risk_changes_done(&part);
        }
        judge(g);
        g->model = f.model;
        compare(g);
        risk_world_free(g->world);
        free(g);
        risk_changes_done(&c);
        risk_world_free(f.world);
    }
}

/* A world read back from what another holds goes on as that one would. */
static void a_world_read_back_goes_on(void **state)
{
    (void)state;
    static struct fixture f;
    start(&f, 42);
    new_day(&f, 30);
    struct risk_changes c = {0};
    for (int i = 0; i < 120; i++)
        a_random_fact(&f, &c);
    risk_changes_settle(&c);
    assert_ok(risk_world_apply(f.world, &c));
    risk_changes_done(&c);
    judge(&f);

    struct risk_world *back = NULL;
    assert_ok(risk_world_new(&small, &risk_default_precedence, &back));
    risk_world_set_as_of(back, 30);
    for (size_t i = 0; i < f.model.n_days; i++)
        assert_ok(risk_changes_day(&c, f.model.days[i]));
    for (size_t i = 0; i < f.model.n_enrollments; i++)
        assert_ok(risk_changes_enrollment(&c, f.model.enrollments[i]));
    for (size_t i = 0; i < f.model.n_marks; i++)
        assert_ok(risk_changes_mark(&c, f.model.marks[i]));
    risk_changes_settle(&c);
    assert_ok(risk_world_apply(back, &c));
    risk_changes_done(&c);
    for (int s = 0; s < STUDENTS; s++) {
        for (int k = 0; k < SCHOOLS; k++) {
            for (int rule = 0; rule < RISK_RULES; rule++) {
                if (f.open[s][k][rule].episode > 0)
                    assert_ok(risk_world_load_flag(back, &f.open[s][k][rule]));
            }
        }
    }
    risk_world_loaded(back);
    risk_world_free(f.world);
    f.world = back;
    compare(&f);
    struct risk_flag_turns turns = {0};
    int64_t last = 0;
    bool more = true;
    assert_ok(risk_world_sweep(back, 0, 1000, &turns, &last, &more));
    assert_false(more);
    assert_int_equal(turns.n, 0); /* nothing turned by reading */
    free(turns.turn);
    for (int i = 0; i < 40; i++) {
        a_random_fact(&f, &c);
        risk_changes_settle(&c);
        assert_ok(risk_world_apply(back, &c));
        risk_changes_done(&c);
        judge(&f);
        compare(&f);
    }
    risk_world_free(back);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_histories_equal_the_model),
        cmocka_unit_test(the_order_of_the_facts_does_not_matter),
        cmocka_unit_test(a_world_read_back_goes_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
