/* SPDX-License-Identifier: Apache-2.0 */
/* ingest/names: changed keys against a plain permutation, with and without a layer over them. */
#include "ingest/names.h"

#include "kith_test.h"

#include <string.h>

#define KEYS 200

static struct kith_id id_of(size_t n)
{
    struct kith_hasher h;
    kith_hash_begin(&h);
    kith_hash_int(&h, (int64_t)n);
    return kith_hash_end(&h);
}

static void assert_same(const struct ingest_names *names, const size_t *model)
{
    for (size_t i = 0; i < KEYS; i++) {
        struct kith_id key = id_of(i);
        struct kith_id wanted = id_of(model[i]);
        struct kith_id got = ingest_names_id(names, &key);
        assert_memory_equal(&got, &wanted, sizeof(got));
    }
}

static void exchange(struct ingest_names *names, size_t *model, size_t a, size_t b)
{
    struct kith_id keys[2] = {id_of(a), id_of(b)};
    size_t kept = model[a];
    assert_ok(ingest_names_swap(names, &keys[0], &keys[1]));
    model[a] = model[b];
    model[b] = kept;
}

static void unchanged_keys_name_themselves(void **state)
{
    (void)state;
    kith_auto(ingest_names) names = NULL;
    size_t model[KEYS];
    for (size_t i = 0; i < KEYS; i++)
        model[i] = i;
    assert_ok(ingest_names_new(NULL, &names));
    assert_same(names, model);
    assert_int_equal(ingest_names_count(names), 0);
    exchange(names, model, 3, 7);
    assert_same(names, model);
    exchange(names, model, 7, 3); /* and back */
    assert_same(names, model);
    exchange(names, model, 5, 5); /* with itself */
    assert_same(names, model);
}

static void put_below(void *ctx, const struct kith_id *key, const struct kith_id *id)
{
    assert_ok(ingest_names_put(ctx, key, id));
}

/* Rounds of exchanges in a layer; it is then thrown away or put into what is below, as a transaction is. */
static void agrees_with_a_permutation(void **state)
{
    (void)state;
    kith_auto(ingest_names) names = NULL;
    size_t model[KEYS];
    uint64_t seed = 20261126;
    for (size_t i = 0; i < KEYS; i++)
        model[i] = i;
    assert_ok(ingest_names_new(NULL, &names));
    for (int round = 0; round < 300; round++) {
        kith_auto(ingest_names) over = NULL;
        size_t trial[KEYS];
        memcpy(trial, model, sizeof(trial));
        assert_ok(ingest_names_new(names, &over));
        for (uint64_t n = test_random(&seed) % 20; n > 0; n--)
            exchange(over, trial, test_random(&seed) % KEYS, test_random(&seed) % KEYS);
        assert_same(over, trial);
        assert_same(names, model);
        if (test_random(&seed) % 2 == 0)
            continue;
        assert_ok(ingest_names_reserve(names, ingest_names_count(over)));
        ingest_names_each(over, put_below, names);
        memcpy(model, trial, sizeof(model));
        assert_same(names, model);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(unchanged_keys_name_themselves),
        cmocka_unit_test(agrees_with_a_permutation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
