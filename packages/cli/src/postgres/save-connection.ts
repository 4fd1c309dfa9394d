import { withLock } from "../config/file-lock.ts";
import { readPrivateFile, writePrivateFile } from "../config/private-file.ts";
import type { Environment } from "../environment.ts";
import { CliError } from "../errors.ts";
import { type Connection, passFileKey, passFileLine, serviceLines } from "./connection.ts";
import { outsideSections, putSection, removeSections } from "./marked-sections.ts";
import type { OpenedConnection } from "./open-connection.ts";
import {
  putSavedConnection,
  readSavedConnections,
  removeSavedConnection,
  type SavedConnection,
  sharePassword,
} from "./saved-connections.ts";

export type LibpqFiles = Pick<Environment, "serviceFile" | "passFile" | "configDir">;

/**
 * Refuses before anything is made: a section of the person's own would hide ours.
 * @throws CliError `conflict`
 */
export async function checkServiceName(files: LibpqFiles, service: string): Promise<void> {
  const text = (await readPrivateFile(files.serviceFile)) ?? "";
  const own = outsideSections(text, files.serviceFile).split(/\r?\n/);
  if (!own.some((line) => line.trim() === `[${service}]`)) return;
  throw new CliError("conflict", `${files.serviceFile} has a section [${service}] of your own`, {
    why: "it would be found before ours; it is left as it is",
    next: "Choose another name: tw connect RESOURCE --service NAME",
  });
}

/**
 * Writes the service's section and, of a secret, the password line, both files 0600, in place of our earlier ones, and
 * remembers the service when `saved` is given. Safe to run twice and at once. Returns the id of what was replaced.
 */
export async function saveConnection(
  files: LibpqFiles,
  service: string,
  { connection, secretId }: OpenedConnection,
  saved?: SavedConnection,
): Promise<string | undefined> {
  return await withLock(files.configDir, async () => {
    const services = (await readPrivateFile(files.serviceFile)) ?? "";
    const serviceSection = { key: service, id: secretId, lines: serviceLines(service, connection) };
    const newServices = putSection(services, serviceSection, { first: false, path: files.serviceFile });
    const replaced = "secret" in connection.proof ? await putPassword(files, connection, secretId) : undefined;
    await writePrivateFile(files.serviceFile, newServices.text);
    if (saved !== undefined) await putSavedConnection(files.configDir, saved);
    return replaced ?? newServices.replaced;
  });
}

async function putPassword(
  { passFile }: LibpqFiles,
  connection: Connection,
  secretId: string,
): Promise<string | undefined> {
  if (!("secret" in connection.proof)) return undefined;
  const passwords = (await readPrivateFile(passFile)) ?? "";
  const lines = [passFileLine(connection, connection.proof.secret)];
  const section = { key: passFileKey(connection), id: secretId, lines };
  // libpq takes the first line that fits, and a person's own may have wildcards.
  const changed = putSection(passwords, section, { first: true, path: passFile });
  await writePrivateFile(passFile, changed.text);
  return changed.replaced;
}

export interface Forgotten extends SavedConnection {
  /** Another service goes on with the same secret. */
  readonly shared: boolean;
}

/** Takes out what `saveConnection` wrote for a service; all else stays. Returns what it was, if it was ours. */
export async function forgetConnection(files: LibpqFiles, service: string): Promise<Forgotten | undefined> {
  return await withLock(files.configDir, async () => {
    const { serviceFile } = files;
    const known = await removeSavedConnection(files.configDir, { service, serviceFile });
    await editFile(serviceFile, (text) => removeSections(text, ({ key }) => key === service, serviceFile));
    if (known === undefined) return undefined;
    const { secretId, passFile } = known;
    const shared = (await readSavedConnections(files.configDir)).some((one) => sharePassword(one, known));
    if (!shared) await editFile(passFile, (text) => removeSections(text, ({ id }) => id === secretId, passFile));
    return { ...known, shared };
  });
}

async function editFile(path: string, edit: (text: string) => string): Promise<void> {
  const text = await readPrivateFile(path);
  if (text === undefined) return;
  const changed = edit(text);
  if (changed !== text) await writePrivateFile(path, changed);
}
