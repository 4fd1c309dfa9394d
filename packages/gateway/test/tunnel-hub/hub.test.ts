import { generateKeyPairSync, type KeyObject, sign, verify } from "node:crypto";
import { once } from "node:events";
import { createServer, request, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import {
  type AgentMessage,
  type AgentStatement,
  agentAuthBytes,
  type Challenge,
  decodeGatewayMessage,
  encodeAgentMessage,
  encodeAgentStatement,
} from "@tidewaiter/contract/tunnel/index";
import { type CloseReason, connectTunnel, createMux, type Mux } from "@tidewaiter/tunnel";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type AgentChange, createTunnelHub, type TunnelHub, type TunnelHubLimits } from "../../src/tunnel-hub/index.ts";

const { privateKey, publicKey } = generateKeyPairSync("ed25519");

/** An agent played by the test, to do what the real one does not. */
interface ScriptedAgent {
  readonly mux: Mux;
  readonly challenge: Promise<Challenge>;
  /** Code of the refusal, or "welcome", or "closed". */
  readonly outcome: Promise<string>;
  send(message: AgentMessage): void;
}

describe("tunnel hub", () => {
  let hub: TunnelHub;
  let server: Server;
  let host: string;
  let changes: AgentChange[];
  let beforeVerify: () => Promise<void>;

  async function start(limits: Partial<TunnelHubLimits> = {}): Promise<void> {
    changes = [];
    beforeVerify = () => Promise.resolve();
    hub = createTunnelHub({
      gatewayId: "gw",
      verifyAgent: async (agentId, bytes, signature) => {
        await beforeVerify();
        const valid = agentId.startsWith("agent-") && verify(null, bytes, publicKey, signature);
        return valid ? { ok: true, name: "edge" } : { ok: false, reason: "wrong signature" };
      },
      grantKeys: () => ({ keys: [] }),
      onAgentChange: (change) => changes.push(change),
      logger: { info: () => {}, warn: () => {} },
      limits,
    });
    server = createServer();
    server.on("upgrade", (message, socket, head) => hub.handleUpgrade(message, socket, head));
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  beforeEach(() => start());
  afterEach(async () => {
    await hub.close();
    server.closeAllConnections();
    server.close();
  });

  async function connect(): Promise<ScriptedAgent> {
    const challenge = Promise.withResolvers<Challenge>();
    const outcome = Promise.withResolvers<string>();
    const mux = createMux(await connectTunnel(`ws://${host}/v1/tunnel`), {
      role: "agent",
      onOpen: (offer) => offer.accept().end("opened"),
      onControl: (bytes) => {
        const message = decodeGatewayMessage(Buffer.from(bytes));
        if (message.challenge !== undefined) challenge.resolve(message.challenge);
        if (message.refused !== undefined) outcome.resolve(message.refused.text);
        if (message.welcome !== undefined) outcome.resolve("welcome");
      },
    });
    void mux.closed.then(() => outcome.resolve("closed"));
    const send = (message: AgentMessage): void => mux.sendControl(encodeAgentMessage(message));
    return { mux, challenge: challenge.promise, outcome: outcome.promise, send };
  }

  /** Connects and answers, with whatever is changed in the statement. */
  async function answer(changed: Partial<AgentStatement> = {}, key: KeyObject = privateKey): Promise<ScriptedAgent> {
    const agent = await connect();
    const { gatewayId, nonce } = await agent.challenge;
    const statement = encodeAgentStatement({
      ...{ agentId: "agent-1", gatewayId, nonce, urlHost: host, version: "1.2.3", hostname: "box", tunnelVersion: 1 },
      ...changed,
    });
    const signature = sign(null, agentAuthBytes(statement), key);
    agent.send({ auth: { agentId: "agent-1", statement, signature } });
    return agent;
  }

  it("welcomes an agent that signs its challenge and opens streams through it", async () => {
    expect(await (await answer()).outcome).toBe("welcome");
    expect(hub.agents()).toMatchObject([{ id: "agent-1", name: "edge", version: "1.2.3", hostname: "box" }]);
    const stream = await hub.openStream({ agentId: "agent-1", sessionGrant: "opaque here" });
    expect(String((await once(stream, "data"))[0])).toBe("opened");
  });

  it.each<[string, Partial<AgentStatement>, string]>([
    ["for another gateway", { gatewayId: "gw-2" }, "statement for another gateway"],
    ["for an older challenge", { nonce: new Uint8Array(32) }, "statement for another challenge"],
    ["made for another host", { urlHost: "evil.example:443" }, "the agent dialled another host than this gateway's"],
    ["of another agent", { agentId: "agent-2" }, "statement of another agent"],
    ["with control characters", { hostname: "a\nb" }, "malformed statement"],
  ])("refuses a statement %s", async (_name, changed, reason) => {
    expect(await (await answer(changed)).outcome).toBe(reason);
    expect(hub.agents()).toEqual([]);
    expect(changes).toMatchObject([{ kind: "refused", reason }]);
  });

  it("refuses a signature by another key", async () => {
    const stranger = generateKeyPairSync("ed25519").privateKey;
    expect(await (await answer({}, stranger)).outcome).toBe("wrong signature");
  });

  it.each<[string, AgentMessage]>([
    ["health before it is welcome", { health: { version: "", uptimeSeconds: 1, openStreams: 0, rssKib: 1 } }],
    ["an empty message", {}],
  ])("leaves an agent that sends %s", async (_name, message) => {
    const agent = await connect();
    await agent.challenge;
    agent.send(message);
    expect(await agent.outcome).toBe("closed");
    expect(await agent.mux.closed).toMatchObject({ by: "peer", reason: { code: "protocol" } });
  });

  it("leaves an agent that sends bytes that are no message", async () => {
    const agent = await connect();
    await agent.challenge;
    agent.mux.sendControl(Buffer.from("not protobuf"));
    expect(await agent.outcome).toBe("closed");
  });

  it("ends a handshake that takes too long, and holds only so many at once", async () => {
    await hub.close();
    server.close();
    await start({ handshakeDeadline: 100, unauthenticatedPerAddress: 2 });
    const slow = await Promise.all([connect(), connect()]);
    await expect(connect()).rejects.toMatchObject({ code: "closed", message: expect.stringContaining("503") });
    const ends: CloseReason[] = await Promise.all(slow.map(({ mux }) => mux.closed));
    expect(ends.map(({ reason }) => reason.code)).toEqual(["handshake", "handshake"]);
    expect(await (await answer()).outcome).toBe("welcome");
    expect(await (await answer({ agentId: "agent-1" })).outcome).toBe("welcome");
  });

  it("takes no agent whose verification outlasted the handshake", async () => {
    await hub.close();
    server.close();
    await start({ handshakeDeadline: 300 });
    await (await answer()).outcome;
    const hold = Promise.withResolvers<void>();
    beforeVerify = () => hold.promise;
    const late = await answer();
    expect(await late.mux.closed).toMatchObject({ reason: { code: "handshake" } });
    hold.resolve();
    await expect.poll(() => changes.map(({ kind }) => kind)).toEqual(["connected", "refused"]);
    await hub.openStream({ agentId: "agent-1", sessionGrant: "the first one is still there" });
  });

  it("lets the newest tunnel of an agent replace the older one, without a gap", async () => {
    const first = await answer();
    await first.outcome;
    const second = await answer();
    await second.outcome;
    expect(await first.mux.closed).toMatchObject({ reason: { code: "replaced" } });
    await hub.openStream({ agentId: "agent-1", sessionGrant: "x" });
    expect(changes.map(({ kind }) => kind)).toEqual(["connected", "connected"]);
  });

  it("fails what waits for an agent that is lost", async () => {
    const agent = await answer();
    await agent.outcome;
    const waiting = hub.fetchSecret({ agentId: "agent-1", secretGrant: "x", name: "env:X" });
    agent.mux.close();
    await expect(waiting).rejects.toMatchObject({ code: "agent_offline" });
    await expect(hub.openStream({ agentId: "agent-1", sessionGrant: "x" })).rejects.toMatchObject({
      code: "agent_offline",
    });
  });

  it("withdraws a stream when its caller does", async () => {
    await (await answer()).outcome;
    const signal = AbortSignal.abort();
    await expect(hub.openStream({ agentId: "agent-1", sessionGrant: "x", signal })).rejects.toMatchObject({
      code: "cancelled",
    });
  });

  it("answers 404 to an upgrade elsewhere", async () => {
    const upgrade = { connection: "upgrade", upgrade: "websocket" };
    const message = request(`http://${host}/v1/other`, { headers: upgrade });
    message.end();
    const [response] = await once(message, "response");
    expect(response.statusCode).toBe(404);
  });
});
