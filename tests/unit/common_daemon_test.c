/* SPDX-License-Identifier: Apache-2.0 */
/* The parts of the daemon skeleton that need no daemon; the whole is tested by tests/db/daemon_test.sh. */
#include "kith_test.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "kith/daemon_internal.h"

static char folder[] = "/tmp/kith-daemon-XXXXXX";

static char *path_of(const char *name)
{
    static char path[300];
    (void)snprintf(path, sizeof(path), "%s/%s", folder, name);
    return path;
}

static void write_file(const char *name, const char *text)
{
    FILE *file = fopen(path_of(name), "w");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static void remove_file(const char *name)
{
    assert_int_equal(unlink(path_of(name)), 0);
}

/* ---- settings ---- */

static struct kith_settings good_settings(void)
{
    return (struct kith_settings){.database = (char *)"host=/run dbname=kith",
                                  .keys = (char *)"/etc/kith/keys",
                                  .log_level = (char *)"info",
                                  .clock_file = (char *)"",
                                  .bus_ingest = (char *)"tcp://127.0.0.1:1",
                                  .bus_risk = (char *)"ipc:///run/kith/risk",
                                  .bus_notification = (char *)"tcp://[::1]:3"};
}

static void settings_are_checked(void **state)
{
    (void)state;
    struct kith_why why = {""};
    struct kith_settings s = good_settings();
    assert_ok(kith_settings_check(&s, &why));
    s.log_level = (char *)"loud";
    assert_err(kith_settings_check(&s, &why), KITH_ECONFIG);
    assert_non_null(strstr(why.text, "log_level: 'loud'"));
    s = good_settings();
    s.database = (char *)"postgresql://localhost/kith";
    assert_err(kith_settings_check(&s, &why), KITH_ECONFIG);
    assert_non_null(strstr(why.text, "database"));
    s = good_settings();
    s.bus_risk = (char *)"127.0.0.1:7000";
    assert_err(kith_settings_check(&s, &why), KITH_ECONFIG);
    assert_non_null(strstr(why.text, "bus_risk: '127.0.0.1:7000'"));
}

static void settings_lead_to_daemons(void **state)
{
    (void)state;
    struct kith_settings s = good_settings();
    assert_string_equal(kith_settings_bus(&s, "ingest"), "tcp://127.0.0.1:1");
    assert_string_equal(kith_settings_bus(&s, "risk"), "ipc:///run/kith/risk");
    assert_string_equal(kith_settings_bus(&s, "notification"), "tcp://[::1]:3");
    assert_null(kith_settings_bus(&s, "console"));
    char *conninfo = NULL;
    assert_ok(kith_settings_conninfo(&s, "risk", &conninfo));
    assert_string_equal(conninfo, "host=/run dbname=kith user=kith_risk "
                                  "fallback_application_name=kith-risk");
    free(conninfo);
    assert_string_not_equal(kith_settings_http("ingest"), kith_settings_http("risk"));
    assert_string_equal(kith_settings_http("unknown"), "127.0.0.1:0");
}

static void other_daemons_sections_are_foreign(void **state)
{
    (void)state;
    const char *foreign[KITH_FOREIGN_MAX];
    kith_settings_foreign("risk", foreign);
    bool ingest = false;
    for (size_t i = 0; foreign[i]; i++) {
        assert_string_not_equal(foreign[i], "risk");
        ingest = ingest || strcmp(foreign[i], "ingest") == 0;
    }
    assert_true(ingest);
    size_t n = 0;
    kith_settings_foreign(NULL, foreign);
    while (foreign[n])
        n++;
    assert_int_equal(n, 5);
}

static void where_the_configuration_is(void **state)
{
    (void)state;
    char *path = NULL;
    assert_int_equal(unsetenv("KITH_HOME"), 0);
    assert_ok(kith_settings_path(NULL, &path));
    assert_null(path);
    assert_int_equal(setenv("KITH_HOME", "/srv/kith", 1), 0);
    assert_ok(kith_settings_path(NULL, &path));
    assert_string_equal(path, "/srv/kith/kith.conf");
    free(path);
    assert_ok(kith_settings_path("other.conf", &path));
    assert_string_equal(path, "other.conf");
    free(path);
    assert_int_equal(unsetenv("KITH_HOME"), 0);
}

/* ---- keys ---- */

static void users_of_keys(void **state)
{
    (void)state;
    struct kith_keypair risk;
    struct kith_keypair person;
    assert_ok(kith_keypair_make(&risk));
    assert_ok(kith_keypair_make(&person));
    char text[100];
    (void)snprintf(text, sizeof(text), "%s\n", risk.public_key);
    write_file("risk.pub", text);
    (void)snprintf(text, sizeof(text), "%s   \r\nsecond line", person.public_key);
    write_file("operator.pub", text);
    write_file("README", "not a key");
    struct kith_keyring *ring = NULL;
    struct kith_why why = {""};
    assert_ok(kith_keyring_load(folder, &ring, &why));
    char user[KITH_USER_MAX];
    assert_true(kith_keyring_user(ring, risk.public_key, user));
    assert_string_equal(user, "service:risk");
    assert_true(kith_keyring_user(ring, person.public_key, user));
    assert_string_equal(user, "operator");
    assert_false(kith_keyring_user(ring, risk.secret_key, user));
    assert_string_equal(kith_keyring_key(ring, "risk"), risk.public_key);
    assert_null(kith_keyring_key(ring, "ingest"));

    struct kith_keyring *later = NULL;
    write_file("ingest.pub", text); /* one more: nobody lost */
    assert_ok(kith_keyring_load(folder, &later, &why));
    assert_false(kith_keyring_lost(ring, later));
    assert_true(kith_keyring_lost(later, ring));
    kith_keyring_free(later);
    write_file("risk.pub", text); /* another key under the same name: the old one is lost */
    assert_ok(kith_keyring_load(folder, &later, &why));
    assert_true(kith_keyring_lost(ring, later));
    kith_keyring_free(later);
    kith_keyring_free(ring);
    remove_file("ingest.pub");
    remove_file("risk.pub");
    remove_file("operator.pub");
    remove_file("README");
}

static void broken_key_folders(void **state)
{
    (void)state;
    struct kith_keyring *ring = NULL;
    struct kith_why why = {""};
    assert_err(kith_keyring_load("/nonexistent", &ring, &why), KITH_EIO);
    write_file("short.pub", "abc\n");
    assert_err(kith_keyring_load(folder, &ring, &why), KITH_EINVAL);
    assert_non_null(strstr(why.text, "short.pub"));
    write_file("short.pub", "");
    assert_err(kith_keyring_load(folder, &ring, &why), KITH_EINVAL);
    remove_file("short.pub");
    const char *endless = "a-name-that-is-much-longer-than-any-user-may-be-here-below.pub";
    write_file(endless, "0123456789012345678901234567890123456789\n");
    assert_err(kith_keyring_load(folder, &ring, &why), KITH_EINVAL);
    remove_file(endless);
    assert_int_equal(chmod(folder, 0770), 0);
    assert_err(kith_keyring_load(folder, &ring, &why), KITH_EUNSAFE);
    assert_non_null(strstr(why.text, "mode 770"));
    assert_int_equal(chmod(folder, 0755), 0);
    assert_ok(kith_keyring_load(folder, &ring, &why));
    kith_keyring_free(ring);
    assert_int_equal(chmod(folder, 0700), 0);
}

static void own_key_must_be_private(void **state)
{
    (void)state;
    struct kith_keypair pair;
    struct kith_keypair got;
    struct kith_why why = {""};
    assert_err(kith_keyring_own(folder, "risk", &got, &why), KITH_EIO);
    assert_non_null(strstr(why.text, "risk.key"));
    assert_ok(kith_keypair_make(&pair));
    assert_ok(kith_keypair_save(path_of("risk.key"), &pair));
    assert_ok(kith_keyring_own(folder, "risk", &got, &why));
    assert_memory_equal(&got, &pair, sizeof(got));
    assert_int_equal(chmod(path_of("risk.key"), 0644), 0);
    assert_err(kith_keyring_own(folder, "risk", &got, &why), KITH_EUNSAFE);
    remove_file("risk.key");
}

/* ---- systemd ---- */

/* A socket as systemd's, at a path or (with @) an abstract name. */
static int notify_socket(const char *name)
{
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    (void)snprintf(at.sun_path, sizeof(at.sun_path), "%s", name);
    if (name[0] == '@')
        at.sun_path[0] = '\0';
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    socklen_t n = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(name));
    assert_int_equal(bind(fd, (struct sockaddr *)&at, n), 0);
    assert_int_equal(setenv("NOTIFY_SOCKET", name, 1), 0);
    return fd;
}

static void expect_datagram(int fd, const char *expected)
{
    char got[64] = "";
    ssize_t n = recv(fd, got, sizeof(got) - 1, MSG_DONTWAIT);
    assert_int_equal(n, strlen(expected));
    assert_string_equal(got, expected);
}

static void notify_reaches_systemd(void **state)
{
    (void)state;
    int fd = notify_socket(path_of("notify"));
    kith_notify("READY=1");
    kith_notify("WATCHDOG=1");
    expect_datagram(fd, "READY=1");
    expect_datagram(fd, "WATCHDOG=1");
    (void)close(fd);
    remove_file("notify");
    char name[64];
    (void)snprintf(name, sizeof(name), "@kith-daemon-test-%ld", (long)getpid());
    fd = notify_socket(name);
    kith_notify("STOPPING=1");
    expect_datagram(fd, "STOPPING=1");
    (void)close(fd);
    kith_notify("READY=1"); /* nobody listens any more: no harm */
    assert_int_equal(setenv("NOTIFY_SOCKET", "relative", 1), 0);
    kith_notify("READY=1");
    assert_int_equal(unsetenv("NOTIFY_SOCKET"), 0);
    kith_notify("READY=1");
}

static void watchdog_is_fed_twice_as_often_as_asked(void **state)
{
    (void)state;
    assert_int_equal(unsetenv("WATCHDOG_USEC"), 0);
    assert_int_equal(unsetenv("WATCHDOG_PID"), 0);
    assert_int_equal(kith_notify_watchdog_ms(), 0);
    assert_int_equal(setenv("WATCHDOG_USEC", "30000000", 1), 0);
    assert_int_equal(kith_notify_watchdog_ms(), 15000);
    assert_int_equal(setenv("WATCHDOG_PID", "1", 1), 0); /* meant for another process */
    assert_int_equal(kith_notify_watchdog_ms(), 0);
    char pid[32];
    (void)snprintf(pid, sizeof(pid), "%ld", (long)getpid());
    assert_int_equal(setenv("WATCHDOG_PID", pid, 1), 0);
    assert_int_equal(kith_notify_watchdog_ms(), 15000);
    assert_int_equal(setenv("WATCHDOG_USEC", "100", 1), 0);
    assert_int_equal(kith_notify_watchdog_ms(), 1);
    assert_int_equal(setenv("WATCHDOG_USEC", "nonsense", 1), 0);
    assert_int_equal(kith_notify_watchdog_ms(), 0);
    assert_int_equal(unsetenv("WATCHDOG_USEC"), 0);
    assert_int_equal(unsetenv("WATCHDOG_PID"), 0);
}

static int set_up(void **state)
{
    (void)state;
    return mkdtemp(folder) ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    return rmdir(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(settings_are_checked),
        cmocka_unit_test(settings_lead_to_daemons),
        cmocka_unit_test(other_daemons_sections_are_foreign),
        cmocka_unit_test(where_the_configuration_is),
        cmocka_unit_test(users_of_keys),
        cmocka_unit_test(broken_key_folders),
        cmocka_unit_test(own_key_must_be_private),
        cmocka_unit_test(notify_reaches_systemd),
        cmocka_unit_test(watchdog_is_fed_twice_as_often_as_asked),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
