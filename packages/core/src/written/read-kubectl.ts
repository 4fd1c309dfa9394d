import { didYouMean } from "../policy/suggest.ts";
import { type WrittenWord, wordsOf } from "./words.ts";
import { completeKube, type KubeInput, type WrittenKube } from "./written-kube.ts";
import { quoted, refuse, type WrittenProblem } from "./written-result.ts";

export type KubectlResult =
  | { readonly ok: true; readonly value: WrittenKube }
  | { readonly ok: false; readonly problem: WrittenProblem; readonly start: number; readonly end: number };

type Draft = { -readonly [K in keyof KubeInput]: KubeInput[K] };

/** Flags with a value, and the key that it goes to. */
const VALUES: Readonly<Record<string, "namespace" | "subresource" | "labels" | "container">> = {
  "-n": "namespace",
  "--namespace": "namespace",
  "--subresource": "subresource",
  "-l": "labels",
  "--labels": "labels",
  "-c": "container",
  "--container": "container",
};
const SWITCHES = ["-A", "--all-namespaces", "--dry-run"];
/** What kubectl has commands of its own for. */
const SHORT: Readonly<Record<string, { readonly verb: string; readonly subresource: string }>> = {
  exec: { verb: "create", subresource: "exec" },
  attach: { verb: "create", subresource: "attach" },
  "port-forward": { verb: "create", subresource: "portforward" },
  logs: { verb: "get", subresource: "log" },
};
/** Of Kubernetes' own types: behind a slash stands a name, and none is named like this by chance. */
const SUBRESOURCES: ReadonlySet<string> = new Set([
  ...["approval", "attach", "binding", "ephemeralcontainers", "eviction", "exec", "finalize", "log", "portforward"],
  ...["proxy", "resize", "scale", "status", "token"],
]);

/**
 * One request to the Kubernetes API in the words of `kubectl auth can-i`:
 *
 *     VERB TYPE[.VERSION][.GROUP][/NAME] [NAME] [--subresource SUB] [-n NAMESPACE | -A] [-l KEY=VALUE,...] [-c CONTAINER]
 *          [--dry-run] [-- COMMAND ARGUMENT...]
 *     VERB /PATH
 *     exec | attach | port-forward | logs POD [-n NAMESPACE] [-c CONTAINER] [-- COMMAND ARGUMENT...]
 *
 * VERB is one of the API; `get` without a name lists. TYPE may be singular or short, as kubectl takes it. `-l` gives the
 * labels of the object. Without `-n` the namespace is `default`; types that are not Kubernetes' own need -n or -A. `start` and `end` of a problem are offsets in `line`.
 */
export function readKubectl(line: string): KubectlResult {
  const words = wordsOf(line);
  if (words === undefined) return { ...refuse("a quote stays open"), start: 0, end: line.length };
  const reader = new Reader(words, line.length);
  return reader.read();
}

class Reader {
  readonly #words: readonly WrittenWord[];
  readonly #length: number;
  readonly #draft: Draft = { verb: "" };
  /** Where each key stands, for problems. */
  readonly #at = new Map<string, WrittenWord>();

  constructor(words: readonly WrittenWord[], length: number) {
    this.#words = words;
    this.#length = length;
  }

  read(): KubectlResult {
    const [verb, ...rest] = this.#words;
    if (verb === undefined) return this.#refuse("says nothing", { hint: 'such as "delete pods web-1 -n prod"' });
    this.#at.set("verb", verb);
    const end = rest.findIndex(({ text }) => text === "--");
    const operands = this.#flags(end < 0 ? rest : rest.slice(0, end));
    if (!Array.isArray(operands)) return operands;
    if (end >= 0)
      this.#set(
        "command",
        rest.slice(end + 1).map(({ text }) => text),
        rest[end],
      );
    const short = Object.hasOwn(SHORT, verb.text) ? SHORT[verb.text] : undefined;
    const problem = short === undefined ? this.#request(verb.text, operands) : this.#short(verb.text, short, operands);
    if (problem !== undefined) return problem;
    const complete = completeKube(this.#draft);
    return complete.ok ? complete : this.#refuseAt(complete.problem);
  }

  /** Takes the flags; gives the words that are none. */
  #flags(words: readonly WrittenWord[]): WrittenWord[] | KubectlResult {
    const operands: WrittenWord[] = [];
    for (let index = 0; index < words.length; index++) {
      const word = words[index];
      if (word === undefined) break;
      if (!word.text.startsWith("-")) {
        operands.push(word);
        continue;
      }
      const equals = word.text.indexOf("=");
      const flag = equals < 0 ? word.text : word.text.slice(0, equals);
      const key = Object.hasOwn(VALUES, flag) ? VALUES[flag] : undefined;
      if (key === undefined && !SWITCHES.includes(flag)) {
        const hint =
          didYouMean(flag, [...Object.keys(VALUES), ...SWITCHES]) ??
          `known: ${[...Object.keys(VALUES), ...SWITCHES].join(", ")}`;
        return this.#refuse(`unknown flag ${quoted(flag)}`, { hint }, word);
      }
      if (key === undefined) {
        if (flag === "--dry-run") this.#set("dry_run", !word.text.endsWith("=none"), word);
        else this.#set("namespace", "", word);
        continue;
      }
      const value = equals < 0 ? words[++index]?.text : word.text.slice(equals + 1);
      if (value === undefined || value === "") return this.#refuse(`${flag} needs a value`, {}, word);
      if (this.#at.has(key)) return this.#refuse(`${key} is given twice`, {}, word);
      if (key !== "labels") this.#set(key, value, word);
      else {
        const labels = labelsOf(value);
        if (labels === undefined)
          return this.#refuse(`${quoted(value)} is not KEY=VALUE`, { hint: "such as app=web,tier=front" }, word);
        this.#set("labels", labels, word);
      }
    }
    return operands;
  }

  #request(verb: string, operands: readonly WrittenWord[]): KubectlResult | undefined {
    const [type, name, more] = operands;
    this.#draft.verb = verb;
    if (type === undefined) return undefined;
    if (type.text.startsWith("/")) {
      if (name !== undefined) return this.#refuse(`${quoted(name.text)} behind a path means nothing`, {}, name);
      this.#set("path", type.text, type);
      return undefined;
    }
    const slash = type.text.indexOf("/");
    const behind = slash < 0 ? undefined : type.text.slice(slash + 1);
    const resource = slash < 0 ? type.text : type.text.slice(0, slash);
    if (behind !== undefined && SUBRESOURCES.has(behind)) {
      const meant = [verb, resource, ...(name === undefined ? ["NAME"] : [name.text]), "--subresource", behind].join(
        " ",
      );
      return this.#refuse(
        `a name stands behind "/", not the subresource ${quoted(behind)}`,
        { hint: `write "${meant.slice(0, 200)}"` },
        type,
      );
    }
    if (behind === "") return this.#refuse(`${quoted(type.text)} names nothing behind "/"`, {}, type);
    const extra = behind === undefined ? more : name;
    if (extra !== undefined)
      return this.#refuse(`${quoted(extra.text)} is one name too many`, { hint: "write one request for each" }, extra);
    this.#set("resource", resource, type);
    if (behind !== undefined) this.#set("name", behind, type);
    else if (name !== undefined) this.#set("name", name.text, name);
    return undefined;
  }

  #short(
    word: string,
    { verb, subresource }: { verb: string; subresource: string },
    operands: readonly WrittenWord[],
  ): KubectlResult | undefined {
    const [pod, ...more] = operands;
    if (pod === undefined)
      return this.#refuse(`${word} needs the name of a pod`, { hint: `such as "${word} web-1 -n prod"` });
    const [extra] = word === "port-forward" ? more.filter(({ text }) => !/^[0-9]*(:[0-9]+)?$/.test(text)) : more;
    if (extra !== undefined) {
      const hint = word === "exec" ? 'the command stands behind "--"' : undefined;
      return this.#refuse(`${quoted(extra.text)} is one word too many`, { ...(hint !== undefined && { hint }) }, extra);
    }
    const name = pod.text.replace(/^(po|pods?)\//, "");
    if (name.includes("/")) {
      const message = `${word} of ${quoted(pod.text)} is answered by a pod`;
      return this.#refuse(message, { hint: "write the name of the pod" }, pod);
    }
    if (this.#at.has("subresource"))
      return this.#refuse(`${word} is a subresource itself`, {}, this.#at.get("subresource"));
    this.#draft.verb = verb;
    this.#draft.subresource = subresource;
    this.#draft.resource = "pods";
    this.#set("name", name, pod);
    return undefined;
  }

  #set<K extends keyof Draft>(key: K, value: Draft[K], word: WrittenWord | undefined): void {
    this.#draft[key] = value;
    if (word !== undefined) this.#at.set(key, word);
  }

  #refuse(message: string, more: { readonly hint?: string } = {}, word?: WrittenWord): KubectlResult {
    return { ...refuse(message, more), start: word?.start ?? 0, end: word?.end ?? this.#length };
  }

  #refuseAt(problem: WrittenProblem): KubectlResult {
    const word = problem.key === undefined ? undefined : this.#at.get(problem.key);
    return { ok: false, problem, start: word?.start ?? 0, end: word?.end ?? this.#length };
  }
}

function labelsOf(text: string): Record<string, string> | undefined {
  const pairs = text.split(",").map((pair) => /^([^=!]+)=([^=]*)$/.exec(pair));
  if (pairs.some((pair) => pair === null)) return undefined;
  return Object.fromEntries(pairs.map((pair) => [pair?.[1] ?? "", pair?.[2] ?? ""]));
}
