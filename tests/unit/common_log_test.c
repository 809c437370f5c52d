/* SPDX-License-Identifier: Apache-2.0 */
#include "kith_test.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <jansson.h>
#include <locale.h>
#include <math.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "kith/clock.h"
#include "kith/log.h"
#include "kith/text_internal.h"

/* Standard error becomes a datagram socket: one datagram is one write(2). */
struct fixture {
    int ends[2];
    int saved;
};

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));
    if (!f || socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, f->ends) != 0)
        return -1;
    (void)fflush(stderr);
    f->saved = dup(STDERR_FILENO);
    if (f->saved < 0 || dup2(f->ends[1], STDERR_FILENO) < 0)
        return -1;
    (void)unsetenv("JOURNAL_STREAM");
    kith_log_init("risk", KITH_LOG_INFO);
    kith_clock_set(1789398000123000);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    kith_clock_set(-1);
    (void)fflush(stderr);
    (void)dup2(f->saved, STDERR_FILENO);
    (void)close(f->saved);
    (void)close(f->ends[0]);
    (void)close(f->ends[1]);
    free(f);
    return 0;
}

/* The next write, as text; "" when there was none. */
static void next_write(struct fixture *f, char *text, size_t room)
{
    ssize_t n = recv(f->ends[0], text, room - 1, 0);
    text[n > 0 ? n : 0] = '\0';
}

/* The next line as JSON, the caller's; exactly one write, one line end, at its end. */
static json_t *next_line(struct fixture *f)
{
    char text[8192];
    next_write(f, text, sizeof(text));
    size_t n = strlen(text);
    assert_true(n > 0 && n <= 4096);
    assert_ptr_equal(strchr(text, '\n'), text + n - 1);
    json_error_t error;
    json_t *line = json_loads(text, JSON_REJECT_DUPLICATES, &error);
    assert_non_null(line);
    return line;
}

static const char *string_in(const json_t *line, const char *key)
{
    const char *value = json_string_value(json_object_get(line, key));
    assert_non_null(value);
    return value;
}

static void line_holds_what_was_said_in_order(void **state)
{
    struct fixture *f = *state;
    kith_log(KITH_LOG_WARN, "late", KITH_INT("pos", INT64_MIN), KITH_STR("stream", "ingest"),
             KITH_STR("none", NULL), KITH_BOOL("again", true), KITH_BOOL("never", false),
             KITH_REAL("lag_s", 0.1), KITH_ERR(KITH_EDB));
    char text[4096];
    next_write(f, text, sizeof(text));
    assert_string_equal(
        text, "{\"at\":\"2026-09-14T15:00:00.123Z\",\"level\":\"warn\",\"daemon\":\"risk\","
              "\"event\":\"late\",\"pos\":-9223372036854775808,\"stream\":\"ingest\","
              "\"none\":null,\"again\":true,\"never\":false,\"lag_s\":0.1,\"err\":\"KITH_EDB\"}\n");
    next_write(f, text, sizeof(text));
    assert_string_equal(text, ""); /* one write a line */
}

static void levels_below_the_least_are_silent(void **state)
{
    struct fixture *f = *state;
    static const char *const words[] = {"debug", "info", "warn", "error"};
    for (int least = KITH_LOG_DEBUG; least <= KITH_LOG_ERROR; least++) {
        kith_log_init("risk", (enum kith_log_level)least);
        for (int level = KITH_LOG_DEBUG; level <= KITH_LOG_ERROR; level++)
            kith_log((enum kith_log_level)level, "event", KITH_INT("n", level));
        for (int level = least; level <= KITH_LOG_ERROR; level++) {
            json_t *line = next_line(f);
            assert_string_equal(string_in(line, "level"), words[level]);
            json_decref(line);
        }
        char text[64];
        next_write(f, text, sizeof(text));
        assert_string_equal(text, "");
    }
}

static void level_words_parse(void **state)
{
    (void)state;
    enum kith_log_level level = KITH_LOG_DEBUG;
    assert_ok(kith_log_level_parse("error", &level));
    assert_int_equal(level, KITH_LOG_ERROR);
    assert_ok(kith_log_level_parse("debug", &level));
    assert_int_equal(level, KITH_LOG_DEBUG);
    assert_err(kith_log_level_parse("Error", &level), KITH_EINVAL);
    assert_err(kith_log_level_parse("", &level), KITH_EINVAL);
    assert_err(kith_log_level_parse("errors", &level), KITH_EINVAL);
    assert_int_equal(level, KITH_LOG_DEBUG);
}

/* What jansson must read back: the text itself with U+FFFD for each byte that its own decoder does not take. */
static void expect(const char *text, char *expected)
{
    for (size_t left = strlen(text); left > 0;) {
        size_t n = 4 < left ? 4 : left;
        json_t *whole =
            NULL; /* the longest of at most 4 bytes that jansson knows as one character */
        while (n > 0 && !(whole = json_stringn(text, n)))
            n--;
        if (n == 0) {
            expected = stpcpy(expected, "\xef\xbf\xbd");
            n = 1;
        } else {
            expected = mempcpy(expected, text, n);
        }
        json_decref(whole);
        text += n;
        left -= n;
    }
    *expected = '\0';
}

/* Bytes that are often near a border of UTF-8 or of JSON. */
static char nasty_byte(uint64_t *seed)
{
    static const unsigned char nasty[] = {'"',  '\\', '\n', 0x01, 0x1f, 0x7f, 0x80, 0x8f,
                                          0x90, 0x9f, 0xa0, 0xbf, 0xc0, 0xc1, 0xc2, 0xdf,
                                          0xe0, 0xed, 0xef, 0xf0, 0xf4, 0xf5, 0xff, 'a'};
    uint64_t r = test_random(seed);
    return (char)((r & 1) ? nasty[(r >> 8) % sizeof(nasty)] : 1 + (r >> 8) % 255);
}

static void any_bytes_stay_valid_json(void **state)
{
    struct fixture *f = *state;
    uint64_t seed = 21;
    for (int i = 0; i < 3000; i++) {
        char text[25];
        size_t n = test_random(&seed) % sizeof(text);
        for (size_t k = 0; k < n; k++)
            text[k] = nasty_byte(&seed);
        text[n] = '\0';
        char expected[80];
        expect(text, expected);
        kith_log(KITH_LOG_INFO, text, KITH_STR("text", text), KITH_INT("after", i));
        json_t *line = next_line(f);
        assert_string_equal(string_in(line, "text"), expected);
        assert_string_equal(string_in(line, "event"), expected);
        assert_int_equal(json_integer_value(json_object_get(line, "after")), i);
        json_decref(line);
    }
}

static void real_numbers_come_back_exactly(void **state)
{
    struct fixture *f = *state;
    static const double values[] = {0,      -0.0, 1,    0.1,       -2.5,         1e300,
                                    5e-324, 1e21, 1e-7, 1.0 / 3.0, 123456789.125};
    for (size_t i = 0; i < KITH_LEN(values); i++) {
        kith_log(KITH_LOG_INFO, "real", KITH_REAL("v", values[i]));
        json_t *line = next_line(f);
        assert_true(json_number_value(json_object_get(line, "v")) == values[i]);
        json_decref(line);
    }
    static const double no_numbers[] = {NAN, INFINITY, -INFINITY};
    for (size_t i = 0; i < KITH_LEN(no_numbers); i++) {
        kith_log(KITH_LOG_INFO, "real", KITH_REAL("v", no_numbers[i]));
        json_t *line = next_line(f);
        assert_true(json_is_null(json_object_get(line, "v")));
        json_decref(line);
    }
}

/* Lines longer than PIPE_BUF could be mixed with those of another process. */
static void long_lines_are_cut_and_stay_valid(void **state)
{
    struct fixture *f = *state;
    static const char letter[] = "\xc3\xbc"; /* two bytes: a cut in the middle would show */
    for (size_t n = 1900; n <= 2100; n++) {
        char *text = malloc(n * 2 + 1);
        assert_non_null(text);
        for (size_t i = 0; i < n; i++)
            memcpy(text + 2 * i, letter, 2);
        text[n * 2] = '\0';
        kith_log(KITH_LOG_INFO, "long", KITH_STR("text", text), KITH_INT("after", 7));
        json_t *line = next_line(f);
        bool whole = strlen(string_in(line, "text")) == n * 2 && json_object_get(line, "after");
        assert_int_equal(whole, json_object_get(line, "cut") == NULL);
        assert_true(strncmp(string_in(line, "text"), text, strlen(string_in(line, "text"))) == 0);
        assert_true(strlen(string_in(line, "text")) > 3700);
        json_decref(line);
        free(text);
    }
}

static void many_fields_are_dropped_whole(void **state)
{
    struct fixture *f = *state;
    struct kith_field fields[400];
    char keys[400][16];
    for (int i = 0; i < 400; i++) {
        (void)snprintf(keys[i], sizeof(keys[i]), "key%d", i);
        fields[i] = i % 2 ? KITH_INT(keys[i], i) : KITH_STR(keys[i], "\"\"");
    }
    for (size_t n = 200; n <= 400; n++) {
        kith_log_fields(KITH_LOG_INFO, "many", fields, n);
        json_t *line = next_line(f);
        if (!json_object_get(line, "cut"))
            assert_int_equal(json_object_size(line), n + 4);
        json_decref(line);
    }
    kith_log_fields(KITH_LOG_INFO, "many", fields, 400);
    json_t *line = next_line(f);
    assert_true(json_is_true(json_object_get(line, "cut")));
    json_decref(line);
}

static void journal_gets_priorities_and_others_do_not(void **state)
{
    struct fixture *f = *state;
    struct stat st;
    char stream[64];
    char text[4096];
    assert_int_equal(fstat(STDERR_FILENO, &st), 0);
    (void)snprintf(stream, sizeof(stream), "%ju:%ju", (uintmax_t)st.st_dev, (uintmax_t)st.st_ino);
    assert_int_equal(setenv("JOURNAL_STREAM", stream, 1), 0);
    kith_log_init("risk", KITH_LOG_DEBUG);
    static const char *const prefixes[] = {"<7>{", "<6>{", "<4>{", "<3>{"};
    for (int level = KITH_LOG_DEBUG; level <= KITH_LOG_ERROR; level++) {
        kith_log((enum kith_log_level)level, "event", KITH_INT("n", 1));
        next_write(f, text, sizeof(text));
        assert_true(strncmp(text, prefixes[level], 4) == 0);
    }
    assert_int_equal(setenv("JOURNAL_STREAM", "1:1", 1), 0); /* systemd reads another stream */
    kith_log_init("risk", KITH_LOG_DEBUG);
    kith_log(KITH_LOG_INFO, "event", KITH_INT("n", 1));
    next_write(f, text, sizeof(text));
    assert_int_equal(text[0], '{');
    (void)unsetenv("JOURNAL_STREAM");
}

static void a_full_or_closed_stream_holds_up_nobody(void **state)
{
    struct fixture *f = *state;
    for (int i = 0; i < 5000; i++) { /* nobody reads */
        errno = 4711;
        kith_log(KITH_LOG_INFO, "event", KITH_INT("n", i));
        assert_int_equal(errno, 4711);
    }
    json_t *line = next_line(f);
    json_decref(line);
    (void)close(STDERR_FILENO);
    kith_log(KITH_LOG_INFO, "event", KITH_INT("n", 1));
}

#define LOG_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        LOG_TEST(line_holds_what_was_said_in_order),
        LOG_TEST(levels_below_the_least_are_silent),
        cmocka_unit_test(level_words_parse),
        LOG_TEST(any_bytes_stay_valid_json),
        LOG_TEST(real_numbers_come_back_exactly),
        LOG_TEST(long_lines_are_cut_and_stay_valid),
        LOG_TEST(many_fields_are_dropped_whole),
        LOG_TEST(journal_gets_priorities_and_others_do_not),
        LOG_TEST(a_full_or_closed_stream_holds_up_nobody),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
