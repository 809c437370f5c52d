/* SPDX-License-Identifier: Apache-2.0 */
/* The first byte chooses the resource (ingest_choose.h), the rest is a body. What is taken must be a fixed point; what is refused must
 * say why. */
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "ingest/document.h"
#include "ingest_choose.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void check(bool good)
{
    if (!good)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    if (n == 0)
        return 0;
    const struct ingest_resource *r = ingest_choose(data[0]);
    struct ingest_problems why = {0};
    kith_auto(ingest_doc) doc = NULL;
    kith_err err = ingest_doc_parse(r, (const char *)data + 1, n - 1, &doc, &why);
    if (err != KITH_OK) {
        check(why.n > 0 && (err == KITH_EINVAL || err == KITH_EDECODE));
        json_t *rendered = ingest_problems_json(&why);
        check(rendered != NULL);
        json_decref(rendered);
        return 0;
    }
    check(why.n == 0);
    kith_auto(ingest_doc) again = NULL;
    check(ingest_doc_parse(r, doc->body, doc->body_n, &again, NULL) == KITH_OK);
    check(strcmp(doc->body, again->body) == 0 && doc->digest == again->digest &&
          memcmp(&doc->id, &again->id, sizeof(doc->id)) == 0 && doc->refs_n == again->refs_n);
    return 0;
}
