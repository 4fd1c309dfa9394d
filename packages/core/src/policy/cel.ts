import { type ASTNode, Environment } from "@marcbachmann/cel-js";
import { RE2JS } from "re2js";
import { ELEMENT_TYPES, ENVIRONMENT } from "./environment.ts";
import type { EnvironmentSource } from "./environment-field.ts";

/** Bindings of one evaluation: an object per root, whose fields are read when an expression asks for them. */
export type Bindings = Readonly<Record<string, object>>;

/** Name under which `matches` runs: as long as that word, so that positions stay as written. */
export const LINEAR_MATCHES = "re2find";

type FieldReader = (value: never) => unknown;

/** A class with lazily read fields on its prototype, for the CEL library looks fields up on typed instances. */
function fieldClass(fields: Readonly<Record<string, FieldReader>>): new (source: unknown) => object {
  class Fields {
    readonly source: unknown;
    constructor(source: unknown) {
      this.source = source;
    }
  }
  for (const [name, read] of Object.entries(fields)) {
    Object.defineProperty(Fields.prototype, name, {
      get(this: Fields) {
        return read(this.source as never);
      },
    });
  }
  return Fields;
}

function elementClasses(): ReadonlyMap<string, new (source: unknown) => object> {
  const classes = new Map<string, new (source: unknown) => object>();
  for (const [type, fields] of Object.entries(ELEMENT_TYPES)) {
    const readers = Object.keys(fields).map((field) => [field, (value: Record<string, unknown>) => value[field]]);
    classes.set(type, fieldClass(Object.fromEntries(readers) as Record<string, FieldReader>));
  }
  return classes;
}

const ELEMENTS = elementClasses();

/** Wraps what a field reads into the element type that its declaration names. */
function typed(type: string, value: unknown): unknown {
  if (value === undefined) return undefined;
  const element = ELEMENTS.get(type.startsWith("list<") ? type.slice(5, -1) : type);
  if (element === undefined) return value;
  return Array.isArray(value) ? value.map((item) => new element(item)) : new element(value);
}

const ROOTS = new Map(
  Object.entries(ENVIRONMENT).map(([root, { fields }]) => {
    const readers = Object.entries(fields).map(([name, { type, read }]) => [
      name,
      (source: EnvironmentSource) => (read === undefined ? undefined : typed(type, read(source))),
    ]);
    return [root, fieldClass(Object.fromEntries(readers) as Record<string, FieldReader>)] as const;
  }),
);

export function bind(source: EnvironmentSource): Bindings {
  const bindings: Record<string, object> = {};
  for (const [root, Fields] of ROOTS) bindings[root] = new Fields(source);
  return bindings;
}

const patterns = new Map<string, RE2JS>();
const MAX_PATTERNS = 5_000;

/** Compiles a pattern once. Throws RE2JSSyntaxException; only literals of expressions come here. */
export function linearPattern(source: string): RE2JS {
  let pattern = patterns.get(source);
  if (pattern === undefined) {
    pattern = RE2JS.compile(source);
    if (patterns.size >= MAX_PATTERNS) patterns.clear();
    patterns.set(source, pattern);
  }
  return pattern;
}

function createEnvironment(): Environment {
  const environment = new Environment({
    unlistedVariablesAreDyn: false,
    limits: { maxAstNodes: 2_000, maxDepth: 50, maxListElements: 1_000, maxMapEntries: 100, maxCallArguments: 10 },
  });
  for (const [type, fields] of Object.entries(ELEMENT_TYPES)) {
    const ctor = ELEMENTS.get(type);
    if (ctor !== undefined) environment.registerType(type, { ctor, fields: { ...fields } });
  }
  for (const [root, { fields }] of Object.entries(ENVIRONMENT)) {
    const ctor = ROOTS.get(root);
    const types = Object.fromEntries(Object.entries(fields).map(([name, field]) => [name, field.type]));
    if (ctor !== undefined) environment.registerType(typeOfRoot(root), { ctor, fields: types });
    environment.registerVariable(root, typeOfRoot(root));
  }
  environment.registerFunction(`string.${LINEAR_MATCHES}(string): bool`, (text: string, pattern: string) =>
    linearPattern(pattern).matcher(text).find(),
  );
  return environment;
}

function typeOfRoot(root: string): string {
  return `${root[0]?.toUpperCase()}${root.slice(1)}Facts`;
}

export const CEL = createEnvironment();

/** Calls `visit` for every node, outermost first. */
export function walk(node: ASTNode, visit: (node: ASTNode) => void): void {
  visit(node);
  walkValue(node.args, visit);
}

function walkValue(value: unknown, visit: (node: ASTNode) => void): void {
  if (Array.isArray(value)) {
    for (const item of value) walkValue(item, visit);
  } else if (isNode(value)) walk(value, visit);
}

function isNode(value: unknown): value is ASTNode {
  return typeof value === "object" && value !== null && "op" in value && "args" in value;
}
