import { answer } from "../../api/client.ts";
import type { Me, ResourceListed } from "../../api/shapes.ts";
import { defineCommand } from "../../command.ts";
import type { Profile } from "../../config/profiles.ts";
import type { CommandContext } from "../../context.ts";
import { CliError } from "../../errors.ts";
import { fields, table } from "../../output/table.ts";
import { relative, utc } from "../../output/times.ts";
import { findResource, resourceFields } from "../resources/find-resource.ts";

export const status = defineCommand<[resource: string | undefined]>({
  summary: "Who you are, what you may reach, and whether it is online",
  configure: (command) => command.argument("[resource]", "show this one"),
  examples: ["tw status", "tw status prod-db", "tw status --json"],
  run: async (context, _options, resource) => {
    const profile = await context.profile();
    const api = await context.api();
    const me = await answer(api.GET("/v1/me"));
    if (resource === undefined) {
      const { name, server, signInExpiresAt = null } = profile;
      context.output.result({ profile: name, server, signInExpiresAt, ...me }, () => meLines(context, profile, me));
      return undefined;
    }
    const found = await findResource(api, resource);
    const agent = await agentOf(context, found.agent);
    context.output.result({ ...found, agentState: agent ?? null }, () => [
      ...resourceFields(found, context),
      ...fields(
        [["agent is", agent === undefined ? undefined : agentWords(agent, context.now())]],
        context.output.paint,
      ),
      ...(found.level === null ? ["", "You have no grant for it."] : ["", `Connect: ${howToConnect(found)}`]),
    ]);
    return undefined;
  },
});

function howToConnect({ name, protocol }: ResourceListed): string {
  if (protocol === "ssh") return `tw ssh ${name}`;
  return protocol === "kubernetes" ? `tw kube login ${name}` : `tw connect ${name}`;
}

function meLines({ output, now }: CommandContext, profile: Profile, me: Me): string[] {
  const { principal, roles, groups, endpoints, grants, provider, authenticatedAt, methods } = me;
  const until = profile.signInExpiresAt ?? me.tokenExpiresAt;
  const how = methods.length === 0 ? "" : ` (${methods.join(", ")})`;
  const { host, port, tls } = endpoints.postgres;
  const { ssh, kubernetes } = endpoints;
  return [
    ...fields(
      [
        ["server", profile.server],
        ["profile", profile.name],
        ["you are", `${principal.name} (${principal.kind})`],
        ["acts for", principal.onBehalfOf?.name],
        ["roles", roles.join(", ") || "none"],
        ["groups", groups.join(", ") || "none"],
        ["signed in", `by ${provider === "local" ? "password" : provider}${how}, ${relative(authenticatedAt, now())}`],
        ["provider", silentWords(me)],
        ["until", `${utc(until)} (${relative(until, now())})`],
        ["gateway", `${host}:${port} (PostgreSQL, ${tls ? "TLS" : "no TLS"})`],
        ["", ssh && `${ssh.host}:${ssh.port} (SSH)`],
        ["", kubernetes && `${kubernetes.host}:${kubernetes.port} (Kubernetes)`],
      ],
      output.paint,
    ),
    "",
    ...table(
      grants,
      [
        { title: "RESOURCE", value: ({ resource }) => resource },
        { title: "LEVEL", value: ({ level }) => level },
      ],
      output,
      "You may reach nothing yet: an administrator grants it.",
    ),
  ];
}

/** What one has goes on for a while; nothing new is given until the provider answers again. */
function silentWords({ identityUnconfirmedSince: since, provider }: Me): string | undefined {
  return since === null ? undefined : `${provider} cannot be asked since ${utc(since)}: nothing new is given`;
}

interface AgentState {
  readonly online: boolean;
  readonly lastSeen?: string;
  readonly version?: string;
}

/** Undefined for those who may not see agents. */
async function agentOf(context: CommandContext, name: string | undefined): Promise<AgentState | undefined> {
  if (name === undefined) return undefined;
  try {
    const { agents } = await answer((await context.api()).GET("/v1/agents"));
    const agent = agents.find((known) => known.name === name);
    if (agent === undefined) return { online: false };
    const { online, lastSeen, version } = agent;
    return {
      online,
      ...(lastSeen === undefined ? {} : { lastSeen }),
      ...(version === undefined ? {} : { version }),
    };
  } catch (error) {
    if (error instanceof CliError && error.exit === "refused") return undefined;
    throw error;
  }
}

function agentWords({ online, lastSeen, version }: AgentState, now: number): string {
  const which = version === undefined ? "" : `, version ${version}`;
  if (online) return `online${which}`;
  return lastSeen === undefined ? "never seen" : `offline, last seen ${relative(lastSeen, now)}${which}`;
}
