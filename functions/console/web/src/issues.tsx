import { useState } from "preact/hooks";
import { call, inWorkspace } from "./api.ts";
import { type Act, actOnAll, dayFromNow, endOfDay, type Failed, type Issue, states, titleOf } from "./issue.ts";
import { givenNames, NameFilters, type Names, noNames } from "./names.tsx";
import { Data, Empty, Fault, Loading, More, Severity, Time, usePages } from "./parts.tsx";
import { useReturn } from "./place.ts";
import { type Route, setQuery, toHash } from "./route.ts";

const ages: [string, string, number][] = [["", "at any time", 0], ["1h", "in the last hour", 3600], ["24h", "in the last day", 86_400], ["7d", "in the last week", 604_800], ["30d", "in the last 30 days", 2_592_000]];

function filtersOf(state: string, severity: number, age: string, names: Names): Record<string, unknown> {
  const seconds = ages.find(([code]) => code === age)?.[2] ?? 0;
  return {
    pageSize: 50,
    ...(states.includes(state) ? { state } : {}),
    ...(severity >= 1 && severity <= 4 ? { severity } : {}),
    ...(seconds > 0 ? { from: new Date(Date.now() - seconds * 1000).toISOString() } : {}),
    ...givenNames(names),
  };
}

export function Issues({ route }: { route: Route }) {
  const [state, setState] = useState(route.query.get("state") ?? "active");
  const [severity, setSeverity] = useState(Number(route.query.get("severity") ?? 0));
  const [age, setAge] = useState(route.query.get("seen") ?? "");
  const [selected, setSelected] = useState<ReadonlySet<string>>(new Set());
  const [ready, setReady] = useState(false);
  const back = useReturn<Names>(location.hash, ready);
  const [names, setNames] = useState<Names>(back.state ?? noNames);
  const list = usePages(async (token, signal) => {
    const filters = filtersOf(state, severity, age, names);
    const page = await call<{ issues: Issue[] | null; nextPageToken?: string }>(inWorkspace(route.workspace, "issues", "search"), { body: { ...filters, ...(token ? { pageToken: token } : {}) }, signal });
    return { items: page.issues ?? [], next: page.nextPageToken ?? "" };
  }, [route.workspace, state, severity, age, names], back.pages);
  if (!ready && list.items !== null && !list.busy) setReady(true);
  const choose = (name: string, value: string) => { setQuery(name, value); setSelected(new Set()); };
  const issues = list.items ?? [];
  const toggle = (id: string) => setSelected((before) => { const next = new Set(before); if (!next.delete(id)) next.add(id); return next; });
  return <>
    <h1>Issues</h1>
    <div class="filters">
      <label>State <select name="state" data-search value={state} onChange={(e) => { setState(e.currentTarget.value); choose("state", e.currentTarget.value); }}>
        {states.map((s) => <option key={s}>{s}</option>)}</select></label>
      <label>Severity <select name="severity" value={String(severity)} onChange={(e) => { setSeverity(Number(e.currentTarget.value)); choose("severity", e.currentTarget.value === "0" ? "" : e.currentTarget.value); }}>
        <option value="0">all</option>{[1, 2, 3, 4].map((s) => <option key={s}>{s}</option>)}</select></label>
      <label>Seen <select name="seen" value={age} onChange={(e) => { setAge(e.currentTarget.value); choose("seen", e.currentTarget.value); }}>
        {ages.map(([code, text]) => <option key={code} value={code}>{text}</option>)}</select></label>
    </div>
    <NameFilters names={names} set={(n) => { setNames(n); setSelected(new Set()); }} />
    <Fault error={list.error} again={list.again} />
    {list.items !== null && issues.length > 0 && <Bulk workspace={route.workspace} issues={issues.filter((i) => selected.has(i.id))}
      all={issues.length === selected.size} selectAll={(on) => setSelected(new Set(on ? issues.map((i) => i.id) : []))}
      done={(failed) => { setSelected(new Set(failed.map((f) => f.id))); list.again(); }} />}
    {list.items === null ? !list.error && <Loading /> : issues.length === 0
      ? <Empty>{state === "active" && !list.next ? "No unresolved issues match. They appear here when a run reports them." : "No issues match. Choose another state, severity or time, or remove the filters by name."}</Empty>
      : <div class="scroll-x" tabIndex={0} role="region" aria-label="Issues"><table data-rows>
        <thead><tr><th scope="col"><span class="unseen">Select</span></th><th scope="col">Severity</th><th scope="col">Issue</th><th scope="col">State</th><th scope="col">Resource</th><th scope="col">Last seen</th><th scope="col" class="number">Sightings</th></tr></thead>
        <tbody>{issues.map((i) => <IssueRow key={i.id} issue={i} workspace={route.workspace} selected={selected.has(i.id)} toggle={() => toggle(i.id)}
          leave={(href) => back.remember(href, list.count, names)} />)}</tbody>
      </table></div>}
    <More of={list} />
  </>;
}

function IssueRow({ issue: i, workspace, selected, toggle, leave }: { issue: Issue; workspace: string; selected: boolean; toggle: () => void; leave: (href: string) => void }) {
  const href = toHash(workspace, "issues", i.id);
  return <tr>
    <td><input name="selected" type="checkbox" aria-label={`Select issue ${i.id.slice(0, 8)}`} checked={selected} onChange={toggle} /></td>
    <td><Severity value={i.severity} /></td>
    <td><a href={href} onClick={() => leave(href)}><Data>{titleOf(i)}</Data></a></td>
    <td>{i.state}{i.ignored && i.state === "ignored" && <> until <Time at={i.ignored.until} /></>}</td>
    <td><Data>{i.resource ?? ""}</Data></td><td><Time at={i.lastSeen} /></td><td class="number">{i.sightings}</td>
  </tr>;
}

function Bulk({ workspace, issues, all, selectAll, done }: { workspace: string; issues: Issue[]; all: boolean; selectAll: (on: boolean) => void; done: (failed: Failed[]) => void }) {
  const [progress, setProgress] = useState("");
  const [busy, setBusy] = useState(false);
  const [failed, setFailed] = useState<Failed[]>([]);
  const apply = async (what: Act, word: string) => {
    const ids = issues.map((i) => i.id);
    setBusy(true); setFailed([]);
    const wrong = await actOnAll(workspace, ids, what, (n) => setProgress(`${n} of ${ids.length}…`));
    setBusy(false); setFailed(wrong);
    setProgress(`${ids.length - wrong.length} ${word}${wrong.length > 0 ? `, ${wrong.length} failed and stay selected` : ""}.`);
    done(wrong);
  };
  return <section aria-label="Selected issues">
    <div class="toolbar">
      <label><input name="all" type="checkbox" checked={all} onChange={(e) => selectAll(e.currentTarget.checked)} /> All that are loaded</label>
      <span>{issues.length} selected</span>
      <Acts disabled={busy || issues.length === 0} act={apply} anyIgnored={issues.some((i) => i.state === "ignored")} />
    </div>
    <p class="result" role="status">{progress}</p>
    {failed.map((f) => <div key={f.id}><p>Issue <a href={toHash(workspace, "issues", f.id)}><code>{f.id.slice(0, 12)}</code></a> failed:</p><Fault error={f.error} /></div>)}
  </section>;
}

/** The buttons that act on one or several issues. */
export function Acts({ disabled, act, anyIgnored }: { disabled: boolean; act: (what: Act, word: string) => Promise<void>; anyIgnored: boolean }) {
  const [until, setUntil] = useState(dayFromNow(7));
  const [reason, setReason] = useState("");
  const ignore = () => act({ action: "ignore", body: { until: endOfDay(until), ...(reason.trim() ? { reason: reason.trim() } : {}) } }, "ignored");
  return <>
    <button type="button" disabled={disabled} onClick={() => act({ action: "investigate" }, "marked as investigated")}>Investigate</button>
    <form class="filters" onSubmit={(e) => { e.preventDefault(); void ignore(); }}>
      <label>Ignore until the end of <input name="until" type="date" required value={until} min={dayFromNow(0)} max={dayFromNow(365)} onInput={(e) => setUntil(e.currentTarget.value)} /></label>
      <label>because <input name="reason" value={reason} maxLength={1000} autocomplete="off" spellcheck={false} translate={false} onInput={(e) => setReason(e.currentTarget.value)} /></label>
      <button type="submit" disabled={disabled}>Ignore</button>
    </form>
    {anyIgnored && <button type="button" disabled={disabled} onClick={() => act({ action: "ignore", body: { until: new Date(Date.now() - 1000).toISOString() } }, "no longer ignored")}>Stop ignoring</button>}
  </>;
}
