// The tools of a plugin: what the host is told of each, and how one is called.
import "./console.js";

import { Failure, failureOf } from "./failure.js";
import { reseed } from "./random.js";
import { fitted } from "./schema.js";
import { utf8 } from "./text.js";

const EFFECTS = ["read", "write", "send", "destructive"];

/** Makes the export `tool` of a plugin: `export const tool = defineTools({ name: { description, input, run } })`. */
export function defineTools(tools) {
  const table = new Map(Object.entries(tools).map(([name, tool]) => [name, declared(name, tool)]));
  return {
    specs: () => [...table.values()].map((tool) => tool.spec),
    call(name, input) {
      reseed();
      try {
        return called(table, name, input);
      } catch (thrown) {
        if (!(thrown instanceof Failure)) console.error(thrown);
        const failure = failureOf(thrown);
        throw { tag: failure.kind, val: failure.message };
      }
    },
  };
}

/** Mistakes in a declaration end the build, so that no caller ever meets them. */
function declared(name, tool) {
  const mistake = (text) => new TypeError(`the tool \`${name}\`: ${text}`);
  const { description, input = { properties: {} }, effect = "read", requires = [], run } = tool;
  if (!/^[A-Za-z0-9_]{1,64}$/.test(name)) throw mistake("a name is letters, digits and `_`, at most 64");
  if (typeof description !== "string" || !description.trim()) throw mistake("`description` is missing");
  if (!EFFECTS.includes(effect)) throw mistake(`\`effect\` is one of ${EFFECTS.join(", ")}`);
  if (typeof run !== "function") throw mistake("`run` is no function");
  const schema = { type: "object", additionalProperties: false, ...input };
  const spec = { name, description: description.trim(), inputSchema: JSON.stringify(schema), requires, effect };
  return { schema, spec, run };
}

function called(table, name, input) {
  const tool = table.get(name);
  if (!tool) {
    throw Failure.notFound(`there is no tool \`${name}\` here; there are: ${[...table.keys()].join(", ")}`);
  }
  const answer = tool.run(fitted(JSON.parse(input), tool.schema));
  if (typeof answer?.then === "function") {
    throw Failure.failed(`the tool \`${name}\` is asynchronous: nothing here waits, so make \`run\` a plain function`);
  }
  return output(answer);
}

/** Text, `{ text, structured, attachments }`, or any other value, which is answered as JSON. */
function output(answer) {
  if (answer === undefined || answer === null) return { text: "Done.", structured: null, attachments: [] };
  if (typeof answer === "string") return { text: answer, structured: null, attachments: [] };
  if (typeof answer.text !== "string") {
    const json = JSON.stringify(answer);
    return { text: json, structured: json, attachments: [] };
  }
  const { text, structured, attachments = [] } = answer;
  const files = attachments.map(({ name, mime, data }) => ({
    name,
    mime,
    data: typeof data === "string" ? utf8.encode(data) : data,
  }));
  return { text, structured: structured === undefined ? null : JSON.stringify(structured), attachments: files };
}
