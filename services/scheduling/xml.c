/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduling/xml.h"

#include <ctype.h>
#include <errno.h>
#include <expat.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#define DEPTH_MOST 64
#define BYTES_MOST ((size_t)512 << 20)
#define PIECE      (1 << 16)

struct reading {
    XML_Parser parser;
    struct xml_node *root, *at;
    int depth;
    char *text;
    size_t n, size;
    const char *refused; /* why it was stopped */
};

void xml_node_free(struct xml_node *root)
{
    struct xml_node *node = root;
    while (node) { /* without recursion: first the children, then upwards */
        if (node->first) {
            struct xml_node *child = node->first;
            node->first = child->next;
            child->parent = node;
            node = child;
            continue;
        }
        struct xml_node *parent = node->parent;
        free(node->name);
        free(node->id);
        free(node->reference);
        free(node->text);
        free(node);
        node = parent;
    }
}

static void refuse(struct reading *r, const char *why)
{
    r->refused = why;
    (void)XML_StopParser(r->parser, XML_FALSE);
}

static void on_start(void *ctx, const XML_Char *name, const XML_Char **attributes)
{
    struct reading *r = ctx;
    struct xml_node *node = calloc(1, sizeof(*node));
    if (!node || ++r->depth > DEPTH_MOST) {
        free(node);
        refuse(r, node ? "too deeply nested" : "out of memory");
        return;
    }
    node->name = strdup(name);
    node->line = XML_GetCurrentLineNumber(r->parser);
    node->parent = r->at;
    for (int i = 0; attributes[i]; i += 2) {
        if (strcmp(attributes[i], "Id") == 0 && !node->id)
            node->id = strdup(attributes[i + 1]);
        if (strcmp(attributes[i], "Reference") == 0 && !node->reference)
            node->reference = strdup(attributes[i + 1]);
    }
    if (!r->at)
        r->root = node;
    else if (r->at->last)
        r->at->last->next = node;
    else
        r->at->first = node;
    if (r->at)
        r->at->last = node;
    r->at = node;
    r->n = 0;
    if (!node->name)
        refuse(r, "out of memory");
}

static void on_end(void *ctx, const XML_Char *name)
{
    struct reading *r = ctx;
    size_t begin = 0;
    (void)name;
    while (begin < r->n && isspace((unsigned char)r->text[begin]))
        begin++;
    while (r->n > begin && isspace((unsigned char)r->text[r->n - 1]))
        r->n--;
    r->at->text = calloc(r->n - begin + 1, 1);
    if (r->at->text && r->n > begin)
        memcpy(r->at->text, r->text + begin, r->n - begin);
    if (!r->at->text)
        refuse(r, "out of memory");
    r->n = 0;
    r->at = r->at->parent;
    r->depth--;
}

static void on_text(void *ctx, const XML_Char *text, int n)
{
    struct reading *r = ctx;
    if (r->n + (size_t)n > r->size) {
        size_t size = (r->n + (size_t)n) * 2;
        char *grown = realloc(r->text, size);
        if (!grown) {
            refuse(r, "out of memory");
            return;
        }
        r->text = grown;
        r->size = size;
    }
    memcpy(r->text + r->n, text, (size_t)n);
    r->n += (size_t)n;
}

static void on_doctype(void *ctx, const XML_Char *name, const XML_Char *system_id,
                       const XML_Char *public_id, int internal)
{
    (void)name, (void)system_id, (void)public_id, (void)internal;
    refuse(ctx, "a DOCTYPE is not allowed");
}

static kith_err parse(struct reading *r, gzFile file, const char *path, struct kith_why *why)
{
    size_t sum = 0;
    for (;;) {
        void *to = XML_GetBuffer(r->parser, PIECE);
        int n = to ? gzread(file, to, PIECE) : -1;
        if (n < 0) {
            kith_why_set(why, "%s cannot be read: it is no whole gzip file", path);
            return KITH_EIO;
        }
        sum += (size_t)n;
        if (sum > BYTES_MOST) {
            kith_why_set(why, "%s is larger than 512 MiB", path);
            return KITH_ETOOBIG;
        }
        if (XML_ParseBuffer(r->parser, n, n == 0) != XML_STATUS_OK) {
            kith_why_set(why, "%s line %lu: %s", path, XML_GetCurrentLineNumber(r->parser),
                         r->refused ? r->refused : XML_ErrorString(XML_GetErrorCode(r->parser)));
            return KITH_EDECODE;
        }
        if (n == 0)
            return KITH_OK;
    }
}

kith_err xml_read(const char *path, struct xml_node **ret, struct kith_why *why)
{
    gzFile file = gzopen(path, "rb");
    if (!file) {
        kith_why_set(why, "%s: %s", path, strerror(errno));
        return KITH_EIO;
    }
    struct reading r = {.parser = XML_ParserCreate(NULL)};
    kith_err err = r.parser ? KITH_OK : KITH_ENOMEM;
    if (err == KITH_OK) {
        XML_SetUserData(r.parser, &r);
        XML_SetElementHandler(r.parser, on_start, on_end);
        XML_SetCharacterDataHandler(r.parser, on_text);
        XML_SetStartDoctypeDeclHandler(r.parser, on_doctype);
        err = parse(&r, file, path, why);
        XML_ParserFree(r.parser);
    }
    (void)gzclose(file);
    free(r.text);
    if (err != KITH_OK) {
        xml_node_free(r.root);
        return err;
    }
    *ret = r.root;
    return KITH_OK;
}

const struct xml_node *xml_child(const struct xml_node *node, const char *name)
{
    const struct xml_node *child = node ? node->first : NULL;
    while (child && strcmp(child->name, name) != 0)
        child = child->next;
    return child;
}

const struct xml_node *xml_beside(const struct xml_node *node, const char *name)
{
    for (node = node->next; node && strcmp(node->name, name) != 0;)
        node = node->next;
    return node;
}

const char *xml_text(const struct xml_node *node, const char *child)
{
    const struct xml_node *found = xml_child(node, child);
    return found && found->text ? found->text : "";
}

void xml_escape(FILE *to, const char *text)
{
    for (; *text; text++)
        switch (*text) {
        case '&':
            (void)fputs("&amp;", to);
            break;
        case '<':
            (void)fputs("&lt;", to);
            break;
        case '>':
            (void)fputs("&gt;", to);
            break;
        case '"':
            (void)fputs("&quot;", to);
            break;
        default:
            (void)fputc(*text, to);
        }
}
