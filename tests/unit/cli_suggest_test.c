/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cli/suggest.h"

static const char *const words[] = {"status", "stream", "push", "key", "keys", "alerts", NULL};

static void distance_known(void **state)
{
    (void)state;
    assert_int_equal(cli_distance("", ""), 0);
    assert_int_equal(cli_distance("", "key"), 3);
    assert_int_equal(cli_distance("push", "push"), 0);
    assert_int_equal(cli_distance("psuh", "push"), 1); /* neighbours exchanged */
    assert_int_equal(cli_distance("statsu", "status"), 1);
    assert_int_equal(cli_distance("alert", "alerts"), 1);
    assert_int_equal(cli_distance("kitten", "sitting"), 3);
}

/* Any word but a very long one: symmetric, zero only for itself, at most the longer length, at least the difference of lengths. */
static void distance_is_a_metric_like(void **state)
{
    (void)state;
    srand(7);
    for (int round = 0; round < 2000; round++) {
        char pair[2][9] = {{0}};
        for (size_t k = 0; k < 2; k++)
            for (int i = rand() % 9 - 1; i >= 0; i--)
                pair[k][i] = (char)('a' + rand() % 3);
        size_t n[2] = {strlen(pair[0]), strlen(pair[1])};
        size_t d = cli_distance(pair[0], pair[1]);
        assert_int_equal(d, cli_distance(pair[1], pair[0]));
        assert_int_equal(d == 0, strcmp(pair[0], pair[1]) == 0);
        assert_true(d <= (n[0] > n[1] ? n[0] : n[1]));
        assert_true(d >= (n[0] > n[1] ? n[0] - n[1] : n[1] - n[0]));
    }
}

static void long_words_are_far(void **state)
{
    (void)state;
    char word[200];
    memset(word, 'x', sizeof(word) - 1);
    word[sizeof(word) - 1] = '\0';
    assert_int_equal(cli_distance(word, "push"), CLI_WORD_MAX);
}

static void nearest(void **state)
{
    (void)state;
    assert_string_equal(cli_nearest("statsu", words), "status");
    assert_string_equal(cli_nearest("psh", words), "push");
    assert_string_equal(cli_nearest("key", words), "key");
    assert_string_equal(cli_nearest("alert", words), "alerts");
    assert_null(cli_nearest("zebra", words));
    assert_null(cli_nearest("", (const char *const[]){"push", NULL}));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(distance_known),
        cmocka_unit_test(distance_is_a_metric_like),
        cmocka_unit_test(long_words_are_far),
        cmocka_unit_test(nearest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
