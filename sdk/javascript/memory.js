// The memory of the person the plugin works for: MEMORY.md, HEARTBEAT.md, memory/YYYY-MM-DD.md and, to be read,
// sessions/NAME.md; a search over them, and what is known about the person. Needs the capability `memory`.
import host from "steward:plugin/memory";

import { asking } from "./failure.js";

/** Every memory file as `{ path, size }`, MEMORY.md first, then the days and transcripts, newest first. */
export const files = () => asking(() => host.files());
/** The whole text of one file; one that does not exist yet is a failure of the kind `not-found`. */
export const read = (path) => asking(() => host.read(path));
/** Adds text at the end on a line of its own. On disk when it returns. */
export const append = (path, text) => asking(() => host.append(path, text));
/** Finds passages by words and by meaning, the best first: `{ hits, note }`. At most 50. */
export const search = (query, limit = 8) => asking(() => host.search(query, limit));
/** Adds a file, a folder or a repository to what is searched. */
export const index = (path) => asking(() => host.index(path));
/** Takes it out again; the files themselves stay. */
export const unindex = (path) => asking(() => host.unindex(path));
/** How what is searched stands. */
export const status = () => asking(() => host.status());
/** Reads every file anew. */
export const reindex = () => asking(() => host.reindex());
/** Forgets, such as "level-short" or "all"; says what was forgotten. Nothing brings it back. */
export const forget = (what) => asking(() => host.forget(what));
/** What is known about the person as `{ key, value }`, in the order of the keys. */
export const userData = () => asking(() => host.userData());
/** Keeps a value under a key; without a value the key is forgotten. */
export const setUserData = (key, value) => asking(() => host.setUserData(key, value));
