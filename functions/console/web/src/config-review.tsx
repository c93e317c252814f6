// Reviews of configurations, and the decision about a push that waits.

import { useState } from "preact/hooks";
import { call } from "./api.ts";
import { configPath, type File, listReviews, orNull, type Push, type Review, type ReviewDetail, stateOf, toReview } from "./config.ts";
import { Confirm, type Question } from "./confirm.tsx";
import type { DiffLine } from "./diff.ts";
import { type Action, bytesText, Command, Data, Empty, Fault, type Loaded, Loading, More, Result, Table, Time, useAction, useLoaded, usePages } from "./parts.tsx";
import { type Route, setQuery, toHash } from "./route.ts";
import { toSpans } from "./text.ts";

const reasons: Record<string, string> = { tenant: "This tenant holds every push.", pipeline: "Only a pipeline has reviewed it, and this tenant requires a person." };

export interface WaitingPushes { count: number; more: boolean }

/** Counts the pushes that wait for a decision of this person, who is an admin. */
export function useWaitingPushes(route: Route): Loaded<WaitingPushes> {
  return useLoaded(async (signal) => {
    const page = await listReviews(route, "push=waiting&pageSize=50", "", signal).catch(orNull);
    return { count: (page?.reviews ?? []).filter((r) => (r.push?.decisions ?? []).length > 0).length, more: !!page?.nextPageToken };
  }, [route.workspace]);
}

/** Links the pushes that wait. */
export function PushesToDecide({ route, pushes }: { route: Route; pushes: Loaded<WaitingPushes> }) {
  const v = pushes.value;
  if (!v) return <Fault error={pushes.error} again={pushes.again} />;
  if (v.count === 0) return null;
  return <p class="to-do"><a href={toHash(route.workspace, "config", "reviews") + "?push=waiting"}>{v.count}{v.more && " or more"} {v.count === 1 && !v.more ? "push of the configuration waits" : "pushes of the configuration wait"}</a> for your decision.</p>;
}

export function Reviews({ route }: { route: Route }) {
  const [push, setPush] = useState(route.query.get("push") === "waiting" ? "waiting" : "");
  const [inEffect, setInEffect] = useState<string | undefined>();
  const list = usePages(async (token, signal) => {
    const page = await listReviews(route, "pageSize=50" + (push ? "&push=waiting" : ""), token, signal);
    setInEffect(page.inEffect);
    return { items: page.reviews ?? [], next: page.nextPageToken ?? "" };
  }, [route.workspace, push]);
  return <>
    <p class="quiet"><a href={toHash(route.workspace, "config")}>Back to the configuration</a></p>
    <h1>Reviews of configurations</h1>
    <div class="filters"><label>Show <select name="push" data-search value={push} onChange={(e) => { setPush(e.currentTarget.value); setQuery("push", e.currentTarget.value); }}>
      <option value="">all</option><option value="waiting">those whose push waits</option></select></label></div>
    <Fault error={list.error} again={list.again} />
    {list.items === null ? !list.error && <Loading /> : list.items.length === 0
      ? <Empty>{push ? "No push waits for approval." : <>No reviews yet. A builder reviews a directory with <code>strongroom config review DIR</code>.</>}</Empty>
      : <Table label="Reviews" columns={["Digest", "State", "Reviewer", "Reviewed", "#Files", "#Size"]}>{list.items.map((r) => <tr key={r.digest}>
        <td><a href={toReview(route, r.digest)}><code>{r.digest.slice(0, 12)}…</code></a></td><td><State review={r} inEffect={inEffect} /></td>
        <td><Data>{r.reviewer}</Data>{r.kind === "pipeline" && <> <span class="badge">pipeline</span></>}</td><td><Time at={r.created} /></td>
        <td class="number">{r.files.toLocaleString("en")}</td><td class="number">{bytesText(r.bytes)}</td></tr>)}</Table>}
    <More of={list} />
    <Command>strongroom config reviews</Command>
  </>;
}

function State({ review, inEffect }: { review: Review; inEffect: string | undefined }) {
  const state = stateOf(review, inEffect);
  return <span class={"badge config-" + state.replaceAll(" ", "-")}>{state}</span>;
}

export function ReviewPage({ route }: { route: Route }) {
  const path = configPath(route, "reviews", route.output);
  const loaded = useLoaded((signal) => call<ReviewDetail>(path, { signal }), [path]);
  const action = useAction(); // its result stays when the push does not wait any more
  const r = loaded.value, waivers = r?.waivers ?? [];
  return <>
    <p class="quiet"><a href={toHash(route.workspace, "config", "reviews")}>Back to the reviews</a></p>
    <h1>Review of a configuration</h1>
    <Result action={action} />
    <Fault error={loaded.error} again={loaded.again} />
    {!r ? !loaded.error && <Loading /> : <>
      <dl class="facts">
        <dt>State</dt><dd><State review={r} inEffect={r.inEffect} /></dd>
        <dt>Reviewed</dt><dd>by <Data>{r.reviewer}</Data>, who is a {r.kind}, <Time at={r.created} /></dd>
        <dt>Files</dt><dd>{r.files.toLocaleString("en")}, {bytesText(r.bytes)}, as the reviewer has counted</dd>
        <dt>Digest</dt><dd><code>{r.digest}</code></dd>
        {r.push && <PushFacts push={r.push} />}
      </dl>
      <h2>Waivers</h2>
      {waivers.length === 0 ? <Empty>The reviewer has accepted no finding.</Empty>
        : <Table label="Waivers" columns={["Rule", "Place", "Reason"]}>{waivers.map((w, i) => <tr key={i}>
          <td><code>{w.rule}</code></td><td>{w.path ? <Data>{w.path}{w.line ? ":" + w.line : ""}</Data> : "everywhere"}</td><td><Data>{w.reason}</Data></td></tr>)}</Table>}
      {r.push?.state === "waiting" && <Waiting route={route} review={r} push={r.push} path={path} action={action} changed={loaded.again} />}
      <Command>{`strongroom config show ${r.digest}`}</Command>
    </>}
  </>;
}

function PushFacts({ push }: { push: Push }) {
  return <>
    <dt>Pushed</dt><dd>by <Data>{push.pusher}</Data>, <Time at={push.created} /></dd>
    <dt>Held, because</dt><dd>{reasons[push.reason] ?? push.reason}</dd>
    {push.decider && <><dt>Decided</dt><dd>{push.state} by <Data>{push.decider}</Data>, <Time at={push.decided} /></dd></>}
  </>;
}

interface Change { path: string; change: "new" | "changed" | "removed"; before?: string; sha256?: string; text?: string }
interface Held { changes: Change[] | null; truncated: boolean }

interface Decided { route: Route; review: Review; path: string; action: Action; changed: () => void }

/** Shows what a push that waits changes, to those who may decide about it. */
function Waiting({ push, ...of }: Decided & { push: Push }) {
  const may = push.decisions ?? [];
  if (may.length === 0) return <>
    <h2>The push waits</h2>
    <p>An admin who has neither reviewed nor pushed it decides about it. Only admins see what it changes.</p>
  </>;
  return <Decision may={may} {...of} />;
}

function Decision({ route, review, may, path, action, changed }: Decided & { may: string[] }) {
  const held = useLoaded((signal) => call<Held>(path + "/files", { signal }), [path]);
  const [asked, setAsked] = useState<"approve" | "reject" | null>(null);
  const decide = (decision: "approve" | "reject") => action.run(async () => {
    try { await call(path + "/" + decision, { method: "POST" }); } finally { changed(); }
    return decision === "approve" ? "The push is approved. Its files are in effect." : "The push is rejected. Nobody can read it any more.";
  });
  const changes = held.value?.changes ?? [];
  return <section aria-label="What the push changes">
    <h2>What the push changes</h2>
    <Fault error={held.error} again={held.again} />
    {!held.value ? !held.error && <Loading /> : <>
      <p class="counts">{(["new", "changed", "removed"] as const).map((kind) => <span key={kind}>{kind}: <strong>{changes.filter((c) => c.change === kind).length.toLocaleString("en")}</strong></span>)}</p>
      {held.value.truncated && <p><strong>The new texts have more than 8 MiB.</strong> Those of the last files are left out here. Ask the builder for a smaller push if you cannot decide without them.</p>}
      {changes.length === 0 ? <Empty>No file differs from the configuration in effect.</Empty> : <Changes route={route} changes={changes} truncated={held.value.truncated} />}
    </>}
    <h2>Decision</h2>
    {!may.includes("approve") && <p>You have reviewed or pushed this yourself, so another admin must approve it. You can reject it.</p>}
    <div class="toolbar" role="group" aria-label="Decision">
      {may.includes("approve") && <button type="button" disabled={action.busy || !held.value} onClick={() => setAsked("approve")}>Approve…</button>}
      <button type="button" disabled={action.busy} onClick={() => setAsked("reject")}>Reject…</button>
    </div>
    {asked && <Confirm question={questionOf(asked, changes.length, () => { void decide(asked); })} close={() => setAsked(null)} />}
    <Command>{`strongroom config ${may[0] ?? "show"} ${review.digest}`}</Command>
  </section>;
}

function questionOf(decision: "approve" | "reject", files: number, run: () => void): Question {
  return decision === "approve" ? { title: "Approve the push?", action: "Approve it", run, text: <p>The changes of {files.toLocaleString("en")} files take effect at once. This is recorded in the audit log with your name.</p> }
    : { title: "Reject the push?", action: "Reject it", run, text: <p>Nobody can read what was pushed any more, and the builder must push again. This is recorded in the audit log with your name.</p> };
}

const openAtFirst = 5; // changed files whose texts are shown without a click
const filesAtOnce = 200;

function Changes({ route, changes, truncated }: { route: Route; changes: Change[]; truncated: boolean }) {
  const [limit, setLimit] = useState(filesAtOnce);
  return <>
    <ul class="plain" data-rows>{changes.slice(0, limit).map((c) => <ChangedFile key={c.path} route={route} change={c} truncated={truncated} atFirst={changes.length <= openAtFirst} />)}</ul>
    {changes.length > limit && <p class="pages"><button type="button" onClick={() => setLimit(limit + filesAtOnce)}>Show more files</button> <span class="quiet">{limit} of {changes.length.toLocaleString("en")} are shown</span></p>}
  </>;
}

function ChangedFile({ route, change, truncated, atFirst }: { route: Route; change: Change; truncated: boolean; atFirst: boolean }) {
  const [open, setOpen] = useState(atFirst);
  const leftOut = truncated && change.change !== "removed" && !change.text;
  return <li><details open={open} onToggle={(e) => setOpen(e.currentTarget.open)}>
    <summary><span class={"badge change-" + change.change}>{change.change}</span> <Data>{change.path}</Data></summary>
    {open && (leftOut ? <p>The new text is left out, because all texts have more than 8 MiB. SHA-256 <code>{change.sha256}</code></p> : <Difference route={route} change={change} />)}
  </details></li>;
}

const rowsAtOnce = 1000;

/** Shows the new text of a file against the one in effect. */
function Difference({ route, change }: { route: Route; change: Change }) {
  const loaded = useLoaded(async (signal) => {
    const [{ diffLines, hunksOf }, before] = await Promise.all([import("./diff.ts"), change.before ? call<File & { text: string }>(configPath(route, "files", change.before), { signal }) : null]);
    return hunksOf(diffLines(before?.text ?? "", change.text ?? ""));
  }, [change.before]);
  const [limit, setLimit] = useState(rowsAtOnce);
  const rows = loaded.value;
  if (!rows) return loaded.error ? <Fault error={loaded.error} again={loaded.again} /> : <Loading />;
  return <>
    <div class="scroll-x" tabIndex={0} role="region" aria-label={"Lines of " + change.path}><table class="diff" translate={false} spellcheck={false}>
      <thead class="unseen"><tr><th scope="col">Old line</th><th scope="col">New line</th><th scope="col">Change</th><th scope="col">Text</th></tr></thead>
      <tbody>{rows.slice(0, limit).map((line, i) => line ? <DiffRow key={i} line={line} /> : <tr key={i} class="quiet"><td colSpan={4}>… lines that do not change</td></tr>)}</tbody>
    </table></div>
    {rows.length > limit && <p class="pages"><button type="button" onClick={() => setLimit(limit + rowsAtOnce)}>Show more lines</button> <span class="quiet">{limit.toLocaleString("en")} of {rows.length.toLocaleString("en")} are shown</span></p>}
  </>;
}

const classes = { " ": "", "+": "added", "-": "removed" };
const columnsAtOnce = 2000;

/** Shows a line with everything that is in it: nothing that a person approves is invisible. */
function DiffRow({ line }: { line: DiffLine }) {
  const [limit, setLimit] = useState(columnsAtOnce);
  const whole = line.text.replace(/\n$/, ""), text = whole.slice(0, limit).replaceAll("\x1b", "\u241b").replace(/\r$/, "\u240d");
  return <tr class={classes[line.change]}>
    <td class="number">{line.before || ""}</td><td class="number">{line.after || ""}</td><td>{line.change}</td>
    <td class="diff-text">{toSpans(text).map((s, i) => <span key={i} class={s.classes || undefined}>{s.text}</span>)}
      {whole.length > limit && <button type="button" onClick={() => setLimit(Infinity)}>Show {(whole.length - limit).toLocaleString("en")} more characters</button>}
      {!line.text.endsWith("\n") && <span class="quiet"> no line break at the end</span>}</td>
  </tr>;
}
