/* SPDX-License-Identifier: Apache-2.0 */
#include "ingest/districts.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "kith/cleanup.h"

struct meaning {
    char *kind;
    char *code;
    char *meaning;
};

struct district {
    struct ingest_district pub; /* first: cast from struct ingest_district */
    struct meaning *meanings;
    size_t meanings_n;
};

struct token {
    uint8_t hash[INGEST_HASH];
    char client_id[INGEST_CLIENT];
    int64_t expires_us;
};

struct ingest_districts {
    struct district **districts;
    size_t n;
    struct ingest_client **clients;
    size_t clients_n;
    struct token *tokens;
    size_t tokens_n;
};

/* Room for one more element of `array`; doubles at powers of two. */
static bool grow(void *array, size_t n, size_t element)
{
    if (n & (n - 1))
        return true;
    void **p = array;
    void *bigger = realloc(*p, (n ? n * 2 : 1) * element);
    if (bigger)
        *p = bigger;
    return bigger != NULL;
}

kith_err ingest_districts_new(struct ingest_districts **ret)
{
    struct ingest_districts *d = calloc(1, sizeof(*d));
    if (!d)
        return KITH_ENOMEM;
    *ret = d;
    return KITH_OK;
}

static void district_free(struct district *x)
{
    if (!x)
        return;
    for (size_t i = 0; i < x->pub.categories_n; i++)
        free(x->pub.categories[i].uri);
    for (size_t i = 0; i < x->meanings_n; i++) {
        free(x->meanings[i].kind);
        free(x->meanings[i].code);
        free(x->meanings[i].meaning);
    }
    free(x->pub.categories);
    free(x->meanings);
    free(x->pub.name);
    free(x->pub.time_zone);
    free(x->pub.default_email);
    ingest_known_free(x->pub.known);
    ingest_names_free(x->pub.names);
    free(x);
}
KITH_DEFINE_AUTO(district)

void ingest_districts_free(struct ingest_districts *d)
{
    if (!d)
        return;
    for (size_t i = 0; i < d->n; i++)
        district_free(d->districts[i]);
    for (size_t i = 0; i < d->clients_n; i++)
        free(d->clients[i]);
    free(d->districts);
    free(d->clients);
    free(d->tokens);
    free(d);
}

kith_err ingest_districts_add(struct ingest_districts *d, int32_t id, const char *name,
                              const char *time_zone, const char *default_email,
                              struct ingest_district **ret)
{
    if (ingest_districts_find(d, id))
        return KITH_EEXIST;
    kith_auto(district) x = calloc(1, sizeof(*x));
    if (!x || !grow(&d->districts, d->n, sizeof(struct district *)))
        return KITH_ENOMEM;
    x->pub.id = id;
    x->pub.next_num = 1;
    x->pub.name = strdup(name);
    x->pub.time_zone = strdup(time_zone);
    x->pub.default_email = strdup(default_email);
    if (!x->pub.name || !x->pub.time_zone || !x->pub.default_email ||
        ingest_known_new(&x->pub.known) != KITH_OK ||
        ingest_names_new(NULL, &x->pub.names) != KITH_OK)
        return KITH_ENOMEM;
    if (ret)
        *ret = &x->pub;
    d->districts[d->n++] = KITH_TAKE(x);
    return KITH_OK;
}

struct ingest_district *ingest_districts_find(struct ingest_districts *d, int32_t id)
{
    for (size_t i = 0; i < d->n; i++)
        if (d->districts[i]->pub.id == id)
            return &d->districts[i]->pub;
    return NULL;
}

const struct ingest_known_row *ingest_district_present(const struct ingest_district *district,
                                                       const struct kith_id *key)
{
    struct kith_id id = ingest_names_id(district->names, key);
    return ingest_known_present(district->known, &id);
}

size_t ingest_districts_n(const struct ingest_districts *d)
{
    return d->n;
}

struct ingest_district *ingest_districts_at(struct ingest_districts *d, size_t i)
{
    return &d->districts[i]->pub;
}

static struct meaning *find_meaning(const struct ingest_district *district, const char *kind,
                                    const char *code)
{
    const struct district *x = (const struct district *)district;
    for (size_t i = 0; i < x->meanings_n; i++)
        if (strcmp(x->meanings[i].kind, kind) == 0 && strcmp(x->meanings[i].code, code) == 0)
            return &x->meanings[i];
    return NULL;
}

const char *ingest_district_meaning(const struct ingest_district *district, const char *kind,
                                    const char *code)
{
    const struct meaning *m = find_meaning(district, kind, code);
    return m ? m->meaning : NULL;
}

static enum ingest_kind kind_of(const struct ingest_district *district, const char *uri)
{
    const char *meaning =
        ingest_district_meaning(district, "attendance", ingest_descriptor_code(uri));
    return meaning ? ingest_kind_find(meaning) : INGEST_KIND_UNMAPPED;
}

kith_err ingest_district_set_meaning(struct ingest_district *district, const char *kind,
                                     const char *code, const char *meaning)
{
    struct district *x = (struct district *)district;
    char *text = strdup(meaning);
    if (!text)
        return KITH_ENOMEM;
    struct meaning *known = find_meaning(district, kind, code);
    if (known) {
        free(known->meaning);
        known->meaning = text;
    } else {
        struct meaning m = {.kind = strdup(kind), .code = strdup(code), .meaning = text};
        if (!m.kind || !m.code || !grow(&x->meanings, x->meanings_n, sizeof(m))) {
            free(m.kind);
            free(m.code);
            free(text);
            return KITH_ENOMEM;
        }
        x->meanings[x->meanings_n++] = m;
    }
    for (size_t i = 0; i < district->categories_n; i++)
        district->categories[i].kind = kind_of(district, district->categories[i].uri);
    return KITH_OK;
}

struct ingest_category *ingest_district_category(struct ingest_district *district, const char *uri)
{
    for (size_t i = 0; i < district->categories_n; i++)
        if (strcmp(district->categories[i].uri, uri) == 0)
            return &district->categories[i];
    return NULL;
}

struct ingest_category *ingest_district_category_by_id(struct ingest_district *district, int32_t id)
{
    for (size_t i = 0; i < district->categories_n; i++)
        if (district->categories[i].id == id)
            return &district->categories[i];
    return NULL;
}

kith_err ingest_district_add_category(struct ingest_district *district, int32_t id, const char *uri)
{
    struct ingest_category c = {.id = id, .kind = kind_of(district, uri), .uri = strdup(uri)};
    if (!c.uri || !grow(&district->categories, district->categories_n, sizeof(c))) {
        free(c.uri);
        return KITH_ENOMEM;
    }
    district->categories[district->categories_n++] = c;
    return KITH_OK;
}

void ingest_district_forget_category(struct ingest_district *district)
{
    free(district->categories[--district->categories_n].uri);
}

/* ---- clients and tokens ---- */

const struct ingest_client *ingest_clients_find(const struct ingest_districts *d, const char *id)
{
    for (size_t i = 0; i < d->clients_n; i++)
        if (strcmp(d->clients[i]->id, id) == 0)
            return d->clients[i];
    return NULL;
}

const struct ingest_client *ingest_clients_by_key(const struct ingest_districts *d,
                                                  const char *curve_key)
{
    for (size_t i = 0; i < d->clients_n; i++)
        if (d->clients[i]->native && strcmp(d->clients[i]->curve_key, curve_key) == 0)
            return d->clients[i];
    return NULL;
}

kith_err ingest_clients_put(struct ingest_districts *d, const struct ingest_client *client)
{
    struct ingest_client *known = (struct ingest_client *)ingest_clients_find(d, client->id);
    if (known) {
        *known = *client;
        return KITH_OK;
    }
    struct ingest_client *copy = malloc(sizeof(*copy));
    if (!copy || !grow(&d->clients, d->clients_n, sizeof(copy))) {
        free(copy);
        return KITH_ENOMEM;
    }
    *copy = *client;
    d->clients[d->clients_n++] = copy;
    return KITH_OK;
}

size_t ingest_clients_n(const struct ingest_districts *d)
{
    return d->clients_n;
}

const struct ingest_client *ingest_clients_at(const struct ingest_districts *d, size_t i)
{
    return d->clients[i];
}

void ingest_secret_hash(const char *text, uint8_t hash[INGEST_HASH])
{
    (void)crypto_generichash(hash, INGEST_HASH, (const unsigned char *)text, strlen(text), NULL, 0);
}

void ingest_secret_make(char text[static 44])
{
    uint8_t random[32];
    randombytes_buf(random, sizeof(random));
    (void)sodium_bin2base64(text, 44, random, sizeof(random),
                            sodium_base64_VARIANT_URLSAFE_NO_PADDING);
}

bool ingest_secret_fits(const struct ingest_client *client, const char *secret)
{
    uint8_t hash[INGEST_HASH];
    ingest_secret_hash(secret, hash);
    return !client->native && sodium_memcmp(hash, client->secret, sizeof(hash)) == 0;
}

static void drop_token(struct ingest_districts *d, size_t i)
{
    d->tokens[i] = d->tokens[--d->tokens_n];
}

kith_err ingest_tokens_put(struct ingest_districts *d, const uint8_t hash[INGEST_HASH],
                           const char *client_id, int64_t expires_us)
{
    size_t held = 0;
    size_t oldest = SIZE_MAX;
    for (size_t i = 0; i < d->tokens_n; i++) {
        if (strcmp(d->tokens[i].client_id, client_id) != 0)
            continue;
        held++;
        if (oldest == SIZE_MAX || d->tokens[i].expires_us < d->tokens[oldest].expires_us)
            oldest = i;
    }
    if (held >= INGEST_TOKEN_MAX)
        drop_token(d, oldest);
    /* dropping breaks grow()'s doubling, so the room is asked for by the count itself */
    struct token *bigger = realloc(d->tokens, (d->tokens_n + 1) * sizeof(*bigger));
    if (!bigger)
        return KITH_ENOMEM;
    d->tokens = bigger;
    struct token *t = &d->tokens[d->tokens_n++];
    memset(t, 0, sizeof(*t));
    memcpy(t->hash, hash, INGEST_HASH);
    strncpy(t->client_id, client_id, sizeof(t->client_id) - 1);
    t->expires_us = expires_us;
    return KITH_OK;
}

const struct ingest_client *ingest_tokens_client(struct ingest_districts *d, const char *token,
                                                 int64_t now_us)
{
    uint8_t hash[INGEST_HASH];
    ingest_secret_hash(token, hash);
    for (size_t i = d->tokens_n; i-- > 0;) {
        if (d->tokens[i].expires_us <= now_us) {
            drop_token(d, i);
            continue;
        }
        if (sodium_memcmp(hash, d->tokens[i].hash, sizeof(hash)) == 0) {
            const struct ingest_client *client = ingest_clients_find(d, d->tokens[i].client_id);
            return client && !client->revoked ? client : NULL;
        }
    }
    return NULL;
}
