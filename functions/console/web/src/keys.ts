// Shortcuts of single keys. A person can turn them off: WCAG 2.2, success criterion 2.1.4.

const setting = "strongroom-shortcuts";
const chordTime = 1500; // milliseconds between "g" and the key of a page

export function shortcutsOn(): boolean { return localStorage.getItem(setting) !== "off"; }

export function setShortcuts(on: boolean): void { localStorage.setItem(setting, on ? "on" : "off"); }

/** Reports whether a key is text that somebody types, or belongs to an input method. */
function isTyping(event: KeyboardEvent): boolean {
  const target = event.target as HTMLElement;
  const box = target instanceof HTMLInputElement && /^(checkbox|radio)$/.test(target.type);
  return event.isComposing || event.keyCode === 229 || event.ctrlKey || event.metaKey || event.altKey
    || target.isContentEditable || !box && /^(INPUT|SELECT|TEXTAREA)$/.test(target.tagName);
}

function rows(): HTMLElement[] { return [...document.querySelectorAll<HTMLElement>("[data-rows] > tr, [data-rows] > tbody > tr, [data-rows] > li")]; }

/** Moves the focus to the first link or button of the next or previous row. A row can be in another one. */
function moveRow(step: number): void {
  const all = rows().map((row) => row.querySelector<HTMLElement>("a, summary, button")).filter((e) => e !== null);
  const at = all.findLastIndex((e) => e.closest("tr, li")?.contains(document.activeElement));
  all[Math.max(0, Math.min(all.length - 1, at < 0 ? 0 : at + step))]?.focus();
}

function selectRow(): void {
  document.activeElement?.closest("tr, li")?.querySelector<HTMLElement>("input[type=checkbox]")?.click();
}

export interface Shortcuts {
  help: () => void;
  open: (key: string) => boolean; // opens the page with this key, after "g"
}

let chord = -Infinity; // time of a "g", also if another listener got it

/** Listens for shortcuts until the returned function is called. */
export function listen({ help, open }: Shortcuts): () => void {
  const onKey = (event: KeyboardEvent) => {
    if (!shortcutsOn() || event.defaultPrevented || isTyping(event)) return;
    const inChord = event.timeStamp - chord < chordTime;
    chord = event.key === "g" ? event.timeStamp : -Infinity;
    if (inChord && open(event.key)) return;
    const search = document.querySelector<HTMLElement>("[data-search]");
    if (event.key === "j") moveRow(1);
    else if (event.key === "k") moveRow(-1);
    else if (event.key === "x") selectRow();
    else if (event.key === "?") help();
    else if (event.key === "/" && search) { event.preventDefault(); search.focus(); }
  };
  addEventListener("keydown", onKey);
  return () => removeEventListener("keydown", onKey);
}
