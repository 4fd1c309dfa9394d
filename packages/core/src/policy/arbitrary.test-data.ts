import fc from "fast-check";
import { type KubeOperation, type Operation, PREDICATE_USES, type SshOperation } from "../operation.ts";
import { contextOf, kubeOf, operationOf, sshOf } from "./fixtures.test-data.ts";

export const LABEL_NAMES = ["pii.email", "pii.ssn"];
const label = fc.constantFrom(...LABEL_NAMES);
const ALWAYS = ['"dev" in principal.groups', 'resource.env == "prod"', "true", "false"];
/** A rule speaks of the operations of one protocol at most. */
const CONDITIONS = {
  sql: ['sql.kind == "DELETE"', 'sql.reads.exists(l, l == "pii.ssn")', "sql.estimated_rows > 10", "sql.limited"],
  ssh: [
    'ssh.channel in ["exec", "sftp"]',
    'ssh.programs.exists(p, p == "rm")',
    '!("rm" in ssh.programs)',
    "ssh.bytes > 10",
    'ssh.direction == "download" && ssh.path.startsWith("/etc/")',
    'ssh.channel == "sftp" || ssh.programs.all(p, p == "ls")',
  ],
  kube: [
    'kube.verb == "delete"',
    'kube.resource == "pods" && kube.subresource == "exec"',
    'kube.namespace == "prod" && !("sre" in principal.groups)',
    'kube.labels["tier"] == "front"',
    '"app" in kube.labels && kube.verb != "get"',
    'kube.programs.exists(p, p == "rm")',
  ],
} as const;
const protocols = fc.constantFrom("sql" as const, "ssh" as const, "kube" as const);
const outcome = fc.constantFrom(
  "deny: no",
  "review: { by: [group:a] }",
  "review: { by: [group:a, group:b], count: 2 }",
  "mask: { default: token }",
  "mask: { pii.email: email_domain }",
  "budget: { window: 1h, rows: 5 }",
  "recording: { mode: durable }",
);

/** A rule without its id, and of which protocol it speaks. */
export const spokenRule = protocols.chain((protocol) => {
  const condition = fc.constantFrom(...CONDITIONS[protocol], ...ALWAYS);
  return fc
    .record({ outcome, when: fc.option(condition), unless: fc.option(condition) })
    .map(({ outcome: what, when, unless }) => {
      const parts = [what, when === null ? "" : `when: '${when}'`, unless === null ? "" : `unless: '${unless}'`];
      const text = parts.filter((part) => part !== "").join(", ");
      return { protocol, text, speaks: text.includes(`${protocol}.`) };
    });
});
export const rule = spokenRule.map(({ text }) => text);
export const ruleList = fc
  .array(rule, { maxLength: 6 })
  .map((rules) => rules.map((text, index) => `{ id: r${index}, ${text} }`));

const sqlOperation: fc.Arbitrary<Operation> = fc
  .record({
    kind: fc.constantFrom("SELECT", "DELETE"),
    reads: fc.uniqueArray(label),
    opaque: fc.boolean(),
    laundering: fc.boolean(),
    predicates: fc.array(fc.record({ label, use: fc.constantFrom(...PREDICATE_USES), literals: fc.nat(3) }), {
      maxLength: 2,
    }),
    rows: fc.option(fc.nat(100), { nil: undefined }),
  })
  .map(({ kind, rows, ...labels }) => operationOf({ kind }, labels, rows));
const programs = fc.option(fc.subarray(["rm", "ls"]), { nil: undefined });
const transfer = fc.record({
  direction: fc.constantFrom("upload" as const, "download" as const),
  path: fc.constantFrom("/etc/passwd", "/srv/x"),
  bytes: fc.option(fc.nat(20), { nil: undefined }),
});
export const sshOperation: fc.Arbitrary<SshOperation> = fc
  .record({
    channel: fc.constantFrom("exec" as const, "shell" as const, "sftp" as const, "direct-tcpip" as const),
    programs,
    transfer: fc.option(transfer, { nil: undefined }),
  })
  .map(({ channel, programs: started, transfer: moved }) =>
    sshOf({ channel, programs: started, ...(moved !== undefined && { transfer: movedOf(moved) }) }),
  );
export const kubeOperation: fc.Arbitrary<KubeOperation> = fc
  .record({
    verb: fc.constantFrom("get", "create", "delete"),
    subresource: fc.constantFrom("", "exec", "proxy"),
    namespace: fc.constantFrom("prod", "dev", ""),
    labels: fc.option(fc.constantFrom<Record<string, string>>({}, { app: "web" }, { tier: "front" }), {
      nil: undefined,
    }),
    programs,
    unread: fc.option(fc.constant("the body is no JSON"), { nil: undefined }),
  })
  .map(({ unread, ...changes }) => kubeOf({ ...changes, ...(unread !== undefined && { unread }) }));
export const operation = fc.oneof(sqlOperation, sshOperation, kubeOperation);

type Moved = NonNullable<SshOperation["transfer"]>;

function movedOf({ bytes, ...rest }: Omit<Moved, "bytes"> & { readonly bytes?: number | undefined }): Moved {
  return { ...rest, ...(bytes !== undefined && { bytes }) };
}

/** The same, with nothing known of what may be unknown. */
export function unknownParts(of: SshOperation | KubeOperation): Operation {
  if (of.type === "kube") return { ...of, labels: undefined, programs: undefined };
  const { transfer: moved } = of;
  return { ...of, programs: undefined, ...(moved && { transfer: { direction: moved.direction, path: moved.path } }) };
}

export const context = fc
  .record({
    kind: fc.constantFrom("user" as const, "service" as const, "ai_agent" as const),
    groups: fc.subarray(["dev", "sre"]),
  })
  .map((principal) => contextOf(principal));
