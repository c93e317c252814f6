// For the platform's staff: rejected messages, dead letters, and the platform's half of consents.

import { useState } from "preact/hooks";
import { call } from "./api.ts";
import { Consents, Ledger } from "./models.tsx";
import { Command, Data, Empty, Fault, Loading, More, Result, Table, Time, useAction, usePages } from "./parts.tsx";
import type { Route } from "./route.ts";

interface Rejected { function: string; message: string; code: string; references: Record<string, string>; published: string; found: string }
interface Replayed { replayed: number; more: boolean; asOf: string }

export function Platform({ route }: { route: Route }) {
  return <>
    <h1>Platform</h1>
    <Quarantine />
    <DeadLetters />
    <TenantConsents />
    <Ledger route={route} base="/v1/platform/model-sends" />
  </>;
}

/** Replays until nothing is left that was there at the first call. */
async function replayAll(path: string, body: Record<string, string>): Promise<number> {
  let count = 0;
  for (let before = ""; ;) {
    const r = await call<Replayed>(path, { body: { ...body, ...(before ? { before } : {}) } });
    count += r.replayed;
    if (!r.more) return count;
    before = r.asOf;
  }
}

function Quarantine() {
  const [name, setName] = useState("");
  const action = useAction();
  const list = usePages(async (token, signal) => {
    const query = new URLSearchParams({ pageSize: "50", ...(name ? { function: name } : {}), ...(token ? { pageToken: token } : {}) });
    const page = await call<{ records: Rejected[] | null; nextPageToken?: string }>("/v1/quarantine?" + query.toString(), { signal });
    return { items: page.records ?? [], next: page.nextPageToken ?? "" };
  }, [name]);
  const functions = [...new Set((list.items ?? []).map((r) => r.function))].sort();
  const replay = (of: string) => action.run(async () => { const n = await replayAll("/v1/quarantine/replay", { function: of }); list.again(); return `${n} messages of ${of} are replayed.`; });
  return <section aria-label="Quarantine">
    <h2>Quarantine</h2>
    <p>Messages that a function rejected for good. Fix the cause before you replay them: otherwise they return.</p>
    <label>Function <input name="function" data-search pattern="[a-z0-9\-]{1,63}" autocomplete="off" spellcheck={false} value={name} onChange={(e) => { if (e.currentTarget.checkValidity()) setName(e.currentTarget.value); }} /></label>
    <Fault error={list.error} again={list.again} />
    {list.items === null ? !list.error && <Loading /> : list.items.length === 0 ? <Empty>No message is in quarantine.</Empty> : <>
      <p class="filters">{functions.map((f) => <button key={f} type="button" disabled={action.busy} onClick={() => replay(f)}>Replay all of {f}</button>)}</p>
      <Table label="Rejected messages" columns={["Found", "Function", "Code", "References", "Message"]}>{list.items.map((r) => <tr key={r.function + r.message}>
        <td><Time at={r.found} /></td><td>{r.function}</td><td><code>{r.code}</code></td><td><Data>{Object.entries(r.references).map(([k, v]) => `${k} ${v}`).join(", ")}</Data></td><td><code>{r.message}</code></td></tr>)}</Table></>}
    <More of={list} />
    <Result action={action} />
    <Command>strongroom replay quarantine FUNCTION</Command>
  </section>;
}

const topics = ["object-events", "run-events", "export-parts"];

function DeadLetters() {
  const [topic, setTopic] = useState("run-events");
  const action = useAction();
  return <section aria-label="Dead letters">
    <h2>Dead letters</h2>
    <p>Messages that could not be delivered 20 times. There is no list of them; the alert on the topic says how many there are.</p>
    <form class="filters" onSubmit={(e) => { e.preventDefault(); void action.run(async () => `${await replayAll("/v1/dead-letters/replay", { topic })} messages of ${topic} are replayed.`); }}>
      <label>Topic <select name="topic" value={topic} onChange={(e) => setTopic(e.currentTarget.value)}>{topics.map((t) => <option key={t}>{t}</option>)}</select></label>
      <button type="submit" disabled={action.busy}>Replay dead letters</button>
    </form>
    <Result action={action} />
    <Command>{`strongroom replay dead-letters ${topic}`}</Command>
  </section>;
}

function TenantConsents() {
  const [tenant, setTenant] = useState("");
  return <section aria-label="Consents of a tenant">
    <h2>Consents of a tenant</h2>
    <label>Tenant ID <input name="consents-of" pattern="[a-z0-9\-]{1,63}" autocomplete="off" spellcheck={false} value={tenant} onChange={(e) => { if (e.currentTarget.checkValidity()) setTenant(e.currentTarget.value); }} /></label>
    {tenant && <Consents key={tenant} base={"/v1/tenants/" + encodeURIComponent(tenant)} side="platform" />}
  </section>;
}
