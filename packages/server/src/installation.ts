import { randomBytes } from "node:crypto";
import { chmod, mkdir, open, readFile } from "node:fs/promises";
import { join } from "node:path";

/** Paths below the data directory. Everything in it is readable by its owner alone. */
export function installationPaths(dataDir: string) {
  return {
    lock: join(dataDir, "lock"),
    masterKey: join(dataDir, "master.key"),
    store: join(dataDir, "tidewaiter.db"),
    recordings: join(dataDir, "recordings"),
    journals: join(dataDir, "journals"),
    tls: join(dataDir, "tls"),
    sshHostKey: join(dataDir, "ssh-host-key"),
    mockKey: join(dataDir, "mock.key"),
    gatewayId: join(dataDir, "gateway-id"),
    adminPassword: join(dataDir, "admin-password"),
  };
}

export async function prepareDataDir(dataDir: string): Promise<void> {
  await mkdir(dataDir, { recursive: true, mode: 0o700 });
  await chmod(dataDir, 0o700);
}

/** A small secret of the installation: made at the first start with mode 0600, then always the same. */
export async function keptText(path: string, make: () => string): Promise<string> {
  try {
    const file = await open(path, "wx", 0o600);
    try {
      const text = make();
      await file.writeFile(text);
      await file.sync();
      return text;
    } finally {
      await file.close();
    }
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "EEXIST")) throw error;
    return (await readFile(path, "utf8")).trim();
  }
}

export function randomHex(bytes: number): string {
  return randomBytes(bytes).toString("hex");
}
