import type { Duplex } from "node:stream";
import type { Connection } from "ssh2";
import { admitForward, finish, type SshContext } from "./context.ts";
import { join } from "./join.ts";
import { type ForwardRequest, placeOf } from "./operations.ts";

/** Forwarded connections of one client, open or asked for: as many as a browser behind `-D` has. */
const MAX_FORWARDS = 256;

/** `-L`, `-D`, `-W` and sockets: a connection that the target opens for the client. */
export function serveForwards(client: Connection, ready: Promise<SshContext | string>): void {
  let open = 0;
  const counted = (reject: () => unknown, serve: () => Promise<void>): void => {
    if (open >= MAX_FORWARDS) return void reject();
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
  { accept, reject }: { readonly accept: () => Duplex | undefined; readonly reject: () => unknown },
  open: (context: SshContext, opened: Opened) => void,
): Promise<void> {
  const context = await ready;
  if (typeof context === "string") return void reject();
  const startedAt = Date.now();
  const admission = await admitForward(context, input).catch(() => undefined);
  if (admission === undefined) return void reject();
  const over = Promise.withResolvers<void>();
  const opened: Opened = (error, far) => {
    if (error !== undefined && error !== null) {
      finish(context, admission.operation, { result: "error", tag: "not opened", bytes: 0, startedAt });
      over.resolve();
      return void reject();
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
