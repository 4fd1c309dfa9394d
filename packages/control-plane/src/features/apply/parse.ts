import { TidewaiterError } from "@tidewaiter/core/errors";
import { formatProblem, type PolicyProblem, renderExcerpt } from "@tidewaiter/core/policy/problem";
import { type Document, isMap, isNode, isPair, isScalar, LineCounter, parseAllDocuments } from "yaml";
import type { z } from "zod";
import { toAccessRule } from "../access-requests/shape.ts";
import type { ChannelSettings } from "../notifications/channel.ts";
import type { TargetSchemas } from "../resources/target.ts";
import { checkCredentialType, resolveTarget } from "../resources/target.ts";
import { type AppliedDocument, NOUNS } from "./documents.ts";
import { absentSchema, type DocumentKind, documentSchemas, isDocumentKind } from "./schema.ts";

export interface SourceFile {
  /** As the person knows it: `policies/pii.yaml`. */
  readonly name: string;
  readonly source: string;
}

interface Site {
  readonly file: SourceFile;
  readonly document: Document.Parsed;
  readonly lines: LineCounter;
}

const DOCUMENTS_LIMIT = 2000;

/** Reads all files, or throws `bad_request` with the place of everything that is wrong. */
export function parseDocuments(files: readonly SourceFile[], targets: TargetSchemas): AppliedDocument[] {
  const problems: PolicyProblem[] = [];
  const documents = files.flatMap((file) => parseFile(file, targets, problems));
  if (documents.length > DOCUMENTS_LIMIT) {
    throw new TidewaiterError("bad_request", `more than ${DOCUMENTS_LIMIT} documents at once`);
  }
  const seen = new Map<string, AppliedDocument>();
  for (const document of documents) {
    const key = `${document.noun} ${document.name}`;
    const before = seen.get(key);
    if (before !== undefined) problems.push(plainProblem(document, `${key} stands already in ${before.at}`));
    seen.set(key, document);
  }
  if (problems.length > 0) throw new TidewaiterError("bad_request", problems.map(formatProblem).join("\n"));
  return documents;
}

function parseFile(file: SourceFile, targets: TargetSchemas, problems: PolicyProblem[]): AppliedDocument[] {
  const lines = new LineCounter();
  const parsed = parseAllDocuments(file.source, { lineCounter: lines, strict: true, uniqueKeys: true });
  if (!Array.isArray(parsed)) return [];
  return parsed.flatMap((document) => {
    const site = { file, document, lines };
    const [error] = document.errors;
    if (error !== undefined) {
      problems.push(problemAt(site, error.pos, error.message.split("\n")[0] ?? "not YAML", ""));
      return [];
    }
    if (document.contents === null) return [];
    return parseDocument(site, parsed.length, targets, problems) ?? [];
  });
}

function parseDocument(
  site: Site,
  inFile: number,
  targets: TargetSchemas,
  problems: PolicyProblem[],
): AppliedDocument | undefined {
  let value: unknown;
  try {
    value = site.document.toJS({ maxAliasCount: 100 });
  } catch {
    problems.push(problemAt(site, site.document.range, "it cannot be read: too many aliases", ""));
    return undefined;
  }
  const kind: unknown = isRecord(value) ? value.kind : undefined;
  if (isRecord(value) && (kind === "policy" || (kind === undefined && value.version !== undefined))) {
    return parsePolicy(site, value, inFile, problems);
  }
  if (!isDocumentKind(kind)) {
    const message = `a document is one of ${NOUNS.join(", ")}: say which by \`kind\``;
    problems.push(problemAt(site, rangeOf(site, ["kind"]), message, "kind"));
    return undefined;
  }
  return parseThing(site, kind, value, { targets, problems });
}

function parseThing(
  site: Site,
  kind: DocumentKind,
  value: unknown,
  context: { readonly targets: TargetSchemas; readonly problems: PolicyProblem[] },
): AppliedDocument | undefined {
  const at = placeOf(site);
  const absent = absentSchema.safeParse(value);
  if (absent.success) {
    // Its fields are not looked at: a thing is removed by name.
    return { noun: kind, name: absent.data.name, at, state: "absent", fields: {} } as AppliedDocument;
  }
  const result = documentSchemas[kind].safeParse(value);
  if (!result.success) {
    context.problems.push(...result.error.issues.map((issue) => issueProblem(site, issue)));
    return undefined;
  }
  const { kind: _kind, name, state, ...fields } = result.data;
  if (kind !== "resource") return toDocument(kind, { name, at, state }, fields);
  const { protocol, target, credentials = {} } = fields as z.output<typeof documentSchemas.resource>;
  const resolved = tryAt(site, ["target"], context, () => resolveTarget(context.targets, protocol, target));
  if (resolved === undefined) return undefined;
  for (const [level, { type }] of Object.entries(credentials)) {
    const path = ["credentials", level, "type"];
    tryAt(site, path, context, () => checkCredentialType(context.targets, protocol, type));
  }
  return toDocument(kind, { name, at, state }, { ...fields, ...resolved });
}

/** What it makes; where it throws, that is one more problem of the field. */
function tryAt<T>(
  site: Site,
  path: readonly string[],
  context: { readonly problems: PolicyProblem[] },
  make: () => T,
): T | undefined {
  try {
    return make();
  } catch (error) {
    if (!(error instanceof TidewaiterError)) throw error;
    context.problems.push(problemAt(site, rangeOf(site, path), error.detail, path.join(".")));
    return undefined;
  }
}

/** The schema of the kind has just been passed; only the names of two fields differ. */
function toDocument(
  noun: DocumentKind,
  place: Pick<AppliedDocument, "name" | "at" | "state">,
  fields: Record<string, unknown>,
): AppliedDocument {
  if (noun === "access_rule") {
    return { noun, ...place, fields: toAccessRule(fields as Parameters<typeof toAccessRule>[0]) };
  }
  if (noun === "notification_channel")
    return { noun, ...place, fields: { settings: fields as unknown as ChannelSettings } };
  if (noun !== "principal") return { noun, ...place, fields } as AppliedDocument;
  const { type, ...rest } = fields;
  return { noun, ...place, fields: { ...rest, kind: type } } as AppliedDocument;
}

function parsePolicy(
  site: Site,
  value: Record<string, unknown>,
  inFile: number,
  problems: PolicyProblem[],
): AppliedDocument | undefined {
  const { kind, name = site.file.name.replace(/^(\.\/)+/, ""), state = "present" } = value;
  if (typeof name !== "string" || name === "" || name.length > 200) {
    problems.push(problemAt(site, rangeOf(site, ["name"]), "the name of a policy: 1 to 200 characters", "name"));
    return undefined;
  }
  if (kind === undefined && inFile > 1) {
    problems.push(
      problemAt(site, site.document.range, "a policy among other documents needs `kind: policy` and a name", ""),
    );
    return undefined;
  }
  if (state !== "present" && state !== "absent") {
    problems.push(problemAt(site, rangeOf(site, ["state"]), "present or absent", "state"));
    return undefined;
  }
  return { noun: "policy", name, at: placeOf(site), state, fields: { source: policySource(site) } };
}

/** The document alone, without our own three fields, every line where it stood: problems then name the right place. */
function policySource(site: Site): string {
  const { source } = site.file;
  const { contents, range } = site.document;
  const start = isNode(contents) ? (contents.range?.[0] ?? 0) : 0;
  const cuts: [number, number][] = [
    [0, start],
    [range[1], source.length],
  ];
  for (const pair of isMap(contents) ? contents.items : []) {
    if (!isPair(pair) || !isScalar(pair.key) || !["kind", "name", "state"].includes(String(pair.key.value))) continue;
    const from = pair.key.range?.[0];
    const until = isNode(pair.value) ? pair.value.range?.[1] : undefined;
    if (from !== undefined && until !== undefined) cuts.push([from, until]);
  }
  let text = source;
  for (const [from, until] of cuts)
    text = text.slice(0, from) + text.slice(from, until).replace(/[^\n]/g, " ") + text.slice(until);
  return `${text.replace(/[ \t]+$/gm, "").trimEnd()}\n`;
}

function issueProblem(site: Site, issue: z.core.$ZodIssue): PolicyProblem {
  const extra = issue.code === "unrecognized_keys" ? issue.keys.slice(0, 1) : [];
  const path = [...issue.path, ...extra];
  const message =
    extra.length > 0 ? `unknown field "${extra[0]}"` : `${path.join(".") || "document"}: ${issue.message}`;
  return problemAt(site, rangeOf(site, path), message, path.join("."));
}

/** The place of the field, or of the nearest thing around it that is there. */
function rangeOf(site: Site, path: readonly PropertyKey[]): readonly number[] {
  for (let length = path.length; length > 0; length--) {
    const node = site.document.getIn(path.slice(0, length).map(String), true);
    if (isNode(node) && node.range) return node.range;
  }
  return isNode(site.document.contents) ? (site.document.contents.range ?? [0, 1]) : [0, 1];
}

function problemAt(site: Site, range: readonly number[], message: string, path: string): PolicyProblem {
  const from = site.lines.linePos(range[0] ?? 0);
  const to = site.lines.linePos(range[1] ?? 0);
  const text = site.file.source.split("\n")[from.line - 1] ?? "";
  const end = to.line === from.line ? to.col : text.length + 1;
  const excerpt = renderExcerpt(text, from.line, from.col, end);
  return { document: site.file.name, line: from.line, column: from.col, path, message, excerpt };
}

function plainProblem(document: AppliedDocument, message: string): PolicyProblem {
  const [name = "", line = "1"] = document.at.split(/:(?=\d+$)/);
  return { document: name, line: Number(line), column: 1, path: "", message, excerpt: "" };
}

function placeOf(site: Site): string {
  const { contents } = site.document;
  const start = isNode(contents) ? (contents.range?.[0] ?? 0) : 0;
  return `${site.file.name}:${site.lines.linePos(start).line}`;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
