import type { SqlComparedValue, StatementFacts } from "./sql-facts.ts";

/** How a labelled column takes part in deciding which rows, how many, or in what order (masking-and-policy.md, rule 4). */
export const PREDICATE_USES = ["equality", "join", "order", "pattern", "expression"] as const;

export type PredicateUse = (typeof PREDICATE_USES)[number];

/** One way in which a statement uses a label to choose rows. */
export interface LabelPredicate {
  readonly label: string;
  readonly use: PredicateUse;
  /** How many literals and parameters it is compared with; an array in a parameter counts as one here. */
  readonly literals: number;
  /** Those of them that are known; absent = none. */
  readonly values?: readonly SqlComparedValue[];
}

/** Labels as the target's catalog resolves them for one statement; the union over everything the statement can touch. */
export interface LabelUse {
  /** Labels of columns that are read in any place, sorted. */
  readonly reads: readonly string[];
  /** Labels of columns that are written, sorted. */
  readonly writes: readonly string[];
  readonly predicates: readonly LabelPredicate[];
  /** Labelled values would flow into a place that carries no label: always refused (rule 5). */
  readonly laundering: boolean;
  /** The statement touches something the catalog or the analyser does not know: masked, and counted as sensitive. */
  readonly opaque: boolean;
  /** Absent: all code that it runs came with the server or has been read. */
  readonly unread?: UnreadCode;
}

/**
 * Functions of the database that nobody has read. Whether one fails, how many rows it gives and what it returns may tell
 * anything about values of these labels: the same as an expression over them that decides something.
 */
export interface UnreadCode {
  /** `schema.name`, sorted. */
  readonly names: readonly string[];
  readonly labels: readonly string[];
}

export const NO_LABELS: LabelUse = { reads: [], writes: [], predicates: [], laundering: false, opaque: false };

/** Everything that any of them does. */
export function mergeUses(uses: readonly LabelUse[]): LabelUse {
  const [first] = uses;
  if (uses.length <= 1) return first ?? NO_LABELS;
  const unread = mergeUnread(uses.map((use) => use.unread));
  return {
    reads: union(uses.map((use) => use.reads)),
    writes: union(uses.map((use) => use.writes)),
    predicates: uses.flatMap((use) => use.predicates),
    laundering: uses.some((use) => use.laundering),
    opaque: uses.some((use) => use.opaque),
    ...(unread !== undefined && { unread }),
  };
}

export function mergeUnread(all: readonly (UnreadCode | undefined)[]): UnreadCode | undefined {
  const found = all.filter((one) => one !== undefined);
  if (found.length < 2) return found[0];
  return { names: union(found.map(({ names }) => names)), labels: union(found.map(({ labels }) => labels)) };
}

function union(lists: readonly (readonly string[])[]): readonly string[] {
  return [...new Set(lists.flat())].sort();
}

/** One thing asked of a target. `labels` and `facts` are resolved before the policy sees it. */
export type Operation = SqlOperation | SshOperation | KubeOperation | UnknownOperation;

export interface SqlOperation {
  readonly type: "sql";
  readonly facts: StatementFacts;
  readonly labels: LabelUse;
  /** From a plain EXPLAIN, only when a rule names it; undefined = unknown, which makes such a rule match. */
  readonly estimatedRows?: number;
}

/** What a client may ask an SSH connection for; each is judged by itself (RFC 4254). */
export const SSH_CHANNELS = [
  /** An interactive shell. */
  "shell",
  /** A command line for the target's shell. */
  "exec",
  /** A line typed in a terminal, as the emulated screen shows it at Enter: an audit aid. */
  "typed",
  /** A subsystem other than sftp. */
  "subsystem",
  /** One file moved, by whatever means. */
  "sftp",
  "scp",
  "rsync",
  "redirect",
  /** `-L`, `-D`, `-W`: a connection that the target opens. */
  "direct-tcpip",
  "direct-streamlocal",
  /** `-R`: a port that the target opens. */
  "tcpip-forward",
  "streamlocal-forward",
  "auth-agent",
  "x11",
] as const;

export type SshChannel = (typeof SSH_CHANNELS)[number];

export interface SshOperation {
  readonly type: "ssh";
  readonly channel: SshChannel;
  /** Login at the target; undefined = not known, as in a test of a rule that names none. */
  readonly user: string | undefined;
  /** Command line, typed line or name of a subsystem; empty otherwise. */
  readonly command: string;
  /** Names of the programs that `command` starts, without folder; undefined = it cannot be read. */
  readonly programs: readonly string[] | undefined;
  /** Of a file: from the client's point of view. Several files of one command are one operation each where they can be told. */
  readonly transfer?: {
    readonly direction: "upload" | "download";
    readonly path: string;
    /** Undefined = not known beforehand. */
    readonly bytes?: number;
  };
  /** Of a forward: what is connected to or listened on; the path of a socket has port 0. */
  readonly forward?: { readonly host: string; readonly port: number };
}

/** One request to the Kubernetes API, as its own authorisation sees it (RBAC attributes of a request). */
export interface KubeOperation {
  readonly type: "kube";
  /**
   * get, list, watch, create, update, patch, delete, deletecollection; whatever opens a stream into a container (exec,
   * attach, portforward) is `create`, by either method. Of a path that is no resource: the HTTP method in lower case.
   */
  readonly verb: string;
  /** API group; empty: the core group. */
  readonly group: string;
  readonly version: string;
  /** Plural, such as `pods`; empty: the path is no resource. */
  readonly resource: string;
  /** `typed`: a line typed in a terminal of exec or attach, as the emulated screen shows it at Enter: an audit aid. */
  readonly subresource: string;
  /** Of a namespace: its own name. Empty: all of them, or none. */
  readonly namespace: string;
  /** Empty: all of them, or a name that the server makes. */
  readonly name: string;
  /** Path of the URL, without query. */
  readonly path: string;
  /**
   * Of the object: as it is stored and as it is written. Undefined = not known; of lists it is empty, since each of their objects
   * is judged by itself.
   */
  readonly labels: Readonly<Record<string, string>> | undefined;
  readonly dryRun: boolean;
  /** Of exec and attach; empty: the pod's only or default one. */
  readonly container: string;
  /** Arguments of exec, the program first; of a typed line the line. */
  readonly command: readonly string[];
  /** Names of the programs that `command` starts, without folder; undefined = it cannot be read. */
  readonly programs: readonly string[] | undefined;
  /** Where, in what is written, a value stands that is one of our masks: it would replace the true one. */
  readonly writesMask?: string;
  /** It would bring a value that is masked to a place where it is not, or tell whether a guess of it is right. */
  readonly launders?: KubeLaundering;
  /** Why what is written cannot be read; absent = it was read, or nothing is written. */
  readonly unread?: string;
}

export interface KubeLaundering {
  /** Such as `copies /data/password`. */
  readonly what: string;
  /** Labels that the value may carry; absent = any. */
  readonly labels?: readonly string[];
}

/** What no analyser understands: refused unless the policy says otherwise. */
export interface UnknownOperation {
  readonly type: "unknown";
  readonly reason: "syntax" | "too_large" | "nul" | "too_deep" | "analyser" | "function_call" | "replication";
  readonly message: string;
}

export function operationKind(operation: Operation): string {
  switch (operation.type) {
    case "sql":
      return operation.facts.kind;
    case "ssh":
      return `ssh ${operation.channel}`;
    case "kube":
      return `kube ${operation.verb} ${kubeResource(operation)}`;
    case "unknown":
      return `UNKNOWN (${operation.reason})`;
  }
}

/** As `kubectl auth can-i` writes it: `deployments.apps/scale`; of what is no resource its path. */
export function kubeResource({
  resource,
  group,
  subresource,
  path,
}: Pick<KubeOperation, "resource" | "group" | "subresource" | "path">): string {
  if (resource === "") return path;
  return `${resource}${group === "" ? "" : `.${group}`}${subresource === "" ? "" : `/${subresource}`}`;
}
