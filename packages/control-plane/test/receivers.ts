import { once } from "node:events";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { SMTPServer } from "smtp-server";

export interface Received {
  readonly url: string;
  readonly headers: IncomingMessage["headers"];
  readonly body: string;
}

/** A real HTTP receiver on 127.0.0.1. `answer` may be changed while it runs. */
export async function startReceiver() {
  const received: Received[] = [];
  let held = Promise.resolve();
  const state = {
    answer: (_: Received): { status: number; text?: string; headers?: Record<string, string> } => ({ status: 200 }),
  };
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
    const one = { url: request.url ?? "", headers: request.headers, body: Buffer.concat(chunks).toString() };
    received.push(one);
    await held;
    const { status, text = "ok", headers = {} } = state.answer(one);
    response.writeHead(status, headers).end(text);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    received,
    state,
    /** Nothing is answered until it is released. */
    hold() {
      const { promise, resolve } = Promise.withResolvers<void>();
      held = promise;
      return {
        release() {
          held = Promise.resolve();
          resolve();
        },
      };
    },
    async stop() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

export interface Mail {
  readonly from: string;
  readonly to: readonly string[];
  readonly source: string;
}

/** A real SMTP server on 127.0.0.1, in clear text unless it has a certificate: then it offers STARTTLS. */
export async function startMailServer(
  options: { login?: { user: string; pass: string }; tls?: { key: string; cert: string } } = {},
) {
  const mails: Mail[] = [];
  const state = { refuse: undefined as number | undefined };
  const server = new SMTPServer({
    authOptional: options.login === undefined,
    disabledCommands: options.tls === undefined ? ["STARTTLS"] : [],
    ...options.tls,
    allowInsecureAuth: true,
    onAuth: ({ username, password }, _session, callback) => {
      const { login } = options;
      if (username === login?.user && password === login?.pass) callback(null, { user: username });
      else callback(new Error("no"));
    },
    onData(stream, session, callback) {
      const chunks: Buffer[] = [];
      stream.on("data", (chunk: Buffer) => chunks.push(chunk));
      stream.on("end", () => {
        if (state.refuse !== undefined) return callback(Object.assign(new Error("no"), { responseCode: state.refuse }));
        const { mailFrom, rcptTo } = session.envelope;
        const from = mailFrom === false ? "" : mailFrom.address;
        mails.push({ from, to: rcptTo.map(({ address }) => address), source: Buffer.concat(chunks).toString() });
        callback();
      });
    },
  });
  server.on("error", () => {});
  const listening = server.listen(0, "127.0.0.1");
  await once(listening, "listening");
  return {
    port: (listening.address() as AddressInfo).port,
    mails,
    state,
    stop: () => new Promise<void>((resolve) => server.close(resolve)),
  };
}

/** The text of a mail, with quoted-printable read. */
export function textOf({ source }: Mail): string {
  const body = source.slice(source.indexOf("\r\n\r\n") + 4);
  if (!/content-transfer-encoding: quoted-printable/i.test(source)) return body;
  return body
    .replace(/=\r\n/g, "")
    .replace(/=([0-9A-F]{2})/g, (_, hex) => String.fromCharCode(Number.parseInt(hex, 16)));
}
