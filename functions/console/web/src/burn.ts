// What burn rates mean: see shared/sli.

export interface Window { samples: number; mean: number; deviation: number; share: number; burn: number }

export interface Thresholds { page?: number; ticket?: number; slow?: number; samples?: number; staleAfter?: number }

export interface SLI {
  name: string;
  slx?: string;
  alert: "none" | "warning" | "ticket" | "page";
  stale: boolean;
  last?: { time: string; value: number };
  objective: { min?: number; max?: number; target?: number };
  thresholds: Thresholds;
  windows: Record<string, Window>;
}

/** Rule raises an alert while the burn rate of both windows is at least the threshold. */
export interface Rule { alert: "page" | "ticket"; long: string; short: string; threshold: number }

const lengths: Record<string, string> = { "5m": "5 minutes", "30m": "30 minutes", "1h": "1 hour", "6h": "6 hours", "3d": "3 days" };

export function lengthText(window: string): string { return lengths[window] ?? window; }

export function hasObjective(s: SLI): boolean { return s.objective.min !== undefined || s.objective.max !== undefined; }

/** Returns the rules of an SLI. A threshold of 0 stands for the default. */
export function rulesOf(s: SLI): Rule[] {
  return [
    { alert: "page", long: "1h", short: "5m", threshold: s.thresholds.page || 14.4 },
    { alert: "ticket", long: "6h", short: "30m", threshold: s.thresholds.ticket || 6 },
    { alert: "ticket", long: "3d", short: "6h", threshold: s.thresholds.slow || 1 },
  ];
}

export function numberText(n: number): string { return Number(n.toPrecision(4)).toLocaleString("en"); }

function burnText(w: Window | undefined): string { return !w || w.samples === 0 ? "unknown (no samples)" : numberText(w.burn); }

/** Says in one sentence what a rule sees. */
export function ruleSentence(s: SLI, r: Rule): string {
  const long = s.windows[r.long], short = s.windows[r.short];
  const over = (w: Window | undefined) => w !== undefined && w.samples > 0 && w.burn >= r.threshold;
  const values = `${burnText(long)} over ${lengthText(r.long)} and ${burnText(short)} over ${lengthText(r.short)}`;
  if (over(long) && over(short)) return `The budget burns ${values} times as fast as it may: both reach ${numberText(r.threshold)}.`;
  return `The budget burns ${values} times as fast as it may; a ${r.alert} needs ${numberText(r.threshold)} in both.`;
}

export type Budget = "spent" | "burning" | "healthy" | "stale" | "no objective" | "unknown";

const threeDays = 3 * 86_400; // seconds; the longest window

/** Returns the state of the error budget of 3 days, and the seconds until it is spent at the rate of the last hour. */
export function budgetOf(s: SLI): { state: Budget; left?: number; seconds?: number } {
  if (!hasObjective(s)) return { state: "no objective" };
  if (s.stale) return { state: "stale" };
  const long = s.windows["3d"], hour = s.windows["1h"];
  if (!long || long.samples === 0) return { state: "unknown" };
  const left = Math.max(0, 1 - long.burn);
  if (left === 0) return { state: "spent", left };
  if (!hour || hour.samples === 0 || hour.burn === 0) return { state: "healthy", left };
  return { state: hour.burn > 1 ? "burning" : "healthy", left, seconds: threeDays * left / hour.burn };
}

export function durationText(seconds: number): string {
  if (seconds < 3600) return `${Math.max(1, Math.round(seconds / 60))} minutes`;
  if (seconds < 2 * 86_400) return `${Math.round(seconds / 3600)} hours`;
  return `${Math.round(seconds / 86_400)} days`;
}

/** Says in one sentence how much of the error budget is left, and for how long. */
export function budgetSentence(s: SLI): string {
  const b = budgetOf(s);
  const percent = b.left === undefined ? "" : numberText(b.left * 100) + " %";
  switch (b.state) {
    case "no objective": return "Without an objective, there is no error budget, and nothing alerts.";
    case "stale": return "There are no recent samples, so all values are out of date.";
    case "unknown": return "There are no samples in the last 3 days.";
    case "spent": return "The error budget of the last 3 days is spent.";
    default: return b.seconds === undefined ? `${percent} of the error budget of 3 days is left. Nothing of it was used in the last hour.`
      : `${percent} of the error budget of 3 days is left. At the rate of the last hour, it is spent in ${durationText(b.seconds)}.`;
  }
}
