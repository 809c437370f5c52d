/* SPDX-License-Identifier: Apache-2.0 */
#include "ingest/problems.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>

void ingest_problems_add(struct ingest_problems *p, const char *path, const char *format, ...)
{
    assert(path && format);
    if (!p)
        return;
    if (p->n == INGEST_PROBLEMS_MAX) {
        p->more++;
        return;
    }
    struct ingest_problem *item = &p->items[p->n++];
    (void)snprintf(item->path, sizeof(item->path), "%s", path);
    va_list args;
    va_start(args, format);
    (void)vsnprintf(item->text, sizeof(item->text), format, args);
    va_end(args);
}

static int append(json_t *object, const char *path, json_t *sentence)
{
    json_t *list = json_object_get(object, path);
    if (!list) {
        if (json_object_set_new(object, path, json_array()) != 0) {
            json_decref(sentence);
            return -1;
        }
        list = json_object_get(object, path);
    }
    return json_array_append_new(list, sentence);
}

json_t *ingest_problems_json(const struct ingest_problems *p)
{
    assert(p);
    json_t *object = json_object();
    int bad = object ? 0 : -1;
    for (size_t i = 0; i < p->n && bad == 0; i++)
        bad = append(object, p->items[i].path, json_string(p->items[i].text));
    if (bad == 0 && p->more > 0)
        bad = append(object, "$", json_sprintf("And %zu more problems.", p->more));
    if (bad != 0) {
        json_decref(object);
        return NULL;
    }
    return object;
}

void ingest_problems_why(const struct ingest_problems *p, struct kith_why *why)
{
    assert(p);
    if (p->n == 0)
        kith_why_set(why, "no problem was described");
    else if (p->n + p->more == 1)
        kith_why_set(why, "%s: %s", p->items[0].path, p->items[0].text);
    else
        kith_why_set(why, "%s: %s (and %zu more)", p->items[0].path, p->items[0].text,
                     p->n + p->more - 1);
}
