// The dialog that asks a person before something happens.

import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";

export interface Question {
  title: string; // a question
  text: ComponentChildren; // what happens
  action: string; // text of the button that confirms it
  typed?: string; // what the person must type first
  run: () => void;
}

/** Asks a question. Escape and Cancel answer it with no. */
export function Confirm({ question: q, close }: { question: Question; close: () => void }) {
  const dialog = useRef<HTMLDialogElement>(null);
  const [text, setText] = useState("");
  useEffect(() => { dialog.current?.showModal(); }, []);
  const confirm = () => { dialog.current?.close(); q.run(); };
  return <dialog class="confirm" ref={dialog} aria-labelledby="confirm" onClose={close}>
    <h2 id="confirm">{q.title}</h2>
    {q.text}
    <form onSubmit={(e) => { e.preventDefault(); confirm(); }}>
      {q.typed && <p><label>Type <code>{q.typed}</code> to confirm <input name="typed" autocomplete="off" spellcheck={false} value={text} onInput={(e) => setText(e.currentTarget.value)} /></label></p>}
      <p class="toolbar"><button type="submit" disabled={q.typed !== undefined && text !== q.typed}>{q.action}</button> <button type="button" onClick={() => dialog.current?.close()}>Cancel</button></p>
    </form>
  </dialog>;
}
