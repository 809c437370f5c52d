/* SPDX-License-Identifier: Apache-2.0 */
#include "kith/cfg_internal.h"

#include <assert.h>
#include <ctype.h>
#include <ini.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A file while it is read. */
struct file {
    const struct kith_cfg_section *sections;
    const char *const *foreign;
    const char *name;
    const char *at; /* what is still unread */
    size_t left;
    unsigned line;   /* the one that was read last; the first is 1 */
    bool pairs;      /* there was a pair since the last section's name */
    bool continues;  /* that line goes on with the value of the last pair: it starts with a blank */
    bool open;       /* the last setting is ours and may go on */
    unsigned failed; /* line of the first error; 0 = none */
    kith_err err;
    struct kith_why *why;
    struct kith_cfg_settings *settings;
};

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
        if (kith_cfg_find_section(f->sections, s->name) == s)
            kith_cfg_append(list, sizeof(list), s->name);
    for (const char *const *s = f->foreign; s && *s; s++)
        kith_cfg_append(list, sizeof(list), *s);
    fail(f, KITH_ECONFIG, "[%.40s]: unknown section; known are: %s", name, list);
}

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
    if (!kith_cfg_find_section(f->sections, name) && !kith_cfg_is_foreign(f->foreign, name))
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
    if (f->settings->n == f->settings->room) {
        size_t room = f->settings->room ? f->settings->room * 2 : 32;
        struct kith_cfg_setting *grown = reallocarray(f->settings->all, room, sizeof(*grown));
        if (!grown) {
            fail(f, KITH_ENOMEM, "out of memory");
            return;
        }
        f->settings->all = grown;
        f->settings->room = room;
    }
    char *copy = strdup(text);
    if (!copy) {
        fail(f, KITH_ENOMEM, "out of memory");
        return;
    }
    f->settings->all[f->settings->n++] = (struct kith_cfg_setting){section, key, f->line, copy};
    f->open = true;
}

/* Length of `text` up to a comment: inih looks for one in the first line of a value only. */
static size_t length_without_comment(const char *text)
{
    size_t n = 0;
    while (text[n] != '\0' && (text[n] != ';' || n == 0 || !isspace((unsigned char)text[n - 1])))
        n++;
    while (n > 0 && isspace((unsigned char)text[n - 1]))
        n--;
    return n;
}

static void continue_setting(struct file *f, const char *text)
{
    if (!f->open)
        return; /* of a section that is not ours */
    struct kith_cfg_setting *s = &f->settings->all[f->settings->n - 1];
    char *longer;
    if (asprintf(&longer, "%s%s%.*s", s->text, *s->text ? " " : "",
                 (int)length_without_comment(text), text) < 0) {
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
    const struct kith_cfg_section *section = kith_cfg_find_section(f->sections, section_name);
    if (!section) {
        if (!kith_cfg_is_foreign(f->foreign, section_name))
            fail_section(f, section_name);
        return;
    }
    const struct kith_cfg_key *key = kith_cfg_find_key(&section, name);
    if (!key) {
        char list[160];
        kith_cfg_list_keys(section, list, sizeof(list));
        fail(f, KITH_ECONFIG, "[%s] %.40s: unknown key; known are: %s", section->name, name, list);
        return;
    }
    for (size_t i = 0; i < f->settings->n; i++)
        if (f->settings->all[i].key == key && f->settings->all[i].section == section)
            fail(f, KITH_ECONFIG, "[%s] %s: set twice; it stands already in line %u", section->name,
                 key->name, f->settings->all[i].line);
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

kith_err kith_cfg_read(const struct kith_cfg_section *sections, const char *const *foreign,
                       const char *name, const char *bytes, size_t n, struct kith_cfg_settings *ret,
                       struct kith_why *why)
{
    struct file f = {.sections = sections,
                     .foreign = foreign,
                     .name = name,
                     .at = bytes,
                     .left = n,
                     .why = why,
                     .settings = ret};
    int status = ini_parse_stream(read_line, &f, on_pair, &f);
    if (status > 0 && (f.failed == 0 || (unsigned)status < f.failed)) {
        f.failed = 0;
        f.line = (unsigned)status;
        fail(&f, KITH_ECONFIG, "neither \"key = value\" nor \"[section]\"");
    } else if (status < 0) {
        fail(&f, KITH_ENOMEM, "out of memory");
    }
    return f.failed ? f.err : KITH_OK;
}

void kith_cfg_settings_done(struct kith_cfg_settings *settings)
{
    for (size_t i = 0; i < settings->n; i++)
        free(settings->all[i].text);
    free(settings->all);
}
