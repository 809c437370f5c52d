/* SPDX-License-Identifier: Apache-2.0 */
#include "kith_test.h"

#include "notification/mailtext.h"
#include "notification/route.h"

static struct notif_mailtext mail(void)
{
    return (struct notif_mailtext){.mail_id = {{0xab, 0xcd}},
                                   .from = "kith@district.example",
                                   .to = "teacher@district.example",
                                   .domain = "district.example",
                                   .link = "https://kith.district.example",
                                   .at_us = INT64_C(1795455803123456), /* 2026-11-23T17:43:23Z */
                                   .items = 3,
                                   .top_items = 1,
                                   .urgency = NOTIF_URGENT};
}

static char *render(const struct notif_mailtext *m)
{
    char *text = NULL;
    size_t n = 0;
    assert_ok(notif_mailtext_render(m, &text, &n));
    assert_int_equal(strlen(text), n);
    return text;
}

static void the_whole_mail(void **state)
{
    (void)state;
    struct notif_mailtext m = mail();
    char *text = render(&m);
    assert_string_equal(text, "Date: Mon, 23 Nov 2026 17:43:23 +0000\r\n"
                              "From: Kith <kith@district.example>\r\n"
                              "To: <teacher@district.example>\r\n"
                              "Subject: Kith: 3 items need you, 1 urgent\r\n"
                              "Message-ID: <abcd0000000000000000000000000000@district.example>\r\n"
                              "Auto-Submitted: auto-generated\r\n"
                              "MIME-Version: 1.0\r\n"
                              "Content-Type: text/plain; charset=utf-8\r\n"
                              "Content-Transfer-Encoding: 7bit\r\n"
                              "\r\n"
                              "3 items need you in Kith. 1 of them is urgent.\r\n"
                              "\r\n"
                              "Who and why is in your inbox, after you sign in:\r\n"
                              "https://kith.district.example/inbox\r\n"
                              "\r\n"
                              "This mail names nobody on purpose.\r\n");
    free(text);
}

static void subjects(void **state)
{
    (void)state;
    static const struct {
        uint32_t items;
        uint32_t top;
        enum notif_urgency urgency;
        const char *subject;
        const char *body;
    } cases[] = {
        {1, 1, NOTIF_ROUTINE, "Subject: Kith: 1 item needs you\r\n",
         "\r\n1 item needs you in Kith.\r\n"},
        {1, 1, NOTIF_URGENT, "Subject: Kith: 1 item needs you, 1 urgent\r\n", " It is urgent.\r\n"},
        {2, 2, NOTIF_SOON, "Subject: Kith: 2 items need you, 2 soon\r\n",
         " 2 of them are to be looked at soon.\r\n"},
        {20000, 19999, NOTIF_URGENT, "Subject: Kith: 20000 items need you, 19999 urgent\r\n",
         " 19999 of them are urgent.\r\n"},
    };
    for (size_t i = 0; i < KITH_LEN(cases); i++) {
        struct notif_mailtext m = mail();
        m.items = cases[i].items;
        m.top_items = cases[i].top;
        m.urgency = cases[i].urgency;
        char *text = render(&m);
        assert_non_null(strstr(text, cases[i].subject));
        assert_non_null(strstr(text, cases[i].body));
        free(text);
    }
}

static void the_same_mail_has_the_same_text(void **state)
{
    (void)state;
    struct notif_mailtext m = mail();
    char *first = render(&m);
    char *again = render(&m);
    assert_string_equal(first, again);
    free(first);
    free(again);
    m.link = "https://kith.district.example/"; /* no double slash */
    char *text = render(&m);
    assert_non_null(strstr(text, "\r\nhttps://kith.district.example/inbox\r\n"));
    free(text);
}

/* Every header line is one we wrote, whatever stands in the fields: none is added, none is cut. */
static void check_headers(const char *text)
{
    static const char *const names[] = {
        "Date: ",         "From: ",         "To: ",
        "Subject: ",      "Message-ID: ",   "Auto-Submitted: ",
        "MIME-Version: ", "Content-Type: ", "Content-Transfer-Encoding: "};
    const char *line = text;
    for (size_t i = 0; i < KITH_LEN(names); i++) {
        assert_memory_equal(line, names[i], strlen(names[i]));
        line = strstr(line, "\r\n");
        assert_non_null(line);
        line += 2;
    }
    assert_memory_equal(line, "\r\n", 2);
    for (const char *c = text; *c; c++) {
        if (*c == '\r')
            assert_int_equal(c[1], '\n');
        if (*c == '\n')
            assert_int_equal(c[-1], '\r');
        assert_true((unsigned char)*c < 0x7f);
    }
}

static void hostile_fields_inject_nothing(void **state)
{
    (void)state;
    static const char alphabet[] = "ab.@<>\r\n \t:,;\"\\()[]%\x01\x7f\xc3\xa4-_/=?";
    uint64_t seed = 4711;
    unsigned rendered = 0;
    for (int round = 0; round < 40000; round++) {
        char field[24];
        size_t n = test_random(&seed) % (sizeof(field) - 1);
        for (size_t i = 0; i < n; i++)
            field[i] = alphabet[test_random(&seed) % (sizeof(alphabet) - 1)];
        field[n] = '\0';
        char with_host[64];
        struct notif_mailtext m = mail();
        switch (test_random(&seed) % 4) {
        case 0:
            m.to = field;
            break;
        case 1:
            m.from = field;
            break;
        case 2:
            m.domain = field;
            break;
        default:
            (void)snprintf(with_host, sizeof(with_host), "https://%s", field);
            m.link = with_host;
        }
        char *text = NULL;
        size_t text_n = 0;
        kith_err err = notif_mailtext_render(&m, &text, &text_n);
        if (err != KITH_OK) {
            assert_err(err, KITH_EINVAL);
            assert_null(text);
            continue;
        }
        check_headers(text);
        free(text);
        rendered++;
    }
    assert_true(rendered > 100); /* and not because everything is refused */
}

/* The type has no place for a student. This shows it the hard way as well: names and numbers that a district could have, none of which may come
 * out, whatever the counts, ids and times. */
static void no_student_comes_out(void **state)
{
    (void)state;
    static const char *const first[] = {"Dwight", "Aaliyah", "Jose", "Mei",
                                        "Fatima", "Noah",    "Zoe",  "Kwame"};
    static const char *const last[] = {"Garcia", "Nguyen", "O'Brien", "Smith-Lee",
                                       "Okafor", "Muller", "Kim",     "Abdi"};
    uint64_t seed = 99;
    struct notif_mailtext m = mail();
    char *text = render(&m);
    for (int i = 0; i < 10000; i++) {
        if (i % 100 == 0) {
            free(text);
            for (size_t k = 0; k < sizeof(m.mail_id.b); k++)
                m.mail_id.b[k] = (uint8_t)test_random(&seed);
            m.at_us = (int64_t)(test_random(&seed) % UINT64_C(4000000000000000));
            m.items = (uint32_t)(test_random(&seed) % 300) + 1;
            m.top_items = (uint32_t)(test_random(&seed) % m.items) + 1;
            m.urgency = (enum notif_urgency)(test_random(&seed) % 3 + 1);
            text = render(&m);
        }
        char name[64];
        (void)snprintf(name, sizeof(name), "%s %s", first[test_random(&seed) % KITH_LEN(first)],
                       last[test_random(&seed) % KITH_LEN(last)]);
        char number[32]; /* a state's student number: six digits and more */
        (void)snprintf(number, sizeof(number), " %lld ",
                       (long long)(test_random(&seed) % 900000 + 100000));
        assert_null(strstr(text, name));
        *strchr(name, ' ') = '\0';
        assert_null(strstr(text, name));
        assert_null(strstr(text, number));
    }
    free(text);
}

static void refused(void **state)
{
    (void)state;
    struct notif_mailtext m = mail();
    char *text = NULL;
    size_t n = 0;
    m.items = 0;
    assert_err(notif_mailtext_render(&m, &text, &n), KITH_EINVAL);
    m = mail();
    m.top_items = 4;
    assert_err(notif_mailtext_render(&m, &text, &n), KITH_EINVAL);
    m = mail();
    m.link = "ftp://x";
    assert_err(notif_mailtext_render(&m, &text, &n), KITH_EINVAL);
    m.link = "https://";
    assert_err(notif_mailtext_render(&m, &text, &n), KITH_EINVAL);
    assert_false(notif_link_ok(NULL));
    assert_false(notif_domain_ok(NULL));
    assert_false(notif_domain_ok("x y"));
    assert_true(notif_domain_ok("localhost"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_whole_mail),
        cmocka_unit_test(subjects),
        cmocka_unit_test(the_same_mail_has_the_same_text),
        cmocka_unit_test(hostile_fields_inject_nothing),
        cmocka_unit_test(no_student_comes_out),
        cmocka_unit_test(refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
