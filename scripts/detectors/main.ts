import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DETECTOR_NAMES } from "@tidewaiter/toolkit/content/detector";
import { detectorSet, setForColumn } from "@tidewaiter/toolkit/content/detector-set";
import { fetchSources, NATIONAL_REGIONS } from "./fetch-sources.ts";
import type { Question } from "./measure.ts";
import { measure } from "./measure.ts";
import type { Result } from "./report.ts";
import { render } from "./report.ts";
import type { Sample } from "./sample.ts";

const USAGE = `Usage: node scripts/detectors/main.ts [--json] [--count N]

Precision and recall of every detector on samples that other projects make. Fetches them from PyPI and npm (python3 and npm
are needed, some 30 MB, one minute) into a temporary folder, which is removed.

  --count   samples per provider, 200
`;

/** Each detector as it works in text; where a column's name or regions change what it finds, with them, too. */
function questions(): readonly Question[] {
  return DETECTOR_NAMES.flatMap((detector): readonly Question[] => {
    const set = detectorSet([detector]);
    if (detector !== "phone") {
      const named = setForColumn(set, COLUMNS[detector] ?? "");
      const bare = `${detector}_bare`;
      const text = { detector, setting: "text", set, kinds: [detector], leaves: [bare] };
      return named === set
        ? [text]
        : [text, { ...text, setting: `column ${COLUMNS[detector]}`, set: named, kinds: [detector, bare] }];
    }
    const regional = detectorSet(["phone"], { phoneRegions: NATIONAL_REGIONS });
    const national = { detector, kinds: ["phone_us", "phone_national"], leaves: ["phone"] };
    return [
      { detector, setting: "text", set, kinds: ["phone"], leaves: ["phone_us", "phone_national"] },
      { ...national, setting: "text, ten regions", set: regional },
      { ...national, setting: "column phone, ten regions", set: setForColumn(regional, "phone") },
    ];
  });
}

/** Detectors that read more in a column which is called so. */
const COLUMNS: Readonly<Record<string, string>> = {
  us_ssn: "ssn",
  fr_nir: "nir",
  nl_bsn: "bsn",
  se_personnummer: "personnummer",
  in_aadhaar: "aadhaar",
};

/** What else would stand in a column that is called so, nobody knows: there only recall is measured. */
function samplesFor({ setting, kinds }: Question, samples: readonly Sample[]): readonly Sample[] {
  return setting.startsWith("column") ? samples.filter(({ kind }) => kinds.includes(kind)) : samples;
}

async function main(): Promise<number> {
  if (process.argv.includes("--help")) {
    process.stdout.write(USAGE);
    return 0;
  }
  const at = process.argv.indexOf("--count");
  const count = at === -1 ? 200 : Number(process.argv[at + 1]);
  if (!Number.isInteger(count) || count < 1 || count > 100_000) {
    process.stderr.write(USAGE);
    return 2;
  }
  const folder = await mkdtemp(join(tmpdir(), "tidewaiter-detectors-"));
  try {
    process.stderr.write("fetching samples (about a minute) ...\n");
    const { samples, sentences, missing } = await fetchSources(folder, count);
    process.stderr.write(`${samples.length} samples, ${sentences.length} sentences\n`);
    const scores = questions().map((question) => measure(question, samplesFor(question, samples), sentences));
    const result: Result = {
      scores: scores.filter(({ positives }) => positives > 0),
      skipped: [...new Set(scores.filter(({ positives }) => positives === 0).map(({ detector }) => detector))],
      missing,
    };
    process.stdout.write(process.argv.includes("--json") ? `${JSON.stringify(result)}\n` : render(result));
    return 0;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

process.exitCode = await main();
