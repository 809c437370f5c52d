/* SPDX-License-Identifier: Apache-2.0 */
#include "notification/mailtext.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "kith/clock.h"
#include "notification/route.h"

bool notif_link_ok(const char *link)
{
    if (!link || strlen(link) > 200)
        return false;
    size_t scheme_n = strncmp(link, "https://", 8) == 0  ? 8
                      : strncmp(link, "http://", 7) == 0 ? 7
                                                         : 0;
    if (scheme_n == 0 || link[scheme_n] == '\0')
        return false;
    for (const char *c = link; *c; c++)
        if (*c <= ' ' || *c > '~' || strchr("<>\"\\`", *c))
            return false;
    return true;
}

bool notif_domain_ok(const char *domain)
{
    char address[300];
    int n = snprintf(address, sizeof(address), "a@%s", domain ? domain : "");
    return n > 0 && (size_t)n < sizeof(address) && notif_address_ok(address);
}

/* RFC 5322 3.3, always in UTC: "Mon, 23 Nov 2026 17:43:23 +0000". */
static void format_date(int64_t at_us, char text[static 64])
{
    static const char days[7][4] = {"Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"};
    static const char months[12][4] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                       "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    int64_t s = at_us > 0 ? at_us / 1000000 : 0;
    int32_t day = (int32_t)(s / 86400);
    int32_t rest = (int32_t)(s % 86400);
    int y;
    int m;
    int d;
    kith_date_to_civil(day, &y, &m, &d);
    (void)snprintf(text, 64, "%s, %02d %s %04d %02d:%02d:%02d +0000", days[day % 7], d,
                   months[m - 1], y, rest / 3600, rest / 60 % 60, rest % 60);
}

/* ", 1 urgent" for the subject and " 1 of them is urgent." for the body; both empty for routine. */
static void urgency_words(const struct notif_mailtext *m, char subject[static 64],
                          char body[static 96])
{
    subject[0] = '\0';
    body[0] = '\0';
    if (m->urgency <= NOTIF_ROUTINE)
        return;
    const char *word = m->urgency >= NOTIF_URGENT ? "urgent" : "soon";
    (void)snprintf(subject, 64, ", %" PRIu32 " %s", m->top_items, word);
    const char *wish = m->urgency >= NOTIF_URGENT ? "urgent" : "to be looked at soon";
    if (m->items == 1)
        (void)snprintf(body, 96, " It is %s.", wish);
    else
        (void)snprintf(body, 96, " %" PRIu32 " of them %s %s.", m->top_items,
                       m->top_items == 1 ? "is" : "are", wish);
}

kith_err notif_mailtext_render(const struct notif_mailtext *m, char **ret, size_t *ret_n)
{
    if (!notif_address_ok(m->from) || !notif_address_ok(m->to) || !notif_domain_ok(m->domain) ||
        !notif_link_ok(m->link) || m->items < 1 || m->top_items > m->items)
        return KITH_EINVAL;
    char id[33];
    kith_id_format(&m->mail_id, id);
    char date[64];
    format_date(m->at_us, date);
    char subject[64];
    char body[96];
    urgency_words(m, subject, body);
    const char *noun = m->items == 1 ? "item needs" : "items need";
    size_t link_n = strlen(m->link);
    if (m->link[link_n - 1] == '/')
        link_n--;
    char *text = NULL;
    int n = asprintf(&text,
                     "Date: %s\r\n"
                     "From: Kith <%s>\r\n"
                     "To: <%s>\r\n"
                     "Subject: Kith: %" PRIu32 " %s you%s\r\n"
                     "Message-ID: <%s@%s>\r\n"
                     "Auto-Submitted: auto-generated\r\n"
                     "MIME-Version: 1.0\r\n"
                     "Content-Type: text/plain; charset=utf-8\r\n"
                     "Content-Transfer-Encoding: 7bit\r\n"
                     "\r\n"
                     "%" PRIu32 " %s you in Kith.%s\r\n"
                     "\r\n"
                     "Who and why is in your inbox, after you sign in:\r\n"
                     "%.*s/inbox\r\n"
                     "\r\n"
                     "This mail names nobody on purpose.\r\n",
                     date, m->from, m->to, m->items, noun, subject, id, m->domain, m->items, noun,
                     body, (int)link_n, m->link);
    if (n < 0)
        return KITH_ENOMEM;
    *ret = text;
    *ret_n = (size_t)n;
    return KITH_OK;
}
