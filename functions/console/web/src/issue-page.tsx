import { call, getSession, inWorkspace, Problem } from "./api.ts";
import { Explain } from "./explain.tsx";
import { act, type Act, type Issue, titleOf } from "./issue.ts";
import { Acts } from "./issues.tsx";
import { Command, Data, Empty, Fault, Loading, Result, Severity, Table, Time, useAction, useLoaded } from "./parts.tsx";
import { type Answer, Evidence } from "./overview.tsx";
import { type Route, toHash } from "./route.ts";
import { type Run, RunRow, runColumns } from "./runs.tsx";

export function IssuePage({ route }: { route: Route }) {
  const path = inWorkspace(route.workspace, "issues", route.id);
  const issue = useLoaded((signal) => call<Issue>(path, { signal }), [path]);
  const action = useAction();
  const apply = (what: Act, word: string) => action.run(async () => {
    await act(route.workspace, route.id, what);
    issue.again();
    return `The issue is ${word}.`;
  });
  const i = issue.value;
  return <>
    <p class="quiet"><a href={toHash(route.workspace, "issues")} onClick={(e) => { if (history.length > 1) { e.preventDefault(); history.back(); } }}>Back to the issues</a></p>
    <h1>Issue</h1>
    <Fault error={issue.error} again={issue.again} />
    {!i ? !issue.error && <Loading /> : <>
      <h2><Severity value={i.severity} /> <Data>{titleOf(i)}</Data></h2>
      <div class="toolbar" role="group" aria-label="Actions"><Acts disabled={action.busy} act={apply} anyIgnored={i.state === "ignored"} /></div>
      <Result action={action} />
      <Facts issue={i} route={route} />
      {([["Details", i.details], ["Expected", i.expected], ["Actual", i.actual], ["To reproduce", i.reproduceHint]] as const).map(([name, text]) =>
        text ? <section key={name}><h3>{name}</h3><pre class="data" translate={false} tabIndex={0} aria-label={name}>{text}</pre></section> : null)}
      <h3>Next steps</h3>
      {(i.nextSteps ?? []).length === 0 ? <p class="quiet">The task's author wrote none.</p> : <ul>{(i.nextSteps ?? []).map((s, n) => <li key={n}><Data>{s}</Data></li>)}</ul>}
      <SuggestedTasks route={route} />
      <Sightings issue={i} />
      <CheckRuns issue={i} route={route} />
      <Explain route={route} id={i.id} />
      <Command>{`strongroom issues show ${i.id}`}</Command>
    </>}
  </>;
}

function Facts({ issue: i, route }: { issue: Issue; route: Route }) {
  return <dl class="facts">
    <dt>State</dt><dd>{i.state}
      {i.state === "ignored" && i.ignored && <> until <Time at={i.ignored.until} />, by <Data>{i.ignored.by}</Data>{i.ignored.reason && <>, because: <Data>{i.ignored.reason}</Data></>}</>}
      {i.state === "investigated" && i.investigated && <> since <Time at={i.investigated.at} />, by <Data>{i.investigated.by}</Data></>}
      {i.state === "resolved" && i.resolvedAt && <> <Time at={i.resolvedAt} /></>}</dd>
    <dt>Seen</dt><dd>{i.sightings} times in {i.runs} runs, first <Time at={i.firstSeen} />, last <Time at={i.lastSeen} />{i.reopened ? <>, reopened {i.reopened} times, most recently <Time at={i.since} /></> : ""}</dd>
    <dt>Task</dt><dd><Data>{i.task ?? "unknown"}</Data></dd>
    <dt>SLX</dt><dd><Data>{i.slx || "not set"}</Data></dd>
    <dt>Resource</dt><dd><Data>{i.resource || "not set"}</Data></dd>
    <dt>Newest run that saw it</dt><dd>{i.lastRun ? <a href={toHash(route.workspace, "runs", i.lastRun)}><code>{i.lastRun}</code></a> : "unknown"}</dd>
    {i.severityFlagged && <><dt>Severity</dt><dd>The task gave no severity that is understood, so the default applies.</dd></>}
    <dt>Resolving</dt><dd class="quiet">An issue is resolved when a later run of its task succeeds in looking and does not find it. People do not resolve it.</dd>
  </dl>;
}

const bars = 40;

/** Shows when runs saw the issue: a drawing, and the same values as a table. */
function Sightings({ issue }: { issue: Issue }) {
  const times = (issue.seen ?? []).map((t) => Date.parse(t));
  if (times.length === 0) return null;
  const from = Math.min(...times), span = Math.max(1, Date.now() - from);
  const counts = new Array<number>(bars).fill(0);
  for (const t of times) { const at = Math.min(bars - 1, Math.floor((t - from) / span * bars)); counts[at] = (counts[at] ?? 0) + 1; }
  const highest = Math.max(...counts);
  return <>
    <h3>Sightings over time</h3>
    <svg class="bars" viewBox={`0 0 ${bars} 10`} preserveAspectRatio="none" role="img" aria-label={`${times.length} runs saw the issue since ${new Date(from).toLocaleString()}`}>
      {counts.map((n, k) => n > 0 ? <rect key={k} x={k + .1} width=".8" y={10 - 10 * n / highest} height={10 * n / highest} /> : null)}
    </svg>
    <p class="quiet">From <Time at={new Date(from).toISOString()} /> to now.{issue.runs > times.length && ` The newest ${times.length} of ${issue.runs} runs are shown.`}</p>
    <details><summary>The times as a list</summary><ol reversed class="columns">{[...times].reverse().map((t, n) => <li key={n}>{new Date(t).toLocaleString()}</li>)}</ol></details>
  </>;
}

/** Shows the runs of the issue's check: its task on its resource. */
function CheckRuns({ issue, route }: { issue: Issue; route: Route }) {
  const filters = { ...(issue.task ? { task: issue.task } : {}), ...(issue.resource ? { resource: issue.resource } : {}) };
  const runs = useLoaded((signal) => call<{ runs: Run[] | null }>(inWorkspace(route.workspace, "runs", "search"), { body: { pageSize: 10, ...filters }, signal }), [issue.id]);
  return <>
    <h3>Newest runs of its task</h3>
    <Fault error={runs.error} again={runs.again} />
    {!runs.value ? !runs.error && <Loading /> : (runs.value.runs ?? []).length === 0 ? <Empty>No run of this task is stored any more.</Empty>
      : <Table label="Runs of the task" columns={runColumns}>{(runs.value.runs ?? []).map((r) => <RunRow key={r.id} workspace={route.workspace} run={r} />)}</Table>}
  </>;
}

/** Shows the tasks that the assistant suggests because of this issue. */
function SuggestedTasks({ route }: { route: Route }) {
  const answer = useLoaded(async (signal) => {
    const { assistant } = await getSession();
    return call<Answer>(inWorkspace(route.workspace, "assistants", assistant), { signal }).catch((error: unknown) => {
      if (error instanceof Problem && error.status === 404) return null;
      throw error;
    });
  }, [route.workspace]);
  const tasks = (answer.value?.next.tasks ?? []).filter((t) => (t.evidence ?? []).some((e) => e.issue === route.id));
  if (answer.error) return <Fault error={answer.error} />;
  if (tasks.length === 0) return null;
  return <><h3>Tasks that fit its next steps</h3><ol>{tasks.map((t, n) => <li key={n}><Evidence task={t} route={route} /></li>)}</ol></>;
}
