import type { Principal } from "@tidewaiter/core";

function principal(name: string, kind: Principal["kind"]): Principal {
  return { id: `prn_${name}`, name, kind, groups: [] };
}

/** A person, who gets notices. */
export const ana = principal("ana", "user");
/** A program, which gets none: its answers can be compared byte for byte. */
export const job = principal("job", "service");
/** An AI agent, which gets tickets. */
export const robot = principal("robot", "ai_agent");
