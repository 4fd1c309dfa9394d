/** What a response has to be before anything reads it as XML. */
export interface ResponseRules {
  /** An encrypted assertion, and none in clear. */
  readonly encrypted: boolean;
}

/** Base64, as it comes: names of many groups fit. */
export const RESPONSE_LIMIT = 60 * 1024;

/**
 * Attacks on SAML live from two readers that see different documents: one checks a signature, the other takes the
 * values. So a response is refused that leaves any room for that: document types, comments, character data sections and
 * processing instructions (which split text), several assertions (signature wrapping, XSW1 to XSW8), ids that stand
 * twice. What providers send has none of it. Resolves to the XML, or to why not.
 */
export function guardResponse(
  base64: string,
  rules: ResponseRules,
): { readonly ok: true; readonly xml: string } | { readonly ok: false; readonly reason: string } {
  const refuse = (reason: string) => ({ ok: false, reason }) as const;
  if (base64.length > RESPONSE_LIMIT) return refuse("it is too long");
  if (!/^[A-Za-z0-9+/\s]+={0,2}\s*$/.test(base64)) return refuse("it is not base64");
  const xml = Buffer.from(base64, "base64").toString("utf8");
  const body = xml.replace(/^\uFEFF?\s*<\?xml[^?]{0,200}\?>/, "");
  if (/<[!?]/.test(body)) return refuse("it holds more than elements and text");
  if (countOf(body, "Response") !== 1) return refuse("it is not one response");
  const [clear, sealed] = [countOf(body, "Assertion"), countOf(body, "EncryptedAssertion")];
  const fits = rules.encrypted ? clear === 0 && sealed === 1 : clear === 1 && sealed === 0;
  if (!fits)
    return refuse(
      rules.encrypted ? "it holds not exactly one encrypted assertion" : "it holds not exactly one assertion",
    );
  const ids = [...body.matchAll(/\sID\s*=\s*["']([^"']*)["']/gi)].map(([, id]) => id);
  if (new Set(ids).size !== ids.length) return refuse("an id stands in it twice");
  return { ok: true, xml };
}

/** Start tags of that local name, whatever the prefix. */
function countOf(xml: string, name: string): number {
  return [...xml.matchAll(new RegExp(`<(?:[\\w.-]+:)?${name}[\\s/>]`, "g"))].length;
}

const STRONG = new Set([
  "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256",
  "http://www.w3.org/2001/04/xmldsig-more#rsa-sha384",
  "http://www.w3.org/2001/04/xmldsig-more#rsa-sha512",
  "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256",
  "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha384",
  "http://www.w3.org/2001/04/xmlenc#sha256",
  "http://www.w3.org/2001/04/xmlenc#sha512",
  "http://www.w3.org/2001/04/xmldsig-more#sha384",
]);

/** SHA-1 signatures can be forged with enough money; shared keys (HMAC) are no signatures. */
export function hasWeakSignature(assertionXml: string): boolean {
  const used = [
    ...assertionXml.matchAll(/<(?:[\w.-]+:)?(?:SignatureMethod|DigestMethod)\s[^>]*Algorithm\s*=\s*["']([^"']*)["']/g),
  ];
  return used.length === 0 || used.some(([, algorithm = ""]) => !STRONG.has(algorithm));
}
