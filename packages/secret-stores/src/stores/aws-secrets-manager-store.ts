import { TidewaiterError } from "@tidewaiter/core/errors";
import { requireAllowed, requireForm } from "../allow-list.ts";
import type { AwsCredentials } from "../aws/aws-credentials.ts";
import type { AwsSettings } from "../aws/aws-settings.ts";
import { awsProblem, callAws } from "../aws/call-aws.ts";
import type { Expiring } from "../expiring.ts";
import { jsonOf, textAt } from "../http-request.ts";
import { fromText, unavailable } from "../read-fields.ts";
import { onlyOptions, type SecretReference } from "../secret-reference.ts";
import type { SecretStore } from "../secret-store.ts";

const NAME = /^(?:arn:aws[a-z-]*:secretsmanager:([a-z0-9-]+):\d{12}:secret:)?[A-Za-z0-9/_+=.@-]{1,512}$/;

/**
 * `aws-sm:NAME#FIELD` or `aws-sm:ARN#FIELD`, `?stage=AWSPREVIOUS`, `?region=`: AWS Secrets Manager
 * (https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_GetSecretValue.html).
 */
export function createAwsSecretsManagerStore(
  settings: AwsSettings,
  credentials: Expiring<AwsCredentials>,
  now: () => number,
): SecretStore {
  const regionOf = (reference: SecretReference): string => {
    const [, ofArn] = requireForm(reference, NAME, "aws-sm:NAME or aws-sm:ARN of a secret");
    const region = reference.options.region ?? ofArn ?? settings.region;
    if (region !== undefined && /^[a-z0-9-]+$/.test(region)) return region;
    throw new TidewaiterError("bad_request", `${reference.text}: the region is missing; add ?region=`);
  };
  const store: SecretStore = {
    scheme: "aws-sm",
    cacheMs: 60_000,
    check(reference) {
      onlyOptions(reference, ["stage", "region"]);
      regionOf(reference);
      requireAllowed(reference, settings.allow);
    },
    async resolve(reference, signal) {
      store.check(reference);
      const { stage } = reference.options;
      const body = { SecretId: reference.path, ...(stage !== undefined && { VersionStage: stage }) };
      const target = "secretsmanager.GetSecretValue";
      const region = regionOf(reference);
      const endpoint = settings.endpoints.secretsmanager;
      const call = { service: "secretsmanager", region, endpoint, target, body, signal } as const;
      const answer = await callAws(credentials, call, now);
      if (answer.status !== 200) throw unavailable(reference, awsProblem(answer));
      const json = jsonOf(answer.text);
      const binary = textAt(json, "SecretBinary");
      const text =
        textAt(json, "SecretString") ?? (binary === undefined ? undefined : Buffer.from(binary, "base64").toString());
      if (text === undefined) throw unavailable(reference, "the answer holds no secret");
      const version = textAt(json, "VersionId");
      return { ...fromText(reference, text), ...(version !== undefined && { version }) };
    },
  };
  return store;
}
