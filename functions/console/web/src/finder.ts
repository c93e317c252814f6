// A search in an output, of which more is requested as the person goes on.

import { bytesText } from "./parts.tsx";
import type { Match, View } from "./view.ts";

const maxMatches = 1_000_000; // that the page holds

export interface Query {
  text?: string;
  pattern?: string;
  ignoreCase?: boolean;
}

/** Finder is one search, as far as it got. It is not changed: more is a new one. */
export class Finder {
  constructor(
    readonly query: Query,
    readonly matches: Match[] = [],
    readonly searchedTo = 0,
    readonly next = "", // empty: not begun; "end": the whole output was searched
    readonly at = 0, // index of the match that is shown
  ) {}

  /** Requests the next matches. */
  async more(view: View, signal: AbortSignal): Promise<Finder> {
    const page = await view.search(this.query, this.next, signal);
    return new Finder(this.query, [...this.matches, ...page.matches], page.searchedTo, page.next || "end", this.at);
  }

  /** Requests matches until there is one at the index, or the output ends. It calls back after each request. */
  async to(index: number, view: View, signal: AbortSignal, progress: (f: Finder) => void): Promise<Finder> {
    let f: Finder = this;
    while (index >= f.matches.length && f.next !== "end" && f.matches.length < maxMatches) {
      f = await f.more(view, signal);
      progress(f);
    }
    return new Finder(f.query, f.matches, f.searchedTo, f.next, Math.max(0, Math.min(index, f.matches.length - 1)));
  }

  /** Requests all matches. */
  async all(view: View, signal: AbortSignal, progress: (f: Finder) => void): Promise<Finder> {
    const { matches, searchedTo, next } = await this.to(Infinity, view, signal, progress);
    return new Finder(this.query, matches, searchedTo, next, this.at);
  }

  /** Says how many matches there are, and how far the search got. */
  sentence(size: number): string {
    const count = this.matches.length === 0 ? "No match" : `Match ${(this.at + 1).toLocaleString()} of ${this.matches.length.toLocaleString()}`;
    if (this.next === "end") return `${count}, searched to the end.`;
    const percent = size === 0 ? 100 : this.searchedTo / size * 100;
    const limit = this.matches.length >= maxMatches ? " The page holds no more matches: use strongroom outputs search." : "";
    return `${count} so far, searched ${bytesText(this.searchedTo)} of ${bytesText(size)} (${percent.toFixed(1)} %).${limit}`;
  }
}
