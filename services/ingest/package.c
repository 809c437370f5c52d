/* SPDX-License-Identifier: Apache-2.0 */
/* The files as they are: a zip's entries, a folder's, one. */
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "ingest/package_internal.h"

static const struct ingest_place whole = {.file = ""};

static kith_err refuse(struct ingest_receipt *receipt, const char *code, const char *text)
{
    ingest_receipt_add(receipt, INGEST_ERROR, &whole, code, "%s", text);
    return KITH_EINVAL;
}

void ingest_package_free(struct ingest_package *p)
{
    if (!p)
        return;
    ingest_package_end(p);
    ingest_map_free(p->map);
    free(p->manifest);
    for (size_t i = 0; i < p->n; i++)
        free(p->members[i].name);
    if (p->zip)
        zip_discard(p->zip);
    free(p->path);
    free(p);
}

static kith_err add(struct ingest_package *p, const char *name, zip_int64_t at, uint64_t packed,
                    struct ingest_receipt *receipt)
{
    struct ingest_place place = {.file = name};
    if (package_find(p, name) < p->n) {
        ingest_receipt_add(receipt, INGEST_ERROR, &place, "entry_twice",
                           "The package holds this name twice; which one counts?");
        return KITH_EINVAL;
    }
    if (p->n == INGEST_PACKAGE_FILES)
        return refuse(receipt, "entries_many", "The package holds more than 64 files.");
    char *copy = strdup(name);
    if (!copy)
        return KITH_ENOMEM;
    p->members[p->n++] = (struct package_member){.name = copy, .at = at, .packed = packed};
    return KITH_OK;
}

/* ---- zip ---- */

/* A name that could be anything but one file in the package. (libzip lets no control characters through.) */
static bool dangerous(const char *name)
{
    return name[0] == '/' || name[0] == '\0' || strchr(name, '\\') || strchr(name, ':') ||
           strcmp(name, "..") == 0 || strncmp(name, "../", 3) == 0 || strstr(name, "/../") ||
           (strlen(name) >= 3 && strcmp(name + strlen(name) - 3, "/..") == 0);
}

static bool is_link(zip_t *zip, zip_uint64_t i)
{
    zip_uint8_t system = 0;
    zip_uint32_t attributes = 0;
    return zip_file_get_external_attributes(zip, i, 0, &system, &attributes) == 0 &&
           system == ZIP_OPSYS_UNIX && S_ISLNK(attributes >> 16);
}

/* Files that an operating system adds to what people zip. */
static bool litter(const char *name)
{
    const char *slash = strrchr(name, '/');
    const char *base = slash ? slash + 1 : name;
    return strncmp(name, "__MACOSX/", 9) == 0 || strcmp(base, ".DS_Store") == 0 ||
           strcmp(base, "Thumbs.db") == 0;
}

static kith_err add_entry(struct ingest_package *p, zip_uint64_t i, bool strict,
                          struct ingest_receipt *receipt)
{
    zip_stat_t st;
    zip_stat_init(&st);
    if (zip_stat_index(p->zip, i, 0, &st) != 0 || !(st.valid & ZIP_STAT_NAME))
        return refuse(receipt, "zip_damaged", "The zip's list of entries cannot be read.");
    if (dangerous(st.name))
        return refuse(
            receipt, "entry_path",
            "An entry's name leads out of the package (absolute, \"..\", a backslash or a "
            "drive).");
    size_t n = strlen(st.name);
    if (st.name[n - 1] == '/' || litter(st.name))
        return KITH_OK;
    if (is_link(p->zip, i))
        return refuse(receipt, "entry_link", "An entry is a symbolic link.");
    if ((st.valid & ZIP_STAT_ENCRYPTION_METHOD) && st.encryption_method != ZIP_EM_NONE)
        return refuse(receipt, "zip_encrypted",
                      "The zip is encrypted; send it without a password.");
    const char *slash = strrchr(st.name, '/');
    const char *base = slash ? slash + 1 : st.name;
    struct ingest_place place = {.file = base};
    if (slash && (strict || strchr(st.name, '/') != slash)) {
        ingest_receipt_add(receipt, INGEST_ERROR, &place, "entry_folder",
                           "The files must lie at the top of the zip, not in a folder.");
        return KITH_EINVAL;
    }
    if (slash)
        ingest_receipt_add(receipt, INGEST_WARNING, &place, "entry_folder",
                           "The file lies in a folder of the zip; it should lie at the top.");
    return add(p, base, (zip_int64_t)i, st.valid & ZIP_STAT_COMP_SIZE ? st.comp_size : 0, receipt);
}

/* Entries that share bytes make much of little: together they claim more than there is. */
static kith_err check_overlap(const struct ingest_package *p, uint64_t size,
                              struct ingest_receipt *receipt)
{
    uint64_t packed = 0;
    for (size_t i = 0; i < p->n; i++) {
        if (p->members[i].packed > size - packed)
            return refuse(receipt, "zip_overlap",
                          "The zip's entries overlap or claim more bytes than it has.");
        packed += p->members[i].packed;
    }
    return KITH_OK;
}

static kith_err open_zip(struct ingest_package *p, uint64_t size, bool strict,
                         struct ingest_receipt *receipt)
{
    int code = 0;
    p->zip = zip_open(p->path, ZIP_RDONLY | ZIP_CHECKCONS, &code);
    if (!p->zip && code == ZIP_ER_EXISTS)
        return refuse(receipt, "entry_twice", "The zip holds a name twice; which one counts?");
    if (!p->zip)
        return refuse(receipt, code == ZIP_ER_NOZIP ? "zip_not" : "zip_damaged",
                      code == ZIP_ER_NOZIP ? "The file is neither a zip nor a CSV file."
                                           : "The zip is damaged or cut off; send it again.");
    zip_int64_t n = zip_get_num_entries(p->zip, 0);
    if (n > 4 * INGEST_PACKAGE_FILES)
        return refuse(receipt, "entries_many", "The package holds more than 64 files.");
    kith_err err = KITH_OK;
    kith_err first = KITH_OK;
    for (zip_int64_t i = 0; i < n && err != KITH_ENOMEM; i++) {
        err = add_entry(p, (zip_uint64_t)i, strict, receipt);
        if (first == KITH_OK)
            first = err;
    }
    return first == KITH_OK ? check_overlap(p, size, receipt) : first;
}

/* ---- folder ---- */

static bool ends(const char *name, const char *end)
{
    size_t n = strlen(name);
    size_t m = strlen(end);
    return n > m && strcasecmp(name + n - m, end) == 0;
}

static kith_err open_folder(struct ingest_package *p, struct ingest_receipt *receipt)
{
    DIR *dir = opendir(p->path);
    if (!dir)
        return KITH_EIO;
    kith_err err = KITH_OK;
    for (struct dirent *e; err == KITH_OK && (e = readdir(dir));)
        if (ends(e->d_name, ".csv") || strcmp(e->d_name, INGEST_MAP_NAME) == 0)
            err = add(p, e->d_name, -1, 0, receipt);
    (void)closedir(dir);
    return err;
}

/* What comes over HTTP has no name: text is CSV, but for a page or a message that somebody saved instead. */
static bool is_csv(const char *path)
{
    char head[4] = "";
    if (ends(path, ".csv") || ends(path, ".zip"))
        return ends(path, ".csv");
    FILE *file = fopen(path, "rbe");
    bool text = file && fread(head, 1, sizeof(head), file) == sizeof(head);
    for (size_t i = 0; i < sizeof(head); i++)
        text = text && ((unsigned char)head[i] >= 0x20 || strchr("\r\n\t", head[i]));
    if (file)
        (void)fclose(file);
    return text && head[0] != '<' && head[0] != '{' && memcmp(head, "PK", 2) != 0;
}

kith_err ingest_package_open(const char *path, bool strict, struct ingest_receipt *receipt,
                             struct ingest_package **ret)
{
    struct stat st;
    if (stat(path, &st) != 0)
        return errno == ENOENT || errno == ENOTDIR ? KITH_ENOTFOUND : KITH_EIO;
    kith_auto(ingest_package) p = calloc(1, sizeof(*p));
    if (!p || !(p->path = strdup(path)))
        return KITH_ENOMEM;
    p->limit = INGEST_PACKAGE_BYTES;
    const char *slash = strrchr(path, '/');
    kith_err err;
    p->folder = S_ISDIR(st.st_mode);
    if (p->folder)
        err = open_folder(p, receipt);
    else if (is_csv(path))
        err = add(p, ends(path, ".csv") ? (slash ? slash + 1 : path) : "file.csv", -1, 0, receipt);
    else
        err = open_zip(p, (uint64_t)st.st_size, strict, receipt);
    if (err == KITH_OK && p->n == 0)
        err = refuse(receipt, "package_empty", "There is no file in the package.");
    if (err == KITH_OK && package_find(p, INGEST_MAP_NAME) < p->n)
        err = package_map_open(p, receipt);
    if (err == KITH_OK)
        *ret = KITH_TAKE(p);
    return err;
}

void ingest_package_limit(struct ingest_package *p, uint64_t bytes)
{
    p->limit = bytes;
}

/* ---- reading ---- */

size_t package_find(const struct ingest_package *p, const char *name)
{
    size_t i = 0;
    while (i < p->n && strcmp(p->members[i].name, name) != 0)
        i++;
    return i;
}

kith_err package_begin(struct ingest_package *p, const char *name)
{
    package_end(p);
    p->got = 0;
    p->code = NULL;
    size_t at = package_find(p, name);
    if (at == p->n)
        return KITH_ENOTFOUND;
    p->reading = &p->members[at];
    char path[4096];
    if (p->zip) {
        p->in_zip = zip_fopen_index(p->zip, (zip_uint64_t)p->reading->at, 0);
        return p->in_zip ? KITH_OK : KITH_EIO;
    }
    (void)snprintf(path, sizeof(path), p->folder ? "%s/%s" : "%s", p->path, name);
    p->in_file = fopen(path, "rbe");
    return p->in_file ? KITH_OK : KITH_EIO;
}

static ssize_t fault(struct ingest_package *p, const char *code, const char *text)
{
    p->code = code;
    p->text = text;
    return -1;
}

ssize_t package_read(void *ctx, void *buf, size_t n)
{
    struct ingest_package *p = ctx;
    ssize_t got;
    if (p->in_zip) {
        got = (ssize_t)zip_fread(p->in_zip, buf, n);
        if (got < 0)
            return fault(p, "zip_damaged", "The file cannot be inflated: the zip is damaged.");
    } else {
        got = (ssize_t)fread(buf, 1, n, p->in_file);
        if (got == 0 && ferror(p->in_file))
            return fault(p, "file_unreadable", "The file cannot be read.");
    }
    p->got += (uint64_t)got;
    if (p->got > p->reading->seen) {
        p->total += p->got - p->reading->seen;
        p->reading->seen = p->got;
    }
    if (p->total > p->limit)
        return fault(p, "too_large", "The package's files are larger together than may be.");
    if (p->in_zip && p->got > 1 << 20 && p->got / INGEST_PACKAGE_RATIO > p->reading->packed)
        return fault(
            p, "zip_bomb",
            "The file inflates to more than 200 times its size in the zip; no roster does.");
    return got;
}

void package_end(struct ingest_package *p)
{
    if (p->in_zip)
        (void)zip_fclose(KITH_TAKE(p->in_zip));
    if (p->in_file)
        (void)fclose(KITH_TAKE(p->in_file));
    p->reading = NULL;
}

const char *ingest_package_fault(const struct ingest_package *p, const char **text)
{
    *text = p->text;
    return p->code;
}
