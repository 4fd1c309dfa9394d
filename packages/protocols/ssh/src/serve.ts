import type { Duplex } from "node:stream";
import { setTimeout as delay } from "node:timers/promises";
import type { LiveSession, Protocol, SessionHost } from "@tidewaiter/core";
import { TidewaiterError } from "@tidewaiter/core/errors";
import type { Connection } from "ssh2";
import { acceptClient, type SshLogin } from "./accept-client/accept-client.ts";
import type { HostKey } from "./accept-client/certified-host-key.ts";
import { checkTarget } from "./check-target.ts";
import { connectTarget, SshTargetError } from "./connect-target/connect-target.ts";
import { Loans } from "./lending/loans.ts";
import { serveLoans } from "./lending/serve-loans.ts";
import { TargetAgent } from "./lending/target-agent.ts";
import type { SshContext } from "./session/context.ts";
import { type Endpoint, findSession } from "./session/find-session.ts";
import { serveForwards } from "./session/forwards.ts";
import { OPEN_FAILURE, refuseOpen } from "./session/refuse-open.ts";
import { serveRemoteForwards } from "./session/remote-forwards.ts";
import { SessionChannel, type SessionChannelInput } from "./session/session-channel.ts";
import { type SshTarget, sshTargetSchema } from "./target-schema.ts";

export interface SshOptions {
  /** Of the gateway, one of each type; asked at each connection, since certificates are renewed. */
  readonly hostKeys: () => readonly HostKey[];
  readonly handshakeMs?: number;
  /** Where clients reach the gateway, for what they are told to type; known once it listens. */
  readonly endpoint?: () => Endpoint | undefined;
}

/** How long a client has to read why its session has ended, and to leave by itself. */
const GOODBYE_MS = 1_000;
/** Channels that one client may have open or waiting. */
const MAX_CHANNELS = 64;

/**
 * client          gateway                                      target
 *   | kex, userauth  |                                            |
 *   |<-------------->| authenticate, openSession                  |
 *   |                | dial through the agent, kex, host key,     |
 *   |                | userauth with the sealed credential        |
 *   |                |------------------------------------------->|
 *   | channel: exec  | admit: verdict, record, person             |
 *   |--------------->|------------------------------------------->|
 *   |<===== output: masked, recorded =============================|
 */
export function createSshProtocol(options: SshOptions): Protocol<SshTarget, Duplex> {
  return {
    name: "ssh",
    targetSchema: sshTargetSchema,
    serve: (stream, host) => serve(stream, host, options),
    check: checkTarget,
  };
}

async function serve(stream: Duplex, host: SessionHost<Duplex>, options: SshOptions): Promise<void> {
  const over = new AbortController();
  let served: Promise<void> = Promise.resolve();
  await acceptClient(stream, {
    hostKeys: options.hostKeys(),
    host,
    ...(options.handshakeMs !== undefined && { handshakeMs: options.handshakeMs }),
    onLogin: (login) => {
      served = serveLogin(login, host, { options, over: over.signal });
    },
  });
  over.abort();
  await served;
}

/** From a proven client to the end of its connection. Never rejects. */
async function serveLogin(
  login: SshLogin,
  host: SessionHost<Duplex>,
  { options, over }: { readonly options: SshOptions; readonly over: AbortSignal },
): Promise<void> {
  const { connection, close } = login;
  const end = Promise.withResolvers<string>();
  const interrupted = Promise.withResolvers<string>();
  over.addEventListener("abort", () => end.resolve("client left"), { once: true });
  const ending = new AbortController();
  const { live, choice } = findSession(login, host, { endpoint: options.endpoint?.(), over });
  const on = { closed: end.resolve, interrupted: interrupted.resolve };
  const ready = live.then((opened) =>
    connect(opened, connection, { ...on, over: AbortSignal.any([over, ending.signal]) }),
  );
  serveChannels(connection, { context: ready, choice, ended: interrupted.promise });
  serveForwards(connection, ready);
  serveRemoteForwards(connection, ready);
  const context = await ready;
  if (typeof context === "string") {
    const opened = await live;
    // whoever asked for a channel is told why; a client that asks for none learns it from the end
    setTimeout(close, 2_000).unref();
    await end.promise;
    if (typeof opened !== "string") await ended(opened, context);
    return;
  }
  const { reason, outside } = await Promise.race([
    end.promise.then((why) => ({ reason: why, outside: false })),
    interrupted.promise.then((why) => ({ reason: why, outside: true })),
  ]);
  context.target.end();
  // a disconnect would make clients throw away what their channels were told; and a channel may be on its way still
  if (outside) await delay(GOODBYE_MS, undefined, { signal: over }).catch(() => {});
  close();
  // whatever is open says how far it came while that is still recorded
  ending.abort();
  await ended(context.session, reason);
}

/** A recording that cannot be closed is told by the recorder; a rejection here would meet nobody. */
async function ended(session: LiveSession<Duplex>, reason: string): Promise<void> {
  await session.end(reason).catch(() => {});
}

async function connect(
  session: LiveSession<Duplex> | string,
  connection: Connection,
  on: {
    readonly closed: (reason: string) => void;
    readonly interrupted: (reason: string) => void;
    readonly over: AbortSignal;
  },
): Promise<SshContext | string> {
  if (typeof session === "string") return session;
  const { resource } = session.authorized;
  try {
    const credential = await session.openCredential();
    const target = sshTargetSchema.parse(resource.target);
    const stream = await session.dial();
    const agent = new TargetAgent();
    const { client, left } = await connectTarget({ stream, target, credential, resource: resource.name, agent });
    client.on("close", () => on.closed(left() ?? `${resource.name} closed the connection`));
    session.onInterrupt((by) => {
      if (by.type !== "cancel_request" && by.type !== "control_plane") on.interrupted(by.reason);
    });
    const context: SshContext = {
      session,
      target: client,
      resource: resource.name,
      user: credential.username,
      end: on.interrupted,
      signal: on.over,
      loans: new Loans(),
    };
    serveLoans(connection, context, agent);
    return context;
  } catch (error) {
    if (error instanceof SshTargetError) {
      session.record({ at: Date.now(), type: "notice", code: error.code, text: error.message });
      return error.message;
    }
    return error instanceof TidewaiterError ? error.detail : `${resource.name} is out of reach`;
  }
}

function serveChannels(connection: Connection, input: SessionChannelInput): void {
  let open = 0;
  connection.on("session", (accept, reject) => {
    if (open >= MAX_CHANNELS)
      return refuseOpen(reject, { reason: OPEN_FAILURE.resourceShortage, text: `${MAX_CHANNELS} channels are open` });
    const session = accept();
    if (session === undefined) return;
    open++;
    session.once("close", () => open--);
    new SessionChannel(session, input);
  });
}
