/* SPDX-License-Identifier: Apache-2.0 */
/* The protocol of sd_notify(3): datagrams of "NAME=value" lines to $NOTIFY_SOCKET. Written here because it is smaller than the
 * library, as sd_notify(3) itself advises. */
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "kith/daemon_internal.h"

void kith_notify(const char *state)
{
    const char *path = getenv("NOTIFY_SOCKET");
    struct sockaddr_un to = {.sun_family = AF_UNIX};
    size_t n = path ? strlen(path) : 0;
    if (n < 2 || n >= sizeof(to.sun_path) || (path[0] != '/' && path[0] != '@'))
        return;
    memcpy(to.sun_path, path, n);
    if (path[0] == '@')
        to.sun_path[0] = '\0'; /* Linux's abstract names */
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return;
    /* whoever listens may be gone: that is no reason to stop serving */
    (void)sendto(fd, state, strlen(state), MSG_NOSIGNAL | MSG_DONTWAIT,
                 (const struct sockaddr *)&to,
                 (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n));
    (void)close(fd);
}

int64_t kith_notify_watchdog_ms(void)
{
    const char *limit_us = getenv("WATCHDOG_USEC");
    const char *pid = getenv("WATCHDOG_PID");
    if (!limit_us || (pid && strtol(pid, NULL, 10) != (long)getpid()))
        return 0;
    long long us = strtoll(limit_us, NULL, 10);
    if (us <= 0)
        return 0;
    return us < 2000 ? 1 : us / 2000; /* half the limit, as sd_watchdog_enabled(3) recommends */
}
