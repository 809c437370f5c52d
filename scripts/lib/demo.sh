# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# A synthetic district and a week of school in it, once per KITH_HOME. After district.sh. Steps that are done are marked by files
# in $state/demo, so that a run that was interrupted goes on; pushing a day again has no effect anyway.

# The daemons' clock must stand somewhere before they start.
demo_clock_begin() {
    [ ! -f "$state/clock" ] || return 0
    if [ -f "$state/kith.conf" ]; then # made by `up --empty`: drive the clock from now on
        sed "s|^clock_file = *\$|clock_file = $state/clock|" "$state/kith.conf" | home_write "$state/kith.conf"
        local name
        for name in "${daemons[@]}"; do process_stop "$name"; done
    fi
    clock_set "2026-08-01T12:00:00Z"
}

# local_clock DATE HH:MM: the clock at a time of day in the district's zone.
local_clock() { clock_set "$(date -u -d "TZ=\"America/Chicago\" $1 $2" +%Y-%m-%dT%H:%M:%SZ)"; }

demo_load() {
    local first
    [ -d "$state/demo" ] || as_owner mkdir -m 700 "$state/demo"
    if [ ! -f "$state/demo/week" ]; then
        say "Making a synthetic district (tests/district)"
        as_owner rm -rf "$state/demo/sis" "$state/demo/parts"
        demo_generate "$state/demo/sis"
        as_owner /usr/bin/python3 - "$state/demo/sis" "$state/demo/parts" 5 <"$repo/scripts/lib/split-days.py" >"$state/demo/week.new" ||
            die "the synthetic district could not be split into days"
        mv "$state/demo/week.new" "$state/demo/week"
    fi
    [ ! -f "$state/demo/before.done" ] || return 0
    first=$(head -n 1 "$state/demo/week")
    local_clock "$(date -d "$first - 1 day" +%F)" 18:00
    say "Pushing its rosters and the attendance before $first, as its SIS would"
    push "$state/demo/parts/before" || die "the push was refused; see above"
    wait_quiet 300 || die "the daemons did not finish within 5 minutes; see kith status"
    touch "$state/demo/before.done"
}

# The generator runs as the caller (the owner may not reach the checkout), then the files are the owner's.
demo_generate() {
    local folder
    folder=$(mktemp -d)
    /usr/bin/python3 "$repo/tests/district/generate.py" --out "$folder/sis" >"$folder/log" 2>&1 || { cat "$folder/log" >&2; die "the synthetic district could not be made"; }
    mv "$folder/sis" "$1"
    rm -rf "$folder"
    [ "$EUID" -ne 0 ] || chown -R "$owner:$owner_group" "$1"
    chmod 700 "$1"
}

demo_week() {
    local day before after
    while read -r day; do
        [ ! -f "$state/demo/$day.done" ] || continue
        before=$(demo_counts)
        local_clock "$day" 15:30
        push "$state/demo/parts/$day" >/dev/null || die "the push of $day was refused; see above"
        local_clock "$day" 16:00
        wait_quiet 120 || die "the daemons did not finish $day within 2 minutes; see kith status"
        after=$(demo_counts)
        # shellcheck disable=SC2086
        demo_day_line "$day" $before $after
        touch "$state/demo/$day.done"
    done <"$state/demo/week"
}
demo_counts() {
    cluster_sql -At -F ' ' -c "SELECT (SELECT count(*) FROM ingest.attendance), (SELECT count(*) FROM risk.pub_flag),
        (SELECT count(*) FROM risk.pub_flag WHERE cleared_at IS NOT NULL), (SELECT count(*) FROM notification.pub_mail WHERE state = 'accepted')"
}
demo_day_line() {
    printf '  %s  %6d attendance events, %3d flags raised, %3d cleared, %3d mails\n' \
        "$(date -d "$1" '+%a %F')" $(($6 - $2)) $(($7 - $3)) $(($8 - $4)) $(($9 - $5))
}
