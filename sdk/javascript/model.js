// Questions to the model that runs the assistant: one text in, one text out. Needs the capability `model`.
import host from "steward:plugin/model";

import { asking } from "./failure.js";

/** Asks and gives the text of the answer, of at most `maxTokens` tokens. */
export function ask(prompt, { system, maxTokens = 500 } = {}) {
  return asking(() => host.ask({ system: system ?? null, prompt, maxTokens })).text;
}
