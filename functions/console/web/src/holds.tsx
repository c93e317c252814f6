// Legal holds: what they keep, and how an admin places and lifts them.

import { useState } from "preact/hooks";
import { call } from "./api.ts";
import { Confirm, type Question } from "./confirm.tsx";
import { type Action, Command, Data, Empty, Fault, Loading, Result, Table, Time, useAction, useLoaded } from "./parts.tsx";
import { type Route, toHash } from "./route.ts";
import type { Shown } from "./settings.tsx";
import type { Hold } from "./tenant.ts";

export function Holds({ route, tenant: t }: Shown) {
  const loaded = useLoaded((signal) => call<{ holds: Hold[] | null }>("/v1/tenant/holds", { signal }), []);
  const [question, setQuestion] = useState<Question | null>(null);
  const action = useAction();
  const isAdmin = t.role === "admin";
  const lift = (h: Hold) => action.run(async () => {
    const body = h.lifting ? { lifting: h.lifting.id } : {};
    try {
      const after = await call<Hold & { ended: boolean }>(`/v1/tenant/holds/${encodeURIComponent(h.id)}/lift`, { body });
      return after.ended ? `The hold ${h.id} has ended.` : `Another admin confirms that the hold ${h.id} ends, on this page. Or the platform's staff does, with the IDs ${h.id} and ${after.lifting?.id ?? ""}.`;
    } finally { loaded.again(); }
  });
  const all = loaded.value?.holds ?? [];
  return <section aria-label="Legal holds">
    <h2>Legal holds</h2>
    <p>A hold keeps something from every deletion: by this platform, by lifecycle rules and by operators. The key cannot be destroyed while there is a hold.</p>
    <Fault error={loaded.error} again={loaded.again} />
    {!loaded.value ? !loaded.error && <Loading /> : all.length === 0 ? <Empty>There are no legal holds. {isAdmin ? "Place one below." : "An admin can place one."}</Empty>
      : <Table label="Legal holds" columns={["Hold", "Keeps", "Placed", "Objects in the buckets", "End"]}>{all.map((h) => <tr key={h.id}>
        <td><Data>{h.id}</Data></td><td><Covers hold={h} /></td><td><a href={toHash(route.workspace, "audit", h.entry)}><Time at={h.placed} /></a></td>
        <td>{h.marked ? "✓ are marked: Cloud Storage deletes none of them" : "… are being marked, within the hour"}</td>
        <td><End hold={h} isAdmin={isAdmin} busy={action.busy} ask={() => setQuestion(questionOf(h, () => { void lift(h); }))} /></td></tr>)}</Table>}
    <Result action={action} />
    {question && <Confirm question={question} close={() => setQuestion(null)} />}
    {isAdmin && <Place route={route} placed={loaded.again} />}
    <Command>strongroom tenant holds ls</Command>
  </section>;
}

function Covers({ hold: h }: { hold: Hold }) {
  if (h.run && h.workspace) return <>the run <a href={toHash(h.workspace, "runs", h.run)}><code>{h.run}</code></a> of <Data>{h.workspace}</Data></>;
  return h.workspace ? <>everything of the workspace <Data>{h.workspace}</Data></> : <>everything of the tenant</>;
}

function End({ hold: h, isAdmin, busy, ask }: { hold: Hold; isAdmin: boolean; busy: boolean; ask: () => void }) {
  return <>
    {h.lifting && <p>Requested <Time at={h.lifting.requested} />, with the ID <code>{h.lifting.id}</code>. The request ends <Time at={h.lifting.expires} />.</p>}
    {isAdmin ? <button type="button" disabled={busy} aria-label={(h.lifting ? "Confirm the end of " : "Lift ") + h.id} onClick={ask}>{h.lifting ? "Confirm the end" : "Lift"}</button> : !h.lifting && "not requested"}
  </>;
}

function questionOf(h: Hold, run: () => void): Question {
  return h.lifting ? { title: "Confirm that the hold ends?", action: "Confirm it", run, text: <p>What the hold <Data>{h.id}</Data> keeps can be deleted again. Another admin than the one who requested it confirms it.</p> }
    : { title: "Lift the hold?", action: "Request it", run, text: <p>The hold <Data>{h.id}</Data> ends when another admin or the platform's staff confirms your request within 7 days. Until then, it keeps everything.</p> };
}

function Place({ route, placed }: { route: Route; placed: () => void }) {
  const [id, setId] = useState("");
  const [of, setOf] = useState("tenant");
  const [run, setRun] = useState("");
  const action: Action = useAction();
  const place = () => action.run(async () => {
    const body = { ...(of === "tenant" ? {} : { workspace: route.workspace }), ...(of === "run" ? { run: run.trim() } : {}) };
    await call("/v1/tenant/holds/" + encodeURIComponent(id), { method: "PUT", body });
    placed();
    return `The hold ${id} is in effect. Objects in the buckets are marked within the hour.`;
  });
  return <>
    <h3>Place a hold</h3>
    <form class="fields" onSubmit={(e) => { e.preventDefault(); void place(); }}>
      <label>Name <input name="hold" required pattern="[a-z0-9\-]{1,63}" autocomplete="off" spellcheck={false} value={id} onInput={(e) => setId(e.currentTarget.value)} /> <span class="quiet">a-z, 0-9 and hyphens, such as case-17</span></label>
      <label>Keeps <select name="keeps" value={of} onChange={(e) => setOf(e.currentTarget.value)}>
        <option value="tenant">everything of the tenant</option><option value="workspace">everything of this workspace</option><option value="run">one run of this workspace</option></select></label>
      {of === "run" && <label>Run ID <input name="held-run" required pattern="\s*[0-9a-f\-]{36}\s*" autocomplete="off" spellcheck={false} value={run} onInput={(e) => setRun(e.currentTarget.value)} /></label>}
      <button type="submit" disabled={action.busy}>Place the hold</button>
    </form>
    <Result action={action} />
  </>;
}
