// The tenant, its key, holds and offboarding, as the API returns them.

import type { Quota } from "./usage.tsx";

export interface StateChange { state: string; changed: string; everyone: string; entry: string }

export interface KeyVersion { version: string; state: string; primary: boolean; failed?: boolean; created: string; destroyAt?: string }

export interface KeyChange { action: string; entry: string; requested: string; effective?: string; cachedTo?: string }

export interface Destruction { id: string; requested: string; aloneAfter: string; expires: string }

export interface Key {
  name: string;
  state: string;
  problem?: string;
  measured: string;
  encrypts: boolean;
  decrypts: boolean;
  versions: KeyVersion[] | null;
  roles: number;
  change?: KeyChange;
  seen?: { function: string; at: string; cachedTo: string }[]; // only of a tenant that was read
  rights: { action: string; platform: boolean; who?: string }[] | null;
  destruction?: Destruction;
}

export interface Offboarding { id: string; requested: string; expires: string; started?: string; step?: string; waits?: string; keyAfter?: string }

export interface Tenant {
  id: string;
  state: string;
  projectId: string;
  location: string;
  outputsBucket: string;
  exportsBucket: string;
  configsBucket: string;
  auditBucket: string;
  auditTopic?: string;
  signingAccount: string;
  change?: StateChange;
  role: string; // of the person
  offboarding?: Offboarding;
  limits: { uploadLifetimeSeconds: number; modelSendsPerHour: number; modelTokensPerDay: number; keepModelRequestsDays: number };
  key: Key;
  signIn: { issuer: string; clientIds: string[] }[] | null; // who signs in to the console
  quotas?: Quota[];
  owners: { field: string; owner: string }[] | null;
  drift: { field: string; message: string }[] | null;
}

/** The tenant as the platform's staff sees it. */
export interface TenantStatus { id: string; state: string; terraformState: string; change?: StateChange }

export interface Hold { id: string; workspace?: string; run?: string; placed: string; entry: string; marked: boolean; lifting?: { id: string; requested: string; expires: string } }

/** Returns what a number of something is called. */
export function count(n: number, one: string, many = one + "s"): string { return `${n.toLocaleString("en")} ${n === 1 ? one : many}`; }

/** Lists words in a sentence. */
export function list(words: string[]): string { return words.length < 2 ? words.join("") : words.slice(0, -1).join(", ") + " and " + (words.at(-1) ?? ""); }
