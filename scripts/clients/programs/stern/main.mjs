// stern: the logs of several pods, found by name and label, that are there and that come.
import { spawnSync } from "node:child_process";
import { command, program } from "../shared/command.mjs";
import { runScenarios } from "../shared/scenarios.mjs";

const { CLIENT_NAMESPACE: namespace, CLIENT_KUBECTL: kubectl } = process.env;
const TEMPLATE = '{{.PodName}} {{.ContainerName}} {{.Message}}{{"\\n"}}';
const stern = (args, options) =>
  command(program("stern"), ["-n", namespace, "--color=never", "--template", TEMPLATE, ...args], options);
const lines = ({ code, stdout, stderr }) => [code, stdout.split("\n").filter(Boolean).sort(), stderr];

function run(name, script) {
  const args = [
    "run",
    name,
    "--image=web",
    "--labels=set=many",
    "--restart=Never",
    "--command",
    "--",
    "sh",
    "-c",
    script,
  ];
  const made = spawnSync(kubectl, ["-n", namespace, ...args], { encoding: "utf8" });
  if (made.status !== 0) throw new Error(made.stderr);
}

const TALKS = "for n in 1 2 3; do echo line $n; done; exec sleep 1d";

await runScenarios({
  "one pod": async () => lines(await stern(["web-1", "--no-follow", "--only-log-lines"])),
  "several pods": async () => {
    for (const n of [2, 3, 4, 5]) run(`web-${n}`, TALKS);
    for (const n of [2, 3, 4, 5])
      spawnSync(kubectl, ["-n", namespace, "wait", `pod/web-${n}`, "--for=condition=Ready", "--timeout=20s"]);
    return lines(await stern(["web-[2-5]", "--no-follow", "--only-log-lines"]));
  },
  "by label, the last lines": async () =>
    lines(await stern(["-l", "set=many", "--no-follow", "--tail=1", "--only-log-lines"])),
  "lines that match": async () =>
    lines(await stern([".", "--no-follow", "--include=line 2", "--highlight=2", "--only-log-lines"])),
  "pods that come later": async () => {
    let made = false;
    const wanted = ["web-6 web-6 line 3", "web-7 web-7 line 3"];
    const done = await stern(["web-[2-9]", "--tail=1"], {
      onStdout: (text, child) => {
        if (!made && text.includes("web-5 web-5 line 3")) {
          made = true;
          for (const n of [6, 7]) run(`web-${n}`, TALKS);
        }
        if (wanted.every((line) => text.includes(line))) child.kill("SIGINT");
      },
      signal: AbortSignal.timeout(40_000),
    });
    return wanted.map((line) => done.stdout.includes(line));
  },
});
