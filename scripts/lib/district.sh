# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# The district of a KITH_HOME and who may push to it. After system.sh.
district_name="Riverside Unified (synthetic)"
district_email="office@riverside.example"

# json_field NAME: of the one JSON object on standard input.
json_field() { /usr/bin/python3 -c 'import json, sys; v = json.load(sys.stdin).get(sys.argv[1]); print("" if v is None else v)' "$1"; }

# district_make: district 1 with an Ed-Fi client and a native sender, once; sets district_id, client_id, client_secret. Secrets are shown
# only when they are made, so they are kept in $state/access (0600).
district_make() {
    local reply
    if [ ! -f "$state/access" ]; then
        say "Creating a district: $district_name"
        reply=$(kith_run district create --name "$district_name" --time-zone America/Chicago --default-email "$district_email" --json) ||
            die "the district could not be created"
        district_id=$(json_field district_id <<<"$reply")
        reply=$(kith_run key new --district "$district_id" --label "scripts/up" --json) || die "no Ed-Fi client could be made"
        client_id=$(json_field client_id <<<"$reply")
        client_secret=$(json_field client_secret <<<"$reply")
        # the sender's own pair, as a SIS would make it on its side; ingest learns only the public half
        as_owner "$state/bin/kith" keys init --folder "$state/sender" sis >/dev/null || die "no native sender's key could be made"
        kith_run key new --district "$district_id" --label "scripts/up, native" --curve "$(<"$state/sender/sis.pub")" --json >/dev/null ||
            die "the native sender's key could not be registered"
        printf '%s=%s\n' district_id "$district_id" client_id "$client_id" client_secret "$client_secret" | home_write "$state/access"
    fi
    district_id=$(sed -n 's/^district_id=//p' "$state/access")
    client_id=$(sed -n 's/^client_id=//p' "$state/access")
    client_secret=$(sed -n 's/^client_secret=//p' "$state/access")
}

# push FOLDER: as the SIS, over HTTP. Prints what `kith push` prints.
push() {
    KITH_CLIENT_SECRET=$client_secret kith_run push --url "http://127.0.0.1:$(port_of http_ingest)" --client "$client_id" "$@"
}
