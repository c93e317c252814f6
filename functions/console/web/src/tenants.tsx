// For the platform's staff: the tenants, their states, and the second halves of holds and offboardings.

import { useState } from "preact/hooks";
import { call, Problem } from "./api.ts";
import { Confirm, type Question } from "./confirm.tsx";
import { Certificate, Progress } from "./offboarding.tsx";
import { Command, Data, Empty, Fault, Loading, Result, Table, useAction, useLoaded } from "./parts.tsx";
import { useReturn } from "./place.ts";
import { type Route, toHash } from "./route.ts";
import { Changed } from "./settings.tsx";
import type { Offboarding, TenantStatus } from "./tenant.ts";

export function Tenants({ route }: { route: Route }) {
  return route.id ? <TenantPage id={route.id} key={route.id} /> : <TenantList route={route} />;
}

function TenantList({ route }: { route: Route }) {
  const loaded = useLoaded((signal) => call<{ tenants: TenantStatus[] | null }>("/v1/tenants", { signal }), []);
  const place = useReturn<string>(location.hash, loaded.value !== null);
  const [words, setWords] = useState(place.state ?? "");
  const [state, setState] = useState("");
  const all = loaded.value?.tenants ?? [];
  const shown = all.filter((t) => t.id.includes(words.trim().toLowerCase()) && (!state || t.state === state));
  return <>
    <h1>Tenants</h1>
    <div class="filters">
      <label>ID has <input name="tenant-id" data-search autocomplete="off" spellcheck={false} value={words} onInput={(e) => setWords(e.currentTarget.value)} /></label>
      <label>State <select name="tenant-state" value={state} onChange={(e) => setState(e.currentTarget.value)}><option value="">all</option>{["active", "suspended", "offboarding"].map((s) => <option key={s}>{s}</option>)}</select></label>
    </div>
    <Fault error={loaded.error} again={loaded.again} />
    {!loaded.value ? !loaded.error && <Loading /> : shown.length === 0 ? <Empty>{all.length === 0 ? "There are no tenants. Terraform creates them." : "No tenant matches."}</Empty>
      : <><p class="quiet">{shown.length.toLocaleString("en")} of {all.length.toLocaleString("en")} tenants</p>
        <Table label="Tenants" columns={["Tenant", "State", "Terraform", "Last change with the API"]}>{shown.map((t) => {
          const href = toHash(route.workspace, "tenants", t.id);
          return <tr key={t.id}><td><a href={href} onClick={() => place.remember(href, 1, words)}><Data>{t.id}</Data></a></td><td><State of={t.state} /></td><td>{t.terraformState}</td>
            <td>{t.change ? <Changed change={t.change} /> : "none"}</td></tr>;
        })}</Table></>}
    <Command>strongroom tenants ls</Command>
  </>;
}

function State({ of }: { of: string }) { return <span class={"badge tenant-" + of}>{of}</span>; }

function TenantPage({ id }: { id: string }) {
  const path = "/v1/tenants/" + encodeURIComponent(id);
  const loaded = useLoaded((signal) => call<TenantStatus>(path, { signal }), [path]);
  const t = loaded.value;
  return <>
    <p class="quiet"><a href={toHash("-", "tenants")}>Back to the tenants</a></p>
    <h1>Tenant <Data>{id}</Data></h1>
    <Fault error={loaded.error} again={loaded.again} />
    {!t ? !loaded.error && <Loading /> : <>
      <dl class="facts">
        <dt>State</dt><dd><State of={t.state} /></dd>
        <dt>Set by Terraform</dt><dd>{t.terraformState}</dd>
        <dt>Last change with the API</dt><dd>{t.change ? <Changed change={t.change} /> : "none"}</dd>
      </dl>
      <StateActions tenant={t} path={path} changed={loaded.again} />
      <StaffOffboarding tenant={t} path={path} changed={loaded.again} />
      <ConfirmLift tenant={t.id} path={path} />
    </>}
  </>;
}

interface Part { tenant: TenantStatus; path: string; changed: () => void }

function StateActions({ tenant: t, path, changed }: Part) {
  const [question, setQuestion] = useState<Question | null>(null);
  const action = useAction();
  const set = (to: "suspend" | "resume") => action.run(async () => {
    try { await call(`${path}/${to}`, { method: "POST" }); } finally { changed(); }
    return to === "suspend" ? "All requests of the tenant are refused within a minute. Upload URLs from before work for at most 15 minutes." : "Requests of the tenant are served again within a minute.";
  });
  const suspend: Question = {
    title: `Suspend ${t.id}?`, action: "Suspend it", typed: t.id, run: () => { void set("suspend"); },
    text: <p>All requests of {t.id} are refused, also those that read and export. Its runners keep their output until it is served again. This is recorded in the tenant's audit log with your name.</p>,
  };
  return <>
    {t.state === "active" && <p><button type="button" disabled={action.busy} onClick={() => setQuestion(suspend)}>Suspend the tenant…</button></p>}
    {t.state === "suspended" && (t.terraformState === "active" ? <p><button type="button" disabled={action.busy} onClick={() => { void set("resume"); }}>Resume the tenant</button></p>
      : <p>Terraform suspends the tenant, so only Terraform can resume it.</p>)}
    {t.state === "offboarding" && <p>The tenant leaves. It cannot be suspended or resumed before the offboarding is stopped.</p>}
    <Result action={action} />
    {question && <Confirm question={question} close={() => setQuestion(null)} />}
    <Command>{`strongroom tenants ${t.state === "suspended" ? "resume" : "suspend"} ${t.id}`}</Command>
  </>;
}

/** Starts and stops what an admin of the tenant has requested. */
function StaffOffboarding({ tenant: t, path, changed }: Part) {
  const loaded = useLoaded(async (signal) => {
    try { return { progress: await call<Offboarding>(path + "/offboarding", { signal }) }; } catch (error) {
      if (error instanceof Problem && error.status === 404) return { progress: null };
      throw error;
    }
  }, [path, t]);
  const [question, setQuestion] = useState<Question | null>(null);
  const action = useAction();
  const o = loaded.value?.progress;
  const post = (to: string, body: unknown, done: string) => action.run(async () => {
    try { await call(path + to, { method: "POST", body }); } finally { changed(); }
    return done;
  });
  const start = (request: string): Question => ({
    title: `Start the offboarding of ${t.id}?`, action: "Start it", typed: t.id,
    text: <p>From now on, {t.id} can read and export, and change nothing. After 30 days its key is destroyed, and then everything is erased except the audit log. It can be stopped until the key is destroyed.</p>,
    run: () => { void post("/offboarding", { request }, "The offboarding has begun. The interim certificate is issued after about 16 minutes."); },
  });
  const stop: Question = {
    title: `Stop the offboarding of ${t.id}?`, action: "Stop it", text: <p>The tenant can be used again within a minute. If the destruction of its key was scheduled, its admin enables the key.</p>,
    run: () => { void post("/offboarding/stop", undefined, "The offboarding is stopped."); },
  };
  return <section aria-label="Offboarding">
    <h2>Offboarding</h2>
    <Fault error={loaded.error} again={loaded.again} />
    {!loaded.value ? !loaded.error && <Loading /> : !o ? <p>No admin of the tenant has asked for an offboarding.</p> : <>
      <Progress of={o} />
      <p class="toolbar">{!o.started ? <button type="button" disabled={action.busy} onClick={() => setQuestion(start(o.id))}>Start the offboarding…</button>
        : o.step !== "done" && <button type="button" disabled={action.busy} onClick={() => setQuestion(stop)}>Stop the offboarding…</button>}</p>
      {o.started && <Certificate path={path + "/certificate"} tenant={t.id} />}
    </>}
    <Result action={action} />
    {question && <Confirm question={question} close={() => setQuestion(null)} />}
    <Command>{`strongroom tenants offboarding ${t.id}`}</Command>
  </section>;
}

/** Confirms that a legal hold ends. The staff sees no holds: an admin passes on both IDs. */
function ConfirmLift({ tenant, path }: { tenant: string; path: string }) {
  const [hold, setHold] = useState("");
  const [lifting, setLifting] = useState("");
  const action = useAction();
  const confirm = () => action.run(async () => {
    await call(`${path}/holds/${encodeURIComponent(hold.trim())}/lift`, { body: { lifting: lifting.trim() } });
    return `The hold ${hold.trim()} has ended.`;
  });
  return <section aria-label="Confirm the end of a legal hold">
    <h2>Confirm the end of a legal hold</h2>
    <p>An admin of the tenant has requested it, and tells you both IDs. What the hold keeps can then be deleted again.</p>
    <form class="fields" onSubmit={(e) => { e.preventDefault(); void confirm(); }}>
      <label>Name of the hold <input name="hold" required pattern="\s*[a-z0-9\-]{1,63}\s*" autocomplete="off" spellcheck={false} value={hold} onInput={(e) => setHold(e.currentTarget.value)} /></label>
      <label>ID of the request <input name="lifting" required pattern="\s*[0-9a-f\-]{36}\s*" autocomplete="off" spellcheck={false} value={lifting} onInput={(e) => setLifting(e.currentTarget.value)} /></label>
      <button type="submit" disabled={action.busy}>Confirm that the hold ends</button>
    </form>
    <Result action={action} />
    <Command>{`strongroom tenant holds lift HOLD --tenant ${tenant} --confirm ID`}</Command>
  </section>;
}
