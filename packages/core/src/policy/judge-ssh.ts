import type { SshChannel, SshOperation } from "../operation.ts";
import { BUILTIN_RULES, type BuiltinCategory, CATEGORY_RULES } from "./builtin-rules.ts";
import type { BuiltinFinding, BuiltinSite } from "./judge-builtin.ts";

/** Forwards, and what lends something of the client's machine to whoever controls the host. */
const CATEGORIES: Readonly<Partial<Record<SshChannel, BuiltinCategory>>> = {
  "direct-tcpip": "ssh_forward",
  "direct-streamlocal": "ssh_forward",
  "tcpip-forward": "ssh_forward",
  "streamlocal-forward": "ssh_forward",
  "auth-agent": "ssh_agent",
  x11: "ssh_x11",
};

/** Rules that hold without being written, on every SSH resource. */
export function judgeSsh(operation: SshOperation, { view }: BuiltinSite): readonly BuiltinFinding[] {
  const { builtins, unknownStatement } = view.policy.defaults;
  const category = CATEGORIES[operation.channel];
  if (category !== undefined) {
    if (builtins[category] === "allow") return [];
    const { id: ruleId, reason } = CATEGORY_RULES[category];
    return [{ ruleId, outcome: "deny", reason }];
  }
  if (operation.programs !== undefined || unknownStatement === "allow") return [];
  const reason = "the command line cannot be read as the target's shell would read it";
  return [{ ruleId: BUILTIN_RULES.unknownStatement, outcome: unknownStatement, reason }];
}
