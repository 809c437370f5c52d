/* SPDX-License-Identifier: Apache-2.0 */
#include "ingest/event.h"

#include <assert.h>

#include "kith/clock.h"

/* Bytes, most significant first: student 4, place 4, session 3, section (top bit) and category 2, date 3. */
#define STUDENT_MAX  UINT32_MAX
#define PLACE_MAX    UINT32_MAX
#define SESSION_MAX  ((1 << 24) - 1)
#define CATEGORY_MAX ((1 << 15) - 1)
#define DATE_OFFSET  (1 << 23) /* dates before 1970 are negative */

static bool in_range(const struct ingest_event_key *k)
{
    return k->student >= 1 && k->student <= STUDENT_MAX && k->place >= 1 && k->place <= PLACE_MAX &&
           (k->section ? k->session == 0 : k->session >= 1 && k->session <= SESSION_MAX) &&
           k->category >= 1 && k->category <= CATEGORY_MAX &&
           k->date >= kith_date_from_civil(1, 1, 1) &&
           k->date <= kith_date_from_civil(9999, 12, 31);
}

static uint8_t *put(uint8_t *b, uint64_t v, int n)
{
    for (int i = n - 1; i >= 0; i--)
        *b++ = (uint8_t)(v >> (8 * i));
    return b;
}

static const uint8_t *get(const uint8_t *b, int n, uint64_t *ret)
{
    *ret = 0;
    for (int i = 0; i < n; i++)
        *ret = *ret << 8 | *b++;
    return b;
}

kith_err ingest_event_id(const struct ingest_event_key *key, struct kith_id *ret)
{
    assert(key && ret);
    if (!in_range(key))
        return KITH_EINVAL;
    uint8_t *b = put(ret->b, (uint64_t)key->student, 4);
    b = put(b, (uint64_t)key->place, 4);
    b = put(b, (uint64_t)key->session, 3);
    b = put(b, (uint64_t)key->category | (key->section ? UINT64_C(1) << 15 : 0), 2);
    b = put(b, (uint64_t)key->date + DATE_OFFSET, 3);
    assert(b == ret->b + sizeof(ret->b));
    return KITH_OK;
}

kith_err ingest_event_unpack_id(const struct kith_id *id, struct ingest_event_key *ret)
{
    assert(id && ret);
    uint64_t student = 0;
    uint64_t place = 0;
    uint64_t session = 0;
    uint64_t category = 0;
    uint64_t date = 0;
    const uint8_t *b = get(id->b, 4, &student);
    b = get(b, 4, &place);
    b = get(b, 3, &session);
    b = get(b, 2, &category);
    (void)get(b, 3, &date);
    struct ingest_event_key key = {
        .student = (int64_t)student,
        .place = (int64_t)place,
        .session = (int64_t)session,
        .category = (int32_t)(category & CATEGORY_MAX),
        .date = (int32_t)date - DATE_OFFSET,
        .section = (category & (UINT64_C(1) << 15)) != 0,
    };
    if (!in_range(&key))
        return KITH_EINVAL;
    *ret = key;
    return KITH_OK;
}
