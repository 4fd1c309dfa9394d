import type { LabelDetectors, PatternDetector } from "./detector-names.ts";
import { DETECTOR_NAMES, isDetectorName } from "./detector-names.ts";
import type { DocumentPath, Finding, ParsedDocument } from "./document.ts";
import { judgePattern } from "./pattern-facts.ts";
import { isPhoneRegion, PHONE_REGIONS } from "./phone-regions.ts";
import type { PolicyProblem } from "./problem.ts";
import type { DetectInput } from "./schema.ts";
import { didYouMean } from "./suggest.ts";

const PATTERN_NAME = /^[a-z][a-z0-9_]*$/;
/** Each is looked for in every cell that nothing else hides. */
const MAX_PATTERNS = 100;

type DetectObject = Exclude<DetectInput, string>;

interface Site {
  readonly document: ParsedDocument;
  readonly path: DocumentPath;
}

/** Says what is wrong with the `detect` of each label, across all documents of a policy. */
export class DetectorChecks {
  readonly #problems: PolicyProblem[];
  readonly #warnings: PolicyProblem[];
  readonly #patterns = new Map<string, { readonly pattern: string; readonly at: string }>();

  constructor(problems: PolicyProblem[], warnings: PolicyProblem[]) {
    this.#problems = problems;
    this.#warnings = warnings;
  }

  check(document: ParsedDocument, label: string, detect: readonly DetectInput[]): void {
    for (const [index, entry] of detect.entries()) {
      const site = { document, path: ["labels", label, "detect", index] };
      if (typeof entry === "string") this.#checkName(site, entry);
      else if (entry.detector === undefined) this.#checkPattern(site, entry);
      else this.#checkRegions(site, entry);
    }
  }

  #checkName(site: Site, name: string): void {
    if (isDetectorName(name)) return;
    this.#refuse(site, withHint(`no detector is called "${name}"`, didYouMean(name, DETECTOR_NAMES)));
  }

  #checkRegions(site: Site, { name, pattern, regions }: DetectObject): void {
    if (name !== undefined || pattern !== undefined)
      return this.#refuse(site, { message: "name and pattern do not go with detector" });
    for (const [index, region] of (regions ?? []).entries()) {
      if (isPhoneRegion(region)) continue;
      const finding = withHint(`"${region}" is no region such as US or DE`, didYouMean(region, PHONE_REGIONS));
      this.#refuse({ ...site, path: [...site.path, "regions", index] }, finding);
    }
    if (regions === undefined) this.#refuse(site, { message: "detector needs regions; else write its name alone" });
  }

  #checkPattern(site: Site, { name, pattern, regions }: DetectObject): void {
    if (name === undefined || pattern === undefined || regions !== undefined)
      return this.#refuse(site, { message: "is neither { name, pattern } nor { detector: phone, regions }" });
    const nameSite = { ...site, path: [...site.path, "name"] };
    if (!PATTERN_NAME.test(name))
      this.#refuse(nameSite, { message: `"${name}" is not a detector's name, such as employee_id` });
    if (isDetectorName(name)) this.#refuse(nameSite, { message: `"${name}" is a built-in detector` });
    const before = this.#patterns.get(name);
    if (before?.pattern === pattern) return;
    if (before !== undefined) this.#refuse(nameSite, { message: `"${name}" has another pattern in ${before.at}` });
    this.#patterns.set(name, { pattern, at: `${site.document.name}:${site.document.lineOf(nameSite.path)}` });
    if (this.#patterns.size === MAX_PATTERNS + 1) this.#refuse(site, { message: `more than ${MAX_PATTERNS} patterns` });
    this.#judge({ ...site, path: [...site.path, "pattern"] }, name, pattern);
  }

  #judge(site: Site, name: string, pattern: string): void {
    const judged = judgePattern(pattern);
    if (!judged.ok) return this.#refuse(site, { message: `pattern of ${name} ${judged.reason}` });
    if (judged.facts.literal !== undefined) return;
    const message = `pattern of ${name} has no fixed text, so every value is read with it: ten times slower or more`;
    this.#warnings.push(site.document.problemAt(site.path, { message }));
  }

  #refuse({ document, path }: Site, finding: Finding): void {
    this.#problems.push(document.problemAt(path, finding));
  }
}

/** The compiled form of entries that `DetectorChecks` has passed. */
export function detectorsOf(entries: readonly DetectInput[]): Required<Omit<LabelDetectors, "name">> {
  const names: string[] = [];
  const patterns: PatternDetector[] = [];
  const regions: string[] = [];
  for (const entry of entries) {
    if (typeof entry === "string") names.push(entry);
    else if (entry.detector !== undefined) {
      names.push(entry.detector);
      regions.push(...(entry.regions ?? []));
    } else if (entry.name !== undefined && entry.pattern !== undefined) {
      names.push(entry.name);
      patterns.push({ name: entry.name, pattern: entry.pattern });
    }
  }
  return { detect: [...new Set(names)], patterns, phoneRegions: [...new Set(regions)] };
}

function withHint(message: string, hint: string | undefined): Finding {
  return hint === undefined ? { message } : { message, hint };
}
