import { withLock } from "../config/file-lock.ts";
import { readPrivateFile, writePrivateFile } from "../config/private-file.ts";
import type { Environment } from "../environment.ts";
import { CliError } from "../errors.ts";
import { passFileKey, passFileLine, serviceLines } from "./connection.ts";
import { outsideSections, putSection } from "./marked-sections.ts";
import type { OpenedConnection } from "./open-connection.ts";

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
 * Writes the service's section and the password line, both files 0600, in place of our earlier ones. Returns the id of
 * the secret that was replaced.
 */
export async function saveConnection(
  files: LibpqFiles,
  service: string,
  { connection, secretId }: OpenedConnection,
): Promise<string | undefined> {
  return await withLock(files.configDir, async () => {
    const services = (await readPrivateFile(files.serviceFile)) ?? "";
    const passwords = (await readPrivateFile(files.passFile)) ?? "";
    const serviceSection = { key: service, id: secretId, lines: serviceLines(service, connection) };
    const passSection = { key: passFileKey(connection), id: secretId, lines: [passFileLine(connection)] };
    const newServices = putSection(services, serviceSection, { first: false, path: files.serviceFile });
    // libpq takes the first line that fits, and a person's own may have wildcards.
    const newPasswords = putSection(passwords, passSection, { first: true, path: files.passFile });
    await writePrivateFile(files.passFile, newPasswords.text);
    await writePrivateFile(files.serviceFile, newServices.text);
    return newPasswords.replaced;
  });
}
