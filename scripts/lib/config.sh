# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# Ports, keys, schema and kith.conf of one KITH_HOME. After daemons.sh and cluster.sh.

# Loopback ports, chosen once from the free ones and kept; SISs and tests know them. Chosen again only when another program has taken
# one meanwhile (then the daemons could not start).
ports_choose() {
    local name
    if [ -f "$state/ports" ]; then
        for name in "${daemons[@]}"; do
            ! process_alive "$runtime/$name.pid" || return 0
        done
        ports_free && return 0
        warn "another program uses a port of $state/ports; choosing new ones"
        as_owner rm -f "$state/ports" "$state/kith.conf"
    fi
    ports_pick | home_write "$state/ports"
}
ports_free() {
    # shellcheck disable=SC2046
    /usr/bin/python3 - $(cut -d= -f2 "$state/ports") <<'END'
import socket, sys
for port in map(int, sys.argv[1:]):
    with socket.socket() as s:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try: s.bind(("127.0.0.1", port))
        except OSError: sys.exit(1)
END
}
# Below the range of outgoing connections; where to look first depends on the folder, so that two homes starting together do not meet.
ports_pick() {
    /usr/bin/python3 - "$state" <<'END'
import socket, sys, zlib
names = ["http_ingest", "bus_ingest", "http_risk", "bus_risk", "http_notification", "bus_notification", "smtp"]
step = 10
first = 7400 + zlib.crc32(sys.argv[1].encode()) % 2400 * step
for i in range(2400):
    base = 7400 + (first - 7400 + i * step) % (2400 * step)
    ports = [base + k for k in range(len(names))]
    socks = []
    try:
        for port in ports:
            s = socket.socket()
            socks.append(s)
            s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            s.bind(("127.0.0.1", port))
    except OSError:
        continue
    finally:
        for s in socks: s.close()
    print("\n".join(f"{n}={p}" for n, p in zip(names, ports)))
    sys.exit(0)
sys.exit("no seven free ports in a row between 7400 and 31400 on 127.0.0.1")
END
}
port_of() { sed -n "s/^$1=//p" "$state/ports"; }

# A CURVE pair for each daemon and one for the operator (the `kith` command).
keys_make() {
    as_owner "$state/bin/kith" keys init --folder "$state/keys" ingest risk notification operator >/dev/null ||
        die "cannot make the keys in $state/keys"
}

# kith.conf is made once and then the operator's: later runs leave it alone. The daemons' time is driven by $state/clock when that
# exists as they start.
config_make() {
    [ -f "$state/kith.conf" ] || config_text | home_write "$state/kith.conf"
}
config_text() {
    cat <<END
; Made by scripts/up. Every setting may also come from the environment: KITH_<SECTION>_<KEY>.
; kith-<daemon> --sample-config explains all of them.
[common]
database = $(cluster_conninfo)
keys = $state/keys
log_level = info
clock_file = $([ ! -f "$state/clock" ] || echo "$state/clock")
bus_ingest = tcp://127.0.0.1:$(port_of bus_ingest)
bus_risk = tcp://127.0.0.1:$(port_of bus_risk)
bus_notification = tcp://127.0.0.1:$(port_of bus_notification)

[ingest]
http = 127.0.0.1:$(port_of http_ingest)
public_url = http://127.0.0.1:$(port_of http_ingest)

[risk]
http = 127.0.0.1:$(port_of http_risk)
$([ ! -f "$state/clock" ] || printf '%s\n' "; the driven clock jumps from day to day" "sweep_every = 200ms")

[notification]
http = 127.0.0.1:$(port_of http_notification)
; The private mail sink of scripts/up. For real mail: your relay, an address of your domain, the console as staff reach it.
relay = smtp://127.0.0.1:$(port_of smtp)
mail_from = kith@kith.example
link_base = https://kith.example
END
}
