import { join } from "node:path";
import { writePrivateFile } from "../config/private-file.ts";
import { type SecretConnection, serviceLines } from "./connection.ts";

/** A service file (0600) with the secrets in it: several resources do not fit into one set of PG* variables. Its path. */
export async function writePrivateServices(
  directory: string,
  services: readonly { readonly service: string; readonly connection: SecretConnection }[],
): Promise<string> {
  const file = join(directory, "pg_service.conf");
  const lines = services.flatMap(({ service, connection }) => [
    ...serviceLines(service, connection),
    `password=${connection.proof.secret}`,
    "",
  ]);
  await writePrivateFile(file, lines.join("\n"));
  return file;
}
