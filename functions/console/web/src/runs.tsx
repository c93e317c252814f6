import { useState } from "preact/hooks";
import { call, inWorkspace, send } from "./api.ts";
import { givenNames, NameFilters, type Names, noNames } from "./names.tsx";
import { bytesText, Data, Empty, Fault, Loading, More, Severity, Table, Time, useLoaded, usePages } from "./parts.tsx";
import { useReturn } from "./place.ts";
import { type Route, setQuery, toHash } from "./route.ts";

export interface Run {
  id: string;
  task?: string;
  slx?: string;
  resource?: string;
  state: "running" | "ended" | "lost";
  outcome?: string;
  exitCode?: number;
  start?: string;
  end?: string;
  issues: number;
  samples: number;
  leftOut?: number;
  outputs?: { name: string; parts: number }[];
}

const states = ["running", "ended", "lost"];
const outcomes = ["success", "failure", "error", "timeout", "canceled"];

export function Outcome({ run }: { run: Run }) {
  const text = run.state === "ended" ? run.outcome ?? "ended" : run.state;
  return <span class={`badge outcome-${text}`}>{text}</span>;
}

function duration(run: Run): string {
  if (!run.start || !run.end) return "";
  const seconds = (Date.parse(run.end) - Date.parse(run.start)) / 1000;
  return seconds < 60 ? seconds.toFixed(1) + " s" : Math.floor(seconds / 60) + " min " + Math.round(seconds % 60) + " s";
}

export const runColumns = ["Outcome", "Task", "Resource", "Started", "#Took", "#Issues"];

export function RunRow({ workspace, run, leave }: { workspace: string; run: Run; leave?: (href: string) => void }) {
  const href = toHash(workspace, "runs", run.id);
  return <tr>
    <td><Outcome run={run} /></td>
    <td><a href={href} onClick={() => leave?.(href)}><Data>{run.task || "unknown task"}</Data></a></td>
    <td><Data>{run.resource ?? ""}</Data></td>
    <td><Time at={run.start} /></td>
    <td class="number">{duration(run)}</td>
    <td class="number">{run.issues}</td>
  </tr>;
}

export function Runs({ route }: { route: Route }) {
  const [outcome, setOutcome] = useState(route.query.get("outcome") ?? "");
  const [state, setState] = useState(route.query.get("state") ?? "");
  const [ready, setReady] = useState(false);
  const back = useReturn<Names>(location.hash, ready);
  const [names, setNames] = useState<Names>(back.state ?? noNames);
  const list = usePages(async (token, signal) => {
    const filters = { ...(outcomes.includes(outcome) ? { outcome } : {}), ...(states.includes(state) ? { state } : {}), ...givenNames(names) };
    const page = await call<{ runs: Run[] | null; nextPageToken?: string }>(inWorkspace(route.workspace, "runs", "search"), { body: { pageSize: 50, ...filters, ...(token ? { pageToken: token } : {}) }, signal });
    return { items: page.runs ?? [], next: page.nextPageToken ?? "" };
  }, [route.workspace, outcome, state, names], back.pages);
  if (!ready && list.items !== null && !list.busy) setReady(true);
  const runs = list.items ?? [];
  return <>
    <h1>Runs</h1>
    <div class="filters">
      <label>Outcome <select name="outcome" data-search value={outcome} onChange={(e) => { setOutcome(e.currentTarget.value); setQuery("outcome", e.currentTarget.value); }}>
        <option value="">all</option>{outcomes.map((o) => <option key={o}>{o}</option>)}</select></label>
      <label>State <select name="state" value={state} onChange={(e) => { setState(e.currentTarget.value); setQuery("state", e.currentTarget.value); }}>
        <option value="">all</option>{states.map((s) => <option key={s}>{s}</option>)}</select></label>
    </div>
    <NameFilters names={names} set={setNames} />
    <Fault error={list.error} again={list.again} />
    {list.items === null ? !list.error && <Loading /> : runs.length === 0 ? <Empty>No runs match. To record one, run <code>strongroom run</code> with a task, or remove a filter.</Empty> : <>
      <Timeline runs={runs} />
      <Table label="Runs" columns={runColumns}>{runs.map((run) => <RunRow key={run.id} workspace={route.workspace} run={run} leave={(href) => back.remember(href, list.count, names)} />)}</Table></>}
    <More of={list} />
  </>;
}

/** Shows the runs of a page on a line of time. The table has the same values. */
function Timeline({ runs }: { runs: Run[] }) {
  const known = runs.filter((r) => r.start);
  const times = known.map((r) => Date.parse(r.start ?? ""));
  const from = Math.min(...times), span = Math.max(1, Math.max(...times) - from);
  if (known.length < 2) return null;
  return <svg class="timeline" viewBox="0 0 1000 24" preserveAspectRatio="none" role="img" aria-label="Times of the runs below">
    {known.map((r, i) => <rect key={r.id} class={"outcome-" + (r.outcome ?? r.state)} x={((times[i] ?? from) - from) / span * 990} y="4" width="8" height="16"><title>{r.outcome ?? r.state}</title></rect>)}
  </svg>;
}

interface Output {
  name: string;
  fileName: string;
  contentType: string;
  state: string;
  parts: number;
  storedParts: number;
  size: number;
  lines?: number;
  linesVerified: boolean;
}

interface IssueLine {
  severity?: number;
  title?: string;
}

async function issuesOf(path: string, signal: AbortSignal): Promise<IssueLine[]> {
  const text = await (await send(path + "/issues", { signal })).text();
  return text.split("\n").filter((line) => line !== "").map((line) => {
    try { return JSON.parse(line) as IssueLine; } catch { return {}; }
  });
}

export function RunPage({ route }: { route: Route }) {
  const path = inWorkspace(route.workspace, "runs", route.id);
  const run = useLoaded((signal) => call<Run>(path, { signal }), [path]);
  const outputs = useLoaded((signal) => call<{ outputs: Output[] }>(path + "/outputs", { signal }), [path]);
  const issues = useLoaded((signal) => issuesOf(path, signal), [path]);
  return <>
    <h1>Run</h1>
    <Fault error={run.error} again={run.again} />
    {run.value && <>
      <dl class="facts">
        <dt>Task</dt><dd><Data>{run.value.task || "unknown"}</Data></dd>
        <dt>Outcome</dt><dd><Outcome run={run.value} />{run.value.exitCode !== undefined && <> exit code {run.value.exitCode}</>}</dd>
        <dt>Resource</dt><dd><Data>{run.value.resource || "none"}</Data></dd>
        <dt>SLX</dt><dd><Data>{run.value.slx || "none"}</Data></dd>
        <dt>Started</dt><dd><Time at={run.value.start} /> {duration(run.value) && <>(took {duration(run.value)})</>}</dd>
        <dt>Found</dt><dd>{run.value.issues} issues, {run.value.samples} samples{run.value.leftOut ? `, ${run.value.leftOut} invalid members left out` : ""}</dd>
        <dt>ID</dt><dd><code>{run.value.id}</code></dd>
      </dl>
    </>}
    <h2>Outputs</h2>
    <Fault error={outputs.error} again={outputs.again} />
    {!outputs.value ? !outputs.error && <Loading /> : outputs.value.outputs.length === 0
      ? <Empty>The run has no outputs. A task's output appears here while it runs.</Empty>
      : <div class="scroll-x" tabIndex={0} role="region" aria-label="Outputs"><table data-rows>
        <thead><tr><th>Name</th><th>State</th><th class="number">Size</th><th class="number">Lines</th></tr></thead>
        <tbody>{outputs.value.outputs.map((o) => <tr key={o.name}>
          <td><a href={toHash(route.workspace, "runs", route.id, o.name)}><Data>{o.fileName}</Data></a></td>
          <td>{o.state}{o.state === "incomplete" && ` (${o.storedParts} of ${o.parts} parts)`}</td>
          <td class="number">{bytesText(o.size)}</td>
          <td class="number">{o.lines === undefined ? "not counted" : o.lines.toLocaleString()}</td>
        </tr>)}</tbody>
      </table></div>}
    <h2>Issues that this run reported</h2>
    <Fault error={issues.error} again={issues.again} />
    {!issues.value ? !issues.error && <Loading /> : issues.value.length === 0
      ? <Empty>The run reported no issue.</Empty>
      : <ul class="plain">{issues.value.map((issue, i) => <li key={i}>{issue.severity ? <Severity value={issue.severity} /> : null} <Data>{String(issue.title ?? "an issue without a title")}</Data></li>)}</ul>}
  </>;
}
