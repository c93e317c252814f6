// The settings of the workspace's assistant, and an order of its suggestions by a language model.

import { useState } from "preact/hooks";
import { call, getSession, inWorkspace, Problem } from "./api.ts";
import { Command, Data, Fault, Result, useAction } from "./parts.tsx";
import { type Answer, Evidence, type Next } from "./overview.tsx";
import type { Route } from "./route.ts";

async function pathOf(workspace: string): Promise<string> { return inWorkspace(workspace, "assistants", (await getSession()).assistant); }

/** The form with which an admin creates or changes the assistant. */
export function AssistantForm({ route, answer, saved }: { route: Route; answer: Answer | null; saved: () => void }) {
  const [name, setName] = useState(answer?.name ?? "");
  const [relevance, setRelevance] = useState(String(answer?.relevance ?? .85));
  const [access, setAccess] = useState(answer?.accessLevel ?? "read-only");
  const action = useAction();
  const save = () => action.run(async () => {
    await call(await pathOf(route.workspace), { method: "PUT", body: { name, relevance: Number(relevance), accessLevel: access } });
    saved();
    return "The assistant is stored.";
  });
  return <details>
    <summary>{answer ? "Change the assistant" : "Create the assistant"}</summary>
    <form class="fields" onSubmit={(e) => { e.preventDefault(); void save(); }}>
      <label>Name <input name="assistant" required maxLength={200} autocomplete="off" spellcheck={false} translate={false} value={name} onInput={(e) => setName(e.currentTarget.value)} /></label>
      <label>Relevance <input name="relevance" type="number" min="0" max="1" step="any" required value={relevance} onInput={(e) => setRelevance(e.currentTarget.value)} /> <span class="quiet">lowest score of a task that is suggested</span></label>
      <label>Tasks that it may suggest <select name="access" value={access} onChange={(e) => setAccess(e.currentTarget.value)}><option value="read-only">those that only read</option><option value="read-write">any</option></select></label>
      <button type="submit" disabled={action.busy}>Store</button>
    </form>
    <p class="quiet">Only an admin can.</p>
    <Result action={action} />
    <Command>{`strongroom assistant set NAME --name "${answer ? "…" : "Eager Edgar"}"`}</Command>
  </details>;
}

interface Ranked { next: Next; orderedBy: "model" | "score"; fallback?: { status: number; code: string; detail: string }; sent?: { model: string; entry: string } }

/** Orders the suggested tasks with a language model. It sends names of public tasks only. */
export function Rank({ route }: { route: Route }) {
  const [ranked, setRanked] = useState<Ranked | null>(null);
  const action = useAction();
  const rank = () => action.run(async () => { setRanked(await call<Ranked>(await pathOf(route.workspace) + "/rank", { body: {} })); return ""; });
  const f = ranked?.fallback;
  return <details>
    <summary>Order the tasks with a language model</summary>
    <p>It sends the names that the public catalog has of these tasks, if both halves of the consent are in effect. Otherwise nothing is sent, and the order is by score.</p>
    <p><button type="button" disabled={action.busy} onClick={rank}>Order the tasks</button></p>
    <Result action={action} />
    {f && <Fault error={new Problem(f.status, f.code, f.detail, "")} />}
    {ranked && <>
      <p>Ordered by {ranked.orderedBy === "model" ? <>the model <code>{ranked.sent?.model}</code>; the request is in the ledger: entry <code>{ranked.sent?.entry}</code></> : "score"}.</p>
      <ol>{(ranked.next.tasks ?? []).map((t, n) => <li key={n}><Evidence task={t} route={route} /></li>)}</ol>
      <p><Data>{ranked.next.summary}</Data></p></>}
  </details>;
}
