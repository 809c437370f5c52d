/* SPDX-License-Identifier: Apache-2.0 */
/* ingest/known: what documents there are, against a plain array. */
#include "ingest/known.h"

#include "kith_test.h"

#include <stdio.h>
#include <string.h>

static struct kith_id id_of(uint32_t n)
{
    struct kith_hasher h;
    kith_hash_begin(&h);
    kith_hash_int(&h, n);
    return kith_hash_end(&h);
}

static void empty(void **state)
{
    (void)state;
    kith_auto(ingest_known) k = NULL;
    assert_ok(ingest_known_new(&k));
    struct kith_id id = id_of(1);
    assert_null(ingest_known_find(k, &id));
    assert_null(ingest_known_present(k, &id));
    assert_int_equal(ingest_known_count(k), 0);
    assert_int_equal(ingest_known_top(k), 0);
}

static void number_outlives_the_document(void **state)
{
    (void)state;
    kith_auto(ingest_known) k = NULL;
    assert_ok(ingest_known_new(&k));
    struct kith_id id = id_of(7);
    assert_ok(ingest_known_put(k, &id, 42, 5));
    assert_ok(ingest_known_put(k, &id, 42, INGEST_ABSENT));
    assert_null(ingest_known_present(k, &id));
    assert_int_equal(ingest_known_find(k, &id)->num, 42);
    assert_int_equal(ingest_known_count(k), 0);
    assert_int_equal(ingest_known_top(k), 42);
}

#define MODEL 3000
static void agrees_with_a_plain_array(void **state)
{
    (void)state;
    kith_auto(ingest_known) k = NULL;
    assert_ok(ingest_known_new(&k));
    static struct ingest_known_row model[MODEL];
    static bool seen[MODEL];
    uint64_t seed = 20261123;
    size_t present = 0;
    for (int step = 0; step < 40000; step++) {
        uint32_t n = (uint32_t)(test_random(&seed) % MODEL);
        struct kith_id id = id_of(n);
        const struct ingest_known_row *row = ingest_known_find(k, &id);
        assert_int_equal(row != NULL, seen[n]);
        if (row)
            assert_memory_equal(row, &model[n], sizeof(*row));
        int64_t digest =
            test_random(&seed) % 4 ? (int64_t)(test_random(&seed) % 100) : INGEST_ABSENT;
        present -= seen[n] && model[n].digest != INGEST_ABSENT;
        present += digest != INGEST_ABSENT;
        memset(&model[n], 0, sizeof(model[n]));
        model[n].id = id;
        model[n].num = n;
        model[n].digest = digest;
        seen[n] = true;
        assert_ok(ingest_known_put(k, &id, n, digest));
        assert_int_equal(ingest_known_count(k), present);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(empty),
        cmocka_unit_test(number_outlives_the_document),
        cmocka_unit_test(agrees_with_a_plain_array),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
