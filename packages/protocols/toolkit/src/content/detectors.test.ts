import { describe, expect, it } from "vitest";
import type { DetectorName } from "./detector.ts";
import { DETECTOR_NAMES } from "./detector.ts";
import { detectorSet } from "./detector-set.ts";
import { findSensitive } from "./find-sensitive.ts";
import { redactText } from "./redact-text.ts";

/** Texts that each detector finds something in; what it finds stands between « and ». */
const FOUND: Readonly<Record<DetectorName, readonly string[]>> = {
  // RFC 5322, 3696 and 6531 and their errata; addresses of RFC 2606 domains
  email: [
    "«simple@example.com»",
    "please reach her on «canary.alpha@leaktest.example».",
    "«customer/department=shipping@example.com»",
    "«!def!xyz%abc@example.com»",
    "'«o'brien@example.co.uk»'",
    "<«a@b.co»>, «user.name+tag+sorting@example.com»;",
    "{«x@example.com»,«y@example.com»}",
    "«用户@例子.广告» ",
    "«ann@xn--fiqs8s.xn--fiqs8s»",
    '{"mail":"«ann@example.com»"}',
    "<a href='«ann@example.com»'>",
    "mailto:«ann@sub.example.museum»?subject=x",
  ],
  us_ssn: [
    "«536-90-4399»",
    "SSN «001-01-0001», paid",
    "«536 90 4399»",
    "«899.99.9999»",
    "«536\u201190\u20114399»",
    "ssn: «536904399»",
    '{"SSN":"«536904399»"}',
    "x«536-90-4399»y",
  ],
  // test numbers that Stripe, PayPal and Adyen publish
  payment_card: [
    "«4242424242424242»",
    "«4000056655665556»",
    "«5555555555554444»",
    "«2223003122003222»",
    "«5105105105105100»",
    "«378282246310005»",
    "«3714 496353 98431»",
    "«6011111111111117»",
    "«6011000990139424»",
    "«3056930009020004»",
    "«36227206271667»",
    "«3566002020360505»",
    "«6200000000000005»",
    "«6205500000000000004»",
    "«4222222222222»",
    "«4111 1111 1111 1111».",
    "«6771-7980-2100-0008»",
    "card 12/29 «4539 5787 6362 1486» cvc 123",
    "no 7 «4539-5787-6362-1486» 05",
    '"line\\n«4111111111111111»"',
    "«4111\u00a01111\u00a01111\u00a01111»",
  ],
  // SWIFT IBAN registry
  iban: [
    "«AD1200012030200359100100»",
    "«BE68 5390 0754 7034»",
    "«BR1800360305000010009795493C1»",
    "pay «DE89 3704 0044 0532 0130 00» now",
    "«FR14 2004 1010 0505 0001 3M02 606»",
    "«gb29nwbk60161331926819»",
    "«LC55HEMM000100010012001200023015»",
    "«MT84MALT011000012345MTLCAST001S»",
    "«NO93-8601-1117-947»,",
    "«QA58DOHB00001234567890ABCDEFG»",
    "«XK051212012345678906»",
  ],
  // numbers reserved for drama by NANPA and Ofcom, and E.164 forms
  phone: [
    "«+14155550142»",
    "call «+1 (415) 555-0142» today",
    "«+44 20 7946 0958»",
    "«+49/30/901820»",
    "tel:«+33.1.23.45.67.89»;",
    "«+4915112345678» 2024",
    '"\\n«+14155550142»"',
  ],
  // RFC 7515 appendix A.1, RFC 7519 section 6.1
  jwt: [
    "Bearer «eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk»",
    "«eyJhbGciOiJub25lIn0.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.»",
    '{"token":"«eyJhbGciOiJSU0EtT0FFUCIsImVuYyI6IkEyNTZHQ00ifQ.OKOawDo13gRp2ojaHV7LFpZcgV7T6DVZKTyKOMTYUmKoTCVJRgckCL9kiMT03JGe.48V1_ALb6US04U3b.5eym8TW_c8SuK0ltJ3rpYIzOeDQz7TALvtu6UG9oMo4vpzs9tX_EFShS8iB7j6ji.XFBoMYUZodetZdvTiFvSkQ»"}',
  ],
  private_key: [
    "«-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC\n-----END PRIVATE KEY-----»\n",
    '{"key":"«-----BEGIN RSA PRIVATE KEY-----\\nMC4CAQAwBQYDK2VwBCIEIN\\n-----END RSA PRIVATE KEY-----»\\n"}',
    "«-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjEAAAAA»",
    "«-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,0123\n\nMC4C\n-----END RSA PRIVATE KEY-----»",
  ],
};

const NOT_FOUND: Readonly<Record<DetectorName, readonly string[]>> = {
  email: [
    "@",
    "a@",
    "@example.com",
    "user@localhost",
    "a@1.2",
    "a@b..com",
    "price @ 5.50",
    "twitter @handle",
    "a@.com",
  ],
  us_ssn: [
    "000-12-3456",
    "666-12-3456",
    "900-12-3456",
    "987-65-4320",
    "123-00-4567",
    "123-45-0000",
    "1123-45-6789",
    "123-45-67890",
    "123-45.6789",
    "123456789",
    "2024-01-15",
  ],
  payment_card: [
    "4242424242424241",
    "1700000000000",
    "1234567812345670",
    "0000000000000000",
    "411111111111",
    "44242424242424242424",
    "a4242424242424242",
    "4242424242424242f",
    "4 2 4 2 4 2 4 2 4 2 4 2 4 2 4 2",
    "4242,4242,4242,4242",
  ],
  iban: [
    "DE89370400440532013001",
    "DE8937040044053201300",
    "DE893704004405320130000",
    "ZZ89370400440532013000",
    "XDE89370400440532013000",
    "DE89--370400440532013000",
  ],
  phone: [
    "+1234567",
    "2+14155550142",
    "a+14155550142",
    "+0123456789",
    "00:00:00+00",
    "+12345678901234567",
    "4155550142",
  ],
  jwt: [
    "eyJ.eyJ.eyJ",
    "eyJhbGciOiJub25lIn0",
    "eyJhbGciOiJub25lIn0.",
    "eyJmb28iOiJub25lIn0.eyJmb28iOiJub25lIn0.abc",
    "xeyJhbGciOiJub25lIn0.eyJpc3MiOiJqb2UifQ.abc",
  ],
  private_key: [
    "-----BEGIN PUBLIC KEY-----\nMCow\n-----END PUBLIC KEY-----",
    "-----BEGIN CERTIFICATE-----",
    "----BEGIN PRIVATE KEY----",
    "PRIVATE KEY",
    "-----BEGIN PRIVATE KEY",
  ],
};

function marked(text: string, name: DetectorName): string {
  const bytes = Buffer.from(text);
  let shown = "";
  let from = 0;
  for (const span of findSensitive(bytes, 0, bytes.length, detectorSet([name]))) {
    expect(span.detector).toBe(name);
    shown += `${bytes.toString("utf8", from, span.start)}«${bytes.toString("utf8", span.start, span.end)}»`;
    from = span.end;
  }
  return shown + bytes.toString("utf8", from);
}

describe.each(DETECTOR_NAMES)("%s", (name) => {
  it.each(FOUND[name])("finds %s", (text) => {
    expect(marked(text.replaceAll(/[«»]/g, ""), name)).toBe(text);
  });

  it.each(NOT_FOUND[name])("passes %s", (text) => {
    expect(marked(text, name)).toBe(text);
  });
});

describe("findSensitive", () => {
  const all = detectorSet(DETECTOR_NAMES);

  it("looks only between start and end", () => {
    const bytes = Buffer.from("xann@example.comx536-90-4399");
    expect(findSensitive(bytes, 1, 16, all)).toEqual([{ start: 1, end: 16, detector: "email" }]);
    expect(findSensitive(bytes, 17, 27, all)).toEqual([]);
  });

  it("joins findings that overlap and keeps their order", () => {
    const text = "536-90-4399@example.com and +1 536-90-4399";
    expect(redactText(text, all)).toBe("[mail] and [phone]");
  });

  it("leaves unknown names out of a set", () => {
    expect(detectorSet(["none", "email"])).toBe(detectorSet(["email"]));
    expect(findSensitive(Buffer.from("a@b.co"), 0, 6, detectorSet([]))).toEqual([]);
  });

  it("gives the same string back when there is nothing", () => {
    const text = "nothing here, not even 12";
    expect(redactText(text, all)).toBe(text);
  });

  // each of them is quadratic in a careless scan, and then this test runs into its time limit
  it.each([
    "@",
    "a@",
    "a@b.",
    "1 ",
    "123 ",
    "4242 ",
    "eyJ.",
    "eyJa",
    "-----BEGIN PRIVATE KEY-----",
    "DE89 ",
    "+1",
    "+1 (",
    "---",
  ])("stays linear over a megabyte of %s", (unit) => {
    const bytes = Buffer.from(unit.repeat(Math.ceil((1 << 20) / unit.length)));
    expect(findSensitive(bytes, 0, bytes.length, all).length).toBeLessThan(bytes.length);
  });
});
