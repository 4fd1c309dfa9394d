import { connect as connectTls, createSecureContext, type SecureContext } from "node:tls";
import { certificateAuthority, duplexPair } from "@tidewaiter/testkit";
import { type ScriptedPeer, scriptedPeer } from "@tidewaiter/testkit/postgres/scripted-peer";
import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { decodeBackend } from "../decode-backend.ts";
import { encodePassword, encodeQuery } from "../encode-frontend.ts";
import { encodeStartup } from "../encode-startup.ts";
import { ScramClient } from "../scram/client.ts";
import { DerivedKeyCache } from "../scram/derived-key-cache.ts";
import { makeVerifier } from "../scram/keys.ts";
import type { ScramAccount } from "../scram/server.ts";
import { acceptClient } from "./accept-client.ts";
import type { AcceptedClient, AcceptOptions } from "./options.ts";

const SSL_REQUEST = encodeStartup({ name: "SSLRequest" });
const GSS_REQUEST = encodeStartup({ name: "GSSENCRequest" });
let secureContext: SecureContext;
let account: ScramAccount;
let caPem: string;

beforeAll(async () => {
  const authority = await certificateAuthority();
  caPem = authority.caPem;
  const { certPem, keyPem } = await authority.issue({ commonName: "localhost", names: ["localhost"], usage: "server" });
  secureContext = createSecureContext({ cert: certPem, key: keyPem });
  const salt = Buffer.alloc(16, 3);
  account = { salt, iterations: 4096, verifiers: [{ id: "live", ...(await makeVerifier("secret", salt, 4096)) }] };
});

const tls = (policy: "optional" | "required" = "optional") => ({ policy, secureContext }) as const;

function start(options: Partial<AcceptOptions> = {}): { peer: ScriptedPeer; outcome: Promise<AcceptedClient> } {
  const [client, server] = duplexPair();
  const base: AcceptOptions = {
    mockKey: Buffer.alloc(32, 1),
    lookupVerifiers: async (user) => (user === "ana" ? account : undefined),
  };
  return { peer: scriptedPeer(client), outcome: acceptClient(server, { ...base, ...options }) };
}

function startup(parameters: Record<string, string>, minor = 0, major = 3): Buffer {
  return encodeStartup({ name: "StartupMessage", major, minor, parameters: new Map(Object.entries(parameters)) });
}

/** The SQLSTATE and text of the FATAL error that ends the connection. */
async function fatalOf(peer: ScriptedPeer): Promise<string> {
  const { bytes } = await peer.receiveMessage();
  const message = decodeBackend({ type: bytes[0] ?? 0, buffer: bytes, start: 0, end: bytes.length });
  if (message.name !== "ErrorResponse") return message.name;
  expect(message.fields.severity).toBe("FATAL");
  expect(await peer.receiveAll()).toHaveLength(0);
  return `${message.fields.code} ${message.fields.message}`;
}

/** Plays a correct client from AuthenticationSASL on; `behind` is sent together with the proof. */
async function prove(peer: ScriptedPeer, behind: Buffer = Buffer.alloc(0)): Promise<void> {
  const nonce = "fixed client nonce".replaceAll(" ", "-");
  const mechanisms = ["SCRAM-SHA-256"];
  const client = new ScramClient({
    password: "secret",
    mechanisms,
    channelBinding: undefined,
    nonce,
    keys: new DerivedKeyCache(),
  });
  expect((await peer.receiveMessage()).body.readInt32BE(0)).toBe(10);
  peer.send(encodePassword({ name: "SASLInitialResponse", mechanism: "SCRAM-SHA-256", data: client.first() }));
  const challenge = (await peer.receiveMessage()).body.subarray(4);
  peer.send(encodePassword({ name: "SASLResponse", data: await client.final(challenge) }), behind);
  client.verify((await peer.receiveMessage()).body.subarray(4));
}

const optionNamed = (name: string, minor: number) =>
  `0003000${minor}00000001${Buffer.from(`${name}\0`).toString("hex")}`;

describe("acceptClient", () => {
  it("leaves bytes that came behind the proof in the stream", async () => {
    const { peer, outcome } = start();
    peer.send(startup({ user: "ana/read", database: "shop", application_name: "probe", replication: "false" }));
    await prove(peer, encodeQuery("select 1"));
    const client = await outcome;
    if (client.kind !== "login") throw new Error("refused");
    expect(client).toMatchObject({
      user: "ana",
      level: "read",
      database: "shop",
      proof: { verifierId: "live" },
      tls: false,
    });
    expect([...client.parameters]).toEqual([["application_name", "probe"]]);
    expect(client.stream.read()).toEqual(encodeQuery("select 1"));
  });

  it("reads a startup packet that comes byte by byte", async () => {
    const { peer, outcome } = start();
    for (const byte of startup({ user: "ana" })) peer.send(Buffer.from([byte]));
    await prove(peer);
    expect(await outcome).toMatchObject({ kind: "login", user: "ana" });
  });

  it("answers GSSENCRequest and SSLRequest once each, in any order", async () => {
    for (const requests of [
      [GSS_REQUEST, SSL_REQUEST],
      [SSL_REQUEST, GSS_REQUEST],
    ]) {
      const { peer, outcome } = start();
      for (const request of requests) {
        peer.send(request);
        expect((await peer.receive(1)).toString()).toBe("N");
      }
      peer.send(requests[0] ?? "");
      expect(await fatalOf(peer)).toMatch(/^08P01 (SSLRequest|GSSENCRequest) is out of place/);
      expect(await outcome).toMatchObject({ kind: "refused", code: "protocol_violation" });
    }
  });

  it("refuses anything pipelined behind SSLRequest", async () => {
    const { peer, outcome } = start({ tls: tls() });
    peer.send(SSL_REQUEST, startup({ user: "ana" }));
    expect(await fatalOf(peer)).toBe("08P01 received unencrypted data after SSL request");
    expect(await outcome).toMatchObject({ code: "protocol_violation" });
  });

  it("speaks TLS over any duplex stream, directly or by SSLRequest", async () => {
    for (const direct of [true, false]) {
      const { peer, outcome } = start({ tls: tls("required") });
      if (!direct) {
        peer.send(SSL_REQUEST);
        expect((await peer.receive(1)).toString()).toBe("S");
      }
      const ALPNProtocols = direct ? ["postgresql"] : [];
      const inside = scriptedPeer(
        connectTls({ socket: peer.stream, ca: caPem, servername: "localhost", ALPNProtocols }),
      );
      inside.send(startup({ user: "token/write" }));
      expect((await inside.receiveMessage()).body.readInt32BE(0)).toBe(3);
      inside.send(encodePassword({ name: "PasswordMessage", password: "an.access.token" }));
      const proof = { kind: "token", token: "an.access.token" };
      expect(await outcome).toMatchObject({ user: "token", level: "write", serverName: "localhost", tls: true, proof });
      inside.stream.destroy();
    }
  });

  it("chooses the certificate by server name", async () => {
    const other = await (await certificateAuthority("other")).issue({
      commonName: "b",
      names: ["b.example"],
      usage: "server",
    });
    const asked: string[] = [];
    const contextFor = (name: string) => {
      asked.push(name);
      return name === "b.example" ? createSecureContext({ cert: other.certPem, key: other.keyPem }) : undefined;
    };
    const { peer, outcome } = start({ tls: { ...tls(), contextFor } });
    const socket = connectTls({
      socket: peer.stream,
      ca: other.caPem,
      servername: "b.example",
      ALPNProtocols: ["postgresql"],
    });
    scriptedPeer(socket).send(startup({ database: "shop" }));
    expect(await outcome).toMatchObject({ kind: "refused", code: "bad_user", serverName: "b.example" });
    expect(asked).toEqual(["b.example"]);
    socket.destroy();
  });

  it("notices when the stream below TLS is torn down", async () => {
    const { peer, outcome } = start({ tls: tls() });
    const socket = connectTls({
      socket: peer.stream,
      ca: caPem,
      servername: "localhost",
      ALPNProtocols: ["postgresql"],
    });
    const inside = scriptedPeer(socket);
    inside.send(startup({ user: "ana" }));
    await inside.receiveMessage();
    peer.stream.destroy();
    expect(await outcome).toMatchObject({ kind: "refused", code: "client_left", user: "ana" });
    socket.destroy();
  });

  it("takes cancel requests in clear text on a port that requires TLS, with keys of any protocol version", async () => {
    for (const secretKey of [Buffer.alloc(4, 1), Buffer.alloc(256, 2)]) {
      const { peer, outcome } = start({ tls: tls("required") });
      peer.send(encodeStartup({ name: "CancelRequest", processId: 77, secretKey }));
      expect(await outcome).toMatchObject({ kind: "cancel", processId: 77, secretKey });
    }
  });

  it("P3: speaks 3.0 to 3.2 as asked, newer ones and unknown protocol options are negotiated away", async () => {
    const cases = [
      { minor: 3, options: {}, expected: "0003000200000000", spoken: 2 },
      // what libpq sends as grease
      { minor: 9999, options: { "_pq_.grease": "1" }, expected: optionNamed("_pq_.grease", 2), spoken: 2 },
      { minor: 2, options: { "_pq_.x": "" }, expected: optionNamed("_pq_.x", 2), spoken: 2 },
      { minor: 0, options: { "_pq_.x": "" }, expected: optionNamed("_pq_.x", 0), spoken: 0 },
    ];
    for (const { minor, options, expected, spoken } of cases) {
      const { peer, outcome } = start();
      peer.send(startup({ user: "ana", ...options }, minor));
      const negotiation = await peer.receiveMessage();
      expect([negotiation.type, negotiation.body.toString("hex")]).toEqual(["v", expected]);
      await prove(peer);
      expect(await outcome).toMatchObject({ kind: "login", parameters: new Map(), protocolMinor: spoken });
    }
    for (const minor of [0, 1, 2]) {
      const { peer, outcome } = start();
      peer.send(startup({ user: "ana" }, minor));
      // the first answer asks for the proof: nothing was negotiated
      await prove(peer);
      expect(await outcome).toMatchObject({ kind: "login", protocolMinor: minor });
    }
  });

  it.each<[string, () => Buffer, string, string]>([
    ["protocol 2", () => startup({ user: "ana" }, 0, 2), "0A000 unsupported frontend protocol 2.0", "unsupported"],
    ["no user", () => startup({ database: "x" }), "28000 no PostgreSQL user name specified", "bad_user"],
    ["an unknown level", () => startup({ user: "ana/root" }), "28000 the access level", "bad_user"],
    ["an empty name", () => startup({ user: "/read" }), "28000 the user name is empty", "bad_user"],
    [
      "a control character in the name",
      () => startup({ user: "a\nb" }),
      "28000 the user name is not valid",
      "bad_user",
    ],
    ["replication", () => startup({ user: "ana", replication: "database" }), "0A000 replication", "unsupported"],
    [
      "a huge parameter",
      () => startup({ user: "ana", options: "x".repeat(5000) }),
      "08P01 a startup",
      "protocol_violation",
    ],
    ["a huge packet", () => Buffer.from("00002711", "hex"), "08P01 invalid length", "protocol_violation"],
    ["HTTP", () => Buffer.from("GET / HTTP/1.1\r\n\r\n"), "08P01 invalid length", "protocol_violation"],
    [
      "a query instead of a proof",
      () => Buffer.concat([startup({ user: "ana" }), encodeQuery("x")]),
      "Authentication",
      "protocol_violation",
    ],
  ])("refuses %s", async (_what, bytes, expected, code) => {
    const { peer, outcome } = start();
    peer.send(bytes());
    expect(await fatalOf(peer)).toContain(expected);
    expect(await outcome).toMatchObject({ kind: "refused", code });
  });

  it("gives up at the deadline, at every step, and says so", async () => {
    for (const sent of [Buffer.alloc(0), SSL_REQUEST.subarray(0, 5), startup({ user: "ana" })]) {
      const { peer, outcome } = start({ deadlineMs: 30 });
      peer.send(sent);
      expect(await outcome).toMatchObject({ code: "timeout", sqlState: "57014" });
      expect((await peer.receiveAll()).toString("latin1")).toContain("canceling authentication due to timeout");
    }
    const { peer, outcome } = start({ deadlineMs: 30, lookupVerifiers: () => new Promise(() => undefined) });
    peer.send(startup({ user: "ana" }));
    expect(await outcome).toMatchObject({ code: "timeout" });
    const stuck = start({ deadlineMs: 30, tls: tls() });
    stuck.peer.send("1603010200");
    expect(await stuck.outcome).toMatchObject({ kind: "refused", code: "timeout" });
  });

  it("ends with the gateway", async () => {
    const controller = new AbortController();
    const { peer, outcome } = start({ signal: controller.signal });
    controller.abort(new Error("shutdown"));
    expect(await outcome).toMatchObject({ code: "shutdown", sqlState: "57P01" });
    expect(await fatalOf(peer)).toContain("terminating connection due to administrator command");
    expect(await start({ signal: controller.signal }).outcome).toMatchObject({ code: "shutdown" });
  });

  it("says when secrets cannot be checked, and keeps the cause for the log", async () => {
    const cause = new Error("store is locked");
    const { peer, outcome } = start({ lookupVerifiers: () => Promise.reject(cause) });
    peer.send(startup({ user: "ana" }));
    expect(await fatalOf(peer)).toBe("57P03 connection secrets cannot be checked right now");
    expect(await outcome).toMatchObject({ code: "lookup_failed", user: "ana", cause });
  });

  it("survives clients that leave or are reset at any point", async () => {
    const bytes = Buffer.concat([
      GSS_REQUEST,
      startup({ user: "ana" }),
      encodePassword({ name: "PasswordMessage", password: "" }),
    ]);
    for (let end = 0; end < bytes.length - 1; end += 3) {
      for (const leave of ["end", "destroy"] as const) {
        const { peer, outcome } = start();
        peer.send(bytes.subarray(0, end));
        peer.stream[leave]();
        expect(await outcome).toMatchObject({ kind: "refused" });
      }
    }
  });

  it("never rejects, whatever it is sent", async () => {
    const pieces = fc.oneof(
      fc.constantFrom(SSL_REQUEST, GSS_REQUEST, startup({ user: "ana" }), startup({ user: "token" }, 7)),
      fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes)),
      fc.constant(
        encodePassword({ name: "SASLInitialResponse", mechanism: "SCRAM-SHA-256", data: Buffer.from("n,,n=,r=a") }),
      ),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(pieces, { maxLength: 6 }), fc.boolean(), async (sent, withTls) => {
        const { peer, outcome } = start(withTls ? { tls: tls() } : {});
        for (const piece of sent) peer.send(piece);
        peer.stream.end();
        peer.stream.resume();
        expect(["refused", "cancel"]).toContain((await outcome).kind);
      }),
      { numRuns: 200 },
    );
  });
});
