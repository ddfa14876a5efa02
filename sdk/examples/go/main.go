// A tool that turns CSV into JSON. It gets its arguments as JSON on standard input and prints the rows.
package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"strings"
)

// The folder in which the workspace is found, if files are granted.
const workspace = "/workspace"

type arguments struct {
	Text      string            `json:"text"`
	File      string            `json:"file"`
	Separator string            `json:"separator"`
	Where     map[string]string `json:"where"`
}

func main() {
	if err := run(os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(input io.Reader, output io.Writer) error {
	var given arguments
	decoder := json.NewDecoder(input)
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&given); err != nil {
		return fmt.Errorf("the arguments do not fit: %w", err)
	}
	source, err := given.source()
	if err != nil {
		return err
	}
	table, err := parse(source, given.Separator)
	if err != nil {
		return err
	}
	rows, err := table.where(given.Where)
	if err != nil {
		return err
	}
	encoder := json.NewEncoder(output)
	encoder.SetEscapeHTML(false)
	return encoder.Encode(rows)
}

func (given arguments) source() (string, error) {
	switch {
	case given.Text != "" && given.File != "":
		return "", errors.New("`text` and `file` are both given: keep one of them")
	case given.Text != "":
		return given.Text, nil
	case given.File == "":
		return "", errors.New("nothing to read is given: set `text` or `file`")
	}
	bytes, err := os.ReadFile(path.Join(workspace, path.Clean("/"+given.File)))
	if err != nil {
		return "", fmt.Errorf("%s cannot be read: %w", given.File, errors.Unwrap(err))
	}
	return strings.TrimPrefix(string(bytes), "\ufeff"), nil
}
