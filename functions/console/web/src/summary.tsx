// A summary of a workspace by a language model.

import { useState } from "preact/hooks";
import { call, getSession, inWorkspace } from "./api.ts";
import { MissingHalves, type Preview } from "./explain.tsx";
import { bytesText, Data, Result, useAction } from "./parts.tsx";
import type { Route } from "./route.ts";

interface Summarized { lines: string[] | null; entry: string; model: string }

export function Summary({ route }: { route: Route }) {
  const [preview, setPreview] = useState<Preview | null>(null);
  const [summary, setSummary] = useState<Summarized | null>(null);
  const action = useAction();
  const path = async () => inWorkspace(route.workspace, "assistants", (await getSession()).assistant, "summary");
  const show = () => action.run(async () => { setPreview(await call<Preview>(await path() + "/preview")); return "Nothing was sent."; });
  const ask = (destination: string) => action.run(async () => { setSummary(await call<Summarized>(await path(), { body: { destination } })); return ""; });
  return <details>
    <summary>Summarize with a language model</summary>
    {!preview && <p><button type="button" disabled={action.busy} onClick={show}>Show what would be sent</button></p>}
    {preview && <>
      <p>{bytesText(preview.bytes)} would go to <code>{preview.model}</code> in <code>{preview.location}</code> (destination <code>{preview.destination}</code>).</p>
      <details><summary>The exact request</summary><pre class="data" translate={false} tabIndex={0} aria-label="Exact request">{preview.request}</pre></details>
      {preview.allowed ? <p><button type="button" disabled={action.busy} onClick={() => ask(preview.destination)}>Send it and summarize</button></p> : <MissingHalves preview={preview} route={route} />}
    </>}
    <Result action={action} />
    {summary && <><div class="answer">{(summary.lines ?? []).map((l, n) => <p key={n}><Data>{l}</Data></p>)}</div>
      <p class="quiet">By <code>{summary.model}</code>. It can be wrong. The request is in the ledger: entry <code>{summary.entry}</code>.</p></>}
  </details>;
}
