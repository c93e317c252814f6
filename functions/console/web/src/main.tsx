import { render } from "preact";
import { useEffect, useLayoutEffect, useState } from "preact/hooks";
import { Audit } from "./audit.tsx";
import { getSession, onSession, Problem, type Session, signOut, staffName } from "./api.ts";
import { Configuration } from "./config.tsx";
import { Exports } from "./exports.tsx";
import { GraphPage } from "./graph.tsx";
import { Help } from "./help.tsx";
import { IssuePage } from "./issue-page.tsx";
import { Issues } from "./issues.tsx";
import { listen } from "./keys.ts";
import { AdminPage } from "./lazy.tsx";
import { Models } from "./models.tsx";
import { OutputPage } from "./output.tsx";
import { Overview } from "./overview.tsx";
import { forgetPlaces } from "./place.ts";
import { Platform } from "./platform.tsx";
import { Data, Fault } from "./parts.tsx";
import { parseRoute, rememberPlace, restorePlace, toHash } from "./route.ts";
import { RunPage, Runs } from "./runs.tsx";
import { SignInAgain } from "./sign-in-again.tsx";
import { SLIPage, SLIs } from "./slis.tsx";

type PageList = readonly (readonly [string, string, string])[];

const tenantPages: PageList = [["overview", "Overview", "o"], ["issues", "Issues", "i"], ["runs", "Runs", "r"], ["slis", "SLIs", "s"],
  ["graph", "Graph", "h"], ["config", "Configuration", "t"], ["exports", "Exports", "e"], ["audit", "Audit", "a"], ["models", "Data and models", "m"], ["settings", "Keys and settings", "k"]];

const staffPages: PageList = [["platform", "Platform", "p"], ["tenants", "Tenants", "n"], ["audit", "Audit", "a"]];

function SignIn() {
  return <main class="sign-in">
    <h1>Strongroom</h1>
    <form action="/console/sign-in" onSubmit={rememberPlace}>
      <label for="tenant">Tenant ID</label>
      <input id="tenant" name="tenant" required pattern="[a-z0-9\-]{1,63}" autocomplete="organization" spellcheck={false} />
      <button type="submit">Sign in</button>
    </form>
    <p class="quiet">Your tenant's administrator knows its ID. The platform's staff sign in as <code>platform</code>.</p>
  </main>;
}

function Page({ session, hash }: { session: Session; hash: string }) {
  const isStaff = session.tenant === staffName;
  const route = parseRoute(hash, isStaff ? ["-"] : session.workspaces ?? []);
  if (isStaff) return route.page === "audit" ? <Audit route={route} session={session} /> : route.page === "tenants" ? <AdminPage of="Tenants" route={route} /> : <Platform route={route} />;
  if (!route.workspace) return <p>No workspace is configured for this sign-in. Ask your administrator.</p>;
  switch (route.page) {
    case "issues": return route.id ? <IssuePage route={route} /> : <Issues route={route} />;
    case "runs": return route.output ? <OutputPage route={route} /> : route.id ? <RunPage route={route} /> : <Runs route={route} />;
    case "slis": return route.id ? <SLIPage route={route} /> : <SLIs route={route} />;
    case "audit": return <Audit route={route} session={session} />;
    case "graph": return <GraphPage route={route} />;
    case "config": return <Configuration route={route} />;
    case "exports": return <Exports route={route} />;
    case "models": return <Models route={route} />;
    case "settings": return <AdminPage of="Settings" route={route} />;
    default: return <Overview route={route} />;
  }
}

function App() {
  const [session, setSession] = useState<Session | null>(null);
  const [error, setError] = useState<unknown>(null);
  const [hash, setHash] = useState(location.hash);
  const [help, setHelp] = useState(false);
  const [ended, setEnded] = useState(false);
  useEffect(() => {
    onSession((event) => {
      setEnded(event === "ended");
      if (event === "out") { setSession(null); setError(new Problem(401, "unauthenticated", "You signed out.", "")); }
    });
    getSession().then((s) => { restorePlace(); setHash(location.hash); setSession(s); }, setError);
    history.scrollRestoration = "manual"; // a page restores its place when its content is there
    let path = location.hash.split("?")[0];
    const changed = () => {
      setHash(location.hash);
      if (path === location.hash.split("?")[0]) return;
      path = location.hash.split("?")[0];
      scrollTo(0, 0);
      document.querySelector<HTMLElement>("main")?.focus({ preventScroll: true });
    };
    addEventListener("hashchange", changed);
    return () => removeEventListener("hashchange", changed);
  }, []);
  const isStaff = session?.tenant === staffName;
  const pages = isStaff ? staffPages : tenantPages;
  const route = parseRoute(hash, isStaff ? ["-"] : session?.workspaces ?? []);
  useLayoutEffect(() => listen({ // before anybody sees the pages that the keys open
    help: () => setHelp((on) => !on),
    open: (key) => {
      const page = pages.find(([, , k]) => k === key);
      if (page) { forgetPlaces(); location.hash = toHash(route.workspace, page[0]); }
      return page !== undefined;
    },
  }), [route.workspace, pages]);
  if (error instanceof Problem && error.status === 401) return <SignIn />;
  if (error) return <main class="sign-in"><Fault error={error} again={() => location.reload()} /></main>;
  if (!session) return <main class="sign-in" aria-busy="true"><p>Loading…</p></main>;
  return <>
    <a class="skip" href="#main" onClick={(e) => { e.preventDefault(); document.getElementById("main")?.focus(); }}>Skip to the content</a>
    <header>
      <strong>Strongroom</strong>
      {!isStaff && <label>Workspace <select name="workspace" value={route.workspace} onChange={(e) => { location.hash = toHash(e.currentTarget.value, route.page); }}>
        {(session.workspaces ?? []).map((w) => <option key={w}>{w}</option>)}</select></label>}
      <nav aria-label="Pages">{pages.map(([page, name]) =>
        <a key={page} href={toHash(route.workspace, page)} onClick={forgetPlaces} aria-current={route.page === page || isStaff && page === "platform" && !pages.some(([p]) => p === route.page) ? "page" : undefined}>{name}</a>)}</nav>
      <span class="who"><Data>{session.name}</Data> of <Data>{session.tenant}</Data>
        <button type="button" onClick={() => setHelp(!help)}>Help</button>
        <button type="button" onClick={() => { void signOut().then(() => location.replace("/console")); }}>Sign out</button></span>
    </header>
    {ended && <SignInAgain tenant={session.tenant} />}
    {help && <Help pages={pages} close={() => setHelp(false)} />}
    <main id="main" tabIndex={-1} key={hash.split("?")[0]}><Page session={session} hash={hash} /></main>
  </>;
}

const root = document.getElementById("app");
if (root) render(<App />, root);
