/* SPDX-License-Identifier: Apache-2.0 */
/* ingest/csv: random tables through a naive writer, in pieces of every size; every fault by code and line. */
#include "kith_test.h"

#include "ingest/csv.h"
#include "kith/cleanup.h"

struct source {
    const char *text;
    size_t n;
    size_t at;
    size_t piece; /* at most so many bytes a read; 0 = what fits */
    bool broken;  /* fails at its end */
};

static ssize_t read_source(void *ctx, void *buf, size_t n)
{
    struct source *s = ctx;
    size_t left = s->n - s->at;
    n = n < left ? n : left;
    n = s->piece && s->piece < n ? s->piece : n;
    if (n == 0 && s->broken)
        return -1;
    memcpy(buf, s->text + s->at, n);
    s->at += n;
    return (ssize_t)n;
}

/* ---- a table and its naive writer ---- */

#define ROWS_MAX   12
#define FIELDS_MAX 6

struct table {
    size_t rows;
    size_t fields;
    char cell[ROWS_MAX][FIELDS_MAX][32];
};

static void random_table(uint64_t *s, struct table *t)
{
    static const char *const pieces[] = {"a",    "Ña", ",", "\"", " ", "\t",
                                         "漢字", "\\", ";", "0",  "'", "x y"};
    t->rows = 1 + test_random(s) % ROWS_MAX;
    t->fields = 2 + test_random(s) % (FIELDS_MAX - 1);
    for (size_t r = 0; r < t->rows; r++)
        for (size_t f = 0; f < t->fields; f++) {
            char *c = t->cell[r][f];
            c[0] = '\0';
            for (size_t k = test_random(s) % 5; k > 0; k--)
                strcat(c, pieces[test_random(s) % KITH_LEN(pieces)]);
        }
}

static bool must_quote(const char *text)
{
    size_t n = strlen(text);
    return strpbrk(text, ",\"") ||
           (n > 0 && (strchr(" \t", text[0]) || strchr(" \t", text[n - 1])));
}

static size_t write_table(uint64_t *s, const struct table *t, char *out)
{
    char *at = out;
    bool crlf = test_random(s) % 2;
    if (test_random(s) % 2)
        at = stpcpy(at, "\xEF\xBB\xBF");
    for (size_t r = 0; r < t->rows; r++) {
        for (size_t f = 0; f < t->fields; f++) {
            const char *c = t->cell[r][f];
            bool quote = must_quote(c) || test_random(s) % 3 == 0;
            at = f ? stpcpy(at, ",") : at;
            at = quote ? stpcpy(at, "\"") : at;
            for (; *c; c++) {
                if (*c == '"')
                    *at++ = '"';
                *at++ = *c;
            }
            at = quote ? stpcpy(at, "\"") : at;
        }
        bool last = r + 1 == t->rows;
        if (!last || test_random(s) % 2)
            at = stpcpy(at, crlf ? "\r\n" : "\n");
        if (!last && test_random(s) % 4 == 0)
            at = stpcpy(at, crlf ? "\r\n" : "\n"); /* blank lines are skipped */
    }
    *at = '\0';
    return (size_t)(at - out);
}

static void assert_reads(const struct table *t, const char *text, size_t n, size_t piece)
{
    struct source src = {.text = text, .n = n, .piece = piece};
    kith_auto(ingest_csv) csv = NULL;
    struct ingest_row row;
    struct ingest_csv_fault fault;
    assert_ok(ingest_csv_new(read_source, &src, &csv));
    for (size_t r = 0; r < t->rows; r++) {
        assert_ok(ingest_csv_next(csv, &row, &fault));
        assert_int_equal(row.n, t->fields);
        for (size_t f = 0; f < t->fields; f++)
            assert_string_equal(row.field[f], t->cell[r][f]);
    }
    assert_ok(ingest_csv_next(csv, &row, &fault));
    assert_int_equal(row.n, 0);
}

static void what_is_written_is_read(void **state)
{
    (void)state;
    uint64_t s = 20260823;
    static char text[65536];
    for (int round = 0; round < 400; round++) {
        struct table t;
        random_table(&s, &t);
        size_t n = write_table(&s, &t, text);
        assert_reads(&t, text, n, 0);
        assert_reads(&t, text, n, 1); /* a boundary after every byte */
        assert_reads(&t, text, n, 1 + test_random(&s) % 40);
    }
}

/* ---- faults ---- */

struct expected {
    uint64_t line;
    const char *code; /* NULL: a row */
};

static void assert_faults(const char *text, size_t n, const struct expected *e)
{
    for (size_t piece = 0; piece < 4; piece++) {
        struct source src = {.text = text, .n = n, .piece = piece};
        kith_auto(ingest_csv) csv = NULL;
        struct ingest_row row;
        assert_ok(ingest_csv_new(read_source, &src, &csv));
        for (const struct expected *x = e; x->line; x++) {
            struct ingest_csv_fault fault = {0};
            kith_err err = ingest_csv_next(csv, &row, &fault);
            if (x->code) {
                assert_err(err, KITH_EDECODE);
                assert_string_equal(fault.code, x->code);
                assert_int_equal(fault.line, x->line);
                assert_true(strlen(fault.text) > 10);
            } else {
                assert_ok(err);
                assert_int_equal(row.line, x->line);
            }
        }
        struct ingest_csv_fault fault;
        assert_ok(ingest_csv_next(csv, &row, &fault));
        assert_int_equal(row.n, 0);
    }
}

#define FAULTS(text, ...)                                                                          \
    assert_faults(text, sizeof(text) - 1, (const struct expected[]){__VA_ARGS__, {0}})

static void each_fault_has_its_line(void **state)
{
    (void)state;
    FAULTS("a,b\n\"1,2\n3,4\n", {1}, {2, "quote_open"}, {3});
    FAULTS("a,b\n\"x \\\"y\\\"\",2\n3,4\n", {1}, {2, "quote_backslash"}, {3});
    FAULTS("a,b\nx\"y,2\n\"x\"y,2\n3,4\n", {1}, {2, "quote_stray"}, {3, "quote_stray"}, {4});
    FAULTS("a,b\n1\0,2\n3,4\n", {1}, {2, "nul"}, {3});
    FAULTS("a,b\nMu\xF1oz,2\n3,4\n", {1}, {2, "not_utf8"}, {3});
    FAULTS("a,b\n1\r2,3\n3,4", {1}, {2, "carriage_return"}, {3});
    FAULTS("\xFF\xFE"
           "a\0,\0b\0\n",
           {1, "utf16"});
    FAULTS("\xFE\xFF\0a\0,\0b\0\n", {1, "utf16"});
}

/* A field that ends in a backslash is a field like any other. */
static void a_backslash_is_text(void **state)
{
    (void)state;
    FAULTS("a,b\nC:\\,2\n\"C:\\ \",2\n", {1}, {2}, {3});
}

static void the_byte_is_named(void **state)
{
    (void)state;
    static const char text[] = "a\nMu\xF1oz\n";
    struct source src = {.text = text, .n = sizeof(text) - 1};
    kith_auto(ingest_csv) csv = NULL;
    struct ingest_row row;
    struct ingest_csv_fault fault;
    assert_ok(ingest_csv_new(read_source, &src, &csv));
    assert_ok(ingest_csv_next(csv, &row, &fault));
    assert_err(ingest_csv_next(csv, &row, &fault), KITH_EDECODE);
    assert_non_null(strstr(fault.text, "Byte 3 "));
}

/* Lines around the limit, and a field too many; what comes after a line too long keeps its number. */
static void limits(void **state)
{
    (void)state;
    for (size_t n = INGEST_CSV_LINE - 2; n <= INGEST_CSV_LINE * 4;
         n = n < INGEST_CSV_LINE + 3 ? n + 1 : n * 2) {
        for (int crlf = 0; crlf < 2; crlf++) {
            kith_auto_mem char *text = malloc(n + 32);
            assert_non_null(text);
            size_t at = (size_t)sprintf(text, "a%s", crlf ? "\r\n" : "\n");
            memset(text + at, 'x', n);
            at += n;
            at += (size_t)sprintf(text + at, "%slast,one%s", crlf ? "\r\n" : "\n",
                                  crlf ? "\r\n" : "\n");
            assert_faults(text, at,
                          (const struct expected[]){
                              {1}, {2, n > INGEST_CSV_LINE ? "line_long" : NULL}, {3}, {0}});
        }
    }
    char many[2 * INGEST_CSV_FIELDS + 8] = "";
    for (int i = 0; i < INGEST_CSV_FIELDS; i++)
        strcat(many, ",");
    strcat(many, "\nx\n");
    assert_faults(many, strlen(many), (const struct expected[]){{1, "fields_many"}, {2}, {0}});
}

static void a_source_that_fails(void **state)
{
    (void)state;
    struct source src = {.text = "a,b\n1,2\n", .n = 8, .piece = 4, .broken = true};
    kith_auto(ingest_csv) csv = NULL;
    struct ingest_row row;
    struct ingest_csv_fault fault;
    assert_ok(ingest_csv_new(read_source, &src, &csv));
    assert_ok(ingest_csv_next(csv, &row, &fault));
    assert_ok(ingest_csv_next(csv, &row, &fault));
    assert_err(ingest_csv_next(csv, &row, &fault), KITH_EIO);
}

/* ---- UTF-8, against the definition ---- */

static bool naive_utf8(const unsigned char *s, size_t n)
{
    for (size_t i = 0; i < n;) {
        size_t size = s[i] < 0x80       ? 1
                      : s[i] >> 5 == 6  ? 2
                      : s[i] >> 4 == 14 ? 3
                      : s[i] >> 3 == 30 ? 4
                                        : 0;
        if (size == 0 || i + size > n)
            return false;
        uint32_t c = size == 1 ? s[i] : s[i] & (0x7Fu >> size);
        for (size_t k = 1; k < size; k++) {
            if (s[i + k] >> 6 != 2)
                return false;
            c = c << 6 | (s[i + k] & 0x3F);
        }
        static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
        if (c < least[size] || c > 0x10FFFF || (c >= 0xD800 && c <= 0xDFFF))
            return false;
        i += size;
    }
    return true;
}

static void utf8(void **state)
{
    (void)state;
    uint64_t s = 7;
    static const unsigned char edges[] = {0x00, 0x7F, 0x80, 0xBF, 0xC0, 0xC1, 0xC2,
                                          0xDF, 0xE0, 0x9F, 0xA0, 0xED, 0xEE, 0xEF,
                                          0xF0, 0x8F, 0x90, 0xF4, 0xF5, 0xFF, 'a'};
    for (int round = 0; round < 300000; round++) {
        unsigned char text[6];
        size_t n = test_random(&s) % 7;
        for (size_t i = 0; i < n; i++)
            text[i] = edges[test_random(&s) % sizeof(edges)];
        bool good = naive_utf8(text, n);
        assert_int_equal(ingest_utf8_fault((const char *)text, n) == 0, good);
        size_t fault = ingest_utf8_fault((const char *)text, n);
        if (fault > 0) /* what stands before it is whole */
            assert_true(naive_utf8(text, fault - 1));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_written_is_read),
        cmocka_unit_test(each_fault_has_its_line),
        cmocka_unit_test(a_backslash_is_text),
        cmocka_unit_test(the_byte_is_named),
        cmocka_unit_test(limits),
        cmocka_unit_test(a_source_that_fails),
        cmocka_unit_test(utf8),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
