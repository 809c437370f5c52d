# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# A synthetic district and a week of school in it, once per KITH_HOME. After district.sh. Steps that are done are marked by files
# in $state/demo, so that a run that was interrupted goes on; pushing or logging the same again has no effect anyway.
demo_week=(2026-09-21 2026-09-22 2026-09-23 2026-09-24 2026-09-25) # five weeks into the generator's school year
demo_dawn=2026-08-16T12:00:00Z

# The daemons' time is driven: it must stand somewhere before they start.
demo_clock_begin() {
    [ ! -f "$state/clock" ] || return 0
    clock_set "$demo_dawn"
    [ -f "$state/kith.conf" ] || return 0
    # made by `up --empty`: drive the clock from now on
    sed "s|^clock_file *=.*|clock_file = $state/clock|" "$state/kith.conf" | home_write "$state/kith.conf"
    local name
    for name in "${daemons[@]}"; do process_stop "$name"; done
}

# local_clock DATE HH:MM: the clock at a time of day in the district's zone.
local_clock() { clock_set "$(date -u -d "TZ=\"America/Chicago\" $1 $2" +%Y-%m-%dT%H:%M:%SZ)"; }

demo_load() {
    local day past=() folder=$state/demo/district
    [ -d "$state/demo" ] || as_owner mkdir -m 700 "$state/demo"
    [ -d "$folder" ] || demo_generate "$folder"
    [ ! -f "$state/demo/before.done" ] || return 0
    if [ ! -f "$state/demo/roster.done" ]; then
        say "Pushing rosters, as the district's SIS would"
        push "$folder/roster" || die "the push was refused; see above"
        touch "$state/demo/roster.done"
    fi
    say "Pushing the attendance of the weeks before ${demo_week[0]}, and logging which adult spoke with whom"
    for day in "$folder"/days/*/; do
        day=$(basename "$day")
        [[ $day < ${demo_week[0]} ]] || break
        past+=("$day")
        if [ ${#past[@]} -eq 5 ]; then
            demo_past "${past[@]}"
            past=()
        fi
    done
    [ ${#past[@]} -eq 0 ] || demo_past "${past[@]}"
    touch "$state/demo/before.done"
}

# demo_past DAY...: a week at once, at its end.
demo_past() {
    local folder=$state/demo/district
    local_clock "${*: -1}" 17:00
    demo_contacts "$1" "${*: -1}"
    demo_join "$folder/before" "${@/#/$folder/days/}"
    push "$folder/before" >/dev/null || die "the push of the days from $1 was refused; see above"
    demo_settle "${*: -1}" || die "the daemons did not finish the days from $1 within 2 minutes; see kith status"
}

# The generator runs as the caller (the owner may not be able to read the checkout); then the files are the owner's.
demo_generate() {
    local scratch
    say "Making a synthetic district (tests/district): 600 students in 2 schools of small communities"
    scratch=$(mktemp -d)
    /usr/bin/python3 "$repo/tests/district/generate.py" --students 600 --seed 18 --out "$scratch/district" --until "${demo_week[-1]}" >"$scratch/log" 2>&1 ||
        { cat "$scratch/log" >&2; die "the synthetic district could not be made"; }
    demo_adopt "$scratch/district" "$1"
    rm -rf "$scratch"
}
demo_adopt() {
    rm -rf "$2"
    [ "$EUID" -ne 0 ] || chown -R "$owner:$owner_group" "$1"
    chmod 700 "$1"
    mv "$1" "$2"
}

# demo_join TO FOLDER...: files of the same name one after the other.
demo_join() {
    local to=$1 folder file scratch
    shift
    scratch=$(mktemp -d)
    for folder in "$@"; do
        for file in "$folder"/*.jsonl; do cat "$file" >>"$scratch/${file##*/}"; done
    done
    demo_adopt "$scratch" "$to"
}

# demo_contacts FROM TO: what adults logged between these days. They know a student by Kith's number, as the console will show it.
demo_contacts() {
    local folder=$state/demo/district
    cluster_sql -At -F ' ' -c "SELECT body->>'studentUniqueId', num FROM ingest.item WHERE resource = 'students'" |
        /usr/bin/python3 -c '
import json, sys
number = dict(line.split() for line in sys.stdin)
with open(sys.argv[1]) as lines:
    for line in lines:
        c = json.loads(line)
        if sys.argv[2] <= c["date"] <= sys.argv[3]:
            print(json.dumps({"student": int(number[c["studentUniqueId"]]), "date": c["date"], "kind": c["kind"], "by": c["by"]}))
' "$folder/contacts.jsonl" "$1" "$2" | home_write "$folder/contacts.now"
    [ ! -s "$folder/contacts.now" ] || kith_run contact add --district "$district_id" --file "$folder/contacts.now" >/dev/null ||
        die "the contacts were refused; see above"
}

demo_play() {
    local day before after
    for day in "${demo_week[@]}"; do
        [ ! -f "$state/demo/$day.done" ] || continue
        before=$(demo_counts)
        local_clock "$day" 15:30
        push "$state/demo/district/days/$day" >/dev/null || die "the push of $day was refused; see above"
        demo_contacts "$day" "$day"
        local_clock "$day" 16:30
        demo_settle "$day" || die "the daemons did not finish $day within 2 minutes; see kith status"
        after=$(demo_counts)
        # shellcheck disable=SC2086
        demo_day_line "$day" $before $after
        touch "$state/demo/$day.done"
    done
}
# demo_settle DAY: every district is judged as of the day, everything read and sent.
demo_settle() { wait_until 120 demo_judged "$1" && wait_quiet 120; }
demo_judged() {
    [ "$(cluster_sql -At -c "SELECT count(*) FROM risk.pub_as_of WHERE as_of = '$1' AND complete")" = 1 ]
}
demo_counts() {
    cluster_sql -At -F ' ' -c "SELECT (SELECT count(*) FROM ingest.attendance), (SELECT count(*) FROM risk.pub_flag),
        (SELECT count(*) FROM risk.pub_flag WHERE cleared_at IS NOT NULL), (SELECT count(*) FROM notification.pub_mail WHERE state = 'accepted')"
}
demo_day_line() {
    printf '  %s  %5d attendance events, %3d flags raised, %3d cleared, %3d mails\n' \
        "$(date -d "$1" '+%a %F')" $(($6 - $2)) $(($7 - $3)) $(($8 - $4)) $(($9 - $5))
}
