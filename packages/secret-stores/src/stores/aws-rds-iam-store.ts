import { TidewaiterError } from "@tidewaiter/core/errors";
import { AwsV4Signer } from "aws4fetch";
import { requireAllowed, requireForm } from "../allow-list.ts";
import type { AwsCredentials } from "../aws/aws-credentials.ts";
import type { AwsSettings } from "../aws/aws-settings.ts";
import { amzDate } from "../aws/call-aws.ts";
import type { Expiring } from "../expiring.ts";
import { onlyOptions, type SecretReference } from "../secret-reference.ts";
import type { SecretStore } from "../secret-store.ts";

const TARGET = /^([^@/:?#\s]{1,128})@([a-z0-9.-]{1,253}):(\d{1,5})$/i;
/** What AWS takes at most: 15 minutes. */
const LIFE_S = 900;

/**
 * `aws-rds-iam:USER@HOST:PORT`: a token in place of a password, signed here and asked for nowhere
 * (https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/UsingWithRDS.IAMDBAuth.html). The database takes it as a clear
 * text password, so the target needs verified TLS and `allowCleartextPassword`. It is checked at the start of a connection
 * only: one that is open goes on.
 */
export function createAwsRdsIamStore(
  settings: AwsSettings,
  credentials: Expiring<AwsCredentials>,
  now: () => number,
): SecretStore {
  const partsOf = (reference: SecretReference) => {
    const [, user = "", host = "", port = ""] = requireForm(reference, TARGET, "aws-rds-iam:USER@HOST:PORT");
    const ofHost = /\.([a-z0-9-]+)\.rds\.amazonaws\.com(?:\.cn)?$/.exec(host)?.[1];
    const region = reference.options.region ?? ofHost ?? settings.region;
    if (region === undefined || !/^[a-z0-9-]+$/.test(region)) {
      throw new TidewaiterError("bad_request", `${reference.text}: the region is missing; add ?region=`);
    }
    return { user, host, port, region };
  };
  const store: SecretStore = {
    scheme: "aws-rds-iam",
    cacheMs: 0,
    check(reference) {
      onlyOptions(reference, ["region"]);
      partsOf(reference);
      requireAllowed(reference, settings.allow);
    },
    async resolve(reference, signal) {
      store.check(reference);
      const { user, host, port, region } = partsOf(reference);
      const query = new URLSearchParams({ Action: "connect", DBUser: user, "X-Amz-Expires": String(LIFE_S) });
      const at = now();
      const signer = new AwsV4Signer({
        ...(await credentials.get(signal)),
        method: "GET",
        url: `https://${host}:${port}/?${query}`,
        service: "rds-db",
        region,
        datetime: amzDate(at),
        signQuery: true,
      });
      const { url } = await signer.sign();
      return { value: url.href.slice("https://".length), username: user, expiresAt: at + LIFE_S * 1000 };
    },
  };
  return store;
}
