// The owner's memory: MEMORY.md, HEARTBEAT.md and memory/YYYY-MM-DD.md. Needs the capability `memory`.
import host from "steward:plugin/memory";

import { asking } from "./failure.js";

/** Every memory file as `{ path, size }`, MEMORY.md first, then the days, newest first. */
export const files = () => asking(() => host.files());
/** The whole text of one file; one that does not exist yet is a failure of the kind `not-found`. */
export const read = (path) => asking(() => host.read(path));
/** Adds text at the end on a line of its own. On disk when it returns. */
export const append = (path, text) => asking(() => host.append(path, text));
