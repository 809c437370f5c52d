/* SPDX-License-Identifier: Apache-2.0 */
/* Broken requests, each with the status that a client must read before the connection ends. `status` is the server's own answer;
 * a proxy in front may have another one. The server is to take bodies of PROBE_BODY_MAX bytes and to know POST /echo and GET /items/{id}. */
#ifndef HTTP_PROBES_H
#define HTTP_PROBES_H

#include <stddef.h>

#define PROBE_BODY_MAX 65536

struct http_probe {
    const char *name;
    const char *bytes;
    size_t n;
    int status;
};
#define PROBE(name, status, text)                                                                  \
    {                                                                                              \
        name, text, sizeof(text) - 1, status                                                       \
    }
#define POST "POST /echo HTTP/1.1\r\nHost: a\r\n"
#define GET  "GET /items/1 HTTP/1.1\r\n"

static const struct http_probe http_probes[] = {
    PROBE("Content-Length and chunked", 400,
          POST "Content-Length: 7\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n\r\n"),
    PROBE("chunked and Content-Length", 400,
          POST "Transfer-Encoding: chunked\r\nContent-Length: 7\r\n\r\n2\r\nab\r\n0\r\n\r\n"),
    PROBE("two differing Content-Lengths", 400,
          POST "Content-Length: 7\r\nContent-Length: 2\r\n\r\nabcdefg"),
    PROBE("two equal Content-Lengths", 400,
          POST "Content-Length: 2\r\nContent-Length: 2\r\n\r\nab"),
    PROBE("Content-Length list", 400, POST "Content-Length: 2, 2\r\n\r\nab"),
    PROBE("Content-Length +2", 400, POST "Content-Length: +2\r\n\r\nab"),
    PROBE("Content-Length -2", 400, POST "Content-Length: -2\r\n\r\nab"),
    PROBE("Content-Length 0x2", 400, POST "Content-Length: 0x2\r\n\r\nab"),
    PROBE("Content-Length 2abc", 400, POST "Content-Length: 2abc\r\n\r\nab"),
    PROBE("Content-Length empty", 400, POST "Content-Length:\r\n\r\nab"),
    PROBE("Content-Length beyond 64 bits", 413,
          POST "Content-Length: 99999999999999999999999\r\n\r\nab"),
    PROBE("blank before the colon", 400, POST "Content-Length : 2\r\n\r\nab"),
    PROBE("xchunked", 501, POST "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n"),
    PROBE("gzip, chunked", 501, POST "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n"),
    PROBE("chunked twice", 400,
          POST "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
    PROBE("chunked in HTTP/1.0", 400,
          "POST /echo HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
    PROBE("chunk size 0x2", 400, POST "Transfer-Encoding: chunked\r\n\r\n0x2\r\nab\r\n0\r\n\r\n"),
    PROBE("chunk size zz", 400, POST "Transfer-Encoding: chunked\r\n\r\nzz\r\nab\r\n0\r\n\r\n"),
    PROBE("chunk longer than it says", 400,
          POST "Transfer-Encoding: chunked\r\n\r\n2\r\nabcd\r\n0\r\n\r\n"),
    PROBE("trailer field", 400,
          POST "Transfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\nX: y\r\n\r\n"),
    PROBE("NUL in a value", 400, POST "Content-Length: 2\r\nX: a\0b\r\n\r\nab"),
    PROBE("NUL in a name", 400, POST "Content-Length: 2\r\nX\0Y: b\r\n\r\nab"),
    PROBE("NUL in the target", 400, "GET /items/1\0/2 HTTP/1.1\r\nHost: a\r\n\r\n"),
    PROBE("bare CR in a value", 400, POST "Content-Length: 2\r\nX: a\rb\r\n\r\nab"),
    PROBE("bare CR in the target", 400, "GET /items/1\r2 HTTP/1.1\r\nHost: a\r\n\r\n"),
    PROBE("control byte in a value", 400, POST "Content-Length: 2\r\nX: a\001b\r\n\r\nab"),
    PROBE("DEL in a value", 400, POST "Content-Length: 2\r\nX: a\177b\r\n\r\nab"),
    PROBE("bare LF line ends", 400, "POST /echo HTTP/1.1\nHost: a\nContent-Length: 2\n\nab"),
    PROBE("one bare LF", 400, POST "X: y\nContent-Length: 2\r\n\r\nab"),
    PROBE("folded line", 400, POST "X: y\r\n z\r\nContent-Length: 2\r\n\r\nab"),
    PROBE("folded first line", 400, "GET /items/1 HTTP/1.1\r\n X: y\r\nHost: a\r\n\r\n"),
    PROBE("header without colon", 400, GET "Host: a\r\nnonsense\r\n\r\n"),
    PROBE("header without name", 400, GET "Host: a\r\n: x\r\n\r\n"),
    PROBE("no Host", 400, GET "\r\n"),
    PROBE("two Hosts", 400, GET "Host: a\r\nHost: a\r\n\r\n"),
    PROBE("empty Host", 400, GET "Host:\r\n\r\n"),
    PROBE("Host with a path", 400, GET "Host: a/b\r\n\r\n"),
    PROBE("two blanks in the request line", 400, "GET  /items/1 HTTP/1.1\r\nHost: a\r\n\r\n"),
    PROBE("blank in the target", 400, "GET /items/1 2 HTTP/1.1\r\nHost: a\r\n\r\n"),
    PROBE("target without slash", 400, "GET items/1 HTTP/1.1\r\nHost: a\r\n\r\n"),
    PROBE("absolute target", 400, "GET http://a/items/1 HTTP/1.1\r\nHost: a\r\n\r\n"),
    PROBE("raw UTF-8 in the target", 400, "GET /items/\xC3\xA9 HTTP/1.1\r\nHost: a\r\n\r\n"),
    PROBE("encoded NUL", 400, "GET /items/a%00b HTTP/1.1\r\nHost: a\r\n\r\n"),
    PROBE("encoded NUL in the query", 400, "GET /items/a?q=%00 HTTP/1.1\r\nHost: a\r\n\r\n"),
    PROBE("escape %zz", 400, "GET /items/%zz HTTP/1.1\r\nHost: a\r\n\r\n"),
    PROBE("escape cut short", 400, "GET /items/1?q=%2 HTTP/1.1\r\nHost: a\r\n\r\n"),
    PROBE("escapes not UTF-8", 400, "GET /items/%ff HTTP/1.1\r\nHost: a\r\n\r\n"),
    PROBE("bad method", 400, "G(T /items/1 HTTP/1.1\r\nHost: a\r\n\r\n"),
    PROBE("HTTP/1.2", 505, "GET /items/1 HTTP/1.2\r\nHost: a\r\n\r\n"),
    PROBE("HTTP/2.0", 505, "GET /items/1 HTTP/2.0\r\nHost: a\r\n\r\n"),
    PROBE("no version", 400, "GET /items/1\r\nHost: a\r\n\r\n"),
    PROBE("no length", 411, POST "\r\n"),
    PROBE("too long by Content-Length", 413, POST "Content-Length: 65537\r\n\r\nab"),
};

#endif
