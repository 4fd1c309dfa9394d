import type { Detector, DetectorName } from "./detector.ts";
import { bitOf, DETECTOR_NAMES, isDetectorName } from "./detector.ts";
import { email } from "./email.ts";
import { iban } from "./iban.ts";
import { jwt } from "./jwt.ts";
import { paymentCard } from "./payment-card.ts";
import { phone } from "./phone.ts";
import { triggerTable } from "./prefilter.ts";
import { privateKey } from "./private-key.ts";
import { usSsn } from "./us-ssn.ts";

const DETECTORS: Readonly<Record<DetectorName, Detector>> = {
  email,
  us_ssn: usSsn,
  payment_card: paymentCard,
  iban,
  phone,
  jwt,
  private_key: privateKey,
};

/** Detectors that look at the same bytes together. */
export interface DetectorSet {
  /** One bit per detector, see `bitOf`. */
  readonly bits: number;
  readonly detectors: readonly Detector[];
  /** Class of every byte value for the prefilter: 0 = no detector begins there. */
  readonly triggers: Uint8Array;
}

const known = new Map<number, DetectorSet>();

/** The set of these names; names of no detector are left out. The same names give the same set. */
export function detectorSet(names: Iterable<string>): DetectorSet {
  let bits = 0;
  for (const name of names) if (isDetectorName(name)) bits |= bitOf(name);
  let set = known.get(bits);
  if (set === undefined) {
    const detectors = DETECTOR_NAMES.filter((name) => (bits & bitOf(name)) !== 0).map((name) => DETECTORS[name]);
    set = { bits, detectors, triggers: triggerTable(bits) };
    known.set(bits, set);
  }
  return set;
}

export function markerOf(name: DetectorName): string {
  return DETECTORS[name].marker;
}
