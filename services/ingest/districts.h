/* SPDX-License-Identifier: Apache-2.0 */
/* Districts with what is known of each, and who may push: clients and their tokens. All of it is the committed state of the database,
 * loaded at start and changed after COMMIT only. Secrets and tokens are kept as BLAKE2b hashes; they are 256 random bits, so a plain
 * hash is enough. Expiry follows kith_clock's wall time, so where a test drives the clock tokens expire with it. */
#ifndef INGEST_DISTRICTS_H
#define INGEST_DISTRICTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ingest/known.h"
#include "ingest/meaning.h"
#include "ingest/names.h"
#include "ingest/policy.h"
#include "kith/bus.h"
#include "kith/err.h"

#define INGEST_HASH   32
#define INGEST_CLIENT 64
#define INGEST_TOKEN_MAX                                                                           \
    8 /* live tokens of one client; the oldest goes when one more is asked for */

struct ingest_category {
    int32_t id;
    enum ingest_kind kind;
    char *uri;
};

struct ingest_district {
    int32_t id;
    char *name;
    char *time_zone;
    char *default_email;
    struct ingest_known *known;
    struct ingest_names *names;         /* keys that were changed */
    struct ingest_category *categories; /* as committed, or being committed by the writer */
    size_t categories_n;
    int64_t next_num; /* the next free number */
    struct ingest_policy policy;
};

struct ingest_client {
    int32_t district;
    char id[INGEST_CLIENT];
    char label[INGEST_CLIENT];
    bool native;                 /* CURVE key instead of a secret */
    uint8_t secret[INGEST_HASH]; /* hash */
    char curve_key[KITH_KEY_TEXT];
    int64_t created_us;
    bool revoked;
};

struct ingest_districts;
KITH_MUST_CHECK kith_err ingest_districts_new(struct ingest_districts **ret);
void ingest_districts_free(struct ingest_districts *d);
KITH_DEFINE_AUTO(ingest_districts)

/* Strings are copied. Errors: KITH_ENOMEM, KITH_EEXIST. `ret` may be NULL. */
KITH_MUST_CHECK kith_err ingest_districts_add(struct ingest_districts *d, int32_t id,
                                              const char *name, const char *time_zone,
                                              const char *default_email,
                                              struct ingest_district **ret);
struct ingest_district *ingest_districts_find(struct ingest_districts *d, int32_t id); /* NULL */
size_t ingest_districts_n(const struct ingest_districts *d);
struct ingest_district *ingest_districts_at(struct ingest_districts *d, size_t i);

/* The document that has the natural key with this hash; NULL when there is none. Borrowed until the next put into what is known. */
const struct ingest_known_row *ingest_district_present(const struct ingest_district *district,
                                                       const struct kith_id *key);
/* The district's meaning of a descriptor code; NULL = unmapped. kind: "attendance", "calendar", "staff", "cohort". */
const char *ingest_district_meaning(const struct ingest_district *district, const char *kind,
                                    const char *code);
KITH_MUST_CHECK kith_err ingest_district_set_meaning(struct ingest_district *district,
                                                     const char *kind, const char *code,
                                                     const char *meaning);
/* By URI; NULL when it was never seen. */
struct ingest_category *ingest_district_category(struct ingest_district *district, const char *uri);
struct ingest_category *ingest_district_category_by_id(struct ingest_district *district,
                                                       int32_t id);
/* Give the next number to a new category; ingest_district_forget_category undoes the last one. */
KITH_MUST_CHECK kith_err ingest_district_add_category(struct ingest_district *district, int32_t id,
                                                      const char *uri);
void ingest_district_forget_category(struct ingest_district *district);

KITH_MUST_CHECK kith_err ingest_clients_put(struct ingest_districts *d,
                                            const struct ingest_client *client);
const struct ingest_client *ingest_clients_find(const struct ingest_districts *d, const char *id);
const struct ingest_client *ingest_clients_by_key(const struct ingest_districts *d,
                                                  const char *curve_key);
size_t ingest_clients_n(const struct ingest_districts *d);
const struct ingest_client *ingest_clients_at(const struct ingest_districts *d, size_t i);

void ingest_secret_hash(const char *text, uint8_t hash[INGEST_HASH]);
/* 43 characters of base64url: 256 random bits. */
void ingest_secret_make(char text[static 44]);
/* Constant time. */
bool ingest_secret_fits(const struct ingest_client *client, const char *secret);

/* A token hash now names this client until expires_us. Drops expired ones and, beyond INGEST_TOKEN_MAX of a client, the oldest. */
KITH_MUST_CHECK kith_err ingest_tokens_put(struct ingest_districts *d,
                                           const uint8_t hash[INGEST_HASH], const char *client_id,
                                           int64_t expires_us);
/* The client whom this bearer token names now; NULL: unknown, expired or revoked. */
const struct ingest_client *ingest_tokens_client(struct ingest_districts *d, const char *token,
                                                 int64_t now_us);

#endif
