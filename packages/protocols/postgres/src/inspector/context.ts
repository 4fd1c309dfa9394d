import type { Canary, Operation, PrincipalKind, SourceSpan, SqlClassification, Verdict } from "@tidewaiter/core";
import type { LabelDetectors } from "@tidewaiter/toolkit/content/active-detectors";
import type { Catalog } from "@tidewaiter/toolkit/labels/catalog";
import type { Framed } from "../framer.ts";

/** A framed message; for Query and Parse with what the classifier says, since classification runs before `receive`. */
export type PostgresMessage = Framed & { readonly classification?: SqlClassification };

/**
 * Everything an inspector knows beside its inputs. The functions are pure at any one moment; what they answer changes
 * when the policy or the catalog does, and the inspector asks again for every operation.
 */
export interface InspectorContext {
  readonly principal: { readonly name: string; readonly kind: PrincipalKind };
  readonly resource: { readonly name: string; readonly database: string };
  readonly catalog: () => Catalog;
  readonly evaluate: (operation: Operation) => Verdict;
  /** Labels of the policy with the names of the detectors whose findings carry them. */
  readonly labelDetectors: () => readonly LabelDetectors[];
  /** Planted values that mean something when this principal meets them. */
  readonly canaries: () => readonly Canary[];
  /** A rule that may apply names `sql.estimated_rows`. */
  readonly needsEstimate: () => boolean;
  /** For SQL inside SQL (PREPARE, COPY of a query); short strings only. */
  readonly classify: (sql: string) => SqlClassification;
  /** Key of masks with `token`. */
  readonly tokenKey: Buffer;
  /** A keyed token in place of a literal, for recordings. */
  readonly token: (value: string) => string;
  /** SQL with its literals as keyed tokens and its secrets cut. */
  readonly tokenise: (sql: string, literals: readonly SourceSpan[], secrets: readonly SourceSpan[]) => string;
  /** Address of a page about a review, by its short id. */
  readonly reviewLink: (shortId: string) => string;
  /** What the server reported at start-up: encoding and other settings that change how it reads SQL. */
  readonly parameters: ReadonlyMap<string, string>;
  /**
   * `server`: the server sends the query tree of every statement (layer 2b); `noticeLevel` is the `client_min_messages` that
   * the client asked for, or has by default, `missing` says what becomes of a result without the tree that is due. `view`: it can be asked for one (2c). Undefined: labels follow from names and
   * column origins alone.
   */
  readonly lineage?:
    | { readonly from: "server"; readonly noticeLevel: string; readonly missing: "mask" | "end" }
    | { readonly from: "view" };
  /** How labels follow values in this session, for its recording; undefined where no label applies. */
  readonly labelsFollow?: string;
  /** Text of the notice that opens the session; undefined for programs, which nobody reads. */
  readonly greeting?: string;
}
