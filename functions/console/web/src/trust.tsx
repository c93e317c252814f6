// Whose tokens the tenant accepts, and the rules that give them a role.

import { useState } from "preact/hooks";
import { call } from "./api.ts";
import { Confirm, type Question } from "./confirm.tsx";
import { Command, Data, Fault, Loading, Result, Table, Time, useAction, useLoaded } from "./parts.tsx";
import { toHash } from "./route.ts";
import type { Shown } from "./settings.tsx";
import { count } from "./tenant.ts";

interface Claim { name: string; value: string }
interface Rule {
  id?: string; owner: string; issuer: string; claims: Claim[] | null; role: string; workspaces?: string[]; added?: string; everyone?: string; entry?: string; problem?: string;
}
interface Issuer { issuer: string; jwksUrl?: string; clientIds?: string[]; keys: string[] | null; unusableKeys: { index: number; keyId?: string; reason: string }[] | null; problem?: string }
interface Trusted { issuers: Issuer[] | null; rules: Rule[] | null }
interface Tested {
  verified: boolean; candidate: boolean; problem?: string; issuer?: string; subject?: string; role?: string; workspaces?: string[];
  rules: (Rule & { candidate: boolean; matches: boolean; differ: { name: string; reason: string }[] | null })[] | null;
}

const path = "/v1/tenant/trust";
const roles = ["viewer", "auditor", "admin", "runner"];

export function Trust({ route, tenant: t }: Shown) {
  const loaded = useLoaded((signal) => call<Trusted>(path, { signal }), []);
  const [question, setQuestion] = useState<Question | null>(null);
  const action = useAction();
  const isAdmin = t.role === "admin";
  const remove = (r: Rule) => action.run(async () => {
    try { await call(`${path}/rules/${encodeURIComponent(r.id ?? "")}`, { method: "DELETE" }); } finally { loaded.again(); }
    return "The rule is removed. Every process has seen it within a minute.";
  });
  const ask = (r: Rule): Question => ({
    title: "Remove the rule?", action: "Remove it", run: () => { void remove(r); },
    text: <p>Tokens with <Claims of={r} /> lose the role {r.role} within a minute.</p>,
  });
  return <section aria-label="Trust">
    <h2>Trust</h2>
    <p>A rule gives a role to the tokens of an issuer. Terraform has the issuers and its own rules, which are tried first. The first rule that matches applies.</p>
    <Fault error={loaded.error} again={loaded.again} />
    {!loaded.value ? !loaded.error && <Loading /> : <>
      <ul>{(loaded.value.issuers ?? []).map((i, n) => <li key={n}><OneIssuer of={i} /></li>)}</ul>
      <Table label="Rules of trust" columns={["Role", "Claims", "Issuer", "Added", "Who removes it"]}>{(loaded.value.rules ?? []).map((r, n) => <tr key={n}>
        <td>{r.role}{r.workspaces && <> in <Data>{r.workspaces.join(", ")}</Data></>}</td><td><Claims of={r} />{r.problem && <p class="to-do">{r.problem}</p>}</td><td><Data>{r.issuer}</Data></td>
        <td>{r.entry ? <a href={toHash(route.workspace, "audit", r.entry)}><Time at={r.added} /></a> : "by Terraform"}</td>
        <td>{r.owner === "terraform" ? "Terraform" : isAdmin ? <button type="button" disabled={action.busy} aria-label={`Remove the rule for ${(r.claims ?? []).map((c) => c.name + "=" + c.value).join(" ")}`} onClick={() => setQuestion(ask(r))}>Remove</button> : "an admin"}</td></tr>)}</Table>
    </>}
    <Result action={action} />
    {question && <Confirm question={question} close={() => setQuestion(null)} />}
    {isAdmin && <Try added={loaded.again} />}
    <Command>strongroom tenant trust ls</Command>
  </section>;
}

function Claims({ of: r }: { of: Rule }) {
  return <Data>{(r.claims ?? []).map((c) => c.name + " = " + c.value).join(", ")}</Data>;
}

function OneIssuer({ of: i }: { of: Issuer }) {
  return <>
    <Data>{i.issuer}</Data>: {i.problem ?? count((i.keys ?? []).length, "key") + " can verify its tokens."}
    {(i.unusableKeys ?? []).map((k) => <p key={k.index} class="to-do">Key {k.index + 1}{k.keyId && <> (<Data>{k.keyId}</Data>)</>} cannot be used: {k.reason}.</p>)}
  </>;
}

/** Returns the issuer and the subject of a token, which the platform verifies. */
function ownerOf(token: string): { issuer: string; subject: string } | null {
  try {
    const text = atob((token.split(".")[1] ?? "").replace(/-/g, "+").replace(/_/g, "/"));
    const claims = JSON.parse(new TextDecoder().decode(Uint8Array.from(text, (c) => c.charCodeAt(0)))) as { iss?: unknown; sub?: unknown };
    return typeof claims.iss === "string" && typeof claims.sub === "string" ? { issuer: claims.iss, subject: claims.sub } : null;
  } catch { return null; }
}

/** Tests a pasted token, and adds a rule for it. The token stays in memory until the page is left or the rule is added. */
function Try({ added }: { added: () => void }) {
  const [token, setToken] = useState("");
  const [role, setRole] = useState("");
  const [workspaces, setWorkspaces] = useState("");
  const [tested, setTested] = useState<Tested | null>(null);
  const action = useAction();
  const rule = () => {
    const owner = ownerOf(token.trim());
    if (!role || !owner) return undefined;
    return { issuer: owner.issuer, role, claims: [{ name: "sub", value: owner.subject }], ...(role === "runner" ? { workspaces: workspaces.split(/[\s,]+/).filter(Boolean) } : {}) };
  };
  const changed = () => setTested(null);
  const test = () => action.run(async () => {
    setTested(null);
    const r = rule();
    setTested(await call<Tested>(path + "/test", { body: { token: token.trim(), ...(r ? { rule: r } : {}) } }));
    return "The token is tested.";
  });
  const add = () => action.run(async () => {
    const r = await call<Rule>(path + "/rules", { body: { token: token.trim(), rule: rule() } });
    setToken(""); setTested(null); setRole("");
    added();
    return `The rule is added: it gives the role ${r.role}. Every process has seen it within a minute.`;
  });
  return <>
    <h3>Test a token</h3>
    <p>Paste the token that a person or a program would send. It is not stored. With a role, a rule for its subject is tried, and can be added if it works.</p>
    <form class="fields" onSubmit={(e) => { e.preventDefault(); void test(); }}>
      <label>Token <textarea name="trust-token" required maxLength={16384} rows={3} autocomplete="off" spellcheck={false} translate={false} value={token} onInput={(e) => { setToken(e.currentTarget.value); changed(); }} /></label>
      <label>Role of a new rule <select name="trust-role" value={role} onChange={(e) => { setRole(e.currentTarget.value); changed(); }}>
        <option value="">none: only test</option>{roles.map((r) => <option key={r} value={r}>{r}</option>)}</select></label>
      {role === "runner" && <label>Workspaces <input name="trust-workspaces" required autocomplete="off" spellcheck={false} value={workspaces} onInput={(e) => { setWorkspaces(e.currentTarget.value); changed(); }} /> <span class="quiet">in which it may write, separated by spaces</span></label>}
      {role === "admin" && <p class="to-do">An admin who is added here may be a second account of yours, so this admin cannot confirm what needs two persons.</p>}
      <button type="submit" disabled={action.busy}>Test the token</button>
      {tested?.candidate && <button type="button" disabled={action.busy} onClick={() => { void add(); }}>Add the rule</button>}
    </form>
    <Result action={action} />
    {tested && <Explained of={tested} />}
  </>;
}

function Explained({ of: t }: { of: Tested }) {
  if (!t.verified) return <p class="to-do">The token is not accepted: {t.problem}.</p>;
  return <>
    <p><Data>{t.subject}</Data> {t.role ? <>gets the role <strong>{t.role}</strong>{t.candidate && " by the new rule, which is not added yet"}.</> : "gets no role: no rule matches."}</p>
    <Table label="Rules that were tried" columns={["Role", "Claims", "Result"]}>{(t.rules ?? []).map((r, n) => <tr key={n}>
      <td>{r.role}</td><td><Claims of={r} />{r.candidate && " (new)"}</td><td>{r.matches ? "✓ matches" : "✕ " + (r.differ ?? []).map((d) => d.name + " is " + d.reason).join(", ")}</td></tr>)}</Table>
  </>;
}
