import type { Duplex } from "node:stream";
import type { Connection, RejectConnection } from "ssh2";
import { admitForward, finish, type SshContext } from "./context.ts";
import { join } from "./join.ts";
import { type ForwardRequest, placeOf } from "./operations.ts";
import { OPEN_FAILURE, type Refusal, refuseOpen } from "./refuse-open.ts";
import { refusalText } from "./words.ts";

/** Forwarded connections of one client, open or asked for: as many as a browser behind `-D` has. */
const MAX_FORWARDS = 256;

/** `-L`, `-D`, `-W` and sockets: a connection that the target opens for the client. */
export function serveForwards(client: Connection, ready: Promise<SshContext | string>): void {
  let open = 0;
  const counted = (reject: RejectConnection, serve: () => Promise<void>): void => {
    if (open >= MAX_FORWARDS)
      return refuseOpen(reject, {
        reason: OPEN_FAILURE.resourceShortage,
        text: `${MAX_FORWARDS} connections are open`,
      });
    open++;
    void serve().finally(() => open--);
  };
  client.on("tcpip", (accept, reject, info) => {
    const input: ForwardRequest = { channel: "direct-tcpip", host: info.destIP, port: info.destPort };
    counted(reject, () =>
      forwardOut(ready, input, { accept, reject }, (context, opened) =>
        context.target.forwardOut(info.srcIP, info.srcPort, info.destIP, info.destPort, opened),
      ),
    );
  });
  client.on("openssh.streamlocal", (accept, reject, info) => {
    const input: ForwardRequest = { channel: "direct-streamlocal", host: info.socketPath, port: 0 };
    counted(reject, () =>
      forwardOut(ready, input, { accept, reject }, (context, opened) =>
        context.target.openssh_forwardOutStreamLocal(info.socketPath, opened),
      ),
    );
  });
}

type Opened = (error: Error | undefined, stream: Duplex) => void;

async function forwardOut(
  ready: Promise<SshContext | string>,
  input: ForwardRequest,
  { accept, reject }: { readonly accept: () => Duplex | undefined; readonly reject: RejectConnection },
  open: (context: SshContext, opened: Opened) => void,
): Promise<void> {
  const refuse = (refusal: Refusal): void => refuseOpen(reject, refusal);
  const context = await ready;
  if (typeof context === "string") return refuse({ reason: OPEN_FAILURE.connectFailed, text: context });
  const { resource } = context;
  const startedAt = Date.now();
  const admission = await admitForward(context, input).catch(() => undefined);
  if (admission === undefined)
    return refuse({
      reason: OPEN_FAILURE.prohibited,
      text: `not opened on ${resource}: it could not be judged. Try again in a moment.`,
    });
  if (!admission.ok)
    return refuse({ reason: OPEN_FAILURE.prohibited, text: refusalText(resource, "not opened", admission) });
  const over = Promise.withResolvers<void>();
  const opened: Opened = (error, far) => {
    if (error !== undefined && error !== null) {
      finish(context, admission.operation, { result: "error", tag: "not opened", bytes: 0, startedAt });
      over.resolve();
      return refuse(failureOf(error, `${placeOf(input)} was not reached from ${resource}`));
    }
    const near = accept();
    if (near !== undefined) return void join(context, admission, placeOf(input), near, far).finally(over.resolve);
    far.destroy();
    over.resolve();
  };
  try {
    open(context, opened);
  } catch (error) {
    // the target has left while the forward was judged
    opened(error as Error, undefined as never);
  }
  // a client that leaves meanwhile is told nothing: whoever counts it shall not wait for the target
  context.signal.addEventListener("abort", () => over.resolve(), { once: true });
  await over.promise;
}

/** What ssh2 says of a channel that its peer did not open: the reason, and the peer's words behind its own. */
function failureOf(error: Error & { readonly reason?: unknown }, what: string): Refusal {
  const { reason } = error;
  const words = error.message.replace(/^\(SSH\) Channel open failure: /, "");
  // other errors are of the connection to the host, which has left
  const why = typeof reason === "number" ? (words === "" ? "the host refused it" : words) : "the host has left";
  return { reason: typeof reason === "number" ? reason : OPEN_FAILURE.connectFailed, text: `${what}: ${why}` };
}
