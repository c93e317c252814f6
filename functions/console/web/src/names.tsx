// Filters by names of the tenant. They are not in the address, because the browser's history keeps it.

import { useState } from "preact/hooks";

export interface Names { slx: string; resource: string; task: string }

export const noNames: Names = { slx: "", resource: "", task: "" };

/** Returns the names that are not empty. */
export function givenNames(names: Names): Partial<Names> {
  return Object.fromEntries(Object.entries(names).map(([name, value]) => [name, value.trim()]).filter(([, value]) => value !== ""));
}

export function NameFilters({ names, set }: { names: Names; set: (names: Names) => void }) {
  const [draft, setDraft] = useState(names);
  const active = Object.values(names).some((v) => v !== "");
  return <details open={active}>
    <summary>Filter by name{active && " (active)"}</summary>
    <form class="filters" onSubmit={(e) => { e.preventDefault(); set(draft); }}>
      {([["slx", "SLX"], ["resource", "Resource"], ["task", "Task"]] as const).map(([name, text]) =>
        <label key={name}>{text} <input name={name} value={draft[name]} maxLength={256} autocomplete="off" spellcheck={false} translate={false}
          onInput={(e) => setDraft({ ...draft, [name]: e.currentTarget.value })} /></label>)}
      <button type="submit">Filter</button>
      {active && <button type="button" onClick={() => { setDraft(noNames); set(noNames); }}>Remove</button>}
      <span class="quiet">The whole name. It is not in the page's address.</span>
    </form>
  </details>;
}
