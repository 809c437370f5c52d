/* SPDX-License-Identifier: Apache-2.0 */
/* The first byte chooses the resource (ingest_choose.h), every further line is an argument "name=value". */
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "ingest/query.h"
#include "ingest_choose.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void check(bool good)
{
    if (!good)
        abort();
}

static void check_json(const char *text)
{
    json_t *tree = text ? json_loads(text, JSON_REJECT_DUPLICATES, NULL) : NULL;
    check(!text || (json_is_object(tree) && json_object_size(tree) > 0));
    json_decref(tree);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    if (n == 0)
        return 0;
    struct ingest_query q;
    ingest_query_begin(&q, ingest_choose(data[0]));
    char *text =
        calloc(1, n); /* not strndup: under strict_string_checks it wants a NUL in the input */
    if (text)
        memcpy(text, data + 1, n - 1);
    char *rest = text;
    while (rest) {
        char *value = strsep(&rest, "\n");
        const char *name = strsep(&value, "=");
        if (value) /* an argument without a value is not handed on */
            ingest_query_arg(&q, name, value);
    }
    kith_err err = ingest_query_end(&q);
    if (err == KITH_OK) {
        check(q.problems.n == 0 && q.limit <= INGEST_LIMIT_MAX);
        check_json(q.filter);
        check_json(q.place_filter);
    } else {
        json_t *rendered = ingest_problems_json(&q.problems);
        check(err == KITH_EINVAL && q.problems.n > 0 && rendered);
        json_decref(rendered);
    }
    ingest_query_done(&q);
    free(text);
    return 0;
}
