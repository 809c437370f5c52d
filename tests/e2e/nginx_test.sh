#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# deploy/nginx/kith.conf, with names, paths and ports replaced, in front of a server of kith_http: TLS and HTTP/2 as installed, what is
# not to be seen from outside, and the whole list of broken requests through a variant without TLS. It prints who refuses each; what
# passes must be what is known to pass.
source "$(dirname "${BASH_SOURCE[0]}")/../lib/kith.sh"
nginx=$(command -v nginx || echo /usr/sbin/nginx)
[ -x "$nginx" ] || skip "nginx is not installed (scripts/setup test installs nginx-light)"
command -v openssl >/dev/null || skip "openssl is not installed"
e2e=${KITH_BUILD:?KITH_BUILD names the build folder}/bin/http_e2e
[ -x "$e2e" ] || die "$e2e is not built"

folder=$(mktemp -d /tmp/kith-nginx.XXXXXX)
pids=()
clean() {
    local status=$?
    trap - EXIT ERR
    set +e
    for pid in "${pids[@]}"; do kill -TERM "$pid" 2>/dev/null; done
    for pid in "${pids[@]}"; do wait "$pid" 2>/dev/null; done
    [ "$status" -eq 0 ] || tail -n 20 "$folder"/*.log >&2
    rm -rf "$folder"
    exit "$status"
}
trap clean EXIT
trap 'exit 130' INT TERM

# A port that was free a moment ago; the next start takes it.
free_port() { python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }
listens() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

"$e2e" serve >"$folder/address" 2>"$folder/server.log" &
pids+=("$!")
wait_until 5 test -s "$folder/address" || die "the server did not start"
backend=$(<"$folder/address")

openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=kith.district.example -keyout "$folder/key.pem" \
    -out "$folder/cert.pem" 2>"$folder/openssl.out"
tls_port=$(free_port)
plain_port=$(free_port)
redirect_port=$(free_port)

# The sample with what a user replaces, and loopback ports. Every line that it must find is counted.
sample() {
    sed -e "s|127.0.0.1:7410|$backend|" -e "s|/etc/ssl/certs/kith.district.pem|$folder/cert.pem|" \
        -e "s|/etc/ssl/private/kith.district.key|$folder/key.pem|" -e "s|/var/log/nginx/|$folder/|" \
        -e "s|listen 443|listen 127.0.0.1:$tls_port|" -e "s|listen 80|listen 127.0.0.1:$redirect_port|" -e '/listen \[::\]/d' \
        "$repo/deploy/nginx/kith.conf"
}
# The same without TLS: only its first server remains. Deadlines shorter, so that the test is; a tenth of the rate, so that a busy
# machine's curl exceeds it too.
plain() {
    sample | awk '/^# Connections that ask for another name/ { exit } { print }' |
        sed -e "s|listen 127.0.0.1:$tls_port ssl http2|listen 127.0.0.1:$plain_port|" -e '/ssl_/d' -e 's|server_name .*|server_name _;|' \
            -e 's|client_header_timeout 10s|client_header_timeout 1s|' -e 's|client_body_timeout 20s|client_body_timeout 1s|' \
            -e 's|rate=500r/s|rate=50r/s|' -e 's|burst=2000 |burst=200 |'
}

configure() { # NAME, the servers on standard input
    mkdir "$folder/$1"
    {
        [ "$(id -u)" -ne 0 ] || echo 'user root;'
        echo "daemon off; worker_processes 1; pid $folder/$1/pid; error_log $folder/$1.log; events { worker_connections 256; }"
        echo 'http {'
        for temp in client_body proxy fastcgi uwsgi scgi; do echo "${temp}_temp_path $folder/$1/$temp;"; done
        cat
        echo '}'
    } >"$folder/$1.conf"
}
start() { # NAME PORT
    "$nginx" -e "$folder/$1.log" -p "$folder/$1" -c "$folder/$1.conf" &
    pids+=("$!")
    wait_until 5 listens "$2" || die "nginx did not start with $folder/$1.conf"
}

sample | configure tls
plain | configure plain
start tls "$tls_port"
start plain "$plain_port"
expect "lines marked CHANGE" 4 "$(grep -c '# CHANGE' "$repo/deploy/nginx/kith.conf")"

# ---- as installed ----
site=https://kith.district.example:$tls_port
ask() { curl -sS -m 10 -o "$folder/body" -w '%{http_code}' --cacert "$folder/cert.pem" --resolve "kith.district.example:$tls_port:127.0.0.1" "$@"; }
expect "an item over HTTP/2" "200 2" "$(ask --http2 -w '%{http_code} %{http_version}' "$site/items/42" | tail -c 5)"
expect "its body" 42 "$(<"$folder/body")"
expect "a body of 64 KiB" 200 "$(head -c 65536 /dev/zero | ask --data-binary @- "$site/echo")"
expect "what came back" 65536 "$(stat -c %s "$folder/body")"
for hidden in healthz readyz metrics; do
    expect "/$hidden from outside" 404 "$(ask "$site/$hidden")"
    expect "/$hidden on the host" 200 "$(curl -sS -o /dev/null -w '%{http_code}' "http://$backend/$hidden")"
done
expect "a body beyond 1 MiB" 413 "$(head -c 1048577 /dev/zero | ask --data-binary @- "$site/echo")"
grep -q '"type":"urn:ed-fi:api:content-too-large"' "$folder/body" || die "413 of nginx is no problem document"
expect "a 404 of Kith" 404 "$(ask "$site/nothing")"
grep -q '"type":"urn:ed-fi:api:not-found"' "$folder/body" || die "Kith's problem document does not come through"
! curl -sS -m 5 -k -o /dev/null "https://127.0.0.1:$tls_port/items/1" 2>/dev/null || die "another name was served"
expect "plain HTTP" "308 https://kith.district.example/items/1?q=2" \
    "$(curl -sS -o /dev/null -w '%{http_code} %{redirect_url}' "http://127.0.0.1:$redirect_port/items/1?q=2")"
ask "$site/items/1?studentUniqueId=604822" >/dev/null
! grep -rqs 604822 "$folder"/*.log || die "a query got into a log"

# ---- rate ----
for limit in 'rate=50r/s' 'burst=200 '; do grep -qF "$limit" "$folder/plain.conf" || die "the sample's limit is not what this test scales: no $limit"; done
seq 1000 | sed "s|.*|url = \"http://127.0.0.1:$plain_port/items/1\"\noutput = /dev/null|" >"$folder/flood"
curl -sS -m 30 -Z --parallel-max 50 -w '%{http_code}\n' -K "$folder/flood" 2>/dev/null | sort | uniq -c >"$folder/codes" || true
grep -q ' 429$' "$folder/codes" || die "1,000 requests at once met no limit: $(tr '\n' ';' <"$folder/codes")"
echo "1,000 requests at once: $(awk '{ printf "%s%s times %s", (NR > 1 ? ", " : ""), $1, $2 }' "$folder/codes")"
sleep 4.5 # until the burst is free again

# ---- broken requests ----
"$e2e" probe "$plain_port" >"$folder/probes"
# Known to pass, because nginx reads them in one way and hands on a sound request: line ends, blanks, version and target are rewritten,
# trailer fields dropped, a line without colon is a field without value.
cat >"$folder/expected" <<'END'
bare LF line ends
one bare LF
header without colon
two blanks in the request line
absolute target
HTTP/1.2
trailer field
END
awk -F '\t' '$2 == "passed" { print $3 }' "$folder/probes" | sort >"$folder/passed"
awk -F '\t' '{ n[$2]++ } END { printf "%d broken requests: nginx refused %d, Kith behind it %d, %d passed\n", NR, n["front"], n["kith"], n["passed"] }' \
    "$folder/probes"
awk -F '\t' '$2 != "front" { printf "  %s %s: %s\n", $2 == "kith" ? "Kith refused" : "passed", $1, $3 }' "$folder/probes"
diff <(sort "$folder/expected") "$folder/passed" || die "other broken requests pass than those known to (> passed)"
awk -F '\t' '$1 > 0 && $1 < 400 && $2 != "passed" { exit 1 }' "$folder/probes" || { cat "$folder/probes"; die "a refusal without a 4xx or 5xx"; }
expect "a slow head" refused "$("$e2e" drip "$plain_port" head 4)"
# nginx counts the pause between two pieces of a body, so a drip lives on; as it hands on whole bodies, Kith never hears of it
expect "a slow body" alive "$("$e2e" drip "$plain_port" body 3)"
echo "a slow head is refused; a slow body stays with nginx"
expect "an item after all that" 200 "$(ask "$site/items/1")"
