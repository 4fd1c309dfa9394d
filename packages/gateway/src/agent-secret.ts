import type { OpenedCredential, TargetCredential } from "@tidewaiter/core";
import { credentialFrom } from "@tidewaiter/core";
import { TidewaiterError } from "@tidewaiter/core/errors";
import type { TunnelHub } from "./tunnel-hub/index.ts";
import { TunnelHubError } from "./tunnel-hub/index.ts";

const REFUSED_TEXT: Readonly<Record<string, string>> = {
  not_allowed: "the secret is not on its --allow-secret list",
  secret_unavailable: "it cannot read the secret",
  grant_expired: "the grant expired; are the clocks right?",
  // What an agent says that knows only session grants.
  grant_invalid: "it does not support such references; upgrade it",
};

/** A credential whose secret only the agent beside the target can read is asked for there; others are as they are. */
export async function completeCredential(
  opened: OpenedCredential,
  agentId: string,
  hub: Pick<TunnelHub, "fetchSecret">,
): Promise<TargetCredential> {
  if (opened.type !== "agent_secret") return opened;
  const { username, name, form, secretGrant } = opened;
  try {
    const bytes = await hub.fetchSecret({ agentId, secretGrant, name });
    const value = Buffer.from(bytes)
      .toString("utf8")
      .replace(/\r?\n$/, "");
    return credentialFrom(form, { username, value });
  } catch (error) {
    if (!(error instanceof TunnelHubError)) throw error;
    if (error.code === "agent_offline") {
      throw new TidewaiterError("agent_offline", "the site agent that keeps the credential is not online", {
        cause: error,
      });
    }
    const why = REFUSED_TEXT[error.reason?.code ?? ""] ?? "it did not give the secret";
    throw new TidewaiterError("secret_unavailable", `agent:${name}: the site agent: ${why}`, { cause: error });
  }
}
