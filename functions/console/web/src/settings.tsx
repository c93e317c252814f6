// The tenant's own page: its record, key, legal holds and offboarding.

import { useEffect } from "preact/hooks";
import { call } from "./api.ts";
import { Holds } from "./holds.tsx";
import { Members } from "./members.tsx";
import { OwnOffboarding } from "./offboarding.tsx";
import { Data, Fault, Loading, Table, Time, useLoaded } from "./parts.tsx";
import { Retention } from "./retention.tsx";
import { type Route, toHash } from "./route.ts";
import { Storage } from "./storage.tsx";
import { KeySection } from "./tenant-key.tsx";
import { count, type StateChange, type Tenant } from "./tenant.ts";
import { Trust } from "./trust.tsx";
import { Usage } from "./usage.tsx";

const pollTime = 5000; // milliseconds between two measurements of a key that is changing

/** What every section of the page needs. */
export interface Shown { route: Route; tenant: Tenant; changed: (tenant: Tenant | null) => void }

export function Settings({ route }: { route: Route }) {
  const loaded = useLoaded((signal) => call<Tenant>("/v1/tenant", { signal }), []);
  const t = loaded.value;
  useEffect(() => {
    if (!t || t.key.state !== "revoking" && t.key.state !== "testing") return;
    const timer = setTimeout(loaded.again, pollTime);
    return () => clearTimeout(timer);
  }, [t]);
  const changed = (tenant: Tenant | null) => { if (tenant) loaded.set(tenant); else loaded.again(); };
  return <>
    <h1>Keys and settings</h1>
    <Fault error={loaded.error} again={loaded.again} />
    {!t ? !loaded.error && <Loading /> : <>
      <State tenant={t} route={route} />
      <KeySection route={route} tenant={t} changed={changed} />
      <Members route={route} tenant={t} changed={changed} />
      <Trust route={route} tenant={t} changed={changed} />
      <Holds route={route} tenant={t} changed={changed} />
      <Storage route={route} tenant={t} changed={changed} />
      <Usage tenant={t} />
      <Retention />
      <Record tenant={t} />
      <OwnOffboarding route={route} tenant={t} changed={changed} />
    </>}
  </>;
}

const states: Record<string, string> = {
  active: "Requests are served.", suspended: "All requests of the tenant are refused.", offboarding: "The tenant leaves: it can read and export, and change nothing.",
};

function State({ tenant: t, route }: { tenant: Tenant; route: Route }) {
  return <>
    <p><Data>{t.id}</Data> is <span class={"badge tenant-" + t.state}>{t.state}</span>. {states[t.state]}
      {t.role !== "admin" && " You can read this page. Only an admin changes something here."}</p>
    {t.change && <p class="quiet"><Changed change={t.change} />, <a href={toHash(route.workspace, "audit", t.change.entry)}>entry of the audit log</a></p>}
  </>;
}

/** Says when the state of a tenant was changed with the API, and when every process has seen it. */
export function Changed({ change: c }: { change: StateChange }) {
  return <>set to {c.state} <Time at={c.changed} />{Date.parse(c.everyone) > Date.now() && <>, and every process has seen it <Time at={c.everyone} /></>}</>;
}

/** The values of the record, by the fields that owners and drift name. */
function valuesOf(t: Tenant): [field: string, name: string, value: string][] {
  const l = t.limits, limits = [
    `upload URLs work for ${count((l.uploadLifetimeSeconds || 900) / 60, "minute")}`,
    `${count(l.modelSendsPerHour || 60, "request")} to a model an hour and ${count(l.modelTokensPerDay || 1_000_000, "token")} a day, for each feature`,
    l.keepModelRequestsDays ? `exact requests to a model are stored for ${count(l.keepModelRequestsDays, "day")}` : "exact requests to a model are not stored",
  ];
  return [
    ["state", "State", t.state], ["projectId", "Project", t.projectId], ["location", "Location of buckets and key", t.location],
    ["outputsBucket", "Bucket for output", t.outputsBucket], ["exportsBucket", "Bucket for exports", t.exportsBucket],
    ["configsBucket", "Bucket for configurations", t.configsBucket], ["auditBucket", "Bucket for the audit log", t.auditBucket],
    ["auditTopic", "Topic for the audit log", t.auditTopic ?? "none"], ["signingAccount", "Account that signs upload URLs", t.signingAccount],
    ["signIn", "Console and command line", (t.signIn ?? []).map((s) => `${s.issuer}: ${s.clientIds.join(", ")}`).join("; ") || "nobody can sign in"],
    ["limits", "Limits", limits.join("; ")], ["key.name", "Key", t.key.name], ["key.versions", "Versions of the key", count((t.key.versions ?? []).length, "version")],
    ["key.roles", "Roles on the key", count(t.key.roles, "role")],
  ];
}

const ownerNames: Record<string, string> = { terraform: "Terraform", api: "this page and the API", customer: "whoever administers the key" };

function Record({ tenant: t }: { tenant: Tenant }) {
  const owners = new Map((t.owners ?? []).map((o) => [o.field, o.owner]));
  const drift = t.drift ?? [];
  return <section aria-label="Record">
    <h2>Record</h2>
    {drift.length > 0 && <div class="to-do"><p><strong>Something differs from what was asked for:</strong></p><ul>{drift.map((d, i) => <li key={i}><code>{d.field}</code>: {d.message}</li>)}</ul></div>}
    <Table label="Record of the tenant" columns={["Setting", "Value", "Who changes it"]}>{valuesOf(t).map(([field, name, value]) => <tr key={field}>
      <td>{name}</td><td><Data>{value}</Data></td><td>{ownerNames[owners.get(field) ?? ""] ?? owners.get(field) ?? "nobody"}</td></tr>)}</Table>
    {drift.length === 0 && <p class="quiet">Nothing differs from what was asked for.</p>}
  </section>;
}
