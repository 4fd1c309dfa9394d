import { parseSync, Visitor } from "oxc-parser";

export interface ModuleImport {
  readonly specifier: string;
  /** True when nothing of it is left at run time. */
  readonly typeOnly: boolean;
  readonly line: number;
}

export interface ModuleFacts {
  readonly imports: readonly ModuleImport[];
  /** Uses of a member of a bare name: `process.env`, `const { env } = process`. */
  readonly members: readonly { readonly object: string; readonly property: string; readonly line: number }[];
}

/** What a TypeScript or JavaScript module imports and which members of globals it touches. Throws on a syntax error. */
export function readModule(path: string, source: string): ModuleFacts {
  const parsed = parseSync(path, source);
  if (parsed.errors.length > 0) throw new Error(`${path}: ${parsed.errors[0]?.message}`);
  const line = lineCounter(source);
  const imports: ModuleImport[] = [];
  for (const entry of parsed.module.staticImports) {
    const typeOnly = entry.entries.length > 0 && entry.entries.every((name) => name.isType);
    imports.push({ specifier: entry.moduleRequest.value, typeOnly, line: line(entry.start) });
  }
  for (const entry of parsed.module.staticExports) {
    for (const name of entry.entries) {
      if (name.moduleRequest === null || name.moduleRequest === undefined) continue;
      imports.push({ specifier: name.moduleRequest.value, typeOnly: name.isType, line: line(name.start) });
    }
  }
  for (const entry of parsed.module.dynamicImports) {
    const text = source.slice(entry.moduleRequest.start, entry.moduleRequest.end);
    const literal = /^["'`]([^"'`$]+)["'`]$/.exec(text)?.[1];
    if (literal !== undefined) imports.push({ specifier: literal, typeOnly: false, line: line(entry.start) });
  }
  return { imports, members: readMembers(parsed.program, line) };
}

function readMembers(program: Parameters<Visitor["visit"]>[0], line: (offset: number) => number) {
  const members: { object: string; property: string; line: number }[] = [];
  const visitor = new Visitor({
    MemberExpression(node) {
      if (node.object.type !== "Identifier") return;
      const property = node.property.type === "Identifier" ? node.property.name : "";
      members.push({ object: node.object.name, property, line: line(node.start) });
    },
    VariableDeclarator(node) {
      if (node.init?.type !== "Identifier" || node.id.type !== "ObjectPattern") return;
      for (const part of node.id.properties) {
        const property = part.type === "Property" && part.key.type === "Identifier" ? part.key.name : "";
        members.push({ object: node.init.name, property, line: line(node.start) });
      }
    },
  });
  visitor.visit(program);
  return members;
}

function lineCounter(source: string): (offset: number) => number {
  return (offset) => source.slice(0, offset).split("\n").length;
}
