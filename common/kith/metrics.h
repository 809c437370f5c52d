/* SPDX-License-Identifier: Apache-2.0 */
/* Counters, gauges and latency histograms in Prometheus text format 0.0.4. Process-wide registry; loop thread only.
 * Names as Prometheus wants them: kith_ingest_acked_total, kith_db_commit_seconds. */
#ifndef KITH_METRICS_H
#define KITH_METRICS_H

#include <stddef.h>
#include <stdint.h>

#include "kith/err.h"

struct kith_metric;

/* Get or make; the same (name, labels) gives the same metric. `labels` is "" or `door="http",code="409"` (no braces; in
 * values \" \\ \n are written escaped, anything else that breaks the format is our bug and asserted).
 * Strings are copied. Never NULL: on exhausted memory a shared dummy is returned. Metrics live as long as the process. */
struct kith_metric *kith_counter(const char *name, const char *help, const char *labels);
struct kith_metric *kith_gauge(const char *name, const char *help, const char *labels);
/* Seconds; buckets .0005 .001 .0025 .005 .01 .025 .05 .1 .25 .5 1 2.5 5 10 +Inf. */
struct kith_metric *kith_histogram(const char *name, const char *help, const char *labels);

void kith_metric_add(struct kith_metric *m, double v);     /* counter, gauge */
void kith_metric_set(struct kith_metric *m, double v);     /* gauge */
void kith_metric_observe(struct kith_metric *m, double v); /* histogram */
double kith_metric_value(const struct kith_metric *m);     /* counter, gauge; histogram: count */

/* All metrics as text, grouped by name with HELP and TYPE; the caller frees. Errors: KITH_ENOMEM. */
KITH_MUST_CHECK kith_err kith_metrics_text(char **ret, size_t *ret_n);

#endif
