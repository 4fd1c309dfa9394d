import { isBuiltin } from "node:module";
import { posix } from "node:path";
import { findCycles } from "./cycle.ts";
import { house, nodeGlobals, pure, testOnly } from "./house.ts";
import { type PackageSource, scope } from "./package-source.ts";
import type { ModuleFacts, ModuleImport } from "./read-module.ts";

export interface Problem {
  /** `packages/core/src/x.ts:3`, or a package's folder. */
  readonly where: string;
  readonly what: string;
}

/** Everything wrong with the way the packages import each other; empty when the house is in order. */
export function checkImports(packages: readonly PackageSource[]): Problem[] {
  return [...packages.flatMap(checkPackage), ...packageCycles(packages)];
}

function checkPackage(pack: PackageSource): Problem[] {
  if (testOnly.includes(pack.name)) return checkModules(pack);
  const allowed = house[pack.name];
  if (allowed === undefined) {
    return [{ where: pack.folder, what: `is not in the table of scripts/imports/house.ts` }];
  }
  const declared = pack.dependencies
    .filter((name) => name.startsWith(scope) && !allowed.includes(name.slice(scope.length)))
    .map((name) => ({ where: `${pack.folder}/package.json`, what: `${pack.name} must not depend on ${name}` }));
  return [...declared, ...checkModules(pack), ...moduleCycles(pack)];
}

function checkModules(pack: PackageSource): Problem[] {
  return [...pack.modules].flatMap(([path, facts]) => {
    const at = (line: number, what: string): Problem => ({ where: `${pack.folder}/${path}:${line}`, what });
    const imports = facts.imports.flatMap((one) => importProblem(pack, path, one).map((what) => at(one.line, what)));
    const globals = isProduction(pack, path) ? globalProblems(pack, path, facts) : [];
    return [...imports, ...globals.map(({ line, what }) => at(line, what))];
  });
}

function importProblem(pack: PackageSource, path: string, one: ModuleImport): string[] {
  const { specifier } = one;
  const production = isProduction(pack, path);
  if (specifier.startsWith(".")) {
    const target = posix.join(posix.dirname(path), specifier);
    return target.startsWith("..") ? [`${specifier} leaves the package: import ${scope}... instead`] : [];
  }
  if (isBuiltin(specifier)) return production ? builtinProblem(pack, path, specifier) : [];
  const name = packageName(specifier);
  if (name === scope + pack.name) return [`import from its own package by a relative path, not ${specifier}`];
  return [...directionProblem(pack, production, name), ...declarationProblem(pack, production, name, one)];
}

function builtinProblem(pack: PackageSource, path: string, specifier: string): string[] {
  if (pure.includes(pack.name)) return [`${pack.name} runs anywhere and must not import ${specifier}`];
  if (/^(node:)?process$/.test(specifier) && !mayUseProcess(path)) {
    return ["only src/main.ts and bin/ read the environment or exit: pass the value in"];
  }
  return [];
}

function directionProblem(pack: PackageSource, production: boolean, name: string): string[] {
  if (!production || !name.startsWith(scope)) return [];
  const target = name.slice(scope.length);
  if (testOnly.includes(target)) return [`${name} is for tests only`];
  return house[pack.name]?.includes(target) ? [] : [`${pack.name} must not import ${target}`];
}

function declarationProblem(pack: PackageSource, production: boolean, name: string, one: ModuleImport): string[] {
  if (pack.dependencies.includes(name)) return [];
  if ((!production || one.typeOnly) && pack.devDependencies.includes(name)) return [];
  return [`${name} is not declared in ${pack.folder}/package.json`];
}

function globalProblems(pack: PackageSource, path: string, facts: ModuleFacts) {
  return facts.members.flatMap(({ object, property, line }) => {
    if (pure.includes(pack.name) && nodeGlobals.includes(object)) {
      return [{ line, what: `${pack.name} runs anywhere and must not use ${object}` }];
    }
    if (object !== "process" || !["env", "exit", ""].includes(property) || mayUseProcess(path)) return [];
    const what = `only src/main.ts and bin/ use process.${property || "[...]"}: pass the value in`;
    return [{ line, what }];
  });
}

/**
 * Circles that cross folders. Inside one folder they are let be: files that stand for the rules of a grammar call each
 * other as the grammar does.
 */
function moduleCycles(pack: PackageSource): Problem[] {
  const edges = new Map(
    [...pack.modules].map(([path, facts]) => {
      // A type-only import is gone at run time and cannot make a cycle of loading.
      const relative = facts.imports.filter((one) => one.specifier.startsWith(".") && !one.typeOnly);
      return [path, relative.map((one) => posix.join(posix.dirname(path), one.specifier))];
    }),
  );
  const crossing = findCycles(edges).filter((cycle) => new Set(cycle.map(posix.dirname)).size > 1);
  return crossing.map((cycle) => {
    return { where: pack.folder, what: `modules import each other in a circle: ${cycle.join(" -> ")}` };
  });
}

function packageCycles(packages: readonly PackageSource[]): Problem[] {
  const edges = new Map(packages.map((pack) => [pack.name, [...internalEdges(pack)]]));
  return findCycles(edges).map((cycle) => {
    return { where: "packages", what: `packages depend on each other in a circle: ${cycle.join(" -> ")}` };
  });
}

function internalEdges(pack: PackageSource): Set<string> {
  const edges = new Set(pack.dependencies);
  for (const [path, facts] of pack.modules) {
    if (isProduction(pack, path)) for (const one of facts.imports) edges.add(packageName(one.specifier));
  }
  return new Set([...edges].filter((name) => name.startsWith(scope)).map((name) => name.slice(scope.length)));
}

function isProduction(pack: PackageSource, path: string): boolean {
  return !testOnly.includes(pack.name) && !path.startsWith("test/") && !/\.test\.tsx?$/.test(path);
}

/** Programs: the entry points, and generators that developers and CI run. */
function mayUseProcess(path: string): boolean {
  return path === "src/main.ts" || path.startsWith("bin/") || posix.basename(path) === "generate.ts";
}

/** `@scope/name/deep` -> `@scope/name`, `name/deep` -> `name`. */
function packageName(specifier: string): string {
  return specifier.split("/", specifier.startsWith("@") ? 2 : 1).join("/");
}
