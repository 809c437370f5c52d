/* SPDX-License-Identifier: Apache-2.0 */
#include "kith_test.h"

#include "kith/id.h"

static void assert_hash(struct kith_hasher *h, const char *expected)
{
    struct kith_id id = kith_hash_end(h);
    char text[33];
    kith_id_format(&id, text);
    assert_string_equal(text, expected);
}

/* The expected values were made with Python: hashlib.blake2b(digest_size=16) over each part's length as struct '<Q' and the
 * part itself; numbers as '<q'. Ids are kept in databases, so they may never change. */
static void ids_are_what_another_implementation_makes(void **state)
{
    (void)state;
    struct kith_hasher h;
    kith_hash_begin(&h);
    assert_hash(&h, "cae66941d9efbd404e4d88758ea67670");
    kith_hash_begin(&h);
    kith_hash_text(&h, "");
    assert_hash(&h, "c804ce198ec337e3dc762bdd1a09aece");
    kith_hash_begin(&h);
    kith_hash_text(&h, "rule");
    kith_hash_int(&h, 7);
    kith_hash_int(&h, -1);
    assert_hash(&h, "27fa492ed0c7a27d07f741b856acb26c");
    kith_hash_begin(&h);
    kith_hash_bytes(&h, "\x00\xff", 2);
    assert_hash(&h, "50d5ac10dffeb3155e8954263a33c6f3");
}

static void parts_do_not_run_together(void **state)
{
    (void)state;
    struct kith_hasher h;
    kith_hash_begin(&h);
    kith_hash_text(&h, "ab");
    kith_hash_text(&h, "c");
    assert_hash(&h, "4826ed043ab3cdec576d8541fa5d5a80");
    kith_hash_begin(&h);
    kith_hash_text(&h, "a");
    kith_hash_text(&h, "bc");
    assert_hash(&h, "f14abc19c330e936bb9c8506d69bac9b");
}

static void no_bytes_are_a_part_too(void **state)
{
    (void)state;
    struct kith_hasher h;
    kith_hash_begin(&h);
    kith_hash_bytes(&h, NULL, 0);
    assert_hash(&h, "c804ce198ec337e3dc762bdd1a09aece"); /* as the empty text */
}

static void text_forms_parse_back(void **state)
{
    (void)state;
    uint64_t seed = 9;
    for (int i = 0; i < 2000; i++) {
        struct kith_id id;
        for (size_t k = 0; k < sizeof(id.b); k++)
            id.b[k] = (uint8_t)(test_random(&seed) >> 32);
        char text[33];
        kith_id_format(&id, text);
        struct kith_id parsed;
        assert_ok(kith_id_parse(text, &parsed));
        assert_memory_equal(parsed.b, id.b, sizeof(id.b));
        char uuid[40];
        (void)snprintf(uuid, sizeof(uuid), "%.8s-%.4s-%.4s-%.4s-%.12s", text, text + 8, text + 12,
                       text + 16, text + 20);
        memset(&parsed, 0, sizeof(parsed));
        assert_ok(kith_id_parse(uuid, &parsed));
        assert_memory_equal(parsed.b, id.b, sizeof(id.b));
    }
}

static void upper_case_is_read(void **state)
{
    (void)state;
    struct kith_id id;
    assert_ok(kith_id_parse("00112233445566778899AABBCCDDEEFF", &id));
    assert_int_equal(id.b[0], 0);
    assert_int_equal(id.b[15], 0xff);
    assert_int_equal(id.b[10], 0xaa);
}

static void what_is_no_id_is_refused(void **state)
{
    (void)state;
    static const char *const refused[] = {
        "",
        "00112233445566778899aabbccddeef",
        "00112233445566778899aabbccddeefff",
        "0011223g445566778899aabbccddeeff",
        " 0112233445566778899aabbccddeeff",
        "00112233-44556677-8899-aabb-ccddeeff",
        "00112233-4455-6677-8899aabbccddeeff-",
        "00112233-4455-6677-8899-aabbccddeef",
        "{00112233-4455-6677-8899-aabbccddee}",
        "0011-22334455-6677-8899-aabbccddeeff",
        "00112233 4455 6677 8899 aabbccddeeff",
        "-0112233445566778899aabbccddeeff0123",
    };
    for (size_t i = 0; i < KITH_LEN(refused); i++) {
        struct kith_id id;
        memset(&id, 7, sizeof(id));
        assert_err(kith_id_parse(refused[i], &id), KITH_EINVAL);
        assert_int_equal(id.b[0], 7);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ids_are_what_another_implementation_makes),
        cmocka_unit_test(parts_do_not_run_together),
        cmocka_unit_test(no_bytes_are_a_part_too),
        cmocka_unit_test(text_forms_parse_back),
        cmocka_unit_test(upper_case_is_read),
        cmocka_unit_test(what_is_no_id_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
