const ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz";

function randomBase32(length: number): string {
  const bytes = globalThis.crypto.getRandomValues(new Uint8Array(length));
  let out = "";
  for (const byte of bytes) out += ALPHABET[byte & 31];
  return out;
}

/** Prefixes say at a glance what an id names. */
export type IdPrefix =
  | "prn"
  | "grp"
  | "res"
  | "crd"
  | "pol"
  | "agt"
  | "gnt"
  | "ses"
  | "rev"
  | "rec"
  | "aud"
  | "sec"
  | "blg"
  | "wch"
  | "cnl"
  | "tok"
  | "nch"
  | "ntf"
  | "bls"
  | "lbp"
  | "gw"
  | "jti"
  | "sgn"
  | "idn"
  | "idp"
  | "csi"
  | "mk"
  | "dk"
  | "key"
  | "dlg"
  | "fed"
  | "fdt"
  | "kid"
  | "rol"
  | "arl"
  | "arq"
  | "chg"
  | "emi"
  | "emu";

/** A new id: prefix, underscore, 26 characters of Crockford base32 (130 random bits). */
export function newId(prefix: IdPrefix): string {
  return `${prefix}_${randomBase32(26)}`;
}

/** A short id that a person can read out, `7Q2H` style; unique only among what is open, so the store checks it. */
export function newShortId(length = 5): string {
  return randomBase32(length).toUpperCase();
}
