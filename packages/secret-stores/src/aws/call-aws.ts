import { AwsV4Signer } from "aws4fetch";
import type { Expiring } from "../expiring.ts";
import { type HttpAnswer, jsonOf, sendRequest, textAt } from "../http-request.ts";
import type { AwsCredentials } from "./aws-credentials.ts";

export interface AwsCall {
  readonly service: "secretsmanager" | "kms";
  readonly region: string;
  readonly endpoint?: string | undefined;
  /** Such as `secretsmanager.GetSecretValue`. */
  readonly target: string;
  readonly body: object;
  readonly signal: AbortSignal;
}

/** One call of an AWS JSON 1.1 service, signed by Signature Version 4 over all its headers and its body. */
export async function callAws(
  credentials: Expiring<AwsCredentials>,
  { service, region, endpoint, target, body, signal }: AwsCall,
  now: () => number,
): Promise<HttpAnswer> {
  const url =
    endpoint ?? `https://${service}.${region}.${region.startsWith("cn-") ? "amazonaws.com.cn" : "amazonaws.com"}/`;
  const text = JSON.stringify(body);
  const signer = new AwsV4Signer({
    ...(await credentials.get(signal)),
    method: "POST",
    url,
    headers: { "content-type": "application/x-amz-json-1.1", "x-amz-target": target },
    body: text,
    service,
    region,
    datetime: amzDate(now()),
    allHeaders: true,
  });
  const signed = await signer.sign();
  const headers = Object.fromEntries(signed.headers.entries());
  return sendRequest({ method: "POST", url: signed.url.href, headers, body: text, signal });
}

/** ISO 8601 basic, as `20150830T123600Z`. */
export function amzDate(at: number): string {
  return new Date(at).toISOString().replace(/[:-]|\.\d{3}/g, "");
}

/** The name of the exception, such as `ResourceNotFoundException`: nothing else of an answer is repeated. */
export function awsProblem(answer: HttpAnswer): string {
  const type = textAt(jsonOf(answer.text), "__type")?.split("#").at(-1) ?? "";
  return `AWS answered ${/^[A-Za-z]{1,60}$/.test(type) ? type : "no known error"} (HTTP ${answer.status})`;
}
