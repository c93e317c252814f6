// The files of a configuration, as folders that open, or those whose path has a text.

import { useMemo, useState } from "preact/hooks";
import { type File, remember } from "./config.ts";
import { bytesText, Data } from "./parts.tsx";
import { useReturn } from "./place.ts";
import { type Route, toHash } from "./route.ts";

interface Folder { name: string; path: string; folders: Map<string, Folder>; files: File[]; count: number }

const atOnce = 300; // entries of a folder, or of a search, that are shown before a person asks for more

function folderOf(files: File[]): Folder {
  const root: Folder = { name: "", path: "", folders: new Map(), files: [], count: 0 };
  for (const file of files) {
    let at = root;
    at.count++;
    for (const name of file.path.split("/").slice(0, -1)) {
      let next = at.folders.get(name);
      if (!next) at.folders.set(name, next = { name, path: at.path + name + "/", folders: new Map(), files: [], count: 0 });
      at = next;
      at.count++;
    }
    at.files.push(file);
  }
  return root;
}

interface Place { open: ReadonlySet<string>; query: string }

interface Shared { route: Route; open: ReadonlySet<string>; toggle: (path: string, on: boolean) => void; leave: (file: File) => void }

export function FileTree({ route, files }: { route: Route; files: File[] }) {
  const back = useReturn<Place>(location.hash, true);
  const [open, setOpen] = useState<ReadonlySet<string>>(back.state?.open ?? new Set());
  const [query, setQuery] = useState(back.state?.query ?? "");
  const root = useMemo(() => folderOf(files), [files]);
  const text = query.trim().toLowerCase();
  const shared: Shared = {
    route, open,
    toggle: (path, on) => setOpen((before) => { if (before.has(path) === on) return before; const next = new Set(before); if (on) next.add(path); else next.delete(path); return next; }),
    leave: (file) => { remember(file); back.remember(hrefOf(route, file), 1, { open, query }); },
  };
  const found = text ? files.filter((f) => f.path.toLowerCase().includes(text)) : [];
  return <>
    <div class="filters">
      <label>Path has <input name="path" data-search type="search" value={query} maxLength={400} autocomplete="off" spellcheck={false} translate={false} onInput={(e) => setQuery(e.currentTarget.value)} /></label>
      <span class="quiet" role="status">{text ? `${found.length.toLocaleString("en")} of ${files.length.toLocaleString("en")} files` : "The search is not in the page's address."}</span>
    </div>
    {text ? <Entries key={text} shared={shared} folders={[]} files={found} whole /> : <Entries shared={shared} folders={sorted(root)} files={root.files} />}
  </>;
}

function sorted(folder: Folder): Folder[] { return [...folder.folders.values()].sort((a, b) => a.name < b.name ? -1 : 1); }

function hrefOf(route: Route, file: File): string { return toHash(route.workspace, "config", "files", file.sha256); }

/** Shows folders and files of one folder. whole shows whole paths. */
function Entries({ shared, folders, files, whole }: { shared: Shared; folders: Folder[]; files: File[]; whole?: boolean }) {
  const [limit, setLimit] = useState(atOnce);
  const count = folders.length + files.length;
  return <>
    <ul class="tree" data-rows>
      {folders.slice(0, limit).map((f) => <FolderEntry key={f.path} shared={shared} folder={f} />)}
      {files.slice(0, Math.max(0, limit - folders.length)).map((f) => <li key={f.path}>
        <a href={hrefOf(shared.route, f)} onClick={() => shared.leave(f)}><Data>{whole ? f.path : f.path.split("/").at(-1)}</Data></a> <span class="quiet">{bytesText(f.size)}</span></li>)}
    </ul>
    {count > limit && <p class="pages"><button type="button" onClick={() => setLimit(limit + atOnce)}>Show more</button> <span class="quiet">{limit} of {count.toLocaleString("en")} are shown</span></p>}
  </>;
}

function FolderEntry({ shared, folder }: { shared: Shared; folder: Folder }) {
  const isOpen = shared.open.has(folder.path);
  return <li><details open={isOpen} onToggle={(e) => shared.toggle(folder.path, e.currentTarget.open)}>
    <summary><Data>{folder.name}/</Data> <span class="quiet">{folder.count.toLocaleString("en")} files</span></summary>
    {isOpen && <Entries shared={shared} folders={sorted(folder)} files={folder.files} />}
  </details></li>;
}
