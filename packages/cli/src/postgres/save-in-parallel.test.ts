import { mkdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { tempDir } from "@tidewaiter/testkit/temp-dir";
import { expect, it } from "vitest";
import { forgetConnection, saveConnection } from "./save-connection.ts";
import { readSavedConnections, type SavedConnection } from "./saved-connections.ts";

const OWN_SERVICES = "[mine]\nhost=db\r\n\n# a comment of mine";
const OWN_PASSWORDS = "*:*:*:me:mine\n";

function connection(database: string, secret: string) {
  const proof = { secret };
  return { host: "gw", port: 6432, database, user: "ana", proof, tls: { mode: "disable" } } as const;
}

function remembered(service: string, paths: { serviceFile: string; passFile: string }, secretId: string) {
  const wanted = { resource: service, database: undefined, level: undefined, ttlSeconds: undefined, uses: undefined };
  const saved: SavedConnection = {
    ...paths,
    profile: "ana",
    service,
    wanted: { ...wanted, forPrincipal: undefined },
    certificate: false,
    secretId,
    expiresAt: "2026-11-24T20:00:00Z",
  };
  return saved;
}

it("twenty at once lose nothing of each other's, nor of the person's, and all can be taken out again", async () => {
  await using dir = tempDir("cli");
  const paths = { serviceFile: join(dir.path, "service"), passFile: join(dir.path, "pass") };
  const files = { ...paths, configDir: join(dir.path, "config") };
  await mkdir(files.configDir);
  // a lock that a killed run left behind
  await writeFile(join(files.configDir, "lock"), "999999999");
  await writeFile(paths.serviceFile, OWN_SERVICES);
  await writeFile(paths.passFile, OWN_PASSWORDS);
  const names = Array.from({ length: 20 }, (_, index) => `db-${index}`);
  const save = (name: string, round: number) =>
    saveConnection(
      files,
      name,
      { connection: connection(name, `secret-${name}-${round}`), secretId: `sec_${name}_${round}`, expiresAt: "" },
      remembered(name, paths, `sec_${name}_${round}`),
    );
  await Promise.all(names.map((name) => save(name, 1)));
  await Promise.all(names.map((name) => save(name, 2)));
  const [services, passwords] = [await readFile(paths.serviceFile, "utf8"), await readFile(paths.passFile, "utf8")];
  for (const name of names) {
    expect(services.split(`[${name}]`)).toHaveLength(2);
    expect(passwords).toContain(`gw:6432:${name}:ana:secret-${name}-2\n`);
  }
  expect(passwords).not.toContain("-1\n");
  expect(services.startsWith(OWN_SERVICES)).toBe(true);
  expect(passwords.endsWith(OWN_PASSWORDS)).toBe(true);
  expect((await readSavedConnections(files.configDir)).map(({ service }) => service).sort()).toEqual([...names].sort());
  for (const path of [paths.serviceFile, paths.passFile, join(files.configDir, "connections.json")]) {
    expect((await stat(path)).mode & 0o777).toBe(0o600);
  }
  expect(await readFile(join(files.configDir, "connections.json"), "utf8")).not.toContain("secret-db");
  for (const name of names) expect(await forgetConnection(files, name)).toMatchObject({ secretId: `sec_${name}_2` });
  expect(await readFile(paths.passFile, "utf8")).toBe(OWN_PASSWORDS);
  expect((await readFile(paths.serviceFile, "utf8")).trimEnd()).toBe(OWN_SERVICES);
  expect(await forgetConnection(files, "mine")).toBeUndefined();
});
