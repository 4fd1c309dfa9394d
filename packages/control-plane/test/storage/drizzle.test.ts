import { runCommand } from "@tidewaiter/testkit";
import { expect, it } from "vitest";

const SOURCE = new URL("../../src/", import.meta.url);

/** Names the modules of drizzle that are loaded as ES modules. */
const PROGRAM = `import { registerHooks } from "node:module";
registerHooks({ load(url, context, next) {
  if (/node_modules\\/drizzle-orm\\/.*\\.js$/.test(url)) console.log(url);
  return next(url, context);
} });
await import(${JSON.stringify(new URL("create-control-plane.ts", SOURCE).href)});
await import(${JSON.stringify(new URL("storage/postgres/runner.ts", SOURCE).href)});
console.log("loaded");`;

it("is loaded from its CommonJS build alone, in every place", async () => {
  const { stdout, stderr } = await runCommand(process.execPath, ["--input-type=module", "-e", PROGRAM]);
  expect(stdout, stderr).toBe("loaded\n");
});
