import { type Duplex, duplexPair } from "node:stream";
import { expect, it } from "vitest";
import { FAILURE } from "./agent-messages.ts";
import { type AgentRelay, relayAgent } from "./relay-agent.ts";

const IDENTITIES = Buffer.from([0, 0, 0, 1, 11]);
const NO_IDENTITIES = Buffer.from([0, 0, 0, 5, 12, 0, 0, 0, 0]);
const SIGN = Buffer.from([0, 0, 0, 15, 13, 0, 0, 0, 1, 65, 0, 0, 0, 1, 66, 0, 0, 0, 0]);
const SIGNED = Buffer.from([0, 0, 0, 6, 14, 0, 0, 0, 1, 1]);

function start(own: Partial<AgentRelay> = {}) {
  const [near, agent] = duplexPair();
  const [far, host] = duplexPair();
  const refused: string[] = [];
  const bytes = { far: 0, near: 0 };
  const relay: AgentRelay = {
    near,
    far,
    count: (from, more) => {
      bytes[from] += more;
    },
    judge: async () => () => {},
    refused: (change) => void refused.push(change),
    ...own,
  };
  return { agent, host, refused, bytes, over: relayAgent(relay) };
}

/** So many bytes, however they come. */
async function read(stream: Duplex, bytes: number): Promise<Buffer> {
  const parts: Buffer[] = [];
  while (parts.reduce((sum, part) => sum + part.length, 0) < bytes) {
    const part = stream.read() as Buffer | null;
    if (part !== null) parts.push(part);
    else await new Promise((resolve) => stream.once("readable", resolve));
  }
  return Buffer.concat(parts);
}

it("carries lists and signatures, whole or byte by byte", async () => {
  const { agent, host, bytes, over } = start();
  for (const byte of IDENTITIES) host.write(Buffer.from([byte]));
  expect(await read(agent, 5)).toEqual(IDENTITIES);
  for (const byte of NO_IDENTITIES) agent.write(Buffer.from([byte]));
  expect(await read(host, 9)).toEqual(NO_IDENTITIES);
  host.write(SIGN);
  expect(await read(agent, SIGN.length)).toEqual(SIGN);
  agent.write(SIGNED);
  expect(await read(host, SIGNED.length)).toEqual(SIGNED);
  host.end();
  await over;
  expect(bytes).toEqual({ far: 24, near: 19 });
});

it("answers in order, and what is refused never comes to the agent", async () => {
  const { agent, host, refused } = start({ judge: async () => undefined });
  // remove all, sign, list, all at once
  host.write(Buffer.concat([Buffer.from([0, 0, 0, 1, 19]), SIGN, IDENTITIES]));
  expect(await read(agent, 5)).toEqual(IDENTITIES);
  agent.write(NO_IDENTITIES);
  expect(await read(host, 19)).toEqual(Buffer.concat([FAILURE, FAILURE, NO_IDENTITIES]));
  expect(refused).toEqual(["remove all keys"]);
});

it("an answer that is none to the question is a failure", async () => {
  const { agent, host } = start();
  host.write(IDENTITIES);
  await read(agent, 5);
  agent.write(SIGNED);
  expect(await read(host, 5)).toEqual(FAILURE);
});

it("whoever asks may leave while a person decides", async () => {
  const asked = Promise.withResolvers<AbortSignal>();
  const { host, over } = start({
    judge: (_, signal) => {
      asked.resolve(signal);
      return new Promise((resolve) => signal.addEventListener("abort", () => resolve(undefined)));
    },
  });
  host.write(SIGN);
  const signal = await asked.promise;
  expect(signal.aborted).toBe(false);
  host.end();
  await over;
  expect(signal.aborted).toBe(true);
});

it("ends when the agent leaves, or either side says an impossible size", async () => {
  const left = start();
  left.agent.end();
  left.host.end();
  await left.over;
  const large = start();
  large.host.write(Buffer.from([0x7f, 0xff, 0xff, 0xff, 13]));
  await large.over;
  const answer = start();
  answer.host.write(IDENTITIES);
  await read(answer.agent, 5);
  answer.agent.write(Buffer.from([0x7f, 0xff, 0xff, 0xff, 12]));
  await answer.over;
});
