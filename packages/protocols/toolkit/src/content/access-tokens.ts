import { byteClass, tokenDetector, tokenForms } from "./access-token.ts";

const ALPHANUMERIC = byteClass("A-Za-z0-9");
const LETTERS = byteClass("A-Za-z");
const WORD = byteClass("A-Za-z0-9_");
const BASE64_URL = byteClass("A-Za-z0-9_-");
/** However long it is, it is hidden. */
const LONG = Number.POSITIVE_INFINITY;

/** base64 of "OpenAI", in every key of theirs. */
const OPENAI_MARK = "T3BlbkFJ";

/** Access key ids of AWS: AKIA for a user, ASIA for a temporary one. Source: AWS, "IAM identifiers", unique identifiers. */
export const awsAccessKey = tokenDetector("aws_access_key", "[aws-key]", [
  ...tokenForms("AKIA ASIA ABIA ACCA", byteClass("A-Z0-9"), 16),
  ...tokenForms("A3T", byteClass("A-Z0-9"), 17),
]);

/** API keys of Google Cloud. Source: Google Cloud, "Manage API keys", whose example has the form. */
export const gcpApiKey = tokenDetector("gcp_api_key", "[gcp-key]", tokenForms("AIza", BASE64_URL, 35));

/**
 * Tokens of GitHub: personal, OAuth, user-to-server, server-to-server and refresh tokens, and fine-grained personal ones.
 * Source: GitHub, "Behind GitHub's new authentication token formats" and "About authentication to GitHub".
 */
export const githubToken = tokenDetector("github_token", "[github-token]", [
  ...tokenForms("ghp_ gho_ ghu_ ghs_ ghr_", WORD, 36, LONG),
  ...tokenForms("github_pat_", WORD, 22, LONG),
]);

/** Tokens of GitLab. Source: GitLab, "Token overview", token prefixes. */
export const gitlabToken = tokenDetector(
  "gitlab_token",
  "[gitlab-token]",
  tokenForms(
    "glpat- gldt- glrt- GR1348941 glcbt- glptt- glft- glimt- glagent- gloas- glsoat- glffct- glwt-",
    byteClass("A-Za-z0-9_.-"),
    20,
    LONG,
  ),
);

/** Tokens and incoming webhooks of Slack. Source: Slack, "Tokens" and "Sending messages using incoming webhooks". */
export const slackToken = tokenDetector("slack_token", "[slack-token]", [
  ...tokenForms(
    "xoxb- xoxp- xoxa- xoxo- xoxr- xoxs- xoxe- xoxc- xoxd- xapp- xoxe.xoxp- xoxe.xoxb-",
    BASE64_URL,
    10,
    LONG,
  ),
  ...tokenForms("hooks.slack.com/services/", byteClass("A-Za-z0-9_/"), 30, LONG),
]);

/** Secret and restricted keys and webhook secrets of Stripe; publishable keys are public. Source: Stripe, "API keys". */
export const stripeKey = tokenDetector(
  "stripe_key",
  "[stripe-key]",
  tokenForms("sk_live_ sk_test_ rk_live_ rk_test_ whsec_", ALPHANUMERIC, 16, LONG),
);

/** Access tokens of npm. Source: GitHub, "Announcing npm's new access token format". */
export const npmToken = tokenDetector("npm_token", "[npm-token]", tokenForms("npm_", ALPHANUMERIC, 36));

/**
 * Keys of services that run language models: OpenAI, Anthropic and others with their prefix, xAI, Groq, Hugging Face. Source:
 * the examples in the services' own references.
 */
export const aiApiKey = tokenDetector("ai_api_key", "[ai-key]", [
  ...tokenForms("sk-proj- sk-svcacct- sk-admin- sk-ant- sk-or-v1-", BASE64_URL, 20, LONG),
  // of a project by its name
  { prefix: "sk-", body: BASE64_URL, shortest: 40, longest: 200, holds: OPENAI_MARK },
  ...tokenForms("sk-", ALPHANUMERIC, 32, 64),
  ...tokenForms("xai-", ALPHANUMERIC, 60, 100),
  ...tokenForms("gsk_", ALPHANUMERIC, 52),
  ...tokenForms("hf_", LETTERS, 34),
]);
