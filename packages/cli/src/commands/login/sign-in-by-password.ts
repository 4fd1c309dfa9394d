import { answer } from "../../api/client.ts";
import type { GrantedTokens } from "../../api/shapes.ts";
import type { CommandContext } from "../../context.ts";
import { CliError } from "../../errors.ts";
import { factorOf } from "../../input/factor.ts";
import { readSecret } from "../../input/secret.ts";
import type { LoginOptions, SignInPlace } from "./login.ts";

/** Name and password of a user that is kept in the control plane. */
export async function signInByPassword(
  context: CommandContext,
  options: LoginOptions,
  { api, known }: SignInPlace,
): Promise<GrantedTokens> {
  const name = options.as ?? known?.principal ?? (await askName(context));
  const question = { variable: "TIDEWAITER_PASSWORD", question: `password of ${name}` };
  const password = await readSecret(context, options, question);
  const login = (more: { code?: string; recoveryCode?: string } = {}) =>
    answer(api.POST("/v1/login", { body: { name, password, ...more } }));
  try {
    return await login().catch(async (error: unknown) => {
      const asked = error instanceof CliError && error.code === "second_factor_required";
      const factor = asked ? await readFactor(context) : undefined;
      if (factor === undefined) throw error;
      return login(factor);
    });
  } catch (error) {
    throw signInError(error);
  }
}

/** From TIDEWAITER_CODE, or by asking. */
async function readFactor({ env, terminal }: CommandContext) {
  const given = env.variables.TIDEWAITER_CODE || undefined;
  if (given === undefined && !terminal.interactive) return undefined;
  const question = "code of your authenticator app, or a recovery code (with a passkey: tw login): ";
  return factorOf(given ?? (await terminal.askSecret(question)));
}

async function askName({ terminal }: CommandContext): Promise<string> {
  if (!terminal.interactive) {
    throw new CliError("usage", "who signs in?", { next: "tw login --as NAME --password-stdin" });
  }
  const name = (await terminal.ask("name: ")).trim();
  if (name === "") throw new CliError("usage", "the name is empty");
  return name;
}

function signInError(error: unknown): unknown {
  if (!(error instanceof CliError) || error.exit !== "not_signed_in") return error;
  const why = error.why === undefined ? {} : { why: error.why };
  return new CliError("not_signed_in", "signing in did not work", {
    ...why,
    next: "Check the name and try again: tw login --as NAME --password",
    cause: error,
  });
}
