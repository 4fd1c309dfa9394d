/** Detectors that a label may name under `detect`; packages/docs/detectors.md says what each of them checks. */
export const DETECTOR_NAMES = [
  "email",
  "us_ssn",
  "payment_card",
  "iban",
  "phone",
  "jwt",
  "private_key",
  "ip",
  "uk_nino",
  "de_tax_id",
  "fr_nir",
  "es_nif",
  "it_codice_fiscale",
  "nl_bsn",
  "pl_pesel",
  "se_personnummer",
  "br_cpf",
  "in_aadhaar",
  "aws_access_key",
  "gcp_api_key",
  "github_token",
  "gitlab_token",
  "slack_token",
  "stripe_key",
  "npm_token",
  "ai_api_key",
] as const;

export type DetectorName = (typeof DETECTOR_NAMES)[number];

export function isDetectorName(name: string): name is DetectorName {
  return (DETECTOR_NAMES as readonly string[]).includes(name);
}

/** A detector of the policy's own: everything that an RE2 pattern matches. */
export interface PatternDetector {
  /** Unique in the policy, and no detector's of `DETECTOR_NAMES`. */
  readonly name: string;
  readonly pattern: string;
}

/** A label and the detectors whose findings carry it, as a policy defines them. */
export interface LabelDetectors {
  readonly name: string;
  readonly detect: readonly string[];
  readonly patterns?: readonly PatternDetector[];
  readonly phoneRegions?: readonly string[];
}
