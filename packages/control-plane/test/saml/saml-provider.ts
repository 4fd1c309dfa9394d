import { inflateRawSync } from "node:zlib";
import "reflect-metadata";
import { X509CertificateGenerator } from "@peculiar/x509";
import { samlify } from "./samlify.ts";

export interface Keys {
  readonly privateKey: string;
  readonly certificate: string;
}

/** A key pair with a certificate that signs itself, as SAML providers have. */
export async function newKeys(name: string): Promise<Keys> {
  const algorithm = { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256", publicExponent: new Uint8Array([1, 0, 1]) };
  const keys = await crypto.subtle.generateKey({ ...algorithm, modulusLength: 2048 }, true, ["sign", "verify"]);
  const certificate = await X509CertificateGenerator.createSelfSigned({
    name: `CN=${name}`,
    keys,
    signingAlgorithm: algorithm,
    notBefore: new Date(Date.now() - 3600_000),
    notAfter: new Date(Date.now() + 24 * 3600_000),
  });
  const pkcs8 = Buffer.from(await crypto.subtle.exportKey("pkcs8", keys.privateKey)).toString("base64");
  const lines = pkcs8.replace(/(.{64})/g, "$1\n").trimEnd();
  const privateKey = `-----BEGIN PRIVATE KEY-----\n${lines}\n-----END PRIVATE KEY-----\n`;
  return { privateKey, certificate: certificate.toString("pem") };
}

export interface Wish {
  readonly nameId?: string;
  readonly nameIdFormat?: string;
  readonly groups?: readonly string[];
  readonly inResponseTo?: string;
  readonly assertionId?: string;
  readonly audience?: string;
  readonly issuer?: string;
  readonly destination?: string;
  /** Milliseconds that the provider's clock is off. */
  readonly clockMs?: number;
  readonly lifeMs?: number;
  readonly keys?: Keys;
  readonly algorithm?: string;
  readonly encrypt?: boolean;
  readonly signResponse?: boolean;
}

const TEMPLATE = `<samlp:Response xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" ID="{ID}" Version="2.0" IssueInstant="{IssueInstant}" Destination="{Destination}" InResponseTo="{InResponseTo}"><saml:Issuer>{Issuer}</saml:Issuer><samlp:Status><samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:Success"/></samlp:Status><saml:Assertion xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" ID="{AssertionID}" Version="2.0" IssueInstant="{IssueInstant}"><saml:Issuer>{Issuer}</saml:Issuer><saml:Subject><saml:NameID Format="{NameIDFormat}">{NameID}</saml:NameID><saml:SubjectConfirmation Method="urn:oasis:names:tc:SAML:2.0:cm:bearer"><saml:SubjectConfirmationData NotOnOrAfter="{NotOnOrAfter}" Recipient="{Destination}" InResponseTo="{InResponseTo}"/></saml:SubjectConfirmation></saml:Subject><saml:Conditions NotBefore="{NotBefore}" NotOnOrAfter="{NotOnOrAfter}"><saml:AudienceRestriction><saml:Audience>{Audience}</saml:Audience></saml:AudienceRestriction></saml:Conditions><saml:AuthnStatement AuthnInstant="{IssueInstant}" SessionIndex="{AssertionID}"><saml:AuthnContext><saml:AuthnContextClassRef>urn:oasis:names:tc:SAML:2.0:ac:classes:Password</saml:AuthnContextClassRef></saml:AuthnContext></saml:AuthnStatement>GROUPS</saml:Assertion></samlp:Response>`;

/** A real SAML provider (samlify) in this process: reads our request, answers with a signed assertion. */
export class SamlProvider {
  readonly issuer = "https://idp.example/saml";
  readonly entryPoint = "https://idp.example/sso";
  readonly keys: Keys;

  constructor(keys: Keys) {
    this.keys = keys;
  }

  /** The id of the request that a browser was sent with. */
  static requestOf(location: string): { readonly id: string; readonly xml: string } {
    const given = new URL(location).searchParams.get("SAMLRequest") ?? "";
    const xml = inflateRawSync(Buffer.from(given, "base64")).toString();
    return { xml, id: /\bID="([^"]+)"/.exec(xml)?.[1] ?? "" };
  }

  /** Base64 of the response, for a service provider that is known by its metadata alone. */
  async answer(metadata: string, wish: Wish): Promise<string> {
    const keys = wish.keys ?? this.keys;
    const groups = (wish.groups ?? []).map((group) => `<saml:AttributeValue>${group}</saml:AttributeValue>`).join("");
    const statement = `<saml:AttributeStatement><saml:Attribute Name="groups">${groups}</saml:Attribute></saml:AttributeStatement>`;
    const template = TEMPLATE.replace("GROUPS", groups === "" ? "" : statement);
    const idp = samlify.IdentityProvider({
      entityID: wish.issuer ?? this.issuer,
      privateKey: keys.privateKey,
      signingCert: keys.certificate,
      isAssertionEncrypted: wish.encrypt === true,
      dataEncryptionAlgorithm: "http://www.w3.org/2009/xmlenc11#aes256-gcm",
      keyEncryptionAlgorithm: "http://www.w3.org/2001/04/xmlenc#rsa-oaep-mgf1p",
      requestSignatureAlgorithm: wish.algorithm ?? "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256",
      // Else it warns at each answer.
      singleLogoutService: [{ Binding: samlify.Constants.namespace.binding.redirect, Location: this.entryPoint }],
      singleSignOnService: [{ Binding: samlify.Constants.namespace.binding.redirect, Location: this.entryPoint }],
      loginResponseTemplate: { context: template, attributes: [] },
    });
    const sp = samlify.ServiceProvider({
      metadata,
      wantMessageSigned: wish.signResponse === true,
      requestSignatureAlgorithm: wish.algorithm ?? "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256",
    });
    const request = { extract: { request: { id: wish.inResponseTo ?? "" } } };
    const fill = (text: string) => this.#fill(text, sp, wish);
    const { context } = await idp.createLoginResponse(sp, request, "post", {}, fill, false);
    return context;
  }

  #fill(template: string, sp: ReturnType<typeof samlify.ServiceProvider>, wish: Wish) {
    const now = Date.now() + (wish.clockMs ?? 0);
    const at = (ms: number) => new Date(now + ms).toISOString();
    const id = `_${crypto.randomUUID()}`;
    const context = samlify.SamlLib.replaceTagsByValue(template, {
      ID: id,
      AssertionID: wish.assertionId ?? `_${crypto.randomUUID()}`,
      Destination: wish.destination ?? String(sp.entityMeta.getAssertionConsumerService("post")),
      Audience: wish.audience ?? sp.entityMeta.getEntityID(),
      Issuer: wish.issuer ?? this.issuer,
      IssueInstant: at(0),
      NotBefore: at(0),
      NotOnOrAfter: at(wish.lifeMs ?? 300_000),
      InResponseTo: wish.inResponseTo ?? "",
      NameIDFormat: wish.nameIdFormat ?? "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent",
      NameID: wish.nameId ?? "ada",
    });
    return { id, context };
  }
}
