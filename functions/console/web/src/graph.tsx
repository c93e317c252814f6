// The graph of a workspace, as a tree: SLXs with what belongs to them, from runs and from the configuration.

import { useState } from "preact/hooks";
import { call, inWorkspace } from "./api.ts";
import { FileLink } from "./config.tsx";
import { Command, Data, Empty, Fault, Loading, More, Severity, useLoaded, usePages } from "./parts.tsx";
import { type Route, setQuery, toHash } from "./route.ts";

interface Node { id: string; kind: string; name: string; severity?: number; state?: string; alias?: string; path?: string; detail?: string; configured?: boolean }
interface Edge { from: string; to: string; kind: string }
interface Graph { nodes: Map<string, Node>; edges: Edge[]; capped: boolean }
interface Answer {
  nodes: Node[] | null; edges: Edge[] | null; issuesCapped: boolean; slisCapped: boolean; nextPageToken?: string;
  commit?: string; omitted?: number; configNodes?: Node[]; configEdges?: Edge[];
}

const maxPages = 20;

function search(workspace: string, body: object, token: string, signal: AbortSignal): Promise<Answer> {
  return call<Answer>(inWorkspace(workspace, "graph", "search"), { body: { ...body, ...(token ? { pageToken: token } : {}) }, signal });
}

/** Loads the graph of what ran. */
async function loadRuns(workspace: string, slx: object, signal: AbortSignal): Promise<Graph> {
  const nodes = new Map<string, Node>(), edges = new Map<string, Edge>();
  let token = "", capped = false;
  for (let n = 0; n < maxPages; n++) {
    const page = await search(workspace, { pageSize: 30, ...slx }, token, signal);
    for (const node of page.nodes ?? []) nodes.set(node.id, node);
    for (const edge of page.edges ?? []) edges.set([edge.from, edge.kind, edge.to].join("\n"), edge);
    capped ||= page.issuesCapped || page.slisCapped;
    token = page.nextPageToken ?? "";
    if (!token) return { nodes, edges: [...edges.values()], capped };
  }
  return { nodes, edges: [...edges.values()], capped: true };
}

/** Returns one graph of what ran and of pages of the configuration. An SLX or a resource that both have is one node. */
function join(runs: Graph | null, pages: Answer[]): Graph {
  const nodes = new Map(runs?.nodes), edges = [...runs?.edges ?? []];
  for (const page of pages) {
    for (const n of page.configNodes ?? []) nodes.set(n.id, { ...nodes.get(n.id), ...n, configured: true });
    edges.push(...page.configEdges ?? []);
  }
  return { nodes, edges, capped: runs?.capped ?? false };
}

const kindNames: Record<string, string> = { slx: "SLX", task: "Task", resource: "Resource", sli: "SLI", issue: "Issue", tag: "Tag", group: "Group" };
const order = ["slx", "task", "sli", "issue", "resource", "tag", "group"];
const sources = ["all", "runs", "configuration"];

export function GraphPage({ route }: { route: Route }) {
  const [of, setOf] = useState(sources.find((s) => s === route.query.get("of")) ?? "all");
  const [slx, setSLX] = useState(""); // a name of the tenant, which is not in the address
  const only = slx ? { slx } : {};
  const runs = useLoaded((signal) => loadRuns(route.workspace, only, signal), [route.workspace, slx]);
  const config = usePages(async (token, signal) => {
    const page = await search(route.workspace, { of: "configuration", ...only }, token, signal);
    return { items: [page], next: page.nextPageToken ?? "" };
  }, [route.workspace, slx]);
  const ready = runs.value !== null && config.items !== null;
  const pages = of === "runs" ? [] : config.items ?? [];
  const g = join(of === "configuration" ? null : runs.value, pages);
  const first = pages[0];
  return <>
    <h1>Graph of <Data>{route.workspace}</Data></h1>
    <p>What belongs together: each SLX with its tasks, SLIs and issues, and the resources that they are about.</p>
    <form class="filters" onSubmit={(e) => { e.preventDefault(); setSLX(new FormData(e.currentTarget).get("slx")?.toString().trim() ?? ""); }}><label>From <select name="of" data-search value={of} onChange={(e) => { setOf(e.currentTarget.value); setQuery("of", e.currentTarget.value === "all" ? "" : e.currentTarget.value); }}>
      <option value="all">runs and the configuration</option><option value="runs">runs</option><option value="configuration">the configuration</option></select></label>
      <label>SLX <input name="slx" type="search" maxLength={256} autocomplete="off" spellcheck={false} translate={false} /></label> <button type="submit">Show</button>
      <span class="quiet">The whole name, or empty for all. It is not in the page's address.</span></form>
    <Fault error={runs.error} again={runs.again} />
    <Fault error={config.error} again={config.again} />
    {!ready ? !runs.error && !config.error && <Loading /> : g.nodes.size === 0 ? slx ? <Empty>Nothing belongs to this SLX. Write its whole name, as the list shows it.</Empty> : <Empty>The graph is empty. It grows with the runs of tasks: run <code>strongroom run</code> with a task, an SLX and a resource. A configuration that is pushed is part of it a moment later.</Empty> : <>
      {g.capped && <p class="quiet">More has run than this page shows. Issues and SLIs are cut to the most urgent.</p>}
      {first?.commit && <p class="quiet">The configuration is of the commit <code>{first.commit.slice(0, 12)}</code>.{first.omitted ? ` ${first.omitted} parts of it did not fit into the graph.` : ""} {config.next && "Its first SLXs are shown."}</p>}
      <p class="counts">{order.map((kind) => { const n = [...g.nodes.values()].filter((x) => x.kind === kind).length; return n > 0 ? <span key={kind}>{kindNames[kind] ?? kind}: <strong>{n}</strong></span> : null; })}</p>
      <Tree nodes={g.nodes} edges={g.edges} route={route} mixed={of === "all"} />
      {of !== "runs" && <More of={config} />}
    </>}
    <Command>strongroom config graph</Command>
  </>;
}

interface Neighbor { node: Node; kind: string }

/** Shows each root with its neighbors. A root is an SLX, or a node that no SLX reaches. */
function Tree({ nodes, edges, route, mixed }: { nodes: Map<string, Node>; edges: Edge[]; route: Route; mixed: boolean }) {
  const next = new Map<string, Neighbor[]>();
  for (const e of edges) for (const [a, b] of [[e.from, e.to], [e.to, e.from]] as const) {
    const node = nodes.get(b);
    if (!node) continue;
    const all = next.get(a);
    if (all) all.push({ node, kind: e.kind }); else next.set(a, [{ node, kind: e.kind }]);
  }
  const compare = (a: Node, b: Node) => order.indexOf(a.kind) - order.indexOf(b.kind) || (a.severity ?? 9) - (b.severity ?? 9) || a.name.localeCompare(b.name);
  const slxs = [...nodes.values()].filter((n) => n.kind === "slx").sort(compare);
  const reached = new Set<string>();
  for (const s of slxs) for (const { node } of next.get(s.id) ?? []) {
    if (reached.has(node.id)) continue;
    reached.add(node.id);
    for (const n of next.get(node.id) ?? []) reached.add(n.node.id);
  }
  const others = [...nodes.values()].filter((n) => n.kind !== "slx" && !reached.has(n.id)).sort(compare);
  return <ul class="tree" data-rows>{[...slxs, ...others].map((root) => <li key={root.id}><details open>
    <summary><NodeName node={root} route={route} mixed={mixed} plain /></summary>
    {hrefOf(root, route) && <p><a href={hrefOf(root, route)}>Open the {kindNames[root.kind]?.replace("Issue", "issue")}</a></p>}
    {root.path && <p class="quiet">configured in <FileLink route={route} path={root.path} /></p>}
    <ul>{[...next.get(root.id) ?? []].sort((a, b) => compare(a.node, b.node)).map(({ node, kind }) => <li key={node.id + kind}>
      <NodeName node={node} route={route} mixed={mixed} />{kind === "related" && <span class="quiet"> related</span>} <Related of={node} except={root} all={next} />{node.path && node.kind !== "slx" && <> <FileLink route={route} path={node.path} /></>}</li>)}</ul>
  </details></li>)}</ul>;
}

function Related({ of, except, all }: { of: Node; except: Node; all: Map<string, Neighbor[]> }) {
  if (of.kind === "slx") return null;
  const resources = [...new Map((all.get(of.id) ?? []).filter((n) => n.node.id !== except.id && n.node.kind === "resource").map((n) => [n.node.id, n.node])).values()];
  if (resources.length === 0) return null;
  return <span class="quiet">on {resources.map((r, i) => <>{i > 0 && ", "}<Data key={r.id}>{r.name}</Data></>)}</span>;
}

/** Returns the address of the page of an issue or a measured SLI. */
function hrefOf(node: Node, route: Route): string | undefined {
  if (node.kind === "issue") return toHash(route.workspace, "issues", idOf(node));
  return node.kind === "sli" && !node.configured ? toHash(route.workspace, "slis", node.name) : undefined;
}

function idOf(node: Node): string { return node.id.slice(node.id.indexOf(":") + 1); }

/** Shows a node. A plain one has no link, because a summary must not have one. */
function NodeName({ node, route, mixed, plain }: { node: Node; route: Route; mixed: boolean; plain?: boolean }) {
  const name = <Data>{node.kind === "issue" ? idOf(node).slice(0, 12) + "…" : node.name || "unknown"}</Data>;
  const href = plain ? undefined : hrefOf(node, route);
  return <><span class="badge">{kindNames[node.kind] ?? node.kind}</span>{" "}
    {node.severity ? <Severity value={node.severity} /> : null}{" "}
    {href ? <a href={href}>{name}</a> : name}
    {node.alias && node.alias !== node.name && <span class="quiet"> <Data>{node.alias}</Data></span>}
    {node.state && <span class="quiet"> {node.state}</span>}
    {node.detail && <span class="quiet"> <Data>{node.detail}</Data></span>}
    {mixed && node.configured && <> <span class="badge">configured</span></>}</>;
}
