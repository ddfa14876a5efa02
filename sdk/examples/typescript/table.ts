// Rows as a Markdown table whose columns line up.

export type Cell = string | number | boolean | null;
export type Row = { [column: string]: Cell };

/** The columns there are in any of the rows. */
export function columns(rows: Row[]): string[] {
  return [...new Set(rows.flatMap((row) => Object.keys(row)))];
}

export function markdown(rows: Row[], names: string[]): string {
  const texts = rows.map((row) => names.map((name) => shown(row[name])));
  const widths = names.map((name, at) => Math.max(3, width(name), ...texts.map((cells) => width(cells[at] ?? ""))));
  const numeric = names.map((name) => rows.length > 0 && rows.every((row) => typeof row[name] === "number"));
  const line = (cells: string[]) =>
    `| ${cells.map((cell, at) => padded(cell, widths[at] ?? 0, numeric[at])).join(" | ")} |`;
  const rule = widths.map((size, at) => (numeric[at] ? `${"-".repeat(size - 1)}:` : "-".repeat(size)));
  return [line(names.map(shown)), `| ${rule.join(" | ")} |`, ...texts.map(line)].join("\n");
}

/** Rows in the order of a column: numbers by size, all else as text; what is missing comes last. */
export function sorted(rows: Row[], column: string, descending: boolean): Row[] {
  const sign = descending ? -1 : 1;
  return [...rows].sort((one, other) => {
    const [a, b] = [one[column], other[column]];
    if (a === undefined || a === null) return b === undefined || b === null ? 0 : 1;
    if (b === undefined || b === null) return -1;
    return sign * (typeof a === "number" && typeof b === "number" ? a - b : compared(String(a), String(b)));
  });
}

const compared = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0);

function shown(cell: Cell | undefined): string {
  return cell === undefined || cell === null ? "" : String(cell).replaceAll("|", "\\|").replaceAll(/\s*\n\s*/g, " ");
}

const width = (text: string) => [...text].length;

function padded(text: string, size: number, right: boolean | undefined): string {
  const space = " ".repeat(Math.max(0, size - width(text)));
  return right ? space + text : text + space;
}
