// Runs scenarios one by one and prints one JSON line for each: what every client program does, whatever its language.

const LIMIT_MS = 90_000;

/** Where to connect, in the variables of libpq. */
export const endpoint = {
  host: process.env.PGHOST ?? "127.0.0.1",
  port: Number(process.env.PGPORT),
  user: process.env.PGUSER ?? "",
  password: process.env.PGPASSWORD ?? "",
  database: process.env.PGDATABASE ?? "",
};

/** Thrown by a scenario that this client has no way to play. */
export class NotOffered extends Error {}

export async function runScenarios(scenarios) {
  for (const [scenario, play] of Object.entries(scenarios)) {
    try {
      print({ scenario, result: (await withLimit(play())) ?? null });
    } catch (error) {
      if (error instanceof NotOffered) print({ scenario, skipped: error.message });
      else print({ scenario, error: `${error?.code ?? ""} ${error?.message ?? error}`.trim() });
    }
  }
  process.exit(0);
}

function print(line) {
  process.stdout.write(
    `${JSON.stringify(line, (_key, value) => (typeof value === "bigint" ? String(value) : value))}\n`,
  );
}

function withLimit(promise) {
  const late = new Promise((_resolve, reject) => {
    setTimeout(() => reject(new Error(`not finished within ${LIMIT_MS} ms`)), LIMIT_MS).unref();
  });
  return Promise.race([promise, late]);
}

/** What a client says about an error of the server. */
export async function errorOf(promise) {
  try {
    await promise;
  } catch (error) {
    const { code, message, constraint, constraint_name: named, position } = error;
    return { code, message, constraint: constraint ?? named ?? null, position: position ?? null };
  }
  return "no error";
}
