// The offboarding of a tenant: the request, the steps, and the certificate.

import { useState } from "preact/hooks";
import { call, Problem } from "./api.ts";
import { Confirm, type Question } from "./confirm.tsx";
import { Command, Fault, Result, Table, Time, useAction, useLoaded } from "./parts.tsx";
import type { Shown } from "./settings.tsx";
import { count, type Offboarding } from "./tenant.ts";

/** The steps in order, as functions/offboarding takes them. */
const steps: [step: string, does: string][] = [
  ["count", "count what there is, and issue the interim certificate"], ["export", "wait 30 days, in which the tenant exports everything"],
  ["retention", "wait until no legal hold and no retention is left"], ["destroy-key", "schedule the destruction of the key"],
  ["await-key", "wait until the key is destroyed"], ["delete-objects", "empty the buckets"], ["delete-documents", "delete the documents, except the audit log"],
  ["await-google", "wait 14 weeks, until Google has no copies"], ["certify", "count again, and issue the final certificate"], ["done", "done"],
];

const waits: Record<string, string> = {
  time: "its time has not come yet", "export-active": "an export is not finished", retention: "an object is under retention", held: "there is a legal hold",
  key: "the key is not destroyed yet", "came-back": "something that was deleted has come back",
};

export function OwnOffboarding({ tenant: t, changed }: Shown) {
  const [question, setQuestion] = useState<Question | null>(null);
  const action = useAction();
  const o = t.offboarding, isAdmin = t.role === "admin";
  const request = () => action.run(async () => {
    const r = await call<Offboarding>("/v1/tenant/offboarding", { body: { tenant: t.id } });
    changed(null);
    return `The offboarding is requested. The platform's staff starts it with the ID ${r.id}.`;
  });
  const stop = () => action.run(async () => {
    await call("/v1/tenant/offboarding/stop", { method: "POST" });
    changed(null);
    return o?.started ? "The offboarding is stopped. If the destruction of the key was scheduled, enable the key." : "The request is taken back.";
  });
  const ask: Question = {
    title: "Request the offboarding?", action: "Request it", typed: t.id, run: () => { void request(); },
    text: <p>Nothing happens until the platform's staff starts it, within 7 days. From then on, {t.id} can read and export, and change nothing. After 30 days the key is destroyed, and then everything is erased except the audit log.</p>,
  };
  const askToStop: Question = {
    title: "Stop the offboarding?", action: "Stop it", run: () => { void stop(); },
    text: <p>{t.id} can be used again within a minute. If it is requested again, it begins from the first step.</p>,
  };
  return <section aria-label="Offboarding">
    <h2>Offboarding</h2>
    {o ? <Progress of={o} /> : <p>Nobody has asked for the offboarding of this tenant. It erases everything except the audit log, after at least 30 days, and ends with a signed certificate.</p>}
    {isAdmin && <p class="toolbar">
      {!o && <button type="button" disabled={action.busy} onClick={() => setQuestion(ask)}>Request the offboarding…</button>}
      {o && !o.started && <button type="button" disabled={action.busy} onClick={() => { void stop(); }}>Take the request back</button>}
      {o?.started && o.step !== "done" && <button type="button" disabled={action.busy} onClick={() => setQuestion(askToStop)}>Stop the offboarding…</button>}
    </p>}
    <Result action={action} />
    {question && <Confirm question={question} close={() => setQuestion(null)} />}
    {o?.started && <Certificate path="/v1/tenant/certificate" tenant={t.id} />}
    <Command>{o ? "strongroom tenant stay" : `strongroom tenant leave ${t.id}`}</Command>
  </section>;
}

/** Shows how far an offboarding is. */
export function Progress({ of: o }: { of: Offboarding }) {
  if (!o.started) return <dl class="facts">
    <dt>State</dt><dd>requested <Time at={o.requested} />. The platform's staff can start it until <Time at={o.expires} />.</dd>
    <dt>ID of the request</dt><dd><code>{o.id}</code></dd>
  </dl>;
  const at = steps.findIndex(([step]) => step === o.step);
  return <>
    <dl class="facts">
      <dt>Started</dt><dd><Time at={o.started} />{o.keyAfter && <>. The key is not destroyed before <Time at={o.keyAfter} />: export everything until then.</>}</dd>
      <dt>Step</dt><dd><span role="status">{o.step}{o.waits && `, waits: ${waits[o.waits] ?? o.waits}`}</span></dd>
      <dt>ID of the request</dt><dd><code>{o.id}</code></dd>
    </dl>
    <ol aria-label="Steps of the offboarding">{steps.map(([step, does], n) => <li key={step} aria-current={n === at ? "step" : undefined} class={n === at ? "step-now" : undefined}>
      {n < at || o.step === "done" ? "✓ " : n === at ? "▶ " : ""}{does}</li>)}</ol>
  </>;
}

interface Signed { kind: string; note: string; verifierKeys: string[] | null }
interface Store { name: string; method: string; found: number; present: number; erased?: string }
interface Stated { issued: string; stores: Store[] | null; keys: { version: string; state: string }[] | null; remains: { what: string; why: string }[] | null }

/** Returns what a note states. Its text is a line with a name, and a line with JSON. */
function statedIn(note: string): Stated | null {
  try { return JSON.parse(note.split("\n")[1] ?? "") as Stated; } catch { return null; }
}

function save(name: string, text: string): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], { type: "text/plain" }));
  link.download = name;
  link.click();
  URL.revokeObjectURL(link.href);
}

/** Shows the newest certificate of an offboarding, and how to verify it offline. */
export function Certificate({ path, tenant }: { path: string; tenant: string }) {
  const loaded = useLoaded(async (signal) => {
    try { return { signed: await call<Signed>(path, { signal }) }; } catch (error) {
      if (error instanceof Problem && error.status === 404) return { signed: null };
      throw error;
    }
  }, [path]);
  const c = loaded.value?.signed;
  if (!c) return <><Fault error={loaded.error} again={loaded.again} />{loaded.value && <p>The interim certificate is issued when everything has been counted, about 16 minutes after the start.</p>}</>;
  const stated = statedIn(c.note), file = `${tenant}-${c.kind}.certificate`;
  return <section aria-label="Certificate">
    <h3>The {c.kind} certificate</h3>
    {stated && <>
      <p>Issued <Time at={stated.issued} />. This page shows it as it was received; verify it before you rely on it.</p>
      <Table label="What the certificate states" columns={["Store", "#Existed", "#Present", "Method", "Erased"]}>{(stated.stores ?? []).map((s) => <tr key={s.name}>
        <td><code>{s.name}</code></td><td class="number">{s.found.toLocaleString("en")}</td><td class="number">{s.present.toLocaleString("en")}</td><td>{s.method}</td><td>{s.erased ? <Time at={s.erased} /> : "not yet"}</td></tr>)}</Table>
      <p>{count((stated.keys ?? []).length, "version")} of the key: {(stated.keys ?? []).map((k) => `${k.version.split("/").at(-1) ?? ""} ${k.state.toLowerCase().replaceAll("_", " ")}`).join(", ")}.</p>
      <ul>{(stated.remains ?? []).map((r) => <li key={r.what}>What remains: {r.what}, because {r.why}</li>)}</ul>
    </>}
    <p class="toolbar"><button type="button" onClick={() => save(file, c.note)}>Download the certificate</button> <button type="button" onClick={() => save(`${tenant}-verifier-keys.txt`, (c.verifierKeys ?? []).join("\n") + "\n")}>Download the verifier keys</button></p>
    <p>The keys prove something only if you also received them from somebody whom you trust. Store them apart from the certificate. Verification needs no network:</p>
    <Command>{`strongroom tenant verify-certificate ${file} --key '${c.verifierKeys?.at(-1) ?? "KEY"}'`}</Command>
  </section>;
}
