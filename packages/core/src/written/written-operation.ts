import { z } from "zod";
import { SSH_CHANNELS } from "../operation.ts";
import { readKubectl } from "./read-kubectl.ts";
import { completeKube, kubeText, type WrittenKube } from "./written-kube.ts";
import { refuse, type WrittenProblem } from "./written-result.ts";
import { completeSsh, sshText, type WrittenSsh } from "./written-ssh.ts";

/** An operation as a person writes it, in a test of a rule or to have a verdict explained. */
export type WrittenOperation =
  | { readonly type: "sql"; readonly text: string }
  | { readonly type: "ssh"; readonly text: string; readonly ssh: WrittenSsh }
  | { readonly type: "kube"; readonly text: string; readonly kube: WrittenKube };

export const WRITTEN_TYPES = ["sql", "ssh", "kube"] as const;

/** Name of the protocol whose resources are asked it. */
export const PROTOCOL_OF: Readonly<Record<WrittenOperation["type"], string>> = {
  sql: "postgres",
  ssh: "ssh",
  kube: "kubernetes",
};

/** Longest statement or command, in UTF-16 code units. */
export const MAX_WRITTEN = 64 * 1024;
const line = z.string().min(1).max(MAX_WRITTEN);
const word = z.string().max(1_000);
const name = word.min(1);

const sshObject = z.strictObject({
  channel: z.enum(SSH_CHANNELS),
  command: line
    .optional()
    .describe("command line, typed line, name of a subsystem; of sftp a change, such as `rm /srv/x`"),
  direction: z.enum(["upload", "download"]).optional().describe("of a file, seen from the client"),
  path: line.optional(),
  bytes: z.int().min(0).optional().describe("size of the file; without it unknown, as it is beforehand"),
  host: word.optional().describe("of a forward, or path of its socket"),
  port: z.int().min(0).max(65_535).optional(),
  user: name.optional().describe("login at the target"),
});

const kubeObject = z.strictObject({
  verb: name.describe("get, list, watch, create, update, patch, delete, deletecollection; of a path the method"),
  group: word.optional(),
  version: name.optional(),
  resource: name.optional().describe("`pods`, or as kubectl takes it: `deploy`, `issuers.cert-manager.io`"),
  subresource: name.optional(),
  namespace: word.optional().describe("without it `default`; empty: all of them"),
  name: name.optional(),
  path: line.optional().describe("of what is no resource, such as `/version`"),
  labels: z
    .record(z.string(), z.string())
    .optional()
    .describe("of the object, as it is stored or written; without them unknown"),
  dry_run: z.boolean().optional(),
  container: name.optional(),
  command: z.array(line).max(1_000).optional().describe("of exec, the program first"),
});

/** Keys by which an operation is written; exactly one of them. */
export const writtenShape = {
  sql: line.optional().describe("a statement"),
  ssh: z.union([line, sshObject]).optional().describe("a command line, or what else is asked of an SSH connection"),
  kube: z
    .union([line, kubeObject])
    .optional()
    .describe("a request, such as `delete namespace/payments` or `exec web-1 -n prod -- id`"),
} as const;

const written = z.object(writtenShape);
export type WrittenInput = z.output<typeof written>;

export type ReadWritten =
  | { readonly ok: true; readonly value: WrittenOperation }
  | {
      readonly ok: false;
      readonly problem: WrittenProblem;
      /** The key that it is about, and keys below it. */
      readonly path: readonly string[];
      /** Offsets in the line of that key. */
      readonly span?: { readonly start: number; readonly end: number };
    };

export function readWritten(input: WrittenInput): ReadWritten {
  const given = WRITTEN_TYPES.filter((type) => input[type] !== undefined);
  const [type, second] = given;
  if (type === undefined)
    return { ...refuse("says nothing to be judged", { hint: `write one of ${WRITTEN_TYPES.join(", ")}` }), path: [] };
  if (second !== undefined)
    return { ...refuse(`has both ${type} and ${second}`, { hint: "write one for each" }), path: [second] };
  if (input.ssh !== undefined) return readSsh(input.ssh);
  if (input.kube !== undefined) return readKube(input.kube);
  return { ok: true, value: { type: "sql", text: input.sql ?? "" } };
}

function readSsh(input: NonNullable<WrittenInput["ssh"]>): ReadWritten {
  if (typeof input === "string")
    return { ok: true, value: { type: "ssh", text: input, ssh: { kind: "exec", command: input } } };
  const read = completeSsh(input);
  if (!read.ok) return { ...read, path: ["ssh", ...(read.problem.key === undefined ? [] : [read.problem.key])] };
  return { ok: true, value: { type: "ssh", text: sshText(read.value), ssh: read.value } };
}

function readKube(input: NonNullable<WrittenInput["kube"]>): ReadWritten {
  if (typeof input === "string") {
    const read = readKubectl(input);
    if (!read.ok)
      return { ok: false, problem: read.problem, path: ["kube"], span: { start: read.start, end: read.end } };
    return { ok: true, value: { type: "kube", text: input, kube: read.value } };
  }
  const read = completeKube(input);
  if (!read.ok) return { ...read, path: ["kube", ...(read.problem.key === undefined ? [] : [read.problem.key])] };
  return { ok: true, value: { type: "kube", text: kubeText(read.value), kube: read.value } };
}
