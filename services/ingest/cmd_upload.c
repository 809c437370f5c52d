/* SPDX-License-Identifier: Apache-2.0 */
/* A package to the daemon, and what became of it. */
#include "ingest/cmd_upload.h"

#include <curl/curl.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "kith/msg.h"
#include "kith/table.h"

#define TIMEOUT_S  600L
#define POLL_MS    300
#define TRIES      10
#define WAIT_POLLS (3600 * 1000 / POLL_MS) /* an hour */

struct upload {
    const struct cmd_login *login;
    CURL *easy;
    struct curl_slist *headers;
    struct kith_bytes answer;
    struct kith_progress progress;
    struct kith_why *why;
};

static size_t take(char *data, size_t size, size_t n, void *ctx)
{
    struct upload *u = ctx;
    return kith_bytes_add(&u->answer, data, size * n) == KITH_OK ? size * n : 0;
}

static int on_progress(void *ctx, curl_off_t down_total, curl_off_t down, curl_off_t total,
                       curl_off_t done)
{
    struct upload *u = ctx;
    (void)down_total;
    (void)down;
    (void)total;
    kith_progress_update(&u->progress, (uint64_t)done);
    return 0;
}

static void begin(struct upload *u, const char *path)
{
    char url[1024];
    (void)snprintf(url, sizeof(url), "%s%s", u->login->url, path);
    u->answer.n = 0;
    curl_easy_reset(u->easy);
    (void)curl_easy_setopt(u->easy, CURLOPT_URL, url);
    (void)curl_easy_setopt(u->easy, CURLOPT_NOSIGNAL, 1L);
    (void)curl_easy_setopt(u->easy, CURLOPT_TIMEOUT, TIMEOUT_S);
    (void)curl_easy_setopt(u->easy, CURLOPT_WRITEFUNCTION, take);
    (void)curl_easy_setopt(u->easy, CURLOPT_WRITEDATA, u);
    if (u->headers)
        (void)curl_easy_setopt(u->easy, CURLOPT_HTTPHEADER, u->headers);
}

static json_t *answer_json(const struct upload *u)
{
    return json_loadb((const char *)u->answer.data, u->answer.n, 0, NULL);
}

/* Sends; what is not `want` becomes an error with the server's own sentence. */
static kith_err perform(struct upload *u, const char *what, long want)
{
    long status = 0;
    CURLcode code = curl_easy_perform(u->easy);
    if (code != CURLE_OK) {
        kith_why_set(u->why, "%s: %s", u->login->url, curl_easy_strerror(code));
        return KITH_EIO;
    }
    (void)curl_easy_getinfo(u->easy, CURLINFO_RESPONSE_CODE, &status);
    if (status == want)
        return KITH_OK;
    json_t *root = answer_json(u);
    const char *detail = json_string_value(json_object_get(root, "detail"));
    kith_why_set(u->why, "%s: the server answered %ld%s%s", what, status, detail ? ": " : "",
                 detail ? detail : "");
    json_decref(root);
    return status == 401   ? KITH_EDENIED
           : status == 404 ? KITH_ENOTFOUND
           : status >= 500 ? KITH_EBUSY
                           : KITH_EINVAL;
}

static void pause_ms(long ms)
{
    struct timespec t = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};
    (void)nanosleep(&t, NULL);
}

static kith_err log_in_once(struct upload *u)
{
    curl_slist_free_all(u->headers);
    u->headers = NULL;
    begin(u, "/oauth/token");
    (void)curl_easy_setopt(u->easy, CURLOPT_USERNAME, u->login->client_id);
    (void)curl_easy_setopt(u->easy, CURLOPT_PASSWORD, u->login->client_secret);
    (void)curl_easy_setopt(u->easy, CURLOPT_POSTFIELDS, "grant_type=client_credentials");
    kith_err err = perform(u, "the token", 200);
    if (err != KITH_OK)
        return err;
    char line[512] = "";
    json_t *root = answer_json(u);
    const char *token = json_string_value(json_object_get(root, "access_token"));
    if (token)
        (void)snprintf(line, sizeof(line), "Authorization: Bearer %s", token);
    json_decref(root);
    u->headers = line[0] ? curl_slist_append(NULL, line) : NULL;
    return u->headers ? KITH_OK : KITH_EDENIED;
}

/* A daemon that is being restarted is back within seconds. */
static kith_err log_in(struct upload *u)
{
    kith_err err = log_in_once(u);
    for (long pause = 250; pause <= 2000 && (err == KITH_EIO || err == KITH_EBUSY); pause *= 2) {
        pause_ms(pause);
        err = log_in_once(u);
    }
    return err;
}

static kith_err put_once(struct upload *u, const char *file, const char *as, bool strict,
                         int64_t *id)
{
    struct stat st;
    char path[512];
    const char *slash = strrchr(as, '/');
    FILE *in = fopen(file, "rbe");
    if (!in || fstat(fileno(in), &st) != 0) {
        if (in)
            (void)fclose(in);
        kith_why_set(u->why, "%s cannot be read", file);
        return KITH_EINVAL;
    }
    char *name = curl_easy_escape(u->easy, slash ? slash + 1 : as, 0);
    (void)snprintf(path, sizeof(path), "/bulk/oneroster?name=%s%s", name ? name : "package",
                   strict ? "&strict=true" : "");
    curl_free(name);
    begin(u, path);
    (void)curl_easy_setopt(u->easy, CURLOPT_UPLOAD, 1L);
    (void)curl_easy_setopt(u->easy, CURLOPT_READDATA, in);
    (void)curl_easy_setopt(u->easy, CURLOPT_INFILESIZE_LARGE, (curl_off_t)st.st_size);
    (void)curl_easy_setopt(u->easy, CURLOPT_XFERINFOFUNCTION, on_progress);
    (void)curl_easy_setopt(u->easy, CURLOPT_XFERINFODATA, u);
    (void)curl_easy_setopt(u->easy, CURLOPT_NOPROGRESS, 0L);
    kith_progress_start(&u->progress, "sending", (uint64_t)st.st_size);
    kith_err err = perform(u, "the package", 202);
    kith_progress_end(&u->progress);
    (void)fclose(in);
    json_t *root = err == KITH_OK ? answer_json(u) : NULL;
    *id = json_integer_value(json_object_get(root, "id"));
    json_decref(root);
    return err;
}

/* What comes back as "later", or as a broken connection before an answer, is sent again: the same package twice changes nothing. */
static kith_err put(struct upload *u, const char *file, const char *as, bool strict, int64_t *id)
{
    kith_err err = KITH_EBUSY;
    long pause = 250;
    for (int i = 0; i < TRIES; i++) {
        err = put_once(u, file, as, strict, id);
        if (err == KITH_EDENIED && i == 0)
            err = log_in(u);
        else if (err == KITH_OK || (err != KITH_EBUSY && err != KITH_EIO))
            return err;
        pause_ms(pause);
        pause = pause < 8000 ? pause * 2 : pause;
    }
    return err;
}

/* Until it is no longer on its way. */
static kith_err follow(struct upload *u, int64_t id, json_t **ret)
{
    char path[64];
    (void)snprintf(path, sizeof(path), "/bulk/imports/%lld", (long long)id);
    unsigned failed = 0;
    kith_progress_start(&u->progress, "applying", 0);
    for (unsigned i = 0; i < WAIT_POLLS && failed < TRIES; i++) {
        begin(u, path);
        kith_err err = perform(u, "the import", 200);
        if (err == KITH_EDENIED)
            err = log_in(u);
        failed = err == KITH_OK ? 0 : failed + 1;
        json_t *root = err == KITH_OK ? answer_json(u) : NULL;
        const char *state = json_string_value(json_object_get(root, "state"));
        kith_progress_update(&u->progress, i);
        if (state && strcmp(state, "received") != 0) {
            kith_progress_end(&u->progress);
            *ret = root;
            return KITH_OK;
        }
        json_decref(root);
        pause_ms(POLL_MS);
    }
    kith_progress_end(&u->progress);
    return KITH_ETIMEOUT;
}

static kith_err upload_new(const struct cmd_login *login, struct upload *u, struct kith_why *why)
{
    *u = (struct upload){.login = login, .why = why, .easy = curl_easy_init()};
    return u->easy ? log_in(u) : KITH_ENOMEM;
}

static void upload_done(struct upload *u)
{
    curl_slist_free_all(u->headers);
    curl_easy_cleanup(u->easy);
    kith_bytes_done(&u->answer);
}

kith_err cmd_upload_send(const struct cmd_login *login, const char *file, const char *as,
                         bool strict, json_t **ret, struct kith_why *why)
{
    struct upload u;
    int64_t id = 0;
    if (access(file, R_OK) != 0) {
        kith_why_set(why, "%s: %s", file, strerror(errno));
        return KITH_EIO;
    }
    kith_err err = upload_new(login, &u, why);
    if (err == KITH_OK)
        err = put(&u, file, as, strict, &id);
    if (err == KITH_OK)
        err = follow(&u, id, ret);
    upload_done(&u);
    return err;
}

kith_err cmd_upload_decide(const struct cmd_login *login, int64_t id, bool confirm, json_t **ret,
                           struct kith_why *why)
{
    struct upload u;
    char path[64];
    kith_err err = upload_new(login, &u, why);
    (void)snprintf(path, sizeof(path),
                   confirm ? "/bulk/imports/%lld/confirm" : "/bulk/imports/%lld", (long long)id);
    if (err == KITH_OK) {
        begin(&u, path);
        if (confirm)
            (void)curl_easy_setopt(u.easy, CURLOPT_POSTFIELDS, "");
        else
            (void)curl_easy_setopt(u.easy, CURLOPT_CUSTOMREQUEST, "DELETE");
        err = perform(&u, "the import", 200);
    }
    if (err == KITH_OK)
        err = follow(&u, id, ret);
    upload_done(&u);
    return err;
}

kith_err cmd_upload_list(const struct cmd_login *login, json_t **ret, struct kith_why *why)
{
    struct upload u;
    kith_err err = upload_new(login, &u, why);
    if (err == KITH_OK) {
        begin(&u, "/bulk/imports");
        err = perform(&u, "the imports", 200);
    }
    *ret = err == KITH_OK ? answer_json(&u) : NULL;
    upload_done(&u);
    return err;
}
