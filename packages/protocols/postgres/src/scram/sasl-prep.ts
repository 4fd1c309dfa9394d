/** Non-ASCII spaces (RFC 3454, C.1.2), which become a plain space. */
const SPACES = /[\u00a0\u1680\u2000-\u200b\u202f\u205f\u3000]/gu;
/** Commonly mapped to nothing (RFC 3454, B.1). The zero-width space is in both tables; SASLprep maps it to a space first. */
const NOTHING = /\u034f|\u200d|[\ufe00-\ufe0f]|[\u180b-\u180d]|[\u00ad\u1806\u200c\u2060\ufeff]/gu;
/** Prohibited output (RFC 4013, section 2.3): controls, private use, non-characters, surrogates, tags and the like. */
const PROHIBITED =
  /\u0340|\u0341|[\p{Cc}\p{Co}\p{Cs}\p{Noncharacter_Code_Point}\u06dd\u070f\u180e\u200e\u200f\u2028-\u202e\u2061-\u2063\u206a-\u206f\u2ff0-\u2ffb\ufff9-\ufffd\u{1d173}-\u{1d17a}\u{e0001}\u{e0020}-\u{e007f}]/u;
/** Letters written from right to left (RFC 3454, D.1, by script). */
const RIGHT_TO_LEFT = /[\p{Script=Hebrew}\p{Script=Arabic}\p{Script=Syriac}\p{Script=Thaana}]/u;
const LEFT_TO_RIGHT =
  /[\p{Script=Latin}\p{Script=Greek}\p{Script=Cyrillic}\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}]/u;
const ASCII = /^[\x20-\x7e]*$/;

/**
 * Password normalisation of SCRAM (RFC 4013) with the fallback of libpq: a password that SASLprep prohibits is used as
 * it is. The secrets that Tidewaiter issues are ASCII, which this leaves alone. Code points younger than Unicode 3.2 are
 * normalised rather than prohibited; that differs only for those that NFKC changes.
 */
export function saslPrep(password: string): string {
  if (ASCII.test(password)) return password;
  const prepared = password.replace(SPACES, " ").replace(NOTHING, "").normalize("NFKC");
  if (prepared === "" || PROHIBITED.test(prepared) || !isOneDirection(prepared)) return password;
  return prepared;
}

/** RFC 3454, section 6: with a right-to-left character, no left-to-right one, and one of the former at both ends. */
function isOneDirection(text: string): boolean {
  if (!RIGHT_TO_LEFT.test(text)) return true;
  const characters = Array.from(text);
  return (
    !LEFT_TO_RIGHT.test(text) &&
    RIGHT_TO_LEFT.test(characters[0] ?? "") &&
    RIGHT_TO_LEFT.test(characters[characters.length - 1] ?? "")
  );
}
