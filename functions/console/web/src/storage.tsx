// The verification of the tenant's own bucket: everything that it must allow and refuse.

import { useEffect, useState } from "preact/hooks";
import { call, Problem } from "./api.ts";
import { Command, Data, Fault, Loading, Result, Table, Time, useAction, useLoaded } from "./parts.tsx";
import type { Shown } from "./settings.tsx";

interface Check { id: string; result: string; seen: string; fix?: string }
interface Verification { id: string; component: string; bucket: string; key: string; current: boolean; result: string; started: string; finished?: string; probe?: string; checks: Check[] | null }

const pollTime = 5000; // milliseconds, while the notification has not arrived
const marks: Record<string, string> = { ok: "✓ ok", failed: "✕ failed", "not-checked": "– not checked", waiting: "… waiting" };
const results: Record<string, string> = {
  usable: "The bucket can be used.", unusable: "The bucket cannot be used: at least one check has failed.",
  waiting: "The bucket's notification has not arrived yet. This page reads the result again.", interrupted: "The verification was interrupted. Verify the bucket again.",
};

interface Component { id: string; of: string; now: string; empty: string }
const components = (t: Shown["tenant"]): Component[] => [
  { id: "outputs", of: "output", now: t.outputsBucket, empty: "The bucket for output was never verified." },
  { id: "exports", of: "exports", now: t.exportsBucket, empty: "The bucket for exports was never verified." },
];

export function Storage({ tenant: t }: Shown) {
  return <section aria-label="Storage">
    <h2>Storage</h2>
    <p>Output is stored in <code>{t.outputsBucket}</code>, and exports in <code>{t.exportsBucket}</code>. A bucket of your own is verified before Terraform puts it into the record.</p>
    {components(t).map((c) => <Bucket key={c.id} component={c} admin={t.role === "admin"} />)}
    <Command>strongroom tenant storage verify</Command>
  </section>;
}

function Bucket({ component: c, admin }: { component: Component; admin: boolean }) {
  const loaded = useLoaded(async (signal) => {
    try { return { last: await call<Verification>("/v1/tenant/storage?component=" + c.id, { signal }) }; } catch (error) {
      if (error instanceof Problem && error.status === 404) return { last: null };
      throw error;
    }
  }, []);
  const last = loaded.value?.last;
  useEffect(() => {
    if (last?.result !== "waiting") return;
    const timer = setTimeout(loaded.again, pollTime);
    return () => clearTimeout(timer);
  }, [last]);
  return <section aria-label={"Bucket for " + c.of}>
    <h3>Bucket for {c.of}</h3>
    <Fault error={loaded.error} again={loaded.again} />
    {!loaded.value ? !loaded.error && <Loading /> : last ? <Verified of={last} /> : <p>{c.empty}</p>}
    {admin && <Verify component={c} done={(v) => loaded.set({ last: v })} failed={loaded.again} />}
  </section>;
}

function Verified({ of: v }: { of: Verification }) {
  return <>
    <dl class="facts">
      <dt>Result</dt><dd><span role="status"><span class={"badge storage-" + v.result}>{v.result}</span> {results[v.result]}</span></dd>
      <dt>Bucket</dt><dd><code>{v.bucket}</code>{v.current ? ", which the record names" : ", which the record does not name yet"}</dd>
      <dt>Key</dt><dd><code>{v.key}</code></dd>
      <dt>Verified</dt><dd><Time at={v.started} />{v.probe && <>, with the object <code>{v.probe}</code>, which stays in the bucket</>}</dd>
    </dl>
    <Table label={"Checks of the bucket for " + (v.component === "exports" ? "exports" : "output")} columns={["Check", "Result", "What was found", "How to fix it"]}>{(v.checks ?? []).map((c) => <tr key={c.id}>
      <td>{c.id}</td><td><span class={"badge check-" + c.result}>{marks[c.result] ?? c.result}</span></td><td><Data>{c.seen}</Data></td><td><Data>{c.fix ?? ""}</Data></td></tr>)}</Table>
  </>;
}

function Verify({ component: c, done, failed }: { component: Component; done: (v: Verification) => void; failed: () => void }) {
  const [bucket, setBucket] = useState("");
  const [key, setKey] = useState("");
  const action = useAction();
  const verify = () => action.run(async () => {
    try {
      const v = await call<Verification>("/v1/tenant/storage/verify", { body: { component: c.id, ...(bucket.trim() ? { bucket: bucket.trim() } : {}), ...(key.trim() ? { key: key.trim() } : {}) } });
      done(v);
      return `The bucket ${v.bucket} is verified. ${results[v.result] ?? v.result}`;
    } catch (error) { failed(); throw error; }
  });
  return <>
    <form class="fields" onSubmit={(e) => { e.preventDefault(); void verify(); }}>
      <label>Bucket <input name="bucket" pattern="\s*[a-z0-9][a-z0-9._\-]{1,220}[a-z0-9]\s*" autocomplete="off" spellcheck={false} value={bucket} onInput={(e) => setBucket(e.currentTarget.value)} /> <span class="quiet">empty: the bucket of the record</span></label>
      <label>Key <input name="bucket-key" maxLength={500} autocomplete="off" spellcheck={false} value={key} onInput={(e) => setKey(e.currentTarget.value)} /> <span class="quiet">projects/…/cryptoKeys/…; empty: the key of the record</span></label>
      <button type="submit" disabled={action.busy}>Verify the bucket for {c.of}</button>
    </form>
    <Result action={action} />
  </>;
}
