/* SPDX-License-Identifier: Apache-2.0 */
#include "ingest/document.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "ingest/canon.h"
#include "ingest/scalar.h"

kith_err ingest_key_id(const struct ingest_resource *r, const char *const *values, size_t n,
                       struct kith_id *ret)
{
    assert(r && values && ret && n == r->key_n);
    struct kith_hasher h;
    kith_hash_begin(&h);
    kith_hash_text(&h, r->name);
    for (size_t i = 0; i < n; i++) {
        const struct ingest_key_part *k = &r->key[i];
        struct ingest_scalar s;
        if (!values[i] || ingest_scalar_parse(k->type, k->max, true, values[i], strlen(values[i]),
                                              &s, NULL) != KITH_OK)
            return KITH_EINVAL;
        kith_hash_bytes(&h, s.text, s.n);
    }
    *ret = kith_hash_end(&h);
    return KITH_OK;
}

kith_err ingest_doc_key(const struct ingest_resource *r, const json_t *body, struct kith_id *ret)
{
    char bufs[INGEST_KEY_MAX][24];
    const char *values[INGEST_KEY_MAX] = {0};
    for (size_t i = 0; i < r->key_n; i++)
        values[i] = ingest_canon_text(body, r->key[i].paths[0], bufs[i]);
    return ingest_key_id(r, values, r->key_n, ret);
}

void ingest_doc_name(struct ingest_doc *doc, const struct ingest_names *names)
{
    doc->id = ingest_names_id(names, &doc->key);
    for (size_t i = 0; i < doc->refs_n; i++)
        for (size_t t = 0; t < doc->refs[i].n; t++)
            doc->refs[i].id[t] = ingest_names_id(names, &doc->refs[i].key[t]);
}

static int compare_refs(const void *left, const void *right)
{
    const struct ingest_ref *a = left;
    const struct ingest_ref *b = right;
    int order = strcmp(a->target[0]->name, b->target[0]->name);
    if (order == 0)
        order = memcmp(&a->id[0], &b->id[0], sizeof(a->id[0]));
    /* the first place in the document stands for its repeats */
    return order != 0 ? order : strcmp(a->path, b->path);
}

static size_t unique_refs(struct ingest_ref *refs, size_t n)
{
    if (n == 0)
        return 0;
    qsort(refs, n, sizeof(*refs), compare_refs);
    size_t kept = 1;
    for (size_t i = 1; i < n; i++) {
        const struct ingest_ref *last = &refs[kept - 1];
        if (refs[i].target[0] != last->target[0] ||
            memcmp(&refs[i].id[0], &last->id[0], sizeof(last->id[0])) != 0)
            refs[kept++] = refs[i];
    }
    return kept;
}

static kith_err make(const struct ingest_resource *r, struct ingest_canon *c,
                     struct ingest_doc **ret)
{
    kith_auto(ingest_doc) doc = calloc(1, sizeof(*doc));
    if (!doc)
        return KITH_ENOMEM;
    doc->resource = r;
    if (ingest_doc_key(r, c->body, &doc->key) != KITH_OK)
        return KITH_EINTERNAL; /* the table's key and fields disagree; a unit test walks the table */
    doc->id = doc->key;
    doc->body = ingest_canon_dump(c->body);
    if (!doc->body)
        return KITH_ENOMEM;
    doc->body_n = strlen(doc->body);
    struct kith_hasher h;
    kith_hash_begin(&h);
    kith_hash_bytes(&h, doc->body, doc->body_n);
    struct kith_id hash = kith_hash_end(&h);
    doc->digest = ingest_digest(&hash);
    doc->refs = KITH_TAKE(c->refs);
    doc->refs_n = unique_refs(doc->refs, c->refs_n);
    *ret = KITH_TAKE(doc);
    return KITH_OK;
}

static kith_err parse(const struct ingest_resource *r, const char *json, size_t n,
                      const struct kith_id *id, struct ingest_doc **ret,
                      struct ingest_problems *why)
{
    struct ingest_canon c;
    kith_err err = ingest_canon_parse(r, json, n, id, &c, why);
    if (err != KITH_OK)
        return err;
    err = make(r, &c, ret);
    ingest_canon_done(&c);
    return err;
}

kith_err ingest_doc_parse(const struct ingest_resource *r, const char *json, size_t n,
                          struct ingest_doc **ret, struct ingest_problems *why)
{
    return parse(r, json, n, NULL, ret, why);
}

kith_err ingest_doc_parse_put(const struct ingest_resource *r, const char *json, size_t n,
                              const struct kith_id *id, struct ingest_doc **ret,
                              struct ingest_problems *why)
{
    assert(id);
    return parse(r, json, n, id, ret, why);
}

void ingest_doc_free(struct ingest_doc *doc)
{
    if (!doc)
        return;
    free(doc->body);
    free(doc->refs);
    free(doc);
}
