import { readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { CliError, systemCode } from "../errors.ts";
import { withLock } from "./file-lock.ts";
import { makePrivateDir, readPrivateFile, writePrivateFile } from "./private-file.ts";

/** Somebody signed in to one server. */
export interface Profile {
  readonly name: string;
  /** Base URL without a path. */
  readonly server: string;
  readonly principal: string;
  readonly accessToken: string;
  readonly expiresAt: string;
  /** For the next access token; counts once. */
  readonly refreshToken?: string;
  /** When one has to sign in again, however often it was refreshed. */
  readonly signInExpiresAt?: string;
  /** PEM of roots to trust for the server itself. */
  readonly serverCa?: string;
}

/** Undefined for whoever comes with an API key, which is no profile that is kept. */
export function signedInName({ name, principal }: Profile): string | undefined {
  return principal === "" ? undefined : name;
}

const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/;

/** Profiles as files `profiles/NAME.json` (0600) in the configuration directory (0700); `current` names one of them. */
export class ProfileStore {
  readonly #dir: string;

  constructor(configDir: string) {
    this.#dir = configDir;
  }

  async read(name: string): Promise<Profile | undefined> {
    const path = this.#path(name);
    const text = await readPrivateFile(path);
    if (text === undefined) return undefined;
    const profile = parseProfile(name, text);
    if (profile === undefined) {
      throw new CliError("failure", `the profile ${name} cannot be read`, {
        why: `${path} is not what this version writes`,
        next: "tw login   (it is written anew)",
      });
    }
    return profile;
  }

  async list(): Promise<readonly Profile[]> {
    const names = await readdir(join(this.#dir, "profiles")).catch((error: unknown) => {
      if (systemCode(error) === "ENOENT") return [];
      throw error;
    });
    const profiles = names.filter((file) => file.endsWith(".json")).map((file) => this.read(file.slice(0, -5)));
    return (await Promise.all(profiles)).filter((profile) => profile !== undefined);
  }

  async currentName(): Promise<string | undefined> {
    return (await readPrivateFile(join(this.#dir, "current")))?.trim() || undefined;
  }

  async current(): Promise<Profile | undefined> {
    const name = await this.currentName();
    return name === undefined ? undefined : await this.read(name);
  }

  /** Reads, changes and writes a profile while no other run does. `change` resolves to what is kept. */
  async replace(name: string, change: (current: Profile | undefined) => Promise<Profile>): Promise<Profile> {
    const path = this.#path(name);
    return withLock(this.#dir, async () => {
      const before = await this.read(name);
      const after = await change(before);
      const { name: _name, ...stored } = after;
      if (after !== before) await writePrivateFile(path, `${JSON.stringify(stored, null, 2)}\n`);
      return after;
    });
  }

  /** With `switch` it becomes the current one; the first profile does so anyway. */
  async save(profile: Profile, options: { readonly switch: boolean }): Promise<void> {
    const path = this.#path(profile.name);
    await withLock(this.#dir, async () => {
      await makePrivateDir(join(this.#dir, "profiles"));
      const { name: _name, ...stored } = profile;
      await writePrivateFile(path, `${JSON.stringify(stored, null, 2)}\n`);
      if (options.switch || (await this.currentName()) === undefined) {
        await writePrivateFile(join(this.#dir, "current"), `${profile.name}\n`);
      }
    });
  }

  async remove(name: string): Promise<void> {
    await withLock(this.#dir, async () => {
      await rm(this.#path(name), { force: true });
      if ((await this.currentName()) === name) await rm(join(this.#dir, "current"), { force: true });
    });
  }

  #path(name: string): string {
    if (!NAME.test(name)) {
      throw new CliError("usage", `"${name}" cannot be the name of a profile`, {
        why: "a profile is named by 1-63 letters, digits and . _ -",
      });
    }
    return join(this.#dir, "profiles", `${name}.json`);
  }
}

function parseProfile(name: string, text: string): Profile | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof value !== "object" || value === null) return undefined;
  const { server, principal, accessToken, expiresAt, ...more } = value as Record<string, unknown>;
  if (typeof server !== "string" || typeof principal !== "string") return undefined;
  if (typeof accessToken !== "string" || typeof expiresAt !== "string") return undefined;
  const { refreshToken, signInExpiresAt, serverCa } = more;
  return {
    ...{ name, server, principal, accessToken, expiresAt },
    ...(typeof refreshToken === "string" ? { refreshToken } : {}),
    ...(typeof signInExpiresAt === "string" ? { signInExpiresAt } : {}),
    ...(typeof serverCa === "string" ? { serverCa } : {}),
  };
}
