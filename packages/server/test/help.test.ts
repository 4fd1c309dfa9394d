import { fileURLToPath } from "node:url";
import { runCommand } from "@tidewaiter/testkit";
import { expect, it } from "vitest";
import packageJson from "../package.json" with { type: "json" };

const BIN = fileURLToPath(new URL("../bin/tidewaiter-server.js", import.meta.url));

/** Names every module that is loaded from a package. */
const NAMES_MODULES = `import { registerHooks } from "node:module";
registerHooks({ load(url, context, next) {
  if (/node_modules|control-plane|gateway/.test(url)) process.stderr.write(url + "\\n");
  return next(url, context);
} });`;

it.each([
  ["--help", "Usage: tidewaiter-server"],
  ["--version", `${packageJson.version}\n`],
])("%s loads nothing of the product", async (option, text) => {
  const hook = `data:text/javascript,${encodeURIComponent(NAMES_MODULES)}`;
  const { code, stdout, stderr } = await runCommand(process.execPath, ["--import", hook, BIN, option]);
  expect([code, stderr]).toEqual([0, ""]);
  expect(stdout).toContain(text);
});

it("a wrong option is told before anything is loaded", async () => {
  const { code, stderr } = await runCommand(process.execPath, [BIN, "--nonsense"]);
  expect(code).toBe(2);
  expect(stderr).toContain("tidewaiter-server: ");
  expect(stderr).toContain("Try tidewaiter-server --help");
});
