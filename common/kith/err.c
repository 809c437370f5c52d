/* SPDX-License-Identifier: Apache-2.0 */
#include "kith/err.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

struct entry {
    kith_err err;
    bool retryable;
    const char *name;
    const char *text;
    const char *advice;
};

static const struct entry entries[] = {
#define XX(name, value, retryable, text, advice) {name, retryable, #name, text, advice},
    KITH_ERR_MAP(XX)
#undef XX
};

static const struct entry unknown = {KITH_EINTERNAL, false, "KITH_E?", "unknown error",
                                     "This number is no error of this version of Kith."};

static const struct entry *find(kith_err err)
{
    for (size_t i = 0; i < KITH_LEN(entries); i++)
        if (entries[i].err == err)
            return &entries[i];
    return &unknown;
}

const char *kith_err_name(kith_err err)
{
    return find(err)->name;
}

const char *kith_err_text(kith_err err)
{
    return find(err)->text;
}

const char *kith_err_advice(kith_err err)
{
    return find(err)->advice;
}

bool kith_err_retryable(kith_err err)
{
    return find(err)->retryable;
}

bool kith_err_find(const char *word, kith_err *ret)
{
    char *end;
    long number = strtol(word, &end, 10);
    bool is_number = end != word && *end == '\0';
    for (size_t i = 0; i < KITH_LEN(entries); i++) {
        const char *name = entries[i].name;
        bool hit = is_number ? labs(number) == labs((long)entries[i].err)
                             : strcasecmp(word, name) == 0 ||
                                   strcasecmp(word, name + sizeof("KITH_") - 1) == 0;
        if (hit) {
            *ret = entries[i].err;
            return true;
        }
    }
    return false;
}

void kith_why_set(struct kith_why *why, const char *format, ...)
{
    if (!why)
        return;
    va_list args;
    va_start(args, format);
    (void)vsnprintf(why->text, sizeof(why->text), format, args);
    va_end(args);
}
