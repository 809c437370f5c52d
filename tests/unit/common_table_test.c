/* SPDX-License-Identifier: Apache-2.0 */
#include "kith_test.h"

#include <jansson.h>
#include <locale.h>
#include <poll.h>
#include <pty.h>
#include <unistd.h>

#include "kith/clock.h"
#include "kith/table.h"

static const struct kith_column columns[] = {
    {"stream", "STREAM", false},
    {"lag", "LAG", true},
    {"note", "NOTE", false},
    {0},
};

static int setup(void **state)
{
    struct kith_table *t = NULL;
    if (!setlocale(LC_ALL, "C.UTF-8") || kith_table_new(columns, &t) != KITH_OK)
        return -1;
    *state = t;
    return 0;
}

static int teardown(void **state)
{
    kith_table_free(*state);
    return 0;
}

static void row(struct kith_table *t, const char *a, const char *b, const char *c)
{
    assert_ok(kith_table_row(t, (const char *const[]){a, b, c}));
}

/* The caller frees. */
static char *printed(struct kith_table *t, bool json, const char *empty)
{
    char *text = NULL;
    size_t n = 0;
    FILE *out = open_memstream(&text, &n);
    assert_non_null(out);
    assert_ok(kith_table_print(t, out, json, empty));
    assert_int_equal(fclose(out), 0);
    return text;
}

static void assert_prints(struct kith_table *t, bool json, const char *empty, const char *expected)
{
    char *text = printed(t, json, empty);
    assert_string_equal(text, expected);
    free(text);
}

static void terminal_aligns_columns(void **state)
{
    struct kith_table *t = *state;
    row(t, "ingest", "7", "ok");
    row(t, "risk", "12345", NULL);
    assert_prints(t, false, "nothing",
                  "STREAM   LAG NOTE\n"
                  "ingest     7 ok\n"
                  "risk   12345 -\n");
}

static void cells_are_copied(void **state)
{
    struct kith_table *t = *state;
    char cell[] = "ingest";
    row(t, cell, "1", cell);
    memset(cell, 'x', sizeof(cell) - 1);
    assert_prints(t, false, NULL, "STREAM LAG NOTE\ningest   1 ingest\n");
}

static void long_cells_are_whole_where_there_is_no_terminal(void **state)
{
    struct kith_table *t = *state;
    char cell[501];
    memset(cell, 'w', 500);
    cell[500] = '\0';
    row(t, cell, "1", cell);
    char *text = printed(t, false, NULL);
    char *first = strstr(text, cell);
    assert_non_null(first);
    assert_non_null(strstr(first + 500, cell));
    free(text);
}

static void other_alphabets_are_printed_and_control_bytes_are_not(void **state)
{
    struct kith_table *t = *state;
    row(t, "Zürich", "1", "\x1b[31mred\a");
    char *text = printed(t, false, NULL);
    assert_non_null(strstr(text, "Zürich"));
    assert_null(strchr(text, 0x1b)); /* a cell cannot command the terminal */
    assert_null(strchr(text, '\a'));
    free(text);
}

static void json_is_one_object_a_line_with_numbers_as_numbers(void **state)
{
    struct kith_table *t = *state;
    row(t, "ingest", "7", NULL);
    row(t, "7", "-9223372036854775808", "quote\" and \n line");
    row(t, "risk", NULL, "");
    row(t, "risk", "many", "007");
    row(t, "risk", "7 8", "x");
    assert_prints(
        t, true, "nothing",
        "{\"stream\":\"ingest\",\"lag\":7,\"note\":null}\n"
        "{\"stream\":\"7\",\"lag\":-9223372036854775808,\"note\":\"quote\\\" and \\n line\"}\n"
        "{\"stream\":\"risk\",\"lag\":null,\"note\":\"\"}\n"
        "{\"stream\":\"risk\",\"lag\":\"many\",\"note\":\"007\"}\n"
        "{\"stream\":\"risk\",\"lag\":\"7 8\",\"note\":\"x\"}\n");
}

static void empty_table_says_so_on_the_terminal_only(void **state)
{
    struct kith_table *t = *state;
    assert_prints(t, false, "no streams", "no streams\n");
    assert_prints(t, false, NULL, "STREAM LAG NOTE\n");
    assert_prints(t, true, "no streams", "");
}

/* Whatever bytes stand in a cell, the line parses and says the same as the cell, but for bytes that are no text. */
static void json_holds_any_bytes(void **state)
{
    struct kith_table *t = *state;
    uint64_t seed = 11;
    for (int i = 0; i < 500; i++) {
        char cell[24];
        size_t n = test_random(&seed) % (sizeof(cell) - 1);
        for (size_t k = 0; k < n; k++)
            cell[k] = (char)(1 + test_random(&seed) % 255);
        cell[n] = '\0';
        row(t, cell, "1", "abc");
    }
    char *text = printed(t, true, NULL);
    int lines = 0;
    for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n"), lines++) {
        json_error_t error;
        json_t *object = json_loads(line, JSON_REJECT_DUPLICATES, &error);
        assert_non_null(object);
        assert_string_equal(json_string_value(json_object_get(object, "note")), "abc");
        assert_true(json_is_string(json_object_get(object, "stream")));
        json_decref(object);
    }
    assert_int_equal(lines, 500);
    free(text);
}

static void a_full_device_is_an_error(void **state)
{
    struct kith_table *t = *state;
    row(t, "ingest", "7", NULL);
    for (int json = 0; json <= 1; json++) {
        FILE *full = fopen("/dev/full", "we");
        assert_non_null(full);
        assert_err(kith_table_print(t, full, json, NULL), KITH_EIO);
        (void)fclose(full);
    }
}

/* ---- progress, on a terminal of the test's own ---- */

struct terminal {
    int master;
    int slave;
    int saved;
};

static void open_terminal(struct terminal *t, unsigned short columns_n)
{
    struct winsize size = {.ws_row = 24, .ws_col = columns_n};
    assert_int_equal(openpty(&t->master, &t->slave, NULL, NULL, &size), 0);
    (void)fflush(stderr);
    t->saved = dup(STDERR_FILENO);
    assert_true(t->saved >= 0 && dup2(t->slave, STDERR_FILENO) >= 0);
}

static void close_terminal(struct terminal *t, char *seen, size_t room)
{
    (void)fflush(stderr);
    (void)dup2(t->saved, STDERR_FILENO);
    (void)close(t->saved);
    /* the kernel brings the bytes over some time later; the cleared line is the last of them */
    struct pollfd fd = {.fd = t->master, .events = POLLIN};
    size_t n = 0;
    seen[0] = '\0';
    while (!strstr(seen, "\r\x1b[K") && n + 1 < room && poll(&fd, 1, 5000) > 0) {
        ssize_t more = read(t->master, seen + n, room - 1 - n);
        if (more <= 0)
            break;
        n += (size_t)more;
        seen[n] = '\0';
    }
    (void)close(t->slave);
    (void)close(t->master);
}

static void progress_draws_seldom_and_clears_its_line(void **state)
{
    (void)state;
    struct terminal terminal;
    open_terminal(&terminal, 200);
    struct kith_progress p;
    int64_t before_ms = kith_clock_mono_ms();
    kith_progress_start(&p, "pushing", 1000);
    for (uint64_t i = 1; i <= 500; i++)
        kith_progress_update(&p, i);
    (void)usleep(120000);
    kith_progress_update(&p, 501);
    kith_progress_end(&p);
    int64_t took_ms = kith_clock_mono_ms() - before_ms;
    char seen[4096];
    close_terminal(&terminal, seen, sizeof(seen));
    int drawings = 0;
    for (const char *at = seen; (at = strstr(at, "pushing [")); at++)
        drawings++;
    assert_true(drawings >= 2 && drawings <= 1 + took_ms / 100);
    assert_non_null(strstr(seen, "\rpushing [                              ] 0/1000, 0/s"));
    assert_non_null(strstr(seen, "\rpushing [###############               ] 501/1000, "));
    assert_string_equal(seen + strlen(seen) - 4, "\r\x1b[K");
}

static void progress_fits_a_narrow_terminal(void **state)
{
    (void)state;
    struct terminal terminal;
    open_terminal(&terminal, 20);
    struct kith_progress p;
    kith_progress_start(&p, "a label longer than the terminal", 0);
    kith_progress_end(&p);
    char seen[4096];
    close_terminal(&terminal, seen, sizeof(seen));
    assert_string_equal(seen, "\ra label longer than\x1b[K\r\x1b[K");
}

static void progress_is_silent_without_a_terminal(void **state)
{
    (void)state;
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    int saved = dup(STDERR_FILENO);
    assert_true(saved >= 0 && dup2(ends[1], STDERR_FILENO) >= 0);
    struct kith_progress p;
    kith_progress_start(&p, "pushing", 10);
    kith_progress_update(&p, 5);
    kith_progress_end(&p);
    (void)dup2(saved, STDERR_FILENO);
    (void)close(saved);
    (void)close(ends[1]);
    char byte;
    assert_int_equal(read(ends[0], &byte, 1), 0);
    (void)close(ends[0]);
    assert_int_equal(p.done, 5);
}

#define TABLE_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TABLE_TEST(terminal_aligns_columns),
        TABLE_TEST(cells_are_copied),
        TABLE_TEST(long_cells_are_whole_where_there_is_no_terminal),
        TABLE_TEST(other_alphabets_are_printed_and_control_bytes_are_not),
        TABLE_TEST(json_is_one_object_a_line_with_numbers_as_numbers),
        TABLE_TEST(empty_table_says_so_on_the_terminal_only),
        TABLE_TEST(json_holds_any_bytes),
        TABLE_TEST(a_full_device_is_an_error),
        cmocka_unit_test(progress_draws_seldom_and_clears_its_line),
        cmocka_unit_test(progress_fits_a_narrow_terminal),
        cmocka_unit_test(progress_is_silent_without_a_terminal),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
