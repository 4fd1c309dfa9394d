export interface Instruction {
  /** Upper case, e.g. `COPY`. */
  readonly name: string;
  readonly rest: string;
  readonly line: number;
}

export interface Stage {
  readonly image: string;
  readonly instructions: readonly Instruction[];
}

/** The instructions of a Dockerfile by stage; comments dropped, continued lines joined. */
export function readStages(source: string): Stage[] {
  const stages: { image: string; instructions: Instruction[] }[] = [];
  for (const instruction of readInstructions(source)) {
    if (instruction.name === "FROM") stages.push({ image: instruction.rest.split(/\s+/)[0] ?? "", instructions: [] });
    stages.at(-1)?.instructions.push(instruction);
  }
  return stages;
}

function* readInstructions(source: string): Generator<Instruction> {
  let text = "";
  let first = 0;
  for (const [index, line] of source.split("\n").entries()) {
    if (/^\s*(#|$)/.test(line)) continue;
    if (text === "") first = index + 1;
    text += line.replace(/\\$/, " ");
    if (line.endsWith("\\")) continue;
    const [, name = "", rest = ""] = /^\s*(\S+)\s*(.*)$/.exec(text) ?? [];
    yield { name: name.toUpperCase(), rest: rest.trim(), line: first };
    text = "";
  }
}

/** Sources of a `COPY` from the build context, and its destination; undefined for one from another stage. */
export function copyOf(instruction: Instruction): { sources: string[]; destination: string } | undefined {
  if (instruction.name !== "COPY" || instruction.rest.startsWith("--from=")) return undefined;
  const paths = instruction.rest.split(/\s+/).filter((word) => !word.startsWith("--"));
  return { sources: paths.slice(0, -1), destination: paths.at(-1) ?? "" };
}

/** The words of an instruction in exec form (`["node", "x.js"]`), or undefined when it is in shell form. */
export function execForm(instruction: Instruction | undefined): string[] | undefined {
  if (!instruction?.rest.startsWith("[")) return undefined;
  return JSON.parse(instruction.rest) as string[];
}

/** What is wrong with a Dockerfile of this repository, as `line: words`; empty when nothing is. */
export function lintDockerfile(source: string): string[] {
  const stages = readStages(source);
  const last = stages.at(-1);
  if (last === undefined) return ["1: there is no FROM"];
  const user = last.instructions.findLast((one) => one.name === "USER");
  const entry = last.instructions.findLast((one) => one.name === "ENTRYPOINT");
  const whole = [
    user === undefined || /^(root|0)(:|$)/.test(user.rest) ? "the last stage runs as root: set USER" : "",
    execForm(entry) === undefined ? "the last stage needs an ENTRYPOINT in exec form, so that signals arrive" : "",
  ].filter((problem) => problem !== "");
  const all = stages.flatMap((stage) => stage.instructions);
  return [...whole.map((what) => `${last.instructions[0]?.line}: ${what}`), ...all.flatMap(lintInstruction)];
}

function lintInstruction({ name, rest, line }: Instruction): string[] {
  const image = name === "FROM" ? (rest.split(/\s+/)[0] ?? "") : "";
  const problems = {
    "pin the image to a version": name === "FROM" && !/:[\w.-]*\d[\w.-]*$/.test(image),
    "use COPY, which fetches and unpacks nothing": name === "ADD",
    "a secret in an image is no secret": /^(ENV|ARG)$/.test(name) && /password|secret|token|_key/i.test(rest),
    "install no recommended packages": /apt-get install/.test(rest) && !/--no-install-recommends/.test(rest),
    "MAINTAINER is gone: use LABEL": name === "MAINTAINER",
  };
  return Object.entries(problems).flatMap(([what, found]) => (found ? [`${line}: ${what}`] : []));
}
