import { answer } from "../api/client.ts";
import type { AccessLevel } from "../api/shapes.ts";
import { withStepUp } from "../api/with-step-up.ts";
import type { CommandContext } from "../context.ts";
import { childVariables, type Variables } from "../environment.ts";
import { CliError } from "../errors.ts";
import { relative } from "../output/times.ts";
import { runChild } from "../process/run-child.ts";
import { type AgentHome, makeAgentHome } from "./agent-home.ts";
import { type Confinement, confined, confinementProblem } from "./confine.ts";
import { kubernetesIdentity } from "./kubernetes-identity.ts";
import { postgresIdentity } from "./postgres-identity.ts";
import type { ProtocolIdentity } from "./protocol-identity.ts";
import { sshIdentity } from "./ssh-identity.ts";

export interface AgentRun {
  readonly agent: string;
  /** Empty: whatever both may reach. */
  readonly resources: readonly string[];
  readonly level: AccessLevel | undefined;
  readonly ttlSeconds: number;
  readonly confine: Confinement;
  readonly file: string;
  readonly args: readonly string[];
}

const IDENTITIES: readonly ProtocolIdentity[] = [postgresIdentity, sshIdentity, kubernetesIdentity];

/**
 * Runs a program that acts as an AI agent for the person: a delegation, files in a private directory, and an
 * environment in which nothing of the person's own is left. All of it ends with the program.
 */
export async function runAsAgent(context: CommandContext, wanted: AgentRun): Promise<number> {
  await checkConfinement(context, wanted.confine);
  const api = await context.api();
  const { agent, resources, level, ttlSeconds, file } = wanted;
  const scope = { ...(resources.length === 0 ? {} : { resources: [...resources] }), ...(level && { level }) };
  const body = { agent, purpose: `tw exec ${file}`.slice(0, 200), ttlSeconds, ...scope };
  const delegation = await withStepUp(context, () => answer(api.POST("/v1/delegations", { body })));
  let home: AgentHome | undefined;
  try {
    home = await makeAgentHome(context, delegation);
    const variables = await prepare(home, delegation, ttlSeconds);
    const until = relative(delegation.expiresAt, context.now());
    context.output.note(`Acting as ${delegation.username}; the delegation ends with the command, or ${until}.`);
    const program = { file, args: wanted.args };
    const { file: started, args } = wanted.confine === "never" ? program : await perhaps(context, program, home);
    // the person's SSH agent signs for whoever asks it
    const { SSH_AUTH_SOCK: _, ...inherited } = context.env.variables;
    return await runChild(started, args, { variables: childVariables(inherited, variables) });
  } finally {
    await home?.remove();
    await endDelegation(context, delegation.id);
  }
}

async function prepare(
  home: AgentHome,
  { username }: { readonly username: string },
  ttlSeconds: number,
): Promise<Variables> {
  const api = await home.context.api();
  const me = await answer(api.GET("/v1/me"));
  const { resources } = await answer(api.GET("/v1/resources"));
  const protocols = new Map(resources.map(({ name, protocol }) => [name, protocol]));
  let variables: Variables = { TIDEWAITER_CONFIG_DIR: home.context.env.configDir, TIDEWAITER_AGENT: username };
  for (const identity of IDENTITIES) {
    const { directory, context } = home;
    const grants = me.grants.filter(({ resource }) => protocols.get(resource) === identity.protocol);
    const added = await identity.prepare({ directory, context, api, me, grants, username, ttlSeconds });
    variables = { ...variables, ...added };
  }
  return variables;
}

async function checkConfinement(context: CommandContext, confine: Confinement): Promise<void> {
  if (confine === "never") return;
  const why = await confinementProblem();
  if (why === undefined) return;
  if (confine === "always") {
    throw new CliError("missing_program", "the command cannot be confined here", {
      why,
      next: "Install bubblewrap (Debian: apt-get install bubblewrap), or take --confine never and read: tw exec --help",
    });
  }
  context.output.note(`Not confined: ${why}. A hostile command can read your own files, tokens among them.`);
}

async function perhaps(
  context: CommandContext,
  program: { readonly file: string; readonly args: readonly string[] },
  home: AgentHome,
) {
  return (await confinementProblem()) === undefined ? confined(program, context.env, home) : program;
}

/** A delegation that cannot be ended now ends by itself. */
async function endDelegation(context: CommandContext, id: string): Promise<void> {
  try {
    await answer((await context.api()).DELETE("/v1/delegations/{id}", { params: { path: { id } } }));
  } catch (error) {
    if (!(error instanceof CliError)) throw error;
    if (error.exit === "not_found") return;
    context.output.note(`The delegation could not be ended; it ends by itself. Later: tw delegations revoke ${id}`);
  }
}
