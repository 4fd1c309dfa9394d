import { generateKeyPairSync } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { tempDir } from "@tidewaiter/testkit";
import { type Received, type Reply, startHttpDouble } from "@tidewaiter/testkit/http-double";
import { AwsV4Signer } from "aws4fetch";
import { decodeJwt } from "jose";
import { describe, expect, it } from "vitest";
import { type AwsDeps, createAwsCredentials } from "../src/aws/aws-credentials.ts";
import { awsSettings } from "../src/aws/aws-settings.ts";
import { parseSecretReference } from "../src/secret-reference.ts";
import type { SecretStore } from "../src/secret-store.ts";
import { createAwsRdsIamStore } from "../src/stores/aws-rds-iam-store.ts";
import { createAwsSecretsManagerStore } from "../src/stores/aws-secrets-manager-store.ts";
import { azureSettings, createAzureKeyVaultStore } from "../src/stores/azure-key-vault-store.ts";
import { createGcpSecretManagerStore, gcpSettings } from "../src/stores/gcp-secret-manager-store.ts";
import { createKubernetesStore, kubernetesSettings } from "../src/stores/kubernetes-store.ts";
import { CANARY, secretStoreContract } from "./secret-store-contract.ts";

/** Keys of AWS's own documentation. */
const KEYS = {
  AWS_ACCESS_KEY_ID: "AKIAIOSFODNN7EXAMPLE",
  AWS_SECRET_ACCESS_KEY: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
};
const AT = Date.parse("2026-03-01T08:00:00Z");
const LOGIN = JSON.stringify({ username: "shop_reader", password: CANARY });
const base64 = (text: string) => Buffer.from(text).toString("base64");
const resolve = (store: SecretStore, text: string) =>
  store.resolve(parseSecretReference(text), AbortSignal.timeout(5_000));

function awsDeps(variables: Record<string, string> = KEYS, more: Partial<AwsDeps> = {}): AwsDeps {
  return { readVariable: (name) => variables[name], now: () => AT, ...more };
}

/** Shapes of API_GetSecretValue. */
function secretsManager({ headers, body }: Received): Reply {
  if (headers["x-amz-target"] !== "secretsmanager.GetSecretValue") return { status: 400 };
  const { SecretId } = JSON.parse(body) as { SecretId: string };
  const values: Record<string, object> = {
    "prod/shop": { SecretString: CANARY },
    "prod/login": { SecretString: LOGIN },
    "prod/binary": { SecretBinary: base64(CANARY) },
  };
  const found = values[SecretId];
  if (found === undefined) {
    const message = `Secrets Manager can't find the specified secret. ${CANARY}`;
    return { status: 400, json: { __type: "ResourceNotFoundException", Message: message } };
  }
  return { json: { ARN: "arn", Name: SecretId, VersionId: "EXAMPLE1", VersionStages: ["AWSCURRENT"], ...found } };
}

async function startSecretsManager(deps = awsDeps()) {
  const double = await startHttpDouble(secretsManager);
  const settings = awsSettings.parse({
    region: "eu-west-1",
    endpoints: { secretsmanager: double.url },
    allow: ["prod/*"],
  });
  return { double, store: createAwsSecretsManagerStore(settings, createAwsCredentials(settings, deps), deps.now) };
}

secretStoreContract("aws-sm (double of the documented exchange)", async () => {
  const { double, store } = await startSecretsManager();
  const refused = ["aws-sm:test/other", "aws-sm:has space", "aws-sm:prod/x?region=eu.example.com"];
  return {
    store,
    good: "aws-sm:prod/shop",
    goodField: "aws-sm:prod/login#password",
    missing: "aws-sm:prod/nothing",
    refused,
    stop: double.stop,
  };
});

describe("AWS", () => {
  it("signs as Signature Version 4 is documented: get-vanilla of AWS's own test suite", async () => {
    const signer = new AwsV4Signer({
      accessKeyId: "AKIDEXAMPLE",
      secretAccessKey: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
      url: "https://example.amazonaws.com/",
      service: "service",
      region: "us-east-1",
      datetime: "20150830T123600Z",
      allHeaders: true,
    });
    const { headers } = await signer.sign();
    expect(headers.get("authorization")).toContain(
      "Signature=5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31",
    );
  });

  it("signs a presigned address as in the example of the S3 documentation", async () => {
    const signer = new AwsV4Signer({
      accessKeyId: KEYS.AWS_ACCESS_KEY_ID,
      secretAccessKey: KEYS.AWS_SECRET_ACCESS_KEY,
      url: "https://examplebucket.s3.amazonaws.com/test.txt?X-Amz-Expires=86400",
      service: "s3",
      region: "us-east-1",
      datetime: "20130524T000000Z",
      signQuery: true,
    });
    expect((await signer.sign()).url.searchParams.get("X-Amz-Signature")).toBe(
      "aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404",
    );
  });

  /** Computed by botocore 1.44.8 (`rds.generate_db_auth_token`, `SigV4Auth`) with the same keys and time. */
  it.each([
    [undefined, "1e5c772918ed0b29b8734bc5a7d694fa08cdfdf5cbac9f5bef3d759162fdc66a"],
    ["FwoGZXIvYXdzEXAMPLE/+token==", "aec7eb6eb333c38ce737ea4d9cb46c9b5826c577cd0da16bd3c2fd1aa392c0cc"],
  ])("makes the same RDS token as botocore (session token: %s)", async (sessionToken, signature) => {
    const deps = awsDeps({ ...KEYS, ...(sessionToken && { AWS_SESSION_TOKEN: sessionToken }) });
    const settings = awsSettings.parse({});
    const store = createAwsRdsIamStore(settings, createAwsCredentials(settings, deps), deps.now);
    const host = "shop.abc123.eu-west-1.rds.amazonaws.com:5432";
    const secret = await resolve(store, `aws-rds-iam:shop_reader@${host}`);
    expect(secret).toMatchObject({ username: "shop_reader", expiresAt: AT + 900_000 });
    const query = new URLSearchParams(secret.value.slice(`${host}/?`.length));
    expect(secret.value.startsWith(`${host}/?Action=connect&DBUser=shop_reader&`)).toBe(true);
    expect(query.get("X-Amz-Expires")).toBe("900");
    expect(query.get("X-Amz-Signature")).toBe(signature);
    for (const wrong of ["shop.example.com:5432", "u@shop.example.com:5432", "u@h"]) {
      expect(() => store.check(parseSecretReference(`aws-rds-iam:${wrong}`)), wrong).toThrow(/bad_request/);
    }
  });

  it("signs a call of Secrets Manager as botocore does, and reads text, binary and version", async () => {
    const { double, store } = await startSecretsManager();
    expect(await resolve(store, "aws-sm:prod/binary")).toMatchObject({ value: CANARY, version: "EXAMPLE1" });
    const public_ = awsSettings.parse({ region: "eu-west-1" });
    expect(public_.endpoints).toEqual({});
    const [request] = double.requests;
    expect(request?.headers.authorization).toMatch(
      /^AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE\/20260301\/eu-west-1\/secretsmanager\/aws4_request, SignedHeaders=content-type;host;x-amz-date;x-amz-target, Signature=[0-9a-f]{64}$/,
    );
    const signer = new AwsV4Signer({
      accessKeyId: KEYS.AWS_ACCESS_KEY_ID,
      secretAccessKey: KEYS.AWS_SECRET_ACCESS_KEY,
      method: "POST",
      url: "https://secretsmanager.eu-west-1.amazonaws.com/",
      headers: { "content-type": "application/x-amz-json-1.1", "x-amz-target": "secretsmanager.GetSecretValue" },
      body: '{"SecretId":"prod/shop"}',
      service: "secretsmanager",
      region: "eu-west-1",
      datetime: "20260301T080000Z",
      allHeaders: true,
    });
    expect((await signer.sign()).headers.get("authorization")).toContain(
      "Signature=f6385b1459eaaf7e0b049e0659f90e195750b9a19e2a5acba6a1d4c48be7a77f",
    );
    await double.stop();
  });

  it("finds its credentials by IMDSv2 (double of the documented exchange), once", async () => {
    const imds = await startHttpDouble(({ method, path, headers }) => {
      if (method === "PUT" && path === "/latest/api/token") return { text: "imds-session" };
      if (headers["x-aws-ec2-metadata-token"] !== "imds-session") return { status: 401 };
      if (path.endsWith("/security-credentials/")) return { text: "shop-role" };
      if (path.endsWith("/security-credentials/shop-role")) {
        const json = { Code: "Success", AccessKeyId: "ASIAEXAMPLE", SecretAccessKey: "key", Token: "session" };
        return { json: { ...json, Expiration: "2026-03-01T14:00:00Z" } };
      }
      return { status: 404 };
    });
    const { double, store } = await startSecretsManager(awsDeps({}, { imds: imds.url }));
    await Promise.all([resolve(store, "aws-sm:prod/shop"), resolve(store, "aws-sm:prod/login#password")]);
    expect(double.requests[0]?.headers["x-amz-security-token"]).toBe("session");
    expect(imds.requests).toHaveLength(3);
    await Promise.all([imds.stop(), double.stop()]);
    const gone = await startSecretsManager(awsDeps({}, { imds: imds.url }));
    await expect(resolve(gone.store, "aws-sm:prod/shop")).rejects.toMatchObject({ code: "secret_unavailable" });
    await gone.double.stop();
  });

  it("assumes a role by web identity (double of the documented exchange)", async () => {
    await using folder = tempDir("aws");
    writeFileSync(join(folder.path, "token"), "workload-jwt\n");
    const sts = await startHttpDouble(({ body }) => {
      if (new URLSearchParams(body).get("WebIdentityToken") !== "workload-jwt") return { status: 403 };
      return {
        text: `<AssumeRoleWithWebIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleWithWebIdentityResult>
          <Credentials><SessionToken>session</SessionToken><SecretAccessKey>key</SecretAccessKey>
          <Expiration>2026-03-01T09:00:00Z</Expiration><AccessKeyId>ASIAEXAMPLE</AccessKeyId></Credentials>
          </AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>`,
      };
    });
    const deps = awsDeps({
      AWS_WEB_IDENTITY_TOKEN_FILE: join(folder.path, "token"),
      AWS_ROLE_ARN: "arn:aws:iam::1:role/r",
    });
    const settings = awsSettings.parse({ region: "eu-west-1", endpoints: { sts: sts.url } });
    expect(await createAwsCredentials(settings, deps).get(AbortSignal.timeout(5_000))).toEqual({
      accessKeyId: "ASIAEXAMPLE",
      secretAccessKey: "key",
      sessionToken: "session",
    });
    await sts.stop();
  });
});

async function startGcp(keyFile?: string) {
  const double = await startHttpDouble(({ method, path, headers, body }) => {
    const token = { json: { access_token: "ya29.token", expires_in: 3599, token_type: "Bearer" } };
    if (path === "/computeMetadata/v1/instance/service-accounts/default/token") {
      return headers["metadata-flavor"] === "Google" ? token : { status: 403 };
    }
    if (method === "POST" && path === "/token") {
      const claims = decodeJwt(new URLSearchParams(body).get("assertion") ?? "");
      return claims.iss === "shop@project.iam.gserviceaccount.com" ? token : { status: 400 };
    }
    if (headers.authorization !== "Bearer ya29.token") return { status: 401, json: { error: { message: CANARY } } };
    const name = /^\/v1\/projects\/p\/secrets\/([a-z]+)\/versions\/latest:access$/.exec(path)?.[1] ?? "";
    const values: Record<string, string> = { shop: CANARY, login: LOGIN };
    const value = values[name];
    if (value === undefined) return { status: 404, json: { error: { code: 404, status: "NOT_FOUND" } } };
    return {
      json: { name: `projects/1/secrets/${name}/versions/5`, payload: { data: base64(value), dataCrc32c: "1" } },
    };
  });
  const settings = gcpSettings.parse({ endpoint: double.url, ...(keyFile && { keyFile }) });
  return { double, store: createGcpSecretManagerStore(settings, { now: () => AT, metadata: double.url }) };
}

secretStoreContract("gcp-sm (double of the documented exchange)", async () => {
  const { double, store } = await startGcp();
  return {
    store,
    good: "gcp-sm:projects/p/secrets/shop",
    goodField: "gcp-sm:projects/p/secrets/login#password",
    missing: "gcp-sm:projects/p/secrets/nothing",
    refused: ["gcp-sm:shop", "gcp-sm:projects/p/secrets/x/versions/1:destroy", "gcp-sm:projects/../secrets/x"],
    stop: double.stop,
  };
});

it("gcp-sm: signs in with the key of a service account (RFC 7523; double)", async () => {
  await using folder = tempDir("gcp");
  const first = await startGcp();
  const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const key = {
    client_email: "shop@project.iam.gserviceaccount.com",
    private_key: privateKey.export({ type: "pkcs8", format: "pem" }),
    token_uri: `${first.double.url}/token`,
  };
  const file = join(folder.path, "key.json");
  writeFileSync(file, JSON.stringify(key));
  const settings = gcpSettings.parse({ endpoint: first.double.url, keyFile: file });
  const store = createGcpSecretManagerStore(settings, { now: () => AT, metadata: "http://127.0.0.1:1" });
  expect(await resolve(store, "gcp-sm:projects/p/secrets/shop")).toMatchObject({ value: CANARY, version: "5" });
  await first.double.stop();
});

const ID = "11111111-2222-3333-4444-555555555555";

async function startAzure(auth?: object) {
  const double = await startHttpDouble(({ path, headers, body }) => {
    if (path.startsWith("/metadata/identity/oauth2/token?")) {
      if (headers.metadata !== "true") return { status: 400 };
      return { json: { access_token: "eyJ.azure", expires_in: "3599", token_type: "Bearer" } };
    }
    if (path === `/${ID}/oauth2/v2.0/token`) {
      const form = new URLSearchParams(body);
      const good = form.get("client_secret") === "client-secret" || form.get("client_assertion") === "workload-jwt";
      return good ? { json: { access_token: "eyJ.azure", expires_in: 3599 } } : { status: 401 };
    }
    if (headers.authorization !== "Bearer eyJ.azure") return { status: 401, json: { error: { message: CANARY } } };
    const name = /^\/shop-vault\/secrets\/([a-z]+)\?api-version=7.4$/.exec(path)?.[1] ?? "";
    const values: Record<string, string> = { shop: CANARY, login: LOGIN };
    const value = values[name];
    if (value === undefined) return { status: 404, json: { error: { code: "SecretNotFound" } } };
    const id = `https://shop-vault.vault.azure.net/secrets/${name}/4387e9f3d6e14c459867679a90fd0f79`;
    return { json: { value, id, attributes: { enabled: true } } };
  });
  const settings = azureSettings.parse({ ...(auth && { auth }) });
  const variables: Record<string, string> = { CLIENT_SECRET: "client-secret", FEDERATED: "workload-jwt" };
  const addresses = { imds: double.url, login: double.url, vault: (name: string) => `${double.url}/${name}` };
  const store = createAzureKeyVaultStore(settings, {
    readVariable: (name) => variables[name],
    now: () => AT,
    addresses,
  });
  return { double, store };
}

secretStoreContract("azure-kv (double of the documented exchange)", async () => {
  const { double, store } = await startAzure();
  return {
    store,
    good: "azure-kv:shop-vault/shop",
    goodField: "azure-kv:shop-vault/login#password",
    missing: "azure-kv:shop-vault/nothing",
    refused: ["azure-kv:shop", "azure-kv:evil.example.com/shop", "azure-kv:shop-vault/shop/../x", "azure-kv:a/b"],
    stop: double.stop,
  };
});

it.each([
  ["a client secret", { method: "client_secret", tenantId: ID, clientId: ID, clientSecret: "env:CLIENT_SECRET" }],
  ["a workload identity", { method: "workload_identity", tenantId: ID, clientId: ID, token: "env:FEDERATED" }],
])("azure-kv: signs in with %s (double)", async (_name, auth) => {
  const { double, store } = await startAzure(auth);
  const found = await resolve(store, "azure-kv:shop-vault/shop");
  expect(found).toMatchObject({ value: CANARY, version: "4387e9f3d6e14c459867679a90fd0f79" });
  await double.stop();
});

secretStoreContract("kube (double of the API server)", async () => {
  const folder = tempDir("kube");
  const tokenFile = join(folder.path, "token");
  writeFileSync(tokenFile, "sa-token\n");
  const double = await startHttpDouble(({ path, headers }) => {
    if (headers.authorization !== "Bearer sa-token") return { status: 401 };
    const values: Record<string, object> = {
      shop: { only: base64(CANARY) },
      login: { username: base64("shop_reader"), password: base64(CANARY) },
    };
    const data = values[/^\/api\/v1\/namespaces\/prod\/secrets\/(\w+)$/.exec(path)?.[1] ?? ""];
    if (data === undefined) return { status: 404, json: { kind: "Status", reason: "NotFound", message: CANARY } };
    return { json: { kind: "Secret", metadata: { resourceVersion: "42" }, data, type: "Opaque" } };
  });
  return {
    store: createKubernetesStore(kubernetesSettings.parse({ server: double.url, tokenFile })),
    good: "kube:prod/shop",
    goodField: "kube:prod/login#password",
    missing: "kube:prod/nothing",
    refused: ["kube:shop", "kube:prod/../kube-system/x", "kube:Prod/shop", "kube:prod/shop/more"],
    async stop() {
      await double.stop();
      await folder.remove();
    },
  };
});
