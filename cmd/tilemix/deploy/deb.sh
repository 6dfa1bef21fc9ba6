#!/bin/sh
# Makes a Debian package: deb.sh PROGRAM ARCHITECTURE VERSION FILE.deb
# The program is linked with the libraries of this machine's distribution, which are what it depends
# on. For arm64, run this on an arm64 machine, or with a program that was built for it there.
set -eu
program=$1 arch=$2 version=$3 out=$4
here=$(cd "$(dirname "$0")" && pwd)
root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT
chmod 755 "$root"

# needs lists the packages of the libraries that the program is linked with.
needs() {
	ldd "$program" 2>/dev/null | awk '$2 == "=>" && $3 ~ /^\// { print $3 }' | while read -r library; do
		dpkg-query --search "$library" "$(readlink -f "$library")" 2>/dev/null | cut -d: -f1 | head -n 1
	done | sort -u
}
depends=$(needs | awk '{ printf ", %s", $1 }')

install -D -m 755 "$program" "$root/usr/bin/tilemix"
install -D -m 644 "$here/tilemix.service" "$root/lib/systemd/system/tilemix.service"
install -D -m 640 "$here/tilemix.yaml" "$root/etc/tilemix/tilemix.yaml"
install -d "$root/usr/lib/sysusers.d" "$root/DEBIAN"
echo 'u tilemix - "tilemix conference server" /var/lib/tilemix' >"$root/usr/lib/sysusers.d/tilemix.conf"
echo /etc/tilemix/tilemix.yaml >"$root/DEBIAN/conffiles"
cat >"$root/DEBIAN/control" <<END
Package: tilemix
Version: $version
Architecture: $arch
Maintainer: tilemix
Section: net
Priority: optional
Depends: libopenh264-7 | libopenh264-8, adduser$depends
Recommends: ffmpeg
Description: WebRTC conference server that mixes
 Each participant sends one camera and one voice, and receives one picture
 and one sound of all.
END
cat >"$root/DEBIAN/postinst" <<'END'
#!/bin/sh
set -e
if [ "$1" = configure ]; then
	getent passwd tilemix >/dev/null || adduser --system --group --quiet --home /var/lib/tilemix --no-create-home tilemix
	chgrp tilemix /etc/tilemix /etc/tilemix/tilemix.yaml
	if [ -d /run/systemd/system ]; then
		systemctl daemon-reload
		systemctl enable --quiet tilemix.service
		systemctl restart --no-block tilemix.service
	fi
fi
END
cat >"$root/DEBIAN/prerm" <<'END'
#!/bin/sh
set -e
if [ "$1" = remove ] && [ -d /run/systemd/system ]; then
	systemctl disable --now --quiet tilemix.service
fi
END
cat >"$root/DEBIAN/postrm" <<'END'
#!/bin/sh
set -e
if [ "$1" = purge ]; then
	rm -rf /var/lib/tilemix
fi
END
chmod 755 "$root/DEBIAN/postinst" "$root/DEBIAN/prerm" "$root/DEBIAN/postrm"
dpkg-deb --root-owner-group --build "$root" "$out" >/dev/null
