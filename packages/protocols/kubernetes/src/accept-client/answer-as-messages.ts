import { Readable, Writable } from "node:stream";
import { switchTo } from "../carrier/upgrade.ts";
import { failure, type KubeStatus } from "../status.ts";
import { WebSocketConnection } from "../websocket/connection.ts";
import { acceptOf, readWebSocketRequest } from "../websocket/handshake.ts";
import { type Exchange, refuseUpgrade, type UpgradeExchange } from "./exchange.ts";

const SWITCHED = 200;
const NEWLINE = 0x0a;
/** As the API server's own (apiserver, wsstream.NewDefaultReaderProtocols); none is binary. */
const BASE64 = "base64.binary.k8s.io";
const PROTOCOLS: ReadonlySet<string> = new Set(["binary.k8s.io", BASE64]);
const MAX_REFUSAL = 64 * 1024;

/**
 * A watch or a log that is asked for as a WebSocket, as an exchange like any other: what is answered goes out as messages, an
 * event of a watch as one text message each. Undefined: it is no opening handshake.
 */
export function exchangeOverWebSocket(upgrade: UpgradeExchange, watch: boolean): Exchange | undefined {
  const asked = readWebSocketRequest(upgrade.method, upgrade.headers);
  if (asked === undefined) return undefined;
  const { method, path, query, headers, signal, socket, head } = upgrade;
  const protocol = watch ? undefined : asked.protocols.find((name) => PROTOCOLS.has(name));
  return {
    method,
    path,
    query,
    headers,
    signal,
    body: Readable.from([]),
    respond(status) {
      if (status !== SWITCHED) return refusal(upgrade, status);
      switchTo(socket, {
        upgrade: "websocket",
        "sec-websocket-accept": acceptOf(asked.key),
        ...(protocol !== undefined && { "sec-websocket-protocol": protocol }),
      });
      const connection = new WebSocketConnection(socket, head, { role: "server", onMessage: () => {} });
      return watch ? eventMessages(connection) : chunkMessages(connection, protocol === BASE64);
    },
  };
}

function chunkMessages(connection: WebSocketConnection, base64: boolean): Writable {
  return new Writable({
    write(chunk: Buffer, _, done) {
      connection.send(base64 ? Buffer.from(chunk.toString("base64")) : chunk, !base64, done);
    },
    final(done) {
      connection.end();
      done();
    },
    destroy(error, done) {
      if (error !== null || !this.writableFinished) connection.destroy();
      done(error);
    },
  });
}

/** Events come a line each, and whole: nothing of one goes out before it was read. */
function eventMessages(connection: WebSocketConnection): Writable {
  let begun: Buffer[] = [];
  return new Writable({
    write(chunk: Buffer, _, done) {
      const events: Buffer[] = [];
      let from = 0;
      for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, from)) {
        events.push(Buffer.concat([...begun, chunk.subarray(from, end + 1)]));
        begun = [];
        from = end + 1;
      }
      if (from < chunk.length) begun.push(chunk.subarray(from));
      const last = events.pop();
      for (const event of events) connection.send(event, false, () => {});
      if (last === undefined) done();
      else connection.send(last, false, done);
    },
    final(done) {
      connection.end();
      done();
    },
    destroy(error, done) {
      if (error !== null || !this.writableFinished) connection.destroy();
      done(error);
    },
  });
}

/** The answer is not one to switch for: what it says is said over HTTP. */
function refusal(upgrade: UpgradeExchange, status: number): Writable {
  const chunks: Buffer[] = [];
  let size = 0;
  return new Writable({
    write(chunk: Buffer, _, done) {
      size += chunk.length;
      if (size <= MAX_REFUSAL) chunks.push(chunk);
      done();
    },
    final(done) {
      refuseUpgrade(upgrade, statusOf(Buffer.concat(chunks).toString("utf8"), status));
      done();
    },
  });
}

function statusOf(body: string, code: number): KubeStatus {
  try {
    const said: Partial<KubeStatus> = JSON.parse(body);
    if (said.kind === "Status" && typeof said.message === "string")
      return { ...failure("BadRequest", said.message), ...said, code };
  } catch {
    // no Status
  }
  return { ...failure("BadRequest", body.slice(0, 1_000)), code };
}
