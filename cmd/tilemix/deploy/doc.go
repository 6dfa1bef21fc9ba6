// Package deploy has the files with which tilemix is installed and watched. It has no code of the
// program; its tests hold the files to what the program has.
//
//	tilemix.service   unit of systemd
//	tilemix.yaml      settings that the package installs
//	deb.sh            makes a Debian package of a program
//	grafana.json      dashboard of Grafana
//	alerts.yaml       alert rules of Prometheus
//	Dockerfile        image without root, with a file system that nobody writes
package deploy
