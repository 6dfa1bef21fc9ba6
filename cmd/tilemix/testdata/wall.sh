# Has somebody join a server through a firewall that passes port 443 alone. Both are in network namespaces,
# so that the port is free and nothing else is reached. Arguments: a folder, and the protocols that pass.
set -e
dir=$1
mkfifo "$dir/go"
unshare -n sh -c "read _ < '$dir/go'; ip link set lo up; exec tilemix serve --port 443 --tls self --data-dir '$dir/data'" > "$dir/serve" 2>&1 &
server=$!
trap 'kill $server; wait $server || true' EXIT
until [ "$(readlink /proc/$server/ns/net)" != "$(readlink /proc/self/ns/net)" ]; do sleep 0.01; done
ip link set lo up
ip link add v0 type veth peer name v1 netns $server
ip addr add 10.9.0.1/32 dev v0
ip link set v0 up
nsenter -t $server -n sh -c 'ip addr add 10.9.0.2/24 dev v1; ip link set v1 up'
for protocol in $2; do ip rule add ipproto $protocol dport 443 lookup 100; done
ip route add 10.9.0.2/32 dev v0 src 10.9.0.1 table 100 # there is no other
echo > "$dir/go"
until grep -q 'serves on' "$dir/serve"; do kill -0 $server; sleep 0.02; done
SSL_CERT_FILE=$dir/data/tls/ca.crt tilemix join https://10.9.0.2 --room demo --camera test --record "$dir/call.mp4" --duration 2s
grep '^Udp: [0-9]' /proc/net/snmp
