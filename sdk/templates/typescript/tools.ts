// The tools of this plugin: each has a description, a JSON Schema, by which its arguments are typed, and a function.
import { defineTools, Failure } from "steward";

export const tool = defineTools({
  greet: {
    description: "Greets somebody by name. Use it when the person asks for a greeting.",
    input: {
      properties: { name: { type: "string", description: "Whom to greet." } },
      required: ["name"],
    },
    run({ name }) {
      const whom = name.trim();
      if (!whom) throw Failure.invalid("`name` is empty: say whom to greet");
      return `Hello, ${whom}!`;
    },
  },
});
