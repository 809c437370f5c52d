/* SPDX-License-Identifier: Apache-2.0 */
/* A socket that is closed while the client still sends makes the kernel answer with a reset, which can destroy the answer that is
 * under way. So a refused connection lingers: our side is ended, what comes is thrown away, and after a while it is closed. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "kith/clock.h"
#include "kith/http_internal.h"

#define DISCARD_STEP 262144

/* The answer is far smaller than an empty send buffer, and nothing else is in it: all or nothing. */
static void write_problem(int fd, int status, bool with_body, const char *detail)
{
    char correlation[33];
    kith_auto_mem char *body = kith_problem_text(status, kith_problem_type(status),
                                                 kith_problem_title(status), detail, correlation);
    const char *text = body ? body : "";
    char head[512];
    int head_n = snprintf(head, sizeof(head),
                          "HTTP/1.1 %d %s\r\nContent-Type: application/problem+json\r\n"
                          "Content-Length: %zu\r\n%sConnection: close\r\n\r\n",
                          status, MHD_get_reason_phrase_for((unsigned)status), strlen(text),
                          status == 503 ? "Retry-After: 1\r\n" : "");
    struct iovec parts[2] = {{.iov_base = head, .iov_len = (size_t)head_n},
                             {.iov_base = (void *)text, .iov_len = strlen(text)}};
    struct msghdr message = {.msg_iov = parts, .msg_iovlen = with_body ? 2 : 1};
    (void)sendmsg(fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
}

void kith_conn_refuse(struct kith_http_conn *c, int status, const char *detail)
{
    struct kith_http *h = c->http;
    bool is_head = c->req && c->req->method && strcmp(c->req->method, "HEAD") == 0;
    kith_http_count(h, status);
    write_problem(c->fd, status, !is_head, detail);
    (void)shutdown(c->fd, SHUT_WR);
    c->phase = PHASE_REFUSED;
    c->phase_ms = kith_clock_mono_ms();
    c->unread = true;
}

void kith_http_turn_away(struct kith_http *h, int fd, int status, const char *detail)
{
    kith_http_count(h, status);
    write_problem(fd, status, true, detail);
    kith_linger_start(h, fd);
}

/* Throw away what has come. Returns false when nothing more will or may come. */
static bool discard(struct kith_http_leaver *l)
{
    for (;;) {
        /* MSG_TRUNC on TCP: the kernel drops the bytes without copying them (tcp(7)) */
        ssize_t n = recv(l->fd, NULL, DISCARD_STEP, MSG_TRUNC | MSG_DONTWAIT);
        if (n == 0)
            return false;
        if (n < 0)
            return errno == EAGAIN || errno == EINTR;
        l->left -= n;
        if (l->left <= 0)
            return false;
    }
}

static void on_readable(void *ctx, int events)
{
    (void)events;
    struct kith_http_leaver *l = ctx;
    if (!discard(l))
        kith_linger_free(l);
}

void kith_linger_start(struct kith_http *h, int fd)
{
    (void)shutdown(fd, SHUT_WR);
    struct kith_http_leaver *l = h->lingers_n < LINGERS_MAX ? calloc(1, sizeof(*l)) : NULL;
    if (!l) {
        (void)close(fd);
        return;
    }
    l->http = h;
    l->fd = fd;
    l->left = LINGER_BYTES;
    l->end_ms = kith_clock_mono_ms() + LINGER_MS;
    l->next = h->lingers;
    if (l->next)
        l->next->prev = l;
    h->lingers = l;
    h->lingers_n++;
    if (!discard(l) || kith_watch_new(h->loop, fd, on_readable, l, &l->watch) != KITH_OK) {
        kith_linger_free(l);
        return;
    }
    kith_watch_set(l->watch, KITH_READABLE);
}

void kith_linger_free(struct kith_http_leaver *l)
{
    if (l->prev)
        l->prev->next = l->next;
    else
        l->http->lingers = l->next;
    if (l->next)
        l->next->prev = l->prev;
    l->http->lingers_n--;
    kith_watch_free(l->watch);
    (void)close(l->fd);
    free(l);
}
