/* SPDX-License-Identifier: Apache-2.0 */
/* client/spool against a list in memory: random puts, readings, confirmations and reopenings; cut at every byte of its end; damaged in the middle. */
#include "kith_test.h"

#include <dirent.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ingest/client/spool.h"

static char folder[64];

static int make_folder(void **state)
{
    (void)state;
    (void)strcpy(folder, "/tmp/kith-spool.XXXXXX");
    return mkdtemp(folder) ? 0 : -1;
}

static int drop_folder(void **state)
{
    (void)state;
    char path[400];
    DIR *dir = opendir(folder);
    for (struct dirent *e; dir && (e = readdir(dir));) {
        (void)snprintf(path, sizeof(path), "%s/%s", folder, e->d_name);
        (void)unlink(path);
    }
    if (dir)
        (void)closedir(dir);
    return rmdir(folder);
}

static struct spool *opened(void)
{
    struct spool *s = NULL;
    struct kith_why why = {""};
    if (spool_open(folder, 1u << 30, &s, &why) != KITH_OK)
        fail_msg("%s", why.text);
    return s;
}

/* Record i: its number over and over, up to 50 bytes; now and then a large one. */
static size_t make(uint32_t i, uint8_t *to)
{
    size_t n = 1 + i * 7 % 50;
    if (i % 97 == 0)
        n = 400000;
    memset(to, (int)(i % 251), n);
    return n;
}

static void expect_record(struct spool *s, struct spool_pos *at, uint32_t i, uint8_t *scratch)
{
    uint8_t *record = NULL;
    size_t n = 0;
    size_t wanted = make(i, scratch);
    assert_err(spool_next(s, at, &record, &n), KITH_OK);
    assert_int_equal(n, wanted);
    assert_memory_equal(record, scratch, n);
    free(record);
}

static void as_a_list(void **state)
{
    (void)state;
    kith_auto_mem uint8_t *scratch = malloc(400000);
    uint64_t r = 11;
    uint32_t put = 0;
    uint32_t done = 0;
    struct spool *s = opened();
    for (int step = 0; step < 3000; step++) {
        switch (test_random(&r) % 6) {
        case 0:
        case 1:
        case 2: {
            size_t n = make(put, scratch);
            assert_err(spool_append(s, scratch, n), KITH_OK);
            put++;
            break;
        }
        case 3: {
            uint32_t some = put > done ? (uint32_t)(test_random(&r) % (put - done + 1)) : 0;
            struct spool_pos at = spool_begin(s);
            for (uint32_t k = 0; k < some; k++)
                expect_record(s, &at, done + k, scratch);
            if (test_random(&r) % 2 == 0) {
                assert_err(spool_done(s, at, some), KITH_OK);
                done += some;
            }
            break;
        }
        case 4:
            if (test_random(&r) % 20 == 0) { /* the process ends and comes again */
                spool_free(s);
                s = opened();
                assert_int_equal(spool_cut(s), 0);
            }
            break;
        default:
            assert_err(spool_sync(s), KITH_OK);
        }
        assert_int_equal(spool_waiting(s), put - done);
    }
    struct spool_pos at = spool_begin(s);
    for (uint32_t k = done; k < put; k++)
        expect_record(s, &at, k, scratch);
    uint8_t *record = NULL;
    size_t n = 0;
    assert_err(spool_next(s, &at, &record, &n), KITH_ENOTFOUND);
    spool_free(s);
}

static void copy_file(const char *from, const char *to, size_t n)
{
    kith_auto_mem char *bytes = malloc(n ? n : 1);
    FILE *in = fopen(from, "rb");
    FILE *out = fopen(to, "wb");
    assert_true(in && out && fread(bytes, 1, n, in) == n && fwrite(bytes, 1, n, out) == n);
    (void)fclose(in);
    (void)fclose(out);
}

/* Whatever byte a crash ended at: the records before are there, the half one is dropped, and writing goes on. */
static void cut_anywhere(void **state)
{
    (void)state;
    uint8_t record[64];
    char segment[128];
    char whole[128];
    struct spool *s = opened();
    for (uint32_t i = 1; i <= 5; i++)
        assert_err(spool_append(s, record, make(i, record)), KITH_OK);
    spool_free(s);
    (void)snprintf(segment, sizeof(segment), "%s/0000000000.seg", folder);
    (void)snprintf(whole, sizeof(whole), "%s/whole", folder);
    struct stat st;
    assert_int_equal(stat(segment, &st), 0);
    copy_file(segment, whole, (size_t)st.st_size);
    for (size_t cut = 0; cut <= (size_t)st.st_size; cut++) {
        copy_file(whole, segment, cut);
        s = opened();
        struct spool_pos at = spool_begin(s);
        uint64_t there = spool_waiting(s);
        size_t bytes = 0;
        for (uint32_t i = 1; i <= there; i++) {
            expect_record(s, &at, i, record);
            bytes += 8 + make(i, record);
        }
        assert_int_equal(spool_cut(s), cut - bytes);
        if (there < 5)
            assert_true(bytes + 8 + make((uint32_t)there + 1, record) > cut);
        assert_err(spool_append(s, record, make(77, record)), KITH_OK);
        spool_free(s);
        s = opened();
        assert_int_equal(spool_cut(s), 0);
        assert_int_equal(spool_waiting(s), there + 1);
        at = spool_begin(s);
        for (uint32_t i = 1; i <= there; i++)
            expect_record(s, &at, i, record);
        expect_record(s, &at, 77, record);
        spool_free(s);
    }
}

/* A bit that fell over in the middle of what is not done is an error that says where, when whole segments follow. */
static void damage_is_told(void **state)
{
    (void)state;
    kith_auto_mem uint8_t *record = malloc(400000);
    char segment[128];
    struct kith_why why = {""};
    struct spool *s = opened();
    for (int i = 0; i < 50; i++) /* more than a segment */
        assert_err(spool_append(s, record, make(97, record)), KITH_OK);
    spool_free(s);
    (void)snprintf(segment, sizeof(segment), "%s/0000000000.seg", folder);
    FILE *file = fopen(segment, "r+b");
    assert_true(file && fseek(file, 500000, SEEK_SET) == 0 && fputc(1, file) == 1);
    (void)fclose(file);
    assert_err(spool_open(folder, 1u << 30, &s, &why), KITH_EDECODE);
    assert_non_null(strstr(why.text, "segment 0 is damaged at byte 400008"));
}

static void limits(void **state)
{
    (void)state;
    uint8_t record[64] = {0};
    struct spool *s = NULL;
    struct spool *second = NULL;
    struct kith_why why = {""};
    struct stat st;
    assert_err(spool_open(folder, 200, &s, &why), KITH_OK);
    assert_err(spool_open(folder, 200, &second, &why), KITH_EBUSY);
    assert_non_null(strstr(why.text, "another process"));
    assert_err(spool_append(s, record, 0), KITH_ETOOBIG);
    assert_err(spool_append(s, record, 64), KITH_OK);
    assert_err(spool_append(s, record, 64), KITH_OK);
    assert_err(spool_append(s, record, 64), KITH_EBUSY);
    struct spool_pos at = spool_begin(s);
    uint8_t *back = NULL;
    size_t n = 0;
    assert_err(spool_next(s, &at, &back, &n), KITH_OK);
    free(back);
    assert_err(spool_done(s, at, 1), KITH_OK);
    assert_err(spool_append(s, record, 64), KITH_OK);
    char segment[128];
    (void)snprintf(segment, sizeof(segment), "%s/0000000000.seg", folder);
    assert_int_equal(stat(segment, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    spool_free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(as_a_list, make_folder, drop_folder),
        cmocka_unit_test_setup_teardown(cut_anywhere, make_folder, drop_folder),
        cmocka_unit_test_setup_teardown(damage_is_told, make_folder, drop_folder),
        cmocka_unit_test_setup_teardown(limits, make_folder, drop_folder),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
