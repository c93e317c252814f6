// The configuration of a workspace, as the API has it.

import { call, inWorkspace, Problem } from "./api.ts";
import { type Route, toHash } from "./route.ts";

export interface File { path: string; size: number; sha256: string }

export interface Tree { commit: string; digest: string; updated: string; files: File[] | null; kinds?: Record<string, number> }

export interface Push { state: string; reason: string; pusher: string; created: string; decider?: string; decided?: string; decisions?: string[] }

export interface Waiver { rule: string; path?: string; line?: number; reason: string }

export interface Review { digest: string; reviewer: string; kind: string; files: number; bytes: number; created: string; push?: Push }

export interface ReviewDetail extends Review { inEffect?: string; waivers: Waiver[] | null }

export interface ReviewPage { reviews: Review[] | null; inEffect?: string; nextPageToken?: string }

export function configPath(route: Route, ...more: string[]): string { return inWorkspace(route.workspace, "config", ...more); }

export function toReview(route: Route, digest: string): string { return toHash(route.workspace, "config", "reviews", digest); }

/** Says what has become of a reviewed tree. */
export function stateOf(r: Review, inEffect: string | undefined): string {
  if (r.digest === inEffect) return "in effect";
  return r.push ? r.push.state === "waiting" ? "waits for approval" : r.push.state : "recorded";
}

/** Returns null if the person's role may not read something. */
export function orNull(error: unknown): null {
  if (error instanceof Problem && error.status === 403 && error.code === "forbidden") return null;
  throw error;
}

export async function listReviews(route: Route, query: string, token: string, signal: AbortSignal): Promise<ReviewPage> {
  return call<ReviewPage>(configPath(route, "reviews") + "?" + query + (token ? "&pageToken=" + encodeURIComponent(token) : ""), { signal });
}

// A path of a file is never in the address. These two are in the memory of this tab only.
let wanted = "";
let opened: File | null = null;

/** Lets the page of the configuration open a file by its path. */
export function wantFile(path: string): void { wanted = path; }

/** Returns the path that wantFile was called with last, once. */
export function takeWanted(): string { const path = wanted; wanted = ""; return path; }

/** Remembers which of several files with the same content a person opens. */
export function remember(file: File): void { opened = file; }

/** Returns the path under which a person has opened a file. */
export function pathOf(file: File): string { return opened?.sha256 === file.sha256 ? opened.path : file.path; }
