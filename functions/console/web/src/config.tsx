// The configuration of a workspace: what is in effect, its files, its history and its reviews.

import { useEffect, useRef, useState } from "preact/hooks";
import { call, Problem } from "./api.ts";
import { lineChunk } from "./chunks.ts";
import { configPath, type File, listReviews, orNull, pathOf, remember, type Review, type ReviewDetail, stateOf, takeWanted, toReview, type Tree, wantFile } from "./config.ts";
import { PushesToDecide, ReviewPage, Reviews, useWaitingPushes } from "./config-review.tsx";
import { FileTree } from "./config-tree.tsx";
import "./log-view.ts";
import type { LogView } from "./log-view.ts";
import { bytesText, Command, Data, Empty, Fault, Loading, More, Table, Time, useLoaded, usePages } from "./parts.tsx";
import { type Route, setQuery, toHash } from "./route.ts";

export function Configuration({ route }: { route: Route }) {
  switch (route.id) {
    case "files": return <FilePage route={route} />;
    case "history": return <History route={route} />;
    case "reviews": return route.output ? <ReviewPage route={route} /> : <Reviews route={route} />;
    default: return <InEffect route={route} />;
  }
}

/** Links a file of the configuration by its path, which is not in the address. */
export function FileLink({ route, path }: { route: Route; path: string }) {
  return <a href={toHash(route.workspace, "config")} onClick={() => wantFile(path)}><Data>{path}</Data></a>;
}

/** Loads the tree in effect. A workspace without one has no tree, and the reason. */
async function loadTree(route: Route, signal: AbortSignal): Promise<{ tree: Tree | null; why: string }> {
  try {
    return { tree: await call<Tree>(configPath(route), { signal }), why: "" };
  } catch (error) {
    if (error instanceof Problem && error.status === 404) return { tree: null, why: error.message };
    throw error;
  }
}

function InEffect({ route }: { route: Route }) {
  const [path] = useState(takeWanted);
  const loaded = useLoaded((signal) => loadTree(route, signal), [route.workspace]);
  const pushes = useWaitingPushes(route);
  const tree = loaded.value?.tree ?? null;
  const file = path ? (tree?.files ?? []).find((f) => f.path === path) : undefined;
  useEffect(() => {
    if (!file) return;
    remember(file);
    location.replace(toHash(route.workspace, "config", "files", file.sha256));
  }, [file]);
  return <>
    <h1>Configuration of <Data>{route.workspace}</Data></h1>
    <p><a href={toHash(route.workspace, "config", "history")}>History</a> · <a href={toHash(route.workspace, "config", "reviews")}>Reviews</a></p>
    <PushesToDecide route={route} pushes={pushes} />
    <Fault error={loaded.error} again={loaded.again} />
    {!loaded.value || file ? !loaded.error && <Loading /> : !tree
      ? <Empty>No configuration is in effect: {loaded.value.why}. A builder reviews a directory with <code>strongroom config review DIR</code>, and pushes it with <code>strongroom config push DIR</code> or with git.</Empty>
      : <>
        {path && <p role="status">The configuration in effect does not have the file <Data>{path}</Data>.</p>}
        <Facts route={route} tree={tree} />
        <h2>Files</h2>
        <FileTree route={route} files={tree.files ?? []} />
        <Command>strongroom config pull DIR</Command>
      </>}
  </>;
}

function Facts({ route, tree }: { route: Route; tree: Tree }) {
  const review = useLoaded(async (signal) => ({ found: await call<ReviewDetail>(configPath(route, "reviews", tree.digest), { signal }).catch(orNull) }), [tree.digest]);
  const r = review.value?.found;
  const files = tree.files ?? [];
  const kinds = Object.entries(tree.kinds ?? {}).sort(([a], [b]) => a.localeCompare(b));
  return <>
    <dl class="facts">
      <dt>In effect since</dt><dd><Time at={tree.updated} /></dd>
      <dt>Commit</dt><dd><code>{tree.commit}</code></dd>
      <dt>Digest of the tree</dt><dd><a href={toReview(route, tree.digest)}><code>{tree.digest}</code></a></dd>
      <dt>Reviewed</dt><dd>{r ? <>by <Reviewer review={r} />, <Time at={r.created} />, with {(r.waivers ?? []).length} waivers</>
        : review.value ? "Your role does not read reviews." : review.error ? <Fault error={review.error} again={review.again} /> : "…"}</dd>
      {r?.push?.decider && <><dt>Approved</dt><dd>by <Data>{r.push.decider}</Data>, <Time at={r.push.decided} /></dd></>}
      <dt>Files</dt><dd>{files.length.toLocaleString("en")}, {bytesText(files.reduce((n, f) => n + f.size, 0))}</dd>
    </dl>
    {kinds.length > 0 && <p class="counts">{kinds.map(([kind, n]) => <span key={kind}><code>{kind}</code> <strong>{n.toLocaleString("en")}</strong></span>)}</p>}
  </>;
}

/** Shows who has reviewed, and whether that is a pipeline. */
function Reviewer({ review }: { review: Review }) {
  return <><Data>{review.reviewer}</Data>{review.kind === "pipeline" && <> <span class="badge">pipeline</span></>}</>;
}

interface Found { row: number; offset: number; length: number }

/** Finds a text in lines, whatever its case. Offsets are in bytes. */
function findAll(text: string, query: string): Found[] {
  const found: Found[] = [], encoder = new TextEncoder();
  if (query === "") return found;
  const pattern = new RegExp(query.replace(/[\\^$.*+?()[\]{}|/-]/g, "\\$&"), "giu");
  let start = 0;
  for (const [row, line] of text.split("\n").entries()) {
    for (const m of line.matchAll(pattern)) found.push({ row, offset: start + encoder.encode(line.slice(0, m.index)).length, length: encoder.encode(m[0]).length });
    start += encoder.encode(line).length + 1;
  }
  return found;
}

function FilePage({ route }: { route: Route }) {
  const element = useRef<LogView>(null);
  const loaded = useLoaded((signal) => call<File & { text: string }>(configPath(route, "files", route.output), { signal }), [route.output]);
  const [wrap, setWrap] = useState(false);
  const [found, setFound] = useState<{ all: Found[]; at: number } | null>(null);
  const query = useRef<HTMLInputElement>(null);
  const f = loaded.value;
  useEffect(() => {
    const view = element.current;
    if (!view || !f) return;
    const bytes = new TextEncoder().encode(f.text), chunk = lineChunk(bytes, 0), rows = chunk.starts.length - 1;
    view.setAttribute("aria-label", "File");
    view.onmark = (from, to) => setQuery("lines", `${from}-${to}`);
    view.show({ rows, numbered: true, hex: false, chunkRows: Math.max(1, rows), end: "End of the file.", read: async () => chunk, bytes: async (from, to) => bytes.subarray(from, to) }, false);
    const range = /^([0-9]{1,7})-([0-9]{1,7})$/.exec(route.query.get("lines") ?? "");
    if (range) { view.highlight(Number(range[1]) - 1, Number(range[2]) - 1); view.go(Number(range[1]) - 1); }
    view.focus();
  }, [f]);
  useEffect(() => { element.current?.setWrap(wrap); }, [wrap, f]);
  const step = (all: Found[], at: number) => {
    setFound({ all, at });
    const match = all[at];
    if (match) element.current?.reveal(match.row, match.offset, match.length);
  };
  return <section class="output">
    <h1><a href={toHash(route.workspace, "config")}>Configuration</a> / {f ? <Data>{pathOf(f)}</Data> : "file"}</h1>
    <form class="search" onSubmit={(e) => { e.preventDefault(); step(findAll(f?.text ?? "", query.current?.value ?? ""), 0); }}>
      <label>Find <input name="find" data-search ref={query} type="text" maxLength={256} autocomplete="off" spellcheck={false} translate={false} /></label>
      <button type="submit" disabled={!f}>Find</button>
      {found && <span role="status">{found.all.length === 0 ? "Not found." : `${found.at + 1} of ${found.all.length.toLocaleString("en")}`}</span>}
      {found && found.all.length > 1 && <button type="button" onClick={() => step(found.all, (found.at + 1) % found.all.length)}>Next</button>}
      <button type="button" aria-pressed={wrap} onClick={() => setWrap(!wrap)}>Wrap</button>
    </form>
    <Fault error={loaded.error} again={loaded.again} />
    {!f && !loaded.error && <Loading />}
    <log-view ref={element} class={f ? "log" : "log gone"} />
    {f && <p class="quiet">{bytesText(f.size)}, SHA-256 <code>{f.sha256}</code>. Who may read this workspace may read this file. This read is in the audit log.</p>}
  </section>;
}

interface Commit { commit: string; digest: string; author: string; message: string; time: string; files: number }

function History({ route }: { route: Route }) {
  const list = usePages(async (token, signal) => {
    const page = await call<{ commits: Commit[] | null; nextPageToken?: string }>(configPath(route, "log") + "?pageSize=20" + (token ? "&pageToken=" + encodeURIComponent(token) : ""), { signal })
      .catch((error: unknown) => { if (error instanceof Problem && error.status === 404) return { commits: null, nextPageToken: "" }; throw error; });
    return { items: page.commits ?? [], next: page.nextPageToken ?? "" };
  }, [route.workspace]);
  const reviews = useLoaded(async (signal) => {
    const page = await listReviews(route, "pageSize=50", "", signal).catch(orNull);
    return { of: new Map((page?.reviews ?? []).map((r) => [r.digest, r])), inEffect: page?.inEffect };
  }, [route.workspace]);
  const reviewOf = (digest: string) => reviews.value?.of.get(digest);
  return <>
    <p class="quiet"><a href={toHash(route.workspace, "config")}>Back to the configuration</a></p>
    <h1>History of the configuration</h1>
    <p>The commits of <code>main</code>, newest first. Author, time and message are what a commit says. The audit log says who has pushed.</p>
    <Fault error={list.error} again={list.again} />
    <Fault error={reviews.error} again={reviews.again} />
    {list.items === null ? !list.error && <Loading /> : list.items.length === 0 ? <Empty>No commits yet. They appear here when a builder pushes a configuration.</Empty>
      : <Table label="Commits" columns={["Message", "Author", "Time", "Commit", "#Files", "Review"]}>{list.items.map((c) => {
        const r = reviewOf(c.digest);
        return <tr key={c.commit}>
          <td><Message text={c.message} /></td><td><Data>{c.author || "unknown"}</Data></td><td><Time at={c.time} /></td><td><code title={c.commit}>{c.commit.slice(0, 12)}</code></td><td class="number">{c.files.toLocaleString("en")}</td>
          <td><a href={toReview(route, c.digest)}><code>{c.digest.slice(0, 12)}…</code></a>{r && <> by <Reviewer review={r} />, <Time at={r.created} /> <span class="badge">{stateOf(r, reviews.value?.inEffect)}</span></>}</td></tr>;
      })}</Table>}
    <More of={list} />
    <Command>strongroom config log</Command>
  </>;
}

/** Shows the first line of a message, and the rest on demand. */
function Message({ text }: { text: string }) {
  const [first = "", ...rest] = text.trim().split("\n");
  const more = rest.join("\n").trim();
  if (!more && first.length <= 200) return <Data>{first || "no message"}</Data>;
  return <details><summary><Data>{first.slice(0, 200) || "no message"}</Data></summary><pre class="data" translate={false} tabIndex={0} aria-label="Message">{text}</pre></details>;
}
