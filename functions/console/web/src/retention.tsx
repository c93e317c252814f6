// What of the tenant is deleted when, what is due, and what was deleted.

import { call } from "./api.ts";
import { Fault, Loading, Table, useLoaded } from "./parts.tsx";

interface Setting { class: string; days: number; lockedDays: number; deletes: "ttl" | "lifecycle" | "none"; owner: "terraform" | "customer" }
interface Deletions { day: string; runs: number; samples: number; issues: number; exports: number; auditEntries?: number } // without auditEntries during an upgrade
interface Shown { settings: Setting[] | null; marked?: string; due: Deletions[] | null; deleted: Deletions[] | null }

const names: Record<string, string> = {
  runs: "Runs, with their sightings and grants", samples: "Samples of SLIs", issues: "Resolved issues", exports: "Records of exports",
  auditEntries: "Audit entries in the database",
  outputs: "Output", exportFiles: "Files of exports", audit: "Audit log in its bucket",
};

export function Retention() {
  const shown = useLoaded((signal) => call<Shown>("/v1/tenant/retention", { signal }), []);
  return <section aria-label="Retention">
    <h2>Retention</h2>
    <Fault error={shown.error} again={shown.again} />
    {!shown.value ? !shown.error && <Loading /> : <>
      <Table label="Retention by class" columns={["What", "Deleted after", "Locked for", "Set by"]}>{(shown.value.settings ?? []).map((s) => <tr key={s.class}>
        <td>{names[s.class] ?? s.class}</td><td>{s.owner === "customer" ? "as its owner decides" : s.days ? `${s.days} days` : "never"}</td><td>{s.lockedDays ? `${s.lockedDays} days` : ""}</td>
        <td>{s.owner === "terraform" ? "Terraform" : "the owner of the bucket"}</td></tr>)}</Table>
      <p class="quiet">Documents are marked 7 days before they are deleted. A legal hold that is placed in these days keeps them.</p>
      <Days label="Due" empty="Nothing is due." days={shown.value.due ?? []} />
      <Days label="Deleted in the last 30 days" empty="Nothing was deleted in the last 30 days." days={shown.value.deleted ?? []} />
    </>}
  </section>;
}

function Days({ label, empty, days }: { label: string; empty: string; days: Deletions[] }) {
  if (days.length === 0) return <p>{empty}</p>;
  return <><h3>{label}</h3><Table label={label} columns={["From", "#Runs", "#Samples", "#Issues", "#Exports", "#Audit entries"]}>{days.map((d) => <tr key={d.day}>
    <td>{d.day}</td>{[d.runs, d.samples, d.issues, d.exports, d.auditEntries].map((n, i) => <td key={i} class="number">{(n ?? 0).toLocaleString("en")}</td>)}</tr>)}</Table></>;
}
