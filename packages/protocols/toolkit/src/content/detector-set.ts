import type { PatternDetector } from "@tidewaiter/core/policy/detector-names";
import {
  aiApiKey,
  awsAccessKey,
  gcpApiKey,
  githubToken,
  gitlabToken,
  npmToken,
  slackToken,
  stripeKey,
} from "./access-tokens.ts";
import { speaksOf } from "./column-words.ts";
import type { Detector, DetectorName } from "./detector.ts";
import { bitOf, DETECTOR_NAMES, isDetectorName, PATTERNS } from "./detector.ts";
import { email } from "./email.ts";
import { gateOf } from "./gates.ts";
import { iban } from "./iban.ts";
import { ip } from "./ip.ts";
import { jwt } from "./jwt.ts";
import { brCpf } from "./national-ids/br-cpf.ts";
import { deTaxId } from "./national-ids/de-tax-id.ts";
import { esNif } from "./national-ids/es-nif.ts";
import { frNir } from "./national-ids/fr-nir.ts";
import { inAadhaar } from "./national-ids/in-aadhaar.ts";
import { itCodiceFiscale } from "./national-ids/it-codice-fiscale.ts";
import { nlBsn } from "./national-ids/nl-bsn.ts";
import { plPesel } from "./national-ids/pl-pesel.ts";
import { sePersonnummer } from "./national-ids/se-personnummer.ts";
import { ukNino } from "./national-ids/uk-nino.ts";
import { patternDetector } from "./pattern-detector.ts";
import { paymentCard } from "./payment-card.ts";
import { phoneDetector } from "./phone.ts";
import type { Prefilter } from "./prefilter.ts";
import { makePrefilter } from "./prefilter.ts";
import { privateKey } from "./private-key.ts";
import { usSsn } from "./us-ssn.ts";

const BUILT_IN: Readonly<Record<Exclude<DetectorName, "phone">, Detector>> = {
  email,
  us_ssn: usSsn,
  payment_card: paymentCard,
  iban,
  jwt,
  private_key: privateKey,
  ip,
  uk_nino: ukNino,
  de_tax_id: deTaxId,
  fr_nir: frNir,
  es_nif: esNif,
  it_codice_fiscale: itCodiceFiscale,
  nl_bsn: nlBsn,
  pl_pesel: plPesel,
  se_personnummer: sePersonnummer,
  br_cpf: brCpf,
  in_aadhaar: inAadhaar,
  aws_access_key: awsAccessKey,
  gcp_api_key: gcpApiKey,
  github_token: githubToken,
  gitlab_token: gitlabToken,
  slack_token: slackToken,
  stripe_key: stripeKey,
  npm_token: npmToken,
  ai_api_key: aiApiKey,
};

/** Detectors that look at the same bytes together. */
export interface DetectorSet extends Prefilter {
  readonly detectors: readonly ActiveDetector[];
  readonly markers: ReadonlyMap<string, string>;
}

export interface ActiveDetector {
  readonly bit: number;
  readonly find: Detector["find"];
  /** See `Detector.find`. */
  readonly named: boolean;
}

export interface DetectorOptions {
  /** Detectors of the policy's own. */
  readonly patterns?: readonly PatternDetector[];
  /** Regions whose national forms of telephone numbers count. */
  readonly phoneRegions?: readonly string[];
}

const sets = new Map<string, DetectorSet>();
/** Of several policies in a row; then all are made anew. */
const MAX_SETS = 1_000;

/** The set of these names; names of no detector are left out. The same names and options give the same set. */
export function detectorSet(names: Iterable<string>, options: DetectorOptions = {}): DetectorSet {
  let bits = 0;
  for (const name of names) if (isDetectorName(name)) bits |= bitOf(name);
  const regions = (bits & bitOf("phone")) === 0 ? [] : [...new Set(options.phoneRegions)].sort();
  const patterns = options.patterns ?? [];
  const key = patterns.length + regions.length === 0 ? String(bits) : JSON.stringify([bits, regions, patterns]);
  return remembered(key, () => makeSet(bits, regions, patterns));
}

function remembered(key: string, make: () => DetectorSet): DetectorSet {
  let set = sets.get(key);
  if (set === undefined) {
    set = make();
    if (sets.size >= MAX_SETS) sets.clear();
    sets.set(key, set);
  }
  return set;
}

interface Member {
  readonly bit: number;
  readonly detector: Detector;
}

/** What a set was made from: sets for columns are made from it, too. */
const members = new WeakMap<DetectorSet, readonly Member[]>();

function makeSet(bits: number, regions: readonly string[], patterns: readonly PatternDetector[]): DetectorSet {
  const names = DETECTOR_NAMES.filter((name) => (bits & bitOf(name)) !== 0);
  const all: Member[] = names.map((name) => ({
    bit: bitOf(name),
    detector: name === "phone" ? phoneDetector(regions) : BUILT_IN[name],
  }));
  for (const pattern of patterns) all.push({ bit: PATTERNS, detector: patternDetector(pattern) });
  const gates = all.flatMap(({ bit, detector }) => gatesOf(detector, bit));
  const set: DetectorSet = {
    ...makePrefilter(patterns.length === 0 ? bits : bits | PATTERNS, gates, regions.length > 0),
    detectors: all.map(({ bit, detector }) => ({ bit, find: detector.find, named: false })),
    markers: new Map(all.map(({ detector }) => [detector.name, detector.marker])),
  };
  members.set(set, all);
  return set;
}

/** A pattern without any sure text is looked for everywhere. */
function gatesOf({ literals }: Detector, bit: number) {
  return bit === PATTERNS && literals === undefined
    ? [{ bit, text: new Uint8Array(), trigger: -1, offset: -1 }]
    : (literals ?? []).map((literal) => gateOf(literal, bit));
}

const bySet = new WeakMap<DetectorSet, Map<string, DetectorSet>>();

/**
 * The set for a column of this name: where the name speaks of a detector's kind, forms count that mean nothing elsewhere. The
 * prefilter is the same, so what it says of a line holds for all of its columns.
 */
export function setForColumn(set: DetectorSet, column: string): DetectorSet {
  const named = (members.get(set) ?? []).map(({ detector }) => speaksOf(column, detector.columnWords ?? []));
  if (!named.includes(true)) return set;
  let forms = bySet.get(set);
  if (forms === undefined) {
    forms = new Map();
    bySet.set(set, forms);
  }
  const key = named.join();
  let found = forms.get(key);
  if (found === undefined) {
    const detectors = set.detectors.map((detector, index) => ({ ...detector, named: named[index] === true }));
    found = { ...set, detectors };
    forms.set(key, found);
  }
  return found;
}

/** What stands in place of a finding. */
export function markerOf(set: DetectorSet, detector: string): string {
  return set.markers.get(detector) ?? "*";
}
