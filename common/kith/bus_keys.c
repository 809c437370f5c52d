/* SPDX-License-Identifier: Apache-2.0 */
#include "kith/bus_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

kith_err kith_keypair_make(struct kith_keypair *ret)
{
    struct kith_keypair pair;
    if (zmq_curve_keypair(pair.public_key, pair.secret_key) != 0)
        return KITH_EUNSAFE;
    *ret = pair;
    explicit_bzero(&pair, sizeof(pair));
    return KITH_OK;
}

/* "name = value": the value into `key` when the name is that; false when it is no key of 40 characters. */
static bool read_line(const char *line, const char *name, char key[KITH_KEY_TEXT])
{
    size_t n = strlen(name);
    line += strspn(line, " \t");
    if (strncmp(line, name, n) != 0)
        return false;
    line += n;
    line += strspn(line, " \t");
    if (*line++ != '=')
        return false;
    line += strspn(line, " \t");
    n = strcspn(line, " \t\r\n");
    if (n != KITH_KEY_TEXT - 1)
        return false;
    memcpy(key, line, n);
    key[n] = '\0';
    return true;
}

static bool is_pair(const struct kith_keypair *pair)
{
    char public_key[KITH_KEY_TEXT];
    return pair->public_key[0] && pair->secret_key[0] &&
           zmq_curve_public(public_key, pair->secret_key) == 0 &&
           strcmp(public_key, pair->public_key) == 0;
}

static kith_err load(FILE *file, const char *path, struct kith_keypair *ret, struct kith_why *why)
{
    struct stat st;
    if (fstat(fileno(file), &st) != 0) {
        kith_why_set(why, "%s: %s", path, strerror(errno));
        return KITH_EIO;
    }
    if (st.st_mode & (S_IRWXG | S_IRWXO)) {
        kith_why_set(why,
                     "%s is open to group or others (mode %03o); chmod 600 it, and make a new "
                     "key if others may have read it",
                     path, (unsigned)(st.st_mode & 0777));
        return KITH_EUNSAFE;
    }
    struct kith_keypair pair = {0};
    char line[256];
    while (fgets(line, sizeof(line), file)) {
        (void)read_line(line, "public", pair.public_key);
        (void)read_line(line, "secret", pair.secret_key);
    }
    explicit_bzero(line, sizeof(line));
    bool good = is_pair(&pair);
    if (good)
        *ret = pair;
    else
        kith_why_set(why,
                     "%s holds no key pair: it needs a line \"public = ...\" and its \"secret "
                     "= ...\", 40 characters each",
                     path);
    explicit_bzero(&pair, sizeof(pair));
    return good ? KITH_OK : KITH_EINVAL;
}

kith_err kith_keypair_load(const char *path, struct kith_keypair *ret, struct kith_why *why)
{
    FILE *file = fopen(path, "re");
    if (!file) {
        kith_why_set(why, "%s: %s", path, strerror(errno));
        return KITH_EIO;
    }
    kith_err err = load(file, path, ret, why);
    (void)fclose(file);
    return err;
}

static bool write_pair(int fd, const struct kith_keypair *pair)
{
    char text[2 * KITH_KEY_TEXT + 32];
    int n = snprintf(text, sizeof(text), "public = %s\nsecret = %s\n", pair->public_key,
                     pair->secret_key);
    bool ok = write(fd, text, (size_t)n) == n && fsync(fd) == 0;
    explicit_bzero(text, sizeof(text));
    return ok;
}

kith_err kith_keypair_save(const char *path, const struct kith_keypair *pair)
{
    char temporary[4096];
    int n = snprintf(temporary, sizeof(temporary), "%s.XXXXXX", path);
    if (n < 0 || (size_t)n >= sizeof(temporary))
        return KITH_EIO;
    int fd = mkostemp(temporary, O_CLOEXEC); /* made 0600 */
    if (fd < 0)
        return KITH_EIO;
    bool ok = write_pair(fd, pair);
    ok = close(fd) == 0 && ok;
    ok = ok && rename(temporary, path) == 0;
    if (!ok)
        (void)unlink(temporary);
    return ok ? KITH_OK : KITH_EIO;
}
