package main

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
)

// A table as it was read: all rows are as long as the first, which names the columns.
type table struct {
	columns []string
	rows    [][]string
}

// A row in the order of its columns, which a map of Go does not keep.
type row struct {
	columns []string
	cells   []string
}

func parse(text, separator string) (table, error) {
	if separator == "" {
		separator = likely(text)
	}
	reader := csv.NewReader(strings.NewReader(text))
	reader.Comma = rune(separator[0])
	reader.TrimLeadingSpace = reader.Comma != '\t'
	lines, err := reader.ReadAll()
	if err != nil {
		return table{}, fmt.Errorf("this is no CSV: %w", err)
	}
	if len(lines) == 0 {
		return table{}, errors.New("there is no line that names the columns")
	}
	columns := lines[0]
	for at, name := range columns {
		if slices.Contains(columns[:at], name) {
			return table{}, fmt.Errorf("two columns are called `%s`: rename one", name)
		}
	}
	return table{columns, lines[1:]}, nil
}

// The separator that is in the first line most often.
func likely(text string) string {
	first, _, _ := strings.Cut(text, "\n")
	return slices.MaxFunc([]string{",", ";", "\t"}, func(one, other string) int {
		return strings.Count(first, one) - strings.Count(first, other)
	})
}

func (t table) where(wanted map[string]string) ([]row, error) {
	for name := range wanted {
		if !slices.Contains(t.columns, name) {
			return nil, fmt.Errorf("there is no column `%s`; there are: %s", name, strings.Join(t.columns, ", "))
		}
	}
	found := []row{}
	for _, cells := range t.rows {
		fits := func(at int) bool {
			value, asked := wanted[t.columns[at]]
			return !asked || cells[at] == value
		}
		if !slices.ContainsFunc(indices(t.columns), func(at int) bool { return !fits(at) }) {
			found = append(found, row{t.columns, cells})
		}
	}
	return found, nil
}

func indices(columns []string) []int {
	all := make([]int, len(columns))
	for at := range all {
		all[at] = at
	}
	return all
}

// MarshalJSON writes an object with the columns in their order.
func (r row) MarshalJSON() ([]byte, error) {
	var object bytes.Buffer
	for at, name := range r.columns {
		object.WriteString(map[bool]string{true: "{", false: ","}[at == 0])
		key, err := json.Marshal(name)
		if err != nil {
			return nil, err
		}
		value, err := json.Marshal(typed(r.cells[at]))
		if err != nil {
			return nil, err
		}
		object.Write(key)
		object.WriteByte(':')
		object.Write(value)
	}
	object.WriteByte('}')
	return object.Bytes(), nil
}

// A cell as null, a number or text. Leading zeros, as of postcodes, are kept by keeping the text.
func typed(cell string) any {
	digits := strings.TrimPrefix(cell, "-")
	if cell == "" {
		return nil
	}
	if digits == "" || digits[0] < '0' || digits[0] > '9' || len(digits) > 1 && digits[0] == '0' && digits[1] != '.' {
		return cell
	}
	number, err := strconv.ParseFloat(cell, 64)
	if err != nil || math.IsInf(number, 0) || len(digits) > 15 {
		return cell
	}
	return number
}
