import { lstat, readFile, stat, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { tempDir } from "@tidewaiter/testkit/temp-dir";
import { describe, expect, it } from "vitest";
import { defaultService } from "../commands/connect/connect.ts";
import {
  type Connection,
  connectionUrl,
  connectionVariables,
  passFileLine,
  type SecretConnection,
  serviceLines,
} from "./connection.ts";
import { parseWanted } from "./open-connection.ts";
import { checkServiceName, saveConnection } from "./save-connection.ts";

const connection: SecretConnection = {
  host: "127.0.0.1",
  port: 6432,
  database: "prod-db/re:ports",
  user: "ana/write",
  proof: { secret: "s3:cr\\et@" },
  tls: { mode: "verify-full", rootCert: "/home/ana/.config/tidewaiter/ca/gw.pem" },
};
const opened = (secretId: string, more: Partial<Connection> = {}) => ({
  connection: { ...connection, ...more },
  secretId,
  expiresAt: "2026-11-24T20:00:00Z",
});

function files(dir: string) {
  return { serviceFile: join(dir, "service"), passFile: join(dir, "pass"), configDir: join(dir, "config") };
}

describe("a connection", () => {
  it("as lines of a service file has no secret", () => {
    expect(serviceLines("prod-db", connection)).toEqual([
      "[prod-db]",
      "host=127.0.0.1",
      "port=6432",
      "dbname=prod-db/re:ports",
      "user=ana/write",
      "sslmode=verify-full",
      "sslrootcert=/home/ana/.config/tidewaiter/ca/gw.pem",
    ]);
  });

  it("as a line of a password file escapes colon and backslash", () => {
    expect(passFileLine(connection, connection.proof.secret)).toBe(
      "127.0.0.1:6432:prod-db/re\\:ports:ana/write:s3\\:cr\\\\et@",
    );
  });

  it("as a URL comes apart into the same", () => {
    const url = new URL(connectionUrl(connection));
    const parts = [url.hostname, url.port, url.username, url.password, url.pathname.slice(1)];
    expect(parts.map(decodeURIComponent)).toEqual(["127.0.0.1", "6432", "ana/write", "s3:cr\\et@", "prod-db/re:ports"]);
    expect(url.searchParams.get("sslmode")).toBe("verify-full");
    expect(connectionUrl({ ...connection, host: "::1" })).toContain("@[::1]:6432/");
  });

  it("as variables checks the gateway's certificate", () => {
    const { PGSSLMODE, PGSSLROOTCERT, PGPASSWORD } = connectionVariables(connection);
    expect([PGSSLMODE, PGPASSWORD]).toEqual(["verify-full", connection.proof.secret]);
    expect(PGSSLROOTCERT).toBe("/home/ana/.config/tidewaiter/ca/gw.pem");
    expect(connectionVariables({ ...connection, tls: { mode: "disable" } })).not.toHaveProperty("PGSSLROOTCERT");
  });
});

describe("saving a connection", () => {
  it("writes both files 0600 and keeps what was in them", async () => {
    await using dir = tempDir("cli");
    const paths = files(dir.path);
    await writeFile(paths.serviceFile, "[mine]\nhost=db\n", { mode: 0o644 });
    await writeFile(paths.passFile, "*:*:*:*:mine\n", { mode: 0o644 });
    expect(await saveConnection(paths, "prod-db", opened("sec_1"))).toBeUndefined();
    const [service, pass] = [await readFile(paths.serviceFile, "utf8"), await readFile(paths.passFile, "utf8")];
    expect(service.startsWith("[mine]\nhost=db\n# tidewaiter:begin prod-db sec_1\n[prod-db]\n")).toBe(true);
    // The first line that fits counts, and the person's own fits everything.
    expect(pass.indexOf(passFileLine(connection, connection.proof.secret))).toBeLessThan(pass.indexOf("*:*:*:*:mine"));
    for (const path of [paths.serviceFile, paths.passFile]) expect((await stat(path)).mode & 0o777).toBe(0o600);
  });

  it("again replaces it and names the secret before", async () => {
    await using dir = tempDir("cli");
    const paths = files(dir.path);
    await saveConnection(paths, "prod-db", opened("sec_1"));
    expect(await saveConnection(paths, "prod-db", opened("sec_2", { proof: { secret: "new" } }))).toBe("sec_1");
    const pass = await readFile(paths.passFile, "utf8");
    expect(pass.match(/tidewaiter:begin/g)).toHaveLength(1);
    expect(pass).toContain(":new\n");
    expect(pass).not.toContain("s3");
  });

  it("under two names for the same login keeps one password line: libpq would take the older", async () => {
    await using dir = tempDir("cli");
    const paths = files(dir.path);
    await saveConnection(paths, "one", opened("sec_1"));
    expect(await saveConnection(paths, "two", opened("sec_2"))).toBe("sec_1");
    expect((await readFile(paths.passFile, "utf8")).match(/tidewaiter:begin/g)).toHaveLength(1);
    expect((await readFile(paths.serviceFile, "utf8")).match(/^\[/gm)).toHaveLength(2);
  });

  it("several at once lose none", async () => {
    await using dir = tempDir("cli");
    const paths = files(dir.path);
    const names = ["a", "b", "c", "d", "e"];
    await Promise.all(names.map((name) => saveConnection(paths, name, opened(`sec_${name}`, { user: name }))));
    const [service, pass] = [await readFile(paths.serviceFile, "utf8"), await readFile(paths.passFile, "utf8")];
    for (const name of names) {
      expect(service).toContain(`[${name}]`);
      expect(pass).toContain(`:${name}:`);
    }
  });

  it("keeps a linked file a link", async () => {
    await using dir = tempDir("cli");
    const paths = files(dir.path);
    await writeFile(join(dir.path, "dotfile"), "");
    await symlink(join(dir.path, "dotfile"), paths.passFile);
    await saveConnection(paths, "prod-db", opened("sec_1"));
    expect((await lstat(paths.passFile)).isSymbolicLink()).toBe(true);
    expect(await readFile(join(dir.path, "dotfile"), "utf8")).toContain("s3");
  });

  it("refuses a name that the person uses for something else", async () => {
    await using dir = tempDir("cli");
    const paths = files(dir.path);
    await writeFile(paths.serviceFile, "[prod-db]\nhost=elsewhere\n");
    await expect(checkServiceName(paths, "prod-db")).rejects.toMatchObject({ exit: "conflict" });
    await expect(checkServiceName(paths, "other")).resolves.toBeUndefined();
    await saveConnection(paths, "other", opened("sec_1"));
    await expect(checkServiceName(paths, "other")).resolves.toBeUndefined();
  });
});

describe("what is wanted", () => {
  const wanted = (target: string, more = {}) => parseWanted(target, { ttl: "8h", ...more });

  it("is a resource and perhaps a database", () => {
    expect(wanted("prod-db")).toMatchObject({ resource: "prod-db", database: undefined, ttlSeconds: 28_800 });
    expect(wanted("prod-db/My DB", { level: "write", uses: "3" })).toMatchObject({
      database: "My DB",
      level: "write",
      uses: 3,
    });
  });

  it.each(["", "/x", "Prod", "-x", "a\nb", "prod-db/a\nhost=evil", "prod-db/"])("refuses %j", (target) =>
    expect(() => wanted(target)).toThrow(expect.objectContaining({ exit: "usage" })),
  );

  it.each([{ level: "root" }, { ttl: "8" }, { ttl: "-1h" }, { uses: "0" }, { uses: "x" }])("refuses %j", (more) =>
    expect(() => wanted("prod-db", more)).toThrow(expect.objectContaining({ exit: "usage" })),
  );

  it("has a service name of its own for each level and AI agent", () => {
    expect(defaultService(wanted("prod-db"))).toBe("prod-db");
    expect(defaultService(wanted("prod-db/reports", { level: "write", for: "bot" }))).toBe("prod-db/reports@write@bot");
  });
});
