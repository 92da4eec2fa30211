// The peer of the devfile room: devfile/library, on files that both read. It asks no network.
//
//	peer judge ROUNDS FILE...
//
// parses, flattens and validates each file ROUNDS times, and prints a JSON line for each:
// {"file": ..., "error": ... or empty, "seconds": [processor time of each round]}.
//
//	peer flatten FILE...
//
// flattens each file, its imports read beside it: {"file": ..., "error": ...} or {"file": ..., "tree": ...}.
package main

import (
	"encoding/json"
	"os"
	"strconv"
	"syscall"

	"github.com/devfile/library/v2/pkg/devfile"
	"github.com/devfile/library/v2/pkg/devfile/parser"
)

func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}

func say(line map[string]any) {
	os.Stdout.Write(append(must(json.Marshal(line)), '\n'))
}

func arguments() parser.ParserArgs {
	no := false
	return parser.ParserArgs{
		ConvertKubernetesContentInUri: &no,
		SetBooleanDefaults:            &no,
		DownloadGitResources:          &no,
	}
}

func processor() float64 {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		panic(err)
	}
	return float64(usage.Utime.Nano()+usage.Stime.Nano()) / 1e9
}

func judge(file string, rounds int) {
	asked := arguments()
	asked.Data = must(os.ReadFile(file))
	said, seconds := "", []float64{}
	for range rounds {
		began := processor()
		_, _, err := devfile.ParseDevfileAndValidate(asked)
		seconds = append(seconds, processor()-began)
		if err != nil {
			said = err.Error()
		}
	}
	say(map[string]any{"file": file, "error": said, "seconds": seconds})
}

func flatten(file string) {
	asked := arguments()
	asked.Path = file
	found, err := parser.ParseDevfile(asked)
	if err != nil {
		say(map[string]any{"file": file, "error": err.Error()})
		return
	}
	say(map[string]any{"file": file, "tree": found.Data})
}

func main() {
	if os.Args[1] == "flatten" {
		for _, file := range os.Args[2:] {
			flatten(file)
		}
		return
	}
	rounds := must(strconv.Atoi(os.Args[2]))
	for _, file := range os.Args[3:] {
		judge(file, rounds)
	}
}
