/* SPDX-License-Identifier: Apache-2.0 */
#include "kith/cfg_internal.h"

#include <assert.h>
#include <ctype.h>
#include <errno.h>
#include <ini.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FILE_MAX     (1 << 20)
#define VARIABLE_MAX 128

extern char **environ;

/* One setting of the file. Kept until the whole file was read, because a value may go on in the next line. */
struct setting {
    const struct kith_cfg_section *section;
    const struct kith_cfg_key *key;
    unsigned line;
    char *text;
};

struct file {
    const struct kith_cfg_section *sections;
    const char *const *foreign;
    const char *name;
    const char *at; /* what is still unread */
    size_t left;
    unsigned line;   /* the one that was read last; the first is 1 */
    bool pairs;      /* there was a pair since the last section's name */
    bool continues;  /* that line goes on with the value of the last pair: it starts with a blank */
    unsigned failed; /* line of the first error; 0 = none */
    kith_err err;
    struct kith_why *why;
    struct setting *settings;
    size_t n;
    size_t room;
    bool open; /* the last setting may go on */
};

/* ---- tables ---- */

static const struct kith_cfg_section *find_section(const struct kith_cfg_section *sections,
                                                   const char *name)
{
    for (; sections->name; sections++)
        if (strcmp(sections->name, name) == 0)
            return sections;
    return NULL;
}

/* `section` is the first entry of its name; becomes the entry that holds the key. */
static const struct kith_cfg_key *find_key(const struct kith_cfg_section **section,
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

static bool is_foreign(const char *const *foreign, const char *name)
{
    for (; foreign && *foreign; foreign++)
        if (strcmp(*foreign, name) == 0)
            return true;
    return false;
}

static void append(char *list, size_t room, const char *word)
{
    size_t n = strlen(list);
    (void)snprintf(list + n, room - n, "%s%s", n ? ", " : "", word);
}

/* The keys of every entry of this name from `section` on. */
static void list_keys(const struct kith_cfg_section *section, char *list, size_t room)
{
    const char *of = section->name;
    *list = '\0';
    for (const struct kith_cfg_section *s = section; s->name; s++)
        for (const struct kith_cfg_key *k = s->keys; k->name && strcmp(s->name, of) == 0; k++)
            append(list, room, k->name);
}

/* ---- errors ---- */

/* Only the first error of a file is told. */
__attribute__((format(printf, 3, 4))) static void fail(struct file *f, kith_err err,
                                                       const char *format, ...)
{
    if (f->failed)
        return;
    f->failed = f->line ? f->line : 1;
    f->err = err;
    char text[sizeof(f->why->text)];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    kith_why_set(f->why, "%s:%u: %s", f->name, f->failed, text);
}

static void fail_section(struct file *f, const char *name)
{
    char list[160] = "";
    for (const struct kith_cfg_section *s = f->sections; s->name; s++)
        append(list, sizeof(list), s->name);
    for (const char *const *s = f->foreign; s && *s; s++)
        append(list, sizeof(list), *s);
    fail(f, KITH_ECONFIG, "[%.40s]: unknown section; known are: %s", name, list);
}

/* ---- the file ---- */

/* inih takes anything behind the bracket and tells nobody of a section without keys. */
static void check_header(struct file *f, const char *line)
{
    char name[64];
    const char *end = strchr(line, ']');
    if (*line != '[' || !end)
        return; /* inih reports a missing bracket */
    f->pairs = false;
    (void)snprintf(name, sizeof(name), "%.*s", (int)(end - line - 1), line + 1);
    end++;
    end += strspn(end, " \t\r");
    if (!find_section(f->sections, name) && !is_foreign(f->foreign, name))
        fail_section(f, name);
    else if (*end != '\0' && *end != ';' && *end != '#')
        fail(f, KITH_ECONFIG, "[%s]: text after the section's name", name);
}

static void check_line(struct file *f, const char *line, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if ((unsigned char)line[i] < 0x20 && line[i] != '\t' && line[i] != '\r')
            fail(f, KITH_ECONFIG, "control byte %d in the line; only text is allowed", line[i]);
}

/* inih's reader: the next line with its end, as fgets does. NULL ends the parse, also after an error. */
static char *read_line(char *to, int room, void *stream)
{
    struct file *f = stream;
    if (f->failed || f->left == 0)
        return NULL;
    f->line++;
    const char *end = memchr(f->at, '\n', f->left);
    size_t n = end ? (size_t)(end - f->at) : f->left;
    size_t used = end ? n + 1 : n;
    if (n + 2 > (size_t)room) {
        fail(f, KITH_ECONFIG, "longer than %d bytes; go on in the next line, after a blank",
             room - 2);
        return NULL;
    }
    check_line(f, f->at, n);
    if (f->failed)
        return NULL;
    memcpy(to, f->at, n);
    to[n] = '\0';
    static const char mark[] = "\xef\xbb\xbf"; /* some editors put it in front of the file */
    const char *text = f->line == 1 && strncmp(to, mark, 3) == 0 ? to + 3 : to;
    f->continues = f->pairs && (*text == ' ' || *text == '\t');
    if (!f->continues)
        check_header(f, text + strspn(text, " \t"));
    f->at += used;
    f->left -= used;
    return f->failed ? NULL : to;
}

static void add_setting(struct file *f, const struct kith_cfg_section *section,
                        const struct kith_cfg_key *key, const char *text)
{
    if (f->n == f->room) {
        size_t room = f->room ? f->room * 2 : 32;
        struct setting *grown = reallocarray(f->settings, room, sizeof(*grown));
        if (!grown) {
            fail(f, KITH_ENOMEM, "out of memory");
            return;
        }
        f->settings = grown;
        f->room = room;
    }
    char *copy = strdup(text);
    if (!copy) {
        fail(f, KITH_ENOMEM, "out of memory");
        return;
    }
    f->settings[f->n++] = (struct setting){section, key, f->line, copy};
    f->open = true;
}

static void continue_setting(struct file *f, const char *text)
{
    if (!f->open)
        return; /* of a section that is not ours */
    struct setting *s = &f->settings[f->n - 1];
    char *longer;
    if (asprintf(&longer, "%s%s%s", s->text, *s->text ? " " : "", text) < 0) {
        fail(f, KITH_ENOMEM, "out of memory");
        return;
    }
    free(s->text);
    s->text = longer;
}

static void on_setting(struct file *f, const char *section_name, const char *name, const char *text)
{
    f->open = false;
    if (*section_name == '\0') {
        fail(f, KITH_ECONFIG, "%.40s: stands before the first [section]", name);
        return;
    }
    const struct kith_cfg_section *section = find_section(f->sections, section_name);
    if (!section) {
        if (!is_foreign(f->foreign, section_name))
            fail_section(f, section_name);
        return;
    }
    const struct kith_cfg_key *key = find_key(&section, name);
    if (!key) {
        char list[160];
        list_keys(section, list, sizeof(list));
        fail(f, KITH_ECONFIG, "[%s] %.40s: unknown key; known are: %s", section->name, name, list);
        return;
    }
    for (size_t i = 0; i < f->n; i++)
        if (f->settings[i].key == key && f->settings[i].section == section)
            fail(f, KITH_ECONFIG, "[%s] %s: set twice; it stands already in line %u", section->name,
                 key->name, f->settings[i].line);
    if (!f->failed)
        add_setting(f, section, key, text);
}

/* inih's handler; 1 = fine. */
static int on_pair(void *ctx, const char *section, const char *name, const char *value)
{
    struct file *f = ctx;
    if (f->continues)
        continue_setting(f, value);
    else
        on_setting(f, section, name, value);
    f->pairs = true;
    return f->failed ? 0 : 1;
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

static kith_err parse_file(struct file *f)
{
    int status = ini_parse_stream(read_line, f, on_pair, f);
    if (status > 0 && (f->failed == 0 || (unsigned)status < f->failed)) {
        f->failed = 0;
        f->line = (unsigned)status;
        fail(f, KITH_ECONFIG, "neither \"key = value\" nor \"[section]\"");
    } else if (status < 0) {
        fail(f, KITH_ENOMEM, "out of memory");
    }
    if (f->failed)
        return f->err;
    for (size_t i = 0; i < f->n; i++) {
        const struct setting *s = &f->settings[i];
        char where[160];
        (void)snprintf(where, sizeof(where), "%s:%u", f->name, s->line);
        kith_err err = apply(s->section, s->key, s->text, where, f->why);
        if (err != KITH_OK)
            return err;
    }
    return KITH_OK;
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
            list_keys(find_section(sections, s->name), list, sizeof(list));
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

static bool is_set(const struct file *f, const struct kith_cfg_section *section,
                   const struct kith_cfg_key *key, bool with_environment)
{
    for (size_t i = 0; i < f->n; i++)
        if (f->settings[i].section == section && f->settings[i].key == key)
            return true;
    char name[VARIABLE_MAX];
    variable_name(section->name, key->name, name);
    return with_environment && getenv(name);
}

static kith_err check_required(const struct file *f, bool with_environment)
{
    for (const struct kith_cfg_section *s = f->sections; s->name; s++) {
        for (const struct kith_cfg_key *k = s->keys; k->name; k++) {
            if (k->fallback || is_set(f, s, k, with_environment))
                continue;
            char name[VARIABLE_MAX];
            variable_name(s->name, k->name, name);
            kith_why_set(f->why, "%s: [%s] %s: is required and not set, here or as %s; a %s",
                         f->name, s->name, k->name, name, kith_cfg_type_text(k->type));
            return KITH_ECONFIG;
        }
    }
    return KITH_OK;
}

static kith_err load(struct file *f, bool with_environment)
{
    kith_err err = apply_defaults(f->sections, f->why);
    if (err == KITH_OK)
        err = parse_file(f);
    if (err == KITH_OK && with_environment)
        err = apply_variables(f->sections, f->foreign, f->why);
    if (err == KITH_OK)
        err = check_required(f, with_environment);
    return err;
}

kith_err kith_cfg_load_bytes(const struct kith_cfg_section *sections, const char *name,
                             const char *bytes, size_t n, const char *const *foreign,
                             bool with_environment, struct kith_why *why)
{
    assert(sections && name && (bytes || n == 0));
    const char *slash = strrchr(name, '/');
    struct file f = {
        .sections = sections,
        .foreign = foreign,
        /* a very long path would push the reason out of the message */
        .name = strlen(name) > 100 && slash ? slash + 1 : name,
        .at = bytes,
        .left = n,
        .why = why,
    };
    kith_err err = load(&f, with_environment);
    for (size_t i = 0; i < f.n; i++)
        free(f.settings[i].text);
    free(f.settings);
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
