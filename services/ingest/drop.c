/* SPDX-License-Identifier: Apache-2.0 */
#include "ingest/drop.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ingest/imports_internal.h"
#include "ingest/map.h"
#include "kith/clock.h"
#include "kith/log.h"

#define NAME_MAX_LENGTH 100 /* of a file's own name */
#define PATH_SIZE       4200

/* A file in a district's folder, as it was when it was looked at last. */
struct seen {
    struct seen *next;
    int32_t district;
    char name[NAME_MAX_LENGTH + 1];
    int64_t size, changed_ns;
    int64_t since_ms; /* it has been like this */
    bool there;       /* now */
};

/* A file in the import folder that an import holds, or is about to. */
struct held {
    struct held *next;
    char file[NAME_MAX];
};

struct ingest_drop {
    struct ingest_drop_opts opts;
    struct kith_timer *timer;
    struct seen *seen;
    struct held *held;
    bool asked; /* the database has said what imports hold */
    bool busy;
    bool draining;
    bool said; /* that a file cannot be moved */
    char adding[NAME_MAX];
};

/* ---- names ---- */

static void district_path(const struct ingest_drop *d, int32_t district, char path[PATH_SIZE])
{
    (void)snprintf(path, PATH_SIZE, "%s/%d", d->opts.folder, (int)district);
}

static bool ends(const char *name, const char *end)
{
    size_t n = strlen(name);
    size_t m = strlen(end);
    return n > m && strcasecmp(name + n - m, end) == 0;
}

/* Hidden files and those that an upload has not finished yet have other names. */
static bool is_wanted(const char *name)
{
    return name[0] != '.' && strlen(name) <= NAME_MAX_LENGTH &&
           (ends(name, ".zip") || ends(name, ".csv") || strcmp(name, INGEST_MAP_NAME) == 0);
}

/* "drop-7-0123456789abcdef-roster.zip": 7, "roster.zip". */
static const char *parse_name(const char *file, int32_t *district)
{
    char *end = NULL;
    if (strncmp(file, INGEST_DROP_PREFIX, sizeof(INGEST_DROP_PREFIX) - 1) != 0)
        return NULL;
    long n = strtol(file + sizeof(INGEST_DROP_PREFIX) - 1, &end, 10);
    *district = (int32_t)n;
    return n > 0 && *end == '-' && strlen(end) > 18 && end[17] == '-' ? end + 18 : NULL;
}

/* ---- looking ---- */

static struct seen *find_seen(struct ingest_drop *d, int32_t district, const char *name)
{
    for (struct seen *s = d->seen; s; s = s->next)
        if (s->district == district && strcmp(s->name, name) == 0)
            return s;
    struct seen *s = calloc(1, sizeof(*s));
    if (!s)
        return NULL;
    s->district = district;
    s->size = -1;
    (void)snprintf(s->name, sizeof(s->name), "%.*s", NAME_MAX_LENGTH, name);
    s->next = d->seen;
    d->seen = s;
    return s;
}

static void look_at(struct ingest_drop *d, int32_t district, const char *folder, const char *name)
{
    struct stat st;
    char path[PATH_SIZE + NAME_MAX + 2];
    (void)snprintf(path, sizeof(path), "%s/%s", folder, name);
    if (lstat(path, &st) != 0 || !S_ISREG(st.st_mode))
        return;
    struct seen *s = find_seen(d, district, name);
    int64_t changed = (int64_t)st.st_mtim.tv_sec * 1000000000 + st.st_mtim.tv_nsec;
    if (!s)
        return;
    s->there = true;
    if (s->size == st.st_size && s->changed_ns == changed)
        return;
    s->size = st.st_size;
    s->changed_ns = changed;
    s->since_ms = kith_clock_mono_ms();
}

static void look_into(struct ingest_drop *d, int32_t district)
{
    char path[PATH_SIZE];
    district_path(d, district, path);
    DIR *dir = opendir(path);
    if (!dir && errno == ENOENT && mkdir(path, 0700) == 0)
        return;
    for (struct dirent *e; dir && (e = readdir(dir));)
        if (is_wanted(e->d_name))
            look_at(d, district, path, e->d_name);
    if (dir)
        (void)closedir(dir);
}

static void forget_gone(struct ingest_drop *d)
{
    for (struct seen **at = &d->seen; *at;) {
        struct seen *s = *at;
        if (s->there) {
            at = &s->next;
            continue;
        }
        *at = s->next;
        free(s);
    }
}

static bool is_quiet(const struct ingest_drop *d, const struct seen *s)
{
    return s->there && kith_clock_mono_ms() - s->since_ms >= d->opts.quiet_ms;
}

/* ---- taking ---- */

static void complain(struct ingest_drop *d, int32_t district)
{
    if (!d->said)
        kith_log(KITH_LOG_ERROR, "drop_refused", KITH_INT("district", district),
                 KITH_STR("why", errno == EXDEV ? "drop_folder is on another file system than "
                                                  "import_folder"
                                                : strerror(errno)));
    d->said = true;
}

static void new_name(int32_t district, const char *name, char file[NAME_MAX])
{
    (void)snprintf(file, NAME_MAX, INGEST_DROP_PREFIX "%d-%08x%08x-%.*s", (int)district,
                   randombytes_random(), randombytes_random(), NAME_MAX_LENGTH, name);
}

static bool move(struct ingest_drop *d, const struct seen *s, const char *to)
{
    char from[PATH_SIZE + NAME_MAX + 2];
    char folder[PATH_SIZE];
    district_path(d, s->district, folder);
    (void)snprintf(from, sizeof(from), "%s/%s", folder, s->name);
    if (rename(from, to) == 0)
        return true;
    complain(d, s->district);
    return false;
}

static void sync_folder(const char *path)
{
    int fd = open(path, O_DIRECTORY | O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return;
    (void)fsync(fd);
    (void)close(fd);
}

static void take_file(struct ingest_drop *d, struct seen *s)
{
    char file[NAME_MAX];
    char to[PATH_SIZE + NAME_MAX + 2];
    new_name(s->district, s->name, file);
    (void)snprintf(to, sizeof(to), "%s/%s", d->opts.imports_folder, file);
    if (!move(d, s, to))
        return;
    sync_folder(d->opts.imports_folder);
    s->there = false;
    d->said = false;
}

/* ---- a map and the files that it names ---- */

static struct ingest_map *read_map(struct ingest_drop *d, int32_t district, char *text, size_t *n)
{
    char path[PATH_SIZE + 16];
    char folder[PATH_SIZE];
    kith_auto(ingest_receipt) receipt = calloc(1, sizeof(*receipt));
    struct ingest_map *m = NULL;
    district_path(d, district, folder);
    (void)snprintf(path, sizeof(path), "%s/" INGEST_MAP_NAME, folder);
    FILE *in = fopen(path, "rbe");
    *n = in ? fread(text, 1, INGEST_MAP_BYTES, in) : 0;
    if (in)
        (void)fclose(in);
    if (!receipt || *n == 0 || ingest_map_parse(text, *n, receipt, &m) != KITH_OK)
        return NULL;
    return m;
}

static struct seen *find_there(struct ingest_drop *d, int32_t district, const char *name)
{
    for (struct seen *s = d->seen; s; s = s->next)
        if (s->there && s->district == district && strcmp(s->name, name) == 0)
            return s;
    return NULL;
}

/* All its files are there and quiet. */
static bool is_whole(struct ingest_drop *d, int32_t district, const struct ingest_map *m)
{
    size_t n = 0;
    for (size_t i = 0; i < ingest_map_n(m); i++) {
        const char *name = ingest_map_source(m, i);
        const struct seen *s = name ? find_there(d, district, name) : NULL;
        if (name && (!s || !is_quiet(d, s)))
            return false;
        n += name != NULL;
    }
    return n > 0;
}

static bool write_map(const char *folder, const char *text, size_t n)
{
    char path[PATH_SIZE + NAME_MAX + 16];
    (void)snprintf(path, sizeof(path), "%s/" INGEST_MAP_NAME, folder);
    FILE *out = fopen(path, "wbe");
    bool good = out && fwrite(text, 1, n, out) == n && fflush(out) == 0 && fsync(fileno(out)) == 0;
    if (out)
        good = fclose(out) == 0 && good;
    return good;
}

/* As a folder; it gets the name under which it is found when it is complete. */
static void take_mapped(struct ingest_drop *d, int32_t district, const struct ingest_map *m,
                        const char *text, size_t n)
{
    char file[NAME_MAX];
    char making[PATH_SIZE + NAME_MAX + 2];
    char made[PATH_SIZE + NAME_MAX + 2];
    char to[PATH_SIZE + 2 * NAME_MAX + 4];
    new_name(district, "mapped", file);
    (void)snprintf(making, sizeof(making), "%s/.%s", d->opts.imports_folder, file);
    (void)snprintf(made, sizeof(made), "%s/%s", d->opts.imports_folder, file);
    bool good = mkdir(making, 0700) == 0 && write_map(making, text, n);
    for (size_t i = 0; i < ingest_map_n(m) && good; i++) {
        const char *name = ingest_map_source(m, i);
        struct seen *s = name ? find_there(d, district, name) : NULL;
        if (!s)
            continue; /* constants, or moved for an earlier section */
        (void)snprintf(to, sizeof(to), "%s/%s", making, s->name);
        good = move(d, s, to);
        s->there = !good;
    }
    sync_folder(making);
    if (!good || rename(making, made) != 0)
        complain(d, district); /* what was moved stays there for the operator */
    sync_folder(d->opts.imports_folder);
}

static bool is_source(const struct ingest_map *m, const char *name)
{
    for (size_t i = 0; m && i < ingest_map_n(m); i++)
        if (ingest_map_source(m, i) && strcmp(ingest_map_source(m, i), name) == 0)
            return true;
    return false;
}

static void take_quiet(struct ingest_drop *d, int32_t district)
{
    kith_auto_mem char *text = malloc(INGEST_MAP_BYTES);
    const struct seen *map = find_there(d, district, INGEST_MAP_NAME);
    size_t n = 0;
    if (!text || (map && !is_quiet(d, map)))
        return;
    kith_auto(ingest_map) m = map ? read_map(d, district, text, &n) : NULL;
    if (m && is_whole(d, district, m))
        take_mapped(d, district, m, text, n);
    for (struct seen *s = d->seen; s; s = s->next)
        if (s->district == district && is_quiet(d, s) && !is_source(m, s->name) &&
            strcmp(s->name, INGEST_MAP_NAME) != 0)
            take_file(d, s);
}

/* ---- what was taken becomes imports ---- */

static struct held *find_held(struct ingest_drop *d, const char *file)
{
    for (struct held *h = d->held; h; h = h->next)
        if (strcmp(h->file, file) == 0)
            return h;
    return NULL;
}

static void hold(struct ingest_drop *d, const char *file)
{
    struct held *h = find_held(d, file) ? NULL : calloc(1, sizeof(*h));
    if (!h)
        return;
    (void)snprintf(h->file, sizeof(h->file), "%s", file);
    h->next = d->held;
    d->held = h;
}

static void forget_held(struct ingest_drop *d)
{
    for (struct held *h; (h = d->held);) {
        d->held = h->next;
        free(h);
    }
}

static void on_holding(void *ctx, const struct kith_rows *rows)
{
    struct ingest_drop *d = ctx;
    for (size_t k = 0; k < kith_rows_n(rows); k++)
        hold(d, kith_rows_text(rows, k, 3));
}

static void holding_read(void *ctx, kith_err err, const struct kith_why *why)
{
    struct ingest_drop *d = ctx;
    (void)why;
    d->busy = false;
    d->asked = err == KITH_OK;
}

static void ask(struct ingest_drop *d)
{
    struct kith_job *job = NULL;
    if (kith_job_new(&job) != KITH_OK)
        return;
    forget_held(d);
    ingest_store_imports_waiting(job, on_holding, d);
    d->busy = kith_db_run(d->opts.db, job, holding_read, d) == KITH_OK;
}

static void on_added(void *ctx, kith_err err, int64_t id)
{
    struct ingest_drop *d = ctx;
    (void)id;
    d->busy = false;
    if (err == KITH_OK)
        hold(d, d->adding);
    else
        d->asked = false; /* it may have been committed all the same */
}

static bool add(struct ingest_drop *d, const char *file)
{
    struct stat st;
    char path[PATH_SIZE + NAME_MAX + 2];
    int32_t district = 0;
    const char *name = parse_name(file, &district);
    (void)snprintf(path, sizeof(path), "%s/%s", d->opts.imports_folder, file);
    if (!name || find_held(d, file) || stat(path, &st) != 0 ||
        !ingest_districts_find(d->opts.districts, district))
        return false;
    (void)snprintf(d->adding, sizeof(d->adding), "%s", file);
    struct ingest_import_file import = {
        .name = name, .door = "folder", .file = d->adding, .bytes = st.st_size};
    d->busy = ingest_imports_add(d->opts.imports, district, &import, on_added, d) == KITH_OK;
    return true;
}

/* One at a time. */
static void add_next(struct ingest_drop *d)
{
    DIR *dir = opendir(d->opts.imports_folder);
    for (struct dirent *e; dir && !d->busy && (e = readdir(dir));)
        if (add(d, e->d_name))
            break;
    if (dir)
        (void)closedir(dir);
}

static void on_timer(void *ctx)
{
    struct ingest_drop *d = ctx;
    if (d->draining || d->busy)
        return;
    for (struct seen *s = d->seen; s; s = s->next)
        s->there = false;
    for (size_t i = 0; i < ingest_districts_n(d->opts.districts); i++) {
        int32_t district = ingest_districts_at(d->opts.districts, i)->id;
        look_into(d, district);
        take_quiet(d, district);
    }
    forget_gone(d);
    if (d->asked)
        add_next(d);
    else
        ask(d);
}

/* ---- receipts ---- */

void ingest_drop_ended(struct ingest_drop *d, const char *file, const char *state,
                       const char *receipt)
{
    char folder[PATH_SIZE];
    char path[PATH_SIZE + NAME_MAX + 2];
    char new_path[PATH_SIZE + NAME_MAX + 2];
    int32_t district = 0;
    const char *name = parse_name(file, &district);
    if (!name)
        return;
    district_path(d, district, folder);
    (void)snprintf(path, sizeof(path), "%s/receipts", folder);
    (void)mkdir(path, 0700);
    (void)snprintf(new_path, sizeof(new_path), "%s/receipts/.%s.new", folder, name);
    (void)snprintf(path, sizeof(path), "%s/receipts/%s.json", folder, name);
    FILE *out = fopen(new_path, "wbe");
    bool good = out && fprintf(out, "{\"state\":\"%s\",\"receipt\":%s}\n", state, receipt) > 0;
    if (out)
        good = fclose(out) == 0 && good;
    if (!good || rename(new_path, path) != 0)
        kith_log(KITH_LOG_WARN, "receipt_unwritten", KITH_INT("district", district),
                 KITH_STR("why", strerror(errno)));
}

/* ---- life ---- */

kith_err ingest_drop_new(const struct ingest_drop_opts *opts, struct ingest_drop **ret,
                         struct kith_why *why)
{
    kith_auto(ingest_drop) d = calloc(1, sizeof(*d));
    if (!d)
        return KITH_ENOMEM;
    d->opts = *opts;
    if (mkdir(opts->folder, 0700) != 0 && errno != EEXIST) {
        kith_why_set(why, "drop_folder %s: %s", opts->folder, strerror(errno));
        return KITH_EIO;
    }
    kith_err err = kith_timer_new(opts->loop, on_timer, d, &d->timer);
    if (err != KITH_OK)
        return err;
    int64_t every = opts->quiet_ms / 4 < 100 ? 100 : opts->quiet_ms / 4;
    kith_timer_start(d->timer, 100, every > 5000 ? 5000 : every);
    *ret = KITH_TAKE(d);
    return KITH_OK;
}

void ingest_drop_free(struct ingest_drop *d)
{
    if (!d)
        return;
    for (struct seen *s; (s = d->seen);) {
        d->seen = s->next;
        free(s);
    }
    forget_held(d);
    kith_timer_free(d->timer);
    free(d);
}

void ingest_drop_drain(struct ingest_drop *d)
{
    d->draining = true;
}

bool ingest_drop_idle(const struct ingest_drop *d)
{
    return !d->busy;
}
