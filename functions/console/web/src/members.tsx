// The members of this workspace: the users with the role viewer who may read it.

import { useState } from "preact/hooks";
import { call } from "./api.ts";
import { Confirm, type Question } from "./confirm.tsx";
import { Data, Empty, Fault, Loading, More, Result, Table, Time, useAction, usePages } from "./parts.tsx";
import { toHash } from "./route.ts";
import type { Shown } from "./settings.tsx";

interface Member { id: string; issuer?: string; subject: string; owner: string; added?: string; entry?: string }

export function Members({ route, tenant: t }: Shown) {
  const path = `/v1/tenant/workspaces/${encodeURIComponent(route.workspace)}/members`;
  const members = usePages(async (token, signal) => {
    const page = await call<{ members: Member[] | null; nextPageToken?: string }>(path + "?pageSize=50" + (token ? "&pageToken=" + encodeURIComponent(token) : ""), { signal });
    return { items: page.members ?? [], next: page.nextPageToken ?? "" };
  }, [path]);
  const [question, setQuestion] = useState<Question | null>(null);
  const action = useAction();
  const isAdmin = t.role === "admin";
  const remove = (m: Member) => action.run(async () => {
    try { await call(`${path}/${encodeURIComponent(m.id)}`, { method: "DELETE" }); } finally { members.again(); }
    return "The membership has ended. The next request of this user is refused.";
  });
  const ask = (m: Member): Question => ({
    title: "Remove the member?", action: "Remove it", run: () => { void remove(m); },
    text: <p><Data>{m.subject}</Data> cannot read <Data>{route.workspace}</Data> any more, from the next request on. Other workspaces are not affected.</p>,
  });
  return <section aria-label="Members">
    <h2>Members of <Data>{route.workspace}</Data></h2>
    <p>A user with the role viewer reads the workspaces in which the user is a member. All other roles need no membership.</p>
    <Fault error={members.error} again={members.again} />
    {members.items === null ? !members.error && <Loading /> : members.items.length === 0 ? <Empty>The workspace has no members. {isAdmin ? "Add one below." : "An admin can add one."}</Empty>
      : <Table label="Members" columns={["Subject", "Issuer", "Added", "Who removes it"]}>{members.items.map((m) => <tr key={m.id}>
        <td><Data>{m.subject}</Data></td><td>{m.issuer ? <Data>{m.issuer}</Data> : "unknown until Terraform is applied again"}</td>
        <td>{m.entry ? <a href={toHash(route.workspace, "audit", m.entry)}><Time at={m.added} /></a> : "by Terraform"}</td>
        <td>{m.owner === "terraform" ? "Terraform" : isAdmin ? <button type="button" disabled={action.busy} aria-label={`Remove ${m.subject}`} onClick={() => setQuestion(ask(m))}>Remove</button> : "an admin"}</td></tr>)}</Table>}
    <More of={members} />
    <Result action={action} />
    {question && <Confirm question={question} close={() => setQuestion(null)} />}
    {isAdmin && <Add path={path} added={members.again} />}
  </section>;
}

function Add({ path, added }: { path: string; added: () => void }) {
  const [issuer, setIssuer] = useState("");
  const [subject, setSubject] = useState("");
  const action = useAction();
  const add = () => action.run(async () => {
    await call(path, { body: { issuer: issuer.trim(), subject: subject.trim() } });
    setSubject("");
    added();
    return "The user is a member, from the next request on.";
  });
  return <>
    <h3>Add a member</h3>
    <form class="fields" onSubmit={(e) => { e.preventDefault(); void add(); }}>
      <label>Issuer <input name="issuer" required autocomplete="off" spellcheck={false} value={issuer} onInput={(e) => setIssuer(e.currentTarget.value)} /> <span class="quiet">exact iss of the user's tokens</span></label>
      <label>Subject <input name="subject" required maxLength={255} autocomplete="off" spellcheck={false} value={subject} onInput={(e) => setSubject(e.currentTarget.value)} /> <span class="quiet">exact sub of the user's tokens</span></label>
      <button type="submit" disabled={action.busy}>Add the member</button>
    </form>
    <Result action={action} />
  </>;
}
