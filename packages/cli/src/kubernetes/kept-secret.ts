import { createHash } from "node:crypto";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { ACCESS_LEVELS } from "@tidewaiter/core/resource";
import { answer } from "../api/client.ts";
import type { AccessLevel } from "../api/shapes.ts";
import { withLock } from "../config/file-lock.ts";
import { makePrivateDir, readPrivateFile, writePrivateFile } from "../config/private-file.ts";
import type { Profile } from "../config/profiles.ts";
import { makeSecret } from "../connection-secret/make-secret.ts";
import type { CommandContext } from "../context.ts";
import { storedProfile } from "../create-context.ts";
import { CliError } from "../errors.ts";

/** A connection secret that many runs of kubectl share, in a private file (0600) of the profile. */
export interface KeptSecret {
  readonly id: string;
  readonly secret: string;
  /** User name of a native client: `ana`, or `coder+ana`. */
  readonly username: string;
  readonly madeAt: string;
  readonly expiresAt: string;
  /** Whose it is: at which server, and as whom. */
  readonly server: string;
  readonly identity: string;
  /** When the server last knew it. */
  readonly checkedAt: string;
  /** Process ids of the programs that were given it, the newest last. */
  readonly askedBy: readonly number[];
}

export interface SecretWish {
  readonly resource: string;
  /** Each level is a session of its own, which takes a secret of its own where one is good for one session. */
  readonly level: AccessLevel | undefined;
  readonly ttlSeconds: number | undefined;
  /** The process that asks, such as kubectl. */
  readonly askedBy: number;
}

/** One that ends sooner is replaced, or in the last fifth of its life where that is shorter. */
const RENEW_BEFORE_MS = 5 * 60_000;
/** For so long nobody asks the server whether it was revoked. */
const CHECK_AFTER_MS = 10_000;
/** kubectl waits for us; a server that does not answer does not make the secret worse. */
const CHECK_PATIENCE_MS = 5_000;
/** Scripts start kubectl many times at once. */
const LOCK_PATIENCE_MS = 60_000;
const REMEMBERED_ASKERS = 64;

/**
 * The secret that is kept for a resource, or a new one when it ends soon, belongs to somebody else or was revoked. Of
 * many calls at once one makes it.
 *
 * kubectl asks a second time within one run when the gateway has refused what it was given, and does not say so: whoever
 * asks again is given nothing that the server does not confirm.
 */
export async function keptSecret(context: CommandContext, wish: SecretWish): Promise<KeptSecret> {
  const profile = await storedProfile(context);
  return withFolder(context, profile, async (folder) => {
    const file = join(folder, fileOf(wish));
    const kept = await readKept(file, profile);
    const lasting = kept !== undefined && lasts(kept, wish, context.now()) ? kept : undefined;
    const confirmed = lasting && (await confirm(context, lasting, wish.askedBy));
    const secret = confirmed ?? (await makeNew(context, profile, wish));
    const askedBy = [...secret.askedBy.filter((pid) => pid !== wish.askedBy), wish.askedBy].slice(-REMEMBERED_ASKERS);
    const next: KeptSecret = { ...secret, askedBy };
    await writePrivateFile(file, `${JSON.stringify(next)}\n`);
    return next;
  });
}

/** Of somebody who signs out: nothing of theirs stays on the disk. */
export async function forgetProfile({ env }: CommandContext, profileName: string): Promise<void> {
  await rm(join(env.configDir, "kube", profileName), { recursive: true, force: true });
}

/** Forgets what is kept for a resource at any level; the ids, for revoking them. */
export async function forgetSecrets(
  context: CommandContext,
  profile: Profile,
  resource: string,
): Promise<readonly string[]> {
  return withFolder(context, profile, async (folder) => {
    const files = [undefined, ...ACCESS_LEVELS].map((level) => join(folder, fileOf({ resource, level })));
    const kept = await Promise.all(files.map((file) => readKept(file, profile)));
    for (const file of files) await rm(file, { force: true });
    return kept.flatMap((secret) => (secret === undefined ? [] : [secret.id]));
  });
}

function fileOf({ resource, level }: Pick<SecretWish, "resource" | "level">): string {
  return `${resource}${level === undefined ? "" : `@${level}`}.json`;
}

/** Under a lock of its own: whoever makes a secret may have to refresh the sign-in, which takes that of the configuration. */
async function withFolder<Result>(
  { env }: CommandContext,
  profile: Profile,
  work: (folder: string) => Promise<Result>,
): Promise<Result> {
  await makePrivateDir(env.configDir);
  await makePrivateDir(join(env.configDir, "kube"));
  const folder = join(env.configDir, "kube", profile.name);
  return withLock(folder, () => work(folder), LOCK_PATIENCE_MS);
}

/** Undefined as well for what is somebody else's. */
async function readKept(file: string, profile: Profile): Promise<KeptSecret | undefined> {
  const kept = parseKept(await readPrivateFile(file));
  return kept?.server === profile.server && kept.identity === identityOf(profile) ? kept : undefined;
}

/** An API key says nothing of whose it is; its digest stands for it. */
function identityOf({ principal, accessToken }: Profile): string {
  return principal !== "" ? principal : `key ${createHash("sha256").update(accessToken).digest("hex")}`;
}

function lasts({ madeAt, expiresAt }: KeptSecret, { ttlSeconds }: SecretWish, now: number): boolean {
  const [start, end] = [Date.parse(madeAt), Date.parse(expiresAt)];
  const notLonger = ttlSeconds === undefined || end - now <= ttlSeconds * 1000;
  return notLonger && end - now > Math.min(RENEW_BEFORE_MS, (end - start) / 5);
}

/** Undefined: it is revoked, or used up. */
async function confirm(context: CommandContext, kept: KeptSecret, askedBy: number): Promise<KeptSecret | undefined> {
  const again = kept.askedBy.includes(askedBy);
  const now = context.now();
  if (!again && now - Date.parse(kept.checkedAt) < CHECK_AFTER_MS) return kept;
  try {
    const api = await context.api();
    const patience = again ? {} : { signal: AbortSignal.timeout(CHECK_PATIENCE_MS) };
    const { secrets } = await answer(api.GET("/v1/connection-secrets", { params: { query: {} }, ...patience }));
    const found = secrets.find(({ id }) => id === kept.id);
    // one that is used up may have a session open still: until the gateway refuses it
    if (found === undefined || (again && found.usesLeft === 0)) return undefined;
    return { ...kept, checkedAt: new Date(now).toISOString() };
  } catch (error) {
    if (again || !(error instanceof CliError)) throw error;
    // it is good as long as it lasts, whether or not one is signed in and the server answers
    return kept;
  }
}

async function makeNew(context: CommandContext, profile: Profile, wish: SecretWish): Promise<KeptSecret> {
  const { id, secret, username, expiresAt } = await makeSecret(context, wish);
  const madeAt = new Date(context.now()).toISOString();
  const { server } = profile;
  const identity = identityOf(profile);
  return { id, secret, username, madeAt, expiresAt, server, identity, checkedAt: madeAt, askedBy: [] };
}

function parseKept(text: string | undefined): KeptSecret | undefined {
  try {
    return text === undefined ? undefined : (JSON.parse(text) as KeptSecret);
  } catch {
    // written by hand, or by another version: a new one is made
    return undefined;
  }
}
