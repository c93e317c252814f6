// A view of an output: one pair of audit entries for any number of reads.

import { call, inWorkspace, send } from "./api.ts";
import { type Chunk, lineChunk, type Source } from "./chunks.ts";
import { isBinary } from "./text.ts";

interface Opened {
  view: string;
  expires: string;
  state: "open" | "complete" | "incomplete" | "unclaimed";
  size: number;
  lines?: number;
  linesVerified: boolean;
  linesDiffer?: boolean;
  partSizes: number[];
}

export interface Match {
  offset: number;
  length: number;
  line: number;
}

export interface SearchPage {
  matches: Match[];
  searchedTo: number;
  size: number;
  next: string; // empty: the whole output was searched
}

const hexRow = 16;
const chunkBytes = 256 << 10; // that a chunk of lines has on average
const maxChunkRows = 4096;

const endTexts: Record<Opened["state"], string> = {
  open: "End of what is stored so far. The output is open, and may still grow.",
  complete: "End of the output. It is complete.",
  incomplete: "The output is incomplete: the run has ended, and parts are missing after this line.",
  unclaimed: "End of what is stored. The run's report does not claim this output.",
};

export class View {
  /** Calls back while the platform counts the lines before the requested ones. */
  oncount: (part: number, parts: number) => void = () => {};

  private constructor(readonly path: string, public opened: Opened, public entry: string) {}

  static async open(workspace: string, run: string, output: string): Promise<View> {
    const view = new View(inWorkspace(workspace, "runs", run, "outputs", output), {} as Opened, "");
    await view.reopen();
    return view;
  }

  /** Opens a new view of the same output, after the old one has ended. */
  async reopen(): Promise<void> {
    const response = await send(this.path + "/views", { body: {} });
    this.opened = await response.json() as Opened;
    this.entry = response.headers.get("Strongroom-Audit-Entry") ?? "";
  }

  /** Renews the index. The view keeps its end. */
  async renew(): Promise<void> {
    this.opened = await call<Opened>(this.path + "/views", { body: { view: this.opened.view } });
  }

  /** Ends the view, also while the page is closed. */
  close(): void {
    void send(this.path + "/views/close", { body: { view: this.opened.view }, keepalive: true }).catch(() => {});
  }

  private async get(query: string, range: string, signal?: AbortSignal, method = "GET"): Promise<Response> {
    const headers: Record<string, string> = { "Strongroom-View": this.opened.view };
    if (range) headers["Range"] = range;
    return send(this.path + query, { method, headers, signal });
  }

  async bytes(from: number, to: number, signal?: AbortSignal): Promise<Uint8Array> {
    if (from >= to) return new Uint8Array();
    return new Uint8Array(await (await this.get("", `bytes=${from}-${to - 1}`, signal)).arrayBuffer());
  }

  async isBinary(): Promise<boolean> { return isBinary(await this.bytes(0, Math.min(4096, this.opened.size))); }

  /** Returns the number of rows if the output is shown by lines. A last line may lack its line break. */
  private async countRows(): Promise<number> {
    const { lines = 0, size } = this.opened;
    if (size === 0) return 0;
    const last = await this.bytes(size - 1, size);
    return lines + (last[0] === 10 ? 0 : 1);
  }

  /** Returns the output as numbered lines. */
  async lines(): Promise<Source> {
    const rows = await this.countRows();
    const average = Math.max(1, this.opened.size / Math.max(1, rows));
    return {
      rows, numbered: true, hex: false, end: endTexts[this.opened.state],
      chunkRows: 2 ** Math.floor(Math.log2(Math.max(1, Math.min(maxChunkRows, chunkBytes / average)))),
      read: (first, last, signal) => this.readLines(first + 1, last + 1, rows, signal),
      bytes: (from, to, signal) => this.bytes(from, Math.min(to, this.opened.size), signal),
    };
  }

  /** Requests lines. The platform counts lines before them, which may take several requests. */
  private async getLines(first: number, last: number, signal: AbortSignal, method = "GET"): Promise<Response> {
    let next = "";
    for (;;) {
      const response = await this.get(`?lines=${first}-${last}${next}`, "", signal, method);
      if (response.status !== 202) {
        if (next) this.oncount(0, 0);
        return response;
      }
      const part = response.headers.get("Strongroom-Continue") ?? "";
      this.oncount(Number(part), this.opened.partSizes.length);
      next = "&continue=" + part;
    }
  }

  private async readLines(first: number, last: number, rows: number, signal: AbortSignal): Promise<Chunk> {
    const response = await this.getLines(first, last, signal);
    const chunk = lineChunk(new Uint8Array(await response.arrayBuffer()), offsetOf(response));
    const cut = response.headers.get("Strongroom-Truncated") === "true" && chunk.bytes.at(-1) !== 10;
    if (!cut) return chunk;
    if (chunk.starts.length > 2) {
      chunk.starts.pop(); // the next request begins with the line that is cut
      return { ...chunk, bytes: chunk.bytes.slice(0, chunk.starts.at(-1)) };
    }
    const end = first >= rows ? this.opened.size : offsetOf(await this.getLines(first + 1, first + 1, signal, "HEAD")) - 1;
    return { ...chunk, length: end - chunk.offset };
  }

  /** Returns the output as a hexadecimal dump. */
  hex(): Source {
    const bytes = (from: number, to: number, signal: AbortSignal) => this.bytes(from, Math.min(to, this.opened.size), signal);
    return {
      rows: Math.ceil(this.opened.size / hexRow), numbered: false, hex: true, chunkRows: 4096, bytes, end: endTexts[this.opened.state],
      read: async (first, last, signal) => {
        const data = await bytes(first * hexRow, (last + 1) * hexRow, signal);
        const starts: number[] = [];
        for (let at = 0; at < data.length; at += hexRow) starts.push(at);
        return { bytes: data, offset: first * hexRow, starts: [...starts, data.length], length: data.length - (starts.at(-1) ?? 0) };
      },
    };
  }

  /** Returns one page of an output whose lines are not counted. */
  async page(from: number, length: number): Promise<Source> {
    const to = Math.min(this.opened.size, from + length);
    const chunk = lineChunk(await this.bytes(from, to), from);
    const rows = chunk.starts.length - 1;
    return {
      rows, numbered: false, hex: false, chunkRows: Math.max(1, rows),
      end: to < this.opened.size ? "End of this page. The output continues on the next page." : endTexts[this.opened.state],
      read: async () => chunk,
      bytes: (a, b, signal) => this.bytes(a, Math.min(b, this.opened.size), signal),
    };
  }

  /** Returns lines as text, without what exceeds one response. */
  async text(first: number, last: number, signal: AbortSignal): Promise<string> {
    return new TextDecoder().decode(await (await this.getLines(first, last, signal)).arrayBuffer());
  }

  /** Returns the lines that are whole within a page of bytes, or one that is cut, and where the next one begins. */
  async wholeLines(from: number, length: number): Promise<{ lines: string[]; to: number }> {
    const bytes = await this.bytes(from, Math.min(this.opened.size, from + length));
    const end = from + bytes.length >= this.opened.size ? bytes.length : bytes.lastIndexOf(10) + 1 || bytes.length;
    return { lines: new TextDecoder().decode(bytes.subarray(0, end)).split("\n"), to: from + end };
  }

  async search(query: { text?: string; pattern?: string; ignoreCase?: boolean }, next: string, signal?: AbortSignal): Promise<SearchPage> {
    const body = { view: this.opened.view, ...query, ...(next ? { continue: next } : {}) };
    const response = await send(this.path + "/search", { body, signal });
    const page: SearchPage = { matches: [], searchedTo: 0, size: 0, next: "" };
    for (const line of (await response.text()).split("\n")) {
      if (line === "") continue;
      const value = JSON.parse(line) as Match & { end?: boolean; searchedTo?: number; size?: number; continue?: string };
      if (value.end === undefined) page.matches.push({ offset: value.offset, length: value.length, line: value.line });
      else Object.assign(page, { searchedTo: value.searchedTo ?? 0, size: value.size ?? 0, next: value.continue ?? "" });
    }
    return page;
  }
}

/** Returns the offset of the first byte of a response. */
function offsetOf(response: Response): number {
  return Number(/^bytes ([0-9]+)-/.exec(response.headers.get("Content-Range") ?? "")?.[1] ?? 0);
}
