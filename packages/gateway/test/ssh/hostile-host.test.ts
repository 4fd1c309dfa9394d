import { eventually, skipUnless, sshdMissing } from "@tidewaiter/testkit";
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

    it("that vanish in the middle of a message to the agent harm nobody", async () => {
      await using host = await startHostileHost();
      await using world = await startWorld([ALLOWED], { targetPort: host.port, target: { hostKeys: [host.hostKey] } });
      await using agent = await startAgent(world.sshd.privateKey);
      for (let n = 0; n < 3; n++) expect((await world.ssh(["-A", "vanish"], { env: agent.env })).code).toBe(255);
      await eventually(() => world.gateway.sessions.size === 0);
      expect((await world.ssh(["true"])).code).toBe(0);
      const forwards = world.gateway.events.filter(({ type }) => type === "forward");
      expect(forwards).toHaveLength(3);
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
