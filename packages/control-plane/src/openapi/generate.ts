import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process, { argv, stdout } from "node:process";
import { fileURLToPath } from "node:url";
import { createFileBlobStore } from "../blobs/index.ts";
import { createControlPlane } from "../create-control-plane.ts";
import { typesOf } from "./typescript.ts";

/**
 * Writes the OpenAPI document and its types into the contract package:
 *
 *     node packages/control-plane/src/openapi/generate.ts            writes
 *     node packages/control-plane/src/openapi/generate.ts --check    exits 1 when what is committed is stale
 */
const FOLDER = new URL("../../../contract/src/generated/", import.meta.url);

/** Asked of a real instance, so that the document is of exactly the routes that are served. */
async function readDocument(): Promise<unknown> {
  const folder = await mkdtemp(join(tmpdir(), "tidewaiter-openapi-"));
  const controlPlane = await createControlPlane({
    store: { type: "sqlite", file: join(folder, "store.db") },
    masterKeyFile: join(folder, "master.key"),
    blobs: await createFileBlobStore(join(folder, "blobs")),
    protocols: {},
    endpoints: () => ({ postgres: { host: "", port: 0, tls: true }, web: "", gatewayId: "", tunnelUrls: [] }),
  });
  try {
    const response = await controlPlane.app.inject({ method: "GET", url: "/v1/openapi.json" });
    return response.json();
  } finally {
    await controlPlane.close();
    await rm(folder, { recursive: true, force: true });
  }
}

/** File names and what should stand in them. */
export async function generatedFiles(): Promise<ReadonlyMap<string, string>> {
  const document = await readDocument();
  return new Map([
    ["openapi.json", `${JSON.stringify(document, null, 2)}\n`],
    ["api-types.ts", typesOf(document)],
  ]);
}

/** Names of files that are missing or not what the routes say. */
export async function staleFiles(files: ReadonlyMap<string, string>): Promise<string[]> {
  const committed = await Promise.all(
    [...files].map(async ([name, text]) => {
      const found = await readFile(new URL(name, FOLDER), "utf8").catch(() => "");
      return found === text ? [] : [name];
    }),
  );
  return committed.flat();
}

async function main(): Promise<void> {
  const files = await generatedFiles();
  const stale = await staleFiles(files);
  if (argv.includes("--check")) {
    if (stale.length === 0) return;
    stdout.write(`stale: ${stale.join(", ")}; run the generator without --check\n`);
    process.exitCode = 1;
    return;
  }
  await mkdir(FOLDER, { recursive: true });
  for (const [name, text] of files) await writeFile(new URL(name, FOLDER), text);
  stdout.write(`${stale.length} of ${files.size} files changed in ${fileURLToPath(FOLDER)}\n`);
}

if (argv[1] === fileURLToPath(import.meta.url)) await main();
