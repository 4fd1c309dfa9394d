import type { SshChannel, SshOperation } from "../operation.ts";
import { BUILTIN_RULES, CATEGORY_RULES } from "./builtin-rules.ts";
import type { BuiltinFinding, BuiltinSite } from "./judge-builtin.ts";

const FORWARDS: ReadonlySet<SshChannel> = new Set([
  "direct-tcpip",
  "direct-streamlocal",
  "tcpip-forward",
  "streamlocal-forward",
]);

/** Nothing can allow these: they lend what the client's machine has to whoever controls the host. */
const NEVER: Readonly<Partial<Record<SshChannel, Omit<BuiltinFinding, "outcome">>>> = {
  "auth-agent": {
    ruleId: BUILTIN_RULES.agentForwarding,
    reason: "whoever controls the host could sign with the keys of your agent",
  },
  x11: { ruleId: BUILTIN_RULES.x11Forwarding, reason: "whoever controls the host could read your screen and type" },
};

/** Rules that hold without being written, on every SSH resource. */
export function judgeSsh(operation: SshOperation, { view }: BuiltinSite): readonly BuiltinFinding[] {
  const { builtins, unknownStatement } = view.policy.defaults;
  const never = NEVER[operation.channel];
  if (never !== undefined) return [{ ...never, outcome: "deny" }];
  if (FORWARDS.has(operation.channel)) {
    if (builtins.ssh_forward === "allow") return [];
    const { id: ruleId, reason } = CATEGORY_RULES.ssh_forward;
    return [{ ruleId, outcome: "deny", reason }];
  }
  if (operation.programs !== undefined || unknownStatement === "allow") return [];
  const reason = "the command line cannot be read as the target's shell would read it";
  return [{ ruleId: BUILTIN_RULES.unknownStatement, outcome: unknownStatement, reason }];
}
