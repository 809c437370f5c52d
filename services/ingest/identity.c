/* SPDX-License-Identifier: Apache-2.0 */
#include "ingest/identity.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kith/id.h"

static void hash_hex(const char *text, char ret[static 33])
{
    struct kith_hasher h;
    kith_hash_begin(&h);
    kith_hash_text(&h, text);
    struct kith_id id = kith_hash_end(&h);
    kith_id_format(&id, ret);
}

void ingest_identity_fit(const char *id, size_t max, char *ret)
{
    size_t n = strlen(id);
    size_t kept = 0;
    if (n == 36 && id[8] == '-' && id[13] == '-' && id[18] == '-' && id[23] == '-' && max < 36) {
        for (size_t i = 0; i < n; i++)
            if (id[i] != '-')
                ret[kept++] = id[i];
        ret[kept] = '\0';
    } else if (n <= max) {
        (void)snprintf(ret, max + 1, "%s", id);
    } else {
        char hex[33];
        hash_hex(id, hex);
        (void)snprintf(ret, max + 1, "%s", hex);
    }
}

int64_t ingest_identity_number(const char *identifier, const char *sourced_id)
{
    size_t n = strlen(identifier);
    if (n > 0 && n <= 15 && strspn(identifier, "0123456789") == n)
        return strtoll(identifier, NULL, 10);
    char hex[33];
    hash_hex(sourced_id, hex);
    hex[13] = '\0'; /* 52 bits: a number that JSON carries whole */
    return strtoll(hex, NULL, 16);
}
