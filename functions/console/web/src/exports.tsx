// Exports: request one, its progress and files, and schedules.

import { useEffect, useState } from "preact/hooks";
import { call, send } from "./api.ts";
import { bytesText, Command, Empty, Fault, Loading, More, Result, Table, Time, useAction, useLoaded, usePages } from "./parts.tsx";
import { type Route, toHash } from "./route.ts";

interface Export { id: string; state: string; kinds: string[] | null; workspaces?: string[]; created: string; ended?: string; schedule?: string; readTime: string; from?: string; to?: string; reason?: string; failedPart?: string; staff?: boolean }

interface Progress extends Export { parts: number; partsDone: number; rows: number; bytes: number; estimatedEnd?: string }

interface File { name: string; size: number; rows?: number; path?: string; offset?: number; checksum?: string; sha256?: string; crc32c: string; url: string; expires: string }

interface Schedule { name: string; every: string; kinds: string[] | null; workspaces?: string[]; timeZone?: string; begin: string; end: string; lastExport?: string; keyLocked?: boolean }

const kinds: [string, string][] = [["audit", "the audit log"], ["metadata", "runs, issues, SLIs"], ["configuration", "the configurations, with their history and reviews"], ["inventory", "all parts of outputs"], ["outputs", "the outputs themselves"]];
const active = ["queued", "running", "paused"];
const pollTime = 3000; // milliseconds

/** Returns a UUIDv7: RFC 9562, section 5.7. */
function newID(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  let now = Date.now();
  for (let i = 5; i >= 0; i--) { bytes[i] = now % 256; now = Math.floor(now / 256); }
  bytes[6] = (bytes[6] ?? 0) & 0x0f | 0x70;
  bytes[8] = (bytes[8] ?? 0) & 0x3f | 0x80;
  const hex = [...bytes].map((b) => b.toString(16).padStart(2, "0")).join("");
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
}

export function Exports({ route }: { route: Route }) {
  if (route.id) return <ExportPage route={route} key={route.id} />;
  return <>
    <h1>Exports</h1>
    <ExportList route={route} />
    <Create route={route} />
    <Schedules route={route} />
  </>;
}

function ExportList({ route }: { route: Route }) {
  const list = usePages(async (token, signal) => {
    const page = await call<{ exports: Export[] | null; nextPageToken?: string }>("/v1/exports?pageSize=50" + (token ? "&pageToken=" + encodeURIComponent(token) : ""), { signal });
    return { items: page.exports ?? [], next: page.nextPageToken ?? "" };
  }, []);
  return <>
    <Fault error={list.error} again={list.again} />
    {list.items === null ? !list.error && <Loading /> : list.items.length === 0 ? <Empty>No exports yet. Create one below.</Empty>
      : <Table label="Exports" columns={["ID", "State", "Kinds", "Created", "Ended", "By"]}>{list.items.map((e) => <tr key={e.id}>
        <td><a href={toHash(route.workspace, "exports", e.id)}><code>{e.id.slice(0, 18)}…</code></a></td><td>{e.state}{e.reason && ` (${e.reason})`}</td><td>{(e.kinds ?? []).join(", ")}</td>
        <td><Time at={e.created} /></td><td>{e.ended ? <Time at={e.ended} /> : "not yet"}</td><td>{e.schedule ? "schedule " + e.schedule : e.staff ? "the platform's staff" : "a person"}</td></tr>)}</Table>}
    <More of={list} />
  </>;
}

function Kinds({ chosen, set }: { chosen: string[]; set: (kinds: string[]) => void }) {
  return <fieldset><legend>Kinds</legend>{kinds.map(([kind, what]) => <label key={kind}><input name={"kind-" + kind} type="checkbox" checked={chosen.includes(kind)}
    onChange={(e) => set(e.currentTarget.checked ? [...chosen, kind] : chosen.filter((k) => k !== kind))} /> {kind} <span class="quiet">{what}</span></label>)}</fieldset>;
}

/** Returns a time of a date field, in UTC, which is a whole minute. */
function atMidnight(date: string): string { return date + "T00:00:00Z"; }

function Create({ route }: { route: Route }) {
  const [chosen, setChosen] = useState(["metadata"]);
  const [here, setHere] = useState(false);
  const [from, setFrom] = useState("");
  const [to, setTo] = useState("");
  const action = useAction();
  const create = () => action.run(async () => {
    const id = newID();
    await call("/v1/exports/" + id, { method: "PUT", body: { kinds: chosen, ...(here ? { workspaces: [route.workspace] } : {}), ...(from ? { from: atMidnight(from) } : {}), ...(to ? { to: atMidnight(to) } : {}) } });
    location.hash = toHash(route.workspace, "exports", id);
    return "The export is created.";
  });
  return <section aria-label="Create an export">
    <h2>Create an export</h2>
    <form class="fields" onSubmit={(e) => { e.preventDefault(); void create(); }}>
      <Kinds chosen={chosen} set={setChosen} />
      <fieldset><legend>Workspaces</legend><label><input name="here" type="checkbox" checked={here} onChange={(e) => setHere(e.currentTarget.checked)} /> only this workspace</label></fieldset>
      <label>Written from <input name="from" type="date" value={from} onInput={(e) => setFrom(e.currentTarget.value)} /> <span class="quiet">midnight in UTC; empty: everything</span></label>
      <label>As of <input name="to" type="date" value={to} onInput={(e) => setTo(e.currentTarget.value)} /> <span class="quiet">midnight in UTC, at most 6 days ago; empty: now</span></label>
      <button type="submit" disabled={action.busy || chosen.length === 0}>Create</button>
    </form>
    <Result action={action} />
    <Command>{`strongroom exports create --kind ${chosen.join(",") || "metadata"}`}</Command>
  </section>;
}

function ExportPage({ route }: { route: Route }) {
  const path = "/v1/exports/" + encodeURIComponent(route.id);
  const loaded = useLoaded((signal) => call<Progress>(path, { signal }), [path]);
  const action = useAction();
  const e = loaded.value;
  const running = e !== null && active.includes(e.state);
  useEffect(() => {
    if (!running) return;
    const timer = setTimeout(loaded.again, pollTime);
    return () => clearTimeout(timer);
  }, [e]);
  const cancel = () => action.run(async () => { await call(path + "/cancel", { method: "POST" }); loaded.again(); return "The export is canceled. The files that are written remain."; });
  return <>
    <p class="quiet"><a href={toHash(route.workspace, "exports")}>Back to the exports</a></p>
    <h1>Export</h1>
    <Fault error={loaded.error} again={loaded.again} />
    {!e ? !loaded.error && <Loading /> : <>
      <dl class="facts">
        <dt>State</dt><dd><span role="status">{e.state}{e.reason && ` (${e.reason})`}</span>{e.failedPart && <>, part <code>{e.failedPart}</code></>}</dd>
        <dt>Progress</dt><dd><progress value={e.partsDone} max={Math.max(1, e.parts)} aria-label="Parts that are done" /> {e.partsDone} of {e.parts} parts, {e.rows.toLocaleString("en")} rows, {bytesText(e.bytes)}
          {running && e.estimatedEnd && <>, ends <Time at={e.estimatedEnd} /></>}</dd>
        <dt>Kinds</dt><dd>{(e.kinds ?? []).join(", ")}</dd>
        <dt>Workspaces</dt><dd>{e.workspaces?.join(", ") ?? "all"}</dd>
        <dt>Read time</dt><dd><Time at={e.readTime} />{e.from && <>, what was written after <Time at={e.from} /></>}</dd>
        <dt>Created</dt><dd><Time at={e.created} />{e.schedule && `, by the schedule ${e.schedule}`}</dd>
        <dt>ID</dt><dd><code>{e.id}</code></dd>
      </dl>
      {running && <p><button type="button" disabled={action.busy} onClick={cancel}>Cancel the export</button></p>}
      <Result action={action} />
      {e.state === "done" && <Files path={path} id={e.id} />}
    </>}
  </>;
}

/** Lists files when a person asks for them: each list is recorded, and its URLs read the files for 15 minutes. */
function Files({ path, id }: { path: string; id: string }) {
  const [asked, setAsked] = useState(false);
  return <>
    <h2>Files</h2>
    {asked ? <FileList path={path} /> : <p><button type="button" onClick={() => setAsked(true)}>List the files</button> <span class="quiet">The list is recorded in the audit log. Its links read the files for 15 minutes.</span></p>}
    <Command>{`strongroom exports pull ${id} DIR && strongroom exports verify DIR`}</Command>
  </>;
}

function FileList({ path }: { path: string }) {
  const list = usePages(async (token, signal) => {
    const page = await call<{ files: File[] | null; nextPageToken?: string }>(path + "/files?pageSize=100" + (token ? "&pageToken=" + encodeURIComponent(token) : ""), { signal });
    return { items: page.files ?? [], next: page.nextPageToken ?? "" };
  }, [path]);
  return <>
    <Fault error={list.error} again={list.again} />
    {list.items === null ? !list.error && <Loading /> : <Table label="Files" columns={["Name", "#Size", "#Rows", "Checksum"]}>{list.items.map((f) => <tr key={f.name}>
      <td><a href={f.url} download rel="noreferrer">{f.name}</a>{f.path && <span class="quiet" translate={false}> {f.path}, from byte {f.offset ?? 0}</span>}</td>
      <td class="number">{bytesText(f.size)}</td><td class="number">{f.rows?.toLocaleString("en") ?? "not counted"}</td><td>{f.checksum === "crc32c-only" ? "CRC32C only: it detects accidents, not changes" : "SHA-256"}</td></tr>)}</Table>}
    <More of={list} />
  </>;
}

const periods = ["hourly", "daily", "weekly", "monthly"];

function Schedules({ route }: { route: Route }) {
  const loaded = useLoaded((signal) => call<{ schedules: Schedule[] | null }>("/v1/export-schedules", { signal }), []);
  const [edited, setEdited] = useState<Schedule | null>(null);
  const action = useAction();
  const remove = (name: string) => action.run(async () => { await send("/v1/export-schedules/" + encodeURIComponent(name), { method: "DELETE" }); loaded.again(); return `The schedule ${name} is deleted. Its exports remain.`; });
  const all = loaded.value?.schedules ?? [];
  return <section aria-label="Schedules">
    <h2>Schedules</h2>
    <Fault error={loaded.error} again={loaded.again} />
    {!loaded.value ? !loaded.error && <Loading /> : all.length === 0 ? <Empty>No schedules yet. Create one below, and each period is exported once.</Empty>
      : <Table label="Schedules" columns={["Name", "Every", "Kinds", "Next window ends", "Newest export", "Actions"]}>{all.map((s) => <tr key={s.name}>
        <td>{s.name}{s.keyLocked && <span class="badge alert-page">waits: the tenant's key is disabled</span>}</td><td>{s.every}{s.timeZone && ` in ${s.timeZone}`}</td><td>{(s.kinds ?? []).join(", ")}</td><td><Time at={s.end} /></td>
        <td>{s.lastExport ? <a href={toHash(route.workspace, "exports", s.lastExport)}>open</a> : "not yet"}</td>
        <td><button type="button" onClick={() => setEdited(s)}>Change</button> <button type="button" disabled={action.busy} aria-label={`Delete the schedule ${s.name}`} onClick={() => remove(s.name)}>Delete</button></td></tr>)}</Table>}
    <Result action={action} />
    <ScheduleForm key={edited?.name ?? ""} edited={edited} saved={() => { setEdited(null); loaded.again(); }} />
  </section>;
}

function ScheduleForm({ edited, saved }: { edited: Schedule | null; saved: () => void }) {
  const [name, setName] = useState(edited?.name ?? "");
  const [every, setEvery] = useState(edited?.every ?? "daily");
  const [zone, setZone] = useState(edited?.timeZone ?? (edited ? "" : Intl.DateTimeFormat().resolvedOptions().timeZone));
  const [chosen, setChosen] = useState(edited?.kinds ?? ["metadata"]);
  const action = useAction();
  const save = () => action.run(async () => {
    const body = { kinds: chosen, every, ...(zone ? { timeZone: zone } : {}), ...(edited?.workspaces ? { workspaces: edited.workspaces } : {}) };
    await call("/v1/export-schedules/" + encodeURIComponent(name), { method: "PUT", body });
    saved();
    return `The schedule ${name} is stored.`;
  });
  return <>
    <h3>{edited ? "Change the schedule" : "Create a schedule"}</h3>
    <form class="fields" onSubmit={(e) => { e.preventDefault(); void save(); }}>
      <label>Name <input name="schedule" required pattern="[a-z0-9\-]{1,63}" readOnly={edited !== null} autocomplete="off" spellcheck={false} value={name} onInput={(e) => setName(e.currentTarget.value)} /></label>
      <label>Every <select name="every" value={every} onChange={(e) => setEvery(e.currentTarget.value)}>{periods.map((p) => <option key={p}>{p}</option>)}</select></label>
      <label>Time zone <input name="zone" autocomplete="off" spellcheck={false} value={zone} onInput={(e) => setZone(e.currentTarget.value)} /> <span class="quiet">such as Europe/Berlin; empty: UTC</span></label>
      <Kinds chosen={chosen} set={setChosen} />
      <button type="submit" disabled={action.busy || chosen.length === 0}>Save the schedule</button>
    </form>
    <Result action={action} />
  </>;
}
