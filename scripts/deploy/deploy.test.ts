import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync } from "node:fs";
import { connect } from "node:net";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { eventually, hasCommand, runCommand, skipUnless, spawnNode, tempDir } from "@tidewaiter/testkit";
import { afterAll, describe, expect, it } from "vitest";
import { parse } from "yaml";
import toolchain from "../toolchain.json" with { type: "json" };
import { copyOf, execForm, lintDockerfile, readStages } from "./dockerfile.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const read = (path: string) => readFileSync(join(root, path), "utf8");
const images = readdirSync(join(root, "deploy/docker")).map((file) => file.replace(".Dockerfile", ""));

describe.each(images)("the image of the %s", (name) => {
  const source = read(`deploy/docker/${name}.Dockerfile`);
  const stages = readStages(source);
  const copies = stages.flatMap((stage) => stage.instructions.flatMap((one) => copyOf(one) ?? []));
  const entry = execForm(stages.at(-1)?.instructions.findLast((one) => one.name === "ENTRYPOINT")) ?? [];

  it("is in order", () => {
    expect(lintDockerfile(source)).toEqual([]);
  });

  it("has the versions of the toolchain", () => {
    for (const { image } of stages) expect(image).toBe(`node:${toolchain.node}-bookworm-slim`);
    expect(source).toContain(`pnpm@${toolchain.pnpm}\n`);
  });

  it("holds the packages that it depends on and no others", () => {
    const copied = copies.flatMap(({ sources }) => sources).filter(isPackage);
    expect(copied.sort()).toEqual([...dependencyFolders(`packages/${name}`)].sort());
  });

  const program = entry[1] ?? "";
  const app = tempDir("image");
  afterAll(() => app.remove());
  const env = { CI: "true", NODE_ENV: "production" };

  skipUnless(existsSync(join(root, program)) && hasCommand("pnpm"), `${program} and pnpm`).it(
    "installs and starts from the copied files alone",
    async () => {
      for (const { sources, destination } of copies) copyInto(app.path, sources, destination);
      const install = /^RUN pnpm (install .*)$/m.exec(source)?.[1]?.replaceAll('"', "").split(" ") ?? [];
      const installed = await runCommand("pnpm", [...install, "--prefer-offline"], { cwd: app.path, env });
      expect(installed, installed.stdout + installed.stderr).toMatchObject({ code: 0 });
      const help = await runCommand(process.execPath, [program, "--help"], { cwd: app.path, env });
      expect(help, help.stderr).toMatchObject({ code: 0, stdout: expect.stringContaining("Usage") });
    },
    120_000,
  );

  // pnpm's patches do not travel with a package: what is asked here is the ssh2 that users get
  if (name === "server")
    skipUnless(hasCommand("pnpm") && hasCommand("ssh-keyscan"), "pnpm and ssh-keyscan").it(
      "shows a host certificate and a post-quantum key exchange, which take the patch of ssh2",
      async () => {
        const any = "127.0.0.1:0";
        const args = ["--data-dir", join(app.path, "data"), "--http", any, "--postgres", any, "--ssh", any, "--json"];
        const server = spawnNode(join(app.path, program), { args, env: { ...env, LOG_LEVEL: "warn" } });
        try {
          const listening = JSON.parse((await server.line(/^\{"listening".*\}$/))[0]) as { ssh: { port: number } };
          const scan = () => runCommand("ssh-keyscan", ["-c", "-p", String(listening.ssh.port), "127.0.0.1"]);
          // it asks its control plane for the certificate when it starts
          const shown = await eventually(async () => (await scan()).stdout || undefined, {
            within: 20_000,
            every: 200,
          });
          expect(shown).toMatch(/^ssh-ed25519-cert-v01@openssh\.com AAAA/);
          expect(await firstWords(listening.ssh.port)).toContain("mlkem768x25519-sha256,curve25519-sha256");
        } finally {
          await server.stop();
        }
      },
      60_000,
    );
});

/** What an SSH server says before it is asked: who it is, and its algorithms in clear (RFC 4253, 7.1). */
async function firstWords(port: number): Promise<string> {
  const socket = connect({ host: "127.0.0.1", port });
  socket.write("SSH-2.0-test\r\n");
  let said = "";
  for await (const chunk of socket) {
    said += (chunk as Buffer).toString("latin1");
    if (said.includes("kex-strict-s")) break;
  }
  return said;
}

/** Patches of dependencies are no package: pnpm wants them in every image. */
function isPackage(path: string): boolean {
  return path.startsWith("packages/") && !path.endsWith("/patches");
}

function copyInto(app: string, sources: readonly string[], destination: string): void {
  for (const path of sources) {
    const target = destination.endsWith("/") ? join(app, destination, path) : join(app, destination);
    mkdirSync(dirname(target), { recursive: true });
    // As .dockerignore leaves them out.
    const filter = (file: string) => !/\/(node_modules|test)(\/|$)|\.test\.ts$/.test(file.slice(root.length));
    cpSync(join(root, path), target, { recursive: true, filter });
  }
}

/** Folders of the workspace packages that a package needs at run time, itself included. */
function dependencyFolders(folder: string, found = new Set<string>()): Set<string> {
  if (found.has(folder)) return found;
  found.add(folder);
  const { dependencies = {} } = JSON.parse(read(`${folder}/package.json`)) as { dependencies?: Record<string, string> };
  for (const name of Object.keys(dependencies).filter((one) => one.startsWith("@tidewaiter/"))) {
    const short = name.slice("@tidewaiter/".length);
    const places = [`packages/${short}`, `packages/protocols/${short}`];
    dependencyFolders(places.find((place) => existsSync(join(root, place, "package.json"))) ?? short, found);
  }
  return found;
}

interface ComposeService {
  readonly image?: string;
  readonly build?: { readonly context: string; readonly dockerfile: string };
  readonly command?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly networks: readonly string[];
  readonly ports?: readonly string[];
  readonly volumes?: readonly string[];
}

describe("the Compose quick start", () => {
  const folder = "deploy/compose";
  const compose = parse(read(`${folder}/compose.yaml`)) as {
    readonly services: Readonly<Record<"server" | "agent" | "postgres", ComposeService>>;
    readonly networks: Readonly<Record<string, { readonly internal?: boolean }>>;
    readonly volumes: Readonly<Record<string, unknown>>;
  };
  const services = Object.entries(compose.services);

  it("keeps the server and the database apart, joined by the agent alone", () => {
    const networks = Object.fromEntries(services.map(([name, service]) => [name, service.networks]));
    expect(networks).toEqual({ server: ["edge"], agent: ["edge", "site"], postgres: ["site"] });
    expect(compose.networks.site?.internal).toBe(true);
    expect(Object.keys(compose.networks).sort()).toEqual(["edge", "site"]);
  });

  it("publishes the server on this machine only, and nothing else", () => {
    const published = services.filter(([, service]) => service.ports !== undefined).map(([name]) => name);
    expect(published).toEqual(["server"]);
    for (const port of compose.services.server.ports ?? []) expect(port).toMatch(/^127\.0\.0\.1:/);
  });

  it("names files, volumes and images that exist", () => {
    for (const [, { build, image, volumes = [] }] of services) {
      if (build) expect(existsSync(join(root, folder, build.context, build.dockerfile))).toBe(true);
      else expect(image).toMatch(/:\d/);
      for (const source of volumes.map((volume) => volume.split(":")[0] ?? "")) {
        const known = source.startsWith(".") ? existsSync(join(root, folder, source)) : source in compose.volumes;
        expect(known, source).toBe(true);
      }
    }
  });

  it("holds no secret", () => {
    const values = services.flatMap(([, service]) => Object.entries(service.environment ?? {}));
    for (const [name, value] of values) if (/PASSWORD|TOKEN|KEY|SECRET/.test(name)) expect(value).toMatch(/^\$\{/);
  });

  for (const name of ["server", "agent"] as const) {
    const program = `packages/${name}/bin/tidewaiter-${name}.js`;
    skipUnless(existsSync(join(root, program)), program).it(`uses options that the ${name} knows`, async () => {
      const help = await runCommand(process.execPath, [join(root, program), "--help"]);
      const { command = [], environment = {} } = compose.services[name];
      const flags = command.filter((word) => word.startsWith("--")).map((word) => word.split("=")[0] ?? "");
      for (const word of [...flags, ...Object.keys(environment)]) expect(help.stdout).toContain(word);
    });
  }
});
