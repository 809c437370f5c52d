/* SPDX-License-Identifier: Apache-2.0 */
/* The text of one Ed-Fi document at a time, and what becomes of it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ingest/canon.h"
#include "ingest/roster_emit.h"

void roster_doc_begin(struct roster_emit *e)
{
    e->text.n = 0;
    e->comma = false;
    e->bad = KITH_OK;
    roster_doc_raw(e, "{", 1);
}

void roster_doc_raw(struct roster_emit *e, const char *text, size_t n)
{
    if (e->bad == KITH_OK)
        e->bad = kith_bytes_add(&e->text, text, n);
}

/* As the canonical form has it. */
static void quoted(struct roster_emit *e, const char *text, size_t n)
{
    static const char letters[] = "\"\\\b\f\n\r\t";
    static const char shorts[] = "\"\\bfnrt";
    roster_doc_raw(e, "\"", 1);
    size_t from = 0;
    for (size_t i = 0; i < n; i++) {
        unsigned char c = (unsigned char)text[i];
        if (c >= 0x20 && c != '"' && c != '\\')
            continue;
        const char *at = strchr(letters, c); /* a NUL does not come: n is without it */
        char escaped[8];
        int m = at ? snprintf(escaped, sizeof(escaped), "\\%c", shorts[at - letters])
                   : snprintf(escaped, sizeof(escaped), "\\u%04X", c);
        roster_doc_raw(e, text + from, i - from);
        roster_doc_raw(e, escaped, (size_t)m);
        from = i + 1;
    }
    roster_doc_raw(e, text + from, n - from);
    roster_doc_raw(e, "\"", 1);
}

void roster_doc_key(struct roster_emit *e, const char *key)
{
    if (e->comma)
        roster_doc_raw(e, ",", 1);
    quoted(e, key, strlen(key));
    roster_doc_raw(e, ":", 1);
    e->comma = true;
}

/* The longest beginning of at most `max` characters. */
static size_t cut(const char *text, size_t max)
{
    size_t i = 0;
    for (size_t characters = 0; text[i]; i++)
        if (((unsigned char)text[i] & 0xC0) != 0x80 && characters++ == max)
            break;
    return i;
}

void roster_doc_text(struct roster_emit *e, const char *key, const char *text, size_t max)
{
    text += strspn(text, " \t");
    size_t n = cut(text, max);
    while (n > 0 && (text[n - 1] == ' ' || text[n - 1] == '\t'))
        n--;
    if (n == 0)
        return;
    roster_doc_key(e, key);
    quoted(e, text, n);
}

void roster_doc_number(struct roster_emit *e, const char *key, int64_t v)
{
    char text[24];
    int n = snprintf(text, sizeof(text), "%lld", (long long)v);
    roster_doc_key(e, key);
    roster_doc_raw(e, text, (size_t)n);
}

void roster_doc_descriptor(struct roster_emit *e, const char *key, const char *kind,
                           const char *code)
{
    char text[320];
    (void)snprintf(text, sizeof(text), "uri://ed-fi.org/%sDescriptor#%s", kind, code);
    roster_doc_text(e, key, text, 306);
}

void roster_doc_open(struct roster_emit *e, const char *key, const char *bracket)
{
    roster_doc_key(e, key);
    roster_doc_raw(e, bracket, strlen(bracket));
    e->comma = false;
}

void roster_doc_close(struct roster_emit *e, const char *bracket)
{
    roster_doc_raw(e, bracket, strlen(bracket));
    e->comma = true;
}

static bool give(struct roster_emit *e, struct ingest_doc *doc, const char *file, uint64_t line)
{
    struct ingest_emitted out = {.doc = doc, .file = file, .line = line};
    if (!e->sink(e->ctx, &out))
        e->err = KITH_EBUSY;
    return e->err == KITH_OK;
}

bool roster_doc_end(struct roster_emit *e, const char *resource, const char *file, uint64_t line)
{
    roster_doc_raw(e, "}", 1);
    struct ingest_problems problems = {0};
    struct ingest_doc *doc = NULL;
    const struct ingest_resource *r = ingest_resource_find(resource);
    kith_err err = e->bad;
    if (err == KITH_OK)
        err = ingest_doc_parse(r, (const char *)e->text.data, e->text.n, &doc, &problems);
    if (err == KITH_EINVAL || err == KITH_EDECODE) {
        struct kith_why why;
        struct ingest_place at = {.file = file, .line = line};
        ingest_problems_why(&problems, &why);
        ingest_receipt_add(e->receipt, INGEST_ERROR, &at, "document_invalid",
                           "The row makes no valid %s: %s", resource, why.text);
        return true;
    }
    e->err = err;
    return err == KITH_OK && give(e, doc, file, line);
}

bool roster_doc_ready(struct roster_emit *e, const char *resource, const char *const *key,
                      const struct roster_doc_ref *refs, size_t refs_n, const char *file,
                      uint64_t line)
{
    const struct ingest_resource *r = ingest_resource_find(resource);
    struct kith_id id;
    if (e->bad != KITH_OK || ingest_key_id(r, key, r->key_n, &id) != KITH_OK)
        return roster_doc_end(e, resource, file, line);
    roster_doc_raw(e, "}", 1);
    kith_auto(ingest_doc) doc = calloc(1, sizeof(*doc));
    char *body = malloc(e->text.n + 1);
    struct ingest_ref *list = calloc(refs_n, sizeof(*list));
    if (!doc || !body || !list || e->bad != KITH_OK) {
        free(body);
        free(list);
        e->err = KITH_ENOMEM;
        return false;
    }
    memcpy(body, e->text.data, e->text.n);
    body[e->text.n] = '\0';
    *doc = (struct ingest_doc){.resource = r,
                               .key = id,
                               .id = id,
                               .body = body,
                               .body_n = e->text.n,
                               .refs = list,
                               .refs_n = refs_n};
    for (size_t i = 0; i < refs_n; i++) {
        list[i].name = refs[i].name;
        list[i].n = 1;
        list[i].target[0] = ingest_resource_find(refs[i].resource);
        list[i].key[0] = list[i].id[0] = *refs[i].id;
        (void)snprintf(list[i].path, sizeof(list[i].path), "$.%s", refs[i].name);
    }
    struct kith_hasher h;
    kith_hash_begin(&h);
    kith_hash_bytes(&h, body, doc->body_n);
    struct kith_id hash = kith_hash_end(&h);
    doc->digest = ingest_digest(&hash);
    return give(e, KITH_TAKE(doc), file, line);
}

/* ---- references ---- */

void roster_ref_school(struct roster_emit *e, int64_t school)
{
    roster_doc_open(e, "schoolReference", "{");
    roster_doc_number(e, "schoolId", school);
    roster_doc_close(e, "}");
}

void roster_ref_organization(struct roster_emit *e, int64_t organization)
{
    roster_doc_open(e, "educationOrganizationReference", "{");
    roster_doc_number(e, "educationOrganizationId", organization);
    roster_doc_close(e, "}");
}

void roster_ref_person(struct roster_emit *e, const char *reference, const char *key,
                       const char *id)
{
    roster_doc_open(e, reference, "{");
    roster_doc_text(e, key, id, 32);
    roster_doc_close(e, "}");
}

void roster_ref_year(struct roster_emit *e, int64_t year)
{
    roster_doc_open(e, "schoolYearTypeReference", "{");
    roster_doc_number(e, "schoolYear", year);
    roster_doc_close(e, "}");
}
