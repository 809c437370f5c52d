/* SPDX-License-Identifier: Apache-2.0 */
#include "ingest/alias.h"

#include <assert.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "ingest/canon.h"
#include "kith/cleanup.h"

struct rename {
    const char *old;
    const char *name;
};
static const struct rename resources[] = {
    {"parents", "contacts"},
    {"studentParentAssociations", "studentContactAssociations"},
};
static const struct rename fields[] = {
    {"parentUniqueId", "contactUniqueId"},
    {"parentReference", "contactReference"},
};

const struct ingest_resource *ingest_alias_find(const char *name)
{
    assert(name);
    for (size_t i = 0; i < KITH_LEN(resources); i++) {
        if (strcmp(resources[i].old, name) == 0)
            return ingest_resource_find(resources[i].name);
    }
    return NULL;
}

const char *ingest_alias_at(size_t i)
{
    assert(i < KITH_LEN(resources));
    return resources[i].old;
}

size_t ingest_alias_count(void)
{
    return KITH_LEN(resources);
}

const char *ingest_alias_field(const char *name)
{
    for (size_t i = 0; i < KITH_LEN(fields); i++) {
        if (strcmp(fields[i].old, name) == 0)
            return fields[i].name;
    }
    return name;
}

/* ---- bodies ---- */

static int rename_in(json_t *value, bool back)
{
    const char *name;
    json_t *inner;
    size_t i;
    int bad = 0;
    json_array_foreach(value, i, inner) bad |= rename_in(inner, back);
    json_object_foreach(value, name, inner) bad |= rename_in(inner, back);
    for (i = 0; json_is_object(value) && i < KITH_LEN(fields); i++) {
        const char *from = back ? fields[i].name : fields[i].old;
        const char *to = back ? fields[i].old : fields[i].name;
        inner = json_object_get(value, from);
        if (!inner)
            continue;
        bad |= json_object_set(value, to, inner);
        bad |= json_object_del(value, from);
    }
    return bad;
}

kith_err ingest_alias_body(const char *json, size_t n, bool back, char **ret)
{
    assert(json && ret);
    json_t *tree = json_loadb(json, n, JSON_REJECT_DUPLICATES, NULL);
    char *text;
    if (json_is_object(tree))
        text = rename_in(tree, back) == 0 ? ingest_canon_dump(tree) : NULL;
    else if ((text = malloc(n + 1))) {
        memcpy(text, json, n);
        text[n] = '\0';
    }
    json_decref(tree);
    if (!text)
        return KITH_ENOMEM;
    *ret = text;
    return KITH_OK;
}

/* ---- problems ---- */

/* In place: the old names are shorter than the new ones. */
static void replace(char *text, const char *from, const char *to)
{
    size_t from_n = strlen(from);
    size_t to_n = strlen(to);
    assert(to_n <= from_n);
    for (char *at = strstr(text, from); at; at = strstr(at + to_n, from)) {
        for (size_t i = 0; i < to_n; i++)
            at[i] = to[i];
        memmove(at + to_n, at + from_n, strlen(at + from_n) + 1);
    }
}

void ingest_alias_problems(struct ingest_problems *problems)
{
    assert(problems);
    for (size_t i = 0; i < problems->n; i++) {
        for (size_t k = 0; k < KITH_LEN(fields); k++) {
            replace(problems->items[i].path, fields[k].name, fields[k].old);
            replace(problems->items[i].text, fields[k].name, fields[k].old);
        }
    }
}
