import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** Shorter ones would be found by chance. */
const MIN_LENGTH = 8;

/** Every secret that the walk has used, with what it is, so that it can be looked for where it must not be. */
export class KnownSecrets {
  readonly #names = new Map<string, string>();

  get size(): number {
    return this.#names.size;
  }

  /** @throws when there is none: a walk that looks for nothing finds nothing */
  add(name: string, ...secrets: readonly (string | undefined)[]): void {
    if (secrets.length === 0) throw new Error(`${name}: there is none`);
    for (const secret of secrets) {
      if (secret === undefined || secret.length < MIN_LENGTH) throw new Error(`${name}: that is no secret`);
      this.#names.set(secret, name);
    }
  }

  /** The lines of a PEM that hold the key itself: the first tells only its kind. */
  addPem(name: string, pem: string): void {
    const lines = pem.split(/\r?\n/).filter((line) => /^[A-Za-z0-9+/=]{40,}$/.test(line));
    this.add(name, ...lines.slice(1));
  }

  /** Tokens and keys of everybody who is signed in on this command line by now. */
  addCommandLine(configDirectory: string): void {
    for (const path of readdirSync(configDirectory, { recursive: true, encoding: "utf8" })) {
      const [folder, name = ""] = path.split("/");
      if (folder === "profiles" && name.endsWith(".json")) {
        const profile = JSON.parse(readFileSync(join(configDirectory, path), "utf8")) as Record<string, string>;
        this.add(`access token (${name})`, profile.accessToken);
        if (profile.refreshToken !== undefined) this.add(`refresh token (${name})`, profile.refreshToken);
      }
      if (path.endsWith("id_ed25519"))
        this.addPem(`key of the SSH client (${path})`, readFileSync(join(configDirectory, path), "utf8"));
    }
  }

  /** Names of the secrets that are in there, as they are or written in another way. */
  foundIn(text: string): readonly string[] {
    return [...this.#names].flatMap(([secret, name]) =>
      [...spellings(secret)].some((one) => text.includes(one)) ? [name] : [],
    );
  }
}

function spellings(secret: string): ReadonlySet<string> {
  const bytes = Buffer.from(secret);
  const base64 = bytes.toString("base64").replace(/=+$/, "");
  // the last character depends on what follows
  return new Set([secret, encodeURIComponent(secret), bytes.toString("hex"), base64.slice(0, -1)]);
}
