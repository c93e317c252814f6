// The address: only IDs, codes and numbers, because the browser's history keeps it.

export interface Route {
  workspace: string;
  page: string; // "overview", "issues", …
  id: string; // of an issue or a run
  output: string;
  query: URLSearchParams;
}

/** Parses the part of the address after "#". */
export function parseRoute(hash: string, workspaces: string[]): Route {
  const [path = "", query = ""] = hash.replace(/^#\/?/, "").split("?");
  const [workspace = "", page = "", id = "", output = ""] = path.split("/").map((s) => { try { return decodeURIComponent(s); } catch { return ""; } });
  return { workspace: workspace || workspaces[0] || "", page: page || "overview", id, output, query: new URLSearchParams(query) };
}

export function toHash(workspace: string, ...segments: string[]): string {
  return "#/" + [workspace, ...segments].map(encodeURIComponent).join("/");
}

/** Changes a part of the query in the address, without a new entry in the history. */
export function setQuery(name: string, value: string): void {
  const [path = "", query = ""] = location.hash.split("?");
  const parameters = new URLSearchParams(query);
  if (value) parameters.set(name, value); else parameters.delete(name);
  const text = parameters.toString();
  history.replaceState(null, "", path + (text ? "?" + text : ""));
}

const key = "strongroom-return";

/** Remembers the address while a person signs in again. It has IDs and codes only. */
export function rememberPlace(): void { sessionStorage.setItem(key, location.hash); }

export function restorePlace(): void {
  const hash = sessionStorage.getItem(key);
  sessionStorage.removeItem(key);
  if (hash && !location.hash) history.replaceState(null, "", hash);
}
