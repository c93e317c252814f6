// Chunks of an output, which are fetched under a view and kept within a bound of bytes.

/** Chunk is consecutive rows of an output. It holds their bytes, which are decoded only to be drawn. */
export interface Chunk {
  bytes: Uint8Array;
  offset: number; // of the first byte, within the output
  starts: number[]; // of each row within bytes, and, last, the end of the last row
  length: number; // of the last row, which may continue after bytes; -1: bytes has it all
}

/** Row is one row: a line, or 16 bytes. */
export interface Row {
  bytes: Uint8Array; // its beginning, without the line break
  offset: number; // of its first byte, within the output
  length: number; // in bytes, without the line break
}

/** Source reads an output by numbers of rows, from 0. */
export interface Source {
  rows: number;
  numbered: boolean; // rows are lines of the output, numbered from 1
  hex: boolean; // rows are 16 bytes, which are shown as hexadecimal numbers
  chunkRows: number;
  end: string; // says what follows the last row
  read(first: number, last: number, signal: AbortSignal): Promise<Chunk>; // both inclusive; it may return fewer rows
  bytes(from: number, to: number, signal: AbortSignal): Promise<Uint8Array>;
}

const newline = 10;
const maxBytes = 64 << 20;
const retryAfter = 3000; // milliseconds

/** Returns the lines in bytes. The last one may lack its line break. */
export function lineChunk(bytes: Uint8Array, offset: number): Chunk {
  const starts = [0];
  for (let at = bytes.indexOf(newline); at >= 0; at = bytes.indexOf(newline, at + 1)) starts.push(at + 1);
  if (starts.at(-1) !== bytes.length) starts.push(bytes.length);
  return { bytes, offset, starts, length: -1 };
}

const rowsOf = (chunk: Chunk) => chunk.starts.length - 1;

function rowAt(chunk: Chunk, index: number): Row {
  const from = chunk.starts[index] ?? 0;
  let to = chunk.starts[index + 1] ?? from;
  const cut = chunk.length >= 0 && index === rowsOf(chunk) - 1;
  if (!cut && to > from && chunk.bytes[to - 1] === newline) to--;
  return { bytes: chunk.bytes.subarray(from, to), offset: chunk.offset + from, length: cut ? chunk.length : to - from };
}

/** Chunks caches chunks, the most recently used last. A chunk begins at a multiple of chunkRows, or at a row that such a chunk is too short for. */
export class Chunks {
  private readonly cached = new Map<number, Chunk>();
  private readonly loading = new Map<number, AbortController>();
  private readonly failed = new Set<number>();
  private retry = 0;
  private bytes = 0;
  private found = -1; // first row of the chunk that was found last
  error: unknown = null;

  constructor(readonly source: Source, private readonly changed: () => void) {}

  private contains(first: number, n: number): boolean {
    const chunk = this.cached.get(first);
    return !!chunk && n >= first && n < first + Math.max(1, rowsOf(chunk));
  }

  /** Returns the first row of the chunk that has a row, or undefined. */
  private find(n: number): number | undefined {
    const aligned = n - n % this.source.chunkRows;
    if (!this.contains(this.found, n)) {
      this.found = this.contains(aligned, n) ? aligned : [...this.cached.keys()].find((first) => this.contains(first, n)) ?? -1;
    }
    return this.found < 0 ? undefined : this.found;
  }

  /** Returns a row, or undefined while it is loaded. */
  row(n: number): Row | undefined {
    const first = this.find(n), chunk = this.cached.get(first ?? -1);
    if (first === undefined || !chunk) return undefined;
    this.cached.delete(first);
    this.cached.set(first, chunk);
    return n - first < rowsOf(chunk) ? rowAt(chunk, n - first) : { bytes: new Uint8Array(), offset: chunk.offset, length: 0 };
  }

  /** Loads the chunks of the rows, and cancels the loading of all others. */
  want(first: number, last: number): void {
    const wanted = new Set<number>(), { chunkRows, rows } = this.source;
    for (let n = first; n <= Math.min(last, rows - 1);) {
      const found = this.find(n), chunk = this.cached.get(found ?? -1), aligned = n - n % chunkRows;
      if (found === undefined) {
        const begun = [...this.loading.keys()].find((start) => start >= aligned && start <= n); // it may reach the row
        wanted.add(begun ?? (this.cached.has(aligned) ? n : aligned));
      }
      n = found !== undefined && chunk ? found + Math.max(1, rowsOf(chunk)) : aligned + chunkRows;
    }
    for (const [start, controller] of this.loading) if (!wanted.has(start)) {
      controller.abort();
      this.loading.delete(start);
    }
    for (const start of wanted) if (!this.loading.has(start) && !this.failed.has(start)) void this.load(start);
  }

  /** Forgets the chunks from a row on, because the output has grown. */
  forgetFrom(row: number): void {
    for (const [start, chunk] of this.cached) if (start + rowsOf(chunk) > row || rowsOf(chunk) === 0) this.forget(start, chunk);
    this.stop();
  }

  private forget(start: number, chunk: Chunk): void {
    this.cached.delete(start);
    this.bytes -= chunk.bytes.length;
  }

  stop(): void {
    for (const controller of this.loading.values()) controller.abort();
    this.loading.clear();
    this.failed.clear();
    clearTimeout(this.retry);
  }

  /** Tries again what failed. */
  again(): void {
    clearTimeout(this.retry);
    this.failed.clear();
    this.error = null;
    this.changed();
  }

  private async load(start: number): Promise<void> {
    const controller = new AbortController(), { chunkRows, rows } = this.source;
    this.loading.set(start, controller);
    try {
      const last = Math.min(rows, start - start % chunkRows + chunkRows) - 1;
      const chunk = await this.source.read(start, last, controller.signal);
      if (controller.signal.aborted) return;
      this.keep(start, chunk);
      this.error = null;
    } catch (error) {
      if (controller.signal.aborted) return;
      this.error = error;
      this.failed.add(start);
      clearTimeout(this.retry);
      this.retry = setTimeout(() => this.again(), retryAfter);
    } finally {
      if (this.loading.get(start) === controller) this.loading.delete(start);
    }
    this.changed();
  }

  private keep(start: number, chunk: Chunk): void {
    const before = this.cached.get(start);
    if (before) this.forget(start, before);
    this.cached.set(start, chunk);
    this.bytes += chunk.bytes.length;
    for (const [oldest, old] of this.cached) {
      if (this.bytes <= maxBytes || oldest === start) break;
      this.forget(oldest, old);
    }
  }
}

const windowBytes = 64 << 10;
const maxWindows = 64;

/** Windows caches pieces of rows that are longer than what a chunk has of them. */
export class Windows {
  private readonly cached = new Map<number, Uint8Array>();
  private readonly loading = new Map<number, AbortController>();

  constructor(private readonly source: Source, private readonly changed: (error: unknown) => void) {}

  /** Returns bytes of the output, or undefined while they are loaded. */
  bytes(from: number, to: number): Uint8Array | undefined {
    const pieces: Uint8Array[] = [];
    let missing = false;
    const begin = from - from % windowBytes;
    for (let at = begin; at < to; at += windowBytes) {
      const piece = this.cached.get(at);
      if (piece) pieces.push(piece); else { missing = true; void this.load(at); }
    }
    if (missing) return undefined;
    const all = new Uint8Array(pieces.reduce((n, p) => n + p.length, 0));
    let n = 0;
    for (const p of pieces) { all.set(p, n); n += p.length; }
    return all.subarray(from - begin, to - begin);
  }

  stop(): void {
    for (const controller of this.loading.values()) controller.abort();
    this.loading.clear();
  }

  private async load(at: number): Promise<void> {
    if (this.loading.has(at)) return;
    const controller = new AbortController();
    this.loading.set(at, controller);
    let fault: unknown = null;
    try {
      this.cached.set(at, await this.source.bytes(at, at + windowBytes, controller.signal));
      for (const oldest of this.cached.keys()) {
        if (this.cached.size <= maxWindows) break;
        this.cached.delete(oldest);
      }
    } catch (error) {
      fault = error;
    }
    this.loading.delete(at);
    if (!controller.signal.aborted) this.changed(fault);
  }
}
