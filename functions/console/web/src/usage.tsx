// The quotas of the tenant, and what it has used by day.

import { useState } from "preact/hooks";
import { call } from "./api.ts";
import { bytesText, Fault, Loading, Table, useLoaded } from "./parts.tsx";
import type { Tenant } from "./tenant.ts";

interface Count { used: number; leased: number }
export interface Quota { quota: Kind; limit: number; period: "day" | "minute"; workspaceLimit?: number; today: Count }

type Kind = "bytes" | "parts" | "runs" | "samples" | "sightings" | "exports" | "modelSends" | "requests";
type Day = { day: string } & Record<Kind, Count>;

const names: Record<Kind, string> = {
  bytes: "Bytes of output", parts: "Parts of output", runs: "Runs", samples: "Samples of SLIs", sightings: "Sightings of issues",
  exports: "Exports", modelSends: "Requests to models", requests: "Requests to the API",
};

function amount(kind: Kind, n: number): string { return kind === "bytes" ? bytesText(n) : n.toLocaleString("en"); }

export function Usage({ tenant: t }: { tenant: Tenant }) {
  const days = useLoaded((signal) => call<{ days: Day[] | null }>("/v1/tenant/usage", { signal }), []);
  return <section aria-label="Usage">
    <h2>Quotas and usage</h2>
    <Table label="Quotas" columns={["What", "#Limit", "#Of each workspace", "Used today"]}>{(t.quotas ?? []).map((q) => <tr key={q.quota}>
      <td>{names[q.quota]}</td><td class="number">{amount(q.quota, q.limit)} a {q.period}</td><td class="number">{q.workspaceLimit ? amount(q.quota, q.workspaceLimit) : "no limit"}</td>
      <td><Used of={q} /></td></tr>)}</Table>
    <p class="quiet">A day begins at 00:00 UTC. Processes report their use when they need more of a quota, so that the newest use can be missing.</p>
    <Fault error={days.error} again={days.again} />
    {!days.value ? !days.error && <Loading /> : <Days days={days.value.days ?? []} />}
  </section>;
}

/** Shows what is used of a quota. The quota of requests is per minute, so that a day has no share of it. */
function Used({ of: q }: { of: Quota }) {
  if (q.period !== "day") return <>{amount(q.quota, q.today.used)}</>;
  const taken = Math.max(q.today.used, q.today.leased), near = taken >= 0.8 * q.limit;
  return <><meter min={0} max={q.limit} high={0.8 * q.limit} value={taken} aria-label={`${names[q.quota]} used today`} /> {amount(q.quota, q.today.used)}
    {near && <> <span class="badge alert-page">{taken >= q.limit ? "✕ used up" : "▲ over 80 %"}</span></>}</>;
}

const barHeight = 48;

/** Shows one kind by day as bars, and everything in a table. */
function Days({ days }: { days: Day[] }) {
  const [kind, setKind] = useState<Kind>("bytes");
  const most = Math.max(1, ...days.map((d) => d[kind].used)), width = 100 / Math.max(1, days.length);
  return <>
    <div class="filters"><label>By day <select name="usage-of" value={kind} onChange={(e) => setKind(e.currentTarget.value as Kind)}>{Object.entries(names).map(([k, name]) => <option key={k} value={k}>{name}</option>)}</select></label></div>
    <svg class="bars" viewBox={`0 0 100 ${barHeight}`} preserveAspectRatio="none" role="img" aria-label={`${names[kind]} of ${days.length} days, at most ${amount(kind, most)} in one`}>
      {days.map((d, n) => { const height = barHeight * d[kind].used / most; return <rect key={d.day} x={n * width} width={width * 0.8} y={barHeight - height} height={height}><title>{d.day}: {amount(kind, d[kind].used)}</title></rect>; })}</svg>
    <details><summary>Usage of {days.length} days as a table</summary>
      <Table label="Usage by day" columns={["Day", ...Object.values(names).map((name) => "#" + name)]}>{[...days].reverse().map((d) => <tr key={d.day}>
        <td>{d.day}</td>{(Object.keys(names) as Kind[]).map((k) => <td key={k} class="number">{amount(k, d[k].used)}</td>)}</tr>)}</Table></details>
  </>;
}
