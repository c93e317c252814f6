// The place in a list to which a person returns. It is in this tab's memory only.

import { useEffect, useLayoutEffect, useState } from "preact/hooks";

interface Place {
  row: string; // address of the row's link
  top: number; // of the link in the window; rows above it can change their height while the person is away
  scroll: number; // if the row is gone
  pages: number; // that were loaded
  state: unknown; // filters that are not in the address
}

const places = new Map<string, Place>();

/** Forgets all places, so that a page opens at its top. */
export function forgetPlaces(): void { places.clear(); }

export interface Return<S> {
  pages: number; // to load at first
  state: S | null; // that was remembered
  remember: (row: string, pages: number, state: S) => void;
}

/** Restores the scroll position and the focused row as soon as the list is ready. */
export function useReturn<S>(hash: string, ready: boolean): Return<S> {
  const [place] = useState(() => places.get(hash));
  useEffect(() => { places.delete(hash); }, [hash]);
  useLayoutEffect(() => {
    if (!ready || !place) return;
    const link = linkOf(place.row);
    link?.focus({ preventScroll: true });
    scrollTo(0, link ? scrollY + link.getBoundingClientRect().top - place.top : place.scroll);
  }, [ready]);
  return {
    pages: place?.pages ?? 1, state: (place?.state ?? null) as S | null,
    remember: (row, pages, state) => { places.set(hash, { row, top: linkOf(row)?.getBoundingClientRect().top ?? 0, scroll: scrollY, pages, state }); },
  };
}

function linkOf(row: string): HTMLElement | undefined {
  return [...document.querySelectorAll<HTMLElement>("[data-rows] a")].find((a) => a.getAttribute("href") === row);
}
