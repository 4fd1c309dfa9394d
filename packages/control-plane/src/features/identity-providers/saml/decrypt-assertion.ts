import { createRequire } from "node:module";

/** By the function that node-saml itself decrypts with; it is no part of its interface, so its types are not read. */
const { decryptXml } = createRequire(import.meta.url)("@node-saml/node-saml/lib/xml") as {
  decryptXml(xml: string, key: string): Promise<string>;
};

/** The assertion in clear, its signature included. `sealed` is an EncryptedAssertion, `key` a PEM. */
export function decryptAssertion(sealed: string, key: string): Promise<string> {
  return decryptXml(sealed, key);
}
