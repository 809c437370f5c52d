/* SPDX-License-Identifier: Apache-2.0 */
/* What the HTTP handlers of ingest share: answers for failures, the base URL, counters. */
#ifndef INGEST_HANDLERS_HTTP_H
#define INGEST_HANDLERS_HTTP_H

#include "ingest/ingest.h"
#include "ingest/problems.h"

/* The problem+json that fits `err`; `detail` NULL = the error's own text. Answers the request. */
void ingest_http_refuse(struct kith_req *req, kith_err err, const char *detail);
/* 400 with validationErrors. Answers the request. */
void ingest_http_invalid(struct kith_req *req, const struct ingest_problems *problems);
/* "https://sis.example.org" (public_url) or "http://" + Host. */
void ingest_http_base(const struct ingest *ingest, struct kith_req *req, char *text, size_t n);

#endif
