import { readdirSync, readFileSync } from "node:fs";
import type { SshServer } from "@tidewaiter/testkit";

const POLICIES = new URL("../../deploy/examples/policies/", import.meta.url);

interface Document {
  readonly name: string;
  readonly source: string;
}

/** JSON is YAML. */
export function document(name: string, ...parts: readonly object[]): Document {
  return { name, source: parts.map((part) => JSON.stringify(part)).join("\n---\n") };
}

export function policies(): readonly Document[] {
  return readdirSync(POLICIES).map((name) => ({
    name: `policies/${name}`,
    source: readFileSync(new URL(name, POLICIES), "utf8"),
  }));
}

/** What is there before the provider has pushed anybody. Only ana-bot may reach `vault`; ana may not. */
export function firstDocument(postgresPort: number, sshd: SshServer | undefined): Document {
  const target = {
    host: "127.0.0.1",
    port: postgresPort,
    database: "shop",
    databases: ["*"],
    tls: { mode: "disable" },
  };
  const database = { kind: "resource", protocol: "postgres", agent: "site", tags: { env: "prod" }, target };
  return document(
    "first.yaml",
    { ...database, name: "shop" },
    { ...database, name: "vault" },
    { kind: "principal", name: "mia", type: "user", roles: ["user", "reviewer"] },
    { kind: "principal", name: "ana-bot", type: "ai_agent" },
    { kind: "principal", name: "ci", type: "service" },
    { kind: "grant", name: "mia-shop", principal: "mia", resource: "shop", level: "read" },
    { kind: "grant", name: "ana-bot-shop", principal: "ana-bot", resource: "shop", level: "read" },
    { kind: "grant", name: "ana-bot-vault", principal: "ana-bot", resource: "vault", level: "read" },
    ...(sshd === undefined ? [] : [host(sshd), AGENT_ON_HOST]),
  );
}

const AGENT_ON_HOST = { kind: "grant", name: "ana-bot-web-1", principal: "ana-bot", resource: "web-1", level: "read" };

function host({ port, hostKey }: SshServer): object {
  const target = { host: "127.0.0.1", port, hostKeys: [hostKey] };
  return { kind: "resource", name: "web-1", protocol: "ssh", agent: "site", tags: { env: "prod" }, target };
}

/** What speaks of people and groups of the provider, once they are here. Ana would be a reviewer of her own request. */
export function secondDocument(withHost: boolean): Document {
  const read = { kind: "grant", group: "analysts", level: "read" };
  return document(
    "second.yaml",
    { ...read, name: "analysts-shop", resource: "shop" },
    ...(withHost ? [{ ...read, name: "staff-web-1", group: "staff", resource: "web-1" }] : []),
    { kind: "group", name: "data-owners", members: ["mia", "ana"], roles: ["reviewer"] },
    {
      kind: "access_rule",
      name: "staff-write-shop",
      requesters: ["group:staff"],
      resources: ["shop"],
      level: "write",
      maxDuration: "4h",
      expires: "1h",
      reviewers: { by: ["group:data-owners"], count: 1 },
    },
  );
}
