/* SPDX-License-Identifier: Apache-2.0 */
#include "kith/id.h"

#include <assert.h>
#include <pthread.h>
#include <sodium.h>
#include <string.h>

_Static_assert(sizeof(crypto_generichash_state) <= sizeof(((struct kith_hasher *)0)->state),
               "kith_hasher holds libsodium's state");

static void init_sodium(void)
{
    /* picks the fastest code for this processor; hashing works without, so a failure is no error */
    int status = sodium_init();
    (void)status;
}

static crypto_generichash_state *state_of(struct kith_hasher *h)
{
    return (crypto_generichash_state *)(void *)h->state;
}

void kith_hash_begin(struct kith_hasher *h)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    (void)pthread_once(&once, init_sodium);
    (void)crypto_generichash_init(state_of(h), NULL, 0, sizeof(struct kith_id));
}

static void put_le64(uint8_t b[static 8], uint64_t v)
{
    for (int i = 0; i < 8; i++)
        b[i] = (uint8_t)(v >> (8 * i));
}

/* The length in front (8 bytes, little endian) keeps ("ab", "c") and ("a", "bc") apart. */
void kith_hash_bytes(struct kith_hasher *h, const void *data, size_t n)
{
    assert(data || n == 0);
    uint8_t length[8];
    put_le64(length, n);
    (void)crypto_generichash_update(state_of(h), length, sizeof(length));
    if (n > 0)
        (void)crypto_generichash_update(state_of(h), data, n);
}

void kith_hash_text(struct kith_hasher *h, const char *text)
{
    assert(text);
    kith_hash_bytes(h, text, strlen(text));
}

void kith_hash_int(struct kith_hasher *h, int64_t v)
{
    uint8_t bytes[8];
    put_le64(bytes, (uint64_t)v);
    kith_hash_bytes(h, bytes, sizeof(bytes));
}

struct kith_id kith_hash_end(struct kith_hasher *h)
{
    struct kith_id id;
    (void)crypto_generichash_final(state_of(h), id.b, sizeof(id.b));
    return id;
}

void kith_id_format(const struct kith_id *id, char text[static 33])
{
    static const char hex[] = "0123456789abcdef";
    for (size_t i = 0; i < sizeof(id->b); i++) {
        text[2 * i] = hex[id->b[i] >> 4];
        text[2 * i + 1] = hex[id->b[i] & 15];
    }
    text[32] = '\0';
}

static int hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

kith_err kith_id_parse(const char *text, struct kith_id *ret)
{
    assert(text);
    size_t length = strlen(text);
    bool dashes = length == 36;
    if (length != 32 && !dashes)
        return KITH_EINVAL;
    struct kith_id id;
    const char *p = text;
    for (size_t i = 0; i < sizeof(id.b); i++, p += 2) {
        if (dashes && (i == 4 || i == 6 || i == 8 || i == 10) && *p++ != '-')
            return KITH_EINVAL;
        int high = hex_value(p[0]);
        int low = hex_value(p[1]);
        if (high < 0 || low < 0)
            return KITH_EINVAL;
        id.b[i] = (uint8_t)(high << 4 | low);
    }
    *ret = id;
    return KITH_OK;
}
