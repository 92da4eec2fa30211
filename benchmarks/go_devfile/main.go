// The peer of the devfile room: devfile/library, on files that both read.
//
//	checker ROUNDS FILE...
//
// Parses, flattens and validates each file ROUNDS times without a network, and prints a JSON line for
// each: {"file": ..., "accepted": ..., "seconds": [processor time of each round]}.
package main

import (
	"encoding/json"
	"os"
	"strconv"
	"syscall"

	"github.com/devfile/library/v2/pkg/devfile"
	"github.com/devfile/library/v2/pkg/devfile/parser"
)

func processor() float64 {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		panic(err)
	}
	return float64(usage.Utime.Nano()+usage.Stime.Nano()) / 1e9
}

func main() {
	rounds, err := strconv.Atoi(os.Args[1])
	if err != nil {
		panic(err)
	}
	no := false
	for _, file := range os.Args[2:] {
		text, err := os.ReadFile(file)
		if err != nil {
			panic(err)
		}
		accepted, seconds := false, []float64{}
		for range rounds {
			began := processor()
			_, _, err := devfile.ParseDevfileAndValidate(parser.ParserArgs{
				Data:                          text,
				ConvertKubernetesContentInUri: &no,
				SetBooleanDefaults:            &no,
				DownloadGitResources:          &no,
			})
			seconds = append(seconds, processor()-began)
			accepted = err == nil
		}
		line, err := json.Marshal(map[string]any{"file": file, "accepted": accepted, "seconds": seconds})
		if err != nil {
			panic(err)
		}
		os.Stdout.Write(append(line, '\n'))
	}
}
