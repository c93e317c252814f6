// The output viewer.

import { useEffect, useRef, useState } from "preact/hooks";
import { Problem } from "./api.ts";
import type { Source } from "./chunks.ts";
import { Finder } from "./finder.ts";
import "./log-view.ts";
import type { LogView } from "./log-view.ts";
import { bytesText, Data, Fault } from "./parts.tsx";
import { ReportLines } from "./report.tsx";
import { type Route, setQuery, toHash } from "./route.ts";
import { type Match, View } from "./view.ts";

type Mode = "lines" | "page" | "hex" | "report";

const pageBytes = 256 << 10;
const maxDownload = 256 << 20;
const maxCopiedLines = 10_000;
const followEvery = 3000; // milliseconds
const errors = { pattern: "\\b(error|fatal|panic|exception|fail(ed|ure)?)\\b", ignoreCase: true };

const stateTexts: Record<string, string> = {
  open: "open: the output may still grow",
  complete: "complete",
  incomplete: "incomplete: the run has ended, and parts are missing after what is shown",
  unclaimed: "unclaimed: the run's report does not claim this output",
};

/** decodeName shows the name of a file as it was on the runner: shared/outputname. */
function decodeName(name: string): string {
  const bytes: number[] = [];
  for (let i = 0; i < name.length; i++) {
    const hex = /^~([0-9a-f]{2})/.exec(name.slice(i));
    if (hex) { bytes.push(parseInt(hex[1] ?? "", 16)); i += 2; } else bytes.push(name.charCodeAt(i));
  }
  return new TextDecoder().decode(new Uint8Array(bytes));
}

export function OutputPage({ route }: { route: Route }) {
  const element = useRef<LogView>(null);
  const input = useRef<HTMLInputElement>(null);
  const line = useRef<HTMLInputElement>(null);
  const view = useRef<View | null>(null);
  const source = useRef<Source | null>(null);
  const controller = useRef(new AbortController());
  const moved = useRef(false); // the person went somewhere, so nothing else moves the view
  const revived = useRef(0);
  const [state, setState] = useState<View["opened"] | null>(null);
  const [mode, setMode] = useState<Mode>("lines");
  const [offset, setOffset] = useState(0);
  const [fault, setFault] = useState<unknown>(null);
  const [follow, setFollow] = useState(false);
  const [wrap, setWrap] = useState(false);
  const [searching, setSearching] = useState(false);
  const [asPattern, setAsPattern] = useState(false);
  const [finder, setFinder] = useState<Finder | null>(null);
  const [busy, setBusy] = useState(false);
  const [shown, setShown] = useState("");
  const [marked, setMarked] = useState<[number, number] | null>(null);
  const [note, setNote] = useState("");
  const [round, setRound] = useState(0);

  useEffect(() => {
    const at = new AbortController();
    controller.current = at;
    let opened: View | null = null;
    moved.current = false;
    setFault(null); setFinder(null); setFollow(false); setMarked(null); setNote("");
    View.open(route.workspace, route.id, route.output).then(async (v) => {
      if (at.signal.aborted) { v.close(); return; }
      view.current = opened = v;
      v.oncount = (part, parts) => setNote(part ? `The platform counts the lines before these, once: part ${part.toLocaleString()} of ${parts.toLocaleString()}.` : "");
      const binary = await v.isBinary();
      await change(binary ? "hex" : v.opened.lines === undefined ? "page" : "lines", v, 0);
      const range = /^([0-9]{1,15})-([0-9]{1,15})$/.exec(route.query.get("lines") ?? "");
      if (range && !binary) mark(Number(range[1]), Number(range[2]));
      else if (!binary) await openAtError();
    }).catch((error: unknown) => { if (!at.signal.aborted) setFault(error); });
    const leave = () => opened?.close();
    addEventListener("pagehide", leave);
    return () => { at.abort(); removeEventListener("pagehide", leave); leave(); };
  }, [route.workspace, route.id, route.output, round]);

  useEffect(() => {
    const e = element.current;
    if (!e) return;
    e.onfault = (error) => { void recover(error); };
    e.onleave = () => { moved.current = true; setFollow(false); };
    e.onmark = (from, to) => { moved.current = true; setMarked([from, to]); setQuery("lines", `${from}-${to}`); };
    e.onmove = (first, count, column) => setShown(`${(first + 1).toLocaleString()} to ${(first + count).toLocaleString()}${column ? `, from column ${(column + 1).toLocaleString()}` : ""}`);
    const onMove = () => { moved.current = true; };
    for (const event of ["wheel", "pointerdown", "keydown", "touchstart"]) e.addEventListener(event, onMove, { passive: true });
    e.focus();
  }, []);

  useEffect(() => { element.current?.setWrap(wrap); }, [wrap]);

  useEffect(() => {
    if (!follow || state?.state !== "open") return;
    const timer = setInterval(() => { void grow(); }, followEvery);
    return () => clearInterval(timer);
  }, [follow, state?.state, mode]);

  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if ((event.ctrlKey || event.metaKey) && event.key === "f") { event.preventDefault(); openSearch(); return; }
      const target = event.target as HTMLElement;
      if (event.isComposing || event.ctrlKey || event.metaKey || event.altKey || /^(INPUT|SELECT|TEXTAREA)$/.test(target.tagName)) return;
      if (localStorage.getItem("strongroom-shortcuts") === "off") return;
      const actions: Record<string, () => void> = {
        "/": openSearch, n: () => { void toError(1); }, p: () => { void toError(-1); }, f: () => toggleFollow(), w: () => setWrap((x) => !x),
        l: () => line.current?.focus(), c: () => { void copyMarked(); },
      };
      const action = actions[event.key];
      if (action) { event.preventDefault(); action(); }
    };
    addEventListener("keydown", onKey);
    return () => removeEventListener("keydown", onKey);
  });

  const openSearch = () => { setSearching(true); setTimeout(() => input.current?.focus()); };

  async function change(next: Mode, v: View, from: number): Promise<void> {
    if (next === "hex") source.current = v.hex();
    else if (next === "page") source.current = await v.page(from, pageBytes);
    else source.current = await v.lines();
    setMode(next); setOffset(from); setState(v.opened);
    element.current?.show(source.current, false);
  }

  const attempt = async (work: () => Promise<void>) => {
    setBusy(true);
    try { await work(); setFault(null); } catch (error) { if (!controller.current.signal.aborted) await recover(error); }
    setBusy(false);
  };

  /** Opens a new view in the same place if the old one has ended, and corrects a number of lines that only the runner declared. */
  async function recover(error: unknown): Promise<void> {
    const v = view.current, status = error instanceof Problem ? error.status : 0;
    if (!v || status !== 410 && status !== 416 || Date.now() - revived.current < 10_000) { setFault(error); return; }
    revived.current = Date.now();
    try {
      if (status === 410) await v.reopen(); else await v.renew();
      setState(v.opened);
      if (mode === "lines") element.current?.show(await v.lines(), true);
      element.current?.again();
      setFault(null);
    } catch (again) { setFault(again); }
  }

  const grow = () => attempt(async () => {
    const v = view.current;
    if (!v) return;
    await v.renew();
    element.current?.show(mode === "hex" ? v.hex() : await v.lines(), true);
    setState(v.opened);
    element.current?.goToEnd();
  });

  const toggleFollow = () => {
    moved.current = true;
    setFollow((on) => { if (!on) { element.current?.goToEnd(); void grow(); } return !on; });
  };

  const mark = (from: number, to: number) => {
    element.current?.highlight(from - 1, to - 1);
    element.current?.go(from - 1);
    setMarked([from, to]);
  };

  const goToLine = (n: number) => {
    if (!Number.isSafeInteger(n) || n < 1) return;
    moved.current = true;
    const last = Math.min(n, Math.max(1, source.current?.rows ?? 1));
    mark(last, last);
    setQuery("lines", `${last}-${last}`);
    element.current?.focus();
  };

  const goToMatch = async (m: Match) => {
    const v = view.current;
    if (!v) return;
    if (mode === "report") await change(v.opened.lines === undefined ? "page" : "lines", v, 0);
    if (source.current?.hex) { element.current?.reveal(Math.floor(m.offset / 16), m.offset, m.length); return; }
    if (source.current?.numbered) { element.current?.reveal(m.line - 1, m.offset, m.length); return; }
    const from = m.offset - m.offset % pageBytes;
    if (from !== offset || mode !== "page") await change("page", v, from);
    const chunk = await source.current?.read(0, 0, controller.current.signal);
    const row = (chunk?.starts ?? []).findLastIndex((start) => from + start <= m.offset);
    element.current?.reveal(Math.max(0, row), m.offset, m.length);
  };

  /** Goes to the match at an index, which may have to be requested first. */
  const step = async (f: Finder, index: number) => {
    const v = view.current;
    if (!v) return;
    const found = await f.to(index, v, controller.current.signal, setFinder);
    setFinder(found);
    const match = found.matches[found.at];
    if (match) await goToMatch(match);
  };

  const find = (query: Finder["query"]) => attempt(() => { moved.current = true; return step(new Finder(query), 0); });
  const toError = (direction: number) => finder?.query === errors ? attempt(() => step(finder, finder.at + direction)) : find(errors);

  /** Goes to the first error, if the first request of a search finds it and the person has not moved. */
  const openAtError = async () => {
    const v = view.current;
    if (!v || v.opened.size === 0) return;
    const found = await new Finder(errors).more(v, controller.current.signal);
    if (moved.current || found.matches.length === 0 && found.next === "end") return;
    setFinder(found);
    const first = found.matches[0];
    if (first) await goToMatch(first);
  };

  const countAll = () => attempt(async () => {
    const v = view.current;
    if (v && finder) setFinder(await finder.all(v, controller.current.signal, setFinder));
  });

  const copyMarked = () => attempt(async () => {
    const v = view.current;
    if (!v || !marked || mode !== "lines") return;
    const [from, to] = [marked[0], Math.min(marked[1], marked[0] + maxCopiedLines - 1)];
    const text = await v.text(from, to, controller.current.signal);
    await navigator.clipboard.writeText(text);
    setNote(`Copied lines ${from.toLocaleString()} to ${to.toLocaleString()}, without numbers.`);
  });

  const download = () => attempt(async () => {
    const v = view.current;
    if (!v) return;
    const pieces: BlobPart[] = [];
    for (let at = 0; at < v.opened.size; at += 8 << 20) pieces.push(await v.bytes(at, Math.min(v.opened.size, at + (8 << 20)), controller.current.signal) as BlobPart);
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob(pieces, { type: "application/octet-stream" }));
    link.download = decodeName(route.output).split(/[/\\]/).at(-1) || "output";
    link.click();
    URL.revokeObjectURL(link.href);
  });

  const again = () => { setFault(null); if (view.current) element.current?.again(); else setRound(round + 1); };
  const turn = (to: number) => attempt(async () => { moved.current = true; if (view.current) await change("page", view.current, Math.max(0, to)); });
  const size = state?.size ?? 0;
  const lastPage = Math.max(0, Math.ceil(size / pageBytes) - 1) * pageBytes;
  const percent = (n: number) => size === 0 ? "100 %" : (n / size * 100).toFixed(1) + " %";
  const name = decodeName(route.output);
  return <section class="output">
    <h1><a href={toHash(route.workspace, "runs", route.id)}>Run</a> / <Data>{name}</Data></h1>
    <div class="toolbar" role="toolbar" aria-label="Output">
      <button type="button" onClick={openSearch} title="/ or Ctrl-F">Search</button>
      <button type="button" disabled={busy} onClick={() => toError(1)} title="n">Next error</button>
      <button type="button" disabled={busy} onClick={() => toError(-1)} title="p">Previous error</button>
      <button type="button" aria-pressed={follow} disabled={mode !== "lines" || state?.state !== "open"} onClick={toggleFollow} title={state?.state === "open" ? "f" : "The output does not grow any more"}>Follow</button>
      <button type="button" aria-pressed={wrap} onClick={() => setWrap(!wrap)} title="w">Wrap</button>
      {mode === "lines" && <label>Line <input name="line" ref={line} type="number" min="1" class="line-number" onChange={(e) => goToLine(Number(e.currentTarget.value))} title="l" /></label>}
      {mode === "lines" && marked && <button type="button" disabled={busy} onClick={copyMarked} title="c">Copy {marked[0] === marked[1] ? "line" : "lines"}</button>}
      <label>Show <select name="mode" value={mode} onChange={(e) => { const next = e.currentTarget.value as Mode; void attempt(async () => { if (view.current) await change(next, view.current, 0); }); }}>
        {state?.lines !== undefined && <option value="lines">lines</option>}
        <option value="page">pages of bytes</option>
        <option value="hex">hexadecimal</option>
        {name === "report.jsonl" && <option value="report">report</option>}
      </select></label>
      <button type="button" disabled={busy || size > maxDownload} onClick={download} title={size > maxDownload ? "Too large for the browser; use the command below" : ""}>Download</button>
    </div>
    {searching && <form class="search" onSubmit={(e) => { e.preventDefault(); const text = input.current?.value ?? ""; if (text) void find(asPattern ? { pattern: text } : { text, ignoreCase: true }); }}>
      <label>Find <input name="find" ref={input} type="text" maxLength={1024} autocomplete="off" spellcheck={false} translate={false} onKeyDown={(e) => { if (e.key === "Escape") { setSearching(false); element.current?.focus(); } }} /></label>
      <label><input name="pattern" type="checkbox" checked={asPattern} onChange={(e) => setAsPattern(e.currentTarget.checked)} /> RE2 pattern</label>
      <button type="submit" disabled={busy}>Find</button>
      <span class="quiet">The platform searches the whole output. Ctrl-F opens this search, because the page has only the rows that you see.</span>
    </form>}
    {finder && <p class="finder" role="status">
      {finder.query === errors && "Errors: "}{finder.sentence(size)}
      <button type="button" disabled={busy || finder.at === 0} onClick={() => attempt(() => step(finder, finder.at - 1))}>Previous</button>
      <button type="button" disabled={busy || finder.next === "end" && finder.at >= finder.matches.length - 1} onClick={() => attempt(() => step(finder, finder.at + (finder.matches.length ? 1 : 0)))}>{finder.matches.length ? "Next" : "Search on"}</button>
      {finder.next !== "end" && <button type="button" disabled={busy} onClick={countAll}>Count all</button>}
      <button type="button" onClick={() => setFinder(null)}>Close</button>
    </p>}
    <Fault error={fault} again={again} />
    {mode === "page" && state && <p class="pager" role="status">
      {state.lines === undefined ? "The lines of this output are not counted, so it" : "The output"} is shown by bytes: {offset.toLocaleString()} to {Math.min(size, offset + pageBytes).toLocaleString()} of {size.toLocaleString()} ({percent(offset)}).
      <button type="button" disabled={busy || offset === 0} onClick={() => turn(offset - pageBytes)}>Previous page</button>
      <button type="button" disabled={busy || offset + pageBytes >= size} onClick={() => turn(offset + pageBytes)}>Next page</button>
      <button type="button" disabled={busy || offset === lastPage} onClick={() => turn(lastPage)}>Last page</button>
      <label>Go to <input name="percent" type="number" min="0" max="100" step="any" class="line-number" onChange={(e) => { const p = Number(e.currentTarget.value); void turn(Math.min(lastPage, Math.floor(size * Math.max(0, Math.min(100, p)) / 100 / pageBytes) * pageBytes)); }} /> %</label>
    </p>}
    {mode === "report" && view.current && <ReportLines key={state?.view} view={view.current} />}
    <log-view ref={element} class={mode === "report" ? "log gone" : "log"} />
    <p class="status" role="status">
      {state ? <>
        <strong>{stateTexts[state.state]}</strong>, {bytesText(size)}{mode === "lines" && <>, lines {shown} of {(state.lines ?? 0).toLocaleString()}{!state.linesVerified && " (as the runner declared)"}</>}
        {state.linesDiffer && ". The runner declared other numbers of lines than the output has"}{follow && state.state === "open" && ". Following: scroll up to stop"}.{note && " " + note}
      </> : "The view opens…"}
    </p>
    <p class="quiet">
      Viewers of this workspace, and auditors and admins of the tenant, can read this output. This view is in the audit log{view.current?.entry ? <>: entry <code>{view.current.entry}</code></> : null}.
      To read it with the command line: <code translate={false}>strongroom outputs cat {route.id} {route.output}</code>
    </p>
  </section>;
}
