import { PRINCIPAL_KINDS } from "../principal.ts";
import type { RuleSite } from "./compile-rule.ts";
import type { PrincipalPattern, RuleMatch } from "./compiled-policy.ts";
import type { DocumentPath } from "./document.ts";
import { compileGlob } from "./glob.ts";
import { didYouMean } from "./suggest.ts";

export function compileMatch(site: RuleSite): RuleMatch {
  const match = site.input.match ?? {};
  checkLabels(site, match.labels ?? []);
  return {
    ...(match.resources === undefined ? {} : { resources: match.resources.map(compileGlob) }),
    ...(match.principals === undefined
      ? {}
      : {
          principals: match.principals.map((pattern, index) =>
            compilePrincipal({ ...site, path: [...site.path, "match", "principals", index] }, pattern),
          ),
        }),
    ...(match.labels === undefined ? {} : { labels: match.labels.map(compileGlob) }),
    ...(match.tags === undefined ? {} : { tags: compileTags(match.tags) }),
    ...(match.levels === undefined ? {} : { levels: match.levels }),
  };
}

function compileTags(tags: Readonly<Record<string, string | string[]>>): NonNullable<RuleMatch["tags"]> {
  return Object.entries(tags).map(([name, value]) => ({
    name,
    values: (typeof value === "string" ? [value] : value).map(compileGlob),
  }));
}

/** A pattern that selects no label would make a rule that never applies: surely a slip. */
function checkLabels({ document, path, labelNames, problems }: RuleSite, patterns: readonly string[]): void {
  for (const [index, pattern] of patterns.entries()) {
    const glob = compileGlob(pattern);
    if (labelNames.some((label) => glob.matches(label))) continue;
    const hint = didYouMean(pattern, labelNames);
    const message = `no label matches "${pattern}"`;
    problems.push(
      document.problemAt([...path, "match", "labels", index], hint === undefined ? { message } : { message, hint }),
    );
  }
}

type PrincipalSite = Pick<RuleSite, "document" | "problems"> & { readonly path: DocumentPath };

export function compilePrincipal(site: PrincipalSite, pattern: string): PrincipalPattern {
  const colon = pattern.indexOf(":");
  const type = colon < 0 ? "name" : pattern.slice(0, colon);
  const glob = compileGlob(pattern.slice(colon + 1));
  const { path } = site;
  if (type !== "kind" && type !== "group" && type !== "name") {
    const hint = didYouMean(type, ["kind", "group"]);
    const message = `"${type}:" is neither "kind:" nor "group:"`;
    site.problems.push(site.document.problemAt(path, hint === undefined ? { message } : { message, hint }));
    return { type: "name", glob };
  }
  if (type === "kind" && !PRINCIPAL_KINDS.some((kind) => glob.matches(kind))) {
    const hint = didYouMean(glob.source, PRINCIPAL_KINDS);
    const message = `no kind of principal is "${glob.source}" (${PRINCIPAL_KINDS.join(", ")})`;
    site.problems.push(site.document.problemAt(path, hint === undefined ? { message } : { message, hint }));
  }
  return { type, glob };
}
