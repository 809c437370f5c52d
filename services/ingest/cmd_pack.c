/* SPDX-License-Identifier: Apache-2.0 */
#include "ingest/cmd_pack.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zip.h>

#include "ingest/map.h"

static bool is_folder(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

bool cmd_pack_needed(const char *const *files, size_t n, const char *map)
{
    return map || n > 1 || (n == 1 && is_folder(files[0]));
}

static kith_err add(zip_t *zip, const char *path, const char *name, struct kith_why *why)
{
    if (access(path, R_OK) != 0) {
        kith_why_set(why, "%s: %s", path, strerror(errno));
        return KITH_EIO;
    }
    zip_source_t *source = zip_source_file(zip, path, 0, -1);
    if (source && zip_file_add(zip, name, source, ZIP_FL_ENC_UTF_8) >= 0)
        return KITH_OK;
    kith_why_set(why, "%s: %s", path, zip_strerror(zip));
    zip_source_free(source);
    return KITH_EIO;
}

static kith_err add_folder(zip_t *zip, const char *folder, struct kith_why *why)
{
    char path[4096];
    DIR *dir = opendir(folder);
    kith_err err = dir ? KITH_OK : KITH_EIO;
    if (!dir)
        kith_why_set(why, "%s: %s", folder, strerror(errno));
    for (struct dirent *e; err == KITH_OK && (e = readdir(dir));) {
        size_t n = strlen(e->d_name);
        (void)snprintf(path, sizeof(path), "%s/%s", folder, e->d_name);
        if (strcmp(e->d_name, INGEST_MAP_NAME) == 0 ||
            (n > 4 && strcasecmp(e->d_name + n - 4, ".csv") == 0))
            err = add(zip, path, e->d_name, why);
    }
    if (dir)
        (void)closedir(dir);
    return err;
}

static kith_err fill(zip_t *zip, const char *const *files, size_t n, const char *map,
                     struct kith_why *why)
{
    kith_err err = map ? add(zip, map, INGEST_MAP_NAME, why) : KITH_OK;
    for (size_t i = 0; i < n && err == KITH_OK; i++) {
        const char *slash = strrchr(files[i], '/');
        err = is_folder(files[i]) ? add_folder(zip, files[i], why)
                                  : add(zip, files[i], slash ? slash + 1 : files[i], why);
    }
    return err;
}

kith_err cmd_pack_zip(const char *const *files, size_t n, const char *map, char **ret,
                      struct kith_why *why)
{
    const char *folder = getenv("TMPDIR");
    char *path = NULL;
    int code = 0;
    if (asprintf(&path, "%s/kith-import.XXXXXX", folder && *folder ? folder : "/tmp") < 0)
        return KITH_ENOMEM;
    int fd = mkstemp(path); /* for nobody else: it holds names */
    if (fd >= 0)
        (void)close(fd);
    zip_t *zip = fd >= 0 ? zip_open(path, ZIP_TRUNCATE, &code) : NULL;
    kith_err err = zip ? fill(zip, files, n, map, why) : KITH_EIO;
    if (!zip)
        kith_why_set(why, "%s: cannot be written", path);
    else if (err == KITH_OK && zip_close(zip) != 0) {
        kith_why_set(why, "%s: %s", path, zip_strerror(zip));
        err = KITH_EIO;
        zip_discard(zip);
    } else if (err != KITH_OK) {
        zip_discard(zip);
    }
    if (err == KITH_OK) {
        *ret = path;
        return KITH_OK;
    }
    (void)unlink(path);
    free(path);
    return err;
}
