import type { KubeOperation } from "@tidewaiter/core";
import { readCommand } from "@tidewaiter/toolkit/command/read-command";
import { failure, type KubeStatus } from "../status.ts";

/** What a method asks for where the path names an object or a collection. */
const VERBS: Readonly<Record<string, string>> = {
  POST: "create",
  GET: "get",
  HEAD: "get",
  PUT: "update",
  PATCH: "patch",
  DELETE: "delete",
};
const METHODS: ReadonlySet<string> = new Set([...Object.keys(VERBS), "OPTIONS"]);
/** Open a stream into a container; which method asks for it says nothing. */
const STREAMS: ReadonlySet<string> = new Set(["exec", "attach", "portforward"]);
/** Of a namespace itself, not of what is in it. */
const NAMESPACE_SUBRESOURCES: ReadonlySet<string> = new Set(["status", "finalize"]);
const MAX_COMMAND = 1_000;

export type RequestReading =
  | {
      readonly ok: true;
      readonly operation: KubeOperation;
      /** exec, attach or portforward of a pod. */
      readonly stream: boolean;
      /** What is passed on: written so that the API server reads in it what was judged. */
      readonly query: string;
    }
  | { readonly ok: false; readonly status: KubeStatus };

/**
 * What a request asks for, read as the API server reads it (apiserver, endpoints/request/requestinfo.go). What it might read
 * in another way than we do is refused.
 * @param path of the URL as it was sent, without query
 * @param query without `?`
 */
export function readRequest(method: string, path: string, query: string): RequestReading {
  if (!METHODS.has(method)) return refused("MethodNotAllowed", `${method} is no method of the Kubernetes API`);
  const segments = splitPath(path);
  if (segments === undefined) return refused("BadRequest", "the path is not one that the Kubernetes API has");
  const parameters = new URLSearchParams(query);
  const decoded = `/${segments.join("/")}${path.length > 1 && path.endsWith("/") ? "/" : ""}`;
  const verb = method.toLowerCase();
  const base = { ...NOTHING, path: decoded, verb, dryRun: parameters.getAll("dryRun").includes("All") };
  const read = readSegments(segments, method, parameters);
  if (read === undefined) return { ok: true, operation: base, stream: false, query };
  if ("ok" in read) return read;
  const stream = read.resource === "pods" && read.group === "" && STREAMS.has(read.subresource);
  const passed = read.subresource === "proxy" ? query : unambiguous(parameters);
  if (!stream) return { ok: true, operation: { ...base, ...read }, stream, query: passed };
  const command = parameters.getAll("command");
  if (command.length > MAX_COMMAND) return refused("BadRequest", `more than ${MAX_COMMAND} arguments`);
  const container = parameters.get("container") ?? "";
  const programs = programsOf(command);
  const operation = { ...base, ...read, verb: "create", container, command, programs };
  return { ok: true, operation, stream, query: passed };
}

/** Go leaves out what it does not like (`watch=1;`, `watch=%zz`) and compares letters in its own way (`watch=falſe`). */
function unambiguous(parameters: URLSearchParams): string {
  if (parameters.has("watch")) parameters.set("watch", String(asks(parameters, "watch")));
  return parameters.toString();
}

const NOTHING: KubeOperation = {
  type: "kube",
  verb: "",
  group: "",
  version: "",
  resource: "",
  subresource: "",
  namespace: "",
  name: "",
  path: "",
  labels: undefined,
  dryRun: false,
  container: "",
  command: [],
  programs: [],
};

type Attributes = Pick<KubeOperation, "verb" | "group" | "version" | "resource" | "subresource" | "namespace" | "name">;

/** Undefined: a path that is no resource. */
function readSegments(
  segments: readonly string[],
  method: string,
  parameters: URLSearchParams,
): Attributes | Extract<RequestReading, { ok: false }> | undefined {
  let rest = segments;
  const [prefix] = rest;
  if (rest.length < 3 || (prefix !== "api" && prefix !== "apis")) return undefined;
  rest = rest.slice(1);
  let group = "";
  if (prefix === "apis") {
    if (rest.length < 3) return undefined;
    group = rest[0] ?? "";
    rest = rest.slice(1);
  }
  const version = rest[0] ?? "";
  rest = rest.slice(1);
  let verb = VERBS[method] ?? method.toLowerCase();
  // another verb for the API server; those that answered to it are long gone
  if (rest[0] === "proxy") return refused("NotFound", "a proxy is a subresource");
  if (rest[0] === "watch") {
    if (rest.length < 2) return refused("NotFound", "the path does not say what to watch");
    if (method !== "GET") return refused("MethodNotAllowed", "a watch is asked for by GET");
    verb = "watch";
    rest = rest.slice(1);
  }
  let namespace = "";
  if (rest[0] === "namespaces" && rest.length > 1) {
    namespace = rest[1] ?? "";
    if (rest.length > 2 && !NAMESPACE_SUBRESOURCES.has(rest[2] ?? "")) rest = rest.slice(2);
  }
  const [resource = "", named = "", subresource = ""] = rest;
  let name = named;
  if (name === "" && (verb === "get" || verb === "watch")) {
    name = selectedName(parameters.get("fieldSelector"));
    if (verb === "get") verb = asks(parameters, "watch") ? "watch" : "list";
  }
  if (name === "" && verb === "delete") verb = "deletecollection";
  return { verb, group, version, resource, subresource, namespace, name };
}

/** The segments of a path, decoded; undefined where servers differ about what it means. */
function splitPath(path: string): readonly string[] | undefined {
  // bytes beyond ASCII are another text for each server
  if (!path.startsWith("/") || /[^!-~]/.test(path)) return undefined;
  const trimmed = path.replace(/\/$/, "").slice(1);
  if (trimmed === "") return [];
  const segments: string[] = [];
  for (const raw of trimmed.split("/")) {
    let segment: string;
    try {
      segment = decodeURIComponent(raw);
    } catch {
      return undefined;
    }
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
    if (segment === "" || segment === "." || segment === ".." || /[/\\\u0000-\u001f\u007f]/.test(segment))
      return undefined;
    segments.push(segment);
  }
  return segments;
}

/** As the API server reads a boolean of a query: only its absence, `false` and `0` are false. */
export function asks(parameters: URLSearchParams, name: string): boolean {
  const value = parameters.get(name);
  return value !== null && value.toLowerCase() !== "false" && value !== "0";
}

/** `metadata.name=web-1` selects one object as its path would. */
function selectedName(selector: string | null): string {
  if (selector === null || selector.includes("\\")) return "";
  for (const term of selector.split(",")) {
    const match = /^metadata\.name==?([^=!]+)$/.exec(term);
    if (match?.[1] !== undefined) return isSegment(match[1]) ? match[1] : "";
  }
  return "";
}

/** As a name has to be (apimachinery, content.IsPathSegmentName). */
function isSegment(name: string): boolean {
  return name !== "." && name !== ".." && !/[/%]/.test(name);
}

/** What exec starts: its program and, of a shell that is given a line, what that line starts. */
function programsOf(command: readonly string[]): readonly string[] | undefined {
  if (command.length === 0) return [];
  const quoted = command.map((word) => `'${word.replaceAll("'", "'\\''")}'`).join(" ");
  return readCommand(quoted).programs;
}

function refused(reason: Parameters<typeof failure>[0], message: string): Extract<RequestReading, { ok: false }> {
  return { ok: false, status: failure(reason, message) };
}
