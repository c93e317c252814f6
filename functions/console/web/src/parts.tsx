// Small components that every page uses.

import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { Problem } from "./api.ts";

export interface Loaded<T> {
  value: T | null;
  error: unknown;
  again: () => void;
  set: (value: T) => void; // shows a value that another request returned
}

/** Loads a value. It is loaded again when a dependency changes. */
export function useLoaded<T>(load: (signal: AbortSignal) => Promise<T>, dependencies: unknown[]): Loaded<T> {
  const [state, setState] = useState<{ value: T | null; error: unknown }>({ value: null, error: null });
  const [round, setRound] = useState(0);
  useEffect(() => {
    const controller = new AbortController();
    load(controller.signal).then(
      (value) => { if (!controller.signal.aborted) setState({ value, error: null }); },
      (error: unknown) => { if (!controller.signal.aborted) setState((s) => ({ ...s, error })); },
    );
    return () => controller.abort();
  }, [...dependencies, round]);
  return { ...state, again: () => setRound((n) => n + 1), set: (value) => setState({ value, error: null }) };
}

export interface Page<T> {
  items: T[];
  next: string; // token of the next page; empty: this is the last one
}

export interface Pages<T> {
  items: T[] | null; // null: the first page is not loaded
  next: string;
  count: number; // of loaded pages
  error: unknown;
  busy: boolean;
  more: () => void;
  again: () => void;
}

/** Loads a list page by page. It starts again when a dependency changes. */
export function usePages<T>(load: (token: string, signal: AbortSignal) => Promise<Page<T>>, dependencies: unknown[], atFirst = 1): Pages<T> {
  const start = { items: null as T[] | null, next: "", count: 0 };
  const [state, setState] = useState(start);
  const [error, setError] = useState<unknown>(null);
  const [round, setRound] = useState(0);
  const [wanted, setWanted] = useState(atFirst);
  const first = useRef(true);
  const begin = (keep: boolean) => {
    if (first.current) return;
    setState((s) => keep ? { ...s, next: "", count: 0 } : start); setError(null); setWanted(1);
  };
  useEffect(() => begin(true), [round]); // the old items stay until the new ones are there
  useEffect(() => begin(false), dependencies);
  useEffect(() => { first.current = false; }, []);
  const busy = error === null && (state.count === 0 || state.count < wanted && state.next !== "");
  useEffect(() => {
    if (!busy) return;
    const controller = new AbortController();
    load(state.next, controller.signal).then(
      (page) => { if (!controller.signal.aborted) setState((s) => ({ items: s.count === 0 ? page.items : [...s.items ?? [], ...page.items], next: page.next, count: s.count + 1 })); },
      (fault: unknown) => { if (!controller.signal.aborted) setError(fault); },
    );
    return () => controller.abort();
  }, [busy, state.count, ...dependencies, round]);
  return { ...state, error, busy, more: () => setWanted(state.count + 1), again: () => setRound((n) => n + 1) };
}

/** Shows the button that loads the next page of a list. */
export function More<T>({ of }: { of: Pages<T> }) {
  if (of.items === null || of.next === "") return null;
  return <p class="pages"><button type="button" disabled={of.busy} onClick={of.more}>Load more</button></p>;
}

export interface Action {
  busy: boolean;
  error: unknown;
  done: string; // what was done last
  run: (work: () => Promise<string>) => Promise<void>;
}

/** Runs one action at a time. The work returns a sentence about what it did. */
export function useAction(): Action {
  const [state, setState] = useState<{ busy: boolean; error: unknown; done: string }>({ busy: false, error: null, done: "" });
  return {
    ...state,
    run: async (work) => {
      setState({ busy: true, error: null, done: "" });
      try { setState({ busy: false, error: null, done: await work() }); } catch (error) { setState({ busy: false, error, done: "" }); }
    },
  };
}

/** Shows the result of an action. Its place is there before, so that screen readers hear it. */
export function Result({ action }: { action: Action }) {
  return <><p class="result" role="status">{action.busy ? "Working…" : action.done}</p><Fault error={action.error} /></>;
}

/** A table that scrolls sideways by itself, so that the page never does. A column that starts with "#" has numbers. */
export function Table({ label, columns, children }: { label: string; columns: string[]; children: ComponentChildren }) {
  return <div class="scroll-x" tabIndex={0} role="region" aria-label={label}><table data-rows>
    <thead><tr>{columns.map((c) => <th key={c} scope="col" class={c.startsWith("#") ? "number" : undefined}>{c.replace(/^#/, "")}</th>)}</tr></thead>
    <tbody>{children}</tbody>
  </table></div>;
}

/** Shows an error with its code, the ID of its request in the platform's log, and its entry in the audit log. */
export function Fault({ error, again }: { error: unknown; again?: () => void }) {
  if (!error) return null;
  const problem = error instanceof Problem ? error : null;
  if (error instanceof TypeError && /module/i.test(error.message)) return <div class="fault" role="alert">
    <p>A part of the console cannot be loaded. There may be a new version.</p>
    <button type="button" onClick={() => location.reload()}>Load the console again</button>
  </div>;
  return <div class="fault" role="alert">
    <p>{problem ? problem.message : "The request failed. Check your connection, and try again."}</p>
    {problem && <p class="quiet"><code>{problem.code}</code> (status {problem.status}){problem.request && <>, request <code>{problem.request}</code></>}{problem.entry && <>, entry of the audit log <code>{problem.entry}</code></>}</p>}
    {problem && problem.faults.length > 0 && <ul>{problem.faults.map((f, i) => <li key={i}>{f.message}{f.location && <> (<code>{f.location}</code>)</>}</li>)}</ul>}
    {again && <button type="button" onClick={again}>Try again</button>}
  </div>;
}

/** Reserves the space of what is loading. */
export function Loading() { return <p class="loading-block" aria-busy="true">Loading…</p>; }

export function Empty({ children }: { children: ComponentChildren }) { return <p class="empty">{children}</p>; }

/** Shows the command line that does the same. */
export function Command({ children }: { children: string }) { return <p class="quiet">With the command line: <code translate={false}>{children}</code></p>; }

const units: [Intl.RelativeTimeFormatUnit, number][] = [["year", 31_536_000], ["month", 2_592_000], ["day", 86_400], ["hour", 3600], ["minute", 60], ["second", 1]];
const relative = new Intl.RelativeTimeFormat("en", { numeric: "auto" });

/** Shows a time as the distance from now, and the absolute time as a tooltip. */
export function Time({ at }: { at: string | undefined }) {
  if (!at || at.startsWith("0001-")) return <span class="quiet">unknown</span>;
  const seconds = (Date.parse(at) - Date.now()) / 1000;
  const [unit, size] = units.find(([, s]) => Math.abs(seconds) >= s) ?? ["second", 1];
  return <time dateTime={at} title={new Date(at).toLocaleString()}>{relative.format(Math.round(seconds / size), unit)}</time>;
}

/** Shows text of the tenant. Neither translation nor spell checking may send it anywhere. */
export function Data({ children }: { children: ComponentChildren }) {
  return <span class="data" translate={false} spellcheck={false}>{children}</span>;
}

const severities = ["", "critical", "major", "minor", "informational"];

export function Severity({ value }: { value: number }) {
  return <span class={`badge severity${value}`}>{value} {severities[value] ?? ""}</span>;
}

export function bytesText(n: number): string {
  const names = ["B", "KiB", "MiB", "GiB", "TiB"];
  let i = 0;
  while (n >= 1024 && i < names.length - 1) { n /= 1024; i++; }
  return (i === 0 ? String(n) : n.toFixed(1)) + " " + (names[i] ?? "");
}
