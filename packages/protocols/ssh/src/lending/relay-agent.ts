import type { Duplex } from "node:stream";
import {
  AGENT,
  agentMessageType,
  bindsSession,
  changeOf,
  FAILURE,
  MAX_AGENT_MESSAGE,
  signatureOf,
} from "./agent-messages.ts";
import { MessageQueue } from "./message-queue.ts";

export interface AgentRelay {
  /** To the agent. */
  readonly near: Duplex;
  /** From whoever asks it. */
  readonly far: Duplex;
  /** Whether a signature may be made; what it gives back is told how that ended. */
  readonly judge: (signature: string, signal: AbortSignal) => Promise<((signed: boolean) => void) | undefined>;
  /** Bytes that came from whoever asks, and from the agent. */
  readonly count: (from: "far" | "near", bytes: number) => void;
  /** Asked for something else than keys and signatures. */
  readonly refused: (change: string) => void;
}

/**
 * Carries an agent's protocol (draft-miller-ssh-agent), one request after the other. Only the list of keys and signatures
 * are asked of the agent, and it is told which host they are for: what would add, remove or lock keys, and every other
 * extension, is answered here with a failure.
 * Resolves when either side has ended.
 */
export async function relayAgent(relay: AgentRelay): Promise<void> {
  const { near, far, count } = relay;
  const asked = new MessageQueue(far, MAX_AGENT_MESSAGE, (bytes) => count("far", bytes));
  const answers = new MessageQueue(near, MAX_AGENT_MESSAGE, (bytes) => count("near", bytes));
  answers.over.addEventListener("abort", () => far.end(), { once: true });
  for (let message = await asked.next(); message !== undefined; message = await asked.next()) {
    const answer = await answerTo(message, relay, { asked, answers });
    if (answer === undefined) break;
    if (!far.write(answer)) await drained(far, asked.over);
  }
  far.end();
  near.end();
}

interface Queues {
  readonly asked: MessageQueue;
  readonly answers: MessageQueue;
}

/** Undefined when the agent has left. */
async function answerTo(
  message: Buffer,
  { near, judge, refused }: AgentRelay,
  { asked, answers }: Queues,
): Promise<Buffer | undefined> {
  const type = agentMessageType(message);
  const pass = async (expected: number): Promise<Buffer | undefined> => {
    near.write(message);
    const answer = await answers.next();
    return answer === undefined || agentMessageType(answer) === expected ? answer : FAILURE;
  };
  if (type === AGENT.REQUEST_IDENTITIES) return pass(AGENT.IDENTITIES_ANSWER);
  if (bindsSession(message)) return pass(AGENT.SUCCESS);
  if (type !== AGENT.SIGN_REQUEST) {
    refused(changeOf(message));
    return FAILURE;
  }
  const signature = signatureOf(message);
  const signed = signature === undefined ? undefined : await judge(signature, asked.over);
  if (signed === undefined) return FAILURE;
  const answer = await pass(AGENT.SIGN_RESPONSE);
  signed(answer !== undefined && agentMessageType(answer) === AGENT.SIGN_RESPONSE);
  return answer;
}

function drained(stream: Duplex, over: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  stream.once("drain", resolve);
  over.addEventListener("abort", () => resolve(), { once: true });
  return promise;
}
