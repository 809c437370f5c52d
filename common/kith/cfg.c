/* SPDX-License-Identifier: Apache-2.0 */
#include "kith/cfg_internal.h"

#include <assert.h>
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FILE_MAX     (1 << 20)
#define VARIABLE_MAX 128

extern char **environ;

/* ---- tables ---- */

const struct kith_cfg_section *kith_cfg_find_section(const struct kith_cfg_section *sections,
                                                     const char *name)
{
    for (; sections->name; sections++)
        if (strcmp(sections->name, name) == 0)
            return sections;
    return NULL;
}

const struct kith_cfg_key *kith_cfg_find_key(const struct kith_cfg_section **section,
                                             const char *name)
{
    const char *of = (*section)->name;
    for (const struct kith_cfg_section *s = *section; s->name; s++) {
        for (const struct kith_cfg_key *k = s->keys; k->name && strcmp(s->name, of) == 0; k++) {
            if (strcmp(k->name, name) != 0)
                continue;
            *section = s;
            return k;
        }
    }
    return NULL;
}

bool kith_cfg_is_foreign(const char *const *foreign, const char *name)
{
    for (; foreign && *foreign; foreign++)
        if (strcmp(*foreign, name) == 0)
            return true;
    return false;
}

void kith_cfg_append(char *list, size_t room, const char *word)
{
    size_t n = strlen(list);
    (void)snprintf(list + n, room - n, "%s%s", n ? ", " : "", word);
}

void kith_cfg_list_keys(const struct kith_cfg_section *section, char *list, size_t room)
{
    const char *of = section->name;
    *list = '\0';
    for (const struct kith_cfg_section *s = section; s->name; s++)
        for (const struct kith_cfg_key *k = s->keys; k->name && strcmp(s->name, of) == 0; k++)
            kith_cfg_append(list, room, k->name);
}

/* `where` is "kith.conf:12" or the name of a variable. */
static kith_err apply(const struct kith_cfg_section *section, const struct kith_cfg_key *key,
                      const char *text, const char *where, struct kith_why *why)
{
    struct kith_why reason = {""};
    kith_err err = kith_cfg_parse(key, text, section->target, &reason);
    if (err == KITH_OK)
        return KITH_OK;
    if (err == KITH_ENOMEM)
        kith_why_set(&reason, "%s", kith_err_text(err));
    kith_why_set(why, "%s: [%s] %s: %s", where, section->name, key->name, reason.text);
    return err == KITH_ENOMEM ? KITH_ENOMEM : KITH_ECONFIG;
}

/* ---- the environment ---- */

static void variable_name(const char *section, const char *key, char name[static VARIABLE_MAX])
{
    (void)snprintf(name, VARIABLE_MAX, "KITH_%s_%s", section, key);
    for (char *c = name; *c; c++)
        *c = (char)toupper((unsigned char)*c);
}

static bool has_prefix(const char *variable, const char *section)
{
    char prefix[VARIABLE_MAX];
    variable_name(section, "", prefix);
    return strncmp(variable, prefix, strlen(prefix)) == 0;
}

/* Does KITH_<section>_<key>=... name a key of ours, or belong to a section that is not ours? */
static bool variable_is_known(const struct kith_cfg_section *sections, const char *const *foreign,
                              const char *variable)
{
    size_t n = strcspn(variable, "=");
    for (const struct kith_cfg_section *s = sections; s->name; s++) {
        for (const struct kith_cfg_key *k = s->keys; k->name; k++) {
            char name[VARIABLE_MAX];
            variable_name(s->name, k->name, name);
            if (strlen(name) == n && strncmp(name, variable, n) == 0)
                return true;
        }
    }
    for (; foreign && *foreign; foreign++)
        if (has_prefix(variable, *foreign))
            return true;
    return false;
}

static kith_err check_variables(const struct kith_cfg_section *sections, const char *const *foreign,
                                struct kith_why *why)
{
    for (char **variable = environ; variable && *variable; variable++) {
        for (const struct kith_cfg_section *s = sections; s->name; s++) {
            if (!has_prefix(*variable, s->name) || variable_is_known(sections, foreign, *variable))
                continue;
            char list[160];
            kith_cfg_list_keys(kith_cfg_find_section(sections, s->name), list, sizeof(list));
            kith_why_set(why, "%.*s: [%s] has no such key; known are: %s",
                         (int)strcspn(*variable, "="), *variable, s->name, list);
            return KITH_ECONFIG;
        }
    }
    return KITH_OK;
}

static kith_err apply_variables(const struct kith_cfg_section *sections, const char *const *foreign,
                                struct kith_why *why)
{
    for (const struct kith_cfg_section *s = sections; s->name; s++) {
        for (const struct kith_cfg_key *k = s->keys; k->name; k++) {
            char name[VARIABLE_MAX];
            variable_name(s->name, k->name, name);
            const char *text = getenv(name);
            kith_err err = text ? apply(s, k, text, name, why) : KITH_OK;
            if (err != KITH_OK)
                return err;
        }
    }
    return check_variables(sections, foreign, why);
}

/* ---- all together ---- */

static kith_err apply_defaults(const struct kith_cfg_section *sections, struct kith_why *why)
{
    for (const struct kith_cfg_section *s = sections; s->name; s++)
        for (const struct kith_cfg_key *k = s->keys; k->name; k++)
            if (k->type == KITH_CFG_STRING)
                *(char **)((char *)s->target + k->offset) = NULL;
    for (const struct kith_cfg_section *s = sections; s->name; s++) {
        for (const struct kith_cfg_key *k = s->keys; k->name; k++) {
            kith_err err = k->fallback ? apply(s, k, k->fallback, "default", why) : KITH_OK;
            if (err != KITH_OK)
                return err;
        }
    }
    return KITH_OK;
}

static kith_err apply_file(const struct kith_cfg_settings *settings, const char *name,
                           struct kith_why *why)
{
    for (size_t i = 0; i < settings->n; i++) {
        const struct kith_cfg_setting *s = &settings->all[i];
        char where[160];
        (void)snprintf(where, sizeof(where), "%s:%u", name, s->line);
        kith_err err = apply(s->section, s->key, s->text, where, why);
        if (err != KITH_OK)
            return err;
    }
    return KITH_OK;
}

static bool is_set(const struct kith_cfg_settings *settings, const struct kith_cfg_section *section,
                   const struct kith_cfg_key *key, const char *variable)
{
    for (size_t i = 0; i < settings->n; i++)
        if (settings->all[i].section == section && settings->all[i].key == key)
            return true;
    return variable && getenv(variable);
}

static kith_err check_required(const struct kith_cfg_section *sections, const char *name,
                               const struct kith_cfg_settings *settings, bool with_environment,
                               struct kith_why *why)
{
    for (const struct kith_cfg_section *s = sections; s->name; s++) {
        for (const struct kith_cfg_key *k = s->keys; k->name; k++) {
            char variable[VARIABLE_MAX];
            variable_name(s->name, k->name, variable);
            if (k->fallback || is_set(settings, s, k, with_environment ? variable : NULL))
                continue;
            kith_why_set(why, "%s: [%s] %s: is required and not set, here or as %s; a %s", name,
                         s->name, k->name, variable, kith_cfg_type_text(k->type));
            return KITH_ECONFIG;
        }
    }
    return KITH_OK;
}

kith_err kith_cfg_load_bytes(const struct kith_cfg_section *sections, const char *name,
                             const char *bytes, size_t n, const char *const *foreign,
                             bool with_environment, struct kith_why *why)
{
    assert(sections && name && (bytes || n == 0));
    const char *slash = strrchr(name, '/');
    if (strlen(name) > 100 && slash)
        name = slash + 1; /* a very long path would push the reason out of the message */
    struct kith_cfg_settings settings = {0};
    kith_err err = apply_defaults(sections, why);
    if (err == KITH_OK)
        err = kith_cfg_read(sections, foreign, name, bytes, n, &settings, why);
    if (err == KITH_OK)
        err = apply_file(&settings, name, why);
    if (err == KITH_OK && with_environment)
        err = apply_variables(sections, foreign, why);
    if (err == KITH_OK)
        err = check_required(sections, name, &settings, with_environment, why);
    kith_cfg_settings_done(&settings);
    return err;
}

static kith_err read_file(const char *path, char **ret, size_t *ret_n, struct kith_why *why)
{
    FILE *file = fopen(path, "re");
    if (!file) {
        kith_why_set(why, "%s: cannot be opened: %s", path, strerror(errno));
        return KITH_EIO;
    }
    kith_auto_mem char *bytes = malloc(FILE_MAX + 1);
    size_t n = bytes ? fread(bytes, 1, FILE_MAX + 1, file) : 0;
    int failed = ferror(file) ? errno : 0;
    (void)fclose(file);
    if (!bytes)
        return KITH_ENOMEM;
    if (failed) {
        kith_why_set(why, "%s: cannot be read: %s", path, strerror(failed));
        return KITH_EIO;
    }
    if (n > FILE_MAX) {
        kith_why_set(why, "%s: larger than 1 MiB, so no configuration file", path);
        return KITH_ECONFIG;
    }
    *ret = KITH_TAKE(bytes);
    *ret_n = n;
    return KITH_OK;
}

kith_err kith_cfg_load(const struct kith_cfg_section *sections, const char *path,
                       const char *const *foreign, struct kith_why *why)
{
    kith_auto_mem char *bytes = NULL;
    size_t n = 0;
    kith_err err = path ? read_file(path, &bytes, &n, why) : KITH_OK;
    if (err != KITH_OK) {
        /* kith_cfg_done is called on failure too, and must find defaults */
        kith_err defaults = apply_defaults(sections, NULL);
        return defaults == KITH_ENOMEM ? defaults : err;
    }
    return kith_cfg_load_bytes(sections, path ? path : "configuration", bytes, n, foreign, true,
                               why);
}

void kith_cfg_done(const struct kith_cfg_section *sections)
{
    for (const struct kith_cfg_section *s = sections; s->name; s++)
        for (const struct kith_cfg_key *k = s->keys; k->name; k++)
            if (k->type == KITH_CFG_STRING)
                free(KITH_TAKE(*(char **)((char *)s->target + k->offset)));
}

/* ---- the sample ---- */

static void print_key(FILE *out, const struct kith_cfg_key *key)
{
    char range[KITH_CFG_RANGE_TEXT];
    kith_cfg_range(key, range);
    if (key->help)
        (void)fprintf(out, "# %s\n", key->help);
    (void)fprintf(out, "# %s%s%s%s%s\n", kith_cfg_type_text(key->type), *range ? ", " : "", range,
                  key->reloadable ? ", read again on SIGHUP" : "",
                  key->fallback ? "" : ", required");
    if (key->fallback)
        (void)fprintf(out, "#%s = %s\n\n", key->name, key->fallback);
    else
        (void)fprintf(out, "%s =\n\n", key->name);
}

kith_err kith_cfg_sample(const struct kith_cfg_section *sections, char **ret)
{
    char *text = NULL;
    size_t n = 0;
    FILE *out = open_memstream(&text, &n);
    if (!out)
        return KITH_ENOMEM;
    (void)fputs("# Configuration of Kith. A line that starts with # or ; is a comment, and so is "
                "the rest of a\n"
                "# line after \" ;\". A line that starts with a blank continues the value of the "
                "line before.\n"
                "# A variable KITH_<SECTION>_<KEY> in the environment overrides the file.\n"
                "# Lines with a leading # show the default.\n",
                out);
    for (const struct kith_cfg_section *s = sections; s->name; s++) {
        if (s == sections || strcmp(s[-1].name, s->name) != 0)
            (void)fprintf(out, "\n[%s]\n\n", s->name);
        for (const struct kith_cfg_key *k = s->keys; k->name; k++)
            print_key(out, k);
    }
    bool whole = ferror(out) == 0;
    if (fclose(out) != 0 || !whole) {
        free(text);
        return KITH_ENOMEM;
    }
    *ret = text;
    return KITH_OK;
}
