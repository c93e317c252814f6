// The tenant's key: its measured state, its versions, and what an admin can do with it.

import { useState } from "preact/hooks";
import { call } from "./api.ts";
import { Confirm, type Question } from "./confirm.tsx";
import { type Action, Command, Result, Table, Time, useAction } from "./parts.tsx";
import { toHash } from "./route.ts";
import type { Shown } from "./settings.tsx";
import { count, type Key, list, type Tenant } from "./tenant.ts";

export function KeySection({ route, tenant: t, changed }: Shown) {
  const action = useAction();
  const k = t.key;
  return <section aria-label="Key">
    <h2>Key</h2>
    <dl class="facts">
      <dt>State</dt><dd><span role="status"><span class={"badge key-" + k.state}>{k.state}</span>{k.problem && ` ${k.problem}`}</span></dd>
      <dt>Measured</dt><dd><Time at={k.measured} />: a trial {trial(k)}</dd>
      {k.seen && k.seen.length > 0 && <><dt>Last seen by</dt><dd>{k.seen.map((f) => <p key={f.function}>{f.function} <Time at={f.at} />{Date.parse(f.cachedTo) > Date.now() && <>, which can have a data key in memory until <Time at={f.cachedTo} /></>}</p>)}</dd></>}
      <dt>Roles</dt><dd>{count(k.roles, "role lets", "roles let")} an account use the key</dd>
      {k.change && <><dt>Last change</dt><dd>{k.change.action}, requested <Time at={k.change.requested} />, {k.change.effective ? <>in effect <Time at={k.change.effective} /> ({secondsText(k.change.requested, k.change.effective)})</> : "not yet in effect"}
        {k.change.cachedTo && Date.parse(k.change.cachedTo) > Date.now() && <>; a process can have data keys in memory until <Time at={k.change.cachedTo} /></>}
        , <a href={toHash(route.workspace, "audit", k.change.entry)}>entry of the audit log</a></dd></>}
      {k.destruction && <><dt>Destruction</dt><dd><strong>requested</strong> <Time at={k.destruction.requested} />: another admin can confirm it now, and every admin <Time at={k.destruction.aloneAfter} />. The request ends <Time at={k.destruction.expires} />, or when the key is enabled.</dd></>}
      <dt>Name</dt><dd><code>{k.name}</code></dd>
    </dl>
    <Versions of={k} />
    <Result action={action} />
    <Actions tenant={t} action={action} changed={changed} />
    <Command>strongroom tenant show</Command>
  </section>;
}

function trial(k: Key): string {
  if (k.encrypts === k.decrypts) return k.encrypts ? "encrypts and decrypts" : "neither encrypts nor decrypts";
  return k.encrypts ? "encrypts, and does not decrypt" : "decrypts, and does not encrypt";
}

/** Returns the time from one moment to another, which were measured with the same clock. */
function secondsText(from: string, to: string): string {
  const seconds = Math.max(0, (Date.parse(to) - Date.parse(from)) / 1000);
  return seconds < 120 ? `after ${seconds.toFixed(1)} seconds` : `after ${count(Math.round(seconds / 60), "minute")}`;
}

function Versions({ of: k }: { of: Key }) {
  const all = k.versions ?? [];
  if (all.length === 0) return <p>The platform may not list the versions of this key.</p>;
  return <Table label="Versions of the key" columns={["#Version", "State", "Use", "Created", "Destroyed"]}>{all.map((v) => <tr key={v.version}>
    <td class="number">{v.version}</td><td>{v.state.toLowerCase().replaceAll("_", " ")}{v.failed && <> <span class="badge alert-page">✕ the trial failed</span></>}</td>
    <td>{v.primary ? "encrypts from now on" : "decrypts older data"}</td><td><Time at={v.created} /></td><td>{v.destroyAt ? <Time at={v.destroyAt} /> : "no"}</td></tr>)}</Table>;
}

interface Offer {
  name: "test" | "rotate" | "disable" | "enable" | "destroy";
  does: string;
  why: (k: Key) => string; // why it cannot be done now; empty: it can
  done: (t: Tenant) => string;
  ask?: (t: Tenant) => Pick<Question, "title" | "text" | "typed">;
  body?: (t: Tenant) => unknown;
}

/** Returns the versions that Cloud KMS will destroy. */
function scheduled(k: Key): boolean { return (k.versions ?? []).some((v) => v.state === "DESTROY_SCHEDULED"); }

const offers: Offer[] = [
  {
    name: "test", does: "Encrypts and decrypts a fixed text with each enabled version. Nothing changes.", why: () => "",
    done: ({ key }) => {
      const failed = (key.versions ?? []).filter((v) => v.failed).map((v) => v.version), tried = (key.versions ?? []).filter((v) => v.state === "ENABLED").length;
      if (failed.length > 0) return `The trial failed with the version ${list(failed)}.`;
      return tried > 0 && key.state === "active" ? `${count(tried, "version encrypts and decrypts", "versions encrypt and decrypt")}.` : `The key is ${key.state}.`;
    },
  },
  {
    name: "rotate", does: "Creates a version, which encrypts from now on. Older versions stay enabled, because data needs them.",
    why: (k) => k.state === "active" ? "" : "Only an active key can be rotated.",
    ask: () => ({ title: "Rotate the key?", text: <p>A new version encrypts from now on. Older data stays readable with its own version. A rotation cannot be taken back.</p> }),
    body: (t) => ({ primary: t.key.versions?.find((v) => v.primary)?.version }),
    done: ({ key }) => `Version ${key.versions?.find((v) => v.primary)?.version ?? "?"} encrypts from now on. The older versions stay enabled.`,
  },
  {
    name: "disable", does: "Makes all data of the tenant unreadable, until the key is enabled. The audit log stays readable.",
    why: (k) => k.state === "revoked" ? "The key is disabled." : "",
    ask: (t) => ({
      title: "Disable the key?", typed: t.id,
      text: <p>All data of {t.id} becomes unreadable for everybody, and runners cannot store output. It takes effect usually within a minute, and until 5 minutes later a process can have data keys in memory. Other tenants and the audit log are not affected. Enable makes the data readable again.</p>,
    }),
    done: ({ key }) => key.state === "revoked" ? "The key cannot be used any more: a trial has failed. Within 5 minutes, no process has data keys in memory."
      : "The versions are disabled and the roles are removed, but a trial still succeeds. This page measures it again until it fails.",
  },
  {
    name: "enable", does: "Cancels a scheduled destruction, enables all versions, and grants the roles again.",
    why: (k) => k.state === "active" && !scheduled(k) ? "The key is enabled." : "",
    ask: (t) => ({ title: "Enable the key?", text: <p>All data of {t.id} becomes readable again for those who may read it. A destruction that is requested or scheduled is canceled.</p> }),
    done: ({ key }) => key.state === "active" ? "The key can be used again." : "The versions are enabled, but a trial does not succeed yet. This page measures it again until it does.",
  },
];

/** Shows each action with what it does, and the button or the reason why there is none. */
function Actions({ tenant: t, action, changed }: { tenant: Tenant; action: Action; changed: Shown["changed"] }) {
  const [question, setQuestion] = useState<Question | null>(null);
  const run = (o: Offer) => action.run(async () => {
    try {
      const after = await call<Tenant>("/v1/tenant/key/" + o.name, { method: "POST", ...(o.body ? { body: o.body(t) } : {}) });
      changed(after);
      return o.done(after);
    } catch (error) { changed(null); throw error; }
  });
  const start = (o: Offer) => { if (o.ask) setQuestion({ ...o.ask(t), action: `Yes, ${o.name} it`, run: () => { void run(o); } }); else void run(o); };
  const destroyed = t.key.state === "destroyed";
  return <>
    <h3>What you can do with the key</h3>
    {destroyed ? <p>Every version is destroyed. Nobody can read the data any more.</p> : <Table label="Actions on the key" columns={["What it does", "Action"]}>{[...offers, destroy].map((o) => <tr key={o.name}>
      <td>{o.does}</td><td>{why(t, o) || <button type="button" disabled={action.busy} onClick={() => start(o)}>{verb(t, o)}</button>}</td></tr>)}</Table>}
    {question && <Confirm question={question} close={() => setQuestion(null)} />}
  </>;
}

function why(t: Tenant, o: Offer): string {
  const right = (t.key.rights ?? []).find((r) => r.action === o.name);
  if (right && !right.platform) return "The platform cannot do it. It is done by " + (right.who ?? "somebody else") + ".";
  if (t.role !== "admin") return "An admin can do it.";
  return o.why(t.key);
}

function verb(t: Tenant, o: Offer): string {
  if (o.name === "destroy" && t.key.destruction) return "Confirm the destruction…";
  return o.name === "test" ? "Test the key" : `${o.name[0]?.toUpperCase() ?? ""}${o.name.slice(1)} the key…`;
}

const destroy: Offer = {
  name: "destroy", does: "Destroys all versions, after two confirmations and a time in which enable restores them. Nobody can ever read the data again.",
  why: (k) => scheduled(k) ? "The destruction is scheduled. Enable restores the key until then." : k.state === "revoked" ? "" : "Disable the key first.",
  ask: (t) => t.key.destruction ? {
    title: "Confirm the destruction of the key?", typed: t.id,
    text: <p>An admin requested it <Time at={t.key.destruction.requested} />. Cloud KMS then destroys all versions at the time that it shows here, 30 days later unless the key says otherwise. Until then, enable restores them. After that, <strong>nobody can ever read the data of {t.id}</strong>.
      If you made the request yourself, you can confirm it <Time at={t.key.destruction.aloneAfter} />; another admin can confirm it now.</p>,
  } : {
    title: "Request the destruction of the key?", typed: t.id,
    text: <p>Nothing happens to the key yet. Another admin can confirm the request at once, and you can after 24 hours. It ends after 7 days. This is recorded in the audit log with your name.</p>,
  },
  body: (t) => ({ tenant: t.id, ...(t.key.destruction ? { destruction: t.key.destruction.id } : {}) }),
  done: ({ key }) => scheduled(key) ? "Cloud KMS destroys the versions at the times above. Until then, enable restores them."
    : "The destruction is requested. Another admin can confirm it at once on this page, and you can after 24 hours.",
};
