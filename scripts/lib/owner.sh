# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# As whom things run. PostgreSQL refuses root and nothing of Kith needs it, so root hands over to an ordinary user: the owner of the
# folder in question when that is one, else the system user "kith". After base.sh.

# owner_choose_for FOLDER: sets `owner` (and `owner_group`). For a caller who is not root it is the caller.
owner_choose_for() {
    local uid
    if [ "$EUID" -ne 0 ]; then
        owner=$(id -un)
    else
        uid=$(stat -c %u "$1")
        owner=$(id -un "$uid" 2>/dev/null || echo root)
    fi
    owner_group=$(id -gn "$owner")
}

# The same, but never root.
owner_choose_ordinary() {
    owner_choose_for "$1"
    [ "$owner" = root ] || return 0
    if ! id -u kith >/dev/null 2>&1; then
        say "Making the system user 'kith' (no login, no home): PostgreSQL refuses root, and the daemons do not need it."
        useradd --system --user-group --home-dir /nonexistent --no-create-home --shell /usr/sbin/nologin kith
    fi
    owner=kith
    owner_group=$(id -gn kith)
}

# as_owner COMMAND...: in a clean environment when the owner is somebody else.
as_owner() {
    owner_prefix
    "${as_whom[@]}" "$@"
}
# The same in place of this shell: for what stays, so that no wrapper stays with it.
as_owner_exec() {
    owner_prefix
    exec "${as_whom[@]}" "$@"
}
owner_prefix() {
    as_whom=(env)
    [ "$owner" = "$(id -un)" ] ||
        as_whom=(setpriv --reuid "$owner" --regid "$owner_group" --init-groups --
            env -u XDG_RUNTIME_DIR -u TMPDIR HOME=/ "USER=$owner" "LOGNAME=$owner"
            PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin)
}
