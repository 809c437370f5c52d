/* SPDX-License-Identifier: Apache-2.0 */
/* What the parts of the HTTP server share. http.c listens, accepts and turns the parser's crank; http_conn.c is one connection from
 * its first byte to its last; http_req.c is the request as handlers see it and the answers; http_refuse.c ends connections so that
 * the client can still read why. */
#ifndef KITH_HTTP_INTERNAL_H
#define KITH_HTTP_INTERNAL_H

#include <microhttpd.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include "kith/http.h"
#include "kith/http_check.h"
#include "kith/http_route.h"
#include "kith/loop.h"
#include "kith/metrics.h"

/* A client that was refused has this long to read why before its connection is cut. */
#define LINGER_MS 2000
/* and may meanwhile send this much, which is thrown away. */
#define LINGER_BYTES 8388608
#define LINGERS_MAX  256
/* A request's buffer is kept for the next one on its connection up to this size. */
#define BUFFER_KEEP 16384

#define STATUS_MIN 100
#define STATUS_MAX 599

enum kith_http_phase {
    PHASE_IDLE,   /* between requests */
    PHASE_HEAD,   /* a head is on its way; also a new connection, before its first byte */
    PHASE_BODY,   /* the head was accepted, the body is on its way */
    PHASE_ANSWER, /* a handler has it */
    PHASE_SEND,   /* the answer is on its way */
    PHASE_REFUSED /* we wrote our last answer past the parser and wait for it to close */
};

struct kith_http_buffer {
    char *data;
    size_t n;
    size_t room;
};

/* Grow to at least `room`. Returns false when memory is exhausted; the content stays. */
bool kith_buffer_reserve(struct kith_http_buffer *b, size_t room);
/* Empty it; what is larger than BUFFER_KEEP goes. */
void kith_buffer_reset(struct kith_http_buffer *b);

struct kith_http_block; /* memory that lives as long as the request */

/* One for each connection, used again for each request on it. */
struct kith_req {
    struct kith_http_conn *conn; /* NULL: the server is gone, nobody waits for the answer */
    const char *method;
    struct kith_http_buffer
        target;        /* path NUL query NUL, then the decoded parameters, each with a NUL */
    const char *query; /* raw; "" without one */
    size_t params_n;
    const char *params[KITH_PARAMS_MAX];
    struct kith_match match;
    struct kith_verdict verdict;
    struct kith_http_buffer body;
    int file;                        /* the body is written there; -1: into `body` */
    struct kith_http_buffer headers; /* of the answer: name NUL value NUL ... */
    struct kith_http_block *blocks;
    void *user;
    int64_t begin_us;
    int64_t received; /* bytes of body */
    bool open;        /* counted as in flight */
    bool suspended;
    bool answered;
    int status;
    struct MHD_Response *response;
};

struct kith_http_conn {
    struct kith_http *http;
    struct kith_http_conn *prev, *next;
    struct MHD_Connection *mhd;
    int fd; /* the parser's, for getsockopt, send and shutdown */
    struct sockaddr_storage peer;
    enum kith_http_phase phase;
    int64_t phase_ms;     /* monotonic, when the phase began */
    bool target_seen;     /* the request line of a head that is on its way has come */
    bool watched;         /* seen_bytes is valid (PHASE_IDLE) */
    uint64_t seen_bytes;  /* received by the kernel when last looked at */
    bool leaving;         /* the last sweep saw that the client has ended its side */
    bool unread;          /* at close the client may still be sending */
    struct kith_req *req; /* NULL before the first request */
};

/* A socket whose last answer was sent and whose input is thrown away for a while. */
struct kith_http_leaver {
    struct kith_http *http;
    struct kith_http_leaver *prev, *next;
    struct kith_watch *watch;
    int fd;
    int64_t end_ms;
    int64_t left; /* bytes that may still come */
};

struct kith_http {
    struct kith_loop *loop;
    struct MHD_Daemon *mhd;
    struct kith_router *router;
    struct kith_http_opts
        opts; /* with the defaults filled in; listen and tables not to be used after start */
    char address[64];
    int64_t body_most; /* that any route takes */
    int listen_fd;     /* -1: not listening any more */
    struct kith_watch *listening;
    struct kith_watch *watch; /* the parser's epoll descriptor */
    struct kith_timer *again; /* the parser wants to be called without an event */
    struct kith_timer *sweep; /* deadlines */
    struct kith_http_conn *conns;
    unsigned conns_n;
    struct kith_http_conn *adopting; /* being given to the parser */
    struct kith_http_leaver *lingers;
    unsigned lingers_n;
    unsigned in_flight;
    bool running;      /* inside of the parser: it must not be entered again nor freed */
    bool wake_pending; /* a deferred call holds us */
    bool draining;
    bool accept_paused; /* out of descriptors; the sweep tries again */
    bool dead;          /* kith_http_free was called */
    struct kith_metric *by_status[STATUS_MAX - STATUS_MIN + 1];
    struct kith_metric *seconds;
    struct kith_metric *connections;
    struct kith_head head; /* scratch of one check */
};

/* ---- http.c ---- */

/* Call the parser once at the end of this turn. */
void kith_http_wake(struct kith_http *h);
void kith_http_count(struct kith_http *h, int status);

/* ---- http_conn.c ---- */

enum MHD_Result kith_conn_on_request(void *cls, struct MHD_Connection *mhd, const char *url,
                                     const char *method, const char *version, const char *data,
                                     size_t *data_n, void **state);
void *kith_conn_on_target(void *cls, const char *target, struct MHD_Connection *mhd);
void kith_conn_on_completed(void *cls, struct MHD_Connection *mhd, void **state,
                            enum MHD_RequestTerminationCode why);
void kith_conn_on_connection(void *cls, struct MHD_Connection *mhd, void **socket_state,
                             enum MHD_ConnectionNotificationCode what);
/* Ends what is past its deadline. */
void kith_conn_sweep(struct kith_http_conn *c, int64_t now_ms);
void kith_conn_free(struct kith_http_conn *c);

/* ---- http_req.c ---- */

struct kith_req *kith_req_new(struct kith_http_conn *c);
/* Empty for the next request. */
void kith_req_reset(struct kith_req *r);
void kith_req_free(struct kith_req *r);
/* Split, route and decode the target; false when memory is exhausted. */
bool kith_req_open(struct kith_req *r, const char *method, const struct kith_verdict *verdict);
/* Hand the finished answer to the parser. */
enum MHD_Result kith_req_queue(struct kith_req *r);
/* The body of a problem document; the caller frees; NULL when memory is exhausted. `correlation` gets 32 hex digits. */
char *kith_problem_text(int status, const char *type, const char *title, const char *detail,
                        char correlation[static 33]);
/* The problem type and title of a refusal. */
const char *kith_problem_type(int status);
const char *kith_problem_title(int status);

/* ---- http_refuse.c ---- */

/* Write a problem document straight to the socket, end our side of it and leave the rest to the deadline or to the parser's close. */
void kith_conn_refuse(struct kith_http_conn *c, int status, const char *detail);
/* The same for a socket that no parser has; the socket is ours to close, now or after a while. */
void kith_http_turn_away(struct kith_http *h, int fd, int status, const char *detail);
/* Take over a socket whose last answer was sent: end our side, throw away what comes, close soon. */
void kith_linger_start(struct kith_http *h, int fd);
void kith_linger_free(struct kith_http_leaver *l);

#endif
