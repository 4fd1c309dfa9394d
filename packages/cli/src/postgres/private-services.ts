import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { isAbsolute, join } from "node:path";
import { writePrivateFile } from "../config/private-file.ts";
import type { Variables } from "../environment.ts";
import { type SecretConnection, serviceLines } from "./connection.ts";

export interface PrivateServices {
  readonly serviceFile: string;
  remove(): Promise<void>;
}

/**
 * A service file (0600) with the secrets in it, in a folder (0700) of its own, for one command: several resources do not
 * fit into one set of PG* variables. In memory where the system has a place for that (XDG Base Directory Specification).
 */
export async function writePrivateServices(
  variables: Variables,
  services: readonly { readonly service: string; readonly connection: SecretConnection }[],
): Promise<PrivateServices> {
  const runtime = variables.XDG_RUNTIME_DIR;
  const parent = runtime !== undefined && isAbsolute(runtime) ? runtime : tmpdir();
  const dir = await mkdtemp(join(parent, "tidewaiter-exec-"));
  const remove = () => rm(dir, { recursive: true, force: true });
  const serviceFile = join(dir, "pg_service.conf");
  const lines = services.flatMap(({ service, connection }) => [
    ...serviceLines(service, connection),
    `password=${connection.proof.secret}`,
    "",
  ]);
  try {
    await writePrivateFile(serviceFile, lines.join("\n"));
  } catch (error) {
    await remove();
    throw error;
  }
  return { serviceFile, remove };
}
