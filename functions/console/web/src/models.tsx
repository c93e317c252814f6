// Data and models: the data map, consents with both halves, and the ledger of what was sent.

import { useState } from "preact/hooks";
import { call, send } from "./api.ts";
import { bytesText, Command, Data, Empty, Fault, Loading, More, Result, Table, Time, useAction, useLoaded, usePages } from "./parts.tsx";
import { type Route, toHash } from "./route.ts";
import { dayFromNow, endOfDay } from "./issue.ts";

interface ClassRow { class: string; what: string; plain: string[] | null; sealed: string[] | null; keys: string[] | null; readers: string[] | null; model: boolean; consents: string[] | null; kept: string }
interface LocationRow { place: string; name: string; what: string; plain: string[] | null; sealed: string[] | null }
export interface Half { state: string; given?: string; expires?: string; ended?: string; text?: string; by?: { subject: string } }
export interface Consent { feature: string; destination: string; workspace?: string; text: string; inEffect: boolean; samePerson?: boolean; tenant: Half; platform: Half; endpoint?: { projectId: string; location: string; model: string } }
export interface ConsentDetail extends Consent { textBody: string }
interface Send { entry: string; time: string; feature: string; destination: string; model: string; location: string; status: string; reason?: string; bytes: number; fields: string[] | null; sha256: string; storedUntil?: string; resource?: string }

export function Models({ route }: { route: Route }) {
  return <>
    <h1>Data and models</h1>
    <p>Nothing of a tenant goes to a model unless both halves of a consent are in effect: one that the tenant's admin gives, and one that the platform's staff give.</p>
    <Consents base="/v1" side="tenant" />
    <Ledger route={route} base="/v1/model-sends" />
    <DataMap />
  </>;
}

/** Shows the consents of a tenant. base is where one side reads and changes them. */
export function Consents({ base, side }: { base: string; side: "tenant" | "platform" }) {
  const loaded = useLoaded((signal) => call<{ consents: Consent[] | null }>(base + "/consents", { signal }), [base]);
  const [open, setOpen] = useState("");
  const all = loaded.value?.consents ?? [];
  const id = (c: Consent) => [c.feature, c.destination, c.workspace ?? ""].join(" ");
  const chosen = all.find((c) => id(c) === open);
  return <section aria-label="Consents">
    <h2>Consents</h2>
    <Fault error={loaded.error} again={loaded.again} />
    {!loaded.value ? !loaded.error && <Loading /> : all.length === 0 ? <Empty>There is no endpoint of a model, so there is nothing to consent to.</Empty> : <Table label="Consents" columns={["Feature", "Destination", "For", "Tenant's half", "Platform's half", "In effect", "Details"]}>
      {all.map((c) => <tr key={id(c)}><td>{c.feature}</td><td>{c.destination}</td><td>{c.workspace ?? "all workspaces"}</td><td><HalfState half={c.tenant} /></td><td><HalfState half={c.platform} /></td>
        <td><span class={`badge ${c.inEffect ? "model-yes" : "model-no"}`}>{c.inEffect ? "▲ yes: data is sent" : "✓ no: nothing is sent"}</span>{c.samePerson && " One person gave both halves."}</td>
        <td><button type="button" aria-expanded={open === id(c)} aria-label={`Read and change ${id(c)}`} onClick={() => setOpen(open === id(c) ? "" : id(c))}>Read and change</button></td></tr>)}</Table>}
    {chosen && <ConsentForm key={open} base={base} side={side} consent={chosen} changed={loaded.again} />}
  </section>;
}

function HalfState({ half }: { half: Half }) {
  return <>{half.state === "none" ? "never given" : half.state}{half.state === "active" && half.expires && <> until <Time at={half.expires} /></>}{half.by && <>, by <Data>{half.by.subject}</Data></>}</>;
}

function ConsentForm({ base, side, consent, changed }: { base: string; side: "tenant" | "platform"; consent: Consent; changed: () => void }) {
  const path = `${base}/consents/${encodeURIComponent(consent.feature)}/${encodeURIComponent(consent.destination)}` + (consent.workspace ? "?workspace=" + encodeURIComponent(consent.workspace) : "");
  const detail = useLoaded((signal) => call<ConsentDetail>(path, { signal }), [path]);
  const [until, setUntil] = useState(dayFromNow(90));
  const action = useAction();
  const give = (text: string) => action.run(async () => { await call(path, { method: "PUT", body: { expires: endOfDay(until), text } }); changed(); detail.again(); return "Your half is given. It has an effect as soon as both halves are active."; });
  const withdraw = () => action.run(async () => { await send(path, { method: "DELETE" }); changed(); detail.again(); return "Your half is withdrawn. The next request is refused."; });
  const d = detail.value;
  return <section aria-label="Consent">
    <h3>{consent.feature}, {consent.destination}</h3>
    <Fault error={detail.error} again={detail.again} />
    {!d ? !detail.error && <Loading /> : <>
      {d.endpoint && <p>Data goes to <code>{d.endpoint.model}</code> in <code>{d.endpoint.location}</code>, project <code>{d.endpoint.projectId}</code>.</p>}
      <pre tabIndex={0} aria-label="The text to agree to">{d.textBody}</pre>
      <p class="quiet">Version <code>{d.text}</code></p>
      <form class="filters" onSubmit={(e) => { e.preventDefault(); void give(d.text); }}>
        <label>Until the end of <input name="expires" type="date" required value={until} min={dayFromNow(1)} max={dayFromNow(365)} onInput={(e) => setUntil(e.currentTarget.value)} /></label>
        <button type="submit" disabled={action.busy}>I have read the text: give the {side}'s half</button>
        {d[side].state === "active" && <button type="button" disabled={action.busy} onClick={withdraw}>Withdraw the {side}'s half</button>}
      </form>
    </>}
    <Result action={action} />
    <Command>{`strongroom consents show ${consent.feature} ${consent.destination}`}</Command>
  </section>;
}

/** Lists the requests to models. The platform's staff have a ledger of their own, of requests with public data. */
export function Ledger({ route, base }: { route: Route; base: string }) {
  const list = usePages(async (token, signal) => {
    const page = await call<{ sends: Send[] | null; nextPageToken?: string }>(base + "?pageSize=50" + (token ? "&pageToken=" + encodeURIComponent(token) : ""), { signal });
    return { items: page.sends ?? [], next: page.nextPageToken ?? "" };
  }, []);
  return <section aria-label="What was sent">
    <h2>What was sent</h2>
    <Fault error={list.error} again={list.again} />
    {list.items === null ? !list.error && <Loading /> : list.items.length === 0 ? <Empty>Nothing was sent to a model.</Empty>
      : <Table label="Requests to models" columns={["Time", "Feature", "Model", "Status", "Fields", "#Bytes", "Request"]}>{list.items.map((s) => <tr key={s.entry}>
        <td><a href={toHash(route.workspace, "audit", s.entry)}><Time at={s.time} /></a></td><td>{s.feature} ({s.destination})</td><td><code>{s.model}</code> in {s.location}</td>
        <td>{s.status}{s.reason && ` (${s.reason})`}</td><td>{(s.fields ?? []).join(", ")}</td><td class="number">{bytesText(s.bytes)}</td><td><Request send={s} /></td></tr>)}</Table>}
    <More of={list} />
    <Command>strongroom models sends</Command>
  </section>;
}

/** Shows the exact request, which is stored only if the tenant's record says so. Showing it is recorded. */
function Request({ send: s }: { send: Send }) {
  const [request, setRequest] = useState("");
  const action = useAction();
  if (!s.storedUntil) return <span class="quiet">not stored; SHA-256 {s.sha256.slice(0, 12)}…</span>;
  const show = () => action.run(async () => { setRequest((await call<{ request: string }>(`/v1/model-sends/${encodeURIComponent(s.entry)}/request`)).request); return ""; });
  return request ? <pre class="data" translate={false} tabIndex={0} aria-label="Exact request">{request}</pre> : <><button type="button" disabled={action.busy} onClick={show}>Show</button><Fault error={action.error} /></>;
}

function DataMap() {
  const map = useLoaded((signal) => call<{ classes: ClassRow[] | null; locations: LocationRow[] | null }>("/v1/data-map", { signal }), []);
  return <section aria-label="Data map">
    <h2>Data map</h2>
    <p>Each kind of data has a class. The class decides where it may be stored, who can read it, and whether a model may receive it.</p>
    <Fault error={map.error} again={map.again} />
    {!map.value ? !map.error && <Loading /> : <>
      <Table label="Classes of data" columns={["Class", "What it is", "A model may receive it", "Stored encrypted in", "Stored as it is in", "Readers", "Kept"]}>
        {(map.value.classes ?? []).map((c) => <tr key={c.class}><td><code>{c.class}</code></td><td>{c.what}</td>
          <td><span class={`badge ${c.model ? "model-yes" : "model-no"}`}>{!c.model ? "✕ never" : (c.consents ?? []).length > 0 ? `▲ with consent: ${(c.consents ?? []).join(", ")}` : "✓ yes, it is public"}</span></td>
          <td>{(c.sealed ?? []).join(", ") || "nowhere"}</td><td>{(c.plain ?? []).join(", ") || "nowhere"}</td><td>{(c.readers ?? []).join(", ")}</td><td>{c.kept}</td></tr>)}</Table>
      <details><summary>Where data is stored</summary><Table label="Places" columns={["Place", "Name", "What it is", "Encrypted classes", "Other classes"]}>
        {(map.value.locations ?? []).map((l) => <tr key={l.place + l.name}><td>{l.place}</td><td><code>{l.name}</code></td><td>{l.what}</td><td>{(l.sealed ?? []).join(", ")}</td><td>{(l.plain ?? []).join(", ")}</td></tr>)}</Table></details>
    </>}
  </section>;
}
