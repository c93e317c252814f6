// Calls of the API, with the ID token in memory only.

export interface Session {
  idToken: string;
  expires: string;
  tenant: string;
  subject: string;
  name: string;
  workspaces: string[] | null;
  assistant: string; // whose answer the overview shows
}

export interface FieldFault {
  message: string;
  location?: string;
}

/** A problem of the API: RFC 9457, with a stable code. Its request is in the platform's log, and may be in the audit log. */
export class Problem extends Error {
  constructor(readonly status: number, readonly code: string, detail: string, readonly entry: string, readonly faults: FieldFault[] = [], readonly retryAfter = 0, readonly request = "") {
    super(detail);
  }
}

/** The name of the platform's own sign-in: its staff belong to no tenant, and have no workspace. */
export const staffName = "platform";

/** What happens to the session: another tab signed out, it has ended, or it continues. */
export type SessionEvent = "out" | "ended" | "continued";

let session: Session | null = null;
let person = ""; // whose session this page has shown
let renewing: Promise<Session> | null = null;
let notify: (event: SessionEvent) => void = () => {};
const waiting: (() => void)[] = []; // requests that continue after the next sign-in
const other = new BroadcastChannel("strongroom-session");

/** Calls back when something happens to the session. */
export function onSession(then: (event: SessionEvent) => void): void {
  notify = then;
  other.onmessage = ({ data }) => {
    if (data === "out") {
      session = null;
      then("out");
    } else waiting.splice(0).forEach((resume) => resume());
  };
}

async function toProblem(response: Response): Promise<Problem> {
  const body = await response.json().catch(() => null) as { code?: string; detail?: string; errors?: FieldFault[] } | null;
  const entry = response.headers.get("Strongroom-Audit-Entry") ?? "";
  return new Problem(response.status, body?.code ?? "unknown", body?.detail ?? "The response cannot be read.", entry, body?.errors ?? [], Number(response.headers.get("Retry-After") ?? 0) || 0, response.headers.get("Strongroom-Request") ?? "");
}

/** Returns the session, which it renews if its token ends within a minute. */
export async function getSession(): Promise<Session> {
  if (session && Date.parse(session.expires) - Date.now() > 60_000) return session;
  renewing ??= renew().finally(() => { renewing = null; });
  return renewing;
}

/**
 * Renews the session. One tab does so at a time, because an identity provider may end the
 * sign-in if a refresh token is used twice. If the session has ended, it waits until the
 * person has signed in again in another tab, so that the page loses nothing.
 */
async function renew(): Promise<Session> {
  for (;;) {
    const response = await navigator.locks.request("strongroom-session", () =>
      fetch("/console/session", { method: "POST", headers: { "Strongroom-Console": "1" } }));
    if (response.ok) return begin(await response.json() as Session);
    if (response.status !== 401 || !person) throw await toProblem(response);
    session = null;
    const signedIn = new Promise<void>((resume) => { waiting.push(resume); });
    notify("ended");
    await signedIn;
  }
}

/** Begins or continues a session. What another person has seen goes away. */
function begin(fresh: Session): Session {
  const name = JSON.stringify([fresh.tenant, fresh.subject]);
  if (person && person !== name) location.reload();
  if (person) notify("continued"); else other.postMessage("in");
  person = name;
  session = fresh;
  return fresh;
}

export async function signOut(): Promise<void> {
  session = null;
  person = "";
  await fetch("/console/sign-out", { method: "POST", headers: { "Strongroom-Console": "1" } });
  other.postMessage("out");
}

export interface Options {
  method?: string;
  body?: unknown;
  headers?: Record<string, string>;
  signal?: AbortSignal | undefined;
  keepalive?: boolean;
}

/** Sends a request and returns its response, which has a status of 2xx. */
export async function send(path: string, options: Options = {}): Promise<Response> {
  const sent = await getSession();
  let response = await sendWith(sent, path, options);
  if (response.status === 401) { // the clock of this machine may be wrong
    if (session === sent) session = null;
    response = await sendWith(await getSession(), path, options);
  }
  if (!response.ok) throw await toProblem(response);
  return response;
}

function sendWith({ idToken }: Session, path: string, options: Options): Promise<Response> {
  const headers: Record<string, string> = { Authorization: "Bearer " + idToken, ...options.headers };
  if (options.body !== undefined) headers["Content-Type"] = "application/json";
  return fetch(path, {
    method: options.method ?? (options.body === undefined ? "GET" : "POST"),
    headers,
    body: options.body === undefined ? null : JSON.stringify(options.body),
    signal: options.signal ?? null,
    keepalive: options.keepalive ?? false,
    cache: "no-store",
  });
}

export async function call<T>(path: string, options: Options = {}): Promise<T> {
  return await (await send(path, options)).json() as T;
}

/** Returns the path of something in a workspace, with each segment encoded. */
export function inWorkspace(workspace: string, ...segments: string[]): string {
  return ["/v1/workspaces", workspace, ...segments].map((s, i) => i === 0 ? s : encodeURIComponent(s)).join("/");
}
