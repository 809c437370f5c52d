/* SPDX-License-Identifier: Apache-2.0 */
/* Which operations share a transaction, and whether each is allowed: references, numbers, categories. No I/O. */
#include <string.h>

#include "ingest/writer_internal.h"

/* Of quarantined frames in one transaction: each may be as large as a message, and is copied into the statement. */
#define QUARANTINE_BYTES (8 * 1024 * 1024)

enum verdict {
    TAKEN,   /* in the run (or shares the answer of one that is) */
    REFUSED, /* op->err says why */
    STOP,    /* belongs to the next run */
};

/* An event's id is packed, not hashed: its first half names student and place, its second the day, and a run may share either. */
static uint64_t seen_hash(const struct kith_id *id)
{
    uint64_t a;
    uint64_t b;
    memcpy(&a, id->b, sizeof(a));
    memcpy(&b, id->b + 8, sizeof(b));
    a = (a ^ (a >> 29)) * UINT64_C(0x9E3779B97F4A7C15);
    b = (b ^ (b >> 29)) * UINT64_C(0xC2B2AE3D27D4EB4F);
    return (a ^ (b >> 32) ^ (b << 32)) * UINT64_C(0x9E3779B97F4A7C15);
}

static struct ingest_op *seen_find(struct run *run, const struct kith_id *id, size_t *slot)
{
    uint64_t h = seen_hash(id);
    size_t i = (size_t)(h >> 50) & (SEEN_SIZE - 1);
    for (; run->seen.slots[i].stamp == run->seen.stamp; i = (i + 1) & (SEEN_SIZE - 1)) {
        struct ingest_op *op = run->ops[run->seen.slots[i].index];
        if (run->seen.slots[i].tag == (uint16_t)(h >> 32) &&
            memcmp(op->id.b, id->b, sizeof(id->b)) == 0)
            return op;
    }
    *slot = i;
    return NULL;
}

static void run_add(struct run *run, struct ingest_op *op, size_t slot)
{
    run->seen.slots[slot].stamp = run->seen.stamp;
    run->seen.slots[slot].tag = (uint16_t)(seen_hash(&op->id) >> 32);
    run->seen.slots[slot].index = (uint16_t)run->n;
    run->ops[run->n++] = op;
}

static enum verdict refuse(struct ingest_op *op, kith_err err, const char *text)
{
    op->err = err;
    kith_why_set(&op->why, "%s", text);
    return REFUSED;
}

/* ---- attendance ---- */

struct place {
    const struct kith_id *id;
    const char *what; /* for the sentence */
};

static kith_err number_of(const struct ingest_district *d, const struct kith_id *id, int64_t *num)
{
    const struct ingest_known_row *row = ingest_district_present(d, id);
    if (!row)
        return KITH_ECONFLICT;
    *num = row->num;
    return KITH_OK;
}

/* The natural key in numbers, but for the category. */
static kith_err resolve(const struct ingest_district *d, struct ingest_op *op)
{
    const struct ingest_event *e = &op->event;
    struct ingest_event_key *key = &op->key;
    const char *what = "studentReference: no such student was sent yet";
    kith_err err = number_of(d, &e->student, &key->student);
    if (err == KITH_OK && e->section) {
        what = "sectionReference: no such section was sent yet";
        err = number_of(d, &e->place_section, &key->place);
        key->session = 0;
    } else if (err == KITH_OK) {
        what = "schoolReference: no such school was sent yet";
        err = number_of(d, &e->school, &key->place);
        if (err == KITH_OK) {
            what = "sessionReference: no such session was sent yet";
            err = number_of(d, &e->session, &key->session);
        }
    }
    if (err != KITH_OK) {
        (void)refuse(op, err, what);
        return err;
    }
    key->section = e->section;
    key->date = e->date;
    op->school_id = e->school_id;
    return KITH_OK;
}

static kith_err add_item(struct run *run, const struct ingest_district *d, struct ingest_op *op)
{
    struct ingest_category *c =
        ingest_district_category_by_id((struct ingest_district *)d, op->key.category);
    struct ingest_mark mark = {.key = op->key, .school_id = op->school_id};
    run->offsets[run->n] = (int32_t)run->items.n;
    enum ingest_kind kind = c ? c->kind : INGEST_KIND_UNMAPPED;
    if (d->policy.partial_permille > 0)
        kind = ingest_policy_kind(&d->policy, kind, op->event.extra);
    return ingest_record_mark(&run->items, &mark, kind);
}

/* Categories are in the order of their numbers. */
static int32_t next_category(const struct ingest_district *d)
{
    return d->categories_n ? d->categories[d->categories_n - 1].id + 1 : 1;
}

static enum verdict add_event(struct queue *q, struct ingest_op *op)
{
    struct run *run = q->next;
    bool alone = op->must_exist || op->has_match;
    if (alone && run->n > 0)
        return STOP;
    if (!op->has_key && resolve(q->district, op) != KITH_OK)
        return REFUSED;
    bool new_category = false;
    if (!op->has_key) {
        const struct ingest_category *c = ingest_district_category(q->district, op->event.category);
        if (!c && op->must_exist)
            return refuse(op, KITH_ENOTFOUND, "no such event");
        new_category = c == NULL;
        op->key.category = c ? c->id : next_category(q->district);
    }
    if (ingest_event_id(&op->key, &op->id) != KITH_OK)
        return refuse(op, KITH_EINVAL, "the district has used up its numbers");
    if (op->has_id && memcmp(op->id.b, op->expected.b, sizeof(op->id.b)) != 0)
        return refuse(op, KITH_EINVAL,
                      "the natural key in the body is not that of the URL: delete the old event "
                      "and post the new one");
    size_t slot = 0;
    struct ingest_op *same = seen_find(run, &op->id, &slot);
    if (same && same->event.digest != op->event.digest)
        return STOP;
    if (same) {
        op->same = same;
        return TAKEN;
    }
    /* last: what is refused must leave no category behind that no transaction writes */
    if (new_category &&
        ingest_district_add_category(q->district, op->key.category, op->event.category) != KITH_OK)
        return refuse(op, KITH_ENOMEM, "out of memory");
    if (add_item(run, q->district, op) != KITH_OK) {
        if (new_category)
            ingest_district_forget_category(q->district);
        return refuse(op, KITH_ENOMEM, "out of memory");
    }
    run->categories_n += new_category;
    run_add(run, op, slot);
    run->offsets[run->n] = (int32_t)run->items.n;
    return TAKEN;
}

static enum verdict add_event_delete(struct queue *q, struct ingest_op *op)
{
    struct run *run = q->next;
    if (op->has_match && run->n > 0)
        return STOP;
    if (!op->has_key) {
        if (resolve(q->district, op) != KITH_OK)
            return REFUSED;
        struct ingest_category *c = ingest_district_category(q->district, op->event.category);
        if (!c)
            return refuse(op, KITH_ENOTFOUND, "no such event");
        op->key.category = c->id;
    }
    if (ingest_event_id(&op->key, &op->id) != KITH_OK)
        return refuse(op, KITH_ENOTFOUND, "no such event");
    size_t slot = 0;
    if (seen_find(run, &op->id, &slot))
        return STOP;
    if (add_item(run, q->district, op) != KITH_OK)
        return refuse(op, KITH_ENOMEM, "out of memory");
    run_add(run, op, slot);
    run->offsets[run->n] = (int32_t)run->items.n;
    return TAKEN;
}

/* ---- documents ---- */

bool ingest_writer_resolved(const struct ingest_district *d, const struct ingest_ref *ref)
{
    for (size_t i = 0; i < ref->n; i++)
        if (ingest_known_present(d->known, &ref->id[i]))
            return true;
    return false;
}

static enum verdict check_document(const struct ingest_district *d, struct ingest_op *op,
                                   const struct ingest_known_row *row)
{
    bool present = row && row->digest != INGEST_ABSENT;
    if (op->must_exist && !present)
        return refuse(op, KITH_ENOTFOUND, "no such document");
    if (op->has_match && (!present || row->digest != op->match))
        return refuse(op, KITH_EPRECONDITION, "If-Match names another version");
    for (size_t i = 0; i < op->doc->refs_n; i++) {
        const struct ingest_ref *ref = &op->doc->refs[i];
        if (!ingest_writer_resolved(d, ref)) {
            op->err = KITH_ECONFLICT;
            kith_why_set(&op->why, "%s: what it refers to was not sent yet", ref->path);
            return REFUSED;
        }
    }
    return TAKEN;
}

/* What is to be known is known at once, so that the next document of the run may refer to it; `undo` takes it back. */
static kith_err make_known(struct queue *q, struct ingest_op *op,
                           const struct ingest_known_row *row)
{
    struct run *run = q->next;
    struct ingest_district *d = q->district;
    struct undo undo = {
        .id = op->id, .num = row ? row->num : 0, .digest = row ? row->digest : INGEST_ABSENT};
    op->num = undo.num;
    op->must_number = op->doc->resource->numbered && op->num == 0;
    if (op->must_number)
        op->num = d->next_num;
    kith_err err = ingest_known_put(d->known, &op->id, op->num, op->doc->digest);
    if (err != KITH_OK)
        return err;
    if (op->must_number)
        d->next_num++;
    run->undo[run->changed_n] = undo;
    run->changed[run->changed_n++] = op;
    return KITH_OK;
}

/* A PUT whose body has another natural key than the document of the URL. */
static enum verdict change_key(struct queue *q, struct ingest_op *op)
{
    if (!ingest_known_present(q->district->known, &op->expected))
        return refuse(op, KITH_ENOTFOUND, "no such document");
    op->key_fixed = !op->doc->resource->rekeyable;
    if (op->key_fixed)
        return refuse(op, KITH_EINVAL, "the natural key in the body is not that of the URL");
    op->kind = INGEST_OP_REKEY;
    return STOP;
}

static bool is_other_key(struct queue *q, struct ingest_op *op)
{
    ingest_doc_name(op->doc, q->district->names);
    op->id = op->doc->id;
    return op->has_id && memcmp(op->id.b, op->expected.b, sizeof(op->id.b)) != 0;
}

/* Alone in its run, and everything before it has committed. */
static enum verdict add_rekey(struct queue *q, struct ingest_op *op)
{
    struct run *run = q->next;
    if (run->n > 0)
        return STOP;
    if (!is_other_key(q, op)) { /* somebody was faster */
        op->kind = INGEST_OP_DOCUMENT;
        return STOP;
    }
    const struct ingest_known_row *row = ingest_known_present(q->district->known, &op->expected);
    enum verdict verdict = check_document(q->district, op, row);
    if (verdict != TAKEN)
        return verdict;
    op->key_taken = ingest_known_present(q->district->known, &op->id) != NULL;
    if (op->key_taken)
        return refuse(op, KITH_EEXIST, "another document has that natural key already");
    op->num = row->num;
    op->digest = op->doc->digest;
    op->outcome = INGEST_UPDATED;
    run->ops[run->n++] = op;
    return TAKEN;
}

static enum verdict add_document(struct queue *q, struct ingest_op *op)
{
    struct run *run = q->next;
    if (is_other_key(q, op))
        return change_key(q, op);
    op->digest = op->doc->digest;
    const struct ingest_known_row *row = ingest_known_find(q->district->known, &op->id);
    enum verdict verdict = check_document(q->district, op, row);
    if (verdict != TAKEN)
        return verdict;
    bool present = row && row->digest != INGEST_ABSENT;
    op->outcome = !present                         ? INGEST_CREATED
                  : row->digest == op->doc->digest ? INGEST_UNCHANGED
                                                   : INGEST_UPDATED;
    size_t slot = 0;
    bool twice = seen_find(run, &op->id, &slot) != NULL;
    if (op->outcome == INGEST_UNCHANGED && twice) {
        op->same = op; /* identical to one of this run: shares the run's fate */
        return TAKEN;
    }
    if (twice)
        return STOP;
    if (op->outcome != INGEST_UNCHANGED && make_known(q, op, row) != KITH_OK)
        return refuse(op, KITH_ENOMEM, "out of memory");
    run_add(run, op, slot);
    return TAKEN;
}

static enum verdict add_document_delete(struct queue *q, struct ingest_op *op)
{
    struct run *run = q->next;
    if (run->n > 0)
        return STOP;
    const struct ingest_known_row *row = ingest_known_present(q->district->known, &op->id);
    if (!row)
        return refuse(op, KITH_ENOTFOUND, "no such document");
    if (op->has_match && row->digest != op->match)
        return refuse(op, KITH_EPRECONDITION, "If-Match names another version");
    op->num = row->num;
    run->ops[run->n++] = op;
    return TAKEN;
}

static enum verdict add_quarantine(struct queue *q, struct ingest_op *op)
{
    struct run *run = q->next;
    if (run->n > 0 && run->bytes + op->bytes_n > QUARANTINE_BYTES)
        return STOP;
    run->bytes += op->bytes_n;
    run->ops[run->n++] = op;
    return TAKEN;
}

static enum verdict add(struct queue *q, struct ingest_op *op)
{
    switch (op->kind) {
    case INGEST_OP_DOCUMENT:
        return add_document(q, op);
    case INGEST_OP_REKEY:
        return add_rekey(q, op);
    case INGEST_OP_DOCUMENT_DELETE:
        return add_document_delete(q, op);
    case INGEST_OP_EVENT:
        return add_event(q, op);
    case INGEST_OP_EVENT_DELETE:
        return add_event_delete(q, op);
    case INGEST_OP_QUARANTINE:
        return add_quarantine(q, op);
    }
    return refuse(op, KITH_EINTERNAL, "unknown kind of operation");
}

static void run_begin(struct run *run, enum ingest_op_kind kind)
{
    run->kind = kind;
    run->n = 0;
    run->changed_n = 0;
    run->categories_n = 0;
    run->items.n = 0;
    run->pos = 0;
    run->bytes = 0;
    run->all_fresh = false;
    run->ords_n = 0;
    run->sharers = NULL;
    run->sharers_tail = &run->sharers;
    run->closed = false;
    if (++run->seen.stamp == 0) { /* wrapped: old stamps could come true again */
        memset(run->seen.slots, 0, sizeof(run->seen.slots));
        run->seen.stamp = 1;
    }
}

static struct ingest_op *pop(struct queue *q)
{
    struct ingest_op *op = q->head;
    q->head = op->next;
    if (!q->head)
        q->tail = &q->head;
    op->next = NULL;
    return op;
}

void ingest_run_gather(struct queue *q, struct ingest_op ***refused)
{
    struct run *run = q->next;
    if (q->head && run->n == 0)
        run_begin(run, q->head->kind);
    size_t limit = q->solo > 0 ? 1 : INGEST_RUN_MAX;
    while (q->head && q->head->kind == run->kind && run->n < limit && !run->closed) {
        struct ingest_op *op = q->head;
        op->err = KITH_OK;
        op->same = NULL;
        enum verdict verdict = add(q, op);
        if (verdict == STOP) {
            run->closed = true;
            break;
        }
        run->closed = verdict == TAKEN && (op->must_exist || op->has_match) &&
                      run->kind != INGEST_OP_DOCUMENT;
        (void)pop(q);
        if (q->solo > 0)
            q->solo--;
        if (verdict == REFUSED) {
            **refused = op;
            *refused = &op->next;
        } else if (op->same) {
            *run->sharers_tail = op;
            run->sharers_tail = &op->next;
        }
    }
}

void ingest_run_undo(struct queue *q, struct run *run)
{
    for (size_t i = run->changed_n; i-- > 0;) {
        /* replacing a row that is there needs no memory */
        kith_err err = ingest_known_put(q->district->known, &run->undo[i].id, run->undo[i].num,
                                        run->undo[i].digest);
        (void)err;
    }
    run->changed_n = 0;
    for (; run->categories_n > 0; run->categories_n--)
        ingest_district_forget_category(q->district);
}
