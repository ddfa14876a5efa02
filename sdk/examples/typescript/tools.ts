// Tables in Markdown.
import { defineTools, Failure, http } from "steward";

import { columns, markdown, sorted, type Cell, type Row } from "./table";

const SORT = {
  sort_by: { type: "string", description: "The column to sort by." },
  descending: { type: "boolean", default: false },
} as const;

const COLUMNS = {
  type: "array",
  items: { type: "string" },
  minItems: 1,
  description: "The columns to show, in this order.",
} as const;

function table(rows: Row[], names: string[], sortBy: string | undefined, descending: boolean) {
  const known = columns(rows);
  const missing = [...names, ...(sortBy === undefined ? [] : [sortBy])].find((name) => !known.includes(name));
  if (missing !== undefined) {
    throw Failure.notFound(`there is no column \`${missing}\`; there are: ${known.join(", ")}`);
  }
  const ordered = sortBy === undefined ? rows : sorted(rows, sortBy, descending);
  return { text: markdown(ordered, names), structured: ordered };
}

/** What was given, if all of it can be rows: objects of plain values; what is nested is left out. */
function rowsOf(value: unknown): Row[] {
  if (!Array.isArray(value) || value.length === 0) throw Failure.failed("what was found is no list, or an empty one");
  return value.slice(0, 200).map((item: unknown) => {
    const entries = typeof item === "object" && item !== null ? Object.entries(item) : [["value", item]];
    return Object.fromEntries(entries.filter((entry): entry is [string, Cell] => isCell(entry[1])));
  });
}

const isCell = (value: unknown) => value === null || ["string", "number", "boolean"].includes(typeof value);

export const tool = defineTools({
  format_table: {
    description: "Makes a Markdown table of rows, with columns that line up. Use it for rows of figures in an answer.",
    input: {
      properties: {
        rows: {
          type: "array",
          minItems: 1,
          maxItems: 200,
          items: { type: "object", additionalProperties: { type: ["string", "number", "boolean", "null"] } },
          description: "The rows: column → text or number.",
        },
        columns: COLUMNS,
        ...SORT,
      },
      required: ["rows", "columns"],
    },
    run({ rows, columns, sort_by, descending }) {
      return table(rows as Row[], columns, sort_by, descending);
    },
  },
  table_from_web: {
    description: "Fetches a list in JSON from a host the plugin may reach and makes a Markdown table of it.",
    input: {
      properties: {
        url: { type: "string", description: "https://api.github.com/orgs/rust-lang/repos" },
        columns: COLUMNS,
        ...SORT,
      },
      required: ["url", "columns"],
    },
    requires: ["http"],
    run({ url, columns, sort_by, descending }) {
      const found = http.getJson(url, { headers: { accept: "application/json", "user-agent": "steward-tables" } });
      return table(rowsOf(found), columns, sort_by, descending);
    },
  },
});
