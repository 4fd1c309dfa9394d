import { createRequire } from "node:module";
import type { ParseResult } from "libpg-query";

/** What libpg-query's emscripten module offers and this file uses; memory layout from the package's own wrapper. */
type ParserModule = {
  _malloc(bytes: number): number;
  _free(pointer: number): void;
  _wasm_parse_query_raw(text: number): number;
  _wasm_free_parse_result(result: number): void;
  getValue(pointer: number, type: "i32"): number;
  UTF8ToString(pointer: number): string;
  stringToUTF8(text: string, pointer: number, bytes: number): void;
};

export type ParseOutcome =
  | { readonly ok: true; readonly tree: ParseResult }
  | { readonly ok: false; readonly kind: "syntax"; readonly message: string; readonly position?: number }
  | { readonly ok: false; readonly kind: "too_deep" | "crashed" };

/**
 * PostgreSQL's raw parser, compiled to WASM. `parse` is synchronous and never throws.
 *
 * Why not libpg-query's own wrapper: a statement that overflows the stack unwinds through WASM and leaves its memory
 * context behind, and the wrapper keeps that one instance for the life of the process. Here a spare takes over at once
 * and the next spare is built in the background.
 */
export type WasmParser = {
  /** `bytes` is the length of `sql` in UTF-8; `sql` has no NUL. */
  parse(sql: string, bytes: number): ParseOutcome;
  /** Resolves when a spare stands ready. */
  settled(): Promise<void>;
};

const createModule = createRequire(import.meta.url)("libpg-query/wasm/libpg-query.js") as () => Promise<ParserModule>;

export async function loadWasmParser(): Promise<WasmParser> {
  let current: ParserModule | undefined = await createModule();
  let spare: ParserModule | undefined;
  let building: Promise<void> | undefined;

  const buildSpare = (): void => {
    building ??= createModule().then(
      (fresh) => {
        building = undefined;
        if (current === undefined) {
          current = fresh;
          buildSpare();
        } else {
          spare = fresh;
        }
      },
      () => {
        building = undefined;
      },
    );
  };
  buildSpare();

  return {
    parse(sql, bytes) {
      if (current === undefined) {
        buildSpare();
        return { ok: false, kind: "crashed" };
      }
      try {
        return parseWith(current, sql, bytes);
      } catch (error) {
        const overflow = error instanceof RangeError;
        // Without a spare an overflowed instance is still usable (emscripten restores its stack pointer as the
        // exception passes); one that trapped is not.
        current = spare ?? (overflow ? current : undefined);
        spare = undefined;
        buildSpare();
        return { ok: false, kind: overflow ? "too_deep" : "crashed" };
      }
    },
    async settled() {
      while (building !== undefined) await building;
    },
  };
}

/** `PgQueryParseResult { char *tree; char *stderr; PgQueryError *error }`, 32-bit pointers. */
function parseWith(module: ParserModule, sql: string, bytes: number): ParseOutcome {
  const text = module._malloc(bytes + 1);
  let result = 0;
  try {
    module.stringToUTF8(sql, text, bytes + 1);
    result = module._wasm_parse_query_raw(text);
    if (result === 0) return { ok: false, kind: "crashed" };
    const error = module.getValue(result + 8, "i32");
    if (error !== 0) return syntaxError(module, error);
    const tree = module.getValue(result, "i32");
    if (tree === 0) return { ok: false, kind: "crashed" };
    return { ok: true, tree: JSON.parse(module.UTF8ToString(tree)) as ParseResult };
  } finally {
    module._free(text);
    if (result !== 0) module._wasm_free_parse_result(result);
  }
}

/** `PgQueryError { char *message; char *function; char *file; int line; int cursor; char *context }`. */
function syntaxError(module: ParserModule, error: number): ParseOutcome {
  const message = module.UTF8ToString(module.getValue(error, "i32"));
  const position = module.getValue(error + 16, "i32");
  return { ok: false, kind: "syntax", message, ...(position > 0 ? { position } : {}) };
}
