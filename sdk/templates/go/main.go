// A tool that greets. It gets its arguments as JSON on standard input and prints its answer; if it fails, it says why on
// standard error and ends with an exit code other than 0.
package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
)

type arguments struct {
	Name string `json:"name"`
}

func main() {
	answer, err := greet()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Println(answer)
}

func greet() (string, error) {
	var given arguments
	decoder := json.NewDecoder(os.Stdin)
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&given); err != nil {
		return "", fmt.Errorf("the arguments do not fit: %w", err)
	}
	name := strings.TrimSpace(given.Name)
	if name == "" {
		return "", errors.New("`name` is empty: say whom to greet")
	}
	return fmt.Sprintf("Hello, %s!", name), nil
}
