package main

import (
	"log/slog"
	"path/filepath"

	"tilemix/mcu/event"
	"tilemix/mcu/record"
	"tilemix/mcu/record/copies"
)

// archiveSettings say where recordings are copied.
type archiveSettings struct {
	Archive          string `placeholder:"URL" help:"Storage that speaks S3, to which recordings are copied once they have ended: https://HOST/BUCKET or https://HOST/BUCKET/PREFIX."`
	ArchiveRegion    string `default:"us-east-1" placeholder:"NAME" help:"Region of the bucket of --archive."`
	ArchiveAccessKey string `placeholder:"KEY" help:"Access key for --archive."`
	ArchiveSecretKey secret `placeholder:"SECRET" help:"Secret key for --archive. Put it into the environment or the file, because all users of a machine see its flags."`
	ArchiveRemove    bool   `help:"Remove a recording from --data-dir once its copy is whole and its checksum agrees."`
}

// copies says where copies go.
func (s *archiveSettings) copies(dataDir string, events func(event.Event)) copies.Config {
	cfg := copies.Default()
	cfg.URL, cfg.Region, cfg.Remove = s.Archive, s.ArchiveRegion, s.ArchiveRemove
	cfg.AccessKey, cfg.SecretKey = s.ArchiveAccessKey, string(s.ArchiveSecretKey)
	cfg.Dir, cfg.Events = filepath.Join(dataDir, "copies"), events
	return cfg
}

// newCopier returns what copies recordings.
func newCopier(s *settings, events func(event.Event), from *record.Recorder, log *slog.Logger) (*copies.Copier, error) {
	return copies.New(s.copies(s.DataDir, events), from, log)
}
