/* SPDX-License-Identifier: Apache-2.0 */
#include "kith_test.h"

#include "kith/cleanup.h"

static const kith_err all[] = {
#define XX(name, value, retryable, text, advice) name,
    KITH_ERR_MAP(XX)
#undef XX
};

static void every_error_explains_itself(void **state)
{
    (void)state;
    for (size_t i = 0; i < KITH_LEN(all); i++) {
        assert_true(strncmp(kith_err_name(all[i]), all[i] == KITH_OK ? "KITH_OK" : "KITH_E", 6) ==
                    0);
        assert_true(strlen(kith_err_text(all[i])) > 1);
        const char *advice = kith_err_advice(all[i]);
        assert_true(strlen(advice) > 20);
        assert_int_equal(advice[strlen(advice) - 1], '.'); /* a whole sentence */
        for (size_t k = 0; k < i; k++) {
            assert_int_not_equal(all[i], all[k]);
            assert_string_not_equal(kith_err_text(all[i]), kith_err_text(all[k]));
        }
    }
}

/* The numbers travel in messages between versions. */
static void numbers_never_change(void **state)
{
    (void)state;
    assert_int_equal(KITH_OK, 0);
    assert_int_equal(KITH_EINVAL, -1);
    assert_int_equal(KITH_EDB, -6);
    assert_int_equal(KITH_EFENCED, -11);
    assert_int_equal(KITH_EPRECONDITION, -21);
    for (size_t i = 0; i < KITH_LEN(all); i++)
        assert_int_equal(all[i], -(int)i);
}

static void policy_says_what_may_work_later(void **state)
{
    (void)state;
    static const kith_err later[] = {KITH_ENOMEM,   KITH_EDB, KITH_ECONFLICT, KITH_EBUSY,
                                     KITH_ETIMEOUT, KITH_EIO, KITH_ECHANGED};
    for (size_t i = 0; i < KITH_LEN(all); i++) {
        bool expected = false;
        for (size_t k = 0; k < KITH_LEN(later); k++)
            expected = expected || later[k] == all[i];
        assert_int_equal(kith_err_retryable(all[i]), expected);
    }
}

static void errors_are_found_by_every_way_to_write_them(void **state)
{
    (void)state;
    for (size_t i = 0; i < KITH_LEN(all); i++) {
        char number[16];
        kith_err found = KITH_EINTERNAL;
        assert_true(kith_err_find(kith_err_name(all[i]), &found) && found == all[i]);
        assert_true(kith_err_find(kith_err_name(all[i]) + sizeof("KITH_") - 1, &found) &&
                    found == all[i]);
        (void)snprintf(number, sizeof(number), "%d", (int)all[i]);
        assert_true(kith_err_find(number, &found) && found == all[i]);
        (void)snprintf(number, sizeof(number), "%d", -(int)all[i]);
        assert_true(kith_err_find(number, &found) && found == all[i]);
    }
    kith_err found = KITH_OK;
    assert_true(kith_err_find("edb", &found) && found == KITH_EDB);
    assert_true(kith_err_find("kith_efenced", &found) && found == KITH_EFENCED);
}

static void what_is_no_error_is_not_found(void **state)
{
    (void)state;
    static const char *const words[] = {
        "", "E", "KITH_", "EDBX", "6x", "99", "-99", "KITH", "KITH_E", " ", "99999999999999999999"};
    for (size_t i = 0; i < KITH_LEN(words); i++) {
        kith_err found = KITH_ESTALE;
        assert_false(kith_err_find(words[i], &found));
        assert_int_equal(found, KITH_ESTALE);
    }
}

static void unknown_numbers_are_safe(void **state)
{
    (void)state;
    assert_string_equal(kith_err_name((kith_err)-12345), "KITH_E?");
    assert_true(strlen(kith_err_text((kith_err)17)) > 0);
    assert_true(strlen(kith_err_advice((kith_err)17)) > 0);
    assert_false(kith_err_retryable((kith_err)17));
}

static void why_is_cut_and_never_overrun(void **state)
{
    (void)state;
    struct {
        struct kith_why why;
        char guard;
    } place = {.guard = 'g'};
    char text[1000];
    memset(text, 'w', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    kith_why_set(&place.why, "%s", text);
    assert_int_equal(strlen(place.why.text), sizeof(place.why.text) - 1);
    assert_int_equal(place.guard, 'g');
    kith_why_set(&place.why, "line %d", 3);
    assert_string_equal(place.why.text, "line 3");
    kith_why_set(NULL, "nobody asks");
}

static int freed;
struct thing;
static void thing_free(struct thing *t)
{
    if (t)
        freed++;
}
KITH_DEFINE_AUTO(thing)

static struct thing *keep(struct thing *t)
{
    kith_auto(thing) local = t;
    return KITH_TAKE(local);
}

static void drop(struct thing *t)
{
    kith_auto(thing) local = t;
    assert_ptr_equal(local, t);
}

static void owners_free_what_they_did_not_hand_over(void **state)
{
    struct thing *t = (struct thing *)(void *)&state;
    freed = 0;
    assert_ptr_equal(keep(t), t);
    assert_int_equal(freed, 0);
    drop(t);
    assert_int_equal(freed, 1);
    drop(NULL);
    assert_int_equal(freed, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_error_explains_itself),
        cmocka_unit_test(numbers_never_change),
        cmocka_unit_test(policy_says_what_may_work_later),
        cmocka_unit_test(errors_are_found_by_every_way_to_write_them),
        cmocka_unit_test(what_is_no_error_is_not_found),
        cmocka_unit_test(unknown_numbers_are_safe),
        cmocka_unit_test(why_is_cut_and_never_overrun),
        cmocka_unit_test(owners_free_what_they_did_not_hand_over),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
