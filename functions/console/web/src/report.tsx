// The lines of a report.jsonl, rendered by their formats. Everything is text: nothing in a
// line becomes HTML, a link or an attribute.

import { useEffect, useState } from "preact/hooks";
import { Data, Empty, Fault, Loading } from "./parts.tsx";
import type { View } from "./view.ts";

const pageBytes = 256 << 10;
const maxRows = 200; // of a table
const maxText = 20_000; // characters of one value

interface Line {
  obj?: unknown;
  fmt?: unknown;
  taskName?: unknown;
  taskStatus?: unknown;
  taskMessage?: unknown;
}

/** Returns a value as text. */
function toText(value: unknown, spaces = 0): string {
  const text = typeof value === "string" ? value : value === undefined ? "" : JSON.stringify(value, null, spaces) ?? "";
  return text.length > maxText ? text.slice(0, maxText) + "… (cut; show the output by lines for all of it)" : text;
}

/** Returns the rows of a table: an array of arrays, of objects, or of other values. */
function toRows(value: unknown): string[][] {
  if (!Array.isArray(value)) return Object.entries(value !== null && typeof value === "object" ? value : { "": value }).map(([k, v]) => [k, toText(v)]);
  const objects = value.filter((v) => v !== null && typeof v === "object" && !Array.isArray(v)) as Record<string, unknown>[];
  if (objects.length === value.length && value.length > 0) {
    const names = [...new Set(objects.flatMap((o) => Object.keys(o)))];
    return [names, ...objects.map((o) => names.map((n) => toText(o[n])))];
  }
  return value.map((row) => Array.isArray(row) ? row.map((v) => toText(v)) : [toText(row)]);
}

function Table({ rows }: { rows: string[][] }) {
  return <div class="scroll-x"><table translate={false}><tbody>
    {rows.slice(0, maxRows).map((row, i) => <tr key={i}>{row.map((cell, k) => <td key={k}>{cell}</td>)}</tr>)}
  </tbody></table>{rows.length > maxRows && <p class="quiet">{(rows.length - maxRows).toLocaleString()} more rows: show the output by lines.</p>}</div>;
}

function Value({ line }: { line: Line }) {
  switch (line.fmt) {
    case "p": return <p><Data>{toText(line.obj)}</Data></p>;
    case "a": return <p><Data>{Array.isArray(line.obj) ? line.obj.map((v) => toText(v)).join(" ") : toText(line.obj)}</Data></p>;
    case "pre": case "code": return <pre translate={false}>{toText(line.obj)}</pre>;
    case "table": case "issue": return <Table rows={toRows(line.obj)} />;
    default: return <pre translate={false}>{toText(line.obj, 2)}</pre>;
  }
}

function parse(text: string): Line | null {
  try {
    const value: unknown = JSON.parse(text);
    return value !== null && typeof value === "object" && !Array.isArray(value) ? value as Line : null;
  } catch { return null; }
}

export function ReportLines({ view }: { view: View }) {
  const [texts, setTexts] = useState<string[] | null>(null);
  const [to, setTo] = useState(0);
  const [fault, setFault] = useState<unknown>(null);
  const load = async (from: number, before: string[]) => {
    try {
      const page = await view.wholeLines(from, pageBytes);
      setTexts([...before, ...page.lines]);
      setTo(page.to);
      setFault(null);
    } catch (error) { setFault(error); }
  };
  useEffect(() => { void load(0, []); }, [view]);
  if (!texts) return fault ? <Fault error={fault} again={() => void load(0, [])} /> : <Loading />;
  const lines = texts.filter((t) => t.trim() !== "" && t.trim() !== "{}");
  return <section class="report" tabIndex={0} aria-label="Report">
    {lines.length === 0 && <Empty>The report has no lines.</Empty>}
    {lines.map((text, i) => {
      const line = parse(text);
      return <div key={i} class="report-line">
        {line && line.taskName !== undefined && <p class="quiet"><Data>{toText(line.taskName)}{line.taskStatus !== undefined && ` (${toText(line.taskStatus)})`}</Data></p>}
        {line ? <Value line={line} /> : <pre translate={false}>{toText(text)}</pre>}
      </div>;
    })}
    <Fault error={fault} again={() => void load(to, texts)} />
    {to < view.opened.size
      ? <button type="button" onClick={() => void load(to, texts)}>Show more</button>
      : <p class="quiet">End of the report.</p>}
  </section>;
}
