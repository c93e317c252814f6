// The audit log: its entries, receipts, and the proof that an entry is in the published log.

import { useState } from "preact/hooks";
import { call, inWorkspace, send, type Session, staffName } from "./api.ts";
import { Command, Data, Empty, Fault, Loading, More, Result, Table, Time, useAction, useLoaded, usePages } from "./parts.tsx";
import { type Route, setQuery, toHash } from "./route.ts";
import type { Proved } from "./proof.ts";

interface Entry { id: string; time: string; action: string; outcome: string; reason?: string; workspace?: string; resource?: string; actor: { issuer?: string; subject: string; role?: string }; counts?: Record<string, number> }

interface Indexed { index?: number; actorId: string; entry: Entry }

/** Where the entries and the Merkle tree of a log are. The platform's staff read the platform's own log. */
function logOf(tenant: string): { entries: string; tree: string } {
  if (tenant === staffName) return { entries: "/v1/platform/audit/entries", tree: "/v1/platform/audit/log" };
  return { entries: "/v1/audit/entries", tree: `/v1/tenants/${encodeURIComponent(tenant)}/audit/log` };
}

const outcomes = ["allowed", "denied", "done"];

export function Audit({ route, session }: { route: Route; session: Session }) {
  return route.id ? <Receipt route={route} session={session} key={route.id} /> : <Entries route={route} session={session} />;
}

function Entries({ route, session }: { route: Route; session: Session }) {
  const isStaff = session.tenant === staffName;
  const [whole, setWhole] = useState(isStaff || route.query.get("of") === "tenant");
  const [outcome, setOutcome] = useState(route.query.get("outcome") ?? "");
  const [action, setAction] = useState(route.query.get("action") ?? "");
  const [run, setRun] = useState(route.query.get("run") ?? "");
  const list = usePages(async (token, signal) => {
    const query = new URLSearchParams({ order: "newest", limit: "100" });
    for (const [name, value] of Object.entries({ outcome, action, run, pageToken: token })) if (value) query.set(name, value);
    const path = whole ? logOf(session.tenant).entries : inWorkspace(route.workspace, "audit", "entries");
    const page = await call<{ entries: Indexed[] | null; nextPageToken?: string }>(`${path}?${query.toString()}`, { signal });
    return { items: page.entries ?? [], next: page.nextPageToken ?? "" };
  }, [route.workspace, whole, outcome, action, run]);
  const pick = (name: string, value: string, set: (value: string) => void) => { set(value); setQuery(name, value); };
  return <>
    <h1>Audit log</h1>
    <ReceiptForm route={route} />
    <div class="filters">
      {!isStaff && <label>Of <select name="of" value={whole ? "tenant" : ""} onChange={(e) => { setWhole(e.currentTarget.value === "tenant"); setQuery("of", e.currentTarget.value); }}>
        <option value="">this workspace</option><option value="tenant">the whole tenant</option></select></label>}
      <label>Outcome <select name="outcome" value={outcome} onChange={(e) => pick("outcome", e.currentTarget.value, setOutcome)}><option value="">all</option>{outcomes.map((o) => <option key={o}>{o}</option>)}</select></label>
      <label>Action <input name="action" data-search placeholder="outputs.read" pattern="[a-z.\-]{1,63}" autocomplete="off" spellcheck={false} value={action} onChange={(e) => { if (e.currentTarget.checkValidity()) pick("action", e.currentTarget.value, setAction); }} /></label>
      <label>Run ID <input name="run" pattern="[0-9a-f\-]{36}" autocomplete="off" spellcheck={false} value={run} onChange={(e) => { if (e.currentTarget.checkValidity()) pick("run", e.currentTarget.value, setRun); }} /></label>
    </div>
    <Fault error={list.error} again={list.again} />
    {list.items === null ? !list.error && <Loading /> : list.items.length === 0 ? <Empty>No entries match. A new entry gets its index within a minute. Remove a filter, or open a receipt by its ID.</Empty>
      : <Table label="Audit entries" columns={["#Index", "Time", "Who", "Action", "Outcome", "Resource"]}>{list.items.map(({ index, entry: e }) => <tr key={e.id}>
        <td class="number"><a href={toHash(route.workspace, "audit", e.id)}>{index ?? "no index yet"}</a></td><td><Time at={e.time} /></td><td><Data>{e.actor.subject}</Data> {e.actor.role}</td>
        <td>{e.action}</td><td>{e.outcome}{e.reason && ` (${e.reason})`}</td><td><Data>{e.resource ?? ""}</Data></td></tr>)}</Table>}
    <More of={list} />
  </>;
}

function ReceiptForm({ route }: { route: Route }) {
  const [id, setId] = useState("");
  return <form class="filters" onSubmit={(e) => { e.preventDefault(); location.hash = toHash(route.workspace, "audit", id.trim()); }}>
    <label>Receipt <input name="receipt" required pattern="\s*[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}\s*" autocomplete="off" spellcheck={false} value={id} onInput={(e) => setId(e.currentTarget.value)} /></label>
    <button type="submit">Find</button>
    <span class="quiet">Every recorded request returns the ID of its entry in the header <code>Strongroom-Audit-Entry</code>.</span>
  </form>;
}

function Receipt({ route, session }: { route: Route; session: Session }) {
  const log = logOf(session.tenant);
  const path = log.entries + "/" + encodeURIComponent(route.id);
  const loaded = useLoaded((signal) => call<Indexed>(path, { signal }), [path]);
  const found = loaded.value;
  const [keys, setKeys] = useState("");
  const [proved, setProved] = useState<Proved | null>(null);
  const [refuted, setRefuted] = useState("");
  const check = useAction();
  const prove = () => check.run(async () => {
    setProved(null); setRefuted("");
    const [proof, published, { verify }] = await Promise.all([
      send(path + "/proof").then((r) => r.text()), keys.trim() ? keys : send(log.tree + "/keys").then((r) => r.text()), import("./proof.ts")]);
    try {
      setProved(await verify(proof, found?.entry ?? { id: "" }, route.id, published, log.tree));
      return "The proof is valid.";
    } catch (error) {
      setRefuted(error instanceof Error ? error.message : "The proof cannot be verified.");
      return "The proof is not valid.";
    }
  });
  return <>
    <p class="quiet"><a href={toHash(route.workspace, "audit")}>Back to the audit log</a></p>
    <h1>Audit entry</h1>
    <Fault error={loaded.error} again={loaded.again} />
    {!found ? !loaded.error && <Loading /> : <>
      <dl class="facts">
        <dt>ID</dt><dd><code>{found.entry.id}</code></dd>
        <dt>Index</dt><dd>{found.index ?? "not yet: entries are published within a minute"}</dd>
        <dt>Time</dt><dd><Time at={found.entry.time} /></dd>
        <dt>Who</dt><dd><Data>{found.entry.actor.subject}</Data> {found.entry.actor.role}{found.entry.actor.issuer && <> from <Data>{found.entry.actor.issuer}</Data></>}</dd>
        <dt>Action</dt><dd>{found.entry.action}, {found.entry.outcome}{found.entry.reason && ` (${found.entry.reason})`}</dd>
        <dt>Resource</dt><dd><Data>{found.entry.resource ?? "not set"}</Data></dd>
      </dl>
      <details><summary>The whole entry</summary><pre class="data" translate={false} tabIndex={0} aria-label="The whole entry">{JSON.stringify(found.entry, null, 2)}</pre></details>
      <h2>Proof</h2>
      <p>This browser verifies the signature of the newest checkpoint, and that this entry leads to its root. It trusts the keys that the platform lists now. To trust the platform less, paste the keys that you kept from earlier.</p>
      <details><summary>Verify with keys that I kept</summary><label>Verifier keys, one on a line<textarea name="keys" spellcheck={false} translate={false} value={keys} onInput={(e) => setKeys(e.currentTarget.value)} /></label></details>
      <p><button type="button" disabled={check.busy} onClick={prove}>Verify</button></p>
      <Result action={check} />
      {refuted && <div class="refuted" role="alert"><p><strong>✕ Not proved.</strong> {refuted}</p></div>}
      {proved && <div class="proved"><p><strong>✓ Proved.</strong> The entry is number {proved.index} of the {proved.size} entries of the log <code>{proved.origin}</code>.</p>
        <p class="quiet">Root <code>{proved.root}</code>, signed by <code>{proved.key}</code>{keys.trim() ? " (one of your keys)." : " (as the platform lists it)."}</p></div>}
      <Command>{`strongroom audit show ${found.entry.id}`}</Command>
    </>}
  </>;
}
