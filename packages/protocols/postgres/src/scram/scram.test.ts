import { randomBytes } from "node:crypto";
import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { SCRAM_SHA_256, SCRAM_SHA_256_PLUS, type ScramMechanism } from "./attributes.ts";
import { ScramClient } from "./client.ts";
import { DerivedKeyCache } from "./derived-key-cache.ts";
import { makeVerifier } from "./keys.ts";
import { saslPrep } from "./sasl-prep.ts";
import { ScramError } from "./scram-error.ts";
import { type ScramAccount, ScramServer, type ScramServerOptions } from "./server.ts";

const ITERATIONS = 4096;
const salt = Buffer.alloc(16, 7);
const endPoint = Buffer.alloc(32, 9);
const keys = new DerivedKeyCache();
let account: ScramAccount;

beforeAll(async () => {
  const ids = ["a", "b", "c"];
  const verifiers = await Promise.all(
    ids.map(async (id) => ({ id, ...(await makeVerifier(`secret ${id}`, salt, ITERATIONS)) })),
  );
  account = { salt, iterations: ITERATIONS, verifiers };
});

function newServer(options: Partial<ScramServerOptions> = {}): ScramServer {
  const base = {
    mechanism: SCRAM_SHA_256,
    user: "ana",
    account,
    mockKey: Buffer.alloc(32, 1),
    channelBinding: undefined,
  } as const;
  return new ScramServer({ ...base, nonce: randomBytes(18).toString("base64"), ...options });
}

function newClient(
  password: string,
  channelBinding?: Buffer,
  mechanisms: readonly string[] = [SCRAM_SHA_256],
): ScramClient {
  return new ScramClient({ password, mechanisms, channelBinding, nonce: randomBytes(18).toString("base64"), keys });
}

async function exchange(client: ScramClient, server: ScramServer) {
  const proof = server.final(await client.final(Buffer.from(server.first(client.first()))));
  if (proof.ok) client.verify(Buffer.from(proof.serverFinal));
  return proof;
}

const text = (value: string) => Buffer.from(value);
const codeOf = (code: string) => expect.objectContaining({ name: "ScramError", code });

describe("SCRAM", () => {
  it("agrees with the exchange in RFC 7677, section 3", async () => {
    const rfcSalt = Buffer.from("W22ZaJ0SNY7soEsUEjb6gQ==", "base64");
    const verifier = { id: "rfc", ...(await makeVerifier("pencil", rfcSalt, 4096)) };
    const server = newServer({
      account: { salt: rfcSalt, iterations: 4096, verifiers: [verifier] },
      nonce: "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0",
    });
    const first = server.first(text("n,,n=user,r=rOprNGfwEbeRWgbNEkqO"));
    expect(first).toBe("r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096");
    const final =
      "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=";
    const serverFinal = "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=";
    expect(server.final(text(final))).toEqual({ ok: true, verifierId: "rfc", serverFinal });
  });

  it.each(["a", "b", "c"])("names the secret that was proven (%s)", async (id) => {
    expect(await exchange(newClient(`secret ${id}`), newServer())).toMatchObject({ ok: true, verifierId: id });
  });

  it("binds to the TLS connection", async () => {
    const offered = [SCRAM_SHA_256_PLUS, SCRAM_SHA_256];
    const bound = { mechanism: SCRAM_SHA_256_PLUS, channelBinding: endPoint } as const;
    const client = newClient("secret a", endPoint, offered);
    expect(client.mechanism).toBe(SCRAM_SHA_256_PLUS);
    expect(await exchange(client, newServer(bound))).toMatchObject({ ok: true });
    const elsewhere = newClient("secret a", Buffer.alloc(32, 8), offered);
    await expect(exchange(elsewhere, newServer(bound))).rejects.toThrow(codeOf("channel_binding"));
  });

  it("notices that PLUS was removed from its offer", async () => {
    const fooled = newClient("secret a", endPoint, [SCRAM_SHA_256]);
    expect(fooled.first().toString()).toMatch(/^y,,/);
    await expect(exchange(fooled, newServer({ channelBinding: endPoint }))).rejects.toThrow(codeOf("channel_binding"));
    expect(await exchange(newClient("secret a", endPoint), newServer())).toMatchObject({ ok: true });
  });

  it("treats an unknown user like a known one until the proof", async () => {
    const salts = new Set<string | undefined>();
    for (const user of ["nobody", "nobody", "other"]) {
      const server = newServer({ user, account: undefined });
      const client = newClient("secret a");
      const first = server.first(client.first());
      const parts = /^r=[^,]+,s=([^,]+),i=4096$/.exec(first);
      expect(Buffer.from(parts?.[1] ?? "", "base64")).toHaveLength(16);
      salts.add(parts?.[1]);
      expect(server.final(await client.final(text(first)))).toEqual({ ok: false });
    }
    expect(salts.size).toBe(2);
    expect(await exchange(newClient("wrong"), newServer())).toEqual({ ok: false });
    const none = { ...account, verifiers: [] };
    expect(await exchange(newClient("secret a"), newServer({ account: none }))).toEqual({ ok: false });
  });

  it("cannot be entered with a proof for the key of all zeros that fills the empty places", () => {
    const server = newServer({ account: undefined });
    const first = server.first(text("n,,n=,r=abc"));
    const nonce = first.slice(2, first.indexOf(",s="));
    expect(server.final(text(`c=biws,r=${nonce},p=${Buffer.alloc(32).toString("base64")}`))).toEqual({ ok: false });
  });

  it.each<[string, ScramMechanism, string, string]>([
    ["nothing", SCRAM_SHA_256, "", "malformed"],
    ["an authorization identity", SCRAM_SHA_256, "n,a=root,n=,r=abc", "unsupported"],
    ["a mandatory extension", SCRAM_SHA_256, "n,,m=x,n=,r=abc", "unsupported"],
    ["no nonce", SCRAM_SHA_256, "n,,n=,x=abc", "malformed"],
    ["an empty nonce", SCRAM_SHA_256, "n,,n=,r=", "malformed"],
    ["a nonce with a space", SCRAM_SHA_256, "n,,n=,r=a b", "malformed"],
    ["binding data without PLUS", SCRAM_SHA_256, "p=tls-server-end-point,,n=,r=abc", "malformed"],
    ["PLUS without binding data", SCRAM_SHA_256_PLUS, "n,,n=,r=abc", "malformed"],
    ["PLUS with another kind of binding", SCRAM_SHA_256_PLUS, "p=tls-unique,,n=,r=abc", "malformed"],
    ["a message of 5,000 bytes", SCRAM_SHA_256, `n,,n=,r=${"a".repeat(5000)}`, "malformed"],
  ])("refuses a first message with %s", (_what, mechanism, message, code) => {
    expect(() => newServer({ mechanism, channelBinding: endPoint }).first(text(message))).toThrow(codeOf(code));
  });

  it("refuses a final message of another exchange or shape", async () => {
    const proof = Buffer.alloc(32).toString("base64");
    const shapes = (nonce: string) => [
      `c=biws,r=${nonce}x,p=${proof}`,
      `c=biws,r=${nonce}`,
      `c=biws,r=${nonce},p=${Buffer.alloc(31).toString("base64")}`,
      `c=biws,r=${nonce},p=${proof.slice(0, -1)}`,
      `c=bi ws,r=${nonce},p=${proof}`,
      `r=${nonce},c=biws,p=${proof}`,
    ];
    for (let i = 0; i < shapes("").length; i++) {
      const server = newServer();
      const first = server.first(text("n,,n=,r=abc"));
      const message = shapes(first.slice(2, first.indexOf(",s=")))[i] ?? "";
      expect(() => server.final(text(message))).toThrow(codeOf("malformed"));
    }
    expect(() => newServer().final(text(`c=biws,r=abc,p=${proof}`))).toThrow(codeOf("malformed"));
  });

  it("survives garbage with nothing but ScramError", () => {
    const part = fc.constantFrom(
      "n",
      "y",
      "p=tls-server-end-point",
      "",
      ",",
      "n=",
      "r=abc",
      "c=biws",
      "p=AAAA",
      "m=1",
      "a=",
      "=",
    );
    fc.assert(
      fc.property(fc.array(part), fc.uint8Array({ maxLength: 30 }), (parts, noise) => {
        const server = newServer();
        for (const data of [text(parts.join(",")), noise, text(`n,,n=,r=${parts.join("")}`)]) {
          for (const step of [() => server.first(data), () => server.final(data)]) {
            try {
              step();
            } catch (error) {
              expect(error).toBeInstanceOf(ScramError);
            }
          }
        }
      }),
    );
  });
});

describe("ScramClient", () => {
  it.each<[string, (nonce: string) => string, string]>([
    ["a nonce that is not ours", () => "r=other,s=AAAA,i=4096", "malformed"],
    ["only our nonce", (nonce) => `r=${nonce},s=AAAA,i=4096`, "malformed"],
    ["two billion iterations", (nonce) => `r=${nonce}x,s=AAAA,i=2000000000`, "malformed"],
    ["no iterations", (nonce) => `r=${nonce}x,s=AAAA,i=0`, "malformed"],
    ["an empty salt", (nonce) => `r=${nonce}x,s=,i=4096`, "malformed"],
  ])("refuses a server that sends %s", async (_what, message, code) => {
    const client = newClient("p");
    const nonce = client.first().toString().split("r=")[1] ?? "";
    await expect(client.final(text(message(nonce)))).rejects.toThrow(codeOf(code));
  });

  it("believes no server that does not know the password", async () => {
    const client = newClient("secret a");
    expect(() => client.verify(text(`v=${Buffer.alloc(32).toString("base64")}`))).toThrow(codeOf("server_not_genuine"));
    await client.final(text(newServer().first(client.first())));
    expect(() => client.verify(text(`v=${Buffer.alloc(32).toString("base64")}`))).toThrow(codeOf("server_not_genuine"));
    expect(() => client.verify(text("e=other-error"))).toThrow(codeOf("refused_by_server"));
  });

  it("chooses no mechanism that it does not know", () => {
    expect(() => newClient("p", undefined, ["OAUTHBEARER"])).toThrow(codeOf("unsupported"));
    expect(() => newClient("p", undefined, [SCRAM_SHA_256_PLUS])).toThrow(codeOf("unsupported"));
  });
});

describe("DerivedKeyCache", () => {
  it("derives once, keeps the latest, and tells inputs apart", async () => {
    const cache = new DerivedKeyCache(2);
    const first = cache.get("a", salt, 1);
    expect(cache.get("a", salt, 1)).toBe(first);
    await Promise.all([cache.get("b", salt, 1), cache.get("a", salt, 1), cache.get("a", salt, 2)]);
    expect(cache.size).toBe(2);
    expect(cache.get("a", salt, 1)).toBe(first);
    expect((await cache.get("a", Buffer.alloc(16), 1)).clientKey).not.toEqual((await first).clientKey);
    expect(JSON.stringify(cache)).toBe("{}");
  });
});

describe("saslPrep", () => {
  it.each([
    ["ASCII stays", "s3cret !", "s3cret !"],
    ["soft hyphen goes (RFC 4013, example 1)", "I\u00adX", "IX"],
    ["case stays (example 3)", "USER", "USER"],
    ["compatibility forms (example 4)", "\u00aa", "a"],
    ["compatibility forms (example 5)", "\u2168", "IX"],
    ["other spaces", "a\u00a0b", "a b"],
    ["prohibited: as it is (example 6)", "\u0007\u2168", "\u0007\u2168"],
    ["mixed directions: as it is (example 7)", "\u0627\u0031\u2168", "\u0627\u0031\u2168"],
    ["nothing left: as it is", "\u00ad", "\u00ad"],
  ])("%s", (_what, given, expected) => {
    expect(saslPrep(given)).toBe(expected);
  });
});
