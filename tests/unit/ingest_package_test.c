/* SPDX-License-Identifier: Apache-2.0 */
/* ingest/package: zips, folders and files; each way in which a zip can be wrong has its code. */
#include "kith_test.h"

#include <sys/stat.h>
#include <unistd.h>
#include <zip.h>

#include "ingest/package.h"
#include "ingest_zip.h"

static char folder[64];
static char path[128];

static void write_file(const char *name, const void *data, size_t n)
{
    (void)snprintf(path, sizeof(path), "%s/%s", folder, name);
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(data, 1, n, f), n);
    assert_int_equal(fclose(f), 0);
}

static void write_zip(const struct zipw_entry *entries, size_t n)
{
    struct zipw *w = calloc(1, sizeof(*w));
    assert_non_null(w);
    for (size_t i = 0; i < n; i++)
        zipw_add(w, &entries[i]);
    zipw_finish(w);
    write_file("package.zip", w->bytes, w->n);
    free(w);
}
#define ZIP(...)                                                                                   \
    write_zip((const struct zipw_entry[]){__VA_ARGS__},                                            \
              KITH_LEN(((const struct zipw_entry[]){__VA_ARGS__})))

static size_t read_all(struct ingest_package *p, const char *name, char *out, size_t size)
{
    size_t n = 0;
    assert_ok(ingest_package_begin(p, name));
    for (ssize_t got; (got = ingest_package_read(p, out + n, size - n)) > 0;)
        n += (size_t)got;
    ingest_package_end(p);
    return n;
}

/* What is at `path` is refused with this code; NULL: some code. */
static void assert_refused(bool strict, const char *code)
{
    kith_auto(ingest_receipt) r = calloc(1, sizeof(*r));
    kith_auto(ingest_package) p = NULL;
    assert_err(ingest_package_open(path, strict, r, &p), KITH_EINVAL);
    assert_true(r->errors > 0);
    const struct ingest_finding *last = &r->findings[r->findings_n - 1];
    if (code)
        assert_string_equal(last->code, code);
    assert_true(strlen(last->text) > 10);
    assert_int_equal(last->severity, INGEST_ERROR);
}

static void a_good_zip(void **state)
{
    (void)state;
    char text[64];
    ZIP({"orgs.csv", "sourcedId\nA\n"}, {"users.csv", "sourcedId\n"});
    kith_auto(ingest_receipt) r = calloc(1, sizeof(*r));
    kith_auto(ingest_package) p = NULL;
    assert_ok(ingest_package_open(path, true, r, &p));
    assert_int_equal(ingest_package_n(p), 2);
    assert_string_equal(ingest_package_name(p, 1), "users.csv");
    assert_true(ingest_package_has(p, "orgs.csv"));
    assert_false(ingest_package_has(p, "roles.csv"));
    assert_err(ingest_package_begin(p, "roles.csv"), KITH_ENOTFOUND);
    for (int again = 0; again < 2; again++) {
        assert_int_equal(read_all(p, "orgs.csv", text, sizeof(text)), 12);
        assert_memory_equal(text, "sourcedId\nA\n", 12);
    }
    assert_int_equal(r->errors + r->warnings, 0);
}

static void names_that_lead_out(void **state)
{
    (void)state;
    static const char *const bad[] = {"../orgs.csv", "/orgs.csv",  "a/../../orgs.csv",
                                      "..",          "a/..",       "C:\\orgs.csv",
                                      "a\\orgs.csv", "c:orgs.csv", "./../x.csv"};
    for (size_t i = 0; i < KITH_LEN(bad); i++) {
        ZIP({bad[i], "x\n", .flags = 0x800});
        assert_refused(false, "entry_path");
    }
    ZIP({"\x1b[2Jorgs.csv", "x\n", .flags = 0x800}); /* would play with the terminal */
    assert_refused(false, NULL);
}

static void entries_that_are_no_files(void **state)
{
    (void)state;
    ZIP({"orgs.csv", "/etc/passwd", .attributes = S_IFLNK | 0777});
    assert_refused(false, "entry_link");
    ZIP({"orgs.csv", "x\n", .flags = 1});
    assert_refused(false, "zip_encrypted");
    ZIP({"orgs.csv", "x\n"}, {"orgs.csv", "y\n"});
    assert_refused(false, "entry_twice");
    ZIP({"a/orgs.csv", "x\n"}, {"orgs.csv", "y\n"}); /* by another way */
    assert_refused(false, "entry_twice");
    ZIP({"folder/", "", .n = 0});
    assert_refused(false, "package_empty");
}

static void one_folder_is_tolerated(void **state)
{
    (void)state;
    ZIP({"roster/", ""}, {"roster/orgs.csv", "x\n"}, {"__MACOSX/roster/._orgs.csv", "x"},
        {"roster/.DS_Store", "x"});
    kith_auto(ingest_receipt) r = calloc(1, sizeof(*r));
    kith_auto(ingest_package) p = NULL;
    assert_ok(ingest_package_open(path, false, r, &p));
    assert_int_equal(ingest_package_n(p), 1);
    assert_string_equal(ingest_package_name(p, 0), "orgs.csv");
    assert_int_equal(r->warnings, 1);
    assert_string_equal(r->findings[0].code, "entry_folder");
    assert_refused(true, "entry_folder");
    ZIP({"a/b/orgs.csv", "x\n"});
    assert_refused(false, "entry_folder");
}

static void too_many_entries(void **state)
{
    (void)state;
    struct zipw_entry entries[INGEST_PACKAGE_FILES + 1];
    char names[INGEST_PACKAGE_FILES + 1][8];
    for (size_t i = 0; i <= INGEST_PACKAGE_FILES; i++) {
        (void)snprintf(names[i], sizeof(names[i]), "%zu.csv", i);
        entries[i] = (struct zipw_entry){names[i], "x\n"};
    }
    write_zip(entries, INGEST_PACKAGE_FILES);
    kith_auto(ingest_receipt) r = calloc(1, sizeof(*r));
    kith_auto(ingest_package) p = NULL;
    assert_ok(ingest_package_open(path, true, r, &p));
    write_zip(entries, INGEST_PACKAGE_FILES + 1);
    assert_refused(false, "entries_many");
}

/* Every beginning of a zip is refused. */
static void damaged_zips(void **state)
{
    (void)state;
    struct zipw *w = calloc(1, sizeof(*w));
    assert_non_null(w);
    zipw_add(w, &(struct zipw_entry){"orgs.csv", "sourcedId,name\nA,B\n"});
    zipw_add(w, &(struct zipw_entry){"users.csv", "sourcedId\nA\n"});
    zipw_finish(w);
    for (size_t n = 0; n < w->n; n++) {
        write_file("package.zip", w->bytes, n);
        assert_refused(false, NULL);
    }
    free(w);
}

static void not_a_zip(void **state)
{
    (void)state;
    static const char text[] = "<html>Please log in</html>, and more than a directory's end needs";
    write_file("package.zip", text, sizeof(text) - 1);
    assert_refused(false, "zip_not");
    kith_auto(ingest_receipt) r = calloc(1, sizeof(*r));
    kith_auto(ingest_package) p = NULL;
    assert_err(ingest_package_open("/nowhere/package.zip", false, r, &p), KITH_ENOTFOUND);
    assert_null(p);
}

/* One entry's bytes hold another entry: what David Fifield calls a better zip bomb, in small. */
static void overlapping_entries(void **state)
{
    (void)state;
    static char inner[20000];
    memset(inner, 'x', sizeof(inner));
    struct zipw *w = calloc(1, sizeof(*w));
    struct zipw *nested = calloc(1, sizeof(*nested));
    assert_true(w && nested);
    struct zipw_entry b = {"b.csv", inner, .n = sizeof(inner)};
    (void)zipw_local(nested, &b);
    struct zipw_entry a = {"a.csv", (const char *)nested->bytes, .n = nested->n};
    zipw_list(w, &a, zipw_local(w, &a));
    zipw_list(w, &b, w->n - nested->n);
    zipw_finish(w);
    write_file("package.zip", w->bytes, w->n);
    free(w);
    free(nested);
    assert_refused(false, "zip_overlap");
}

static void assert_faults(const char *name, const char *code)
{
    static char buf[1 << 16];
    kith_auto(ingest_receipt) r = calloc(1, sizeof(*r));
    kith_auto(ingest_package) p = NULL;
    const char *text = NULL;
    ssize_t got;
    size_t total = 0;
    assert_ok(ingest_package_open(path, false, r, &p));
    assert_ok(ingest_package_begin(p, name));
    while ((got = ingest_package_read(p, buf, sizeof(buf))) > 0)
        total += (size_t)got;
    assert_int_equal(got, -1);
    assert_true(total < 16 << 20); /* not after all of it */
    assert_string_equal(ingest_package_fault(p, &text), code);
    assert_true(text && strlen(text) > 10);
}

/* 64 MiB of zeroes in 64 KiB: caught on the way. */
static void a_bomb(void **state)
{
    (void)state;
    size_t n = (size_t)64 << 20;
    char *zeroes = calloc(1, n);
    int code = 0;
    assert_non_null(zeroes);
    (void)snprintf(path, sizeof(path), "%s/package.zip", folder);
    zip_t *z = zip_open(path, ZIP_CREATE | ZIP_TRUNCATE, &code);
    assert_non_null(z);
    assert_true(zip_file_add(z, "users.csv", zip_source_buffer(z, zeroes, n, 0), 0) >= 0);
    assert_int_equal(zip_close(z), 0);
    free(zeroes);
    assert_faults("users.csv", "zip_bomb");
}

static void a_wrong_checksum(void **state)
{
    (void)state;
    ZIP({"orgs.csv", "sourcedId\nA\n"});
    FILE *f = fopen(path, "r+b");
    assert_non_null(f);
    assert_int_equal(fseek(f, 30 + 8 + 10, SEEK_SET), 0); /* the data's 11th byte */
    assert_int_equal(fputc('B', f), 'B');
    assert_int_equal(fclose(f), 0);
    assert_faults("orgs.csv", "zip_damaged");
}

/* All files together count, each once however often it is read. */
static void too_much_together(void **state)
{
    (void)state;
    char text[64];
    const char *why = NULL;
    ZIP({"orgs.csv", "0123456789"}, {"users.csv", "0123456789"});
    kith_auto(ingest_receipt) r = calloc(1, sizeof(*r));
    for (uint64_t limit = 19; limit <= 20; limit++) {
        kith_auto(ingest_package) p = NULL;
        assert_ok(ingest_package_open(path, true, r, &p));
        ingest_package_limit(p, limit);
        assert_int_equal(read_all(p, "orgs.csv", text, sizeof(text)), 10);
        assert_int_equal(read_all(p, "orgs.csv", text, sizeof(text)), 10);
        assert_ok(ingest_package_begin(p, "users.csv"));
        assert_int_equal(ingest_package_read(p, text, sizeof(text)), limit < 20 ? -1 : 10);
        const char *code = ingest_package_fault(p, &why);
        if (limit < 20)
            assert_string_equal(code, "too_large");
        else
            assert_null(code);
    }
}

static void folders_and_files(void **state)
{
    (void)state;
    char text[64];
    write_file("roster.csv", "a,b\n", 4);
    kith_auto(ingest_receipt) r = calloc(1, sizeof(*r));
    kith_auto(ingest_package) one = NULL;
    assert_ok(ingest_package_open(path, true, r, &one));
    assert_int_equal(ingest_package_n(one), 1);
    assert_int_equal(read_all(one, "roster.csv", text, sizeof(text)), 4);
    (void)unlink(path);
    (void)snprintf(path, sizeof(path), "%s/sub", folder);
    assert_int_equal(mkdir(path, 0700), 0);
    assert_refused(false, "package_empty");
    write_file("sub/orgs.csv", "x\n", 2);
    write_file("sub/notes.txt", "x\n", 2);
    (void)snprintf(path, sizeof(path), "%s/sub", folder);
    kith_auto(ingest_package) p = NULL;
    assert_ok(ingest_package_open(path, true, r, &p));
    assert_int_equal(ingest_package_n(p), 1);
    assert_int_equal(read_all(p, "orgs.csv", text, sizeof(text)), 2);
    (void)snprintf(path, sizeof(path), "%s/sub/notes.txt", folder);
    (void)unlink(path);
    (void)snprintf(path, sizeof(path), "%s/sub/orgs.csv", folder);
    (void)unlink(path);
    (void)snprintf(path, sizeof(path), "%s/sub", folder);
    (void)rmdir(path);
}

static int make_folder(void **state)
{
    (void)state;
    (void)strcpy(folder, "/tmp/kith-package-XXXXXX");
    return mkdtemp(folder) ? 0 : -1;
}

static int drop_folder(void **state)
{
    (void)state;
    (void)snprintf(path, sizeof(path), "%s/package.zip", folder);
    (void)unlink(path);
    return rmdir(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_good_zip),
        cmocka_unit_test(names_that_lead_out),
        cmocka_unit_test(entries_that_are_no_files),
        cmocka_unit_test(one_folder_is_tolerated),
        cmocka_unit_test(too_many_entries),
        cmocka_unit_test(damaged_zips),
        cmocka_unit_test(not_a_zip),
        cmocka_unit_test(overlapping_entries),
        cmocka_unit_test(a_bomb),
        cmocka_unit_test(a_wrong_checksum),
        cmocka_unit_test(too_much_together),
        cmocka_unit_test(folders_and_files),
    };
    return cmocka_run_group_tests(tests, make_folder, drop_folder);
}
