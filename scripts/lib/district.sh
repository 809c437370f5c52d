# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# The district of a KITH_HOME and who may push to it. After system.sh.
district_name="Riverside Unified (synthetic)"
district_email="office@riverside.example"

# json_field NAME: of the one JSON object on standard input.
json_field() { /usr/bin/python3 -c 'import json, sys; v = json.load(sys.stdin).get(sys.argv[1]); print("" if v is None else v)' "$1"; }

# kith_as_owner ARGUMENT...: where the command writes files into the home.
kith_as_owner() { as_owner env "KITH_HOME=$state" "$state/bin/kith" "$@"; }

# district_make: a district, an Ed-Fi client ($state/client.conf) and a native sender ($state/client.key), once; sets district_id, client_id
# and client_secret.
district_make() {
    if [ ! -f "$state/district" ]; then
        say "Creating a district: $district_name"
        kith_run district create --name "$district_name" --time-zone America/Chicago --default-adult "$district_email" --json |
            json_field district | home_write "$state/district" || die "the district could not be created"
    fi
    district_id=$(<"$state/district")
    [ -f "$state/client.conf" ] ||
        kith_as_owner key new --district "$district_id" --label "demo client" --save --json >/dev/null || die "no Ed-Fi client could be made"
    [ -f "$state/client.key" ] ||
        kith_as_owner key new --district "$district_id" --label "demo sender" --zmq --json >/dev/null || die "no native sender could be made"
    client_id=$(sed -n 's/^client_id = //p' "$state/client.conf")
    client_secret=$(sed -n 's/^client_secret = //p' "$state/client.conf")
}

# push FOLDER...: as the SIS, over HTTP.
push() { kith_run push --kept "$state/unsent" "$@"; }
