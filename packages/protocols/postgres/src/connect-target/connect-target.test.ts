import { duplexPair } from "@tidewaiter/testkit";
import { type ScriptedPeer, scriptedPeer } from "@tidewaiter/testkit/postgres/scripted-peer";
import { describe, expect, it } from "vitest";
import { encodeBackend } from "../encode-backend.ts";
import { encodeStartup } from "../encode-startup.ts";
import { errorFields } from "../errors.ts";
import type { AuthenticationRequest } from "../messages.ts";
import { DerivedKeyCache } from "../scram/derived-key-cache.ts";
import { type ConnectedTarget, connectTarget } from "./connect-target.ts";
import type { ConnectTargetOptions } from "./options.ts";
import { sendCancelRequest } from "./send-cancel-request.ts";

const OK = authentication({ request: "ok" });
const READY = encodeBackend({ name: "ReadyForQuery", status: "I" });
const SASL = authentication({ request: "sasl", mechanisms: ["SCRAM-SHA-256"] });

function authentication(request: AuthenticationRequest): Buffer {
  return encodeBackend({ name: "Authentication", ...request });
}

function start(options: Partial<ConnectTargetOptions> = {}): {
  server: ScriptedPeer;
  outcome: Promise<ConnectedTarget>;
} {
  const [near, far] = duplexPair();
  const base = { user: "app", database: "shop", password: "p", keys: new DerivedKeyCache() };
  const outcome = connectTarget(near, { ...base, tls: { mode: "disable" }, ...options });
  outcome.catch(() => undefined);
  return { server: scriptedPeer(far), outcome };
}

describe("connectTarget with a scripted server", () => {
  it("collects what comes before ReadyForQuery and hands on what comes behind", async () => {
    const { server, outcome } = start({
      parameters: new Map([
        ["user", "root"],
        ["application_name", "x"],
      ]),
    });
    const expected = new Map([
      ["user", "app"],
      ["database", "shop"],
      ["application_name", "x"],
    ]);
    const startup = encodeStartup({ name: "StartupMessage", major: 3, minor: 0, parameters: expected });
    expect(await server.receive(startup.length)).toEqual(startup);
    const notice = errorFields("WARNING", { code: "01000", message: "collation" });
    const secretKey = Buffer.alloc(32, 4);
    server.send(
      OK,
      encodeBackend({ name: "ParameterStatus", parameter: "TimeZone", value: "UTC" }),
      encodeBackend({ name: "NoticeResponse", fields: notice }),
      encodeBackend({ name: "BackendKeyData", processId: 9, secretKey }),
      READY,
      encodeBackend({ name: "ParameterStatus", parameter: "later", value: "1" }),
    );
    const target = await outcome;
    expect(target).toMatchObject({ tls: false, backendKey: { processId: 9, secretKey }, notices: [notice] });
    expect([...target.parameters]).toEqual([["TimeZone", "UTC"]]);
    expect(target.leftover.toString("latin1")).toContain("later");
    const next = new Promise((resolve) => target.stream.once("data", resolve));
    server.send(READY);
    expect(await next).toEqual(READY);
  });

  it.each<[string, Partial<ConnectTargetOptions>, readonly Buffer[], string]>([
    ["ends SCRAM without proving itself", {}, [SASL, OK, READY], "protocol"],
    [
      "sends a proof that is wrong",
      {},
      [SASL, authentication({ request: "saslContinue", data: Buffer.from("r=x,s=AAAA,i=1") })],
      "auth_failed",
    ],
    [
      "offers unknown mechanisms",
      {},
      [authentication({ request: "sasl", mechanisms: ["OAUTHBEARER"] })],
      "auth_unsupported",
    ],
    ["asks for Kerberos", {}, [authentication({ request: "unsupported", method: 7 })], "auth_unsupported"],
    ["asks for a cleartext password", {}, [authentication({ request: "cleartext" })], "auth_unsupported"],
    [
      "asks twice",
      { allowCleartext: true },
      [authentication({ request: "cleartext" }), authentication({ request: "cleartext" })],
      "protocol",
    ],
    ["sends rows too early", {}, [OK, encodeBackend({ name: "CommandComplete", tag: "SELECT 1" })], "protocol"],
    ["sends a huge message", {}, [Buffer.from("5200ffffff", "hex")], "protocol"],
    [
      "never comes to an end",
      {},
      [
        OK,
        ...Array.from({ length: 1001 }, () => encodeBackend({ name: "ParameterStatus", parameter: "a", value: "b" })),
      ],
      "protocol",
    ],
    ["answers TLS with data in clear text", { tls: { mode: "require" } }, [Buffer.from("S"), OK], "protocol"],
    ["refuses TLS", { tls: { mode: "verify-full", serverName: "db" } }, [Buffer.from("N")], "tls_refused"],
    ["answers SSLRequest with an error", { tls: { mode: "prefer" } }, [Buffer.from("E")], "tls_refused"],
    [
      "needs a password that is not there",
      { password: "" },
      [
        authentication({ request: "md5", salt: Buffer.alloc(4) }),
        encodeBackend({ name: "ErrorResponse", fields: errorFields("FATAL", { code: "28P01", message: "no" }) }),
      ],
      "auth_failed",
    ],
  ])("fails when the server %s", async (_what, options, answers, code) => {
    const { server, outcome } = start(options);
    server.send(...answers);
    await expect(outcome).rejects.toMatchObject({ name: "TargetConnectError", code });
    await server.receiveAll();
  });

  it("fails when the server leaves, answers nothing, or nobody waits any more", async () => {
    const left = start();
    left.server.stream.end();
    await expect(left.outcome).rejects.toMatchObject({ code: "unreachable" });
    await expect(start({ deadlineMs: 20 }).outcome).rejects.toMatchObject({ code: "timeout" });
    const controller = new AbortController();
    const aborted = start({ signal: controller.signal, tls: { mode: "require" } });
    aborted.server.send(Buffer.from("S"));
    const reason = new Error("client left");
    controller.abort(reason);
    await expect(aborted.outcome).rejects.toBe(reason);
  });

  it("keeps the server's words for the audit log and gives clients none of them", async () => {
    const { server, outcome } = start();
    const fields = errorFields("FATAL", { code: "3D000", message: 'database "shop" does not exist' });
    server.send(OK, encodeBackend({ name: "ErrorResponse", fields }));
    await expect(outcome).rejects.toMatchObject({ code: "server_error", server: fields });
  });
});

describe("sendCancelRequest", () => {
  it("sends the key and waits for the server to close", async () => {
    const [near, far] = duplexPair();
    const server = scriptedPeer(far);
    const key = { processId: 7, secretKey: Buffer.from([1, 2, 3, 4]) };
    const sent = sendCancelRequest(near, key);
    const packet = encodeStartup({ name: "CancelRequest", ...key });
    expect(await server.receive(packet.length)).toEqual(packet);
    far.end();
    await sent;
    expect(near.destroyed).toBe(true);
  });

  it("does not wait for ever", async () => {
    const [near] = duplexPair();
    const key = { processId: 7, secretKey: Buffer.alloc(4) };
    await expect(sendCancelRequest(near, key, { deadlineMs: 20 })).rejects.toMatchObject({ name: "DeadlineError" });
    expect(near.destroyed).toBe(true);
  });
});
