import { useEffect, useRef, useState } from "preact/hooks";
import { call, inWorkspace } from "./api.ts";
import { budgetOf, budgetSentence, hasObjective, lengthText, numberText, rulesOf, ruleSentence, type SLI } from "./burn.ts";
import { Command, Data, Empty, Fault, Loading, More, Result, Table, Time, useAction, useLoaded, usePages } from "./parts.tsx";
import { type Route, setQuery, toHash } from "./route.ts";

export type { SLI } from "./burn.ts";

const alertSigns: Record<string, string> = { page: "▲ page", ticket: "◆ ticket", warning: "! warning", none: "✓ no alert", stale: "… stale" };

/** Shows an alert by a sign, a word and a border, and not only by a color. */
export function AlertBadge({ alert, stale }: { alert: SLI["alert"]; stale: boolean }) {
  return <>{(!stale || alert !== "none") && <span class={`badge alert-${alert}`}>{alertSigns[alert]}</span>}{stale && <span class="badge alert-stale">{alertSigns["stale"]}</span>}</>;
}

const budgetSigns: Record<string, string> = { spent: "✕ spent", burning: "↘ burning", healthy: "✓ healthy", stale: "… stale", "no objective": "– no objective", unknown: "? no samples" };

export function BudgetBadge({ sli }: { sli: SLI }) {
  const { state } = budgetOf(sli);
  return <span class={`badge budget-${state.replace(" ", "-")}`}>{budgetSigns[state]}</span>;
}

function objectiveText(s: SLI): string {
  if (!hasObjective(s)) return "no objective";
  const { min, max, target } = s.objective;
  const range = [min !== undefined && `at least ${numberText(min)}`, max !== undefined && `at most ${numberText(max)}`].filter(Boolean).join(" and ");
  return `${range} in ${Number(((target ?? 0) * 100).toPrecision(8))} % of samples`;
}

interface Sample { time: string; value: number }

interface Samples { series: { run: string; samples: Sample[] | null }[] | null; nextPageToken?: string }

const maxSamples = 5000;

/** Returns the samples of the last days, the oldest first, and whether there are more. */
async function samplesOf(workspace: string, sli: string, days: number, signal: AbortSignal): Promise<{ samples: Sample[]; more: boolean }> {
  const samples: Sample[] = [];
  const from = new Date(Date.now() - days * 86_400_000).toISOString(); // a page token is for one range
  let token = "";
  do {
    const query = new URLSearchParams({ from, pageSize: "100", ...(token ? { pageToken: token } : {}) });
    const page = await call<Samples>(`${inWorkspace(workspace, "slis", sli, "samples")}?${query.toString()}`, { signal });
    for (const s of page.series ?? []) samples.push(...s.samples ?? []);
    token = page.nextPageToken ?? "";
  } while (token && samples.length < maxSamples);
  samples.sort((a, b) => Date.parse(a.time) - Date.parse(b.time));
  return { samples, more: token !== "" };
}

/** A small line of the samples of 6 hours. The row has the newest value as text. */
export function Sparkline({ workspace, sli }: { workspace: string; sli: SLI }) {
  const loaded = useLoaded((signal) => samplesOf(workspace, sli.name, .25, signal), [workspace, sli.name]);
  const samples = loaded.value?.samples ?? [];
  if (samples.length < 2) return <span class="spark quiet">{loaded.value ? "few samples" : ""}</span>;
  const times = samples.map((s) => Date.parse(s.time)), values = samples.map((s) => s.value);
  const from = times[0] ?? 0, span = (times.at(-1) ?? 0) - from || 1, low = Math.min(...values), height = Math.max(...values) - low || 1;
  const points = values.map((v, i) => `${(((times[i] ?? 0) - from) / span * 100).toFixed(1)},${(22 - (v - low) / height * 20).toFixed(1)}`).join(" ");
  return <svg class="spark" viewBox="0 0 100 24" preserveAspectRatio="none" role="img" aria-label={`${samples.length} samples in 6 hours, from ${numberText(low)} to ${numberText(low + (Math.max(...values) - low))}`}>
    <polyline points={points} fill="none" stroke="currentColor" stroke-width="1.5" vector-effect="non-scaling-stroke" /></svg>;
}

export function SLITable({ slis, workspace }: { slis: SLI[]; workspace: string }) {
  if (slis.length === 0) return <Empty>No SLIs yet. A task reports samples with <code>strongroom run --sample</code>.</Empty>;
  return <Table label="SLIs" columns={["SLI", "Alert", "Error budget", "#Last value", "Last 6 hours", "Objective"]}>
    {slis.map((s) => <tr key={s.name}>
      <td><a href={toHash(workspace, "slis", s.name)}><Data>{s.name}</Data></a></td>
      <td><AlertBadge alert={s.alert} stale={s.stale} /></td>
      <td><BudgetBadge sli={s} /> <span class="quiet">{budgetSentence(s)}</span></td>
      <td class="number">{s.last ? <>{numberText(s.last.value)} <Time at={s.last.time} /></> : "no samples"}</td>
      <td><Sparkline workspace={workspace} sli={s} /></td>
      <td>{objectiveText(s)}</td>
    </tr>)}
  </Table>;
}

const alerts = ["warning", "ticket", "page"];

export function SLIs({ route }: { route: Route }) {
  const [alert, setAlert] = useState(route.query.get("alert") ?? "");
  const list = usePages(async (token, signal) => {
    const body = { pageSize: 50, ...(alerts.includes(alert) ? { alert } : {}), ...(token ? { pageToken: token } : {}) };
    const page = await call<{ slis: SLI[] | null; nextPageToken?: string }>(inWorkspace(route.workspace, "slis", "search"), { body, signal });
    return { items: page.slis ?? [], next: page.nextPageToken ?? "" };
  }, [route.workspace, alert]);
  return <>
    <h1>SLIs</h1>
    <label>Alert <select name="alert" data-search value={alert} onChange={(e) => { setAlert(e.currentTarget.value); setQuery("alert", e.currentTarget.value); }}>
      <option value="">all</option>{alerts.map((a) => <option key={a} value={a}>{a === "page" ? "page" : a + " or more urgent"}</option>)}</select></label>
    <Fault error={list.error} again={list.again} />
    {list.items === null ? !list.error && <Loading /> : alert && list.items.length === 0 && !list.next
      ? <Empty>No SLI has such an alert. Choose “all” to see the others.</Empty> : <SLITable slis={list.items} workspace={route.workspace} />}
    <More of={list} />
  </>;
}

export function SLIPage({ route }: { route: Route }) {
  const path = inWorkspace(route.workspace, "slis", route.id);
  const sli = useLoaded((signal) => call<SLI>(path, { signal }), [path]);
  const s = sli.value;
  return <>
    <h1>SLI <Data>{route.id}</Data></h1>
    <Fault error={sli.error} again={sli.again} />
    {!s ? !sli.error && <Loading /> : <>
      <p><AlertBadge alert={s.alert} stale={s.stale} /> <BudgetBadge sli={s} /> {budgetSentence(s)}</p>
      <dl class="facts">
        <dt>Objective</dt><dd>{objectiveText(s)}</dd>
        <dt>Last value</dt><dd>{s.last ? <>{numberText(s.last.value)}, <Time at={s.last.time} /></> : "no samples"}</dd>
        <dt>SLX</dt><dd><Data>{s.slx || "not set"}</Data></dd>
      </dl>
      <Burn sli={s} />
      <Chart workspace={route.workspace} sli={s} />
      <ObjectiveForm key={JSON.stringify([s.objective, s.thresholds])} sli={s} path={path} saved={sli.again} />
    </>}
  </>;
}

function Burn({ sli: s }: { sli: SLI }) {
  if (!hasObjective(s)) return null;
  return <>
    <h2>Burn rate</h2>
    <ul>{rulesOf(s).map((r) => <li key={r.long}><strong>{r.alert}</strong>: {ruleSentence(s, r)}</li>)}</ul>
    <p class="quiet">The windows of an alert end with the newest sample and grow with the time between samples, so an alert may use more samples than are counted here. Silence does not end an alert.</p>
    <Table label="Windows" columns={["Window", "#Samples", "#Good", "#Burn rate", "#Mean"]}>
      {["5m", "30m", "1h", "6h", "3d"].map((w) => { const v = s.windows[w]; const has = v !== undefined && v.samples > 0; return <tr key={w}>
        <td>{lengthText(w)}</td><td class="number">{v?.samples ?? 0}</td><td class="number">{has ? numberText(v.share * 100) + " %" : "no samples"}</td>
        <td class="number">{has ? numberText(v.burn) : "no samples"}</td><td class="number">{has ? numberText(v.mean) : "no samples"}</td></tr>; })}
    </Table>
  </>;
}

/** Shows the samples as a chart, and the same values as a table. */
function Chart({ workspace, sli }: { workspace: string; sli: SLI }) {
  const [days, setDays] = useState(3);
  const element = useRef<HTMLDivElement>(null);
  const loaded = useLoaded((signal) => samplesOf(workspace, sli.name, days, signal), [workspace, sli.name, days]);
  const [fault, setFault] = useState<unknown>(null);
  const samples = loaded.value?.samples ?? [];
  const { min, max } = sli.objective;
  useEffect(() => {
    let remove = () => {};
    let gone = false;
    if (samples.length === 0) return;
    import("./chart.ts").then(({ draw }) => {
      if (gone || !element.current) return;
      remove = draw(element.current, { times: samples.map((s) => Date.parse(s.time) / 1000), values: samples.map((s) => s.value), ...(min !== undefined ? { min } : {}), ...(max !== undefined ? { max } : {}) }, sli.name);
    }, setFault);
    return () => { gone = true; remove(); };
  }, [loaded.value, min, max]);
  return <>
    <h2>Samples</h2>
    <label>Of the last <select name="days" value={String(days)} onChange={(e) => setDays(Number(e.currentTarget.value))}>
      {[1, 3, 7, 30].map((d) => <option key={d} value={d}>{d === 1 ? "day" : d + " days"}</option>)}</select></label>
    <Fault error={loaded.error ?? fault} again={loaded.again} />
    {loaded.value && samples.length === 0 ? <Empty>No samples in this time. Choose a longer one, or report samples with <code>strongroom run --sample</code>.</Empty> : <>
      <div class="chart" ref={element} role="img" aria-label={`Chart of ${samples.length} samples. The table below has the same values.`} />
      {loaded.value?.more && <p class="quiet">The first {samples.length.toLocaleString("en")} samples are shown. Choose a shorter time to see the newest.</p>}
      <details><summary>The same values as a table</summary><SampleTable samples={samples} sli={sli} /></details></>}
  </>;
}

const tableRows = 500;

function SampleTable({ samples, sli: { objective: { min, max } } }: { samples: Sample[]; sli: SLI }) {
  const good = (v: number) => (min === undefined || v >= min) && (max === undefined || v <= max);
  const newest = samples.slice(-tableRows).reverse();
  return <>
    {samples.length > newest.length && <p class="quiet">The newest {newest.length} of {samples.length} are listed.</p>}
    <Table label="Samples" columns={["Time", "#Value", "Within the objective"]}>
      {newest.map((s, n) => <tr key={n}><td>{new Date(s.time).toLocaleString()}</td><td class="number">{s.value}</td><td>{good(s.value) ? "yes" : "no"}</td></tr>)}
    </Table>
  </>;
}

type Field = "min" | "max" | "target" | "page" | "ticket" | "slow" | "samples" | "staleAfter";

const fields: [Field, string, string][] = [
  ["min", "At least", "a good sample is at least this; empty: no bound"], ["max", "At most", "a good sample is at most this; empty: no bound"],
  ["target", "Target in %", "share of samples that must be good, below 100"], ["page", "Page at burn rate", "empty: 14.4"], ["ticket", "Ticket at burn rate", "empty: 6"],
  ["slow", "Slow ticket at burn rate", "empty: 1"], ["samples", "Bad samples for an alert", "empty: 3"], ["staleAfter", "Stale after seconds", "empty: 3600"],
];

function draftOf(s: SLI): Record<Field, string> {
  const text = (n: number | undefined) => n === undefined || n === 0 ? "" : String(n);
  const { min, max, target } = s.objective, t = s.thresholds;
  return {
    min: min === undefined ? "" : String(min), max: max === undefined ? "" : String(max), target: target ? String(Number((target * 100).toPrecision(10))) : "",
    page: text(t.page), ticket: text(t.ticket), slow: text(t.slow), samples: text(t.samples), staleAfter: text(t.staleAfter),
  };
}

/** Returns the body of a request that sets an objective. An empty field is left out. */
function toBody(draft: Record<Field, string>): unknown {
  const some = (names: Field[], scale: Partial<Record<Field, number>> = {}) => Object.fromEntries(names.filter((n) => draft[n].trim() !== "").map((n) => [n, Number((Number(draft[n]) / (scale[n] ?? 1)).toPrecision(12))]));
  return { objective: some(["min", "max", "target"], { target: 100 }), thresholds: some(["page", "ticket", "slow", "samples", "staleAfter"]) };
}

function ObjectiveForm({ sli, path, saved }: { sli: SLI; path: string; saved: () => void }) {
  const [draft, setDraft] = useState(draftOf(sli));
  const action = useAction();
  const save = () => action.run(async () => {
    await call(path, { method: "PUT", body: toBody(draft) });
    saved();
    return "The objective is set.";
  });
  return <section aria-label="Objective">
    <h2>Set the objective</h2>
    <p class="quiet">Only an admin can. Earlier samples stay as good or bad as they were. Without bounds, the SLI has no objective.</p>
    <form class="fields" onSubmit={(e) => { e.preventDefault(); void save(); }}>
      {fields.map(([name, label, hint]) => <label key={name}>{label} <input name={name} inputMode="decimal" pattern="-?[0-9]+([.][0-9]+)?([eE][\-+]?[0-9]+)?" autocomplete="off" value={draft[name]}
        onInput={(e) => setDraft({ ...draft, [name]: e.currentTarget.value })} /> <span class="quiet">{hint}</span></label>)}
      <button type="submit" disabled={action.busy}>Set</button>
    </form>
    <Result action={action} />
    <Command>{"strongroom slis set NAME --min … --max … --target …"}</Command>
  </section>;
}
