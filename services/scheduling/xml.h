/* SPDX-License-Identifier: Apache-2.0 */
/* A small XML document as a tree: element names, the attributes Id and Reference, text. Read with expat; a DOCTYPE is refused, so are nesting beyond 64 and
 * more than 512 MiB. */
#ifndef SCHEDULING_XML_H
#define SCHEDULING_XML_H

#include <stdio.h>

#include "kith/cleanup.h"
#include "kith/err.h"

struct xml_node {
    char *name;
    char *id, *reference; /* NULL = none */
    char *text;           /* without blanks around it; "" = none */
    unsigned long line;
    struct xml_node *parent, *first, *last, *next;
};

/* Plain or gzip. Errors, said in `why`: KITH_EIO, KITH_EDECODE (file, line), KITH_ENOMEM. */
KITH_MUST_CHECK kith_err xml_read(const char *path, struct xml_node **ret, struct kith_why *why);
void xml_node_free(struct xml_node *root); /* NULL is fine */
KITH_DEFINE_AUTO(xml_node)

/* The first child of that name, and the next one beside it; NULL: none. `node` may be NULL. */
const struct xml_node *xml_child(const struct xml_node *node, const char *name);
const struct xml_node *xml_beside(const struct xml_node *node, const char *name);
const char *xml_text(const struct xml_node *node, const char *child); /* "" when there is none */
void xml_escape(FILE *to, const char *text);

#endif
