import { describe, expect, it } from "vitest";
import type { SshChannel, SshOperation } from "../operation.ts";
import { evaluate } from "./evaluate.ts";
import { contextOf, LABELS, policyOf } from "./fixtures.test-data.ts";

const of = (channel: SshChannel, command = ""): SshOperation => ({
  type: "ssh",
  channel,
  user: "deploy",
  command,
  programs: command === "" ? [] : command.split(" ", 1),
});
const CATEGORIES = [
  ["ssh_forward", "no-port-forwarding", ["direct-tcpip", "direct-streamlocal", "tcpip-forward", "streamlocal-forward"]],
  ["ssh_agent", "no-agent-forwarding", ["auth-agent"]],
  ["ssh_x11", "no-x11-forwarding", ["x11"]],
] as const;

describe("what an SSH connection lends and forwards", () => {
  it.each(CATEGORIES)("%s is refused by default, and allowed by its own word alone", (category, ruleId, channels) => {
    const allowing = policyOf(`version: 1\ndefaults: { builtins: { ${category}: allow } }\n`);
    for (const channel of channels)
      expect(evaluate(policyOf(LABELS), of(channel), contextOf({}))).toMatchObject({ outcome: "deny", ruleId });
    for (const [other, , all] of CATEGORIES)
      for (const channel of all)
        expect(evaluate(allowing, of(channel), contextOf({})).outcome).toBe(other === category ? "allow" : "deny");
  });

  it("is refused on a resource without any policy, and uses of it as the lending is", () => {
    for (const channel of ["auth-agent", "x11"] as const)
      for (const command of ["", "connect", "sign SHA256:x login root"])
        expect(evaluate(policyOf("version: 1\n"), of(channel, command), contextOf({})).outcome).toBe("deny");
  });
});
