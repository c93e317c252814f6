// Text of outputs as spans: SGR sequences become classes, and characters that would be
// invisible, or that change how other characters look, become visible.

export interface Style {
  fg: number; // 0 to 15; -1: default
  bg: number;
  bold: boolean;
  dim: boolean;
  italic: boolean;
  underline: boolean;
  inverse: boolean;
}

export interface Span {
  text: string;
  classes: string; // empty: plain
}

const plain: Style = { fg: -1, bg: -1, bold: false, dim: false, italic: false, underline: false, inverse: false };

/** Returns the nearest of the 16 colors, whose contrast the style sheet guarantees. */
function nearest(r: number, g: number, b: number): number {
  const bright = Math.max(r, g, b) > 190 ? 8 : 0;
  const limit = Math.max(r, g, b) / 2;
  const bits = (r > limit ? 1 : 0) | (g > limit ? 2 : 0) | (b > limit ? 4 : 0);
  if (Math.max(r, g, b) < 60) return 0;
  return bits + bright;
}

function from256(n: number): number {
  if (n < 16) return n;
  if (n >= 232) return n < 244 ? 8 : 7;
  const c = n - 16;
  return nearest(Math.floor(c / 36) * 51, Math.floor(c / 6) % 6 * 51, c % 6 * 51);
}

/** Applies the parameters of an SGR sequence: ECMA-48, section 8.3.117. */
export function applySGR(style: Style, parameters: string): Style {
  const next = { ...style };
  const codes = parameters.split(/[;:]/).map((p) => p === "" ? 0 : Number(p));
  for (let i = 0; i < codes.length; i++) {
    const c = codes[i] ?? 0;
    if (c === 0) Object.assign(next, plain);
    else if (c === 1) next.bold = true;
    else if (c === 2) next.dim = true;
    else if (c === 3) next.italic = true;
    else if (c === 4) next.underline = true;
    else if (c === 7) next.inverse = true;
    else if (c === 22) next.bold = next.dim = false;
    else if (c === 23) next.italic = false;
    else if (c === 24) next.underline = false;
    else if (c === 27) next.inverse = false;
    else if (c >= 30 && c <= 37) next.fg = c - 30;
    else if (c === 39) next.fg = -1;
    else if (c >= 40 && c <= 47) next.bg = c - 40;
    else if (c === 49) next.bg = -1;
    else if (c >= 90 && c <= 97) next.fg = c - 82;
    else if (c >= 100 && c <= 107) next.bg = c - 92;
    else if (c === 38 || c === 48) {
      let color = -1;
      if (codes[i + 1] === 5) { color = from256(Math.min(255, codes[i + 2] ?? 0)); i += 2; }
      else if (codes[i + 1] === 2) { color = nearest(codes[i + 2] ?? 0, codes[i + 3] ?? 0, codes[i + 4] ?? 0); i += 4; }
      if (c === 38) next.fg = color; else next.bg = color;
    }
  }
  return next;
}

function classesOf(s: Style): string {
  const fg = s.inverse ? s.bg : s.fg, bg = s.inverse ? s.fg : s.bg;
  const names: string[] = [];
  if (fg >= 0) names.push("fg" + fg);
  if (bg >= 0) names.push("bg" + bg);
  if (s.inverse && s.fg < 0 && s.bg < 0) names.push("inverse");
  if (s.bold) names.push("bold");
  if (s.dim) names.push("dim");
  if (s.italic) names.push("italic");
  if (s.underline) names.push("underline");
  return names.join(" ");
}

// Control characters except tab, bidi controls, zero-width characters, and all others that Unicode says to draw as nothing.
// eslint-disable-next-line no-control-regex
const special = /\x1b\[([0-9;:]*)m|[\x00-\x08\x0a-\x1f\x7f-\x9f\u2028\u2029\ufff9-\ufffb]|\p{Cf}|\p{Default_Ignorable_Code_Point}/gu;

/** Returns a visible text for a character that has none. */
export function visible(c: string): string {
  const code = c.codePointAt(0) ?? 0;
  if (code < 0x20) return String.fromCodePoint(0x2400 + code);
  if (code === 0x7f) return "\u2421";
  return "U+" + code.toString(16).toUpperCase().padStart(4, "0");
}

/** Splits a line into spans. Only SGR sequences are interpreted: all others are shown. The characters in match get a class of their own. */
export function toSpans(line: string, match: [number, number] = [-1, -1]): Span[] {
  const spans: Span[] = [], [begin, end] = match;
  let style = plain, at = 0;
  const push = (text: string, classes: string) => { if (text !== "") spans.push({ text, classes: classes.trim() }); };
  const add = (from: number, to: number, classes: string) => {
    const a = Math.max(from, Math.min(to, begin)), b = Math.max(a, Math.min(to, end));
    push(line.slice(from, a), classes);
    push(line.slice(a, b), classes + " match");
    push(line.slice(b, to), classes);
  };
  for (const found of line.matchAll(special)) {
    add(at, found.index, classesOf(style));
    at = found.index + found[0].length;
    const matched = found.index >= begin && found.index < end ? " match" : "";
    if (found[1] !== undefined) style = applySGR(style, found[1]);
    else if (found[0] !== "\r" || at < line.length) push(visible(found[0]), "hidden-character" + matched);
  }
  add(at, line.length, classesOf(style));
  return spans;
}

/** Reports whether bytes look binary: they have a NUL byte, or are mostly invalid UTF-8. */
export function isBinary(bytes: Uint8Array): boolean {
  const sample = bytes.subarray(0, 4096);
  if (sample.includes(0)) return true;
  const text = new TextDecoder().decode(sample);
  let invalid = 0;
  for (const c of text) if (c === "\ufffd") invalid++;
  return invalid * 10 > text.length;
}

/** Returns 16 bytes of a hexadecimal dump. */
export function hexLine(bytes: Uint8Array, offset: number): string {
  const hex = [...bytes].map((b) => b.toString(16).padStart(2, "0")).join(" ");
  const text = [...bytes].map((b) => b >= 0x20 && b < 0x7f ? String.fromCharCode(b) : ".").join("");
  return offset.toString(16).padStart(10, "0") + "  " + hex.padEnd(47) + "  " + text;
}
