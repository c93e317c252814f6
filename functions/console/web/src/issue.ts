// Issues as the API returns them, and what a person can do with them.

import { call, inWorkspace, Problem } from "./api.ts";

export interface Issue {
  id: string;
  severity: number;
  severityFlagged?: boolean;
  title?: string;
  details?: string;
  expected?: string;
  actual?: string;
  reproduceHint?: string;
  summary?: string;
  nextSteps?: string[];
  state: string;
  task?: string;
  slx?: string;
  resource?: string;
  firstSeen: string;
  lastSeen: string;
  since: string;
  resolvedAt?: string;
  lastRun?: string;
  sightings: number;
  runs: number;
  reopened?: number;
  unreadable?: boolean;
  seen?: string[];
  ignored?: { by: string; at: string; until: string; reason?: string };
  investigated?: { by: string; at: string };
}

export const states = ["active", "detected", "open", "investigated", "reopened", "resolved", "ignored"];

export function titleOf(i: Issue): string { return i.unreadable ? "text unreadable" : i.title || "no title"; }

export interface Act {
  action: "investigate" | "ignore";
  body?: { until: string; reason?: string };
}

/** Returns the end of a date in this browser's time zone. */
export function endOfDay(date: string): string { return new Date(date + "T23:59:59").toISOString(); }

/** Returns the date some days from now, as a date field has it. */
export function dayFromNow(days: number): string {
  const d = new Date(Date.now() + days * 86_400_000);
  return [d.getFullYear(), String(d.getMonth() + 1).padStart(2, "0"), String(d.getDate()).padStart(2, "0")].join("-");
}

const attempts = 4;
const maxWait = 10_000;

/** Acts on one issue. It tries again while the platform is busy, because acting twice changes nothing. */
export async function act(workspace: string, id: string, { action, body }: Act): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      await call(inWorkspace(workspace, "issues", id, action), { method: "POST", body });
      return;
    } catch (error) {
      const busy = error instanceof Problem && (error.status === 429 || error.status === 503);
      if (!busy || attempt === attempts) throw error;
      const wait = Math.min(maxWait, Math.max(error.retryAfter * 1000, 250 * 2 ** attempt));
      await new Promise((resume) => setTimeout(resume, wait));
    }
  }
}

export interface Failed {
  id: string;
  error: unknown;
}

/** Acts on several issues, one after another. One that fails does not stop the others. */
export async function actOnAll(workspace: string, ids: string[], what: Act, progress: (done: number) => void): Promise<Failed[]> {
  const failed: Failed[] = [];
  for (const [n, id] of ids.entries()) {
    try { await act(workspace, id, what); } catch (error) { failed.push({ id, error }); }
    progress(n + 1);
  }
  return failed;
}
