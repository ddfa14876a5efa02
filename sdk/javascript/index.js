// Write Steward tools in JavaScript or TypeScript. A module here that is not used does not get into the component, and
// what it imports from the host does not either: the imports of a component are its list of permissions.
export { defineTools } from "./tools.js";
export { Failure } from "./failure.js";
export { utf8 } from "./text.js";
export * as run from "./run.js";
export * as log from "./log.js";
export * as kv from "./kv.js";
export * as memory from "./memory.js";
export * as model from "./model.js";
export * as secrets from "./secrets.js";
export * as http from "./http.js";
