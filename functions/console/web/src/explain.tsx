// An explanation of an issue by a language model: what would be sent, what is missing for it, and the answer.

import { useState } from "preact/hooks";
import { call, getSession, inWorkspace, Problem, send } from "./api.ts";
import { bytesText, Data, Fault, useAction } from "./parts.tsx";
import { type Route, toHash } from "./route.ts";

export interface Preview {
  destination: string;
  project: string;
  location: string;
  model: string;
  request: string;
  bytes: number;
  sha256: string;
  fields: { name: string; class: string }[] | null;
  omitted: string[] | null;
  allowed: boolean;
  missing: { destination: string; side: string; state: string }[] | null;
  samePerson?: boolean;
}

interface End { entry: string; destination: string; model: string; evidence: string[] | null; omitted?: string[]; cut?: boolean }

interface Line { text?: string; end?: End; error?: { status: number; code: string; detail: string } }

/** Yields the lines of a response as they arrive. */
export async function* linesOf(response: Response): AsyncGenerator<string> {
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { done, value } = await reader?.read() ?? { done: true, value: "" };
    const lines = (rest + (value ?? "")).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) if (line !== "") yield line;
    if (done) break;
  }
  if (rest !== "") yield rest;
}

const stateTexts: Record<string, string> = {
  none: "was never given", expired: "has expired", withdrawn: "was withdrawn",
  outdated: "is outdated, because what is sent or where has changed", invalid: "has no valid signature",
};

/** Says what must be given, and by whom, before anything is sent. */
export function MissingHalves({ preview, route }: { preview: Pick<Preview, "missing" | "samePerson">; route: Route }) {
  return <>
    <p><strong>Nothing can be sent yet.</strong> Both the tenant and the platform must consent first.</p>
    <ul>{(preview.missing ?? []).map((m, i) => <li key={i}>
      {m.side === "tenant" ? "The tenant's half" : "The platform's half"} for the destination <code>{m.destination}</code> {stateTexts[m.state] ?? m.state}.{" "}
      {m.side === "tenant" ? <>An admin gives it on the page <a href={toHash(route.workspace, "models")}>Data and models</a>.</> : "The platform's staff give it."}
    </li>)}</ul>
    {preview.samePerson && <p>One person gave both halves, so they have no effect. Another person must give one of them.</p>}
  </>;
}

export function Explain({ route, id }: { route: Route; id: string }) {
  const path = inWorkspace(route.workspace, "issues", id, "explain");
  const [preview, setPreview] = useState<Preview | null>(null);
  const [text, setText] = useState("");
  const [end, setEnd] = useState<End | null>(null);
  const [broken, setBroken] = useState<unknown>(null);
  const action = useAction();
  const show = () => action.run(async () => {
    const { assistant } = await getSession();
    // The assistant decides which tasks are suggested. Without it, the settings of a new one apply.
    setPreview(await call<Preview>(path + "/preview?assistant=" + encodeURIComponent(assistant)).catch((error: unknown) => {
      if (error instanceof Problem && error.status === 404) return call<Preview>(path + "/preview");
      throw error;
    }));
    return "Nothing was sent.";
  });
  const ask = (destination: string) => action.run(async () => {
    setText(""); setEnd(null); setBroken(null);
    let ended = false;
    for await (const line of linesOf(await send(path, { body: { destination } }))) {
      const value = JSON.parse(line) as Line;
      if (value.text) setText((t) => t + value.text);
      if (value.end) { setEnd(value.end); ended = true; }
      if (value.error) { setBroken(new Problem(value.error.status, value.error.code, value.error.detail, "")); ended = true; }
    }
    return ended ? "The answer has ended." : "The answer was interrupted. What is shown is not all of it.";
  });
  return <section aria-label="Explanation">
    <h3>Explanation by a language model</h3>
    {!preview && <p><button type="button" disabled={action.busy} onClick={show}>Show what would be sent</button></p>}
    {preview && <>
      <p>{bytesText(preview.bytes)} would go to <code>{preview.model}</code> in <code>{preview.location}</code> (project <code>{preview.project}</code>, destination <code>{preview.destination}</code>).</p>
      <details><summary>The exact request, and its fields</summary>
        <ul class="plain">{(preview.fields ?? []).map((f) => <li key={f.name}><code>{f.name}</code> <span class="badge">{f.class}</span></li>)}</ul>
        {(preview.omitted ?? []).length > 0 && <p>Left out, because it does not fit: {(preview.omitted ?? []).join(", ")}</p>}
        <pre class="data" translate={false} tabIndex={0} aria-label="Exact request">{preview.request}</pre>
        <p class="quiet">SHA-256 <code>{preview.sha256}</code></p>
      </details>
      {preview.allowed ? <p><button type="button" disabled={action.busy} onClick={() => ask(preview.destination)}>Send it and explain</button></p> : <MissingHalves preview={preview} route={route} />}
    </>}
    <p class="result" role="status">{action.busy ? "Working…" : action.done}</p>
    <Fault error={action.error} />
    {text && <div class="answer" aria-live="polite"><Data>{text}</Data></div>}
    <Fault error={broken} />
    {end && <p class="quiet">The answer is by <code>{end.model}</code>. It can be wrong, and nothing of it is stored.{end.cut && " It was cut at the limit."} The request is in the ledger: entry <code>{end.entry}</code>.
      {(end.evidence ?? []).length > 0 && <> It refers to {(end.evidence ?? []).map((e) => <code key={e}>{e} </code>)}</>}</p>}
  </section>;
}
