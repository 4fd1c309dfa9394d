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

function entry(words: string, summary: string, load: Entry["load"]): Entry {
  const [noun = "", verb] = words.split(" ");
  return { path: verb === undefined ? [noun] : [noun, verb], summary, load };
}

export const ENTRIES: readonly Entry[] = [
  entry("login", "sign in", async () => (await import("./login/login.ts")).login),
  entry("logout", "sign out", async () => (await import("./login/logout.ts")).logout),
  entry(
    "status",
    "who you are, what you may reach, what is online",
    async () => (await import("./status/status.ts")).status,
  ),
  entry("connect", "prepare native clients to connect", async () => (await import("./connect/connect.ts")).connect),
  entry("psql", "psql with a secret of its own", async () => (await import("./connect/psql.ts")).psql),
  entry("env", "print PG* variables for a shell", async () => (await import("./connect/env.ts")).env),
  entry(
    "exec",
    "run a command with an identity of its own, or as an AI agent",
    async () => (await import("./connect/exec.ts")).exec,
  ),
  entry("ssh", "ssh to a host behind the gateway", async () => (await import("./ssh/ssh.ts")).ssh),
  entry("scp", "copy files to and from such hosts", async () => (await import("./ssh/scp.ts")).scp),
  entry(
    "ssh-config",
    "entries for ssh_config: ssh RESOURCE.tw",
    async () => (await import("./ssh/ssh-config.ts")).sshConfig,
  ),
  entry(
    "kube login",
    "add a context for a cluster to your kubeconfig",
    async () => (await import("./kube/login.ts")).login,
  ),
  entry(
    "kube logout",
    "take your contexts out again and revoke their secrets",
    async () => (await import("./kube/logout.ts")).logout,
  ),
  entry("kube ls", "clusters that you may reach, and your contexts", async () => (await import("./kube/ls.ts")).ls),
  entry("kube token", "print a token, as kubectl asks for it", async () => (await import("./kube/token.ts")).token),
  entry("apply", "bring everything to what documents say", async () => (await import("./apply/apply.ts")).apply),
  entry(
    "policy test",
    "run the tests that stand in the rules",
    async () => (await import("./policy/test-rules.ts")).testRules,
  ),
  entry(
    "policy explain",
    "which rule decides about a statement, command or request, and why",
    async () => (await import("./policy/explain.ts")).explain,
  ),
  entry(
    "policy show",
    "the policy in force, its versions or its schema",
    async () => (await import("./policy/show.ts")).show,
  ),
  entry("sessions list", "sessions, the newest first", async () => (await import("./sessions/list.ts")).list),
  entry("sessions show", "one session", async () => (await import("./sessions/show.ts")).show),
  entry(
    "sessions replay",
    "show what happened in a session",
    async () => (await import("./sessions/replay.ts")).replay,
  ),
  entry(
    "sessions watch",
    "follow a live session as it happens",
    async () => (await import("./sessions/watch.ts")).watch,
  ),
  entry("sessions kill", "end a live session", async () => (await import("./sessions/kill.ts")).kill),
  entry(
    "sessions verify",
    "is the recording complete and untouched?",
    async () => (await import("./sessions/verify.ts")).verify,
  ),
  entry("budgets list", "who spent how much of which budget", async () => (await import("./budgets/list.ts")).list),
  entry(
    "reviews list",
    "reviews that you may decide or asked for",
    async () => (await import("./reviews/list.ts")).list,
  ),
  entry("reviews show", "the exact statement, who asks and why", async () => (await import("./reviews/show.ts")).show),
  entry(
    "reviews approve",
    "let exactly this statement run, once",
    async () => (await import("./reviews/approve.ts")).approve,
  ),
  entry("reviews reject", "refuse it", async () => (await import("./reviews/reject.ts")).reject),
  entry("request", "ask for access for some time", async () => (await import("./requests/request.ts")).request),
  entry("requests list", "access requests that wait", async () => (await import("./requests/list.ts")).list),
  entry("requests show", "who asks for what and why", async () => (await import("./requests/show.ts")).show),
  entry("requests approve", "let the access begin", async () => (await import("./requests/approve.ts")).approve),
  entry("requests deny", "deny it", async () => (await import("./requests/deny.ts")).deny),
  entry(
    "requests return",
    "withdraw it, or give access back early",
    async () => (await import("./requests/give-back.ts")).giveBack,
  ),
  entry("requests extend", "ask for more time", async () => (await import("./requests/extend.ts")).extend),
  entry(
    "notifications list",
    "channels, and what was sent by them",
    async () => (await import("./notifications/list.ts")).list,
  ),
  entry(
    "notifications test",
    "send a test by a channel",
    async () => (await import("./notifications/test-channel.ts")).testChannel,
  ),
  entry("changes list", "changes that wait for a second person", async () => (await import("./changes/list.ts")).list),
  entry("changes show", "what a change would weaken", async () => (await import("./changes/show.ts")).show),
  entry("changes approve", "apply exactly this change", async () => (await import("./changes/approve.ts")).approve),
  entry("changes reject", "reject it, or withdraw your own", async () => (await import("./changes/reject.ts")).reject),
  entry("changes mode", "is a second person needed?", async () => (await import("./changes/mode.ts")).mode),
  entry("resources list", "what you may reach", async () => (await import("./resources/list.ts")).list),
  entry("resources show", "one resource", async () => (await import("./resources/show.ts")).show),
  entry(
    "resources add",
    "add a PostgreSQL database or a Kubernetes cluster",
    async () => (await import("./resources/add.ts")).add,
  ),
  entry(
    "resources check",
    "dial it and say what its target role can do",
    async () => (await import("./resources/check.ts")).check,
  ),
  entry("credentials set", "set the secret of an access level", async () => (await import("./credentials/set.ts")).set),
  entry("principals list", "users, services and AI agents", async () => (await import("./principals/list.ts")).list),
  entry(
    "principals add",
    "add a user, a service or an AI agent",
    async () => (await import("./principals/add.ts")).add,
  ),
  entry(
    "principals disable",
    "take away all access, at once",
    async () => (await import("./principals/disable.ts")).disable,
  ),
  entry("principals enable", "give access back", async () => (await import("./principals/enable.ts")).enable),
  entry("principals password", "set a new password", async () => (await import("./principals/password.ts")).password),
  entry(
    "principals reset-factors",
    "take all second factors of a person who lost them",
    async () => (await import("./principals/reset-factors.ts")).resetFactors,
  ),
  entry("groups list", "groups and their members", async () => (await import("./groups/list.ts")).list),
  entry("roles list", "roles and what they permit", async () => (await import("./roles/list.ts")).list),
  entry(
    "labels list",
    "labelled and unclassified columns of a resource",
    async () => (await import("./labels/list.ts")).list,
  ),
  entry(
    "labels accept",
    "declare unclassified columns harmless",
    async () => (await import("./labels/accept.ts")).accept,
  ),
  entry("access list", "who could reach what, now or at a date", async () => (await import("./access/list.ts")).list),
  entry(
    "access explain",
    "why somebody may reach a resource, or not",
    async () => (await import("./access/explain.ts")).explain,
  ),
  entry(
    "emergency create",
    "make an identity for one resource; prints its codes",
    async () => (await import("./emergency/create.ts")).create,
  ),
  entry(
    "emergency codes",
    "new codes; the old ones open nothing any more",
    async () => (await import("./emergency/codes.ts")).codes,
  ),
  entry(
    "emergency list",
    "identities, and uses that nobody has reviewed",
    async () => (await import("./emergency/list.ts")).list,
  ),
  entry(
    "emergency use",
    "break glass: one resource, one hour, told to everybody",
    async () => (await import("./emergency/use.ts")).use,
  ),
  entry(
    "emergency drill",
    "try all of it without getting access",
    async () => (await import("./emergency/drill.ts")).drill,
  ),
  entry("emergency review", "say that a use was looked at", async () => (await import("./emergency/review.ts")).review),
  entry("emergency end", "end a use before its hour is over", async () => (await import("./emergency/end.ts")).end),
  entry("grants list", "who may reach what at which level", async () => (await import("./grants/list.ts")).list),
  entry("agent token", "make a join token, for one agent, once", async () => (await import("./agent/token.ts")).token),
  entry("agents list", "agents and whether they are online", async () => (await import("./agents/list.ts")).list),
  entry(
    "agents remove",
    "take one out of service, or make room for its successor",
    async () => (await import("./agents/remove.ts")).remove,
  ),
  entry(
    "secrets register-ssh-key",
    "let a public key of yours log in by SSH",
    async () => (await import("./secrets/register-ssh-key.ts")).registerSshKey,
  ),
  entry("secrets list", "live connection secrets", async () => (await import("./secrets/list.ts")).list),
  entry(
    "secrets revoke",
    "end a connection secret and its sessions",
    async () => (await import("./secrets/revoke.ts")).revoke,
  ),
  entry("api-keys list", "API keys, their limits and last use", async () => (await import("./api-keys/list.ts")).list),
  entry("api-keys add", "make one for a service or an AI agent", async () => (await import("./api-keys/add.ts")).add),
  entry(
    "api-keys rotate",
    "make a successor; both are good for a while",
    async () => (await import("./api-keys/rotate.ts")).rotate,
  ),
  entry("api-keys revoke", "end a key and its sessions", async () => (await import("./api-keys/revoke.ts")).revoke),
  entry("delegations list", "what you have delegated", async () => (await import("./delegations/list.ts")).list),
  entry(
    "delegations revoke",
    "end a delegation and its sessions",
    async () => (await import("./delegations/revoke.ts")).revoke,
  ),
  entry(
    "federations list",
    "whose workload tokens are taken, and for whom",
    async () => (await import("./federations/list.ts")).list,
  ),
  entry(
    "authorities list",
    "what to trust of the certificates that are issued here",
    async () => (await import("./authorities/list.ts")).list,
  ),
  entry(
    "authorities rotate",
    "a new key for one of them",
    async () => (await import("./authorities/rotate.ts")).rotate,
  ),
  entry("audit list", "audit events", async () => (await import("./audit/list.ts")).list),
  entry("audit verify", "is the chain of audit events whole?", async () => (await import("./audit/verify.ts")).verify),
  entry(
    "demo attack",
    "an AI agent with valid access tries the bypass corpus",
    async () => (await import("./demo/attack.ts")).attack,
  ),
  {
    path: ["completion"],
    summary: "complete commands in bash or zsh",
    load: async () =>
      (await import("./completion/completion.ts")).completionFor([...ENTRIES, ...PASSED].map(({ path }) => path)),
  },
  entry("help", "help for a command, exit-codes or environment", async () => (await import("./help/help.ts")).help),
  entry(
    "identity check",
    "ask each identity provider; the worst-case delay until a leaver is out",
    async () => (await import("./identity/check.ts")).check,
  ),
  entry(
    "identity list",
    "list who is which principal at which provider",
    async () => (await import("./identity/list.ts")).list,
  ),
  entry(
    "identity link",
    "say which user a provider's subject is",
    async () => (await import("./identity/link.ts")).link,
  ),
  entry("identity unlink", "unlink a provider's subject", async () => (await import("./identity/unlink.ts")).unlink),
  entry(
    "identity scim-token",
    "make a token by which a provider pushes people and groups",
    async () => (await import("./identity/scim-token.ts")).scimToken,
  ),
  entry(
    "identity scim-tokens",
    "list the SCIM tokens of a provider, or end one",
    async () => (await import("./identity/scim-tokens.ts")).scimTokens,
  ),
];
