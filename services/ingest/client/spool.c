/* SPDX-License-Identifier: Apache-2.0 */
#include "ingest/client/spool.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#define HEAD          8
#define SEGMENT_BYTES (16u << 20)
#define PATH_SIZE     4096

struct spool {
    char folder[PATH_SIZE - 64];
    uint64_t max_bytes;
    int lock;
    int out; /* the last segment, for appending */
    struct spool_pos end;
    struct spool_pos begin;
    int in; /* the segment that was read last; -1 = none */
    uint64_t in_segment;
    uint64_t waiting;
    uint64_t bytes; /* not done */
    uint64_t cut;
};

static void path_of(const struct spool *s, uint64_t segment, char path[PATH_SIZE])
{
    (void)snprintf(path, PATH_SIZE, "%s/%010" PRIu64 ".seg", s->folder, segment);
}

static void put32(uint8_t *to, uint32_t v)
{
    for (int i = 0; i < 4; i++)
        to[i] = (uint8_t)(v >> (8 * i));
}

static uint32_t get32(const uint8_t *from)
{
    return (uint32_t)from[0] | (uint32_t)from[1] << 8 | (uint32_t)from[2] << 16 |
           (uint32_t)from[3] << 24;
}

static uint32_t crc_of(const void *data, size_t n)
{
    return (uint32_t)crc32(crc32(0, NULL, 0), data, (uInt)n);
}

static kith_err fail(struct kith_why *why, const char *path)
{
    kith_why_set(why, "%s: %s", path, strerror(errno));
    return KITH_EIO;
}

/* ---- reading ---- */

static bool open_in(struct spool *s, uint64_t segment)
{
    char path[PATH_SIZE];
    if (s->in >= 0 && s->in_segment == segment)
        return true;
    if (s->in >= 0)
        (void)close(s->in);
    path_of(s, segment, path);
    s->in = open(path, O_RDONLY | O_CLOEXEC);
    s->in_segment = segment;
    return s->in >= 0;
}

/* Exactly n bytes; 0: there are fewer; -1: error. */
static int read_at(int fd, void *to, size_t n, uint64_t offset)
{
    for (size_t done = 0; done < n;) {
        ssize_t got = pread(fd, (char *)to + done, n - done, (off_t)(offset + done));
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return got < 0 ? -1 : 0;
        done += (size_t)got;
    }
    return 1;
}

/* KITH_ENOTFOUND: the segment ends there; KITH_EDECODE: no whole record stands there. */
static kith_err read_record(struct spool *s, const struct spool_pos *at, uint8_t **ret, size_t *n)
{
    uint8_t head[HEAD];
    uint8_t one;
    if (!open_in(s, at->segment))
        return errno == ENOENT ? KITH_ENOTFOUND : KITH_EIO;
    int got = read_at(s->in, head, HEAD, at->offset);
    if (got < 0)
        return KITH_EIO;
    if (got == 0)
        return read_at(s->in, &one, 1, at->offset) == 0 ? KITH_ENOTFOUND : KITH_EDECODE;
    uint32_t size = get32(head);
    if (size == 0 || size > SPOOL_RECORD_MAX)
        return KITH_EDECODE;
    kith_auto_mem uint8_t *record = malloc(size);
    if (!record)
        return KITH_ENOMEM;
    got = read_at(s->in, record, size, at->offset + HEAD);
    if (got <= 0)
        return got < 0 ? KITH_EIO : KITH_EDECODE;
    if (crc_of(record, size) != get32(head + 4))
        return KITH_EDECODE;
    *ret = KITH_TAKE(record);
    *n = size;
    return KITH_OK;
}

kith_err spool_next(struct spool *s, struct spool_pos *at, uint8_t **ret, size_t *n)
{
    if (at->segment == s->end.segment && at->offset >= s->end.offset)
        return KITH_ENOTFOUND;
    kith_err err = read_record(s, at, ret, n);
    if (err == KITH_ENOTFOUND && at->segment < s->end.segment) {
        *at = (struct spool_pos){at->segment + 1, 0};
        return spool_next(s, at, ret, n);
    }
    if (err == KITH_OK)
        at->offset += HEAD + *n;
    return err;
}

/* ---- opening ---- */

static kith_err lock_folder(struct spool *s, struct kith_why *why)
{
    char path[PATH_SIZE];
    if (mkdir(s->folder, 0700) != 0 && errno != EEXIST)
        return fail(why, s->folder);
    (void)snprintf(path, sizeof(path), "%s/lock", s->folder);
    s->lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (s->lock < 0)
        return fail(why, path);
    if (flock(s->lock, LOCK_EX | LOCK_NB) == 0)
        return KITH_OK;
    kith_why_set(why, "%s: another process is sending from this spool", s->folder);
    return KITH_EBUSY;
}

static void read_done(struct spool *s)
{
    char path[PATH_SIZE];
    (void)snprintf(path, sizeof(path), "%s/done", s->folder);
    FILE *file = fopen(path, "re");
    if (file && fscanf(file, "%" SCNu64 " %" SCNu64, &s->begin.segment, &s->begin.offset) != 2)
        s->begin = (struct spool_pos){0, 0}; /* everything comes again */
    if (file)
        (void)fclose(file);
}

/* The first and the last segment there are; false: none. */
static bool find_segments(struct spool *s, uint64_t *first, uint64_t *last)
{
    bool found = false;
    DIR *dir = opendir(s->folder);
    for (struct dirent *e; dir && (e = readdir(dir));) {
        uint64_t n = 0;
        int length = 0;
        if (sscanf(e->d_name, "%10" SCNu64 ".seg%n", &n, &length) != 1 || length == 0 ||
            e->d_name[length] != '\0')
            continue;
        *first = found && *first < n ? *first : n;
        *last = found && *last > n ? *last : n;
        found = true;
    }
    if (dir)
        (void)closedir(dir);
    return found;
}

/* Reads all that is not done; what a crash cut off at the very end is dropped. */
static kith_err check_all(struct spool *s, uint64_t last, struct kith_why *why)
{
    struct spool_pos at = s->begin;
    for (;;) {
        uint8_t *record = NULL;
        size_t n = 0;
        kith_err err = read_record(s, &at, &record, &n);
        free(record);
        if (err == KITH_OK) {
            at.offset += HEAD + n;
            s->waiting++;
            s->bytes += HEAD + n;
            continue;
        }
        if (err == KITH_ENOTFOUND && at.segment < last) {
            at = (struct spool_pos){at.segment + 1, 0};
            continue;
        }
        if (err == KITH_EDECODE && at.segment < last)
            kith_why_set(why,
                         "%s: segment %" PRIu64 " is damaged at byte %" PRIu64
                         "; what is behind it is whole: move the spool away and look",
                         s->folder, at.segment, at.offset);
        if (err != KITH_ENOTFOUND && (err != KITH_EDECODE || at.segment < last))
            return err;
        s->end = at;
        return KITH_OK;
    }
}

static kith_err open_out(struct spool *s, struct kith_why *why)
{
    char path[PATH_SIZE];
    struct stat st;
    path_of(s, s->end.segment, path);
    s->out = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (s->out < 0 || fstat(s->out, &st) != 0)
        return fail(why, path);
    if ((uint64_t)st.st_size > s->end.offset) {
        s->cut = (uint64_t)st.st_size - s->end.offset;
        if (ftruncate(s->out, (off_t)s->end.offset) != 0)
            return fail(why, path);
    }
    int folder = open(s->folder, O_DIRECTORY | O_RDONLY | O_CLOEXEC);
    bool good = folder >= 0 && fsync(folder) == 0;
    if (folder >= 0)
        (void)close(folder);
    return good ? KITH_OK : fail(why, s->folder);
}

kith_err spool_open(const char *folder, uint64_t max_bytes, struct spool **ret,
                    struct kith_why *why)
{
    kith_auto(spool) s = calloc(1, sizeof(*s));
    uint64_t first = 0;
    uint64_t last = 0;
    if (!s)
        return KITH_ENOMEM;
    *s = (struct spool){.max_bytes = max_bytes, .lock = -1, .out = -1, .in = -1};
    if (strlen(folder) >= sizeof(s->folder)) {
        kith_why_set(why, "the spool's path is too long");
        return KITH_EIO;
    }
    (void)snprintf(s->folder, sizeof(s->folder), "%s", folder);
    kith_err err = lock_folder(s, why);
    if (err != KITH_OK)
        return err;
    read_done(s);
    bool found = find_segments(s, &first, &last);
    if (found && s->begin.segment < first)
        s->begin = (struct spool_pos){first, 0}; /* those before were done, or nothing was */
    if (!found)
        last = s->begin.segment;
    err = check_all(s, last, why);
    if (err == KITH_OK)
        err = open_out(s, why);
    if (err == KITH_OK)
        *ret = KITH_TAKE(s);
    return err;
}

void spool_free(struct spool *s)
{
    if (!s)
        return;
    if (s->in >= 0)
        (void)close(s->in);
    if (s->out >= 0)
        (void)close(s->out);
    if (s->lock >= 0)
        (void)close(s->lock);
    free(s);
}

/* ---- writing ---- */

static kith_err next_segment(struct spool *s)
{
    struct kith_why why;
    if (fdatasync(s->out) != 0)
        return KITH_EIO;
    struct spool_pos before = s->end;
    int old = s->out;
    s->end = (struct spool_pos){before.segment + 1, 0};
    kith_err err = open_out(s, &why);
    if (err != KITH_OK) {
        s->out = old;
        s->end = before;
        return err;
    }
    (void)close(old);
    return KITH_OK;
}

kith_err spool_append(struct spool *s, const void *record, size_t n)
{
    if (n == 0 || n > SPOOL_RECORD_MAX)
        return KITH_ETOOBIG;
    if (s->bytes + HEAD + n > s->max_bytes)
        return KITH_EBUSY;
    if (s->end.offset >= SEGMENT_BYTES) {
        kith_err err = next_segment(s);
        if (err != KITH_OK)
            return err;
    }
    kith_auto_mem uint8_t *whole = malloc(HEAD + n);
    if (!whole)
        return KITH_ENOMEM;
    put32(whole, (uint32_t)n);
    put32(whole + 4, crc_of(record, n));
    memcpy(whole + HEAD, record, n);
    ssize_t written = write(s->out, whole, HEAD + n);
    if (written != (ssize_t)(HEAD + n)) {
        /* half a record must not stay before the next one */
        if (written > 0 && ftruncate(s->out, (off_t)s->end.offset) != 0)
            return KITH_EINTERNAL;
        return KITH_EIO;
    }
    s->end.offset += HEAD + n;
    s->bytes += HEAD + n;
    s->waiting++;
    return KITH_OK;
}

kith_err spool_sync(struct spool *s)
{
    return fdatasync(s->out) == 0 ? KITH_OK : KITH_EIO;
}

/* ---- done ---- */

struct spool_pos spool_begin(const struct spool *s)
{
    return s->begin;
}

static uint64_t bytes_between(struct spool *s, struct spool_pos from, struct spool_pos to)
{
    uint64_t n = 0;
    char path[PATH_SIZE];
    struct stat st;
    for (; from.segment < to.segment; from = (struct spool_pos){from.segment + 1, 0}) {
        path_of(s, from.segment, path);
        if (stat(path, &st) == 0)
            n += (uint64_t)st.st_size - from.offset;
    }
    return n + to.offset - from.offset;
}

kith_err spool_done(struct spool *s, struct spool_pos to, uint64_t records)
{
    char path[PATH_SIZE];
    char new_path[PATH_SIZE];
    (void)snprintf(path, sizeof(path), "%s/done", s->folder);
    (void)snprintf(new_path, sizeof(new_path), "%s/done.new", s->folder);
    int fd = open(new_path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    char text[48];
    int n = snprintf(text, sizeof(text), "%" PRIu64 " %" PRIu64 "\n", to.segment, to.offset);
    bool good = fd >= 0 && write(fd, text, (size_t)n) == n;
    if (fd >= 0)
        good = close(fd) == 0 && good;
    if (!good || rename(new_path, path) != 0)
        return KITH_EIO;
    uint64_t bytes = bytes_between(s, s->begin, to);
    for (uint64_t k = s->begin.segment; k < to.segment; k++) {
        char old[PATH_SIZE];
        path_of(s, k, old);
        (void)unlink(old);
    }
    s->bytes -= bytes < s->bytes ? bytes : s->bytes;
    s->waiting -= records < s->waiting ? records : s->waiting;
    s->begin = to;
    return KITH_OK;
}

uint64_t spool_waiting(const struct spool *s)
{
    return s->waiting;
}

uint64_t spool_cut(const struct spool *s)
{
    return s->cut;
}
