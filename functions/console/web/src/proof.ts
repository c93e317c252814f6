// Verifies, in the browser, that an entry is in the published audit log: the checkpoint's signature (c2sp.org/signed-note,
// Ed25519) and the proof of inclusion (c2sp.org/tlog-proof, RFC 6962). It is a file of its own, which a page loads when needed.

export interface Proved { index: number; size: number; origin: string; key: string; root: string }

const proofHeader = "c2sp.org/tlog-proof@v1";
const typeEd25519 = 1;
const maxHashes = 62;
const hashBytes = 32;

type Bytes = Uint8Array<ArrayBuffer>;

const encoder = new TextEncoder();

function join(...parts: Uint8Array[]): Bytes {
  const all = new Uint8Array(parts.reduce((n, p) => n + p.length, 0));
  let at = 0;
  for (const p of parts) { all.set(p, at); at += p.length; }
  return all;
}

async function sha256(...parts: Uint8Array[]): Promise<Bytes> { return new Uint8Array(await crypto.subtle.digest("SHA-256", join(...parts))); }

export function toBase64(bytes: Uint8Array): string { return btoa(String.fromCharCode(...bytes)); }

/** Decodes base64 in its only canonical form. */
function fromBase64(text: string): Bytes {
  let bytes: Bytes;
  try { bytes = Uint8Array.from(atob(text), (c) => c.charCodeAt(0)); } catch { throw new Error("The proof has text that is not base64."); }
  if (toBase64(bytes) !== text) throw new Error("The proof has base64 that is not canonical.");
  return bytes;
}

function equal(a: Uint8Array, b: Uint8Array): boolean { return a.length === b.length && a.every((v, i) => v === b[i]); }

/** Writes a value as canonical JSON: RFC 8785. */
export function canonical(value: unknown): string {
  if (Array.isArray(value)) return "[" + value.map(canonical).join(",") + "]";
  if (value === null || typeof value !== "object") return JSON.stringify(value);
  const object = value as Record<string, unknown>;
  return "{" + Object.keys(object).sort().map((k) => JSON.stringify(k) + ":" + canonical(object[k])).join(",") + "}";
}

function wholeNumber(text: string): number {
  const n = Number(text);
  if (!/^(0|[1-9][0-9]*)$/.test(text) || !Number.isSafeInteger(n)) throw new Error("The proof has a number that is not valid.");
  return n;
}

interface Parsed { index: number; hashes: Bytes[]; checkpoint: string }

function parseProof(text: string): Parsed {
  const end = text.indexOf("\n\n");
  const [header, index = "", ...hashes] = text.slice(0, Math.max(0, end)).split("\n");
  if (header !== proofHeader || !index.startsWith("index ") || hashes.length > maxHashes) throw new Error("The proof does not have the form of c2sp.org/tlog-proof.");
  const decoded = hashes.map(fromBase64);
  if (decoded.some((h) => h.length !== hashBytes)) throw new Error("The proof has a hash that is not of SHA-256.");
  return { index: wholeNumber(index.slice("index ".length)), hashes: decoded, checkpoint: text.slice(end + 2) };
}

interface Key { name: string; hash: Bytes; public: Bytes; text: string }

/** Reads the Ed25519 keys of a list of verifier keys. Keys of other types are left out. */
async function parseKeys(text: string): Promise<Key[]> {
  const keys: Key[] = [];
  for (const line of text.split("\n").map((l) => l.trim()).filter((l) => l !== "")) {
    const match = /^([^\s+]+)\+([0-9a-f]{8})\+(.+)$/.exec(line);
    if (!match) throw new Error("A line of the keys is not a verifier key, such as example.com/log+1a2b3c4d+AbCd…");
    const [, name = "", hex = "", encoded = ""] = match;
    const data = fromBase64(encoded), hash = (await sha256(encoder.encode(name + "\n"), data)).slice(0, 4);
    if ([...hash].map((b) => b.toString(16).padStart(2, "0")).join("") !== hex) throw new Error(`The key of ${name} was changed: its hash is another one.`);
    if (data[0] === typeEd25519 && data.length === 33) keys.push({ name, hash, public: data.slice(1), text: line });
  }
  return keys;
}

async function isSignedBy(key: Key, text: string, signature: Bytes): Promise<boolean> {
  const imported = await crypto.subtle.importKey("raw", key.public, { name: "Ed25519" }, false, ["verify"]);
  return crypto.subtle.verify({ name: "Ed25519" }, imported, signature, encoder.encode(text));
}

interface Checkpoint { origin: string; size: number; root: Bytes; key: Key }

/** Verifies the signature of a checkpoint by a key of its origin. */
async function openCheckpoint(note: string, keys: Key[], path: string): Promise<Checkpoint> {
  const at = note.lastIndexOf("\n\n");
  if (at < 0 || !note.endsWith("\n")) throw new Error("The checkpoint is not a signed note.");
  const text = note.slice(0, at + 1);
  const [origin = "", size = "", root = ""] = text.split("\n");
  if (!origin.endsWith(path)) throw new Error("The checkpoint is of another log.");
  for (const line of note.slice(at + 2).split("\n").filter((l) => l !== "")) {
    const match = /^\u2014 (\S+) (\S+)$/.exec(line);
    if (!match) throw new Error("The checkpoint has a line that is not a signature.");
    const signed = fromBase64(match[2] ?? "");
    const key = keys.find((k) => k.name === match[1] && k.name === origin && equal(k.hash, signed.slice(0, 4)));
    if (!key) continue; // a witness, or a timestamp
    if (!await isSignedBy(key, text, signed.slice(4))) throw new Error("The signature does not belong to the checkpoint: one of them was changed.");
    return { origin, size: wholeNumber(size), root: fromBase64(root), key };
  }
  throw new Error("None of the keys has signed the checkpoint.");
}

/** Calculates the root from a leaf and a proof: RFC 9162, section 2.1.3.2, whose hashes are those of RFC 6962. */
async function rootOf(leaf: Bytes, index: number, size: number, hashes: Bytes[]): Promise<Bytes> {
  const wrong = new Error("The proof does not have as many hashes as the log needs.");
  if (index >= size) throw new Error("The index is not in the log of this checkpoint.");
  const left = new Uint8Array([1]);
  let fn = index, sn = size - 1, root = await sha256(new Uint8Array([0]), leaf);
  for (const h of hashes) {
    if (sn === 0) throw wrong;
    if (fn % 2 === 1 || fn === sn) {
      root = await sha256(left, h, root);
      while (fn % 2 === 0 && fn !== 0) { fn /= 2; sn = Math.floor(sn / 2); }
    } else root = await sha256(left, root, h);
    fn = Math.floor(fn / 2); sn = Math.floor(sn / 2);
  }
  if (sn !== 0) throw wrong;
  return root;
}

/** Verifies that the log at a path has an entry. It throws an error that says what is wrong. */
export async function verify(proof: string, entry: { id: string }, id: string, keys: string, path: string): Promise<Proved> {
  const { index, hashes, checkpoint } = parseProof(proof);
  if (entry.id !== id) throw new Error("The entry has another ID than the receipt.");
  const c = await openCheckpoint(checkpoint, await parseKeys(keys), path);
  const root = await rootOf(encoder.encode(canonical(entry)), index, c.size, hashes);
  if (!equal(root, c.root)) throw new Error("The proof does not lead to the root that is signed: the entry or the log was changed.");
  return { index, size: c.size, origin: c.origin, key: c.key.text, root: toBase64(root) };
}
