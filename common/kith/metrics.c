/* SPDX-License-Identifier: Apache-2.0 */
#include "kith/metrics.h"

#include <assert.h>
#include <ctype.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kith/text_internal.h"

enum kind { COUNTER, GAUGE, HISTOGRAM };

static const char *const kind_names[] = {
    [COUNTER] = "counter", [GAUGE] = "gauge", [HISTOGRAM] = "histogram"};

static const double bounds[] = {.0005, .001, .0025, .005, .01, .025, .05,
                                .1,    .25,  .5,    1,    2.5, 5,    10};

struct kith_metric {
    char *name;
    char *help;
    char *labels; /* with line ends escaped */
    enum kind kind;
    double value;                           /* counter, gauge; histogram: the sum */
    uint64_t count;                         /* histogram */
    uint64_t buckets[KITH_LEN(bounds) + 1]; /* not cumulative; the last is what no bound holds */
};

/* Sorted by name, then labels: a look-up is a binary search and the text comes out grouped. */
static struct {
    struct kith_metric **all;
    size_t n;
    size_t room;
} registry;

/* Takes what is counted when memory is exhausted, so that callers need no check. */
static struct kith_metric nowhere;

/* ---- grammar: prometheus.io "Exposition formats", text format 0.0.4 ---- */

static size_t name_length(const char *s, bool colons)
{
    size_t n = 0;
    while (isalpha((unsigned char)s[n]) || s[n] == '_' || (colons && s[n] == ':') ||
           (n > 0 && isdigit((unsigned char)s[n])))
        n++;
    return n;
}

static bool name_is_valid(const char *name)
{
    size_t n = name_length(name, true);
    return n > 0 && name[n] == '\0';
}

/* The end of name="value" at `s`, NULL when there is none. */
static const char *skip_label(const char *s)
{
    size_t n = name_length(s, false);
    if (n == 0 || s[n] != '=' || s[n + 1] != '"')
        return NULL;
    s += n + 2;
    while (*s != '\0' && *s != '"') {
        if (*s == '\\' && s[1] != '\\' && s[1] != '"' && s[1] != 'n')
            return NULL;
        s += *s == '\\' ? 2 : 1;
    }
    return *s == '"' ? s + 1 : NULL;
}

static bool labels_are_valid(const char *labels)
{
    const char *s = labels;
    if (*s == '\0')
        return true;
    for (;;) {
        s = skip_label(s);
        if (!s || *s == '\0')
            return s != NULL;
        if (*s++ != ',')
            return false;
    }
}

/* A copy in which line ends, and with `backslashes` those too, are escaped. */
static char *escape(const char *s, bool backslashes)
{
    char *copy = malloc(strlen(s) * 2 + 1);
    if (!copy)
        return NULL;
    char *to = copy;
    for (; *s; s++) {
        if (*s == '\n' || (backslashes && *s == '\\'))
            *to++ = '\\';
        *to++ = *s == '\n' ? 'n' : *s;
    }
    *to = '\0';
    return copy;
}

/* ---- the registry ---- */

static int compare(const struct kith_metric *m, const char *name, const char *labels)
{
    int order = strcmp(m->name, name);
    return order ? order : strcmp(m->labels, labels);
}

/* Where (name, labels) is or belongs. */
static size_t position(const char *name, const char *labels)
{
    size_t low = 0;
    size_t high = registry.n;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (compare(registry.all[middle], name, labels) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static void kith_metric_free(struct kith_metric *m)
{
    if (!m)
        return;
    free(m->name);
    free(m->help);
    free(m->labels);
    free(m);
}
KITH_DEFINE_AUTO(kith_metric)

static bool make_room(void)
{
    if (registry.n < registry.room)
        return true;
    size_t room = registry.room ? registry.room * 2 : 64;
    struct kith_metric **grown = reallocarray(registry.all, room, sizeof(struct kith_metric *));
    if (!grown)
        return false;
    registry.all = grown;
    registry.room = room;
    return true;
}

static struct kith_metric *insert(size_t at, enum kind kind, const char *name, const char *help,
                                  const char *labels)
{
    kith_auto(kith_metric) m = calloc(1, sizeof(*m));
    if (!m || !make_room())
        return &nowhere;
    m->kind = kind;
    m->name = strdup(name);
    m->help = escape(help, true);
    m->labels = strdup(labels);
    if (!m->name || !m->help || !m->labels)
        return &nowhere;
    memmove(&registry.all[at + 1], &registry.all[at],
            (registry.n - at) * sizeof(struct kith_metric *));
    registry.n++;
    registry.all[at] = m;
    return KITH_TAKE(m);
}

static struct kith_metric *get(enum kind kind, const char *name, const char *help,
                               const char *labels)
{
    assert(name_is_valid(name));
    assert(labels_are_valid(labels));
    if (!name_is_valid(name) || !labels_are_valid(labels))
        return &nowhere; /* one broken line would make the whole page unreadable */
    kith_auto_mem char *escaped = escape(labels, false);
    if (!escaped)
        return &nowhere;
    size_t at = position(name, escaped);
    if (at < registry.n && compare(registry.all[at], name, escaped) == 0) {
        assert(registry.all[at]->kind == kind);
        return registry.all[at];
    }
    return insert(at, kind, name, help, escaped);
}

struct kith_metric *kith_counter(const char *name, const char *help, const char *labels)
{
    return get(COUNTER, name, help, labels);
}

struct kith_metric *kith_gauge(const char *name, const char *help, const char *labels)
{
    return get(GAUGE, name, help, labels);
}

struct kith_metric *kith_histogram(const char *name, const char *help, const char *labels)
{
    return get(HISTOGRAM, name, help, labels);
}

void kith_metric_add(struct kith_metric *m, double v)
{
    assert(m == &nowhere || m->kind == GAUGE || (m->kind == COUNTER && v >= 0));
    m->value += v;
}

void kith_metric_set(struct kith_metric *m, double v)
{
    assert(m == &nowhere || m->kind == GAUGE);
    m->value = v;
}

void kith_metric_observe(struct kith_metric *m, double v)
{
    assert(m == &nowhere || m->kind == HISTOGRAM);
    if (isnan(v))
        return; /* would make the sum useless for ever */
    size_t i = 0;
    while (i < KITH_LEN(bounds) && v > bounds[i])
        i++;
    m->buckets[i]++;
    m->count++;
    m->value += v;
}

double kith_metric_value(const struct kith_metric *m)
{
    return m->kind == HISTOGRAM ? (double)m->count : m->value;
}

/* ---- the text ---- */

static void print_real(FILE *out, double v)
{
    char text[KITH_REAL_TEXT];
    if (isfinite(v))
        (void)fwrite(text, 1, kith_real_format(v, text), out);
    else
        (void)fputs(isnan(v) ? "NaN" : v > 0 ? "+Inf" : "-Inf", out);
}

static void print_sample(FILE *out, const struct kith_metric *m, const char *suffix, double v)
{
    const char *open = *m->labels ? "{" : "";
    const char *close = *m->labels ? "}" : "";
    (void)fprintf(out, "%s%s%s%s%s ", m->name, suffix, open, m->labels, close);
    print_real(out, v);
    (void)fputc('\n', out);
}

static void print_histogram(FILE *out, const struct kith_metric *m)
{
    const char *comma = *m->labels ? "," : "";
    uint64_t below = 0;
    for (size_t i = 0; i <= KITH_LEN(bounds); i++) {
        below += m->buckets[i];
        (void)fprintf(out, "%s_bucket{%s%sle=\"", m->name, m->labels, comma);
        print_real(out, i < KITH_LEN(bounds) ? bounds[i] : INFINITY);
        (void)fprintf(out, "\"} %" PRIu64 "\n", below);
    }
    print_sample(out, m, "_sum", m->value);
    print_sample(out, m, "_count", (double)m->count);
}

static void print_all(FILE *out)
{
    const char *former = "";
    for (size_t i = 0; i < registry.n; i++) {
        const struct kith_metric *m = registry.all[i];
        if (strcmp(m->name, former) != 0)
            (void)fprintf(out, "# HELP %s %s\n# TYPE %s %s\n", m->name, m->help, m->name,
                          kind_names[m->kind]);
        former = m->name;
        if (m->kind == HISTOGRAM)
            print_histogram(out, m);
        else
            print_sample(out, m, "", m->value);
    }
}

kith_err kith_metrics_text(char **ret, size_t *ret_n)
{
    char *text = NULL;
    size_t n = 0;
    FILE *out = open_memstream(&text, &n);
    if (!out)
        return KITH_ENOMEM;
    print_all(out);
    bool whole = ferror(out) == 0;
    if (fclose(out) != 0 || !whole) {
        free(text);
        return KITH_ENOMEM;
    }
    *ret = text;
    *ret_n = n;
    return KITH_OK;
}
