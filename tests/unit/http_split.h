/* SPDX-License-Identifier: Apache-2.0 */
/* Takes a raw request head apart in place, as leniently as the parser below the server does: a bare LF ends a line, blanks may repeat
 * and the version is searched from the end, a NUL ends a text early, folded lines are moved elsewhere, a line that begins with NUL
 * passes for the blank one. So the framing check can be tested and fuzzed without a server. */
#ifndef HTTP_SPLIT_H
#define HTTP_SPLIT_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "kith/http_check.h"

/* The next line of data[*at..n), its end replaced by NULs; NULL when there is none. */
static inline char *split_line(char *data, size_t n, size_t *at, size_t *ret_n)
{
    char *line = data + *at;
    char *lf = *at < n ? memchr(line, '\n', n - *at) : NULL;
    if (!lf)
        return NULL;
    *at = (size_t)(lf + 1 - data);
    *lf = '\0';
    if (lf > line && lf[-1] == '\r')
        *--lf = '\0';
    *ret_n = (size_t)(lf - line);
    return line;
}

static inline bool split_request_line(char *line, size_t n, struct kith_head *head)
{
    char *url = memchr(line, ' ', n);
    if (!url || url == line)
        return false;
    *url++ = '\0';
    while (*url == ' ')
        url++;
    char *version = line + n - 1;
    while (version > url && *version == ' ')
        version--;
    while (version > url && *version != ' ')
        version--;
    if (version <= url || (size_t)(line + n - version - 1) != 8 ||
        memcmp(version + 1, "HTTP/1.", 7) != 0)
        return false;
    *version = '\0';
    head->method = line;
    head->url = url;
    head->target = url;
    head->target_n = strlen(url);
    head->version = version + 1;
    return true;
}

static inline bool split_field(char *line, struct kith_head *head)
{
    static const char elsewhere[] = "Folded";
    struct kith_head_field f;
    char *colon = strchr(line, ':');
    if ((line[0] == ' ' || line[0] == '\t') && head->fields_n > 0) {
        if (head->fields_n <= KITH_HEAD_FIELDS_MAX)
            head->fields[head->fields_n - 1].name = elsewhere;
        return true;
    }
    if (!colon)
        return false;
    *colon++ = '\0';
    while (*colon == ' ' || *colon == '\t')
        colon++;
    f = (struct kith_head_field){line, strlen(line), colon, strlen(colon)};
    if (head->fields_n < KITH_HEAD_FIELDS_MAX)
        head->fields[head->fields_n] = f;
    head->fields_n++;
    return true;
}

/* Returns false when the head is incomplete or so broken that the parser refuses it by itself. */
static inline bool split_head(char *data, size_t n, struct kith_head *head)
{
    size_t at = 0;
    size_t line_n;
    char *line;
    head->fields_n = 0;
    do
        line = split_line(data, n, &at, &line_n);
    while (line && *line == '\0');
    if (!line || !split_request_line(line, line_n, head))
        return false;
    while ((line = split_line(data, n, &at, &line_n)) != NULL) {
        if (*line == '\0') {
            head->size = (size_t)(data + at - head->method);
            return true;
        }
        if (!split_field(line, head))
            return false;
    }
    return false;
}

#endif
