/* SPDX-License-Identifier: Apache-2.0 */
#include "notification/smtp.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "kith/curl.h"

#define REPLY_SIZE 128

struct slot {
    struct notif_smtp *smtp;
    CURL *easy;
    bool busy;
    struct curl_slist *to;
    char *text;
    size_t text_n;
    size_t text_at;
    struct notif_dialogue dialogue;
    char reply[REPLY_SIZE];
    notif_smtp_done_fn done;
    void *ctx;
};

struct notif_smtp {
    struct kith_curl *curl;
    char *url; /* with the name for HELO as path */
    char *user;
    char *password;
    char *ca_file; /* NULL = the system's */
    long use_ssl;
    int64_t timeout_ms;
    unsigned connections;
    unsigned busy;
    struct slot *slots;
};

/* ---- libcurl's questions during a dialogue ---- */

static size_t on_read(char *buffer, size_t size, size_t count, void *ctx)
{
    struct slot *s = ctx;
    s->dialogue.body_begun = true; /* asked for only after 354 */
    size_t n = s->text_n - s->text_at;
    if (n > size * count)
        n = size * count;
    memcpy(buffer, s->text + s->text_at, n);
    s->text_at += n;
    return n;
}

/* Every line of the relay. A refusal stays, whatever is said after it (221 to our QUIT). */
static size_t on_line(const char *line, size_t size, size_t count, void *ctx)
{
    struct slot *s = ctx;
    if (s->reply[0] == '4' || s->reply[0] == '5')
        return size * count;
    size_t n = 0;
    for (size_t i = 0; i < size * count && n + 1 < sizeof(s->reply); i++)
        if (line[i] >= ' ' && line[i] <= '~')
            s->reply[n++] = line[i];
    s->reply[n] = '\0';
    return size * count;
}

/* What we say; the only way to learn whether it was the recipient that was refused. */
static int on_debug(CURL *easy, curl_infotype type, char *data, size_t n, void *ctx)
{
    (void)easy;
    struct slot *s = ctx;
    if (type == CURLINFO_HEADER_OUT && n >= 7 && memcmp(data, "RCPT TO", 7) == 0)
        s->dialogue.recipient_named = true;
    return 0;
}

/* libcurl 7.88: a refusal is SEND_ERROR, after the final dot WEIRD_SERVER_REPLY. The reply code must not be asked first: after a broken
 * connection (RECV_ERROR, OPERATION_TIMEDOUT ...) it is the one of an earlier command. */
static enum notif_ending ending_of(CURLcode code)
{
    switch (code) {
    case CURLE_OK:
        return NOTIF_END_DONE;
    case CURLE_SEND_ERROR:
    case CURLE_WEIRD_SERVER_REPLY:
        return NOTIF_END_REFUSED;
    default:
        return NOTIF_END_BROKEN;
    }
}

static void release(struct slot *s)
{
    curl_slist_free_all(s->to);
    s->to = NULL;
    free(s->text);
    s->text = NULL;
    s->busy = false;
    s->smtp->busy--;
}

static void on_done(void *ctx, CURL *easy, CURLcode code)
{
    struct slot *s = ctx;
    struct notif_dialogue dialogue = s->dialogue;
    dialogue.ending = ending_of(code);
    (void)curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &dialogue.reply);
    char reply[REPLY_SIZE];
    memcpy(reply, s->reply, sizeof(reply));
    notif_smtp_done_fn done = s->done;
    void *done_ctx = s->ctx;
    release(s); /* first: done may begin the next one */
    done(done_ctx, &dialogue, reply);
}

/* ---- settings ---- */

static kith_err make_url(const char *relay, const char *helo, char **ret, struct kith_why *why)
{
    bool known = strncmp(relay, "smtp://", 7) == 0 || strncmp(relay, "smtps://", 8) == 0;
    const char *host = known ? strstr(relay, "://") + 3 : "";
    if (!known || !host[0] || strpbrk(host, "/@?# ")) {
        kith_why_set(why,
                     "[notification] relay: \"%s\" is not smtp://HOST:PORT or smtps://HOST:PORT",
                     relay);
        return KITH_ECONFIG;
    }
    return asprintf(ret, "%s/%s", relay, helo) < 0 ? KITH_ENOMEM : KITH_OK;
}

static kith_err read_starttls(const char *word, long *ret, struct kith_why *why)
{
    if (strcmp(word, "none") == 0)
        *ret = CURLUSESSL_NONE;
    else if (strcmp(word, "opportunistic") == 0)
        *ret = CURLUSESSL_TRY;
    else if (strcmp(word, "required") == 0)
        *ret = CURLUSESSL_ALL;
    else {
        kith_why_set(why, "[notification] starttls: \"%s\" is not none, opportunistic or required",
                     word);
        return KITH_ECONFIG;
    }
    return KITH_OK;
}

static kith_err read_password(const char *path, char **ret, struct kith_why *why)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    struct stat st;
    if (fd < 0 || fstat(fd, &st) != 0) {
        kith_why_set(why, "[notification] smtp_password_file: cannot read %s: %m", path);
        if (fd >= 0)
            (void)close(fd);
        return KITH_EIO;
    }
    if (st.st_mode & (S_IRWXG | S_IRWXO)) {
        kith_why_set(why, "[notification] smtp_password_file: %s is open to others; chmod 600 it",
                     path);
        (void)close(fd);
        return KITH_EUNSAFE;
    }
    char line[512];
    ssize_t n = read(fd, line, sizeof(line) - 1);
    (void)close(fd);
    if (n <= 0) {
        kith_why_set(why, "[notification] smtp_password_file: %s is empty", path);
        return KITH_EIO;
    }
    line[n] = '\0';
    line[strcspn(line, "\r\n")] = '\0';
    *ret = strdup(line);
    explicit_bzero(line, sizeof(line));
    return *ret ? KITH_OK : KITH_ENOMEM;
}

static kith_err read_settings(struct notif_smtp *s, const struct notif_smtp_opts *opts,
                              struct kith_why *why)
{
    kith_err err = make_url(opts->relay, opts->helo, &s->url, why);
    if (err == KITH_OK)
        err = read_starttls(opts->starttls, &s->use_ssl, why);
    if (err == KITH_OK && opts->ca_file && opts->ca_file[0]) {
        if (access(opts->ca_file, R_OK) != 0) {
            kith_why_set(why, "[notification] smtp_ca_file: cannot read %s: %m", opts->ca_file);
            return KITH_EIO;
        }
        s->ca_file = strdup(opts->ca_file);
        err = s->ca_file ? KITH_OK : KITH_ENOMEM;
    }
    if (err != KITH_OK || !opts->user || !opts->user[0])
        return err;
    s->user = strdup(opts->user);
    if (!s->user)
        return KITH_ENOMEM;
    if (!opts->password_file || !opts->password_file[0]) {
        kith_why_set(why, "[notification] smtp_user is set, smtp_password_file is not");
        return KITH_ECONFIG;
    }
    return read_password(opts->password_file, &s->password, why);
}

kith_err notif_smtp_new(const struct notif_smtp_opts *opts, struct notif_smtp **ret,
                        struct kith_why *why)
{
    kith_auto(notif_smtp) s = calloc(1, sizeof(*s));
    if (!s)
        return KITH_ENOMEM;
    s->timeout_ms = opts->timeout_ms;
    s->connections = opts->connections;
    kith_err err = read_settings(s, opts, why);
    if (err != KITH_OK)
        return err;
    s->slots = calloc(opts->connections, sizeof(*s->slots));
    if (!s->slots)
        return KITH_ENOMEM;
    err = kith_curl_new(opts->loop, (long)opts->connections, &s->curl);
    if (err != KITH_OK)
        return err;
    *ret = KITH_TAKE(s);
    return KITH_OK;
}

unsigned notif_smtp_free_slots(const struct notif_smtp *s)
{
    return s->connections - s->busy;
}

/* What is the same for every mail of a slot. False: no memory. */
static bool prepare(struct slot *s)
{
    const struct notif_smtp *smtp = s->smtp;
    CURL *e = curl_easy_init();
    if (!e)
        return false;
    bool ok = curl_easy_setopt(e, CURLOPT_URL, smtp->url) == CURLE_OK &&
              (!smtp->ca_file || curl_easy_setopt(e, CURLOPT_CAINFO, smtp->ca_file) == CURLE_OK) &&
              (!smtp->user || (curl_easy_setopt(e, CURLOPT_USERNAME, smtp->user) == CURLE_OK &&
                               curl_easy_setopt(e, CURLOPT_PASSWORD, smtp->password) == CURLE_OK));
    if (!ok) {
        curl_easy_cleanup(e);
        return false;
    }
    /* options of plain numbers and pointers cannot fail */
    (void)curl_easy_setopt(e, CURLOPT_PROTOCOLS_STR, "smtp,smtps");
    (void)curl_easy_setopt(e, CURLOPT_USE_SSL, smtp->use_ssl);
    /* a relay that offers STARTTLS by the way is not asked who it is: better than no encryption, no promise */
    bool casual = smtp->use_ssl == CURLUSESSL_TRY && strncmp(smtp->url, "smtp://", 7) == 0;
    long verify = casual ? 0L : 1L;
    (void)curl_easy_setopt(e, CURLOPT_SSL_VERIFYPEER, verify);
    (void)curl_easy_setopt(e, CURLOPT_SSL_VERIFYHOST, verify ? 2L : 0L);
    (void)curl_easy_setopt(e, CURLOPT_CONNECTTIMEOUT_MS,
                           (long)(smtp->timeout_ms < 10000 ? smtp->timeout_ms : 10000));
    (void)curl_easy_setopt(e, CURLOPT_TIMEOUT_MS, (long)smtp->timeout_ms);
    (void)curl_easy_setopt(e, CURLOPT_UPLOAD, 1L);
    (void)curl_easy_setopt(e, CURLOPT_READFUNCTION, on_read);
    (void)curl_easy_setopt(e, CURLOPT_READDATA, s);
    (void)curl_easy_setopt(e, CURLOPT_HEADERFUNCTION, on_line);
    (void)curl_easy_setopt(e, CURLOPT_HEADERDATA, s);
    (void)curl_easy_setopt(e, CURLOPT_WRITEFUNCTION, on_line);
    (void)curl_easy_setopt(e, CURLOPT_WRITEDATA, s);
    (void)curl_easy_setopt(e, CURLOPT_DEBUGFUNCTION, on_debug);
    (void)curl_easy_setopt(e, CURLOPT_DEBUGDATA, s);
    (void)curl_easy_setopt(e, CURLOPT_VERBOSE, 1L);
    s->easy = e;
    return true;
}

static struct slot *free_slot(struct notif_smtp *smtp)
{
    for (unsigned i = 0; i < smtp->connections; i++)
        if (!smtp->slots[i].busy)
            return &smtp->slots[i];
    return NULL;
}

kith_err notif_smtp_send(struct notif_smtp *smtp, const char *from, const char *to, char *text,
                         size_t n, notif_smtp_done_fn done, void *ctx)
{
    struct slot *s = free_slot(smtp);
    if (!s)
        return KITH_EBUSY;
    s->smtp = smtp;
    if (!s->easy && !prepare(s))
        return KITH_ENOMEM;
    struct curl_slist *recipients = curl_slist_append(NULL, to);
    if (!recipients)
        return KITH_ENOMEM;
    (void)curl_easy_setopt(s->easy, CURLOPT_MAIL_RCPT, recipients);
    (void)curl_easy_setopt(s->easy, CURLOPT_INFILESIZE_LARGE, (curl_off_t)n);
    s->text_n = n;
    s->text_at = 0;
    s->text = text;
    s->dialogue = (struct notif_dialogue){0};
    s->reply[0] = '\0';
    s->done = done;
    s->ctx = ctx;
    kith_err err = KITH_ENOMEM;
    if (curl_easy_setopt(s->easy, CURLOPT_MAIL_FROM, from) == CURLE_OK)
        err = kith_curl_start(smtp->curl, s->easy, on_done, s);
    if (err != KITH_OK) {
        s->text = NULL;
        curl_slist_free_all(recipients);
        return err;
    }
    s->to = recipients;
    s->busy = true;
    smtp->busy++;
    return KITH_OK;
}

void notif_smtp_free(struct notif_smtp *s)
{
    if (!s)
        return;
    for (unsigned i = 0; s->slots && i < s->connections; i++)
        if (s->slots[i].easy && !s->slots[i].busy) /* kith_curl_free() cleans up the busy ones */
            curl_easy_cleanup(s->slots[i].easy);
    kith_curl_free(s->curl);
    for (unsigned i = 0; s->slots && i < s->connections; i++) {
        curl_slist_free_all(s->slots[i].to);
        free(s->slots[i].text);
    }
    free(s->slots);
    free(s->url);
    free(s->user);
    free(s->ca_file);
    if (s->password)
        explicit_bzero(s->password, strlen(s->password));
    free(s->password);
    free(s);
}
