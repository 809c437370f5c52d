/* SPDX-License-Identifier: Apache-2.0 */
#include "ingest/json.h"

#include <assert.h>
#include <stdbool.h>

/* jansson recurses up to 2,048 levels; a document of ours has five. */
static bool shallow(const char *json, size_t n)
{
    unsigned depth = 0;
    bool inside = false;
    for (size_t i = 0; i < n; i++) {
        if (inside) {
            if (json[i] == '\\')
                i++;
            else if (json[i] == '"')
                inside = false;
        } else if (json[i] == '"') {
            inside = true;
        } else if (json[i] == '{' || json[i] == '[') {
            if (++depth > INGEST_DEPTH_MAX)
                return false;
        } else if ((json[i] == '}' || json[i] == ']') && depth > 0) {
            depth--;
        }
    }
    return true;
}

/* jansson's own sentences quote the input, which may hold a name. */
static const char *syntax_sentence(const json_error_t *error)
{
    switch (json_error_code(error)) {
    case json_error_duplicate_key:
        return "an object names a property twice";
    case json_error_invalid_utf8:
        return "a text is not UTF-8";
    case json_error_null_character:
    case json_error_null_byte_in_key:
        return "a text holds a NUL character";
    case json_error_premature_end_of_input:
        return "the text ends too early";
    case json_error_end_of_input_expected:
        return "something follows the end of the document";
    case json_error_numeric_overflow:
        return "a number is too large";
    default:
        return "it is not JSON";
    }
}

kith_err ingest_json_load(const char *json, size_t n, json_t **ret, struct ingest_problems *why)
{
    assert(json && ret);
    if (!shallow(json, n)) {
        ingest_problems_add(why, "$", "The document is nested deeper than %d levels.",
                            INGEST_DEPTH_MAX);
        return KITH_EDECODE;
    }
    json_error_t error;
    json_t *root = json_loadb(json, n, JSON_REJECT_DUPLICATES, &error);
    if (!root && json_error_code(&error) == json_error_out_of_memory)
        return KITH_ENOMEM;
    if (!root) {
        ingest_problems_add(why, "$", "The document cannot be read at line %d, column %d: %s.",
                            error.line, error.column, syntax_sentence(&error));
        return KITH_EDECODE;
    }
    if (!json_is_object(root)) {
        json_decref(root);
        ingest_problems_add(why, "$", "The document must be a JSON object.");
        return KITH_EDECODE;
    }
    *ret = root;
    return KITH_OK;
}
