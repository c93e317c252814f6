import { useEffect, useRef, useState } from "preact/hooks";
import { setShortcuts, shortcutsOn } from "./keys.ts";

/** The list of shortcuts, and the switch that turns them off. */
export function Help({ pages, close }: { pages: readonly (readonly [string, string, string])[]; close: () => void }) {
  const [on, setOn] = useState(shortcutsOn());
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => { dialog.current?.showModal(); }, []);
  return <dialog class="help" ref={dialog} aria-label="Keyboard shortcuts" onClose={close}>
    <h2>Keyboard shortcuts</h2>
    <dl class="facts"><dt>j, k</dt><dd>next and previous row</dd><dt>Enter</dt><dd>open the row</dd><dt>x</dt><dd>select the row</dd><dt>/</dt><dd>go to the page's filter, or search an output</dd>
      {pages.map(([page, name, key]) => [<dt key={page}>g {key}</dt>, <dd key={page + "-name"}>{name}</dd>])}
      <dt>n, p, f, w, l, c</dt><dd>in an output: next and previous error, follow, wrap, go to a line, copy the marked lines</dd><dt>?</dt><dd>this help</dd></dl>
    <label><input name="shortcuts" type="checkbox" checked={on} onChange={(e) => { setOn(e.currentTarget.checked); setShortcuts(e.currentTarget.checked); }} /> Shortcuts of single keys</label>
    <p><button type="button" onClick={() => dialog.current?.close()}>Close</button></p>
  </dialog>;
}
