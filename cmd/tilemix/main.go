// Command tilemix serves calls. It mixes the cameras and voices of a room into one picture
// and one sound.
package main

import (
	"fmt"
	"os"
	"regexp"
	"strings"

	"github.com/alecthomas/kong"

	"tilemix/cmd/tilemix/bench"
	"tilemix/cmd/tilemix/join"
	"tilemix/cmd/tilemix/startup"
	"tilemix/mcu/ffmpeg"
)

type commands struct {
	ShowVersion kong.VersionFlag `name:"version" env:"-" help:"Print the version and the commit."`

	Serve       serveCommand    `cmd:"" help:"Serve calls until interrupted."`
	Join        join.Command    `cmd:"" help:"Join a call without a browser, as a room's device or a bot."`
	Bench       bench.Command   `cmd:"" help:"Measure what calls cost and how late they are, on this machine."`
	Bare        bench.Bare      `cmd:"" hidden:"" help:"What bench compares with: forwards packets with plain pion."`
	Layouts     layoutsCommand  `cmd:"" help:"Check layouts, and bring them from other servers."`
	Key         keyCommand      `cmd:"" help:"Make, list and remove the API keys of programs."`
	Token       tokenCommand    `cmd:"" help:"Make a token that lets a user into a room."`
	Worker      workerCommand   `cmd:"" name:"codec-worker" hidden:"" help:"Decode cameras for a server that starts this."`
	Version     versionCommand  `cmd:"" help:"Print the version."`
	Licences    licencesCommand `cmd:"" help:"Print the licences of all modules in the program."`
	CheckConfig checkCommand    `cmd:"" help:"Check a settings file and open nothing."`
	Reload      reloadCommand   `cmd:"" help:"Have a server on this machine read its settings again."`
	Doctor      doctorCommand   `cmd:"" help:"Say what of this machine keeps calls from working, and what to do about it."`
	Help        helpCommand     `cmd:"" help:"Say which settings there are, by topic."`
	Health      healthCommand   `cmd:"" help:"Ask a server whether it takes calls; the exit code says it."`
}

func main() {
	if len(os.Args) > 1 && os.Args[1] == cellArg { // its arguments are FFmpeg's
		fail(ffmpeg.Become(os.Args[2:]), 1)
	}
	var commands commands
	parser, err := newParser(&commands)
	if err != nil {
		fail(err, 1) // a tag above is wrong, which a test rules out
	}
	chosen, err := parser.Parse(joined(os.Args[1:]))
	if err != nil {
		fail(err, 2)
	}
	if err := chosen.Run(); err != nil {
		fail(err, 1)
	}
}

// joined has a negative number belong to the flag before it, because kong takes it for a short flag.
func joined(args []string) (all []string) {
	number := regexp.MustCompile(`^-\d`)
	for _, a := range args {
		if n := len(all) - 1; n >= 0 && number.MatchString(a) && strings.HasPrefix(all[n], "--") && !strings.Contains(all[n], "=") {
			all[n] += "=" + a
		} else {
			all = append(all, a)
		}
	}
	return all
}

func fail(err error, code int) {
	fmt.Fprintln(os.Stderr, "tilemix:", err)
	os.Exit(code)
}

func newParser(commands *commands) (*kong.Kong, error) {
	app, err := kong.New(commands,
		kong.Name("tilemix"),
		kong.Description("One picture and one sound for everyone in a call."),
		kong.DefaultEnvars("TILEMIX"),
		kong.Vars{"version": versionLine()},
		kong.ConfigureHelp(kong.HelpOptions{Compact: true, WrapUpperBound: 100}),
	)
	if err == nil {
		sortFlags(app)
	}
	return app, err
}

type versionCommand struct{}

// Run prints the version, the commit and the toolchain's version.
func (versionCommand) Run(app *kong.Kong) error {
	_, err := fmt.Fprintln(app.Stdout, versionLine())
	return err
}

func versionLine() string { return "tilemix " + startup.This().String() }
