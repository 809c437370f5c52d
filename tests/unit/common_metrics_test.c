/* SPDX-License-Identifier: Apache-2.0 */
#include "kith_test.h"

#include <ctype.h>
#include <math.h>

#include "kith/metrics.h"

/* A reader of the text format 0.0.4, written from its description and used for nothing but this test. It asserts the grammar and
 * remembers families and samples. */
enum { FAMILIES = 64, SAMPLES = 2000 };

struct family {
    char name[100];
    char type[16];
    char help[200];
};

struct sample {
    const struct family *family;
    char name[100];
    char labels[300]; /* as written, without le */
    char le[40];
    double value;
};

static struct page {
    struct family families[FAMILIES];
    size_t families_n;
    struct sample samples[SAMPLES];
    size_t samples_n;
} page;

static size_t name_at(const char *s, bool colons)
{
    assert_true(isalpha((unsigned char)*s) || *s == '_' || (colons && *s == ':'));
    size_t n = 1;
    while (isalnum((unsigned char)s[n]) || s[n] == '_' || (colons && s[n] == ':'))
        n++;
    return n;
}

/* Escapes undone as a scraper does. Returns where the text went on; `quote`: the text ends at '"', else at the end. */
static const char *unescape(const char *s, bool quote, char *to, size_t room)
{
    size_t n = 0;
    while (*s && !(quote && *s == '"')) {
        char c = *s++;
        if (c == '\\') {
            assert_true(*s == '\\' || *s == 'n' || (quote && *s == '"'));
            c = *s == 'n' ? '\n' : *s;
            s++;
        }
        assert_true(n + 1 < room);
        to[n++] = c;
    }
    to[n] = '\0';
    return s;
}

static const struct family *find_family(const char *sample_name)
{
    static const char *const suffixes[] = {"", "_bucket", "_sum", "_count"};
    for (size_t i = 0; i < page.families_n; i++) {
        const struct family *f = &page.families[i];
        size_t suffixes_n = strcmp(f->type, "histogram") == 0 ? 4 : 1;
        for (size_t k = suffixes_n == 4; k < suffixes_n; k++) {
            char name[120];
            (void)snprintf(name, sizeof(name), "%s%s", f->name, suffixes[k]);
            if (strcmp(name, sample_name) == 0)
                return f;
        }
    }
    return NULL;
}

static void read_help(const char *line)
{
    assert_true(page.families_n < FAMILIES);
    struct family *f = &page.families[page.families_n];
    size_t n = name_at(line, true);
    assert_true(n < sizeof(f->name) && line[n] == ' ');
    (void)snprintf(f->name, sizeof(f->name), "%.*s", (int)n, line);
    for (size_t i = 0; i < page.families_n; i++)
        assert_string_not_equal(page.families[i].name, f->name); /* HELP once a name */
    (void)unescape(line + n + 1, false, f->help, sizeof(f->help));
    page.families_n++;
}

static void read_type(const char *line)
{
    struct family *f = &page.families[page.families_n - 1];
    size_t n = name_at(line, true);
    assert_true(page.families_n > 0 && strlen(f->name) == n && strncmp(f->name, line, n) == 0);
    assert_string_equal(f->type, ""); /* TYPE once a name, right behind HELP */
    (void)snprintf(f->type, sizeof(f->type), "%s", line + n + 1);
    assert_true(strcmp(f->type, "counter") == 0 || strcmp(f->type, "gauge") == 0 ||
                strcmp(f->type, "histogram") == 0);
}

static const char *read_labels(const char *s, struct sample *sample)
{
    for (bool more = true; more;) {
        size_t n = name_at(s, false);
        char value[200];
        assert_true(s[n] == '=' && s[n + 1] == '"');
        const char *end = unescape(s + n + 2, true, value, sizeof(value));
        assert_int_equal(*end, '"');
        if (n == 2 && strncmp(s, "le", 2) == 0)
            (void)snprintf(sample->le, sizeof(sample->le), "%.30s", value);
        else
            (void)snprintf(sample->labels + strlen(sample->labels),
                           sizeof(sample->labels) - strlen(sample->labels), "%.*s=%s;", (int)n, s,
                           value);
        more = end[1] == ',';
        s = end + 2;
        assert_true(more || end[1] == '}');
    }
    return s;
}

static void read_sample(const char *line)
{
    assert_true(page.samples_n < SAMPLES);
    struct sample *s = &page.samples[page.samples_n++];
    size_t n = name_at(line, true);
    (void)snprintf(s->name, sizeof(s->name), "%.*s", (int)n, line);
    s->family = find_family(s->name);
    assert_non_null(s->family);
    assert_ptr_equal(s->family, &page.families[page.families_n - 1]); /* grouped by name */
    line += n;
    if (*line == '{')
        line = read_labels(line + 1, s);
    assert_int_equal(*line, ' ');
    char *end;
    s->value = strtod(line + 1, &end);
    assert_true(end > line + 1 && *end == '\0');
    for (size_t i = 0; i + 1 < page.samples_n; i++) /* no sample twice */
        assert_true(strcmp(page.samples[i].name, s->name) != 0 ||
                    strcmp(page.samples[i].labels, s->labels) != 0 ||
                    strcmp(page.samples[i].le, s->le) != 0);
}

static void read_page(void)
{
    memset(&page, 0, sizeof(page));
    char *text = NULL;
    size_t n = 0;
    assert_ok(kith_metrics_text(&text, &n));
    assert_int_equal(strlen(text), n);
    assert_true(n == 0 || text[n - 1] == '\n');
    char *rest = NULL;
    for (char *line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
        if (strncmp(line, "# HELP ", 7) == 0)
            read_help(line + 7);
        else if (strncmp(line, "# TYPE ", 7) == 0)
            read_type(line + 7);
        else
            read_sample(line);
    }
    free(text);
}

static const struct sample *sample(const char *name, const char *labels, const char *le)
{
    for (size_t i = 0; i < page.samples_n; i++) {
        const struct sample *s = &page.samples[i];
        if (strcmp(s->name, name) == 0 && strcmp(s->labels, labels) == 0 && strcmp(s->le, le) == 0)
            return s;
    }
    fail_msg("no sample %s{%s} le %s", name, labels, le);
    return NULL;
}

/* ---- tests; the registry is the process's, so each uses names of its own ---- */

static void counters_and_gauges(void **state)
{
    (void)state;
    struct kith_metric *acked = kith_counter("test_acked_total", "Events acknowledged.", "");
    kith_metric_add(acked, 1);
    kith_metric_add(acked, 2.5);
    struct kith_metric *open = kith_gauge("test_open", "Connections.", "");
    kith_metric_add(open, 5);
    kith_metric_add(open, -2);
    assert_true(kith_metric_value(acked) == 3.5);
    assert_true(kith_metric_value(open) == 3);
    read_page();
    assert_true(sample("test_acked_total", "", "")->value == 3.5);
    assert_string_equal(sample("test_acked_total", "", "")->family->type, "counter");
    assert_string_equal(sample("test_acked_total", "", "")->family->help, "Events acknowledged.");
    assert_true(sample("test_open", "", "")->value == 3);
    kith_metric_set(open, -1e9);
    read_page();
    assert_true(sample("test_open", "", "")->value == -1e9);
    assert_string_equal(sample("test_open", "", "")->family->type, "gauge");
}

static void same_name_and_labels_are_the_same_metric(void **state)
{
    (void)state;
    char name[] = "test_same_total";
    char labels[] = "door=\"http\"";
    struct kith_metric *a = kith_counter(name, "Same.", labels);
    assert_ptr_equal(kith_counter("test_same_total", "Same.", "door=\"http\""), a);
    assert_ptr_not_equal(kith_counter("test_same_total", "Same.", "door=\"native\""), a);
    assert_ptr_not_equal(kith_counter("test_same_total", "Same.", ""), a);
    memset(name, 'x', sizeof(name) - 1); /* strings are copied */
    memset(labels, 'x', sizeof(labels) - 1);
    assert_ptr_equal(kith_counter("test_same_total", "Same.", "door=\"http\""), a);
}

static void labels_are_escaped_and_read_back(void **state)
{
    (void)state;
    kith_metric_add(kith_counter("test_labels_total", "Back\\slash and\nline.", ""), 1);
    kith_metric_add(kith_counter("test_labels_total", "", "a=\"q\\\"b\\\\n\\nz\",_b9=\"\""), 2);
    kith_metric_add(kith_counter("test_labels_total", "", "a=\"raw\nline\""), 3);
    kith_metric_add(kith_counter("test_labels_total", "", "a=\"{},= \xc3\xbc\""), 4);
    read_page();
    assert_string_equal(sample("test_labels_total", "", "")->family->help,
                        "Back\\slash and\nline.");
    assert_true(sample("test_labels_total", "a=q\"b\\n\nz;_b9=;", "")->value == 2);
    assert_true(sample("test_labels_total", "a=raw\nline;", "")->value == 3);
    assert_true(sample("test_labels_total", "a={},= \xc3\xbc;", "")->value == 4);
}

static const double bounds[] = {.0005, .001, .0025, .005, .01, .025, .05,
                                .1,    .25,  .5,    1,    2.5, 5,    10};

/* Against a model that counts every observation for every bound. */
static void histogram_buckets_are_cumulative(void **state)
{
    (void)state;
    struct kith_metric *h = kith_histogram("test_commit_seconds", "Commit.", "db=\"x\"");
    uint64_t below[KITH_LEN(bounds)] = {0};
    uint64_t n = 0;
    double sum = 0;
    uint64_t seed = 17;
    for (int i = 0; i < 5000; i++) {
        uint64_t r = test_random(&seed);
        double v = r % 3 == 0 ? bounds[(r >> 8) % KITH_LEN(bounds)] /* on the bound: inside */
                              : (double)((r >> 8) % 20000000) / 1e6;
        kith_metric_observe(h, v);
        n++;
        sum += v;
        for (size_t k = 0; k < KITH_LEN(bounds); k++)
            below[k] += v <= bounds[k];
    }
    assert_true(kith_metric_value(h) == (double)n);
    read_page();
    for (size_t k = 0; k < KITH_LEN(bounds); k++) {
        char le[32];
        (void)snprintf(le, sizeof(le), "%g", bounds[k]);
        assert_true(sample("test_commit_seconds_bucket", "db=x;", le)->value == (double)below[k]);
    }
    assert_true(sample("test_commit_seconds_bucket", "db=x;", "+Inf")->value == (double)n);
    assert_true(sample("test_commit_seconds_count", "db=x;", "")->value == (double)n);
    assert_true(sample("test_commit_seconds_sum", "db=x;", "")->value == sum);
    assert_string_equal(sample("test_commit_seconds_sum", "db=x;", "")->family->type, "histogram");
}

static void observations_out_of_the_ordinary(void **state)
{
    (void)state;
    struct kith_metric *h = kith_histogram("test_odd_seconds", "Odd.", "");
    kith_metric_observe(h, NAN); /* would spoil the sum for ever */
    kith_metric_observe(h, -1);
    kith_metric_observe(h, 1e12);
    read_page();
    assert_true(sample("test_odd_seconds_bucket", "", "0.0005")->value == 1);
    assert_true(sample("test_odd_seconds_bucket", "", "10")->value == 1);
    assert_true(sample("test_odd_seconds_bucket", "", "+Inf")->value == 2);
    assert_true(sample("test_odd_seconds_sum", "", "")->value == 1e12 - 1);
}

static void values_that_are_no_numbers_have_their_words(void **state)
{
    (void)state;
    kith_metric_set(kith_gauge("test_nan", "None.", ""), NAN);
    kith_metric_set(kith_gauge("test_inf", "Much.", ""), -INFINITY);
    read_page();
    assert_true(isnan(sample("test_nan", "", "")->value));
    assert_true(sample("test_inf", "", "")->value == (double)-INFINITY);
}

/* Large counters stay exact up to 2^53. */
static void large_counts_are_exact(void **state)
{
    (void)state;
    struct kith_metric *m = kith_counter("test_large_total", "Large.", "");
    kith_metric_add(m, 9007199254740991.0);
    read_page();
    assert_true(sample("test_large_total", "", "")->value == 9007199254740991.0);
}

static void many_metrics_made_in_any_order(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 500; i++) {
        unsigned k = i * 7919 % 500; /* every number once, in disorder */
        char labels[32];
        (void)snprintf(labels, sizeof(labels), "k=\"%u\"", k);
        kith_metric_add(
            kith_counter(k % 2 ? "test_many_a_total" : "test_many_total", "Many.", labels), k);
    }
    read_page();
    for (unsigned k = 0; k < 500; k++) {
        char labels[32];
        (void)snprintf(labels, sizeof(labels), "k=%u;", k);
        assert_true(sample(k % 2 ? "test_many_a_total" : "test_many_total", labels, "")->value ==
                    k);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(counters_and_gauges),
        cmocka_unit_test(same_name_and_labels_are_the_same_metric),
        cmocka_unit_test(labels_are_escaped_and_read_back),
        cmocka_unit_test(histogram_buckets_are_cumulative),
        cmocka_unit_test(observations_out_of_the_ordinary),
        cmocka_unit_test(values_that_are_no_numbers_have_their_words),
        cmocka_unit_test(large_counts_are_exact),
        cmocka_unit_test(many_metrics_made_in_any_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
