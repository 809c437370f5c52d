/* SPDX-License-Identifier: Apache-2.0 */
/* 16-byte ids made from content (BLAKE2b-128 of length-prefixed parts), so that the same fact has the same id whoever computes it,
 * and their text forms. Never reversible to a name; not secret. */
#ifndef KITH_ID_H
#define KITH_ID_H

#include <stddef.h>
#include <stdint.h>

#include "kith/err.h"

struct kith_id {
    uint8_t b[16];
};

struct kith_hasher {
    /* crypto_generichash_state needs 64-byte alignment */
    _Alignas(64) unsigned char state[384];
};
void kith_hash_begin(struct kith_hasher *h);
void kith_hash_bytes(struct kith_hasher *h, const void *data, size_t n); /* length-prefixed */
void kith_hash_text(struct kith_hasher *h, const char *text);
void kith_hash_int(struct kith_hasher *h, int64_t v);
struct kith_id kith_hash_end(struct kith_hasher *h);

/* 32 lower-case hex digits and NUL. */
void kith_id_format(const struct kith_id *id, char text[static 33]);
/* 32 hex digits, with or without the four UUID dashes. Errors: KITH_EINVAL. */
KITH_MUST_CHECK kith_err kith_id_parse(const char *text, struct kith_id *ret);

#endif
