// The difference of two texts by lines: Myers, "An O(ND) Difference Algorithm", 1986.

export interface DiffLine {
  change: " " | "+" | "-";
  text: string; // with its line break
  before: number; // number of the line in the old text, from 1; 0: it is not there
  after: number; // in the new text
}

const maxEdits = 1500; // a larger difference is shown as one replacement; the memory grows with its square

function linesOf(text: string): string[] { return text === "" ? [] : text.split(/(?<=\n)/); }

/** Returns all lines of both texts, in order. */
export function diffLines(before: string, after: string): DiffLine[] {
  const a = linesOf(before), b = linesOf(after);
  let head = 0, tail = 0;
  while (head < a.length && head < b.length && a[head] === b[head]) head++;
  while (tail < a.length - head && tail < b.length - head && a[a.length - 1 - tail] === b[b.length - 1 - tail]) tail++;
  const middle = edits(a.slice(head, a.length - tail), b.slice(head, b.length - tail));
  const changes: DiffLine["change"][] = [...Array<" ">(head).fill(" "), ...middle, ...Array<" ">(tail).fill(" ")];
  let x = 0, y = 0;
  return changes.map((change) => {
    const text = (change === "+" ? b[y] : a[x]) ?? "";
    if (change !== "+") x++;
    if (change !== "-") y++;
    return { change, text, before: change === "+" ? 0 : x, after: change === "-" ? 0 : y };
  });
}

/** Reports whether the furthest path of d edits on diagonal k comes from above: it adds a line. */
function isDown(v: Int32Array, middle: number, d: number, k: number): boolean {
  return k === -d || k !== d && (v[middle + k - 1] ?? 0) < (v[middle + k + 1] ?? 0);
}

/** Returns the shortest sequence of changes, or a replacement of everything if that has too many. */
function edits(a: string[], b: string[]): DiffLine["change"][] {
  const max = Math.min(a.length + b.length, maxEdits), middle = max + 1;
  const furthest = new Int32Array(2 * max + 3); // x of the furthest path on each diagonal
  const trace: Int32Array[] = [];
  for (let d = 0; d <= max; d++) {
    trace.push(furthest.slice(middle - d - 1, middle + d + 2));
    for (let k = -d; k <= d; k += 2) {
      let x = isDown(furthest, middle, d, k) ? furthest[middle + k + 1] ?? 0 : (furthest[middle + k - 1] ?? 0) + 1;
      while (x < a.length && x - k < b.length && a[x] === b[x - k]) x++;
      furthest[middle + k] = x;
      if (x >= a.length && x - k >= b.length) return backtrack(trace, a.length, b.length);
    }
  }
  return [...a.map(() => "-" as const), ...b.map(() => "+" as const)];
}

function backtrack(trace: Int32Array[], x: number, y: number): DiffLine["change"][] {
  const changes: DiffLine["change"][] = [];
  for (let d = trace.length - 1; d >= 0; d--) {
    const v = trace[d] ?? new Int32Array(), k = x - y, middle = d + 1;
    const down = isDown(v, middle, d, k), from = down ? k + 1 : k - 1;
    const fromX = d === 0 ? 0 : v[middle + from] ?? 0, fromY = d === 0 ? 0 : fromX - from;
    while (x > fromX && y > fromY) { changes.push(" "); x--; y--; }
    if (d === 0) break;
    changes.push(down ? "+" : "-");
    x = fromX; y = fromY;
  }
  return changes.reverse();
}

const context = 3; // lines around a change

/** Leaves out lines that are far from each change. null stands for lines that are left out. */
export function hunksOf(lines: DiffLine[]): (DiffLine | null)[] {
  const near = new Uint8Array(lines.length);
  for (const [i, line] of lines.entries()) if (line.change !== " ") near.fill(1, Math.max(0, i - context), i + context + 1);
  const hunks: (DiffLine | null)[] = [];
  for (const [i, line] of lines.entries()) {
    if (near[i]) hunks.push(line);
    else if (hunks.length === 0 || hunks.at(-1) !== null) hunks.push(null);
  }
  return hunks;
}
