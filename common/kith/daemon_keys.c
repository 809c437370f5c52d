/* SPDX-License-Identifier: Apache-2.0 */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "kith/daemon_internal.h"

#define NAME_MAX_TEXT 48 /* "service:" and this fit into a user */

struct entry {
    char name[NAME_MAX_TEXT];
    char public_key[KITH_KEY_TEXT];
};

struct kith_keyring {
    size_t n;
    struct entry entries[];
};

static void user_of(const char *name, char user[KITH_USER_MAX])
{
    bool operator_ = strcmp(name, "operator") == 0;
    (void)snprintf(user, KITH_USER_MAX, "%s%s", operator_ ? "" : "service:", name);
}

static int is_public(const struct dirent *file)
{
    size_t n = strlen(file->d_name);
    return n > 4 && strcmp(file->d_name + n - 4, ".pub") == 0;
}

static kith_err read_public(const char *path, char public_key[KITH_KEY_TEXT], struct kith_why *why)
{
    FILE *file = fopen(path, "re");
    if (!file) {
        kith_why_set(why, "%s: %s", path, strerror(errno));
        return KITH_EIO;
    }
    char line[128] = "";
    bool read = fgets(line, sizeof(line), file) != NULL;
    (void)fclose(file);
    line[strcspn(line, " \t\r\n")] = '\0';
    if (!read || strlen(line) != KITH_KEY_TEXT - 1) {
        kith_why_set(why, "%s: its first line is no public key (40 characters)", path);
        return KITH_EINVAL;
    }
    memcpy(public_key, line, KITH_KEY_TEXT);
    return KITH_OK;
}

static kith_err add(struct kith_keyring *ring, const char *folder, const char *file,
                    struct kith_why *why)
{
    size_t n = strlen(file) - 4;
    if (n >= NAME_MAX_TEXT) {
        kith_why_set(why, "%s/%s: the name is longer than %d characters", folder, file,
                     NAME_MAX_TEXT - 1);
        return KITH_EINVAL;
    }
    struct entry *entry = &ring->entries[ring->n];
    memcpy(entry->name, file, n);
    entry->name[n] = '\0';
    kith_auto_mem char *path = NULL;
    if (asprintf(&path, "%s/%s", folder, file) < 0)
        return KITH_ENOMEM;
    kith_err err = read_public(path, entry->public_key, why);
    if (err == KITH_OK)
        ring->n++;
    return err;
}

static kith_err check_folder(const char *folder, struct kith_why *why)
{
    struct stat st;
    if (stat(folder, &st) != 0) {
        kith_why_set(why, "keys: %s: %s", folder, strerror(errno));
        return KITH_EIO;
    }
    if (st.st_mode & (S_IWGRP | S_IWOTH)) {
        kith_why_set(why,
                     "keys: group or others may write into %s (mode %03o), and so let anybody "
                     "in; chmod go-w it",
                     folder, (unsigned)(st.st_mode & 0777));
        return KITH_EUNSAFE;
    }
    return KITH_OK;
}

static kith_err fill(struct kith_keyring *ring, const char *folder, struct dirent **files, size_t n,
                     struct kith_why *why)
{
    for (size_t i = 0; i < n; i++) {
        kith_err err = add(ring, folder, files[i]->d_name, why);
        if (err != KITH_OK)
            return err;
    }
    return KITH_OK;
}

kith_err kith_keyring_load(const char *folder, struct kith_keyring **ret, struct kith_why *why)
{
    kith_err err = check_folder(folder, why);
    if (err != KITH_OK)
        return err;
    struct dirent **files = NULL;
    int n = scandir(folder, &files, is_public, alphasort);
    if (n < 0) {
        kith_why_set(why, "keys: %s: %s", folder, strerror(errno));
        return KITH_EIO;
    }
    struct kith_keyring *ring = calloc(1, sizeof(*ring) + (size_t)n * sizeof(struct entry));
    err = ring ? fill(ring, folder, files, (size_t)n, why) : KITH_ENOMEM;
    for (int i = 0; i < n; i++)
        free(files[i]);
    free(files);
    if (err != KITH_OK) {
        kith_keyring_free(ring);
        return err;
    }
    *ret = ring;
    return KITH_OK;
}

void kith_keyring_free(struct kith_keyring *ring)
{
    free(ring);
}

bool kith_keyring_user(const struct kith_keyring *ring, const char *public_key,
                       char user[KITH_USER_MAX])
{
    for (size_t i = 0; i < ring->n; i++) {
        if (strcmp(ring->entries[i].public_key, public_key) == 0) {
            user_of(ring->entries[i].name, user);
            return true;
        }
    }
    return false;
}

const char *kith_keyring_key(const struct kith_keyring *ring, const char *name)
{
    for (size_t i = 0; i < ring->n; i++)
        if (strcmp(ring->entries[i].name, name) == 0)
            return ring->entries[i].public_key;
    return NULL;
}

bool kith_keyring_lost(const struct kith_keyring *before, const struct kith_keyring *now)
{
    for (size_t i = 0; i < before->n; i++) {
        const char *key = kith_keyring_key(now, before->entries[i].name);
        if (!key || strcmp(key, before->entries[i].public_key) != 0)
            return true;
    }
    return false;
}

kith_err kith_keyring_own(const char *folder, const char *name, struct kith_keypair *ret,
                          struct kith_why *why)
{
    kith_auto_mem char *path = NULL;
    if (asprintf(&path, "%s/%s.key", folder, name) < 0)
        return KITH_ENOMEM;
    return kith_keypair_load(path, ret, why);
}
