import { call, getSession, inWorkspace, Problem } from "./api.ts";
import { AssistantForm, Rank } from "./assistant.tsx";
import { PushesToDecide, useWaitingPushes } from "./config-review.tsx";
import { FileLink } from "./config.tsx";
import { Data, Empty, Fault, Loading, Severity, Table, Time, useLoaded } from "./parts.tsx";
import { type Route, toHash } from "./route.ts";
import { type Run, runColumns, RunRow } from "./runs.tsx";
import { AlertBadge, type SLI, SLITable } from "./slis.tsx";
import { Summary } from "./summary.tsx";

export interface NextTask {
  name: string;
  suite?: string;
  from: string;
  source?: string;
  documentation?: string;
  resource?: string;
  slx?: string;
  score: number;
  configured?: { slx?: string; alias?: string; resource?: string; task?: string; path?: string; slxs: number };
  evidence: { issue: string; step: string; score: number; words: string[] | null }[] | null;
}

export interface Next { summary: string; withheld?: number; below?: number; tasks: NextTask[] | null }

export interface Answer {
  asOf: string;
  name: string;
  relevance?: number;
  accessLevel: string;
  wrong: { counts: { severity: number; active: number; orMore?: boolean }[] | null; slxs: { slx: string; issues: { id: string; severity: number; title: string; state: string; task: string; resource: string; lastSeen: string; sightings: number }[] | null }[] | null };
  health: { slis: SLI[] | null; capped?: boolean };
  next: Next;
}

async function ask(workspace: string, signal: AbortSignal): Promise<Answer | null> {
  const { assistant } = await getSession();
  try {
    return await call<Answer>(inWorkspace(workspace, "assistants", assistant), { signal });
  } catch (error) {
    if (error instanceof Problem && error.status === 404) return null;
    throw error;
  }
}

export function Overview({ route }: { route: Route }) {
  const answer = useLoaded(async (signal) => ({ found: await ask(route.workspace, signal) }), [route.workspace]);
  const runs = useLoaded((signal) => call<{ runs: Run[] | null }>(inWorkspace(route.workspace, "runs", "search"), { body: { pageSize: 10 }, signal }), [route.workspace]);
  const pushes = useWaitingPushes(route);
  const a = answer.value?.found;
  const title = <h1>Overview of <Data>{route.workspace}</Data></h1>;
  if ([answer, runs, pushes].some((l) => !l.value && !l.error)) return <>{title}<Loading /></>; // all at once, so that nothing moves when the next part arrives
  return <>
    {title}
    <PushesToDecide route={route} pushes={pushes} />
    <Fault error={answer.error} again={answer.again} />
    {!answer.value ? !answer.error && <Loading /> : !a
      ? <><Empty>No assistant watches this workspace yet. An admin can create it here.</Empty><AssistantForm route={route} answer={null} saved={answer.again} /></>
      : <State answer={a} route={route} changed={answer.again} />}
    <h2>Newest runs</h2>
    <Fault error={runs.error} again={runs.again} />
    {!runs.value ? !runs.error && <Loading /> : (runs.value.runs ?? []).length === 0 ? <Empty>No runs yet. Run <code>strongroom run</code> with a task.</Empty>
      : <Table label="Newest runs" columns={runColumns}>{(runs.value.runs ?? []).map((r) => <RunRow key={r.id} workspace={route.workspace} run={r} />)}</Table>}
    <ConsentState route={route} />
  </>;
}

function State({ answer: a, route, changed }: { answer: Answer; route: Route; changed: () => void }) {
  const slis = a.health.slis ?? [];
  const groups = a.wrong.slxs ?? [];
  const counts = (a.wrong.counts ?? []).filter((c) => c.active > 0);
  return <>
    <p class="quiet">As of <Time at={a.asOf} />, by the assistant <Data>{a.name}</Data>.</p>
    <h2>What is wrong now</h2>
    {counts.length > 0 && <p class="counts">{counts.map((c) => <a key={c.severity} href={toHash(route.workspace, "issues") + "?severity=" + c.severity}>
      <Severity value={c.severity} /> <strong>{c.active}{c.orMore ? " or more" : ""}</strong></a>)}</p>}
    {groups.length === 0 ? <Empty>No unresolved issues. Issues appear here when a run reports them.</Empty>
      : groups.map((group) => <section key={group.slx}>
        <h3>{group.slx ? <Data>{group.slx}</Data> : "Without an SLX"}</h3>
        <ul class="plain" data-rows>{(group.issues ?? []).map((i) => <li key={i.id}>
          <Severity value={i.severity} /> <a href={toHash(route.workspace, "issues", i.id)}><Data>{i.title || "text unreadable"}</Data></a>
          <span class="quiet"> {i.state}, seen {i.sightings} times, <Time at={i.lastSeen} />{i.resource && <>, <Data>{i.resource}</Data></>}</span></li>)}</ul>
      </section>)}
    <h2>Health</h2>
    {slis.length > 0 && <p class="counts">{(["page", "ticket", "warning", "none"] as const).map((alert) => {
      const n = slis.filter((s) => s.alert === alert).length;
      return n > 0 ? <span key={alert}><AlertBadge alert={alert} stale={false} /> <strong>{n}</strong></span> : null;
    })}{slis.some((s) => s.stale) && <span><AlertBadge alert="none" stale /> <strong>{slis.filter((s) => s.stale).length}</strong></span>}</p>}
    <SLITable slis={slis.slice(0, 20)} workspace={route.workspace} />
    {(slis.length > 20 || a.health.capped) && <p class="quiet">The most urgent 20 are shown. <a href={toHash(route.workspace, "slis")}>All SLIs</a></p>}
    <h2>What to run next</h2>
    <p><Data>{a.next.summary}</Data></p>
    {(a.next.tasks ?? []).length === 0 ? <Empty>No task reaches this assistant's relevance. Write next steps in the issues of your tasks, so that they can be matched.</Empty>
      : <ol>{(a.next.tasks ?? []).map((t, n) => <li key={n}><Evidence task={t} route={route} /></li>)}</ol>}
    {a.next.withheld ? <p class="quiet">{a.next.withheld} more tasks fit, but may change something, and this assistant is {a.accessLevel}.</p> : null}
    {(a.next.tasks ?? []).length > 1 && <Rank route={route} />}
    <Summary route={route} />
    <AssistantForm route={route} answer={a} saved={changed} />
  </>;
}

/** Shows a suggested task, and why it is suggested. */
export function Evidence({ task: t, route }: { task: NextTask; route: Route }) {
  const workspace = route.workspace;
  return <>
    <strong><Data>{t.name}</Data></strong>{t.suite && <> of <Data>{t.suite}</Data></>}{t.resource && <> on <Data>{t.resource}</Data></>}
    <span class="quiet"> score {t.score.toFixed(2)}, from the {t.from}</span>
    {t.configured && <Configured of={t.configured} route={route} />}
    {t.documentation && <p class="quiet"><Data>{t.documentation}</Data></p>}
    <ul class="plain">{(t.evidence ?? []).map((e, n) => <li key={n} class="quiet">
      <a href={toHash(workspace, "issues", e.issue)}>An issue</a> says: <Data>{e.step}</Data>{(e.words ?? []).length > 0 && <> (words in common: <Data>{(e.words ?? []).join(", ")}</Data>)</>}</li>)}</ul>
  </>;
}

/** Shows where the configuration has a task. */
function Configured({ of: c, route }: { of: NonNullable<NextTask["configured"]>; route: Route }) {
  return <p><span class="badge">configured</span>{" "}
    {c.slx ? <>for the SLX <Data>{c.alias || c.slx}</Data>{c.resource && <> on <Data>{c.resource}</Data></>}{c.task && <>: <Data>{c.task}</Data></>}</>
      : `for ${c.slxs} SLXs, none of which has to do with the issue`}
    {c.path && <>, in <FileLink route={route} path={c.path} /></>}</p>;
}

interface Consent { feature: string; destination: string; inEffect: boolean; workspace?: string; tenant: { state: string }; platform: { state: string } }

function ConsentState({ route }: { route: Route }) {
  const consents = useLoaded((signal) => call<{ consents: Consent[] | null }>("/v1/consents", { signal }).catch((e: unknown) => {
    if (e instanceof Problem && e.status === 403) return null;
    throw e;
  }), []);
  if (!consents.value) return <Fault error={consents.error} />;
  const all = consents.value.consents ?? [];
  const active = all.filter((c) => c.inEffect);
  const half = all.filter((c) => !c.inEffect && (c.tenant.state === "active") !== (c.platform.state === "active"));
  return <>
    <h2>Data for models</h2>
    <p>{active.length === 0 ? "No consent is in effect, so none of your data goes to a model." : `In effect: ${active.map((c) => `${c.feature} (${c.destination})`).join(", ")}.`}
      {half.length > 0 && ` One half is given, and the other is missing: ${half.map((c) => `${c.feature} (${c.destination})`).join(", ")}.`}{" "}
      <a href={toHash(route.workspace, "models")}>Data and models</a></p>
  </>;
}
