/* SPDX-License-Identifier: Apache-2.0 */
#include "notification/route.h"

#include <string.h>

static const char *const reasons[] = {"advisor", "principal", "district default"};
enum { ADVISOR, PRINCIPAL, DISTRICT_DEFAULT };

const char *notif_reason(const char *reason)
{
    for (int i = ADVISOR; i < DISTRICT_DEFAULT; i++)
        if (strcmp(reasons[i], reason) == 0)
            return reasons[i];
    return reasons[DISTRICT_DEFAULT];
}

static bool covers(int32_t begin_date, int32_t end_date, int32_t today)
{
    return begin_date <= today && (end_date == 0 || today <= end_date);
}

static const struct notif_adviser *best_adviser(const struct notif_people *p, int64_t student_id)
{
    const struct notif_adviser *best = NULL;
    for (size_t i = 0; i < p->n_advisers; i++) {
        const struct notif_adviser *a = &p->advisers[i];
        if (a->student_id != student_id || !covers(a->begin_date, a->end_date, p->today) ||
            !notif_address_ok(a->address))
            continue;
        if (!best || a->cohort_id < best->cohort_id ||
            (a->cohort_id == best->cohort_id && a->staff_id < best->staff_id))
            best = a;
    }
    return best;
}

static const struct notif_principal *best_principal(const struct notif_people *p, int64_t school_id)
{
    const struct notif_principal *best = NULL;
    for (size_t i = 0; i < p->n_principals; i++) {
        const struct notif_principal *a = &p->principals[i];
        if (a->school_id != school_id || !covers(a->begin_date, a->end_date, p->today) ||
            !notif_address_ok(a->address))
            continue;
        if (!best || a->staff_id < best->staff_id)
            best = a;
    }
    return best;
}

static int64_t school_of(const struct notif_people *p, int64_t student_id)
{
    int64_t school_id = 0;
    for (size_t i = 0; i < p->n_places; i++) {
        const struct notif_place *a = &p->places[i];
        if (a->student_id == student_id && covers(a->begin_date, a->end_date, p->today) &&
            (school_id == 0 || a->school_id < school_id))
            school_id = a->school_id;
    }
    return school_id;
}

struct notif_route notif_route_default(const struct notif_people *people)
{
    bool reachable = notif_address_ok(people->default_address);
    return (struct notif_route){0, reachable ? people->default_address : "",
                                reasons[DISTRICT_DEFAULT]};
}

struct notif_route notif_route(const struct notif_people *people, int64_t student_id,
                               int64_t school_id)
{
    const struct notif_adviser *adviser = best_adviser(people, student_id);
    if (adviser)
        return (struct notif_route){adviser->staff_id, adviser->address, reasons[ADVISOR]};
    if (school_id == 0)
        school_id = school_of(people, student_id);
    const struct notif_principal *principal = best_principal(people, school_id);
    if (principal)
        return (struct notif_route){principal->staff_id, principal->address, reasons[PRINCIPAL]};
    return notif_route_default(people);
}

static bool is_alnum(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

/* Dots only between two characters: the dot-atom of RFC 5322 3.2.3. */
static bool local_ok(const char *text, size_t n)
{
    if (n < 1 || n > 64)
        return false;
    for (size_t i = 0; i < n; i++) {
        if (text[i] == '.') {
            if (i == 0 || i + 1 == n || text[i + 1] == '.')
                return false;
        } else if (!is_alnum(text[i]) && !(text[i] && strchr("!#$%&'*+-/=?^_`{|}~", text[i]))) {
            return false;
        }
    }
    return true;
}

static bool domain_ok(const char *text, size_t n)
{
    if (n < 1 || n > 253)
        return false;
    size_t label = 0;
    for (size_t i = 0; i <= n; i++) {
        if (i == n || text[i] == '.') {
            if (label < 1 || label > 63 || text[i - 1] == '-')
                return false;
            label = 0;
        } else {
            if (!is_alnum(text[i]) && !(text[i] == '-' && label > 0))
                return false;
            label++;
        }
    }
    return true;
}

bool notif_address_ok(const char *address)
{
    size_t n = address ? strlen(address) : 0;
    const char *at = n > 0 && n <= 254 ? strchr(address, '@') : NULL;
    if (!at)
        return false;
    size_t local_n = (size_t)(at - address);
    return local_ok(address, local_n) && domain_ok(at + 1, n - local_n - 1);
}
