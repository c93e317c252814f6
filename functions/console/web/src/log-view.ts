// <log-view> shows the rows of an output. The position is a number of its own, exact for
// any number of rows: browsers limit the height of an element to about 33 million pixels,
// so the scroll bar is only proportional to it.

import { Chunks, type Row, type Source, Windows } from "./chunks.ts";
import { hexLine, toSpans } from "./text.ts";

const rowHeight = 18;
const maxSpacer = 8_000_000;
const maxColumns = 1000; // that are drawn of one row
const columnStep = 100;
const maxLocal = 64 << 10; // a longer row is shown in windows of its bytes
const settleAfter = 150; // milliseconds after the last event of a drag

/** Shown is the part of a row that is drawn. */
interface Shown {
  text: string;
  from: number; // first column, from 0
  total: number; // columns of the row
  unit: "columns" | "bytes";
  match: [number, number];
}

const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes);

/** Returns bytes without the character that is cut at their beginning. */
function fromCharacter(bytes: Uint8Array): Uint8Array {
  let at = 0;
  while (at < 3 && ((bytes[at] ?? 0) & 0xc0) === 0x80) at++;
  return bytes.subarray(at);
}

export class LogView extends HTMLElement {
  private source: Source | null = null;
  private chunks: Chunks | null = null;
  private windows: Windows | null = null;
  private position = 0; // in pixels of an imaginary page with all rows
  private scrolled = 0; // scrollTop that the position corresponds to
  private column = 0;
  private settle = 0;
  private dragging = false;
  private frame = 0;
  private wrap = false;
  private mark: [number, number] | null = null;
  private match: { row: number; offset: number; length: number } | null = null;
  private revealed = true; // the match is within the columns that are drawn
  private characterWidth = 8;
  private readonly spacer = document.createElement("div");
  private readonly layer = document.createElement("div");
  private readonly pool: HTMLDivElement[] = [];
  private readonly texts = new WeakMap<HTMLDivElement, string>(); // that the rows show, as the output has them
  private readonly resize = new ResizeObserver(() => this.layout());

  /** Calls back with the first row, the number of rows in view and the first column. */
  onmove: (first: number, count: number, column: number) => void = () => {};
  /** Calls back when the person moves up, away from the end. */
  onleave: () => void = () => {};
  /** Calls back when a line number is chosen. */
  onmark: (from: number, to: number) => void = () => {};
  onfault: (error: unknown) => void = () => {};

  connectedCallback(): void {
    if (this.layer.parentNode) return;
    this.tabIndex = 0;
    this.setAttribute("role", "region");
    this.setAttribute("aria-label", "Output");
    this.setAttribute("translate", "no");
    this.spellcheck = false;
    this.layer.className = "log-layer";
    this.spacer.className = "log-spacer";
    this.append(this.layer, this.spacer);
    this.addEventListener("scroll", () => this.onScroll());
    this.addEventListener("wheel", (event) => this.onWheel(event), { passive: false });
    this.addEventListener("keydown", (event) => this.onKey(event));
    this.addEventListener("copy", (event) => this.onCopy(event));
    this.layer.addEventListener("click", (event) => this.onClick(event));
    this.resize.observe(this);
  }

  disconnectedCallback(): void {
    this.resize.disconnect();
    this.stop();
    cancelAnimationFrame(this.frame);
    clearTimeout(this.settle);
  }

  private stop(): void {
    this.chunks?.stop();
    this.windows?.stop();
  }

  /** Shows a source, at the same position if it is what the old one has become. */
  show(source: Source, keep: boolean): void {
    const before = this.source;
    if (keep && this.chunks && before) {
      const old = before.rows;
      Object.assign(before, { ...source, chunkRows: before.chunkRows });
      this.chunks.forgetFrom(Math.min(old, source.rows) - 1);
    } else {
      this.stop();
      this.source = source;
      this.chunks = new Chunks(source, () => { if (this.chunks?.error) this.onfault(this.chunks.error); this.draw(); });
      this.windows = new Windows(source, (error) => { if (error) this.onfault(error); else this.draw(); });
      this.position = this.column = 0;
      this.mark = this.match = null;
    }
    this.layout();
  }

  /** Tries again what could not be loaded. */
  again(): void { this.chunks?.again(); }

  setWrap(wrap: boolean): void {
    this.wrap = wrap;
    this.classList.toggle("wrap", wrap);
    this.layout();
  }

  /** Goes to the first columns of a row, from 0, and shows it a third below the top. */
  go(row: number, top = false): void {
    this.column = 0;
    const above = top || this.wrap ? 0 : Math.floor(this.clientHeight / 3);
    this.moveTo(row * rowHeight - above);
  }

  goToEnd(): void {
    this.column = 0;
    this.moveTo(this.maxPosition());
    if (!this.wrap) return;
    // The heights of wrapped rows are known only once they are drawn.
    this.moveTo(this.position - Math.floor(this.clientHeight / rowHeight) * rowHeight);
    while (this.position < this.maxPosition() && !this.isAtEnd()) this.moveTo(this.position + rowHeight);
  }

  /** Highlights rows, from 0, both inclusive. */
  highlight(from: number, to: number): void {
    this.mark = [from, to];
    this.draw();
  }

  /** Highlights bytes of the output in a row, and goes to them. */
  reveal(row: number, offset: number, length: number): void {
    this.mark = [row, row];
    this.match = { row, offset, length };
    this.revealed = false;
    this.go(row);
  }

  private moveTo(position: number): void {
    this.position = position;
    this.anchor();
    this.draw();
  }

  /** The rows, and one more that says what follows them. */
  private rows(): number { return (this.source?.rows ?? 0) + 1; }

  private maxPosition(): number {
    const visible = this.wrap ? rowHeight : this.clientHeight;
    return Math.max(0, this.rows() * rowHeight - visible);
  }

  /** Reports whether the last row is in view. */
  private isAtEnd(): boolean {
    if (!this.wrap) return this.position >= this.maxPosition() - 1;
    const last = this.pool.findLast((row) => !row.hidden);
    return !!last && Number(last.dataset["row"]) === this.rows() - 1 && last.offsetTop + last.offsetHeight <= this.clientHeight + rowHeight;
  }

  private layout(): void {
    if (!this.isConnected) return;
    this.spacer.style.height = Math.max(this.clientHeight, Math.min(maxSpacer, this.rows() * rowHeight)) + "px";
    const probe = document.createElement("span");
    probe.className = "log-probe";
    probe.textContent = "0".repeat(100);
    this.layer.append(probe);
    this.characterWidth = probe.getBoundingClientRect().width / 100 || 8;
    probe.remove();
    this.anchor();
    this.draw();
  }

  /** Moves the scroll bar to the place of the position. It leaves room to scroll on, unless the position is at an end. */
  private anchor(): void {
    const max = this.maxPosition(), range = Math.max(0, this.scrollHeight - this.clientHeight);
    this.position = Math.max(0, Math.min(max, this.position));
    let top = this.position;
    if (max > range) {
      const least = Math.min(this.position, this.clientHeight), most = range - Math.min(max - this.position, this.clientHeight);
      top = Math.max(least, Math.min(most, Math.round(this.position / max * range)));
    }
    this.scrollTop = top;
    this.scrolled = this.scrollTop;
  }

  /** A small movement moves the rows pixel by pixel. A large one is a drag of the thumb. */
  private onScroll(): void {
    const delta = this.scrollTop - this.scrolled;
    if (delta === 0) return;
    const range = Math.max(1, this.scrollHeight - this.clientHeight), max = this.maxPosition();
    this.scrolled = this.scrollTop;
    if (Math.abs(delta) <= 4 * this.clientHeight && !this.dragging) this.position += delta;
    else {
      this.position = this.scrollTop / range * max;
      this.dragging = true;
    }
    if (this.dragging && this.scrollTop >= range - 1) this.position = max;
    this.position = Math.max(0, Math.min(max, this.position));
    const atEdge = this.scrollTop <= 0 && this.position > 0 || this.scrollTop >= range - 1 && this.position < max;
    if (atEdge && !this.dragging) this.anchor();
    if (delta < 0) this.onleave();
    clearTimeout(this.settle);
    this.settle = setTimeout(() => this.onSettled(), settleAfter);
    if (!this.frame) this.frame = requestAnimationFrame(() => { this.frame = 0; this.draw(); });
  }

  /** Ends a movement. A movement whose event is still to come is not lost. */
  private onSettled(): void {
    if (this.scrollTop !== this.scrolled) { this.onScroll(); return; }
    this.dragging = false;
    this.anchor();
    this.draw();
  }

  private onWheel(event: WheelEvent): void {
    const delta = event.shiftKey ? event.deltaY : event.deltaX;
    if (delta === 0 || !event.shiftKey && Math.abs(event.deltaY) > Math.abs(delta) || event.ctrlKey) return;
    event.preventDefault();
    this.moveColumn(Math.sign(delta) * Math.max(1, Math.round(Math.abs(delta) / this.characterWidth)));
  }

  private moveColumn(by: number): void {
    this.column = Math.max(0, this.column + by);
    this.draw();
  }

  private onKey(event: KeyboardEvent): void {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    const page = Math.max(rowHeight, this.clientHeight - rowHeight);
    const up = (by: number) => { this.onleave(); this.moveTo(this.position - by); };
    const moves: Record<string, () => void> = {
      ArrowDown: () => this.moveTo(this.position + rowHeight),
      ArrowUp: () => up(rowHeight),
      PageDown: () => this.moveTo(this.position + page),
      " ": () => event.shiftKey ? up(page) : this.moveTo(this.position + page),
      PageUp: () => up(page),
      Home: () => { this.column = 0; up(this.position); },
      End: () => this.goToEnd(),
      ArrowRight: () => this.moveColumn(columnStep),
      ArrowLeft: () => this.moveColumn(-columnStep),
    };
    const move = moves[event.key];
    if (!move) return;
    event.preventDefault();
    move();
  }

  private onClick(event: MouseEvent): void {
    const target = event.target as HTMLElement;
    if (!target.classList.contains("log-number") || !this.source?.numbered) return;
    const row = Number(target.dataset["row"]);
    const from = event.shiftKey && this.mark ? Math.min(this.mark[0], row) : row;
    const to = event.shiftKey && this.mark ? Math.max(this.mark[1], row) : row;
    this.highlight(from, to);
    this.onmark(from + 1, to + 1);
  }

  /** Copies rows as the output has them: without numbers, and with the characters that are shown by their names. */
  private onCopy(event: ClipboardEvent): void {
    const selection = getSelection();
    if (!selection || selection.isCollapsed || !event.clipboardData) return;
    const rows = this.pool.filter((row) => !row.hidden && this.texts.has(row) && selection.containsNode(row, true));
    if (rows.length < 2) return;
    const range = selection.getRangeAt(0);
    const parts = rows.map((row) => {
      const part = document.createRange(), line = row.lastChild ?? row;
      part.selectNodeContents(line);
      if (part.comparePoint(range.startContainer, range.startOffset) === 0) part.setStart(range.startContainer, range.startOffset);
      if (part.comparePoint(range.endContainer, range.endOffset) === 0) part.setEnd(range.endContainer, range.endOffset);
      const selected = part.toString().replace(/\n$/, "");
      return selected === line.textContent?.replace(/\n$/, "") ? this.texts.get(row) ?? "" : selected;
    });
    event.clipboardData.setData("text/plain", parts.join("\n"));
    event.preventDefault();
  }

  private draw(): void {
    if (!this.source || !this.chunks || !this.isConnected) return;
    const first = Math.floor(this.position / rowHeight), offset = this.wrap ? 0 : this.position - first * rowHeight;
    const count = Math.min(this.rows() - first, Math.ceil((this.clientHeight + offset) / rowHeight));
    if (!this.dragging) this.chunks.want(first, first + count - 1);
    this.scrollToMatch(first, count);
    while (this.pool.length < count) {
      const row = document.createElement("div");
      row.className = "log-row";
      this.layer.append(row);
      this.pool.push(row);
    }
    this.layer.style.transform = `translateY(${-offset}px)`;
    this.layer.style.setProperty("--digits", String(Math.max(3, String(this.source.rows).length)) + "ch");
    this.pool.forEach((row, i) => {
      row.hidden = i >= count;
      if (!row.hidden) this.drawRow(row, first + i);
    });
    this.onmove(first, Math.min(count, this.source.rows - first), this.column);
  }

  /** Moves the columns once the row of a match is loaded, if the match is not within them. */
  private scrollToMatch(first: number, count: number): void {
    if (!this.match || this.revealed || this.match.row < first || this.match.row >= first + count) return;
    const row = this.chunks?.row(this.match.row);
    if (!row) return;
    this.revealed = true;
    if (this.source?.hex) return;
    const at = this.match.offset - row.offset;
    const column = row.length > maxLocal ? at : decode(row.bytes.subarray(0, at)).length;
    if (column < this.column || column + this.match.length > this.column + this.visibleColumns()) {
      this.column = column < this.visibleColumns() - 20 ? 0 : column - 40;
    }
  }

  private visibleColumns(): number {
    const digits = Math.max(3, String(this.source?.rows ?? 0).length) + 3;
    return Math.max(20, Math.floor(this.clientWidth / this.characterWidth) - digits);
  }

  /** Returns the part of a row to draw, or undefined while it is loaded. */
  private shown(row: Row, n: number): Shown | undefined {
    const at = this.match?.row === n ? this.match.offset - row.offset : -1, matched = this.match?.length ?? 0;
    if (row.length <= maxLocal && row.bytes.length === row.length) {
      const text = decode(row.bytes), to = (bytes: number) => decode(row.bytes.subarray(0, bytes)).length - this.column;
      return {
        text: text.slice(this.column, this.column + maxColumns), from: this.column, total: text.length, unit: "columns",
        match: at < 0 ? [-1, -1] : [Math.max(0, to(at)), to(at + matched)],
      };
    }
    const from = Math.min(this.column, row.length), to = Math.min(row.length, from + maxColumns);
    const local = to <= row.bytes.length ? row.bytes.subarray(from, to) : this.windows?.bytes(row.offset + from, row.offset + to);
    if (!local) return undefined;
    const bytes = fromCharacter(local), skipped = local.length - bytes.length;
    const inText = (k: number) => decode(bytes.subarray(0, Math.max(0, k - from - skipped))).length;
    return { text: decode(bytes), from, total: row.length, unit: "bytes", match: at < 0 ? [-1, -1] : [inText(at), inText(at + matched)] };
  }

  private drawRow(element: HTMLDivElement, n: number): void {
    const source = this.source;
    if (!source) return;
    const last = n === source.rows, row = last ? undefined : this.chunks?.row(n);
    const shown = row && !source.hex ? this.shown(row, n) : undefined;
    const marked = this.mark && n >= this.mark[0] && n <= this.mark[1];
    const state = last ? source.end : !row ? "-" : source.hex ? "h" + row.length : shown ? `${shown.text.length} ${shown.total} ${shown.match.join()}` : "-";
    const key = `${n} ${this.column} ${marked ? 1 : 0} ${this.wrap ? 1 : 0} ${this.clientWidth} ${state}`;
    if (element.dataset["key"] === key) return;
    element.dataset["key"] = key;
    element.dataset["row"] = String(n);
    element.classList.toggle("marked", !!marked);
    element.classList.toggle("log-end", last);
    const number = document.createElement("span");
    number.className = "log-number";
    number.dataset["row"] = String(n);
    number.dataset["n"] = source.numbered && !last ? String(n + 1) : "";
    const line = document.createElement("span");
    line.className = "log-text";
    this.texts.delete(element);
    element.classList.remove("continues");
    if (last) line.append(source.end);
    else if (row && source.hex) {
      const text = hexLine(row.bytes, row.offset);
      this.texts.set(element, text);
      line.append(text);
    }
    else if (shown) this.fill(element, line, shown);
    else line.classList.add("loading");
    line.append("\n");
    element.replaceChildren(number, line);
  }

  private fill(element: HTMLDivElement, line: HTMLElement, shown: Shown): void {
    for (const span of toSpans(shown.text, shown.match)) {
      if (span.classes === "") line.append(span.text);
      else {
        const e = document.createElement("span");
        e.className = span.classes;
        e.textContent = span.text;
        line.append(e);
      }
    }
    this.texts.set(element, shown.text);
    const visible = this.wrap ? maxColumns : Math.min(maxColumns, this.visibleColumns());
    const to = Math.min(shown.total, shown.from + visible);
    if (to >= shown.total && shown.from === 0) return;
    element.classList.add("continues");
    element.dataset["note"] = shown.from >= shown.total ? `${shown.total.toLocaleString()} ${shown.unit} to the left` : `${shown.unit} ${(shown.from + 1).toLocaleString()} to ${to.toLocaleString()} of ${shown.total.toLocaleString()}`;
  }
}

customElements.define("log-view", LogView);
