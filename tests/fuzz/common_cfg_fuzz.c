/* SPDX-License-Identifier: Apache-2.0 */
/* A configuration file's bytes. Whatever they are: an answer, with a reason when it is no, and on yes every value inside its range. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kith/cfg_internal.h"

struct target {
    char *text;
    char *required;
    uint32_t number;
    bool yes;
    int64_t ms;
    int64_t bytes;
    uint32_t permille;
};

static const struct kith_cfg_key keys[] = {
    {"text", KITH_CFG_STRING, offsetof(struct target, text), "", NULL},
    {"required", KITH_CFG_STRING, offsetof(struct target, required), NULL, NULL, 1, 400},
    {"number", KITH_CFG_UINT, offsetof(struct target, number), "3", NULL, 1, 30},
    {"yes", KITH_CFG_BOOL, offsetof(struct target, yes), "no", NULL},
    {"every", KITH_CFG_MS, offsetof(struct target, ms), "1min", NULL, 1000, 3600000},
    {"room", KITH_CFG_BYTES, offsetof(struct target, bytes), "1KiB", NULL, 1, 1 << 30},
    {"part", KITH_CFG_PERMILLE, offsetof(struct target, permille), "50%", NULL, 0, 1000},
    {0},
};

static const char *const foreign[] = {"other", NULL};

static void check(bool holds, const char *what)
{
    if (holds)
        return;
    (void)fprintf(stderr, "broken: %s\n", what);
    abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct target t = {0};
    const struct kith_cfg_section sections[] = {{"main", keys, &t}, {0}};
    struct kith_why why = {""};
    kith_err err = kith_cfg_load_bytes(sections, "f", (const char *)data, n, foreign, false, &why);
    if (err == KITH_OK) {
        check(why.text[0] == '\0', "a reason without an error");
        check(t.number >= 1 && t.number <= 30, "number in range");
        check(t.ms >= 1000 && t.ms <= 3600000, "duration in range");
        check(t.bytes >= 1 && t.bytes <= 1 << 30, "size in range");
        check(t.permille <= 1000, "percentage in range");
        check(t.text && t.required && strlen(t.required) >= 1, "strings are set");
    } else {
        check(err == KITH_ECONFIG, "kind of error");
        check(strncmp(why.text, "f:", 2) == 0, "the reason names the file");
    }
    kith_cfg_done(sections);
    return 0;
}
