import { expect, it } from "vitest";
import { bindsSession, changeOf, signatureOf } from "./agent-messages.ts";

const text = (value: string | Buffer): Buffer => {
  const bytes = Buffer.from(value as string);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(bytes.length);
  return Buffer.concat([length, bytes]);
};
const message = (type: number, ...fields: Buffer[]): Buffer => text(Buffer.concat([Buffer.from([type]), ...fields]));
const sign = (data: Buffer): Buffer => message(13, text("key"), text(data), Buffer.alloc(4));
const KEY = "SHA256:LHDhK3oGRvkiefQnx7OOczTY5TiczXY4iLK8i/KYYoc";

it("says what is signed", () => {
  const login = Buffer.concat([text("session"), Buffer.from([50]), text("root"), text("ssh-connection")]);
  expect(signatureOf(sign(login))).toMatch(/^sign SHA256:\S+ login root$/);
  const file = Buffer.concat([Buffer.from("SSHSIG"), text("git"), text(""), text("sha512")]);
  expect(signatureOf(sign(file))).toMatch(/^sign SHA256:\S+ file git$/);
  expect(signatureOf(sign(Buffer.from("anything")))).toMatch(/ data$/);
  expect(signatureOf(sign(Buffer.alloc(0)))).toMatch(/ data$/);
  expect(signatureOf(sign(Buffer.alloc(0)))?.split(" ")[1]).toHaveLength(KEY.length);
});

it("a name that somebody chose is one printable word", () => {
  const login = Buffer.concat([text("session"), Buffer.from([50]), text("a b\n\x1b[2J\u00e9"), text("")]);
  const words = signatureOf(sign(login))?.split(" ") ?? [];
  expect(words).toHaveLength(4);
  expect(words[3]).toMatch(/^a\?b\?\?\[2J\?$/);
  const long = Buffer.concat([text("session"), Buffer.from([50]), text("x".repeat(5000)), text("")]);
  expect(signatureOf(sign(long))?.length).toBeLessThan(150);
});

it("a request without all of its fields is none", () => {
  const whole = sign(Buffer.from("data"));
  for (let end = 5; end < whole.length; end++) expect(signatureOf(whole.subarray(0, end))).toBeUndefined();
});

it("says what else an agent was asked to do", () => {
  expect(changeOf(message(19))).toBe("remove all keys");
  expect(changeOf(message(17, text("ssh-ed25519")))).toBe("add a key");
  expect(changeOf(message(27, text("query")))).toBe("use its extension query");
  expect(bindsSession(message(27, text("session-bind@openssh.com")))).toBe(true);
  expect(bindsSession(message(27, text("session-bind@openssh.com.evil")))).toBe(false);
  expect(bindsSession(message(27))).toBe(false);
  expect(bindsSession(message(25, text("session-bind@openssh.com")))).toBe(false);
  expect(changeOf(message(99))).toBe("do something unknown (99)");
});
