import type { RunnableCommand } from "../command.ts";

/** Where a command's file is; only the one that is run gets loaded. */
export interface Entry {
  readonly path: readonly [noun: string, verb?: string];
  readonly summary: string;
  readonly load: () => Promise<RunnableCommand>;
}

/** A program of another package: arguments go to it as they are, `--help` included. */
export interface Passed {
  readonly path: readonly [noun: string, verb?: string];
  readonly summary: string;
  readonly program: "server" | "agent";
  /** Arguments before the given ones. */
  readonly before: readonly string[];
}

export const GROUPS: Readonly<Record<string, string>> = {
  access: "who could reach what, and why",
  agent: "run an agent, or make a join token for one",
  agents: "agents and whether they are online",
  "api-keys": "keys of services and AI agents",
  authorities: "certificate authorities of this installation",
  audit: "who changed, decided or saw what",
  budgets: "what is spent of what a policy allows in a window",
  changes: "what weakens protection and waits for a second person",
  credentials: "secrets used at the targets",
  delegations: "AI agents that act for you",
  demo: "what the demo offers",
  federations: "issuers whose workload tokens are taken",
  emergency: "access when nobody can be asked",
  grants: "who may reach what",
  groups: "sets of principals",
  identity: "identity providers and what they push",
  kube: "clusters behind the gateway, by kubectl and what is like it",
  labels: "which columns carry labels, and which are undecided",
  notifications: "how people are told of what waits for them",
  policy: "what is masked, refused and held",
  principals: "users, services and AI agents",
  requests: "access that is asked for",
  resources: "databases, hosts and clusters that can be reached",
  roles: "what the API lets whom do",
  reviews: "what waits for a person",
  secrets: "your connection secrets",
  sessions: "who did what where; replay, and live",
};

export const PASSED: readonly Passed[] = [
  { path: ["server"], summary: "run control plane and gateway", program: "server", before: [] },
  { path: ["agent", "run"], summary: "run an agent beside its targets", program: "agent", before: ["run"] },
];

export const ENTRIES: readonly Entry[] = [
  {
    path: ["login"],
    summary: "sign in",
    load: async () => (await import("./login/login.ts")).login,
  },
  { path: ["logout"], summary: "sign out", load: async () => (await import("./login/logout.ts")).logout },
  {
    path: ["status"],
    summary: "who you are, what you may reach, what is online",
    load: async () => (await import("./status/status.ts")).status,
  },
  {
    path: ["connect"],
    summary: "prepare native clients to connect",
    load: async () => (await import("./connect/connect.ts")).connect,
  },
  {
    path: ["psql"],
    summary: "psql with a secret of its own",
    load: async () => (await import("./connect/psql.ts")).psql,
  },
  {
    path: ["env"],
    summary: "print PG* variables for a shell",
    load: async () => (await import("./connect/env.ts")).env,
  },
  {
    path: ["exec"],
    summary: "run a command with an identity of its own, or as an AI agent",
    load: async () => (await import("./connect/exec.ts")).exec,
  },
  {
    path: ["ssh"],
    summary: "ssh to a host behind the gateway",
    load: async () => (await import("./ssh/ssh.ts")).ssh,
  },
  {
    path: ["scp"],
    summary: "copy files to and from such hosts",
    load: async () => (await import("./ssh/scp.ts")).scp,
  },
  {
    path: ["ssh-config"],
    summary: "entries for ssh_config: ssh RESOURCE.tw",
    load: async () => (await import("./ssh/ssh-config.ts")).sshConfig,
  },
  {
    path: ["kube", "login"],
    summary: "add a context for a cluster to your kubeconfig",
    load: async () => (await import("./kube/login.ts")).login,
  },
  {
    path: ["kube", "logout"],
    summary: "take your contexts out again and revoke their secrets",
    load: async () => (await import("./kube/logout.ts")).logout,
  },
  {
    path: ["kube", "ls"],
    summary: "clusters that you may reach, and your contexts",
    load: async () => (await import("./kube/ls.ts")).ls,
  },
  {
    path: ["kube", "token"],
    summary: "print a token, as kubectl asks for it",
    load: async () => (await import("./kube/token.ts")).token,
  },
  {
    path: ["apply"],
    summary: "bring everything to what documents say",
    load: async () => (await import("./apply/apply.ts")).apply,
  },
  {
    path: ["policy", "test"],
    summary: "run the tests that stand in the rules",
    load: async () => (await import("./policy/test-rules.ts")).testRules,
  },
  {
    path: ["policy", "explain"],
    summary: "which rule decides about a statement, command or request, and why",
    load: async () => (await import("./policy/explain.ts")).explain,
  },
  {
    path: ["policy", "show"],
    summary: "the policy in force, its versions or its schema",
    load: async () => (await import("./policy/show.ts")).show,
  },
  {
    path: ["sessions", "list"],
    summary: "sessions, the newest first",
    load: async () => (await import("./sessions/list.ts")).list,
  },
  {
    path: ["sessions", "show"],
    summary: "one session",
    load: async () => (await import("./sessions/show.ts")).show,
  },
  {
    path: ["sessions", "replay"],
    summary: "show what happened in a session",
    load: async () => (await import("./sessions/replay.ts")).replay,
  },
  {
    path: ["sessions", "watch"],
    summary: "follow a live session as it happens",
    load: async () => (await import("./sessions/watch.ts")).watch,
  },
  {
    path: ["sessions", "kill"],
    summary: "end a live session",
    load: async () => (await import("./sessions/kill.ts")).kill,
  },
  {
    path: ["sessions", "verify"],
    summary: "is the recording complete and untouched?",
    load: async () => (await import("./sessions/verify.ts")).verify,
  },
  {
    path: ["budgets", "list"],
    summary: "who spent how much of which budget",
    load: async () => (await import("./budgets/list.ts")).list,
  },
  {
    path: ["reviews", "list"],
    summary: "reviews that you may decide or asked for",
    load: async () => (await import("./reviews/list.ts")).list,
  },
  {
    path: ["reviews", "show"],
    summary: "the exact statement, who asks and why",
    load: async () => (await import("./reviews/show.ts")).show,
  },
  {
    path: ["reviews", "approve"],
    summary: "let exactly this statement run, once",
    load: async () => (await import("./reviews/approve.ts")).approve,
  },
  {
    path: ["reviews", "reject"],
    summary: "refuse it",
    load: async () => (await import("./reviews/reject.ts")).reject,
  },
  {
    path: ["request"],
    summary: "ask for access for some time",
    load: async () => (await import("./requests/request.ts")).request,
  },
  {
    path: ["requests", "list"],
    summary: "access requests that wait",
    load: async () => (await import("./requests/list.ts")).list,
  },
  {
    path: ["requests", "show"],
    summary: "who asks for what and why",
    load: async () => (await import("./requests/show.ts")).show,
  },
  {
    path: ["requests", "approve"],
    summary: "let the access begin",
    load: async () => (await import("./requests/approve.ts")).approve,
  },
  {
    path: ["requests", "deny"],
    summary: "deny it",
    load: async () => (await import("./requests/deny.ts")).deny,
  },
  {
    path: ["requests", "return"],
    summary: "withdraw it, or give access back early",
    load: async () => (await import("./requests/give-back.ts")).giveBack,
  },
  {
    path: ["requests", "extend"],
    summary: "ask for more time",
    load: async () => (await import("./requests/extend.ts")).extend,
  },
  {
    path: ["notifications", "list"],
    summary: "channels, and what was sent by them",
    load: async () => (await import("./notifications/list.ts")).list,
  },
  {
    path: ["notifications", "test"],
    summary: "send a test by a channel",
    load: async () => (await import("./notifications/test-channel.ts")).testChannel,
  },
  {
    path: ["changes", "list"],
    summary: "changes that wait for a second person",
    load: async () => (await import("./changes/list.ts")).list,
  },
  {
    path: ["changes", "show"],
    summary: "what a change would weaken",
    load: async () => (await import("./changes/show.ts")).show,
  },
  {
    path: ["changes", "approve"],
    summary: "apply exactly this change",
    load: async () => (await import("./changes/approve.ts")).approve,
  },
  {
    path: ["changes", "reject"],
    summary: "reject it, or withdraw your own",
    load: async () => (await import("./changes/reject.ts")).reject,
  },
  {
    path: ["changes", "mode"],
    summary: "is a second person needed?",
    load: async () => (await import("./changes/mode.ts")).mode,
  },
  {
    path: ["resources", "list"],
    summary: "what you may reach",
    load: async () => (await import("./resources/list.ts")).list,
  },
  {
    path: ["resources", "show"],
    summary: "one resource",
    load: async () => (await import("./resources/show.ts")).show,
  },
  {
    path: ["resources", "add"],
    summary: "add a PostgreSQL database or a Kubernetes cluster",
    load: async () => (await import("./resources/add.ts")).add,
  },
  {
    path: ["resources", "check"],
    summary: "dial it and say what its target role can do",
    load: async () => (await import("./resources/check.ts")).check,
  },
  {
    path: ["credentials", "set"],
    summary: "set the secret of an access level",
    load: async () => (await import("./credentials/set.ts")).set,
  },
  {
    path: ["principals", "list"],
    summary: "users, services and AI agents",
    load: async () => (await import("./principals/list.ts")).list,
  },
  {
    path: ["principals", "add"],
    summary: "add a user, a service or an AI agent",
    load: async () => (await import("./principals/add.ts")).add,
  },
  {
    path: ["principals", "disable"],
    summary: "take away all access, at once",
    load: async () => (await import("./principals/disable.ts")).disable,
  },
  {
    path: ["principals", "enable"],
    summary: "give access back",
    load: async () => (await import("./principals/enable.ts")).enable,
  },
  {
    path: ["principals", "password"],
    summary: "set a new password",
    load: async () => (await import("./principals/password.ts")).password,
  },
  {
    path: ["principals", "reset-factors"],
    summary: "take all second factors of a person who lost them",
    load: async () => (await import("./principals/reset-factors.ts")).resetFactors,
  },
  {
    path: ["groups", "list"],
    summary: "groups and their members",
    load: async () => (await import("./groups/list.ts")).list,
  },
  {
    path: ["roles", "list"],
    summary: "roles and what they permit",
    load: async () => (await import("./roles/list.ts")).list,
  },
  {
    path: ["labels", "list"],
    summary: "labelled and unclassified columns of a resource",
    load: async () => (await import("./labels/list.ts")).list,
  },
  {
    path: ["labels", "accept"],
    summary: "declare unclassified columns harmless",
    load: async () => (await import("./labels/accept.ts")).accept,
  },
  {
    path: ["access", "list"],
    summary: "who could reach what, now or at a date",
    load: async () => (await import("./access/list.ts")).list,
  },
  {
    path: ["access", "explain"],
    summary: "why somebody may reach a resource, or not",
    load: async () => (await import("./access/explain.ts")).explain,
  },
  {
    path: ["emergency", "create"],
    summary: "make an identity for one resource; prints its codes",
    load: async () => (await import("./emergency/create.ts")).create,
  },
  {
    path: ["emergency", "codes"],
    summary: "new codes; the old ones open nothing any more",
    load: async () => (await import("./emergency/codes.ts")).codes,
  },
  {
    path: ["emergency", "list"],
    summary: "identities, and uses that nobody has reviewed",
    load: async () => (await import("./emergency/list.ts")).list,
  },
  {
    path: ["emergency", "use"],
    summary: "break glass: one resource, one hour, told to everybody",
    load: async () => (await import("./emergency/use.ts")).use,
  },
  {
    path: ["emergency", "drill"],
    summary: "try all of it without getting access",
    load: async () => (await import("./emergency/drill.ts")).drill,
  },
  {
    path: ["emergency", "review"],
    summary: "say that a use was looked at",
    load: async () => (await import("./emergency/review.ts")).review,
  },
  {
    path: ["emergency", "end"],
    summary: "end a use before its hour is over",
    load: async () => (await import("./emergency/end.ts")).end,
  },
  {
    path: ["grants", "list"],
    summary: "who may reach what at which level",
    load: async () => (await import("./grants/list.ts")).list,
  },
  {
    path: ["agent", "token"],
    summary: "make a join token, for one agent, once",
    load: async () => (await import("./agent/token.ts")).token,
  },
  {
    path: ["agents", "list"],
    summary: "agents and whether they are online",
    load: async () => (await import("./agents/list.ts")).list,
  },
  {
    path: ["agents", "remove"],
    summary: "take one out of service, or make room for its successor",
    load: async () => (await import("./agents/remove.ts")).remove,
  },
  {
    path: ["secrets", "register-ssh-key"],
    summary: "let a public key of yours log in by SSH",
    load: async () => (await import("./secrets/register-ssh-key.ts")).registerSshKey,
  },
  {
    path: ["secrets", "list"],
    summary: "live connection secrets",
    load: async () => (await import("./secrets/list.ts")).list,
  },
  {
    path: ["secrets", "revoke"],
    summary: "end a connection secret and its sessions",
    load: async () => (await import("./secrets/revoke.ts")).revoke,
  },
  {
    path: ["api-keys", "list"],
    summary: "API keys, their limits and last use",
    load: async () => (await import("./api-keys/list.ts")).list,
  },
  {
    path: ["api-keys", "add"],
    summary: "make one for a service or an AI agent",
    load: async () => (await import("./api-keys/add.ts")).add,
  },
  {
    path: ["api-keys", "rotate"],
    summary: "make a successor; both are good for a while",
    load: async () => (await import("./api-keys/rotate.ts")).rotate,
  },
  {
    path: ["api-keys", "revoke"],
    summary: "end a key and its sessions",
    load: async () => (await import("./api-keys/revoke.ts")).revoke,
  },
  {
    path: ["delegations", "list"],
    summary: "what you have delegated",
    load: async () => (await import("./delegations/list.ts")).list,
  },
  {
    path: ["delegations", "revoke"],
    summary: "end a delegation and its sessions",
    load: async () => (await import("./delegations/revoke.ts")).revoke,
  },
  {
    path: ["federations", "list"],
    summary: "whose workload tokens are taken, and for whom",
    load: async () => (await import("./federations/list.ts")).list,
  },
  {
    path: ["authorities", "list"],
    summary: "what to trust of the certificates that are issued here",
    load: async () => (await import("./authorities/list.ts")).list,
  },
  {
    path: ["authorities", "rotate"],
    summary: "a new key for one of them",
    load: async () => (await import("./authorities/rotate.ts")).rotate,
  },
  {
    path: ["audit", "list"],
    summary: "audit events",
    load: async () => (await import("./audit/list.ts")).list,
  },
  {
    path: ["audit", "verify"],
    summary: "is the chain of audit events whole?",
    load: async () => (await import("./audit/verify.ts")).verify,
  },
  {
    path: ["demo", "attack"],
    summary: "an AI agent with valid access tries the bypass corpus",
    load: async () => (await import("./demo/attack.ts")).attack,
  },
  {
    path: ["completion"],
    summary: "complete commands in bash or zsh",
    load: async () =>
      (await import("./completion/completion.ts")).completionFor([...ENTRIES, ...PASSED].map(({ path }) => path)),
  },
  {
    path: ["help"],
    summary: "help for a command, exit-codes or environment",
    load: async () => (await import("./help/help.ts")).help,
  },
  {
    path: ["identity", "check"],
    summary: "ask each identity provider; the worst-case delay until a leaver is out",
    load: async () => (await import("./identity/check.ts")).check,
  },
  {
    path: ["identity", "list"],
    summary: "list who is which principal at which provider",
    load: async () => (await import("./identity/list.ts")).list,
  },
  {
    path: ["identity", "link"],
    summary: "say which user a provider's subject is",
    load: async () => (await import("./identity/link.ts")).link,
  },
  {
    path: ["identity", "unlink"],
    summary: "unlink a provider's subject",
    load: async () => (await import("./identity/unlink.ts")).unlink,
  },
  {
    path: ["identity", "scim-token"],
    summary: "make a token by which a provider pushes people and groups",
    load: async () => (await import("./identity/scim-token.ts")).scimToken,
  },
  {
    path: ["identity", "scim-tokens"],
    summary: "list the SCIM tokens of a provider, or end one",
    load: async () => (await import("./identity/scim-tokens.ts")).scimTokens,
  },
];
