import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { command, program } from "../shared/command.mjs";
import { runScenarios } from "../shared/scenarios.mjs";
import { steady } from "../shared/steady.mjs";

const namespace = process.env.CLIENT_NAMESPACE;
const folder = mkdtempSync(join(tmpdir(), "tidewaiter-chart-"));
process.once("exit", () => rmSync(folder, { recursive: true, force: true }));
const chart = join(folder, "shop");
mkdirSync(join(chart, "templates"), { recursive: true });
const metadata = '{ name: "{{ .Release.Name }}" }';
const files = {
  "Chart.yaml": "apiVersion: v2\nname: shop\nversion: 0.1.0\n",
  "values.yaml": "size: small\n",
  "templates/map.yaml": `apiVersion: v1\nkind: ConfigMap\nmetadata: ${metadata}\ndata: { size: "{{ .Values.size }}" }\n`,
};
for (const [name, text] of Object.entries(files)) writeFileSync(join(chart, name), text);

async function life(release, env) {
  const told = [];
  const steps = [
    ["install", release, chart],
    ["list"],
    ["upgrade", release, chart, "--set", "size=big"],
    ["status", release],
    ["get", "values", release],
    ["history", release],
    ["rollback", release, "1"],
    ["upgrade", "--install", release, chart, "--set", "size=bigger", "--wait"],
    ["list", "-o", "json"],
    ["uninstall", release],
    ["list", "-q"],
  ];
  for (const step of steps) {
    const { code, stdout, stderr } = await command(program("helm"), ["-n", namespace, ...step], { env });
    told.push([step.slice(0, 2).join(" ").replace(chart, "CHART"), code, steady(stdout), steady(stderr)]);
  }
  return told;
}

await runScenarios({
  "releases in ConfigMaps": () => life("by-map", { HELM_DRIVER: "configmap" }),
  "releases in Secrets": () => life("by-secret", {}),
});
