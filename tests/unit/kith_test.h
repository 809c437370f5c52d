/* SPDX-License-Identifier: Apache-2.0 */
/* What every unit test includes: cmocka with the headers it wants before it, and a few asserts. */
#ifndef KITH_TEST_H
#define KITH_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka needs the four above */
#include <cmocka.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kith/err.h"

/* Errors are compared by name, so that a failing test says which one came. */
#define assert_err(expression, expected)                                                           \
    assert_string_equal(kith_err_name(expression), kith_err_name(expected))
#define assert_ok(expression) assert_err(expression, KITH_OK)

/* A small seeded generator for property tests: the same seed (not 0) gives the same run everywhere. Algorithm: xorshift64*, S. Vigna. */
static inline uint64_t test_random(uint64_t *state)
{
    *state ^= *state >> 12;
    *state ^= *state << 25;
    *state ^= *state >> 27;
    return *state * UINT64_C(2685821657736338717);
}

#endif
