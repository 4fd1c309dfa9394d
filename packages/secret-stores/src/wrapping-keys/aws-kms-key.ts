import { TidewaiterError } from "@tidewaiter/core/errors";
import type { AwsCredentials } from "../aws/aws-credentials.ts";
import type { AwsSettings } from "../aws/aws-settings.ts";
import { awsProblem, callAws } from "../aws/call-aws.ts";
import type { Expiring } from "../expiring.ts";
import { jsonOf, textAt } from "../http-request.ts";
import { KEY_DEADLINE_MS, type WrappingKey } from "./wrapping-key.ts";

/** `aws-kms:ARN` of a symmetric key (https://docs.aws.amazon.com/kms/latest/APIReference/API_Encrypt.html). */
export function createAwsKmsKey(
  settings: AwsSettings,
  credentials: Expiring<AwsCredentials>,
  { arn, now }: { readonly arn: string; readonly now: () => number },
): WrappingKey {
  const id = `aws-kms:${arn}`;
  const region = /^arn:aws[a-z-]*:kms:([a-z0-9-]+):\d{12}:(?:key|alias)\/[\w/-]+$/.exec(arn)?.[1];
  if (region === undefined) throw new TidewaiterError("bad_request", "aws-kms: the ARN of a key is expected");
  const call = async (operation: "Encrypt" | "Decrypt", body: object, field: string): Promise<string> => {
    const signal = AbortSignal.timeout(KEY_DEADLINE_MS);
    const target = `TrentService.${operation}`;
    const request = { service: "kms", region, endpoint: settings.endpoints.kms, target, body, signal } as const;
    const answer = await callAws(credentials, request, now).catch((cause: unknown) => {
      if (cause instanceof TidewaiterError) throw cause;
      throw new TidewaiterError("secret_unavailable", `${id} cannot be reached`, { cause });
    });
    const value = answer.status === 200 ? textAt(jsonOf(answer.text), field) : undefined;
    if (value === undefined) throw new TidewaiterError("secret_unavailable", `${id}: ${awsProblem(answer)}`);
    return value;
  };
  const bound = (context: string) => ({ KeyId: arn, EncryptionContext: { "tidewaiter:purpose": context } });
  return {
    id,
    wrap: (plaintext, context) =>
      call("Encrypt", { ...bound(context), Plaintext: Buffer.from(plaintext).toString("base64") }, "CiphertextBlob"),
    unwrap: async (wrapped, context) =>
      Buffer.from(await call("Decrypt", { ...bound(context), CiphertextBlob: wrapped }, "Plaintext"), "base64"),
  };
}
