import type { Duplex } from "node:stream";
import type { Connection } from "ssh2";
import { Allowance } from "../session/allowance.ts";
import { type Admitted, admit, finish, type SshContext } from "../session/context.ts";
import { join, whenOver } from "../session/join.ts";
import { askOfBorrowing, type Lendable } from "../session/operations.ts";
import { approvedText, heldText, refusalText } from "../session/words.ts";
import { openAgentChannel } from "./open-agent-channel.ts";
import { relayAgent } from "./relay-agent.ts";
import type { TargetAgent } from "./target-agent.ts";

/** Connections to one agent, or windows of one screen, that are open or judged. */
const MAX_OPEN = 64;
/** Each of them, and each signature, is an operation in the recording, and the target may ask without end. */
const CONNECTIONS = { most: 256, perSecond: 10 };
const SIGNATURES = { most: 256, perSecond: 10 };
/** Refused messages that are told, of one connection. */
const MAX_NOTICES = 8;

/** Answers the channels that the target opens to what the client lends: its agent, its screen. Nothing lent: nothing opened. */
export function serveLoans(client: Connection, context: SshContext, agent: TargetAgent): void {
  const connections = new Allowance(CONNECTIONS);
  const signatures = new Allowance(SIGNATURES);
  const open = { "auth-agent": 0, x11: 0 };
  /** Undefined: refused. `close` makes room for another one. */
  const enter = async (kind: Lendable) => {
    if (context.loans.of(kind) === undefined || open[kind] >= MAX_OPEN || !connections.take()) return undefined;
    open[kind]++;
    const admission = await useLoan(context, kind, { command: "connect", signal: context.signal });
    if (admission === undefined) open[kind]--;
    return admission && { admission, close: () => void open[kind]-- };
  };
  agent.onAsked(async (far) => {
    const entered = await enter("auth-agent");
    if (entered === undefined) return false;
    const { admission, close } = entered;
    const near = await openAgentChannel(client).catch(() => undefined);
    if (near === undefined) {
      notOpened(context, admission);
      close();
      return false;
    }
    void lendAgent(context, { near, far, admission, signatures }).finally(close);
    return true;
  });
  context.target.on("x11", ({ srcIP, srcPort }, accept, reject) => {
    void enter("x11").then((entered) => {
      if (entered === undefined) return void reject();
      const { admission, close } = entered;
      client.x11(srcIP, srcPort, (error, near) => {
        const far = error === undefined || error === null ? accept() : void reject();
        if (far !== undefined) return void join(context, admission, "X11", near, far).finally(close);
        notOpened(context, admission);
        close();
      });
    });
  });
}

interface LoanUse {
  readonly command: string;
  readonly signal: AbortSignal;
}

/** Judges one use of what is lent; who lends is told where a person has to decide, and what is refused. */
async function useLoan(
  context: SshContext,
  kind: Lendable,
  { command, signal }: LoanUse,
): Promise<Admitted | undefined> {
  const loan = context.loans.of(kind);
  if (loan === undefined) return undefined;
  const { approved } = loan;
  const asked = askOfBorrowing(kind, command);
  const admission = await admit(context, {
    ...asked,
    signal: AbortSignal.any([loan.signal, signal]),
    onHeld: (held) => loan.tell([...heldText(held), `What: ${asked.text}`]),
    ...(approved && { approved }),
  }).catch(() => undefined);
  if (admission?.ok === true) {
    if (admission.approval !== undefined && approved?.ruleId !== admission.verdict.ruleId)
      loan.tell([approvedText(admission.approval)]);
    return admission;
  }
  if (admission !== undefined) loan.tell([refusalText(context.resource, `${asked.text} not done`, admission)]);
  return undefined;
}

function notOpened(context: SshContext, { operation }: Admitted): void {
  finish(context, operation, { result: "error", tag: "not opened", bytes: 0, startedAt: Date.now() });
}

interface AgentConnection {
  readonly near: Duplex;
  readonly far: Duplex;
  readonly admission: Admitted;
  readonly signatures: Allowance;
}

async function lendAgent(
  context: SshContext,
  { near, far, admission: { operation }, signatures }: AgentConnection,
): Promise<void> {
  const startedAt = Date.now();
  const { session } = context;
  near.on("error", () => far.end());
  far.on("error", () => near.end());
  let notices = 0;
  const counts = { toTarget: 0, toClient: 0 };
  const tell = whenOver(context, { operation, to: "agent", counts, startedAt });
  await relayAgent({
    near,
    far,
    count(from, bytes) {
      counts[from === "far" ? "toClient" : "toTarget"] += bytes;
      session.count(from === "far" ? "client" : "target", bytes);
    },
    async judge(command, signal) {
      const admission = signatures.take() ? await useLoan(context, "auth-agent", { command, signal }) : undefined;
      const since = Date.now();
      return (
        admission &&
        ((signed) =>
          finish(context, admission.operation, {
            result: signed ? "completed" : "error",
            tag: signed ? "signed" : "refused by the agent",
            bytes: 0,
            startedAt: since,
          }))
      );
    },
    refused(change) {
      if (notices++ >= MAX_NOTICES) return;
      const text = `${context.resource} asked the agent to ${change}: refused`;
      session.record({ at: Date.now(), type: "notice", code: "agent", text });
    },
  });
  tell();
}
