import { TidewaiterError } from "@tidewaiter/core/errors";
import type { SecretResolver } from "@tidewaiter/secret-stores";
import { parseSecretReference } from "@tidewaiter/secret-stores/secret-reference";

/** Forms that an agent takes in its `--allow-secret`; whether it allows this one, it says when it is asked. */
const AGENT_SECRET = /^(env:[A-Za-z_][A-Za-z0-9_]*|file:\/[^?#]+)$/;

/** The name of the secret at the agent beside the target, or undefined for a reference that is resolved here. */
export function agentSecretName(reference: string): string | undefined {
  return reference.startsWith("agent:") ? reference.slice("agent:".length) : undefined;
}

/** Can the reference be resolved, as far as that shows without asking anybody? @throws TidewaiterError `bad_request` */
export function checkCredentialReference(resolver: SecretResolver, reference: string, username: string): void {
  const name = agentSecretName(reference);
  if (name === undefined) {
    resolver.check(reference);
    return;
  }
  parseSecretReference(reference);
  if (!AGENT_SECRET.test(name)) {
    throw new TidewaiterError(
      "bad_request",
      "a reference to a secret of an agent is agent:env:NAME or agent:file:/path",
    );
  }
  if (username === "") throw new TidewaiterError("bad_request", "username: a secret of an agent names none");
}
