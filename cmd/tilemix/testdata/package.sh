#!/bin/sh
# package.sh FOLDER FIRST.deb SECOND.deb installs a package in a copy of this machine's files, which is thrown away.
# The server of the package has a call over HTTPS, is upgraded, keeps its settings, and is removed.
# It wants a mount and a network namespace of its own.
set -eu
dir=$1
ip link set lo up
mount -t tmpfs tmpfs "$dir"
mkdir "$dir/upper" "$dir/work" "$dir/root"
mount -t overlay overlay -o "lowerdir=/,upperdir=$dir/upper,workdir=$dir/work" "$dir/root"
mount --bind /proc "$dir/root/proc"
mount --bind /dev "$dir/root/dev"
cp "$2" "$dir/root/first.deb"
cp "$3" "$dir/root/second.deb"
exec chroot "$dir/root" sh -eu <<'END'
server=
trap 'status=$?; test "$status" = 0 || cat /log || true; test -z "$server" || kill -KILL $server 2>/dev/null || true' EXIT
# awaits waits until the server's log has a text.
awaits() {
	until grep -q "$1" /log; do
		kill -0 $server
		sleep 0.1
	done
}
# serve starts the server as the unit does.
serve() {
	install -d -o tilemix -g tilemix /var/lib/tilemix # StateDirectory
	setpriv --reuid tilemix --regid tilemix --init-groups --inh-caps=-all,+net_bind_service --ambient-caps=-all,+net_bind_service \
		tilemix serve --config /etc/tilemix/tilemix.yaml --drain-timeout 0s >/log 2>&1 &
	server=$!
	awaits 'tilemix serves on https://'
}
stop() {
	kill -TERM $server
	wait $server
	server=
}

dpkg -i /first.deb
tilemix check-config /etc/tilemix/tilemix.yaml
serve
ca=$(find /var/lib/tilemix -name ca.crt)
SSL_CERT_FILE=$ca tilemix join https://127.0.0.1/r/demo --name Ada --mic test --duration 1s
awaits 'joined.*name=Ada'
stop

echo 'max-rooms: 7' >>/etc/tilemix/tilemix.yaml
dpkg -i /second.deb
dpkg-query -W -f '${Version}\n' tilemix | grep -x 1.0.1
grep -x 'max-rooms: 7' /etc/tilemix/tilemix.yaml
serve
test "$(find /var/lib/tilemix -name ca.crt -newer /first.deb | wc -l)" = 1
stop

dpkg --remove tilemix
! test -e /usr/bin/tilemix
test -d /var/lib/tilemix
dpkg --purge tilemix
! test -e /var/lib/tilemix
! test -e /etc/tilemix/tilemix.yaml
echo all is well
END
