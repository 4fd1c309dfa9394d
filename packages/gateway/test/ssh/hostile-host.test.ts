import { skipUnless, sshdMissing } from "@tidewaiter/testkit";
import { expect, it, vi } from "vitest";
import { startHostileHost } from "./hostile-host.ts";
import { startAgent } from "./ssh-agent.ts";
import { startWorld } from "./world.ts";

vi.setConfig({ testTimeout: 30_000 });

const missing = sshdMissing();
const ALLOWED = {
  name: "a.yaml",
  source:
    "version: 1\ndefaults: { unknown_statement: allow, builtins: { ssh_agent: allow, ssh_x11: allow, ssh_forward: allow } }\n",
};
const EVERYTHING = ["agent", "x11", "port", "socket"];

skipUnless(missing === undefined, missing ?? "sshd").describe(
  "hosts that open what nobody asked for (a double)",
  () => {
    it("open nothing towards a client that lends nothing, whatever the policy allows", async () => {
      await using host = await startHostileHost();
      await using world = await startWorld([ALLOWED], { targetPort: host.port, target: { hostKeys: [host.hostKey] } });
      await using agent = await startAgent(world.sshd.privateKey);
      expect((await world.ssh(["true"], { env: agent.env })).code).toBe(0);
      expect(host.opened).toEqual(EVERYTHING);
      expect(host.accepted).toEqual([]);
    });

    it("open the agent that is lent, and nothing else", async () => {
      await using host = await startHostileHost();
      await using world = await startWorld([ALLOWED], { targetPort: host.port, target: { hostKeys: [host.hostKey] } });
      await using agent = await startAgent(world.sshd.privateKey);
      expect((await world.ssh(["-A", "true"], { env: agent.env })).code).toBe(0);
      expect(host.opened).toEqual(EVERYTHING);
      expect(host.accepted).toEqual(["agent"]);
    });

    it("open nothing where lending is refused", async () => {
      await using host = await startHostileHost();
      await using world = await startWorld([], { targetPort: host.port, target: { hostKeys: [host.hostKey] } });
      await using agent = await startAgent(world.sshd.privateKey);
      expect((await world.ssh(["-A", "true"], { env: agent.env })).code).toBe(0);
      expect(host.opened).toEqual(EVERYTHING);
      expect(host.accepted).toEqual([]);
    });
  },
);
